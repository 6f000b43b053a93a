//! The serializer: a Rust value, as serde shows it, becomes a [`RustValue`].

use serde::ser::{self, Serialize, Serializer};

use crate::wire::gob::limits::MAX_LEVELS;

use super::{
    error::ValueErrorKind as Kind,
    go,
    map_key::MapKeySerializer,
    named::named,
    rust_value::{RustKey, RustValue},
};

/// Serializes one value.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RustSerializer {
    /// How many lists, maps and structs are around the value.
    level: usize,
    /// Whether the name of the next newtype is that of a Go type.
    is_naming: bool,
}

impl RustSerializer {
    fn descend(self) -> Result<Self, Kind> {
        let level = self.level + 1;
        let inner = Self {
            level,
            is_naming: false,
        };
        (level <= MAX_LEVELS).then_some(inner).ok_or(Kind::TooDeep)
    }

    fn list(self, variant: Option<&'static str>) -> Result<ListSerializer, Kind> {
        Ok(ListSerializer {
            inner: self.descend()?,
            items: Vec::new(),
            variant,
        })
    }

    fn map(self, name: Option<&'static str>) -> Result<MapSerializer, Kind> {
        Ok(MapSerializer {
            inner: self.descend()?,
            pairs: Vec::new(),
            key: None,
            variant: None,
            name,
        })
    }
}

/// The methods of numbers. Each knows its Go type.
macro_rules! numbers {
    ($($method:ident($type:ty) => $variant:ident $name:literal),* $(,)?) => {$(
        fn $method(self, value: $type) -> Result<RustValue, Kind> {
            Ok(RustValue::$variant($name, value.into()))
        }
    )*};
}

impl Serializer for RustSerializer {
    type Ok = RustValue;
    type Error = Kind;
    type SerializeSeq = ListSerializer;
    type SerializeTuple = ListSerializer;
    type SerializeTupleStruct = ListSerializer;
    type SerializeTupleVariant = ListSerializer;
    type SerializeMap = MapSerializer;
    type SerializeStruct = MapSerializer;
    type SerializeStructVariant = MapSerializer;

    numbers! {
        serialize_i8(i8) => Int "int8",
        serialize_i16(i16) => Int "int16",
        serialize_i32(i32) => Int "int32",
        serialize_i64(i64) => Int "int64",
        serialize_u8(u8) => Uint "uint8",
        serialize_u16(u16) => Uint "uint16",
        serialize_u32(u32) => Uint "uint32",
        serialize_u64(u64) => Uint "uint64",
        serialize_f32(f32) => Float "float32",
        serialize_f64(f64) => Float "float64",
    }

    fn serialize_i128(self, value: i128) -> Result<RustValue, Kind> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => self.serialize_i64(value),
            (_, Ok(value)) => self.serialize_u64(value),
            _ => Err(Kind::IntegerTooLarge),
        }
    }
    fn serialize_u128(self, value: u128) -> Result<RustValue, Kind> {
        let value = u64::try_from(value).map_err(|_| Kind::IntegerTooLarge)?;
        self.serialize_u64(value)
    }
    fn serialize_bool(self, value: bool) -> Result<RustValue, Kind> {
        Ok(RustValue::Bool(value))
    }
    fn serialize_char(self, value: char) -> Result<RustValue, Kind> {
        Ok(RustValue::String(value.to_string()))
    }
    fn serialize_str(self, value: &str) -> Result<RustValue, Kind> {
        Ok(RustValue::String(value.to_owned()))
    }
    fn serialize_bytes(self, value: &[u8]) -> Result<RustValue, Kind> {
        Ok(RustValue::Bytes(value.to_vec()))
    }
    fn serialize_none(self) -> Result<RustValue, Kind> {
        Ok(RustValue::None)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<RustValue, Kind> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<RustValue, Kind> {
        Ok(RustValue::Unit)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<RustValue, Kind> {
        Ok(RustValue::Unit)
    }
    fn serialize_unit_variant(self, _: &str, _: u32, variant: &str) -> Result<RustValue, Kind> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<RustValue, Kind> {
        let inner = Self {
            is_naming: name == go::NAMED && !self.is_naming,
            ..self
        };
        Ok(match (name, value.serialize(inner)?) {
            (_, RustValue::None) => RustValue::None,
            (name, value) if self.is_naming => RustValue::Named(Box::new(named(name, value))),
            (go::INT, RustValue::Int(_, value)) => RustValue::Int("int", value),
            (go::UINT, RustValue::Uint(_, value)) => RustValue::Uint("uint", value),
            (go::DURATION, RustValue::Int(_, value)) => RustValue::Int("time.Duration", value),
            (go::TIME, RustValue::String(text)) => text
                .parse()
                .map_or(RustValue::String(text), RustValue::Time),
            (go::MARSHALED, RustValue::Bytes(bytes)) => RustValue::Marshaled(bytes),
            (go::ANY, value) => RustValue::Any(Box::new(value)),
            (_, value) => value,
        })
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<RustValue, Kind> {
        let content = value.serialize(self.descend()?)?;
        Ok(in_variant(Some(variant), content))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<ListSerializer, Kind> {
        self.list(None)
    }
    fn serialize_tuple(self, _: usize) -> Result<ListSerializer, Kind> {
        self.list(None)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<ListSerializer, Kind> {
        self.list(None)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<ListSerializer, Kind> {
        self.descend()?.list(Some(variant))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<MapSerializer, Kind> {
        self.map(None)
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<MapSerializer, Kind> {
        self.map(Some(name))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<MapSerializer, Kind> {
        Ok(MapSerializer {
            variant: Some(variant),
            ..self.descend()?.map(Some(variant))?
        })
    }
}

/// An enum variant with content is a map with one entry.
fn in_variant(variant: Option<&'static str>, content: RustValue) -> RustValue {
    let Some(variant) = variant else {
        return content;
    };
    let content = match content {
        RustValue::None => RustValue::Nil,
        content => RustValue::Any(Box::new(content)),
    };
    RustValue::Map(vec![(RustKey::String(variant.to_owned()), content)])
}

/// Serializes a sequence or tuple.
#[derive(Debug)]
pub(super) struct ListSerializer {
    inner: RustSerializer,
    items: Vec<RustValue>,
    variant: Option<&'static str>,
}

impl ListSerializer {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Kind> {
        self.items.push(value.serialize(self.inner)?);
        Ok(())
    }

    /// A sequence of `u8` is bytes, like Go's `[]uint8`.
    fn finish(self) -> RustValue {
        let bytes = self.items.iter().map(|item| match item {
            RustValue::Uint("uint8", value) => u8::try_from(*value).ok(),
            _ => None,
        });
        let list = match bytes.collect::<Option<Vec<u8>>>() {
            Some(bytes) if !bytes.is_empty() => RustValue::Bytes(bytes),
            _ => RustValue::List(self.items),
        };
        in_variant(self.variant, list)
    }
}

/// serde's traits for lists, which differ only in their names.
macro_rules! lists {
    ($($trait:ident::$method:ident),*) => {$(
        impl ser::$trait for ListSerializer {
            type Ok = RustValue;
            type Error = Kind;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Kind> {
                self.push(value)
            }
            fn end(self) -> Result<RustValue, Kind> {
                Ok(self.finish())
            }
        }
    )*};
}

lists!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

/// Serializes a map or struct.
#[derive(Debug)]
pub(super) struct MapSerializer {
    inner: RustSerializer,
    pairs: Vec<(RustKey, RustValue)>,
    key: Option<RustKey>,
    variant: Option<&'static str>,
    /// The name of a struct.
    name: Option<&'static str>,
}

impl MapSerializer {
    fn push(&mut self, name: &str, value: RustValue) {
        self.pairs.push((RustKey::String(name.to_owned()), value));
    }

    fn finish(self) -> RustValue {
        let map = match (system_time(self.name, &self.pairs), self.name) {
            (Some(time), _) => RustValue::Time(time),
            (None, Some(name)) => RustValue::Struct(name, self.pairs),
            (None, None) => RustValue::Map(self.pairs),
        };
        in_variant(self.variant, map)
    }
}

/// The time in serde's form of `std::time::SystemTime`.
fn system_time(name: Option<&str>, pairs: &[(RustKey, RustValue)]) -> Option<go::Time> {
    let (
        Some("SystemTime"),
        [
            (RustKey::String(first), seconds),
            (RustKey::String(second), nanos),
        ],
    ) = (name, pairs)
    else {
        return None;
    };
    let is_time = first == "secs_since_epoch" && second == "nanos_since_epoch";
    let nanos = u32::try_from(nanos.as_u64()?).ok()?;
    Some(go::Time::new(seconds.as_i64()?, nanos)).filter(|_| is_time)
}

impl ser::SerializeMap for MapSerializer {
    type Ok = RustValue;
    type Error = Kind;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Kind> {
        self.key = Some(key.serialize(MapKeySerializer)?);
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Kind> {
        let value = value.serialize(self.inner)?;
        let key = self.key.take().ok_or(Kind::MapKey)?;
        self.pairs.push((key, value));
        Ok(())
    }
    fn end(self) -> Result<RustValue, Kind> {
        Ok(self.finish())
    }
}

/// serde's traits for structs, which differ only in their names.
macro_rules! structs {
    ($($trait:ident),*) => {$(
        impl ser::$trait for MapSerializer {
            type Ok = RustValue;
            type Error = Kind;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Kind> {
                let value = value.serialize(self.inner)?;
                self.push(name, value);
                Ok(())
            }
            /// A field that `skip_serializing_if` omits is empty, but the struct has it.
            fn skip_field(&mut self, name: &'static str) -> Result<(), Kind> {
                self.push(name, RustValue::None);
                Ok(())
            }
            fn end(self) -> Result<RustValue, Kind> {
                Ok(self.finish())
            }
        }
    )*};
}

structs!(SerializeStruct, SerializeStructVariant);
