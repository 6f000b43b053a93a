//! Serializes a struct as values of a session: each field under its name.

use serde::ser::{Impossible, Serialize, SerializeStruct, Serializer};

use super::{
    draft::Draft,
    error::{ValueError, ValueErrorKind as Kind},
    key::Key,
    rust_value::RustValue,
    serialize::RustSerializer,
};

/// The fields of a struct at one time.
pub(crate) struct FieldDrafts(Vec<(&'static str, RustValue)>);

impl FieldDrafts {
    /// Serializes the fields.
    ///
    /// # Errors
    /// The value is not a struct with named fields, or a field cannot be stored.
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, ValueError> {
        value.serialize(StructSerializer)
    }

    /// The values to put, or for `None` to remove, that turn the old fields into these.
    pub(crate) fn changes_since(
        &self,
        old: &Self,
    ) -> Result<Vec<(Key, Option<Draft>)>, ValueError> {
        let here = self.0.iter().map(|(name, value)| (*name, value));
        // serde may omit a field without calling `skip_field`.
        let left_out = old.0.iter().filter(|(name, _)| self.find(name).is_none());
        let left_out = left_out.map(|(name, _)| (*name, &RustValue::None));
        let all = here.chain(left_out);
        let changed =
            all.filter(|(name, value)| !value.is_same(old.find(name).unwrap_or(&RustValue::None)));
        changed.map(|(name, value)| change(name, value)).collect()
    }

    fn find(&self, name: &str) -> Option<&RustValue> {
        let mut fields = self.0.iter();
        fields.find_map(|(field, value)| (*field == name).then_some(value))
    }
}

fn change(name: &'static str, value: &RustValue) -> Result<(Key, Option<Draft>), ValueError> {
    if *value == RustValue::None {
        return Ok((name.into(), None));
    }
    match Draft::of(value.clone()) {
        Ok(draft) => Ok((name.into(), Some(draft))),
        // As for `None`, there is no value. Reading the field again gives a unit.
        Err(Kind::Unit) => Ok((name.into(), None)),
        Err(kind) => Err(ValueError::new(&name, kind)),
    }
}

impl SerializeStruct for FieldDrafts {
    type Ok = Self;
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), ValueError> {
        let value = value.serialize(RustSerializer::default());
        self.0
            .push((name, value.map_err(|kind| ValueError::new(&name, kind))?));
        Ok(())
    }

    /// A field that `skip_serializing_if` omits.
    fn skip_field(&mut self, name: &'static str) -> Result<(), ValueError> {
        self.0.push((name, RustValue::None));
        Ok(())
    }

    fn end(self) -> Result<Self, ValueError> {
        Ok(self)
    }
}

/// Serializes a struct with named fields. Other types are errors.
struct StructSerializer;

type NotAStruct = Impossible<FieldDrafts, ValueError>;

fn refuse<T>() -> Result<T, ValueError> {
    Err(ValueError::keyless(Kind::NotAStruct))
}

macro_rules! refuse_all {
    ($($method:ident($($argument:ty),*) -> $ok:ty,)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$ok, ValueError> {
            refuse()
        }
    )*};
}

impl Serializer for StructSerializer {
    type Ok = FieldDrafts;
    type Error = ValueError;
    type SerializeSeq = NotAStruct;
    type SerializeTuple = NotAStruct;
    type SerializeTupleStruct = NotAStruct;
    type SerializeTupleVariant = NotAStruct;
    type SerializeMap = NotAStruct;
    type SerializeStruct = FieldDrafts;
    type SerializeStructVariant = NotAStruct;

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<FieldDrafts, ValueError> {
        Ok(FieldDrafts(Vec::with_capacity(len)))
    }

    refuse_all! {
        serialize_bool(bool) -> FieldDrafts,
        serialize_i8(i8) -> FieldDrafts,
        serialize_i16(i16) -> FieldDrafts,
        serialize_i32(i32) -> FieldDrafts,
        serialize_i64(i64) -> FieldDrafts,
        serialize_i128(i128) -> FieldDrafts,
        serialize_u8(u8) -> FieldDrafts,
        serialize_u16(u16) -> FieldDrafts,
        serialize_u32(u32) -> FieldDrafts,
        serialize_u64(u64) -> FieldDrafts,
        serialize_u128(u128) -> FieldDrafts,
        serialize_f32(f32) -> FieldDrafts,
        serialize_f64(f64) -> FieldDrafts,
        serialize_char(char) -> FieldDrafts,
        serialize_str(&str) -> FieldDrafts,
        serialize_bytes(&[u8]) -> FieldDrafts,
        serialize_none() -> FieldDrafts,
        serialize_unit() -> FieldDrafts,
        serialize_unit_struct(&'static str) -> FieldDrafts,
        serialize_unit_variant(&'static str, u32, &'static str) -> FieldDrafts,
        serialize_seq(Option<usize>) -> NotAStruct,
        serialize_tuple(usize) -> NotAStruct,
        serialize_tuple_struct(&'static str, usize) -> NotAStruct,
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> NotAStruct,
        serialize_map(Option<usize>) -> NotAStruct,
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> NotAStruct,
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<FieldDrafts, ValueError> {
        refuse()
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<FieldDrafts, ValueError> {
        refuse()
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<FieldDrafts, ValueError> {
        refuse()
    }
}
