use std::fmt::{self, Write as _};

use data_encoding::HEXLOWER;

use crate::wire::gob::{
    time::Time,
    types::{Field, Type, TypeId, Types},
    value::{GoValue, Value},
};

/// A place in a value, for inspection. It has a [`View`] and, if it is of interface type, a Go name.
///
/// ```
/// use pgstore::Values;
/// use pgstore::wire::View;
///
/// let mut values = Values::new();
/// values.insert("list", (1_i64, "two"))?;
/// let View::List(list) = values.value("list").unwrap().node().view() else { panic!("a list") };
/// let names: Vec<_> = list.iter().map(|node| node.go_type_name().unwrap()).collect();
/// assert_eq!(names, ["int64", "string"]);
/// # Ok::<(), pgstore::ValueError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Node<'a> {
    types: &'a Types,
    ty: TypeId,
    name: Option<&'a str>,
    /// `None` for a struct field that was not sent: it has Go's zero value.
    value: Option<&'a Value>,
    /// How many unsent structs are around this value.
    zeros: u8,
}

/// The value at a [`Node`].
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
    /// `complex64` and `complex128`: the real and the imaginary part.
    Complex(f64, f64),
    /// `[]byte`.
    Bytes(&'a [u8]),
    /// A string. In Go it may be invalid UTF-8.
    String(&'a [u8]),
    /// `time.Time`.
    Time(Time),
    /// The bytes that a type with its own marshaler wrote.
    Opaque(&'a [u8]),
    /// A slice or an array.
    List(List<'a>),
    /// A map.
    Map(Entries<'a>),
    /// A struct.
    Struct(Fields<'a>),
}

impl GoValue {
    /// The value, for inspection.
    ///
    /// ```
    /// use pgstore::Values;
    /// use pgstore::wire::View;
    ///
    /// let mut values = Values::new();
    /// values.insert("visits", 7_i64)?;
    /// let node = values.value("visits").unwrap().node();
    /// assert!(matches!(node.view(), View::Int(7)));
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    #[must_use]
    pub fn node(&self) -> Node<'_> {
        Node::of(self)
    }
}

impl<'a> Node<'a> {
    pub(super) fn of(value: &'a GoValue) -> Self {
        let GoValue {
            name,
            ty,
            types,
            value,
        } = value;
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

    /// The registered name of the type, if this is a value of interface type.
    #[must_use]
    pub fn go_type_name(self) -> Option<&'a str> {
        self.name
    }

    /// Whether the value was sent. Zero fields of structs are not sent.
    #[must_use]
    pub fn is_sent(self) -> bool {
        self.value.is_some()
    }

    /// The value at this place.
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

    /// The text of a scalar or key. Of other values, a text similar to that of Go's `fmt`.
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

    /// If this is a value of interface type, the value in it.
    fn resolved(self) -> Self {
        match self.value {
            Some(Value::Interface(Some(typed))) => Self {
                zeros: self.zeros,
                ..Self::of(typed)
            },
            _ => self,
        }
    }

    /// How many unsent structs are around this value.
    pub(super) fn zeros(self) -> usize {
        self.zeros.into()
    }

    fn at(self, ty: TypeId, value: Option<&'a Value>) -> Self {
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

    /// The fields of the type, if it is a struct.
    fn declared(self) -> &'a [Field] {
        self.types.fields(self.ty)
    }

    fn elem(self) -> TypeId {
        match self.types.resolve(self.ty) {
            Some(Type::Array { elem, .. } | Type::Slice { elem } | Type::Map { elem, .. }) => elem,
            _ => TypeId::INTERFACE,
        }
    }

    fn key(self) -> TypeId {
        match self.types.resolve(self.ty) {
            Some(Type::Map { key, .. }) => key,
            _ => TypeId::INTERFACE,
        }
    }

    /// Go's zero value. A nested struct or array is only omitted if it was a nil pointer.
    fn zero(self) -> View<'a> {
        match self.types.resolve(self.ty) {
            Some(Type::Bool) => View::Bool(false),
            Some(Type::Int) => View::Int(0),
            Some(Type::Uint) => View::Uint(0),
            Some(Type::Float) => View::Float(0.0),
            Some(Type::Complex) => View::Complex(0.0, 0.0),
            Some(Type::Bytes) => View::Bytes(&[]),
            Some(Type::String) => View::String(&[]),
            Some(Type::Opaque(_)) if self.may_be_time() => View::Time(Time::ZERO),
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

    /// A struct of zeros, if this is a struct that was not sent.
    pub(super) fn zero_struct(self) -> Option<Fields<'a>> {
        let is_struct = self.value.is_none() && self.types.resolve(self.ty) == Some(Type::Struct);
        is_struct.then_some(Fields {
            node: self,
            fields: &[],
        })
    }

    fn opaque(self, bytes: &'a [u8]) -> View<'a> {
        let time = if self.may_be_time() {
            Time::from_bytes(bytes)
        } else {
            None
        };
        time.map_or(View::Opaque(bytes), View::Time)
    }

    fn may_be_time(self) -> bool {
        self.types.may_be_time(self.ty, self.name)
    }
}

/// The elements of a slice or an array.
#[derive(Clone, Copy)]
pub struct List<'a> {
    node: Node<'a>,
    items: &'a [Value],
}

impl<'a> List<'a> {
    /// How many elements there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.items.len()
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.items.is_empty()
    }

    /// The elements, in order.
    pub fn iter(self) -> impl Iterator<Item = Node<'a>> {
        let elem = self.node.elem();
        self.items
            .iter()
            .map(move |item| self.node.at(elem, Some(item)))
    }

    /// The bytes of a list of small numbers, such as Go's `[4]byte`.
    pub(super) fn to_bytes(self) -> Option<Vec<u8>> {
        let bytes = self.iter().map(|node| match node.view() {
            View::Uint(value) => u8::try_from(value).ok(),
            _ => None,
        });
        bytes.collect()
    }
}

/// The entries of a map.
#[derive(Clone, Copy)]
pub struct Entries<'a> {
    node: Node<'a>,
    pairs: &'a [(Value, Value)],
}

impl<'a> Entries<'a> {
    /// How many entries there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.pairs.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.pairs.is_empty()
    }

    /// The keys and values, in the order in which they were encoded.
    pub fn iter(self) -> impl Iterator<Item = (Node<'a>, Node<'a>)> {
        let (key_type, elem) = (self.node.key(), self.node.elem());
        self.pairs.iter().map(move |(key, value)| {
            (
                self.node.at(key_type, Some(key)),
                self.node.at(elem, Some(value)),
            )
        })
    }
}

/// The fields of a struct: all fields of its type, whether they were sent or not.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    node: Node<'a>,
    fields: &'a [(usize, Value)],
}

impl<'a> Fields<'a> {
    /// How many fields the type has.
    #[must_use]
    pub fn len(self) -> usize {
        self.node.declared().len()
    }

    /// Whether the type has no fields.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// How many fields were not sent.
    pub(super) fn zeros(self) -> usize {
        self.len().saturating_sub(self.fields.len())
    }

    fn sent(self) -> impl Iterator<Item = Node<'a>> {
        let types = self.node.declared();
        self.fields
            .iter()
            .map(move |(number, value)| self.node.at(types[*number].ty, Some(value)))
    }

    /// The names and values, in the order of the type.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        let mut sent = self.fields.iter().peekable();
        let fields = self.node.declared().iter().enumerate();
        fields.map(move |(number, field)| {
            let value = sent
                .next_if(|(sent, _)| *sent == number)
                .map(|(_, value)| value);
            (field.name.as_str(), self.node.at(field.ty, value))
        })
    }
}

fn joined<'a>(open: &str, nodes: impl Iterator<Item = Node<'a>>, close: &str) -> String {
    let mut text = open.to_owned();
    for (nth, node) in nodes.enumerate() {
        let space = if nth > 0 { " " } else { "" };
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{space}{}", node.text());
    }
    text + close
}

/// Implements `Debug` without the content, which is private.
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
