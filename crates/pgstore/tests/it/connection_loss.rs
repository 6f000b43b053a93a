//! Connections cut at every protocol message of every operation, through a proxy that understands
//! them.
//!
//! Each operation runs once to count its messages, and then once for every message, moment and
//! kind of cut, each time on a fresh session. What the request was told and what the database
//! holds afterwards must fit together; [`Outcome::resolution`] says how.

mod case;
mod outcome;
mod request;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use self::case::{Bench, Case, Start};
use self::outcome::Resolution;
use self::request::{Conduct, Operation};
use crate::support::proxy::{Cut, Direction, How, Moment};
use crate::support::{apply, trial};

/// How many cases run at the same time, each with a schema of its own.
const BENCHES: usize = 6;

/// Cut after a message to the server, its answer is lost.
const CUT: &[How] = &[How::Close, How::Reset];
const SILENT: &[How] = &[How::Silence];

#[apply(trial)]
async fn a_connection_that_is_cut_gives_no_wrong_answer() {
    must_be_right(&Operation::ALL, Start::Warm, CUT).await;
}

#[apply(trial)]
async fn a_connection_that_is_cut_while_it_is_made_gives_no_wrong_answer() {
    must_be_right(&Operation::ALL, Start::Cold, CUT).await;
}

#[apply(trial)]
async fn a_connection_that_falls_silent_gives_no_wrong_answer() {
    must_be_right(&Operation::ALL, Start::Warm, SILENT).await;
}

#[apply(trial)]
async fn a_logout_that_fails_clears_the_cookie_and_is_done_soon() {
    must_be_right(&[Operation::Logout], Start::Warm, SILENT).await;
}

/// What a library does that answers "saved" or "no session" when it does not know.
#[apply(trial)]
async fn the_check_sees_requests_that_take_failures_for_success() {
    for operation in Operation::ALL {
        let tally = misbehave(operation, Conduct::ClaimsSuccess).await;
        assert!(!tally.wrong.is_empty(), "{operation:?}");
    }
}

/// What a library does that takes a lost answer for a statement that was not done.
#[apply(trial)]
async fn the_check_sees_changes_that_are_made_twice() {
    let tally = misbehave(Operation::Update, Conduct::Repeats).await;
    assert!(tally.is_wrong_with("rows: [Twice]"), "{tally:?}");
}

/// What a library does that writes the new row and removes the old one in two statements.
#[apply(trial)]
async fn the_check_sees_a_rotation_in_two_steps() {
    let tally = misbehave(Operation::Rotate, Conduct::RotatesInTwoSteps).await;
    assert!(tally.is_wrong_with("rows: [Old, New]"), "{tally:?}");
}

/// Cuts everywhere, and tells of all operations before it fails for one.
async fn must_be_right(operations: &[Operation], start: Start, hows: &[How]) {
    let mut wrong = Vec::new();
    for &operation in operations {
        let tally = tally(operation, start, Conduct::Honest, hows).await;
        assert!(tally.done > 0, "{operation:?}: {tally}");
        wrong.extend(tally.wrong.into_iter().take(5));
    }
    assert!(wrong.is_empty(), "such as {wrong:#?}");
}

/// Connections that fall silent make requests fail, whatever a store can mend.
async fn misbehave(operation: Operation, conduct: Conduct) -> Tally {
    tally(operation, Start::Warm, conduct, SILENT).await
}

/// Counts the operation's messages, and then cuts at each of them.
async fn tally(operation: Operation, start: Start, conduct: Conduct, hows: &[How]) -> Tally {
    let case = Case {
        operation,
        start,
        conduct,
        cut: None,
    };
    let (begun, uncut) = (Instant::now(), Bench::new().await.count(case).await);
    let count = |direction| {
        let messages = uncut
            .iter()
            .filter(|message| message.direction == direction);
        messages.count()
    };
    let (asked, answered) = (count(Direction::ToServer), count(Direction::FromServer));
    let mut cases = Vec::new();
    for (direction, messages) in [
        (Direction::ToServer, asked),
        (Direction::FromServer, answered),
    ] {
        let cuts = cuts(direction, messages, hows);
        cases.extend(cuts.map(|cut| Case {
            cut: Some(cut),
            ..case
        }));
    }
    let cuts = cases.len();
    let tally = run_all(cases).await;
    assert_eq!(tally.done + tally.unavailable + tally.wrong.len(), cuts);
    println!(
        "{operation:?}, {start:?}, {conduct:?}: {asked} messages there and {answered} back, \
         {cuts} cuts ({hows:?}): {tally}; {:.1?} in all",
        begun.elapsed(),
    );
    tally
}

/// Before and after each of the messages of one direction.
fn cuts(direction: Direction, messages: usize, hows: &[How]) -> impl Iterator<Item = Cut> {
    let moments = |number| [Moment::Before, Moment::After].map(|moment| (number, moment));
    (1..=messages)
        .flat_map(moments)
        .flat_map(move |(number, moment)| {
            hows.iter().map(move |&how| Cut {
                direction,
                number,
                moment,
                how,
            })
        })
}

/// How the cases of one operation ended.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    unavailable: usize,
    wrong: Vec<String>,
    slowest: Duration,
}

impl Tally {
    fn add(&mut self, resolution: Resolution, took: Duration) {
        self.slowest = self.slowest.max(took);
        match resolution {
            Resolution::Done => self.done += 1,
            Resolution::Unavailable => self.unavailable += 1,
            Resolution::Wrong(why) => self.wrong.push(why),
        }
    }

    fn is_wrong_with(&self, what: &str) -> bool {
        self.wrong.iter().any(|wrong| wrong.contains(what))
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, unavailable, wrong) = (self.done, self.unavailable, self.wrong.len());
        write!(f, "{done} done, {unavailable} unavailable, {wrong} wrong, ")?;
        write!(f, "the slowest in {:.1?}", self.slowest)
    }
}

/// Runs the cases, several at the same time.
async fn run_all(cases: Vec<Case>) -> Tally {
    let cases = Arc::new(Mutex::new(cases.into_iter()));
    let mut benches = JoinSet::new();
    for _ in 0..BENCHES {
        let cases = Arc::clone(&cases);
        benches.spawn(async move {
            let (bench, mut ended) = (Bench::new().await, Vec::new());
            loop {
                let next = cases.lock().unwrap().next();
                let Some(case) = next else { return ended };
                ended.push(bench.run(case).await);
            }
        });
    }
    let mut tally = Tally::default();
    for (resolution, took) in benches.join_all().await.into_iter().flatten() {
        tally.add(resolution, took);
    }
    tally
}
