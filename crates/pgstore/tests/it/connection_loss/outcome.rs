//! What a request was told, what the database holds, and whether the two fit together.

use http::HeaderMap;
use http::header::SET_COOKIE;
use pgstore::Values;

use super::request::{Answer, OLD, Operation};

/// What is found after a request, with no operation of it under way any more.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) told: Told,
    pub(super) cookie: Cookie,
    /// All rows of the table, old ones first.
    pub(super) rows: Vec<Content>,
    /// What the request's cookie opens.
    pub(super) by_request: Content,
    /// What the response's cookie opens, or the request's if it has none.
    pub(super) by_response: Content,
}

/// What the handler was told by its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Done,
    Read(Option<i64>),
    Unavailable,
    /// An error that a cut connection must not be.
    Misled,
}

/// What the browser was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    Kept,
    Set,
    Removed,
}

/// What a row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Content {
    /// There is none.
    Nothing,
    Old,
    New,
    /// Changed twice.
    Twice,
    /// Its ID has another row besides.
    Doubled,
    /// Its two values do not agree, or it holds anything else.
    Torn,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resolution {
    Done,
    Unavailable,
    Wrong(String),
}

impl Outcome {
    pub(super) fn resolution(&self, operation: Operation) -> Resolution {
        match self.told {
            _ if !self.is_right(operation) => Resolution::Wrong(format!("{self:?}")),
            Told::Unavailable => Resolution::Unavailable,
            _ => Resolution::Done,
        }
    }

    /// The table of what may be: done is done, and what failed is done as a whole or not at all,
    /// without the browser's knowing.
    fn is_right(&self, operation: Operation) -> bool {
        use Content::{New, Nothing, Old};
        let by = (self.by_request, self.by_response);
        match (operation, self.told, self.cookie, self.rows.as_slice()) {
            (Operation::Load, Told::Read(Some(OLD)), Cookie::Kept, [Old]) => by == (Old, Old),
            (Operation::Load, Told::Unavailable, Cookie::Kept, [Old]) => by == (Old, Old),

            // Tried again under a fresh ID, it may leave a row behind that nobody has the ID of.
            (Operation::Insert, Told::Done, Cookie::Set, [New, more @ ..]) => {
                more.iter().all(|row| *row == New) && by == (Nothing, New)
            }
            (Operation::Insert, Told::Unavailable, Cookie::Kept, rows) => {
                rows.iter().all(|row| *row == New) && by == (Nothing, Nothing)
            }

            (Operation::Update, Told::Done, Cookie::Kept | Cookie::Set, [New]) => by == (New, New),
            (Operation::Update, Told::Unavailable, Cookie::Kept, [row @ (Old | New)]) => {
                by == (*row, *row)
            }

            (Operation::Rotate, Told::Done, Cookie::Set, [New]) => by == (Nothing, New),
            (Operation::Rotate, Told::Unavailable, Cookie::Kept, [Old]) => by == (Old, Old),
            (Operation::Rotate, Told::Unavailable, Cookie::Kept, [New]) => by == (Nothing, Nothing),

            (Operation::Delete, Told::Done, Cookie::Removed, []) => by == (Nothing, Nothing),
            (Operation::Logout, _, Cookie::Removed, []) => by == (Nothing, Nothing),
            // It may end at any time now: the store goes on trying.
            (Operation::Delete, Told::Unavailable, Cookie::Kept | Cookie::Removed, [] | [Old]) => {
                matches!(by, (Nothing | Old, Nothing | Old))
            }
            _ => false,
        }
    }
}

impl Told {
    pub(super) fn of(answer: &Answer, operation: Operation) -> Self {
        match &answer.result {
            Ok(read) if operation == Operation::Load => Self::Read(*read),
            Ok(_) => Self::Done,
            Err(error) if error.is_unavailable() => Self::Unavailable,
            Err(_) => Self::Misled,
        }
    }
}

impl Cookie {
    pub(super) fn of(response: &HeaderMap) -> Self {
        match response
            .get(SET_COOKIE)
            .map(|value| value.to_str().unwrap())
        {
            None => Self::Kept,
            Some(value) if value.contains("Max-Age=0") => Self::Removed,
            Some(_) => Self::Set,
        }
    }
}

impl Content {
    pub(super) fn of(values: &Values) -> Self {
        if values.is_empty() {
            return Self::Nothing;
        }
        let n = values.get::<i64>("n").unwrap();
        let text = values.get::<String>("text").unwrap();
        match n.map(|n| n - OLD) {
            _ if n.map(|n| n.to_string()) != text => Self::Torn,
            Some(0) => Self::Old,
            Some(1) => Self::New,
            Some(2) => Self::Twice,
            _ => Self::Torn,
        }
    }
}
