//! The spans: OpenTelemetry's names for databases, and what is around a session's load and save.

use std::collections::BTreeSet;

use http::HeaderMap;
use metrics_util::debugging::DebuggingRecorder;
use pgstore::{PgStoreOptions, SessionManager};
use tokio::task::JoinSet;
use tracing::Level;

use super::recording::{SpanRecord, record};
use super::seen::seen;
use crate::support::app::keys;
use crate::support::browser::next_request;
use crate::support::database::Database;
use crate::support::{apply, trial};

/// Every field that a statement's span may have.
const OF_STATEMENTS: [&str; 12] = [
    "otel.name",
    "otel.kind",
    "otel.status_code",
    "db.system.name",
    "db.operation.name",
    "db.collection.name",
    "db.operation.batch.size",
    "db.response.status_code",
    "server.address",
    "server.port",
    "error.type",
    "log.target", // of the crate `log`
];

fn spans() -> Vec<SpanRecord> {
    let all = seen().recording.spans();
    let ours = |span: &SpanRecord| span.target.starts_with("pgstore::");
    all.into_iter().filter(ours).collect()
}

fn statements() -> Vec<SpanRecord> {
    let statements = spans().into_iter();
    statements.filter(|span| span.name == "statement").collect()
}

#[apply(trial)]
fn a_statement_has_a_span_with_the_names_of_opentelemetry() {
    let statements = statements();
    let names: BTreeSet<_> = statements
        .iter()
        .map(|span| span.field("otel.name"))
        .collect();
    for name in [
        "SELECT http_sessions",
        "SELECT http_sessions_ids",
        "INSERT http_sessions",
        "UPDATE http_sessions",
        "DELETE http_sessions",
        "DELETE http_sessions_ids",
        "BATCH SELECT http_sessions",
    ] {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
    for span in &statements {
        let (operation, table) = (
            span.field("db.operation.name"),
            span.field("db.collection.name"),
        );
        assert_eq!(span.field("otel.name"), format!("{operation} {table}"));
        assert_eq!(span.field("otel.kind"), "client");
        assert_eq!(span.field("db.system.name"), "postgresql");
        assert_eq!(span.level, Level::DEBUG);
        let size = span.field("db.operation.batch.size").parse::<usize>();
        assert_eq!(
            operation.starts_with("BATCH "),
            size.is_ok_and(|size| size > 1)
        );
        let has_failed = !span.field("error.type").is_empty();
        assert_eq!(span.field("otel.status_code") == "ERROR", has_failed);
        let others = span
            .fields
            .keys()
            .filter(|name| !OF_STATEMENTS.contains(&name.as_str()));
        assert_eq!(others.count(), 0, "{span:?}");
    }
    let to_server = |span: &&SpanRecord| !span.field("server.address").is_empty();
    assert!(statements.iter().filter(to_server).count() * 10 > statements.len() * 9);
}

#[apply(trial)]
fn a_failed_statement_tells_the_sqlstate_or_that_there_is_no_server() {
    let failed = statements().into_iter();
    let failed: BTreeSet<_> = failed
        .filter(|span| !span.field("error.type").is_empty())
        .map(|span| {
            let of = |name: &str| span.field(name).to_owned();
            (of("error.type"), of("db.response.status_code"))
        })
        .collect();
    let expected = |error: &str, sqlstate: &str| (error.to_owned(), sqlstate.to_owned());
    assert!(failed.contains(&expected("42P01", "42P01")), "{failed:?}");
    assert!(failed.contains(&expected("unavailable", "")), "{failed:?}");
}

#[apply(trial)]
fn loads_and_saves_have_spans_with_their_statements_inside() {
    let (all, ours) = (seen().recording.spans(), spans());
    for (name, statement, outcome) in [
        ("load", "SELECT http_sessions", "found"),
        ("save", "UPDATE http_sessions", "updated"),
        ("save", "INSERT http_sessions", "inserted"),
        ("save", "DELETE http_sessions", "deleted"),
    ] {
        let is_inside = |span: &&SpanRecord| {
            let around = span.parent.map(|parent| &all[parent]);
            let around = around.filter(|around| around.name == name);
            around.is_some_and(|around| around.field("outcome") == outcome)
        };
        let mut inside = ours.iter().filter(is_inside);
        let is_there = inside.any(|span| span.field("otel.name") == statement);
        assert!(is_there, "{statement} in a {name} that is {outcome}");
    }
    let around = ours.iter().filter(|span| span.name != "statement");
    let names: BTreeSet<_> = around.map(|span| span.field("otel.name")).collect();
    assert_eq!(names, ["load session", "save session"].into());
    let saves = ours.iter().filter(|span| span.name == "save");
    assert!(
        saves
            .into_iter()
            .all(|span| !span.field("outcome").is_empty())
    );
}

#[apply(trial)]
fn a_statement_for_several_callers_is_a_root_and_follows_from_their_loads() {
    let recording = record(DebuggingRecorder::new(), async || {
        let database = Database::fresh().await;
        let options = PgStoreOptions::new().connections(2);
        let sessions = SessionManager::builder(database.store_with(options).await, keys());
        let sessions = sessions.build().unwrap();
        let session = sessions.get(&HeaderMap::new(), "s").unwrap();
        session.insert("visits", 1).unwrap();
        let mut response = HeaderMap::new();
        sessions.save(&session, &mut response).await.unwrap();
        let request = next_request(&response);
        let mut readers = JoinSet::new();
        for _ in 0..20 {
            let session = sessions.get(&request, "s").unwrap();
            readers.spawn(async move { session.get::<i64>("visits").await.unwrap() });
        }
        assert_eq!(readers.join_all().await, [Some(1); 20]);
    });
    let all = recording.spans();
    let is_for_several =
        |span: &&SpanRecord| span.field("otel.name") == "BATCH SELECT http_sessions";
    let for_several: Vec<_> = all.iter().filter(is_for_several).collect();
    assert!(!for_several.is_empty());
    for span in for_several {
        assert_eq!(span.parent, None);
        assert_eq!(
            span.field("db.operation.batch.size"),
            span.follows.len().to_string()
        );
        assert!(
            span.follows
                .iter()
                .all(|caller| all[*caller].name == "load")
        );
    }
}
