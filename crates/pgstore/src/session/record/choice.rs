//! Decides which of several cookies of one name counts. Pure.

use super::meta::OpenedRow;
use crate::id::SessionId;
use crate::session::SessionError;
use crate::session::cookie_id::CookieId;
use crate::store::Lookup;

/// Which cookie counts.
pub(super) struct Choice {
    /// Its place among the cookies.
    pub(super) place: usize,
    /// What it leads to.
    pub(super) found: Result<Lookup<OpenedRow>, SessionError>,
    /// Whether the cookies lead to more than one session that lives.
    pub(super) several_live: bool,
}

impl Choice {
    /// The first cookie.
    pub(super) fn first(found: Result<Lookup<OpenedRow>, SessionError>) -> Self {
        Self {
            place: 0,
            found,
            several_live: false,
        }
    }
}

/// The first cookie whose session lives counts, and of two cookies of that session the one with its
/// current ID. If no session lives, the first that applies counts: an error, an ID that was replaced,
/// an ID that leads nowhere.
pub(super) fn choose(
    cookies: &[CookieId],
    found: Vec<Result<Lookup<OpenedRow>, SessionError>>,
) -> Choice {
    let live: Vec<_> = found.iter().filter_map(live_id).cloned().collect();
    let first_live = live.first();
    let rank = |cookie: &CookieId, found: &Result<Lookup<OpenedRow>, SessionError>| match found {
        Ok(Lookup::Row(id, _)) if Some(id) == first_live && cookie.id == *id => 0,
        Ok(Lookup::Row(..)) => 1,
        Err(_) => 2,
        Ok(Lookup::Unknown | Lookup::Replaced) => 3,
        Ok(Lookup::Absent) => 4,
    };
    let several_live = live.iter().any(|id| Some(id) != first_live);
    let ranked = cookies.iter().zip(found).enumerate();
    let best = ranked.min_by_key(|(_, (cookie, found))| rank(cookie, found));
    match best {
        Some((place, (_, found))) => Choice {
            place,
            found,
            several_live,
        },
        None => Choice::first(Ok(Lookup::Absent)),
    }
}

fn live_id(found: &Result<Lookup<OpenedRow>, SessionError>) -> Option<&SessionId> {
    match found {
        Ok(Lookup::Row(id, _)) => Some(id),
        _ => None,
    }
}
