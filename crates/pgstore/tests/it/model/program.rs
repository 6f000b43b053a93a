//! Random programs: what browsers, handlers, nodes and the network do, in any order.

use crate::support::chance::Chance;

/// How many browsers there are, each a user.
pub(super) const BROWSERS: usize = 2;

/// How many nodes there are, each with a store and a clock of its own.
pub(super) const NODES: usize = 3;

/// How far a node's clock may be off, in seconds. Two of them differ by less than the library's margin.
const MOST_SKEW: i64 = 25;

/// How long a program lets time pass at once, in seconds: within the grace time, past it, until IDs are
/// forgotten, and until a touch is due.
const PASSES: [i64; 6] = [1, 10, 45, 100, 400, 15_000];

/// How many of the long ones a program has at most, so that no session expires.
const MOST_LONG_PASSES: usize = 4;

/// The keys under which handlers write.
pub(super) const KEYS: [&str; 3] = ["a", "b", "c"];

/// The key that handlers count under.
pub(super) const COUNT: &str = "count";

/// One event. A step that does not apply (a request that has ended, say) is skipped, so that every
/// part of a program is a program.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A browser sends a request to a node, which has not done anything yet.
    Begin {
        browser: usize,
        node: usize,
    },
    /// The handler of an open request does something.
    Act {
        request: usize,
        action: Action,
    },
    /// An open request is saved. Its response reaches the browser, or is lost.
    Finish {
        request: usize,
        arrives: bool,
    },
    /// A whole request.
    Visit {
        browser: usize,
        node: usize,
        action: Action,
        arrives: bool,
    },
    /// The browser also sends an earlier cookie of its own from now on, in front of the current one.
    Duplicate {
        browser: usize,
    },
    /// The application ends all sessions of a browser's user.
    Revoke {
        browser: usize,
        node: usize,
    },
    Sweep {
        node: usize,
    },
    Pass {
        seconds: i64,
    },
    Skew {
        node: usize,
        seconds: i64,
    },
    /// The next statement of this method on this node is lost, on its way or on the way back.
    Lose {
        node: usize,
        method: &'static str,
        on_its_way: bool,
    },
    /// From now on a node's store takes no logout.
    LogoutsFail {
        node: usize,
    },
    /// It takes them again, and those that wait are done.
    LogoutsWork {
        node: usize,
    },
}

/// What a handler does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    Read,
    Insert(usize, i64),
    Remove(usize),
    Count,
    AddFlash(i64),
    TakeFlashes,
    /// A new ID, the user as the owner, and a value.
    LogIn(i64),
    Renew,
    Rotate,
    Destroy,
    StartOver,
}

/// A random program.
pub(super) fn program(seed: u64) -> Vec<Step> {
    let mut chance = Chance::new(seed);
    let length = 5 + chance.below(36);
    let mut long_passes = 0;
    let mut steps = Vec::with_capacity(length + 1);
    // Most programs are about a session that exists.
    steps.push(Step::Visit {
        browser: 0,
        node: 0,
        action: Action::LogIn(0),
        arrives: true,
    });
    for number in 1..=length {
        let step = step(&mut chance, i64::try_from(number).expect("it is small"));
        if let Step::Pass { seconds: 15_000 } = step {
            long_passes += 1;
            if long_passes > MOST_LONG_PASSES {
                continue;
            }
        }
        steps.push(step);
    }
    steps
}

fn step(chance: &mut Chance, number: i64) -> Step {
    // Mostly one browser, so that its requests meet.
    let browser = chance.below(4 * BROWSERS).saturating_sub(3 * BROWSERS);
    let node = chance.below(NODES);
    let request = chance.below(4);
    let arrives = chance.below(5) > 0;
    match chance.below(40) {
        0..9 => Step::Begin { browser, node },
        9..20 => Step::Act {
            request,
            action: action(chance, number),
        },
        20..26 => Step::Finish { request, arrives },
        26..32 => Step::Visit {
            browser,
            node,
            action: action(chance, number),
            arrives,
        },
        32 => Step::Duplicate { browser },
        33 => match chance.below(3) {
            0 => Step::Revoke { browser, node },
            _ => Step::Sweep { node },
        },
        34 | 35 => Step::Pass {
            seconds: chance.of(&PASSES),
        },
        36 => Step::Skew {
            node,
            seconds: chance.of(&[-MOST_SKEW, 0, MOST_SKEW]),
        },
        37 => Step::Lose {
            node,
            method: chance.of(&["update", "rename", "insert"]),
            on_its_way: chance.below(2) == 0,
        },
        38 => match chance.below(2) {
            0 => Step::LogoutsFail { node },
            _ => Step::Begin { browser, node },
        },
        _ => Step::LogoutsWork { node },
    }
}

fn action(chance: &mut Chance, number: i64) -> Action {
    let key = chance.below(KEYS.len());
    match chance.below(20) {
        0..5 => Action::Read,
        5..8 => Action::Insert(key, number),
        8 => Action::Remove(key),
        9 | 10 => Action::Count,
        11 => Action::AddFlash(number),
        12 => Action::TakeFlashes,
        13 | 14 => Action::LogIn(number),
        15 => Action::Renew,
        16 | 17 => Action::Rotate,
        18 => Action::Destroy,
        _ => match chance.below(3) {
            0 => Action::StartOver,
            _ => Action::Destroy,
        },
    }
}
