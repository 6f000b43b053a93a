use thiserror::Error;

use crate::error_text::debug_as_text;
use crate::wire::error::ErrorClass;

/// Why a gob cannot be decoded.
///
/// Go's `encoding/gob` fails in the same cases, except for the limits that this codec adds. No
/// variant contains a value: only IDs and names of types.
#[derive(Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum GobError {
    /// The bytes end before the value ends.
    #[error("the gob ends too early")]
    UnexpectedEnd,
    /// The encoded length of an integer is more than eight bytes.
    #[error("an integer is longer than 64 bits")]
    IntegerTooLong,
    /// The message of a type definition has more bytes after the definition.
    #[error("extra data follows a type definition")]
    ExtraData,
    /// A type ID cannot be defined: it is below 64, above 2³¹−1, or defined twice.
    #[error("type ID {0} is out of range or defined twice")]
    BadTypeId(i64),
    /// A value refers to a type that is not defined.
    #[error("type ID {0} is not defined")]
    UndefinedType(i64),
    /// A type definition does not define a type.
    #[error("a type definition is malformed")]
    BadDefinition,
    /// A field number is greater than the number of fields in the struct's definition.
    #[error("a field number is out of range")]
    FieldNumber,
    /// A value that is not a struct does not begin with a zero byte.
    #[error("a value that is not a struct has a field number")]
    SingletonTag,
    /// The length of an array differs from that in its type.
    #[error("the length of an array differs from its type")]
    ArrayLength,
    /// A registered name is longer than 1,024 bytes.
    #[error("the name of a type is longer than 1,024 bytes")]
    NameTooLong,
    /// The name of a type or field is not UTF-8. All names in Go source are.
    #[error("the name of a type or field is not UTF-8")]
    NameNotUtf8,
    /// The kind of the value differs from that of the Go type with this name.
    #[error("the value is not of the Go type {0}")]
    WrongType(String),
    /// A number is out of the range of its Go type.
    #[error("a number is out of the range of its Go type")]
    OutOfRange,
    /// Go does not accept the bytes of a `time.Time`.
    #[error("the bytes of a time.Time are malformed")]
    BadTime,
    /// The key of a map is a slice or a map, which makes Go panic.
    #[error("a map has a key that Go cannot hash")]
    Unhashable,
    /// Values are nested deeper than 128 levels.
    #[error("values are nested deeper than 128 levels")]
    TooDeep,
    /// The decoded values would take more than 64 bytes of memory per byte of the gob.
    #[error("the decoded gob would need too much memory")]
    TooLarge,
}

impl GobError {
    /// Always [`ErrorClass::Client`]: the stored bytes are wrong.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        ErrorClass::Client
    }
}

debug_as_text!(GobError);
