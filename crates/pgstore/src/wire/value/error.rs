use std::fmt;

use serde::{de, ser};
use thiserror::Error;

use crate::wire::ErrorClass;

/// Why a session's value could not be written or read. It names the key, never the content.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}{kind}", Of(key))]
pub struct ValueError {
    key: Option<String>,
    kind: ValueErrorKind,
}

/// What went wrong with a value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueErrorKind {
    /// `None` was to be stored.
    #[error("None cannot be stored; call remove() to take the value away")]
    None,
    /// `()` or a unit struct was to be stored.
    #[error("a unit has no value that Go could hold; store a bool or a string, or call remove()")]
    Unit,
    /// A 128-bit integer is beyond 64 bits.
    #[error("an integer does not fit into 64 bits; store it as a string")]
    IntegerTooLarge,
    /// A map has other keys than strings, and no Go map with such keys is there to take it.
    #[error("a map has keys that are no strings; use string keys")]
    MapKey,
    /// Lists, maps and structs are nested deeper than 64 levels.
    #[error("lists, maps and structs are nested deeper than 64 levels")]
    TooDeep,
    /// The key's Go type cannot hold it, or its name is empty or too long.
    #[error("the key does not fit the Go type it is named with")]
    BadKey,
    /// A list was wanted, and something else is stored.
    #[error("Go's {found} is stored there, where a []interface {{}} is wanted; use another key")]
    NotAList {
        /// The Go type of what is stored.
        found: String,
    },
    /// A text cannot be the registered name of a Go type: empty, longer than 1,024 bytes, or with
    /// spaces around it or control characters in it.
    #[error("{name:?} cannot be the registered name of a Go type")]
    BadGoName {
        /// The text.
        name: &'static str,
    },
    /// A struct's fields, or those of a struct within it, have no name that Go could match.
    #[error(
        "Go's {name} has no field of these names: Go's begin with a capital; rename them, say with \
         #[serde(rename_all = \"PascalCase\")]"
    )]
    NoGoField {
        /// The registered name.
        name: &'static str,
    },
    /// The value is of another kind than its Go type's name says.
    #[error("the value cannot be written as Go's {name}")]
    NotOfGoType {
        /// The registered name.
        name: &'static str,
    },
    /// An empty list or map is new, and does not tell what its Go type holds.
    #[error("an empty list or map does not tell what Go's {name} holds; call remove() instead")]
    GoTypeUnknown {
        /// The registered name.
        name: &'static str,
    },
    /// The Go program has not registered a type that the value needs, and would refuse the whole
    /// session.
    #[error(
        "the Go program cannot read {name}, and so nothing of the session; add this line to it and \
         the name to GoPeer::registered: {line}"
    )]
    Unregistered {
        /// The name under which Go has to know the type.
        name: String,
        /// The line to add to the Go program.
        line: String,
    },
    /// The stored value is not what the Rust type reads.
    #[error("Go's {found} cannot be read as this type: {reason}")]
    Mismatch {
        /// The Go type of what is stored.
        found: String,
        /// What serde says.
        reason: String,
    },
    /// A struct's field has no value under its key, and serde needs one.
    #[error("there is no such value; make the field an Option, or give it #[serde(default)]")]
    Missing,
    /// Something else than a struct was to be the view of a whole session.
    #[error(
        "only a struct with named fields, none of them #[serde(flatten)], can be the view of a session"
    )]
    NotAStruct,
    /// The value's own `Serialize` failed.
    #[error("the value cannot be serialized: {0}")]
    Serialize(String),
}

impl ValueError {
    pub(super) fn new(key: &impl ToString, kind: ValueErrorKind) -> Self {
        Self {
            key: Some(key.to_string()),
            kind,
        }
    }

    pub(super) fn keyless(kind: ValueErrorKind) -> Self {
        Self { key: None, kind }
    }

    pub(super) fn at(self, key: &impl ToString) -> Self {
        Self {
            key: Some(key.to_string()),
            ..self
        }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ValueErrorKind {
        &self.kind
    }

    /// The key of the value, if the value was reached by one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// [`ErrorClass::Client`] if what is stored does not read as the type, else [`ErrorClass::Usage`].
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self.kind {
            ValueErrorKind::Mismatch { .. } | ValueErrorKind::Missing => ErrorClass::Client,
            _ => ErrorClass::Usage,
        }
    }
}

/// Shows the key of an error before its text.
struct Of<'a>(&'a Option<String>);

impl fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(key) => write!(f, "session value {key:?}: "),
            None => Ok(()),
        }
    }
}

impl ser::Error for ValueErrorKind {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Serialize(message.to_string())
    }
}

/// Why serde could not read a value: its reason without the content, which is private.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct ReadError(pub(super) String);

impl ReadError {
    fn expected(found: &de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self(format!("found {}, expected {expected}", noun(found)))
    }
}

/// A `Deserialize` of the application's own may say anything in `custom`; serde's texts are worded
/// without the content here.
impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::expected(&found, expected)
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::expected(&found, expected)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self(format!("no such variant, expected one of {expected:?}"))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self(format!("a field too many, expected only {expected:?}"))
    }
}

/// serde's own text for these shows the value itself.
fn noun(found: &de::Unexpected<'_>) -> &'static str {
    use de::Unexpected as U;
    match found {
        U::Bool(_) => "a boolean",
        U::Unsigned(_) | U::Signed(_) => "an integer",
        U::Float(_) => "a float",
        U::Char(_) | U::Str(_) => "a string",
        U::Bytes(_) => "bytes",
        U::Unit | U::Option => "nil",
        U::Seq => "a list",
        U::Map => "a map",
        _ => "another value",
    }
}
