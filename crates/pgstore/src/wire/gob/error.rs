use thiserror::Error;

use crate::wire::ErrorClass;

/// Why bytes are no gob that this codec opens.
///
/// The answers are Go's (`encoding/gob`), with bounds added where Go has none. No variant carries
/// the content of a value: only ids and the names of types.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum GobError {
    /// The bytes end before the value does.
    #[error("the gob ends too early")]
    UnexpectedEnd,
    /// An integer claims to be longer than eight bytes.
    #[error("an integer is longer than 64 bits")]
    IntegerTooLong,
    /// A top-level type definition has something behind it in its message.
    #[error("extra data follows a type definition")]
    ExtraData,
    /// A type id that cannot be defined: below 64, beyond 2³¹−1, or there twice.
    #[error("type id {0} is out of range or defined twice")]
    BadTypeId(i64),
    /// A value refers to a type that no definition has described.
    #[error("type id {0} is not defined")]
    UndefinedType(i64),
    /// A type definition that describes no type.
    #[error("a type definition is malformed")]
    BadDefinition,
    /// A struct's field number is beyond its definition.
    #[error("a field number is out of bounds")]
    FieldNumber,
    /// A value that is no struct does not begin with its zero byte.
    #[error("a value that is no struct has a field number")]
    SingletonTag,
    /// An array has another length than its type.
    #[error("an array has another length than its type")]
    ArrayLength,
    /// A registered name is longer than 1,024 bytes.
    #[error("the name of a type is too long")]
    NameTooLong,
    /// A name of a type or of a field is not UTF-8, as all names in Go programs are.
    #[error("the name of a type or field is not UTF-8")]
    NameNotUtf8,
    /// The value is of another kind than Go's type of this name.
    #[error("the value is not of Go's type {0}")]
    WrongType(String),
    /// A number is beyond the range of Go's type.
    #[error("a number is out of the range of its Go type")]
    OutOfRange,
    /// The bytes of a `time.Time` are none that Go accepts.
    #[error("the bytes of a time.Time are malformed")]
    BadTime,
    /// A map's key is a slice or a map, on which Go panics.
    #[error("a map has a key that Go cannot hash")]
    Unhashable,
    /// Values are nested deeper than 64 levels.
    #[error("values are nested deeper than 64 levels")]
    TooDeep,
    /// Values and type definitions would take far more memory than the bytes they come from.
    #[error("the gob would expand beyond its memory budget")]
    TooLarge,
}

impl GobError {
    /// Always [`ErrorClass::Client`]: the fault lies in the bytes.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        ErrorClass::Client
    }
}
