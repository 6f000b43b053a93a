//! Trials of what a pooler is there to change. With `PGSTORE_POOLER` they are ignored, with the reason.

use super::pooler::Kind;

/// Why a trial is left out behind the pooler that `PGSTORE_POOLER` asks for.
pub(crate) fn reason(trial: &str) -> Option<&'static str> {
    let kind = Kind::wanted()?;
    let is_meant = |exclusion: &&Exclusion| {
        exclusion.kinds.contains(&kind) && trial.ends_with(exclusion.trial)
    };
    EXCLUSIONS.iter().find(is_meant).map(|found| found.reason)
}

/// Panics if an entry names no trial.
pub(crate) fn check(trials: &[&str]) {
    for exclusion in EXCLUSIONS {
        let is_there = trials.iter().any(|trial| trial.ends_with(exclusion.trial));
        assert!(is_there, "there is no trial {}", exclusion.trial);
    }
}

struct Exclusion {
    /// The end of its name.
    trial: &'static str,
    kinds: &'static [Kind],
    reason: &'static str,
}

const ALL: &[Kind] = &[Kind::Transaction, Kind::Session, Kind::Pgpool];

const LATE: &str = "where Pgpool-II may not give up its server, it may answer a lost connection at the deadline only";

const EXCLUSIONS: &[Exclusion] = &[
    Exclusion {
        trial: "executor::a_connection_is_opened_when_it_is_needed",
        kinds: ALL,
        reason: "it counts the server's connections, which are the pooler's",
    },
    Exclusion {
        trial: "executor::a_connection_that_became_read_only_is_left",
        kinds: ALL,
        reason: "it spoils one server connection, and the pooler chooses which one is used",
    },
    Exclusion {
        trial: "executor::statements_have_names_where_the_store_talks_to_the_server_itself",
        kinds: ALL,
        reason: "the store does not talk to the server itself",
    },
    Exclusion {
        trial: "gathering::the_loads_of_a_hundred_callers_are_a_few_statements_and_each_has_its_own_answer",
        kinds: ALL,
        reason: "it counts statements that overlap on a connection, which take turns there",
    },
    Exclusion {
        trial: "gathering::with_one_statement_per_caller_nothing_waits",
        kinds: ALL,
        reason: "it waits until statements overlap on a connection, which take turns there",
    },
    Exclusion {
        trial: "gathering::a_lost_connection_is_replaced_for_all_that_wait",
        kinds: &[Kind::Pgpool],
        reason: LATE,
    },
    Exclusion {
        trial: "gathering_writes::writes_whose_connection_is_lost_are_in_doubt_and_those_that_wait_are_done",
        kinds: &[Kind::Pgpool],
        reason: LATE,
    },
    Exclusion {
        trial: "in_doubt::a_write_whose_connection_is_lost_is_in_doubt_and_not_repeated",
        kinds: &[Kind::Pgpool],
        reason: LATE,
    },
    Exclusion {
        trial: "in_doubt::what_can_be_done_twice_is_repeated_when_its_connection_is_lost",
        kinds: &[Kind::Pgpool],
        reason: LATE,
    },
    Exclusion {
        trial: "rows::a_table_of_another_name_and_schema_holds_the_rows",
        kinds: ALL,
        reason: "it uses the schema of another trial's database, which is another one behind a pooler",
    },
];
