//! In which order the hosts are tried.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// What is known of the hosts, by their places in the list.
#[derive(Debug, Default)]
pub(crate) struct HostOrder {
    /// The one that was taken last.
    taken: Option<usize>,
    demoted: Vec<usize>,
}

impl HostOrder {
    /// Notes which host was taken. A demoted one stays behind the others.
    pub(crate) fn take(&mut self, host: usize) {
        if !self.demoted.contains(&host) {
            self.taken = Some(host);
        }
    }

    /// Notes that a host turned out to be unfit. Once all of `count` were, only this one is.
    pub(crate) fn demote(&mut self, host: usize, count: usize) {
        self.taken.take_if(|taken| *taken == host);
        if !self.demoted.contains(&host) {
            self.demoted.push(host);
        }
        if self.demoted.len() == count {
            self.demoted = vec![host];
        }
    }

    /// The places of `count` hosts: the one that was taken last, the others, the demoted ones.
    pub(crate) fn places(&self, count: usize) -> Vec<usize> {
        let mut places: Vec<_> = (0..count).collect();
        places.sort_by_key(|&place| self.rank(place));
        places
    }

    /// The same at random, but for the demoted ones.
    pub(crate) fn shuffled(&self, count: usize) -> Vec<usize> {
        let mut places: Vec<_> = (0..count).collect();
        places.sort_by_cached_key(|_| RandomState::new().build_hasher().finish());
        places.sort_by_key(|place| self.demoted.contains(place));
        places
    }

    fn rank(&self, place: usize) -> u8 {
        match place {
            _ if self.demoted.contains(&place) => 2,
            _ if self.taken == Some(place) => 0,
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demoted_host_is_tried_last_until_all_are() {
        let mut order = HostOrder::default();
        assert_eq!(order.places(3), [0, 1, 2]);
        for (demoted, expected) in [
            (0, [1, 2, 0]),
            (0, [1, 2, 0]),
            (1, [2, 0, 1]),
            (2, [0, 1, 2]),
        ] {
            order.demote(demoted, 3);
            assert_eq!(order.places(3), expected);
        }
    }

    #[test]
    fn the_host_that_was_taken_last_is_tried_first_until_it_is_demoted() {
        let mut order = HostOrder::default();
        order.take(1);
        assert_eq!(order.places(3), [1, 0, 2]);
        order.demote(1, 3);
        assert_eq!(order.places(3), [0, 2, 1]);
        order.take(1);
        assert_eq!(order.places(3), [0, 2, 1]);
    }

    #[test]
    fn load_balancing_makes_every_host_the_first_at_times() {
        let mut order = HostOrder::default();
        order.take(1);
        let mut first = [0; 3];
        for _ in 0..3000 {
            first[order.shuffled(3)[0]] += 1;
        }
        assert!(first.iter().all(|&times| times > 800), "{first:?}");
    }
}
