//! What PostgreSQL answered.

use std::error::Error;
use std::fmt;

use super::echo::without_values;

/// What PostgreSQL answered: its SQLSTATE and message.
///
/// The answer's DETAIL, HINT and the like are left out: they may quote a row's values.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseError {
    sqlstate: String,
    message: String,
}

impl DatabaseError {
    /// The server's answer in a driver's error; `None` where the server did not answer.
    ///
    /// ```no_run
    /// # async fn example(client: tokio_postgres::Client) {
    /// use pgstore_connect::DatabaseError;
    ///
    /// if let Err(error) = client.batch_execute("TABLE nowhere").await {
    ///     let answer = DatabaseError::from_driver(&error).expect("the server answers");
    ///     assert_eq!(answer.sqlstate(), "42P01");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn from_driver(error: &tokio_postgres::Error) -> Option<Self> {
        let answer = error.as_db_error()?;
        Some(Self {
            sqlstate: answer.code().code().to_owned(),
            message: answer.message().to_owned(),
        })
    }

    /// The same answer with the names of options in place of their values.
    pub(super) fn without_values(self, values: &[(&'static str, String)]) -> Self {
        Self {
            message: without_values(&self.message, values),
            ..self
        }
    }

    /// One answer of two with the same SQLSTATE: `between` says what was different.
    pub(super) fn and(self, between: &str, other: &Self) -> Self {
        Self {
            message: format!("{}; {between}: {}", self.message, other.message),
            ..self
        }
    }

    /// The five characters to branch on, such as `42P01`.
    #[must_use]
    pub fn sqlstate(&self) -> &str {
        &self.sqlstate
    }

    /// The message, in the server's language.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.sqlstate)
    }
}

impl fmt::Debug for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for DatabaseError {}
