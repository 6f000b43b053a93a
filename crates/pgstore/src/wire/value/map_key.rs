//! Keys of maps, between serde and Go. A scalar key is text in a map with string keys.

use serde::{
    de::{self, Deserializer, Visitor, value::StringDeserializer},
    forward_to_deserialize_any,
    ser::{Impossible, Serialize, Serializer},
};

use super::{
    error::{ReadError, ValueErrorKind},
    rust_value::RustKey,
    view::{Node, View},
};

/// Serializes a map's key: a string, an integer, a bool or a char.
#[derive(Clone, Copy, Debug)]
pub(super) struct MapKeySerializer;

type NoKey = Impossible<RustKey, ValueErrorKind>;

macro_rules! keys {
    ($($method:ident($type:ty) => $key:ident),* $(,)?) => {$(
        fn $method(self, key: $type) -> Result<RustKey, ValueErrorKind> {
            Ok(RustKey::$key(key.into()))
        }
    )*};
}

macro_rules! not_keys {
    ($($method:ident($($argument:ty),*) -> $ok:ty),* $(,)?) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$ok, ValueErrorKind> {
            Err(ValueErrorKind::MapKey)
        }
    )*};
}

impl Serializer for MapKeySerializer {
    type Ok = RustKey;
    type Error = ValueErrorKind;
    type SerializeSeq = NoKey;
    type SerializeTuple = NoKey;
    type SerializeTupleStruct = NoKey;
    type SerializeTupleVariant = NoKey;
    type SerializeMap = NoKey;
    type SerializeStruct = NoKey;
    type SerializeStructVariant = NoKey;

    keys! {
        serialize_bool(bool) => Bool,
        serialize_i8(i8) => Int,
        serialize_i16(i16) => Int,
        serialize_i32(i32) => Int,
        serialize_i64(i64) => Int,
        serialize_u8(u8) => Uint,
        serialize_u16(u16) => Uint,
        serialize_u32(u32) => Uint,
        serialize_u64(u64) => Uint,
        serialize_char(char) => String,
        serialize_str(&str) => String,
    }

    fn serialize_i128(self, key: i128) -> Result<RustKey, ValueErrorKind> {
        match (i64::try_from(key), u64::try_from(key)) {
            (Ok(key), _) => Ok(RustKey::Int(key)),
            (_, Ok(key)) => Ok(RustKey::Uint(key)),
            _ => Err(ValueErrorKind::IntegerTooLarge),
        }
    }
    fn serialize_u128(self, key: u128) -> Result<RustKey, ValueErrorKind> {
        let key = u64::try_from(key).map_err(|_| ValueErrorKind::IntegerTooLarge)?;
        Ok(RustKey::Uint(key))
    }
    fn serialize_some<T: Serialize + ?Sized>(self, key: &T) -> Result<RustKey, ValueErrorKind> {
        key.serialize(self)
    }
    fn serialize_unit_variant(
        self,
        _: &str,
        _: u32,
        variant: &str,
    ) -> Result<RustKey, ValueErrorKind> {
        self.serialize_str(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        key: &T,
    ) -> Result<RustKey, ValueErrorKind> {
        key.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<RustKey, ValueErrorKind> {
        Err(ValueErrorKind::MapKey)
    }

    not_keys! {
        serialize_f32(f32) -> RustKey,
        serialize_f64(f64) -> RustKey,
        serialize_bytes(&[u8]) -> RustKey,
        serialize_none() -> RustKey,
        serialize_unit() -> RustKey,
        serialize_unit_struct(&'static str) -> RustKey,
        serialize_seq(Option<usize>) -> NoKey,
        serialize_tuple(usize) -> NoKey,
        serialize_tuple_struct(&'static str, usize) -> NoKey,
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> NoKey,
        serialize_map(Option<usize>) -> NoKey,
        serialize_struct(&'static str, usize) -> NoKey,
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> NoKey,
    }
}

/// Deserializes a map's key: numbers, bools and bytes where the Rust type asks for them, else text.
#[derive(Clone, Copy)]
pub(super) struct MapKeyDeserializer<'de>(pub(super) Node<'de>);

/// Visits a number or bool: Go's own, or one that a string key spells.
macro_rules! scalars {
    ($($method:ident => $visit:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            match self.0.view() {
                View::Bool(value) => visitor.visit_bool(value),
                View::Int(value) => visitor.visit_i64(value),
                View::Uint(value) => visitor.visit_u64(value),
                View::Float(value) => visitor.visit_f64(value),
                _ => match self.0.text().parse() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => self.deserialize_any(visitor),
                },
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for MapKeyDeserializer<'de> {
    type Error = ReadError;

    scalars! {
        deserialize_bool => visit_bool,
        deserialize_i8 => visit_i64,
        deserialize_i16 => visit_i64,
        deserialize_i32 => visit_i64,
        deserialize_i64 => visit_i64,
        deserialize_i128 => visit_i128,
        deserialize_u8 => visit_u64,
        deserialize_u16 => visit_u64,
        deserialize_u32 => visit_u64,
        deserialize_u64 => visit_u64,
        deserialize_u128 => visit_u128,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0.view() {
            View::String(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => visitor.visit_borrowed_str(text),
                Err(_) => visitor.visit_string(self.0.text()),
            },
            _ => visitor.visit_string(self.0.text()),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0.view() {
            View::String(bytes) if std::str::from_utf8(bytes).is_err() => {
                Err(ReadError::not_utf8())
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0.view() {
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

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0.view() {
            View::Nil => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_enum(StringDeserializer::new(self.0.text()))
    }

    forward_to_deserialize_any! {
        f32 f64 char unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> de::IntoDeserializer<'de, ReadError> for MapKeyDeserializer<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
