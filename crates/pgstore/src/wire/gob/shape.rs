//! What a registered name tells about its type.
//!
//! Go registers an unnamed type under its own text, so `map[string][]int8` can be checked. A type
//! that a program defines cannot.

use super::types::{Marshaler, Type, TypeId, Types};

/// A Go type, as far as its registered name shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// A type that a program defines: the name does not show its kind.
    Unknown,
    Bool,
    Int(u32),
    Uint(u32),
    Float(u32),
    Complex(u32),
    String,
    Bytes,
    Interface,
    Time,
    Slice(Box<Shape>),
    Array(u64, Box<Shape>),
    Map(Box<Shape>, Box<Shape>),
}

/// The greatest nesting of a type's text. Deeper types are `Unknown`. Limits the parser's recursion.
const MAX_NESTING: usize = 32;

impl Shape {
    pub(crate) fn of(name: &str) -> Self {
        parse(name, MAX_NESTING).unwrap_or(Self::Unknown)
    }

    /// The shape of the elements of a list or map.
    pub(crate) fn elem(&self) -> &Self {
        match self {
            Self::Slice(elem) | Self::Array(_, elem) | Self::Map(_, elem) => elem,
            _ => &Self::Unknown,
        }
    }

    /// The shape of the keys of a map.
    pub(crate) fn key(&self) -> &Self {
        match self {
            Self::Map(key, _) => key,
            _ => &Self::Unknown,
        }
    }

    /// Whether Go reads values of the encoded type as this type.
    // Go: decode.go, compatibleType.
    pub(crate) fn accepts(&self, types: &Types, ty: TypeId) -> bool {
        let Some(ty) = types.resolve(ty) else {
            return false;
        };
        match (self, ty) {
            (Self::Unknown, _)
            | (Self::Bool, Type::Bool)
            | (Self::Int(_), Type::Int)
            | (Self::Uint(_), Type::Uint)
            | (Self::Float(_), Type::Float)
            | (Self::Complex(_), Type::Complex)
            | (Self::String, Type::String)
            | (Self::Bytes, Type::Bytes)
            | (Self::Interface, Type::Interface)
            | (Self::Time, Type::Opaque(Marshaler::Gob)) => true,
            (Self::Slice(shape), Type::Slice { elem }) => shape.accepts(types, elem),
            // Go: type.go, newTypeObject: a slice of a named uint8 is bytes, too.
            (Self::Slice(shape), Type::Bytes) => **shape == Self::Unknown,
            (Self::Array(length, shape), Type::Array { elem, len }) => {
                *length == len && shape.accepts(types, elem)
            }
            (Self::Map(key_shape, shape), Type::Map { key, elem }) => {
                key_shape.accepts(types, key) && shape.accepts(types, elem)
            }
            _ => false,
        }
    }

    /// Whether the type can hold a signed integer.
    pub(crate) fn holds_int(&self, value: i64) -> bool {
        match self {
            Self::Int(bits) => value >> (bits - 1) == 0 || value >> (bits - 1) == -1,
            _ => true,
        }
    }

    /// Whether the type can hold an unsigned integer.
    pub(crate) fn holds_uint(&self, value: u64) -> bool {
        match self {
            Self::Uint(bits) => *bits == 64 || value >> bits == 0,
            _ => true,
        }
    }

    /// Whether the type can hold a float. A float32 takes infinities, NaN and a loss of precision.
    // Go: decode.go, float32FromBits.
    pub(crate) fn holds_float(&self, value: f64) -> bool {
        match self {
            Self::Float(32) | Self::Complex(64) => {
                !(value.is_finite() && value.abs() > f64::from(f32::MAX))
            }
            _ => true,
        }
    }
}

/// The name of a type without its package, as gob's definitions have it. Slices and maps have none.
pub(crate) fn type_name(registered: &str) -> &str {
    let ty = registered.strip_prefix('*').unwrap_or(registered);
    match path_and_type(ty) {
        _ if is_unnamed(ty) => "",
        Some((_, ty)) => ty,
        None => ty,
    }
}

/// Splits `import/path.Type` or `import/path.Type[parameters]`.
pub(crate) fn path_and_type(name: &str) -> Option<(&str, &str)> {
    let plain = name.split('[').next()?;
    let dot = plain.rfind('.')?;
    Some((&name[..dot], &name[dot + 1..]))
}

/// Whether it is a slice, array or map, which Go registers under its own text.
pub(crate) fn is_unnamed(ty: &str) -> bool {
    ty.starts_with('[') || ty.starts_with("map[")
}

fn parse(text: &str, nesting: usize) -> Option<Shape> {
    let nesting = nesting.checked_sub(1)?;
    let part = |text| parse(text, nesting).map(Box::new);
    if let Some(elem) = text.strip_prefix("[]") {
        return match parse(elem, nesting)? {
            Shape::Uint(8) => Some(Shape::Bytes),
            elem => Some(Shape::Slice(Box::new(elem))),
        };
    }
    if let Some(rest) = text.strip_prefix("map[") {
        let (key, elem) = split_key(rest)?;
        return Some(Shape::Map(part(key)?, part(elem)?));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (length, elem) = rest.split_once(']')?;
        return Some(Shape::Array(length.parse().ok()?, part(elem)?));
    }
    Some(word(text))
}

/// Splits `key]elem` at the bracket that closes the key's type.
fn split_key(text: &str) -> Option<(&str, &str)> {
    let mut open = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => open += 1,
            b']' if open == 0 => return Some((&text[..at], &text[at + 1..])),
            b']' => open -= 1,
            _ => {}
        }
    }
    None
}

fn word(text: &str) -> Shape {
    match text {
        "bool" => Shape::Bool,
        "int" | "int64" | "time.Duration" => Shape::Int(64),
        "int8" => Shape::Int(8),
        "int16" => Shape::Int(16),
        "int32" => Shape::Int(32),
        "uint" | "uint64" | "uintptr" => Shape::Uint(64),
        "uint8" => Shape::Uint(8),
        "uint16" => Shape::Uint(16),
        "uint32" => Shape::Uint(32),
        "float32" => Shape::Float(32),
        "float64" => Shape::Float(64),
        "complex64" => Shape::Complex(64),
        "complex128" => Shape::Complex(128),
        "string" => Shape::String,
        "interface {}" => Shape::Interface,
        "time.Time" | "*time.Time" => Shape::Time,
        _ => Shape::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::Shape;

    #[test]
    fn names_of_unnamed_types_are_understood() {
        let string = || Box::new(Shape::String);
        assert_eq!(Shape::of("[]uint8"), Shape::Bytes);
        assert_eq!(
            Shape::of("[3]int8"),
            Shape::Array(3, Box::new(Shape::Int(8)))
        );
        assert_eq!(
            Shape::of("map[[2]string][]string"),
            Shape::Map(
                Box::new(Shape::Array(2, string())),
                Box::new(Shape::Slice(string()))
            )
        );
        assert_eq!(
            Shape::of("[]main.Flash"),
            Shape::Slice(Box::new(Shape::Unknown))
        );
        assert_eq!(Shape::of("[x]int"), Shape::Unknown);
        assert_eq!(Shape::of(&"[]".repeat(500)), Shape::Unknown);
    }

    #[test]
    fn numbers_are_held_to_their_types() {
        assert!(Shape::Int(8).holds_int(-128) && !Shape::Int(8).holds_int(128));
        assert!(Shape::Int(64).holds_int(i64::MIN) && Shape::Int(64).holds_int(i64::MAX));
        assert!(Shape::Uint(16).holds_uint(65_535) && !Shape::Uint(16).holds_uint(65_536));
        assert!(Shape::Uint(64).holds_uint(u64::MAX));
        assert!(Shape::Float(32).holds_float(f64::INFINITY) && !Shape::Float(32).holds_float(1e39));
    }
}
