//! The errors of one request, by how grave they are.

use super::SessionError;

/// How grave an error is. Of several in one request the gravest decides what the client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gravity {
    /// Another request ended the session: nothing is wrong.
    Gone,
    Other,
    /// The same request may succeed later.
    Unavailable,
    /// The user wanted to log out, and the session may still live.
    LogoutNotDone,
}

impl Gravity {
    /// The gravity of an error that is not about a logout.
    pub(crate) fn of(error: &SessionError) -> Self {
        match error {
            SessionError::Gone => Self::Gone,
            SessionError::Contended => Self::Unavailable,
            error if error.is_unavailable() => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

/// The errors of the sessions of one request, the gravest first.
#[derive(Debug, Default)]
pub(crate) struct WeighedErrors(Vec<(Gravity, SessionError)>);

impl WeighedErrors {
    pub(crate) fn add(&mut self, gravity: Gravity, error: SessionError) {
        self.0.push((gravity, error));
        self.0
            .sort_by_key(|(gravity, _)| std::cmp::Reverse(*gravity));
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (gravity, error) in other.0 {
            self.add(gravity, error);
        }
    }

    #[cfg(feature = "middleware")]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all that is wrong is that other requests have ended sessions.
    #[cfg(feature = "middleware")]
    pub(crate) fn are_only_gone(&self) -> bool {
        let mut errors = self.0.iter();
        errors.all(|(_, error)| matches!(error, SessionError::Gone))
    }

    #[cfg(any(feature = "middleware", test))]
    pub(crate) fn into_vec(self) -> Vec<(Gravity, SessionError)> {
        self.0
    }

    /// The gravest error. The others are logged.
    pub(crate) fn into_gravest(self) -> Result<(), SessionError> {
        let mut errors = self.0.into_iter().map(|(_, error)| error);
        let gravest = errors.next();
        for error in errors {
            let (is_reported, error) = (error.is_reported(), error.for_the_log());
            if is_reported {
                tracing::debug!(error, "another session was not saved");
            } else {
                tracing::warn!(error, "another session was not saved");
            }
        }
        gravest.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_comes_first_and_equals_keep_their_order() {
        let mut errors = WeighedErrors::default();
        errors.add(Gravity::of(&SessionError::Gone), SessionError::Gone);
        errors.add(Gravity::of(&SessionError::HeadSent), SessionError::HeadSent);
        errors.add(Gravity::of(&SessionError::NoOwner), SessionError::NoOwner);
        errors.add(Gravity::of(&SessionError::Degraded), SessionError::Degraded);
        errors.add(Gravity::LogoutNotDone, SessionError::Contended);
        let order: Vec<_> = errors.into_vec();
        let order: Vec<_> = order.iter().map(|(_, error)| error.to_string()).collect();
        let expected = [
            SessionError::Contended,
            SessionError::Degraded,
            SessionError::HeadSent,
            SessionError::NoOwner,
            SessionError::Gone,
        ];
        assert_eq!(order, expected.map(|error| error.to_string()));
    }
}
