//! What is seen of one statement: a span, and a measurement of how long it took.
//!
//! The names are OpenTelemetry's for database clients. Nothing of the statement's parameters is in them.

use std::error::Error;
use std::fmt;

use pgstore_connect::{DatabaseError, Host};
use tracing::Span;
use tracing::field::Empty;

use super::failure::{AttemptFailure, Retry};
use super::statements::Statement;
use super::table_name::TableName;
use crate::store::StoreErrorKind;
use crate::telemetry::{Operation, Stopwatch, StoreMeter, Table};

/// Watches the statements of a store.
#[derive(Debug)]
pub(super) struct StatementWatch {
    sessions: String,
    earlier_ids: String,
    meter: StoreMeter,
}

/// Watches one statement, from the wait for a connection to its answer.
pub(super) struct WatchedStatement<'a> {
    watch: &'a StatementWatch,
    span: Span,
    began: Stopwatch,
    operation: Operation,
    table: Table,
}

impl StatementWatch {
    pub(super) fn new(table: &TableName) -> Self {
        let (sessions, earlier_ids) = (table.to_string(), table.of_earlier_ids());
        Self {
            meter: StoreMeter::new(&sessions, &earlier_ids),
            sessions,
            earlier_ids,
        }
    }

    pub(super) fn meter(&self) -> &StoreMeter {
        &self.meter
    }

    /// The name of the sessions table.
    pub(super) fn sessions(&self) -> &str {
        &self.sessions
    }

    /// A statement begins. `callers`: the spans of those that it carries requests of, if it runs in none
    /// of them.
    pub(super) fn begin<S: Statement>(
        &self,
        statement: &S,
        callers: &[Span],
    ) -> WatchedStatement<'_> {
        let requests = statement.requests();
        let operation = S::OPERATION.of_requests(requests);
        let span = self.span(operation, S::TABLE, requests);
        callers.iter().for_each(|caller| {
            span.follows_from(caller);
        });
        WatchedStatement {
            watch: self,
            span,
            began: Stopwatch::start(),
            operation,
            table: S::TABLE,
        }
    }

    /// It is at DEBUG: at INFO, it would cost every application with a usual log filter, and stand in
    /// front of its log lines.
    fn span(&self, operation: Operation, table: Table, requests: usize) -> Span {
        let collection = match table {
            Table::Sessions => &*self.sessions,
            Table::EarlierIds => &*self.earlier_ids,
        };
        let operation = operation.word();
        tracing::debug_span!(
            "statement",
            otel.name = %SpanName(operation, collection),
            otel.kind = "client",
            otel.status_code = Empty,
            db.system.name = "postgresql",
            db.operation.name = operation,
            db.collection.name = collection,
            db.operation.batch.size = (requests > 1).then_some(requests),
            db.response.status_code = Empty,
            server.address = Empty,
            server.port = Empty,
            error.type = Empty,
        )
    }
}

impl WatchedStatement<'_> {
    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// The statement goes to this server.
    pub(super) fn goes_to(&self, host: &Host) {
        if self.span.is_disabled() {
            return;
        }
        self.span.record("server.address", host.address());
        if !host.is_socket() {
            self.span.record("server.port", host.port());
        }
    }

    /// The statement has ended. Another writer's row is no error.
    pub(super) fn end(&self, failure: Option<&AttemptFailure>) {
        let failure = failure.filter(|failure| failure.retry != Retry::Busy);
        let meter = &self.watch.meter;
        let Some(failure) = failure else {
            return meter.ended(&self.began, self.operation, self.table, None);
        };
        let sqlstate = sqlstate(failure);
        let error = sqlstate.unwrap_or_else(|| type_of(failure));
        meter.ended(&self.began, self.operation, self.table, Some(error));
        self.span.record("otel.status_code", "ERROR");
        self.span.record("error.type", error);
        if let Some(sqlstate) = sqlstate {
            self.span.record("db.response.status_code", sqlstate);
        }
    }
}

/// What the server answered, if it did.
fn sqlstate(failure: &AttemptFailure) -> Option<&str> {
    let answer = failure.error.source()?.downcast_ref::<DatabaseError>()?;
    Some(answer.sqlstate())
}

/// A failure without an answer of the server.
fn type_of(failure: &AttemptFailure) -> &'static str {
    match failure.error.kind() {
        StoreErrorKind::Unavailable => "unavailable",
        StoreErrorKind::Timeout => "timeout",
        StoreErrorKind::Closed => "closed",
        StoreErrorKind::UndecodableRow => "undecodable_row",
        _ => "_OTHER",
    }
}

/// The operation and the table.
struct SpanName<'a>(&'a str, &'a str);

impl fmt::Display for SpanName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.1)
    }
}
