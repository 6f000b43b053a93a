//! The requests: what each does to its session, and how it takes a failure.

use std::time::Duration;

use http::HeaderMap;
use pgstore::{Session, SessionError, SessionManager};
use tokio::time::timeout;

use crate::support::secrets::Told;

/// The cookie's name in these tests.
pub(super) const NAME: &str = "s";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Reads a value.
    Load,
    /// Saves a new session.
    Insert,
    /// Saves a changed one.
    Update,
    /// Changes it and its ID.
    Rotate,
    /// Ends it.
    Delete,
    /// The same, and counts on the store to go on with it when it fails.
    Logout,
}

impl Operation {
    /// Those that any failure leaves as they are.
    pub(super) const ALL: [Self; 5] = [
        Self::Load,
        Self::Insert,
        Self::Update,
        Self::Rotate,
        Self::Delete,
    ];

    /// What the handler does.
    async fn handle(self, session: &Session) -> Result<Option<i64>, SessionError> {
        match self {
            Self::Load => return session.get("n").await,
            Self::Insert | Self::Update => change(session)?,
            Self::Rotate => {
                session.renew()?;
                change(session)?;
            }
            Self::Delete | Self::Logout => session.destroy()?,
        }
        Ok(None)
    }
}

/// How a request deals with a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conduct {
    /// It tells.
    Honest,
    /// Wrong: when no answer comes, it says that all is well.
    ClaimsSuccess,
    /// Wrong: when no answer comes, it does the same on another node.
    Repeats,
    /// Wrong, failure or not: a new session with the same values, and then the old one's end.
    RotatesInTwoSteps,
}

/// What the request was told.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) result: Result<Option<i64>, SessionError>,
    pub(super) response: HeaderMap,
}

/// The nodes that answer requests.
#[derive(Clone, Debug)]
pub(super) struct Nodes {
    pub(super) one: SessionManager,
    pub(super) other: SessionManager,
}

/// How long the impatient wait, which is less than the store does: what it mends in the end is too
/// late for them.
const PATIENCE: Duration = Duration::from_millis(200);

/// Handles a request and saves its session.
pub(super) async fn answer(
    nodes: Nodes,
    request: HeaderMap,
    operation: Operation,
    conduct: Conduct,
) -> Answer {
    let mut response = HeaderMap::new();
    let attempt = attempt(&nodes.one, &request, operation, &mut response);
    let result = match conduct {
        Conduct::Honest => attempt.await,
        Conduct::ClaimsSuccess => match timeout(PATIENCE, attempt).await {
            Ok(Ok(read)) => Ok(read),
            _ => Ok(None),
        },
        Conduct::Repeats => match timeout(PATIENCE, attempt).await {
            Ok(Ok(read)) => Ok(read),
            _ => self::attempt(&nodes.other, &request, operation, &mut response).await,
        },
        Conduct::RotatesInTwoSteps => {
            drop(attempt);
            rotate_in_two_steps(&nodes.one, &request, &mut response).await
        }
    };
    Answer {
        result: result.told(),
        response,
    }
}

async fn attempt(
    sessions: &SessionManager,
    request: &HeaderMap,
    operation: Operation,
    response: &mut HeaderMap,
) -> Result<Option<i64>, SessionError> {
    let session = sessions.get(request, NAME)?;
    let read = operation.handle(&session).await?;
    sessions.save(&session, response).await?;
    Ok(read)
}

async fn rotate_in_two_steps(
    sessions: &SessionManager,
    request: &HeaderMap,
    response: &mut HeaderMap,
) -> Result<Option<i64>, SessionError> {
    let fresh = sessions.get(&HeaderMap::new(), NAME)?;
    change(&fresh)?;
    sessions.save(&fresh, response).await?;
    let old = sessions.get(request, NAME)?;
    old.destroy()?;
    sessions.save(&old, &mut HeaderMap::new()).await?;
    Ok(None)
}

/// The number in a session before the [`change`].
pub(super) const OLD: i64 = 10;

/// A session as the requests find it: a number, and the same as text.
pub(super) fn set_up(session: &Session) -> Result<(), SessionError> {
    session.insert("n", OLD)?;
    session.insert("text", OLD.to_string())
}

/// The change: one more, by `update`, so that doing it twice shows.
fn change(session: &Session) -> Result<(), SessionError> {
    session.update("n", |n: Option<i64>| n.unwrap_or(OLD) + 1)?;
    session.update("text", |text: Option<String>| {
        let n = text.map_or(OLD, |text| text.parse().unwrap());
        (n + 1).to_string()
    })
}
