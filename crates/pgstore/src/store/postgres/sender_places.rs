//! Who sends the statements of one kind.

use std::time::Duration;

use tokio::time::Instant;

/// For how long one who sends keeps its place, and its session, without a sign of life. A caller that sends its
/// own statement may be alive and not polled, as in a stream whose consumer is busy.
pub(super) const STALLED: Duration = Duration::from_millis(100);

/// The place of one who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SenderPlace(u64);

/// The places that are taken, each with when its sender was last seen to run.
#[derive(Debug, Default)]
pub(super) struct SenderPlaces {
    taken: Vec<(SenderPlace, Instant)>,
    next: u64,
}

impl SenderPlaces {
    /// How many send.
    pub(super) fn len(&self) -> usize {
        self.taken.len()
    }

    /// Whether fewer than `places` send, not counting those who give no sign of life.
    pub(super) fn has_room(&self, places: usize) -> bool {
        let is_alive = |(_, seen): &&(SenderPlace, Instant)| seen.elapsed() <= STALLED;
        self.len() < places || self.taken.iter().filter(is_alive).count() < places
    }

    pub(super) fn take(&mut self) -> SenderPlace {
        let place = SenderPlace(self.next);
        self.next += 1;
        self.taken.push((place, Instant::now()));
        place
    }

    /// The sender was seen to run. One that is about to send takes its place again.
    pub(super) fn saw(&mut self, place: SenderPlace) {
        self.give_back(place);
        self.taken.push((place, Instant::now()));
    }

    pub(super) fn give_back(&mut self, place: SenderPlace) {
        self.taken.retain(|(taken, _)| *taken != place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_that_gives_no_sign_of_life_makes_room_until_it_does() {
        let mut places = SenderPlaces::default();
        let [first, second] = [(); 2].map(|()| places.take());
        assert!(!places.has_room(2));
        tokio::time::advance(2 * STALLED).await;
        assert!(places.has_room(1));
        places.saw(first);
        assert!(places.has_room(2) && !places.has_room(1));
        places.saw(second);
        assert!(!places.has_room(2));
        places.give_back(first);
        places.give_back(first);
        assert_eq!(places.len(), 1);
    }
}
