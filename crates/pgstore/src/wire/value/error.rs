use std::fmt;

use serde::{de, ser};
use thiserror::Error;

use crate::error_text::debug_as_text;
use crate::wire::error::ErrorClass;

/// Why a session value could not be written or read. It names the key, and it passes on what the
/// application's `Serialize` and `Deserialize` say. It contains the value in no other way.
///
/// What this library logs of it has neither, since keys and such messages may hold what a user entered.
///
/// ```
/// use pgstore::{ValueErrorKind, Values};
///
/// let error = Values::new().insert("user", None::<String>).unwrap_err();
/// assert_eq!(*error.kind(), ValueErrorKind::None);
/// assert_eq!(error.key(), Some("user"));
/// ```
#[derive(Clone, Error, PartialEq, Eq)]
#[error("{}{kind}", prefix(key.as_deref()))]
pub struct ValueError {
    key: Option<String>,
    kind: ValueErrorKind,
}

/// What is wrong with a value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueErrorKind {
    /// `None` cannot be stored as a value of its own.
    #[error("None cannot be stored; call remove() to remove the value")]
    None,
    /// `()`, a unit struct or null in JSON cannot be stored as a value of its own.
    #[error("a unit, such as null in JSON, cannot be stored; call remove() to remove the value")]
    Unit,
    /// The value contains a unit, and a Go program reads it.
    #[error(
        "the value contains a unit, such as null in JSON, for which Go has no type; omit it, or \
         use None"
    )]
    UnitForGo,
    /// A 128-bit integer does not fit into 64 bits.
    #[error("an integer does not fit into 64 bits; store it as a string")]
    IntegerTooLarge,
    /// The keys of a map are not strings, integers, bools or chars.
    #[error("a map has keys that are not strings, integers, bools or chars; use string keys")]
    MapKey,
    /// The keys of a map are not strings, a Go program reads the session, and there is no Go map
    /// with such keys in place.
    #[error(
        "a map has keys that are not strings, and a Go program reads the session; use string \
         keys, or name the map's Go type with go::Named"
    )]
    MapKeyForGo,
    /// Two keys of a map have the same text, such as 1 and "1".
    #[error("two keys of a map have the same text; use keys of one type")]
    MapKeyTwice,
    /// Lists, maps and structs are nested deeper than 128 levels.
    #[error("lists, maps and structs are nested deeper than 128 levels; store a flatter value")]
    TooDeep,
    /// The Go type of a key cannot hold the key, or its name is empty or too long.
    #[error("the key does not fit the Go type that is named for it")]
    BadKey,
    /// The stored value is not the list that is needed.
    #[error("the stored value is Go's {found}, not a []interface {{}}; use another key")]
    NotAList {
        /// The Go type of the stored value.
        found: String,
    },
    /// A text cannot be the registered name of a Go type: it is empty, longer than 1,024 bytes, or
    /// has control characters or surrounding spaces.
    #[error("{name:?} cannot be the registered name of a Go type; pass a name such as main.User")]
    BadGoName {
        /// The text.
        name: &'static str,
    },
    /// Go cannot match the fields of a struct: their names do not begin with a capital letter.
    #[error(
        "Go's {name} has no field of these names, since Go's begin with a capital letter; rename \
         them, for example with #[serde(rename_all = \"PascalCase\")]"
    )]
    NoGoField {
        /// The registered name of the Go type.
        name: &'static str,
    },
    /// The kind of the value differs from that of the named Go type.
    #[error("the value cannot be written as Go's {name}; name a Go type of its kind")]
    NotOfGoType {
        /// The registered name of the Go type.
        name: &'static str,
    },
    /// Values of one Rust struct have a field in different types. Go has one type for it.
    #[error(
        "the field {field} of the struct {rust_struct} has different types in this value, but in \
         Go's {name} a struct has one type for a field; wrap the field in go::Any if Go declares \
         it as interface{{}}, or give structs of different Go types different names with \
         #[serde(rename)]"
    )]
    NotOneGoType {
        /// The registered name of the Go type that contains the struct, or is it.
        name: &'static str,
        /// The name of the struct in Rust.
        rust_struct: &'static str,
        /// The field.
        field: String,
    },
    /// The value is an empty list or map, which does not show the type of its elements.
    #[error(
        "an empty list or map does not show the element type of Go's {name}; call remove() instead"
    )]
    GoTypeUnknown {
        /// The registered name of the Go type.
        name: &'static str,
    },
    /// The value needs a type that the Go program has not registered. Go would refuse the whole
    /// session.
    #[error(
        "the Go program has not registered {name} and could not read the session; add this line \
         to it, and the name to GoPeer::registered: {line}"
    )]
    Unregistered {
        /// The registered name that the Go program lacks.
        name: String,
        /// The line to add to the Go program.
        line: String,
    },
    /// Go cannot decode the value into a type that the Go program declares. Go would refuse the
    /// whole session.
    #[error("Go's {name} cannot hold the value{}: {reason}", place(field))]
    RefusedByGo {
        /// The registered name of the Go type.
        name: String,
        /// The path to the field, such as `Home.Street`. Empty for the value itself.
        field: String,
        /// The reason.
        reason: &'static str,
    },
    /// A declaration for [`GoPeer::declaring`](crate::wire::GoPeer::declaring) is no Go type.
    #[error(
        "the declaration of {name} is no Go type; pass a text such as \"struct {{ ID int64 }}\" \
         or \"int8\""
    )]
    BadGoDeclaration {
        /// The name that it is given for.
        name: String,
    },
    /// The stored value cannot be read as the Rust type.
    #[error("the stored value, Go's {found}, cannot be read as this type: {reason}")]
    Mismatch {
        /// The Go type of the stored value.
        found: String,
        /// The reason that serde gives.
        reason: String,
    },
    /// A struct needs a value for a field, and there is none under its key.
    #[error("there is no such value; make the field an Option, or add #[serde(default)] to it")]
    Missing,
    /// The view of a session is not a struct with named fields.
    #[error(
        "only a struct with named fields and without #[serde(flatten)] can be the view of a session"
    )]
    NotAStruct,
    /// The `Serialize` implementation of the value failed.
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

    /// A key that is reserved for a time gets or has a value of another type.
    pub(crate) fn no_time(key: &impl ToString, found: &str) -> Self {
        let found = found.to_owned();
        let reason = "the key is reserved for a time".to_owned();
        Self::new(key, ValueErrorKind::Mismatch { found, reason })
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

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &ValueErrorKind {
        &self.kind
    }

    /// The key of the value, if there is one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The message without the key and without what the application's types say: both may hold what a
    /// user entered.
    pub(crate) fn for_the_log(&self) -> String {
        let kind = match &self.kind {
            ValueErrorKind::Mismatch { found, .. } => {
                format!(
                    "the stored value, Go's {found}, cannot be read as the type that is asked for"
                )
            }
            ValueErrorKind::Serialize(_) => "the value cannot be serialized".to_owned(),
            kind => kind.to_string(),
        };
        format!("a session value (the error itself names its key): {kind}")
    }

    /// [`ErrorClass::Client`] if the stored value cannot be read as the type, else
    /// [`ErrorClass::Usage`].
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self.kind {
            ValueErrorKind::Mismatch { .. } | ValueErrorKind::Missing => ErrorClass::Client,
            _ => ErrorClass::Usage,
        }
    }
}

debug_as_text!(ValueError);

/// Where in a value, for an error.
fn place(field: &str) -> String {
    if field.is_empty() {
        String::new()
    } else {
        format!(" in {field}")
    }
}

/// The key of an error, in front of its message.
fn prefix(key: Option<&str>) -> String {
    key.map_or_else(String::new, |key| format!("session value {key:?}: "))
}

impl ser::Error for ValueErrorKind {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Serialize(message.to_string())
    }
}

impl ser::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::keyless(ValueErrorKind::custom(message))
    }
}

/// Why serde could not read a value. It does not contain the value, which is private.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct ReadError(pub(super) String);

impl ReadError {
    pub(super) fn not_utf8() -> Self {
        Self("it is not UTF-8".to_owned())
    }

    fn expected(found: &de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self(format!("found {}, expected {expected}", noun(found)))
    }
}

/// The messages leave out the value, unlike serde's own. Only `custom` passes on what the
/// application's `Deserialize` says.
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
        Self(format!("unknown variant, expected one of {expected:?}"))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self(format!("unknown field, expected only {expected:?}"))
    }
}

/// The kind of a value. serde's own text would show the value.
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
