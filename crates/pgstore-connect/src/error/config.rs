//! What is wrong with a connection string, told without repeating it.

use std::error::Error;
use std::fmt;

use crate::SslMode;

/// What is wrong with a connection string or an environment variable.
///
/// It names options and variables that this crate knows, and repeats nothing else: a piece that
/// was not recognised may belong to a password. `Debug` is the same text as `Display`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The text cannot be taken apart.
    Syntax(SyntaxError),
    /// An option that neither this crate nor libpq knows.
    UnknownOption {
        /// Its place among the options, from 1: among the keywords, or after the `?` of a URL.
        position: usize,
    },
    /// An option of libpq that this crate does not support.
    UnsupportedOption {
        /// Its name.
        option: &'static str,
    },
    /// A value that the option cannot have.
    InvalidValue {
        /// The option's name, or that of the environment variable which has the value.
        name: &'static str,
        /// What it can be.
        expected: &'static str,
    },
    /// `sslmode` demands TLS, and this build has none.
    TlsNotBuilt {
        /// The mode that demands it.
        mode: SslMode,
    },
}

/// Why a connection string cannot be taken apart.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyntaxError {
    /// It is neither a URL nor a list of `keyword=value` pairs.
    NeitherUrlNorKeywords,
    /// A user, a password or a database has an `@` or `/` that is not escaped.
    UnescapedAt,
    /// `[` without `]`.
    UnclosedBracket,
    /// `[]`.
    EmptyBrackets,
    /// Something other than `:`, `/`, `?` or `,` after a `]`.
    TextAfterBracket,
    /// An option after the `?` without `=`.
    MissingEquals,
    /// A value after the `?` with an `=` that is not escaped.
    UnescapedEquals,
    /// A `%` without two hexadecimal digits.
    InvalidEscape,
    /// A zero byte, plain or as `%00`.
    ZeroByte,
    /// Escapes that do not make UTF-8.
    NotUtf8,
    /// A single quote that is not closed.
    UnclosedQuote,
    /// The value of a keyword holds `password=`: a space, a quote or a value is missing.
    PasswordInsideValue,
}

impl ConfigError {
    pub(crate) fn invalid_value(name: &'static str, expected: &'static str) -> Self {
        Self::InvalidValue { name, expected }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => write!(f, "the connection string cannot be read: {error}"),
            Self::UnknownOption { position } => write!(
                f,
                "option {position} of the connection string is unknown (its name is not repeated \
                 here, since it may be a piece of a password; a password with spaces needs single \
                 quotes)"
            ),
            Self::UnsupportedOption { option } => write!(
                f,
                "the connection string has the option `{option}`, which is not supported"
            ),
            Self::InvalidValue { name, expected } => write!(f, "`{name}` must be {expected}"),
            Self::TlsNotBuilt { mode } => write!(
                f,
                "`sslmode={mode}` needs TLS, and this build has none: enable the Cargo feature \
                 `tls-ring`, `tls-aws-lc-rs` or `tls-no-provider` of pgstore-connect"
            ),
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeitherUrlNorKeywords => {
                "it neither begins with `postgres://` or `postgresql://` nor consists of \
                 keyword=value pairs (remove quotes around it; a value with spaces needs single \
                 quotes)"
            }
            Self::UnescapedAt => {
                "it has an `@` too many: in a user or password write `@` as %40 and `/` as %2F"
            }
            Self::UnclosedBracket => "an IPv6 address begins with `[` and does not end with `]`",
            Self::EmptyBrackets => "there is no address between `[` and `]`",
            Self::TextAfterBracket => {
                "after the `]` of an IPv6 address only `:`, `/`, `?` or `,` may follow"
            }
            Self::MissingEquals => "an option after the `?` has no `=` and value",
            Self::UnescapedEquals => "a value after the `?` holds an `=`: write it as %3D",
            Self::InvalidEscape => {
                "a `%` is not followed by two hexadecimal digits: write `%` itself as %25"
            }
            Self::ZeroByte => "it holds a zero byte, which no option may have",
            Self::NotUtf8 => "its `%` escapes do not make UTF-8",
            Self::UnclosedQuote => "a single quote is opened and not closed",
            Self::PasswordInsideValue => {
                "the value of another option holds `password=`: a space, a quote or a value is \
                 missing before it"
            }
        })
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// The texts hold all there is to say, so neither has a source.
impl Error for ConfigError {}
impl Error for SyntaxError {}

impl From<SyntaxError> for ConfigError {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}
