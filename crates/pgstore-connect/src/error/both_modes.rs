//! A host that fails with TLS and without.

use std::mem::discriminant;

use super::{ConnectError, DatabaseError};
use crate::{Host, SslMode};

impl ConnectError {
    /// One error of two: that of the first attempt and that of the other mode's.
    ///
    /// If both are of one variant, so is the result: a caller need not know that there were two.
    pub(crate) fn in_both_modes(host: &Host, mode: SslMode, first: Self, second: Self) -> Self {
        let is_same = discriminant(&first) == discriminant(&second);
        if is_same && format!("{first:?}") == format!("{second:?}") {
            return second;
        }
        if let (true, Some(one), Some(other)) =
            (is_same, first.database_error(), second.database_error())
            && one.sqlstate() == other.sqlstate()
        {
            let both = one.clone().and(mode.second_attempt(), other);
            return first.with_answer(both);
        }
        Self::BothModesFailed {
            host: host.clone(),
            mode,
            attempts: [first, second].into(),
        }
    }

    fn with_answer(mut self, answer: DatabaseError) -> Self {
        if let Self::PasswordRefused { source, .. }
        | Self::UserRefused { source, .. }
        | Self::NoDatabase { source, .. }
        | Self::TooManyConnections { source, .. }
        | Self::NotReady { source, .. }
        | Self::Database { source, .. } = &mut self
        {
            *source = answer;
        }
        self
    }
}
