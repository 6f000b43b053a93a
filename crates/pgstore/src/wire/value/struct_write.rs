//! A struct taken down as values of a session: each field under the key of its name.

use std::fmt;

use serde::ser::{self, Impossible, Serialize, SerializeStruct, Serializer};

use super::{
    Draft, Key, ValueError, ValueErrorKind as Kind, named::check_all, serialize::TreeSerializer,
    tree::Tree,
};

/// A struct's fields as they were at one time.
pub(crate) struct FieldDrafts(Vec<(&'static str, Tree)>);

impl FieldDrafts {
    /// Takes down the fields.
    ///
    /// # Errors
    /// It is no struct with named fields, or a field is one that gob or Go cannot hold.
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, ValueError> {
        value.serialize(StructSerializer)
    }

    /// What has to be put or, where it is `None`, taken away to make these fields of older ones.
    pub(crate) fn changes_since(
        &self,
        old: &Self,
    ) -> Result<Vec<(Key, Option<Draft>)>, ValueError> {
        let here = self.0.iter().map(|(name, tree)| (*name, tree));
        // A field that serde leaves out without a word is one that is not there.
        let left_out = old.0.iter().filter(|(name, _)| self.find(name).is_none());
        let left_out = left_out.map(|(name, _)| (*name, &Tree::None));
        let all = here.chain(left_out);
        let changed =
            all.filter(|(name, tree)| !tree.is_same(old.find(name).unwrap_or(&Tree::None)));
        changed.map(|(name, tree)| change(name, tree)).collect()
    }

    fn find(&self, name: &str) -> Option<&Tree> {
        let mut fields = self.0.iter();
        fields.find_map(|(field, tree)| (*field == name).then_some(tree))
    }
}

fn change(name: &'static str, tree: &Tree) -> Result<(Key, Option<Draft>), ValueError> {
    if *tree == Tree::None {
        return Ok((name.into(), None));
    }
    match check_all(tree) {
        Ok(()) => Ok((name.into(), Some(Draft(tree.clone())))),
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
        let tree = value.serialize(TreeSerializer::default());
        self.0
            .push((name, tree.map_err(|kind| ValueError::new(&name, kind))?));
        Ok(())
    }

    /// What `skip_serializing_if` leaves out.
    fn skip_field(&mut self, name: &'static str) -> Result<(), ValueError> {
        self.0.push((name, Tree::None));
        Ok(())
    }

    fn end(self) -> Result<Self, ValueError> {
        Ok(self)
    }
}

impl ser::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::keyless(Kind::custom(message))
    }
}

/// serde's view of a struct with named fields; all else is refused.
struct StructSerializer;

type Never = Impossible<FieldDrafts, ValueError>;

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
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = FieldDrafts;
    type SerializeStructVariant = Never;

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
        serialize_seq(Option<usize>) -> Never,
        serialize_tuple(usize) -> Never,
        serialize_tuple_struct(&'static str, usize) -> Never,
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never,
        serialize_map(Option<usize>) -> Never,
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never,
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
