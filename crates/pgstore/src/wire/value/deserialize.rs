//! Reading through serde.

use serde::{
    de::{
        self, DeserializeOwned, DeserializeSeed, Deserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};

use crate::wire::gob::{Typed, limits::MAX_LEVELS, time::Time};

use super::{
    ValueError, ValueErrorKind,
    error::ReadError,
    node::{Entries, Fields, List, Node, View},
    node_key::KeyText,
};

type Result<T> = std::result::Result<T, ReadError>;

impl Typed {
    /// Reads the value; see [`Values::get`](super::Values::get).
    ///
    /// # Errors
    ///
    /// The value does not read as a `T`.
    pub fn read<T: DeserializeOwned>(&self) -> std::result::Result<T, ValueError> {
        T::deserialize(Reading(self.node())).map_err(|ReadError(reason)| {
            let found = self.go_type_name().to_owned();
            ValueError::keyless(ValueErrorKind::Mismatch { found, reason })
        })
    }
}

/// A node as serde's deserializer; a type of its own, so that `Node`'s users see no serde.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a>(pub(super) Node<'a>);

impl<'de> Deserializer<'de> for Reading<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.view() {
            View::Nil => visitor.visit_unit(),
            View::Bool(value) => visitor.visit_bool(value),
            View::Int(value) => visitor.visit_i64(value),
            View::Uint(value) => visitor.visit_u64(value),
            View::Float(value) => visitor.visit_f64(value),
            View::Complex(re, im) => visitor.visit_seq(SeqDeserializer::new([re, im].into_iter())),
            View::Bytes(bytes) | View::Opaque(bytes) => visit_numbers(bytes, visitor),
            View::String(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => visitor.visit_borrowed_str(text),
                Err(_) => visit_numbers(bytes, visitor),
            },
            View::Time(time) => visitor.visit_string(time.to_string()),
            View::List(list) => visit_list(list, visitor),
            View::Map(map) => visit_map(map, visitor),
            View::Struct(fields) => visit_fields(fields, None, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.view() {
            View::Nil => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let (View::String(bytes) | View::Bytes(bytes)) = self.0.view() else {
            return self.deserialize_any(visitor);
        };
        let text = std::str::from_utf8(bytes);
        visitor.visit_borrowed_str(text.map_err(|_| ReadError("it is not UTF-8".to_owned()))?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.view() {
            View::Bytes(bytes) | View::String(bytes) | View::Opaque(bytes) => {
                visitor.visit_borrowed_bytes(bytes)
            }
            View::List(list) => match bytes_of(list) {
                Some(bytes) => visitor.visit_byte_buf(bytes),
                None => self.deserialize_any(visitor),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.view() {
            View::String(bytes) => visit_numbers(bytes, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.0.zero_struct() {
            Some(fields) => visit_fields(fields, Some(&[]), visitor),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        wanted: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.0.view() {
            View::Time(time) if name == "SystemTime" => visit_system_time(time, visitor),
            View::Struct(fields) => visit_fields(fields, Some(wanted), visitor),
            _ => match self.0.zero_struct() {
                Some(fields) => visit_fields(fields, Some(wanted), visitor),
                None => self.deserialize_any(visitor),
            },
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.0.view() {
            View::Map(map) if map.len() == 1 => {
                let (variant, content) = map.iter().next().ok_or_else(no_variant)?;
                visitor.visit_enum(Variant {
                    variant: variant.text(),
                    content: Some(content),
                })
            }
            View::String(_) => visitor.visit_enum(Variant {
                variant: self.0.text(),
                content: None,
            }),
            _ => Err(no_variant()),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 unit unit_struct identifier
    }
}

impl<'de> de::IntoDeserializer<'de, ReadError> for Reading<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn no_variant() -> ReadError {
    ReadError("an enum is read from a string or from a map of one entry".to_owned())
}

fn visit_numbers<'de, V: Visitor<'de>>(bytes: &[u8], visitor: V) -> Result<V::Value> {
    visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied()))
}

fn visit_list<'de, V: Visitor<'de>>(list: List<'de>, visitor: V) -> Result<V::Value> {
    let mut items = SeqDeserializer::new(list.iter().map(Reading));
    let value = visitor.visit_seq(&mut items)?;
    items.end().map(|()| value)
}

fn visit_map<'de, V: Visitor<'de>>(map: Entries<'de>, visitor: V) -> Result<V::Value> {
    let entries = map
        .iter()
        .map(|(key, value)| (KeyText(key), Reading(value)));
    visitor.visit_map(MapDeserializer::new(entries))
}

/// A struct's fields by name. A field of Go's type that was not sent reads as Go's zero; one that
/// Go's type does not have is missing, as serde understands it.
fn visit_fields<'de, V: Visitor<'de>>(
    fields: Fields<'de>,
    wanted: Option<&'static [&'static str]>,
    visitor: V,
) -> Result<V::Value> {
    let is_wanted = |name: &str| wanted.is_none_or(|wanted| wanted.contains(&name));
    let fields = fields
        .iter()
        .filter(|(name, field)| field.is_sent() || is_wanted(name));
    let mut fields = fields.peekable();
    // Only a type that contains itself without an Option or a list could get here for ever.
    match fields.peek() {
        Some((_, field)) if usize::from(field.zeros) > MAX_LEVELS => Err(ReadError(
            "zero values are nested deeper than 64 levels".to_owned(),
        )),
        _ => visitor.visit_map(MapDeserializer::new(
            fields.map(|(name, node)| (name, Reading(node))),
        )),
    }
}

/// serde's own form of `std::time::SystemTime`.
fn visit_system_time<'de, V: Visitor<'de>>(time: Time, visitor: V) -> Result<V::Value> {
    let seconds = u64::try_from(time.unix_seconds());
    let seconds = seconds.map_err(|_| ReadError("the time is before 1970".to_owned()))?;
    let nanos = u64::from(time.nanoseconds());
    let fields = [("secs_since_epoch", seconds), ("nanos_since_epoch", nanos)];
    visitor.visit_map(MapDeserializer::new(fields.into_iter()))
}

/// The bytes that a list of small numbers is, such as Go's `[4]byte`.
fn bytes_of(list: List<'_>) -> Option<Vec<u8>> {
    let bytes = list.iter().map(|node| match node.view() {
        View::Uint(value) => u8::try_from(value).ok(),
        _ => None,
    });
    bytes.collect()
}

/// An enum's variant, alone or with its content.
struct Variant<'de> {
    variant: String,
    content: Option<Node<'de>>,
}

impl<'de> de::EnumAccess<'de> for Variant<'de> {
    type Error = ReadError;
    type Variant = Content<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'de>)> {
        let variant = seed.deserialize(StringDeserializer::new(self.variant))?;
        Ok((variant, Content(self.content)))
    }
}

struct Content<'de>(Option<Node<'de>>);

impl<'de> Content<'de> {
    fn reading(self) -> Result<Reading<'de>> {
        self.0
            .map(Reading)
            .ok_or_else(|| ReadError("the enum's variant lacks its content".to_owned()))
    }
}

impl<'de> de::VariantAccess<'de> for Content<'de> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<()> {
        match self.0.map(Node::view) {
            None | Some(View::Nil) => Ok(()),
            _ => Err(ReadError(
                "the enum's variant has no content in Rust".to_owned(),
            )),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self.reading()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        self.reading()?.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.reading()?.deserialize_struct("", fields, visitor)
    }
}
