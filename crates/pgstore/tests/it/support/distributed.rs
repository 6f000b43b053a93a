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
const ON_ONE_SERVER: &[(&str, &[&str])] = &[];

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
