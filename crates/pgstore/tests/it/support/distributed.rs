//! Which trials run a second time on distributed tables: `store::rows::…` is `citus::store::rows::…` there.

use libtest_mimic::Trial;

use super::registry::Registered;
use super::server::{CITUS_URL, Server};

/// The parts whose trials are about sessions in a table, whoever keeps it.
const PARTS: [&str; 3] = ["citus::store::", "citus::session::", "citus::races::"];

/// What is about no server, or about a server of its own.
const WITHOUT_A_TABLE: [&str; 3] = [
    "citus::store::memory::",
    "citus::store::doubles::",
    "citus::store::pooler::",
];

/// What a distributed table cannot have or do, so that a trial that makes use of it says nothing there.
const ON_ONE_SERVER: &[(&str, &[&str])] = &[
    (
        "it is about a server without Citus",
        &["store::distributed::a_server_without_citus"],
    ),
    (
        "callers share no statements there, so a lone statement waits for the row",
        &[
            "store::gathering::",
            "store::gathering_writes::",
            "store::executor::a_caller_that_goes_away_while_blocked",
        ],
    ),
    (
        "it gives the schema an operator of its own, which the workers do not have",
        &[
            "races::merging::fifty_updates_of_one_number_do_not_add_up_without_the_guard",
            "races::merging::fifty_writers_of_different_keys_lose_some_without_the_guard",
            "races::merging::messages_are_shown_twice_or_never_without_the_guard",
        ],
    ),
    (
        "revoking looks three times there, and so finds what this defect brings back",
        &["races::revoking::revoking_all_loses_where_updates_insert"],
    ),
    (
        "no foreign key can refer to the table there",
        &[
            "store::many_sessions::a_revocation_that_fails_half_way",
            "session::identity::a_session_keeps_its_row_whatever_refers_to_it",
            "store::sweep::rows_that_cannot_be_removed_are_skipped_and_counted",
        ],
    ),
    (
        "it starts a server of its own",
        &["session::expiry::saves_of_sessions_in_use_change_no_indexed_column"],
    ),
    (
        "its own statement is one that Citus refuses: a join of the two tables, a lock, a change of a key",
        &[
            "session::identity::a_logout_by_an_id_that_go_has_revived",
            "store::rows::a_locked_duplicate_does_not_hold_up_a_load",
            "store::rows::a_row_that_go_has_overwritten_counts_as_peer_written",
            "store::rows::lists_leave_out_rows_that_cannot_be_decoded",
        ],
    ),
    (
        "such a style of dates is refused there",
        &["store::rows::the_time_zone_of_the_connection_changes_nothing"],
    ),
    (
        "its role may not log in on the workers",
        &[
            "store::migrate::a_role_that_may_not_create_passes",
            "store::probe::a_probe_finds_every_right_that_is_missing",
        ],
    ),
    (
        "it gives the table triggers or rules, or takes locks on the coordinator",
        &[
            "store::refusals::",
            "session::identity::a_probe_works_where_the_table_is_distributed_by_its_key",
            "session::identity::a_probe_finds_a_table_of_earlier_ids_that_refuses_silently",
            "session::identity::a_trigger_that_refuses_new_ids_is_an_error",
            "session::identity::ids_change_where_the_table_is_distributed_by_its_key",
            "store::probe::a_probe_finds_what_forbids_a_row",
        ],
    ),
    (
        "the coordinator does not see a worker's plan or counters",
        &[
            "store::peer_written::what_go_wrote_is_found_without_a_read",
            "store::peer_written::a_save_that_keeps_the_expiry_stays_hot",
            "store::sql::what_requests_wait_for_goes_by_the_indexes",
        ],
    ),
    (
        "the table has another primary key there",
        &["store::schema::the_migrations_make_what_stands_in_schema_sql"],
    ),
    (
        "a sweep waits for locked rows there",
        &["store::sweep::five_thousand_rows_are_swept_in_batches_past_a_locked_one"],
    ),
];

/// The trials of a registration that run on distributed tables, too.
pub(crate) fn trials_of(registered: &Registered) -> Vec<Trial> {
    if !registered.servers.contains(&Server::Friendly) {
        return Vec::new();
    }
    let mut trials = Server::Distributed.within(registered.list);
    let begins = |name: &str, parts: &[&str]| parts.iter().any(|part| name.starts_with(part));
    trials.retain(|trial| begins(trial.name(), &PARTS) && !begins(trial.name(), &WITHOUT_A_TABLE));
    trials
}

/// Why a trial does not run on distributed tables; `None` if it does.
pub(crate) fn why_ignored(name: &str) -> Option<String> {
    if std::env::var_os(CITUS_URL).is_none() {
        return Some(format!(
            "no Citus: {CITUS_URL} is not set (it is built from its source; see CONTRIBUTING.md)"
        ));
    }
    let name = name.trim_start_matches("citus::");
    let found = ON_ONE_SERVER
        .iter()
        .find(|(_, trials)| trials.iter().any(|trial| name.starts_with(trial)));
    found.map(|(reason, _)| (*reason).to_owned())
}
