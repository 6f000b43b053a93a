//! The deserializer: reads a Go value as the Rust type that serde asks for.

use std::{cell::Cell, marker::PhantomData};

use serde::{
    de::{
        self, DeserializeOwned, DeserializeSeed, Deserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};

use crate::wire::gob::{
    limits::{MAX_ZERO_FIELDS, MAX_ZERO_LEVELS},
    time::Time,
    value::GoValue,
};

use super::{
    error::{ReadError, ValueError, ValueErrorKind},
    go,
    key::Key,
    map_key::MapKeyDeserializer,
    view::{Entries, Fields, List, Node, View},
};

impl GoValue {
    /// Reads the value. An error names its key.
    pub(crate) fn read_at<T: DeserializeOwned>(&self, key: &Key) -> Result<T, ValueError> {
        self.read().map_err(|error| error.at(key))
    }

    /// Reads the value as a Rust type, as [`Values::get`](super::Values::get) does.
    ///
    /// ```
    /// use pgstore::Values;
    ///
    /// let mut values = Values::new();
    /// values.insert("tags", ["a", "b"])?;
    /// let tags: Vec<String> = values.value("tags").unwrap().read()?;
    /// assert_eq!(tags, ["a", "b"]);
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The value cannot be read as a `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        self.read_with(PhantomData::<T>)
    }

    /// Reads the value with a seed of serde.
    pub(super) fn read_with<'de, S: DeserializeSeed<'de>>(
        &'de self,
        seed: S,
    ) -> Result<S::Value, ValueError> {
        let zeros = Cell::new(MAX_ZERO_FIELDS);
        let reading = GoDeserializer {
            node: self.node(),
            zeros: &zeros,
        };
        seed.deserialize(reading).map_err(|ReadError(reason)| {
            let found = self.go_type_name().to_owned();
            ValueError::keyless(ValueErrorKind::Mismatch { found, reason })
        })
    }
}

/// Deserializes one node.
#[derive(Clone, Copy)]
struct GoDeserializer<'de, 'b> {
    node: Node<'de>,
    /// How many more unsent fields may be filled with zeros.
    zeros: &'b Cell<usize>,
}

impl<'de> Deserializer<'de> for GoDeserializer<'de, '_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.view() {
            View::Nil => visitor.visit_unit(),
            View::Bool(value) => visitor.visit_bool(value),
            View::Int(value) => visitor.visit_i64(value),
            View::Uint(value) => visitor.visit_u64(value),
            View::Float(value) => visitor.visit_f64(value),
            View::Complex(re, im) => visit_all([re, im].into_iter(), visitor),
            View::Bytes(bytes) | View::Opaque(bytes) => visit_numbers(bytes, visitor),
            View::String(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => visitor.visit_borrowed_str(text),
                Err(_) => visit_numbers(bytes, visitor),
            },
            View::Time(time) => visitor.visit_string(time.to_string()),
            View::List(list) => self.list(list, visitor),
            View::Map(map) => self.map(map, visitor),
            View::Struct(fields) => self.fields(fields, None, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.view() {
            View::Nil => visitor.visit_none(),
            // A time or a value with its own marshaler that was not sent is zero or a nil pointer.
            View::Time(_) | View::Opaque(_) if !self.node.is_sent() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let (View::String(bytes) | View::Bytes(bytes)) = self.node.view() else {
            return self.deserialize_any(visitor);
        };
        let text = std::str::from_utf8(bytes);
        visitor.visit_borrowed_str(text.map_err(|_| ReadError::not_utf8())?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.view() {
            View::Bytes(bytes) | View::String(bytes) | View::Opaque(bytes) => {
                visitor.visit_borrowed_bytes(bytes)
            }
            View::List(list) => match list.to_bytes() {
                Some(bytes) => visitor.visit_byte_buf(bytes),
                None => self.deserialize_any(visitor),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.view() {
            View::String(bytes) => visit_numbers(bytes, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.zero_struct() {
            Some(fields) => self.fields(fields, Some(&[]), visitor),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        wanted: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.node.view() {
            View::Time(time) if name == "SystemTime" => visit_system_time(time, visitor),
            View::Opaque(bytes) if name == "SystemTime" => {
                visit_system_time(time_of(bytes)?, visitor)
            }
            View::Struct(fields) => self.fields(fields, Some(wanted), visitor),
            _ => match self.node.zero_struct() {
                Some(fields) => self.fields(fields, Some(wanted), visitor),
                None => self.deserialize_any(visitor),
            },
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.node.view() {
            View::Opaque(bytes) if name == go::TIME => {
                let text = time_of(bytes)?.to_string();
                visitor.visit_newtype_struct(StringDeserializer::new(text))
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.node.view() {
            View::Map(map) if map.len() == 1 => {
                let (variant, content) = map.iter().next().ok_or_else(no_variant)?;
                let content = Some(self.at(content));
                visitor.visit_enum(EnumDeserializer {
                    variant: variant.text(),
                    content,
                })
            }
            View::String(_) => visitor.visit_enum(EnumDeserializer {
                variant: self.node.text(),
                content: None,
            }),
            _ => Err(no_variant()),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 unit unit_struct identifier
    }
}

impl<'de> de::IntoDeserializer<'de, ReadError> for GoDeserializer<'de, '_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> GoDeserializer<'de, '_> {
    fn at(self, node: Node<'de>) -> Self {
        Self { node, ..self }
    }

    fn list<V: Visitor<'de>>(self, list: List<'de>, visitor: V) -> Result<V::Value, ReadError> {
        visit_all(list.iter().map(|item| self.at(item)), visitor)
    }

    fn map<V: Visitor<'de>>(self, map: Entries<'de>, visitor: V) -> Result<V::Value, ReadError> {
        let entries = map
            .iter()
            .map(|(key, value)| (MapKeyDeserializer(key), self.at(value)));
        visitor.visit_map(MapDeserializer::new(entries))
    }

    /// Visits the fields of a struct by name. An unsent field has Go's zero value. A field that the
    /// Go type lacks is missing for serde.
    fn fields<V: Visitor<'de>>(
        self,
        fields: Fields<'de>,
        wanted: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.charge(fields)?;
        let is_wanted = |name: &str| wanted.is_none_or(|wanted| wanted.contains(&name));
        let fields = fields
            .iter()
            .filter(|(name, field)| field.is_sent() || is_wanted(name));
        visitor.visit_map(MapDeserializer::new(
            fields.map(|(name, node)| (name, self.at(node))),
        ))
    }

    /// Limits the zeros: their number, for a list of empty structs with many fields, and their
    /// nesting, for a type that contains itself.
    fn charge(self, fields: Fields<'de>) -> Result<(), ReadError> {
        let left = self.zeros.get().checked_sub(fields.zeros());
        self.zeros
            .set(left.ok_or_else(|| ReadError("too many zero fields".to_owned()))?);
        if self.node.zeros() > MAX_ZERO_LEVELS {
            return Err(ReadError(
                "zero values are nested deeper than 64 levels".to_owned(),
            ));
        }
        Ok(())
    }
}

fn visit_numbers<'de, V: Visitor<'de>>(bytes: &[u8], visitor: V) -> Result<V::Value, ReadError> {
    visit_all(bytes.iter().copied(), visitor)
}

/// Visits a list. It is an error if the visitor leaves elements.
fn visit_all<'de, T, V>(items: impl Iterator<Item = T>, visitor: V) -> Result<V::Value, ReadError>
where
    T: de::IntoDeserializer<'de, ReadError>,
    V: Visitor<'de>,
{
    let mut items = SeqDeserializer::new(items);
    let value = visitor.visit_seq(&mut items)?;
    items.end().map(|()| value)
}

/// The time that a type with its own marshaler wrote, such as a struct around a `time.Time`. The
/// receiver decides what the bytes are, as in Go.
fn time_of(bytes: &[u8]) -> Result<Time, ReadError> {
    Time::from_bytes(bytes).ok_or_else(|| ReadError("its bytes are not a time".to_owned()))
}

/// Visits a time in serde's form of `std::time::SystemTime`.
fn visit_system_time<'de, V: Visitor<'de>>(time: Time, visitor: V) -> Result<V::Value, ReadError> {
    let seconds = u64::try_from(time.unix_seconds());
    let seconds = seconds.map_err(|_| ReadError("the time is before 1970".to_owned()))?;
    let nanos = u64::from(time.nanoseconds());
    let fields = [("secs_since_epoch", seconds), ("nanos_since_epoch", nanos)];
    visitor.visit_map(MapDeserializer::new(fields.into_iter()))
}

/// Deserializes an enum: a string, or a map with one entry.
struct EnumDeserializer<'de, 'b> {
    variant: String,
    content: Option<GoDeserializer<'de, 'b>>,
}

fn no_variant() -> ReadError {
    ReadError("an enum is read from a string or from a map with one entry".to_owned())
}

impl<'de, 'b> de::EnumAccess<'de> for EnumDeserializer<'de, 'b> {
    type Error = ReadError;
    type Variant = VariantDeserializer<'de, 'b>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), ReadError> {
        let variant = seed.deserialize(StringDeserializer::new(self.variant))?;
        Ok((variant, VariantDeserializer(self.content)))
    }
}

struct VariantDeserializer<'de, 'b>(Option<GoDeserializer<'de, 'b>>);

impl<'de, 'b> VariantDeserializer<'de, 'b> {
    fn content(self) -> Result<GoDeserializer<'de, 'b>, ReadError> {
        self.0
            .ok_or_else(|| ReadError("the enum's variant has no content in Go".to_owned()))
    }
}

impl<'de> de::VariantAccess<'de> for VariantDeserializer<'de, '_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        match self.0.map(|content| content.node.view()) {
            None | Some(View::Nil) => Ok(()),
            _ => Err(ReadError(
                "the enum's variant has no content in Rust".to_owned(),
            )),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ReadError> {
        self.content()?.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.content()?.deserialize_struct("", fields, visitor)
    }
}
