use serde::ser::{Impossible, Serialize, Serializer};

use super::{ValueErrorKind as Kind, tree::TreeKey};

/// Takes down a map's key: a string, or a number or bool that an existing Go map may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct MapKey;

type Never = Impossible<TreeKey, Kind>;

/// The methods whose values are all of one kind of key.
macro_rules! keys {
    ($($method:ident($type:ty) => $key:ident),* $(,)?) => {$(
        fn $method(self, key: $type) -> Result<TreeKey, Kind> {
            Ok(TreeKey::$key(key.into()))
        }
    )*};
}

impl Serializer for MapKey {
    type Ok = TreeKey;
    type Error = Kind;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

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

    fn serialize_f32(self, _: f32) -> Result<TreeKey, Kind> {
        Err(Kind::MapKey)
    }
    fn serialize_f64(self, _: f64) -> Result<TreeKey, Kind> {
        Err(Kind::MapKey)
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<TreeKey, Kind> {
        Err(Kind::MapKey)
    }
    fn serialize_none(self) -> Result<TreeKey, Kind> {
        Err(Kind::MapKey)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, key: &T) -> Result<TreeKey, Kind> {
        key.serialize(self)
    }
    fn serialize_unit(self) -> Result<TreeKey, Kind> {
        Err(Kind::MapKey)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<TreeKey, Kind> {
        Err(Kind::MapKey)
    }
    fn serialize_unit_variant(self, _: &str, _: u32, variant: &str) -> Result<TreeKey, Kind> {
        self.serialize_str(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        key: &T,
    ) -> Result<TreeKey, Kind> {
        key.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<TreeKey, Kind> {
        Err(Kind::MapKey)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Never, Kind> {
        Err(Kind::MapKey)
    }
    fn serialize_tuple(self, _: usize) -> Result<Never, Kind> {
        Err(Kind::MapKey)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Never, Kind> {
        Err(Kind::MapKey)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Never, Kind> {
        Err(Kind::MapKey)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Never, Kind> {
        Err(Kind::MapKey)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Never, Kind> {
        Err(Kind::MapKey)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Never, Kind> {
        Err(Kind::MapKey)
    }
}
