//! Reading through serde: which of its hints each kind of Go value answers.

use std::{cell::Cell, marker::PhantomData};

use serde::{
    de::{self, DeserializeOwned, DeserializeSeed, Deserializer, Visitor, value::SeqDeserializer},
    forward_to_deserialize_any,
};

use crate::wire::gob::{Typed, limits::MAX_ZERO_FIELDS};

use super::{
    ValueError, ValueErrorKind,
    error::ReadError,
    node::{Node, View},
    variant::{Variant, no_variant},
    visit::{bytes_of, visit_numbers, visit_system_time},
};

type Result<T> = std::result::Result<T, ReadError>;

impl Typed {
    /// Reads the value; an error names the key that it lies under.
    pub(crate) fn read_at<T: DeserializeOwned>(
        &self,
        key: &super::Key,
    ) -> std::result::Result<T, ValueError> {
        self.read().map_err(|error| error.at(key))
    }

    /// Reads the value; see [`Values::get`](super::Values::get).
    ///
    /// # Errors
    ///
    /// The value does not read as a `T`.
    pub fn read<T: DeserializeOwned>(&self) -> std::result::Result<T, ValueError> {
        self.read_with(PhantomData::<T>)
    }

    /// Reads the value as serde's own code asks for it.
    pub(super) fn read_with<'de, S: DeserializeSeed<'de>>(
        &'de self,
        seed: S,
    ) -> std::result::Result<S::Value, ValueError> {
        let zeros = Cell::new(MAX_ZERO_FIELDS);
        let reading = Reading {
            node: self.node(),
            zeros: &zeros,
        };
        seed.deserialize(reading).map_err(|ReadError(reason)| {
            let found = self.go_type_name().to_owned();
            ValueError::keyless(ValueErrorKind::Mismatch { found, reason })
        })
    }
}

/// A node as serde's deserializer; a type of its own, so that `Node`'s users see no serde.
#[derive(Clone, Copy)]
pub(super) struct Reading<'de, 'b> {
    pub(super) node: Node<'de>,
    /// How many fields that were not sent may still be shown.
    pub(super) zeros: &'b Cell<usize>,
}

impl<'de> Deserializer<'de> for Reading<'de, '_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.node.view() {
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
            View::List(list) => self.list(list, visitor),
            View::Map(map) => self.map(map, visitor),
            View::Struct(fields) => self.fields(fields, None, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.node.view() {
            View::Nil => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let (View::String(bytes) | View::Bytes(bytes)) = self.node.view() else {
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
        match self.node.view() {
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
        match self.node.view() {
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
    ) -> Result<V::Value> {
        match self.node.view() {
            View::Time(time) if name == "SystemTime" => visit_system_time(time, visitor),
            View::Struct(fields) => self.fields(fields, Some(wanted), visitor),
            _ => match self.node.zero_struct() {
                Some(fields) => self.fields(fields, Some(wanted), visitor),
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
        match self.node.view() {
            View::Map(map) if map.len() == 1 => {
                let (variant, content) = map.iter().next().ok_or_else(no_variant)?;
                let content = Some(self.at(content));
                visitor.visit_enum(Variant {
                    variant: variant.text(),
                    content,
                })
            }
            View::String(_) => visitor.visit_enum(Variant {
                variant: self.node.text(),
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

impl<'de> de::IntoDeserializer<'de, ReadError> for Reading<'de, '_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
