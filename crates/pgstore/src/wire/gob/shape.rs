//! What a registered name tells about its type.
//!
//! Go registers an unnamed type under its own text, so `map[string][]int8` can be checked. A type
//! that a program defines cannot.

use super::types::{Marshaler, Type, TypeId, Types};

/// A Go type, as far as its registered name shows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// The name does not show it.
    Unknown,
    /// A type that a program defines: its name does not show its kind.
    Named(String),
    Bool,
    Int(u32),
    Uint(u32),
    Float(u32),
    Complex(u32),
    String,
    Bytes,
    Interface,
    /// An interface with methods.
    Methods,
    Time,
    /// A type with its own marshaler.
    Marshaler(Marshaler),
    Slice(Box<Shape>),
    Array(u64, Box<Shape>),
    Map(Box<Shape>, Box<Shape>),
    /// The fields by name, of a struct that the application has declared.
    Struct(Vec<(String, Shape)>),
}

/// The greatest nesting of a type's text. Deeper types are `Unknown`. Limits the parser's recursion.
const MAX_NESTING: usize = 32;

impl Shape {
    pub(crate) fn of(name: &str) -> Self {
        parse(name, MAX_NESTING).unwrap_or(Self::Unknown)
    }

    /// The shape of a value that has been encoded under the name. `Unknown` if the value is not of
    /// that shape: a program may register any type under any name, and its package `time` or
    /// `models` may define any type.
    // Go: type.go, Register and RegisterName.
    pub(crate) fn of_value(name: &str, types: &Types, ty: TypeId) -> Self {
        let shape = Self::of(name);
        if shape.accepts(types, ty) {
            shape
        } else {
            Self::Unknown
        }
    }

    /// The shape that a value under the name certainly has, in every program on gorilla/sessions.
    pub(crate) fn certain(name: &str) -> Self {
        match BASICS.contains(&name) {
            true => word(name),
            false if is_built_in(name) => Self::of(name),
            false => Self::Unknown,
        }
    }

    /// Whether the program that defines the type decides its kind.
    pub(crate) fn is_defined(&self) -> bool {
        matches!(self, Self::Unknown | Self::Named(_))
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
            (Self::Unknown | Self::Named(_), _)
            | (Self::Struct(_), Type::Struct)
            | (Self::Bool, Type::Bool)
            | (Self::Int(_), Type::Int)
            | (Self::Uint(_), Type::Uint)
            | (Self::Float(_), Type::Float)
            | (Self::Complex(_), Type::Complex)
            | (Self::String, Type::String)
            | (Self::Bytes, Type::Bytes)
            | (Self::Interface | Self::Methods, Type::Interface)
            | (Self::Time, Type::Opaque(Marshaler::Gob)) => true,
            (Self::Marshaler(marshaler), Type::Opaque(sent)) => *marshaler == sent,
            (Self::Slice(shape), Type::Slice { elem }) => shape.accepts(types, elem),
            // Go: type.go, newTypeObject: a slice of a named uint8 is bytes, too.
            (Self::Slice(shape), Type::Bytes) => shape.is_defined() || **shape == Self::Uint(8),
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

/// Whether every program on gorilla/sessions has registered the type.
// Go: type.go, registerBasics; gorilla/sessions registers `[]interface {}` in its init.
pub(crate) fn is_built_in(name: &str) -> bool {
    name == "[]interface {}" || BASICS.contains(&name.strip_prefix("[]").unwrap_or(name))
}

/// The most frequent one first.
const BASICS: [&str; 17] = [
    "string",
    "bool",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "uintptr",
    "float32",
    "float64",
    "complex64",
    "complex128",
];

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
    if let Some(pointee) = text.strip_prefix('*') {
        return parse(pointee, nesting);
    }
    if let Some(fields) = text.strip_prefix("struct {") {
        return parse_fields(fields.strip_suffix('}')?, nesting).map(Shape::Struct);
    }
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

/// Parses `ID int64; Home main.Addr`, the fields of a struct.
fn parse_fields(text: &str, nesting: usize) -> Option<Vec<(String, Shape)>> {
    let mut fields = Vec::new();
    for field in split_fields(text) {
        let field = field.trim();
        if !field.is_empty() {
            let (name, ty) = field.split_once(' ')?;
            fields.push((name.to_owned(), parse(ty.trim(), nesting)?));
        }
    }
    Some(fields)
}

/// Splits at the semicolons that are not inside braces.
fn split_fields(text: &str) -> impl Iterator<Item = &str> {
    let mut open = 0_usize;
    text.split(move |character| {
        match character {
            '{' => open += 1,
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
        character == ';' && open == 0
    })
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
        "time.Time" => Shape::Time,
        "gob.GobEncoder" => Shape::Marshaler(Marshaler::Gob),
        "encoding.BinaryMarshaler" => Shape::Marshaler(Marshaler::Binary),
        _ if text.starts_with("interface {") => Shape::Methods,
        _ if text.starts_with("func(") || text.starts_with("chan ") => Shape::Unknown,
        _ => Shape::Named(text.to_owned()),
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
        let flash = || Shape::Named("main.Flash".to_owned());
        assert_eq!(Shape::of("[]main.Flash"), Shape::Slice(Box::new(flash())));
        assert_eq!(
            Shape::of("struct { A *int8; B struct { C []main.Flash; }; D interface { M() } }"),
            Shape::Struct(vec![
                ("A".to_owned(), Shape::Int(8)),
                (
                    "B".to_owned(),
                    Shape::Struct(vec![("C".to_owned(), Shape::Slice(Box::new(flash())))])
                ),
                ("D".to_owned(), Shape::Methods),
            ])
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
