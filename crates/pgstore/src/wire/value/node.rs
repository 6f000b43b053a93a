use std::fmt::{self, Write as _};

use data_encoding::HEXLOWER;

use crate::wire::gob::{
    time::Time,
    tree::{Typed, Value},
    types::{Field, Marshaler, Type, TypeId, Types},
};

use super::parts::{Entries, Fields, List};

/// One place in a value, to look at: its Go name if it is of interface type, and its [`View`].
///
/// ```
/// use pgstore::wire::{Values, View};
///
/// let mut values = Values::new();
/// values.insert("list", &(1_i64, "two"))?;
/// let View::List(list) = values.value("list").unwrap().node().view() else { panic!() };
/// let names: Vec<_> = list.iter().map(|node| node.go_type_name().unwrap()).collect();
/// assert_eq!(names, ["int64", "string"]);
/// # Ok::<(), pgstore::wire::ValueError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Node<'a> {
    types: &'a Types,
    ty: TypeId,
    name: Option<&'a str>,
    /// `None` is a struct's field that was not sent: Go's zero value.
    value: Option<&'a Value>,
    /// How many zero values are around this one.
    pub(super) zeros: u8,
}

/// What stands at a [`Node`].
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum View<'a> {
    /// Go's nil, or a nested struct that was not sent.
    Nil,
    /// `bool`.
    Bool(bool),
    /// Any signed integer.
    Int(i64),
    /// Any unsigned integer.
    Uint(u64),
    /// `float32` and `float64`.
    Float(f64),
    /// `complex64` and `complex128`: real and imaginary part.
    Complex(f64, f64),
    /// `[]byte`.
    Bytes(&'a [u8]),
    /// A string, which in Go need not be UTF-8.
    String(&'a [u8]),
    /// `time.Time`.
    Time(Time),
    /// What a type with a marshaler of its own wrote.
    Opaque(&'a [u8]),
    /// A slice or an array.
    List(List<'a>),
    /// A map.
    Map(Entries<'a>),
    /// A struct.
    Struct(Fields<'a>),
}

impl Typed {
    /// The value, to look into.
    #[must_use]
    pub fn node(&self) -> Node<'_> {
        Node::of(self)
    }
}

impl<'a> Node<'a> {
    pub(super) fn of(typed: &'a Typed) -> Self {
        let Typed {
            name,
            ty,
            types,
            value,
        } = typed;
        let name = (!name.is_empty()).then_some(name.as_ref());
        Self {
            types,
            ty: *ty,
            name,
            value: Some(value),
            zeros: 0,
        }
        .resolved()
    }

    /// The registered name of its type, if it is a value of interface type.
    #[must_use]
    pub fn go_type_name(self) -> Option<&'a str> {
        self.name
    }

    /// Whether the value was on the wire; a struct's zero fields are not.
    #[must_use]
    pub fn is_sent(self) -> bool {
        self.value.is_some()
    }

    /// What stands here.
    #[must_use]
    pub fn view(self) -> View<'a> {
        match self.value {
            None => self.zero(),
            Some(Value::Bool(value)) => View::Bool(*value),
            Some(Value::Int(value)) => View::Int(*value),
            Some(Value::Uint(value)) => View::Uint(*value),
            Some(Value::Float(value)) => View::Float(*value),
            Some(Value::Complex(re, im)) => View::Complex(*re, *im),
            Some(Value::Bytes(value)) => View::Bytes(value),
            Some(Value::String(value)) => View::String(value),
            Some(Value::Opaque(value)) => self.opaque(value),
            Some(Value::Slice(items) | Value::Array(items)) => {
                View::List(List { node: self, items })
            }
            Some(Value::Map(pairs)) => View::Map(Entries { node: self, pairs }),
            Some(Value::Struct(fields)) => View::Struct(Fields { node: self, fields }),
            Some(Value::Interface(_)) => View::Nil,
        }
    }

    /// The text of a value that is a key or a scalar; of others Go's `fmt` form, about.
    #[must_use]
    pub fn text(self) -> String {
        match self.view() {
            View::Nil => "<nil>".to_owned(),
            View::Bool(value) => value.to_string(),
            View::Int(value) => value.to_string(),
            View::Uint(value) => value.to_string(),
            View::Float(value) => value.to_string(),
            View::Complex(re, im) => format!("({re}{im:+}i)"),
            View::String(value) => String::from_utf8_lossy(value).into_owned(),
            View::Bytes(value) | View::Opaque(value) => HEXLOWER.encode(value),
            View::Time(time) => time.to_string(),
            View::List(list) => joined("[", list.iter(), "]"),
            View::Map(map) => joined(
                "map[",
                map.iter().flat_map(|(key, value)| [key, value]),
                "]",
            ),
            View::Struct(fields) => joined("{", fields.sent(), "}"),
        }
    }

    /// The value of interface type that this is, as a node of its own.
    fn resolved(self) -> Self {
        match self.value {
            Some(Value::Interface(Some(typed))) => Self {
                zeros: self.zeros,
                ..Self::of(typed)
            },
            _ => self,
        }
    }

    pub(super) fn at(self, ty: TypeId, value: Option<&'a Value>) -> Self {
        let zeros = self.zeros + u8::from(value.is_none());
        Self {
            types: self.types,
            ty,
            name: None,
            value,
            zeros,
        }
        .resolved()
    }

    /// The fields of its type, if that is a struct.
    pub(super) fn declared(self) -> &'a [Field] {
        self.types.fields(self.ty)
    }

    pub(super) fn elem(self) -> TypeId {
        match self.types.resolve(self.ty) {
            Some(Type::Array { elem, .. } | Type::Slice { elem } | Type::Map { elem, .. }) => elem,
            _ => TypeId::INTERFACE,
        }
    }

    pub(super) fn key(self) -> TypeId {
        match self.types.resolve(self.ty) {
            Some(Type::Map { key, .. }) => key,
            _ => TypeId::INTERFACE,
        }
    }

    /// Go's zero value. A nested struct or array that was not sent was a nil pointer.
    fn zero(self) -> View<'a> {
        match self.types.resolve(self.ty) {
            Some(Type::Bool) => View::Bool(false),
            Some(Type::Int) => View::Int(0),
            Some(Type::Uint) => View::Uint(0),
            Some(Type::Float) => View::Float(0.0),
            Some(Type::Complex) => View::Complex(0.0, 0.0),
            Some(Type::Bytes) => View::Bytes(&[]),
            Some(Type::String) => View::String(&[]),
            Some(Type::Opaque(_)) if self.is_time() => View::Time(Time::ZERO),
            Some(Type::Opaque(_)) => View::Opaque(&[]),
            Some(Type::Slice { .. }) => View::List(List {
                node: self,
                items: &[],
            }),
            Some(Type::Map { .. }) => View::Map(Entries {
                node: self,
                pairs: &[],
            }),
            Some(Type::Array { .. } | Type::Struct | Type::Interface) | None => View::Nil,
        }
    }

    /// A struct that was not sent, as a struct of zeros.
    pub(super) fn zero_struct(self) -> Option<Fields<'a>> {
        let is_struct = self.value.is_none() && self.types.resolve(self.ty) == Some(Type::Struct);
        is_struct.then_some(Fields {
            node: self,
            fields: &[],
        })
    }

    fn opaque(self, bytes: &'a [u8]) -> View<'a> {
        let time = if self.is_time() {
            Time::from_bytes(bytes)
        } else {
            None
        };
        time.map_or(View::Opaque(bytes), View::Time)
    }

    fn is_time(self) -> bool {
        is_time(self.types, self.ty, self.name)
    }
}

/// Whether a type is `time.Time`: by its registered name, or within other types by the
/// definition, where Go writes the name without the package.
pub(super) fn is_time(types: &Types, ty: TypeId, name: Option<&str>) -> bool {
    match (types.resolve(ty), name) {
        (Some(Type::Opaque(Marshaler::Gob)), Some(name)) => {
            matches!(name, "time.Time" | "*time.Time")
        }
        (Some(Type::Opaque(Marshaler::Gob)), None) => types
            .definition(ty)
            .is_some_and(|definition| definition.name == "Time"),
        _ => false,
    }
}

fn joined<'a>(open: &str, nodes: impl Iterator<Item = Node<'a>>, close: &str) -> String {
    let mut text = open.to_owned();
    for (nth, node) in nodes.enumerate() {
        let space = if nth > 0 { " " } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{space}{}", node.text());
    }
    text + close
}

/// Debug output without the content, which is private.
macro_rules! private {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
private!(Node, View, List, Entries, Fields);
