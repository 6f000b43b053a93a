//! What the IDs of a request's cookies lead to.

use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::choice::{Choice, choose};
use super::meta::OpenedRow;
use super::sealed_rows::SealedRows;
use crate::clock::Timestamp;
use crate::id::SessionId;
use crate::policy::{OnOutage, OnUndecodable};
use crate::session::SessionError;
use crate::session::cookie_id::CookieId;
use crate::store::{Lookup, Row, StoreError};
use crate::telemetry::{self, LoadOutcome};

/// What one ID leads to.
type Found = Result<Lookup<OpenedRow>, SessionError>;

impl SealedRows {
    /// What the cookie's ID leads to. Cost: one query, and a second one only if there is no row.
    ///
    /// The policies for outages and undecodable rows apply here.
    pub(in crate::session) async fn look_up(&self, cookie: &CookieId) -> Found {
        let (span, mut has_ended) = (load_span(), false);
        let found = self.load(cookie, &mut has_ended);
        let found = found.instrument(span.clone()).await;
        note_outcome(&span, outcome(&found, has_ended));
        self.with_policies(found)
    }

    /// Which of several cookies counts, as its place among them, and what it leads to. Cost: one query,
    /// and a second one only if an ID has no row.
    pub(in crate::session) async fn look_up_several(
        &self,
        cookies: &[CookieId],
    ) -> Result<(usize, Lookup<OpenedRow>), SessionError> {
        let (span, mut has_ended) = (load_span(), false);
        let found = self.load_all(cookies, &mut has_ended);
        let choice = match found.instrument(span.clone()).await {
            Ok(found) => choose(cookies, found),
            Err(error) => Choice::first(Err(error)),
        };
        note_outcome(&span, outcome(&choice.found, has_ended));
        if choice.several_live {
            self.report_several_sessions();
        }
        Ok((choice.place, self.with_policies(choice.found)?))
    }

    fn with_policies(&self, found: Found) -> Found {
        match found {
            Err(SessionError::Store(error))
                if error.is_unavailable() && self.policy.on_outage == OnOutage::Anonymous =>
            {
                let name = self.name.as_str();
                if error.is_reported() {
                    tracing::debug!(name, %error, "the request continues without its session");
                } else {
                    tracing::warn!(
                        name,
                        %error,
                        "the session store is unavailable: the request continues without its session"
                    );
                }
                self.counters.degraded.add(1);
                Ok(Lookup::Unknown)
            }
            Err(error)
                if error.is_undecodable()
                    && self.policy.on_undecodable == OnUndecodable::StartFresh =>
            {
                tracing::warn!(
                    name = self.name.as_str(),
                    error = error.for_the_log(),
                    "a stored session cannot be opened: the request continues with a new one"
                );
                Ok(Lookup::Absent)
            }
            other => other,
        }
    }

    async fn load(&self, cookie: &CookieId, has_ended: &mut bool) -> Found {
        let now = self.clock.now();
        if self.logouts.is_pending(&cookie.id) {
            return Ok(Lookup::Absent); // This node ended it; the store learns of it later.
        }
        let found = self.store.load(&cookie.id, now).await;
        self.open_found(found, cookie, now, has_ended)
    }

    async fn load_all(
        &self,
        cookies: &[CookieId],
        has_ended: &mut bool,
    ) -> Result<Vec<Found>, SessionError> {
        let now = self.clock.now();
        let ids: Vec<_> = cookies.iter().map(|cookie| cookie.id.clone()).collect();
        let found = self.store.load_all(&ids, now).await?;
        let found = cookies.iter().zip(found);
        Ok(found
            .map(
                |(cookie, found)| match self.logouts.is_pending(&cookie.id) {
                    true => Ok(Lookup::Absent),
                    false => self.open_found(found, cookie, now, has_ended),
                },
            )
            .collect())
    }

    /// `has_ended` tells whether there is a row whose session has ended.
    fn open_found(
        &self,
        found: Result<Lookup, StoreError>,
        cookie: &CookieId,
        now: Timestamp,
        has_ended: &mut bool,
    ) -> Found {
        match found? {
            Lookup::Row(id, row) => {
                let opened = self.open_row(id, &row, cookie, now);
                *has_ended |= matches!(opened, Ok(Lookup::Absent));
                opened
            }
            Lookup::Replaced => Ok(Lookup::Replaced),
            Lookup::Absent => Ok(Lookup::Absent),
            Lookup::Unknown => Ok(Lookup::Unknown),
        }
    }

    /// Opens the row. A successor's row is opened only while the session has the same owner.
    fn open_row(&self, id: SessionId, row: &Row, cookie: &CookieId, now: Timestamp) -> Found {
        let is_successor = id != cookie.id;
        if is_successor && self.logouts.is_pending(&id) {
            return Ok(Lookup::Replaced);
        }
        Ok(match self.open(row, cookie, now)? {
            Some(opened) if is_successor && !has_same_owner(&opened) => Lookup::Replaced,
            Some(opened) => Lookup::Row(id, opened),
            None => Lookup::Absent,
        })
    }

    /// Counts it, and warns once: which of them a browser sends first depends on its cookies' ages.
    fn report_several_sessions(&self) {
        let name = self.name.as_str();
        if self.counters.several_sessions.add_first() {
            tracing::warn!(
                name,
                "a browser sent two cookies of this name whose sessions both live: check that all \
                 applications set the cookie with the same Domain and Path"
            );
        } else {
            tracing::debug!(name, "a browser sent cookies of several live sessions");
        }
    }
}

/// The span of a lookup. The statements that it sends by itself are inside.
fn load_span() -> Span {
    tracing::debug_span!("load", otel.name = "load session", outcome = Empty)
}

fn outcome(found: &Found, has_ended: bool) -> LoadOutcome {
    match found {
        Ok(Lookup::Row(..)) => LoadOutcome::Found,
        Ok(Lookup::Replaced) => LoadOutcome::Replaced,
        Ok(Lookup::Absent) if has_ended => LoadOutcome::Expired,
        Ok(Lookup::Absent) => LoadOutcome::Absent,
        Err(error) if error.is_undecodable() => LoadOutcome::Undecodable,
        Ok(Lookup::Unknown) => LoadOutcome::Unavailable,
        Err(error) if error.is_unavailable() => LoadOutcome::Unavailable,
        Err(_) => LoadOutcome::Error,
    }
}

fn note_outcome(span: &Span, outcome: LoadOutcome) {
    span.record("outcome", outcome.word());
    telemetry::loaded(outcome);
}

/// Whether the row's column still names the owner that its values name.
fn has_same_owner(row: &OpenedRow) -> bool {
    row.meta.owner == row.meta.extras.owner
}
