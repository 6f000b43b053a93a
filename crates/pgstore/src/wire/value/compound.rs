//! Lists, maps and structs under way from serde into a tree.

use serde::ser::{self, Serialize};

use super::{
    ValueErrorKind as Kind, go,
    map_key::MapKey,
    serialize::TreeSerializer,
    tree::{Tree, TreeKey},
};

/// An enum's variant with content is a map of one entry.
pub(super) fn in_variant(variant: Option<&'static str>, content: Tree) -> Tree {
    let Some(variant) = variant else {
        return content;
    };
    let content = match content {
        Tree::None => Tree::Nil,
        content => Tree::Any(Box::new(content)),
    };
    Tree::Map(vec![(TreeKey::String(variant.to_owned()), content)])
}

/// A sequence or tuple under way.
#[derive(Debug)]
pub(super) struct List {
    pub(super) inner: TreeSerializer,
    pub(super) items: Vec<Tree>,
    pub(super) variant: Option<&'static str>,
}

impl List {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Kind> {
        self.items.push(value.serialize(self.inner)?);
        Ok(())
    }

    /// A sequence of `u8` is bytes, as Go's `[]uint8` is.
    fn finish(self) -> Tree {
        let bytes = self.items.iter().map(|item| match item {
            Tree::Uint("uint8", value) => u8::try_from(*value).ok(),
            _ => None,
        });
        let list = match bytes.collect::<Option<Vec<u8>>>() {
            Some(bytes) if !bytes.is_empty() => Tree::Bytes(bytes),
            _ => Tree::List(self.items),
        };
        in_variant(self.variant, list)
    }
}

/// A map or struct under way.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) inner: TreeSerializer,
    pub(super) pairs: Vec<(TreeKey, Tree)>,
    pub(super) key: Option<TreeKey>,
    pub(super) variant: Option<&'static str>,
    /// A struct's name.
    pub(super) name: Option<&'static str>,
}

impl Map {
    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Kind> {
        let value = value.serialize(self.inner)?;
        self.pairs.push((TreeKey::String(name.to_owned()), value));
        Ok(())
    }

    fn finish(self) -> Tree {
        let tree = match (system_time(self.name, &self.pairs), self.name) {
            (Some(time), _) => Tree::Time(time),
            (None, Some(name)) => Tree::Struct(name, self.pairs),
            (None, None) => Tree::Map(self.pairs),
        };
        in_variant(self.variant, tree)
    }
}

/// serde's own form of `std::time::SystemTime`.
fn system_time(name: Option<&str>, pairs: &[(TreeKey, Tree)]) -> Option<go::Time> {
    match (name, pairs) {
        (
            Some("SystemTime"),
            [
                (TreeKey::String(first), seconds),
                (TreeKey::String(second), nanos),
            ],
        ) if first == "secs_since_epoch" && second == "nanos_since_epoch" => Some(go::Time::new(
            seconds.as_i64()?,
            u32::try_from(nanos.as_u64()?).ok()?,
        )),
        _ => None,
    }
}

impl ser::SerializeSeq for List {
    type Ok = Tree;
    type Error = Kind;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Kind> {
        self.push(value)
    }
    fn end(self) -> Result<Tree, Kind> {
        Ok(self.finish())
    }
}

impl ser::SerializeTuple for List {
    type Ok = Tree;
    type Error = Kind;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Kind> {
        self.push(value)
    }
    fn end(self) -> Result<Tree, Kind> {
        Ok(self.finish())
    }
}

impl ser::SerializeTupleStruct for List {
    type Ok = Tree;
    type Error = Kind;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Kind> {
        self.push(value)
    }
    fn end(self) -> Result<Tree, Kind> {
        Ok(self.finish())
    }
}

impl ser::SerializeTupleVariant for List {
    type Ok = Tree;
    type Error = Kind;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Kind> {
        self.push(value)
    }
    fn end(self) -> Result<Tree, Kind> {
        Ok(self.finish())
    }
}

impl ser::SerializeMap for Map {
    type Ok = Tree;
    type Error = Kind;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Kind> {
        self.key = Some(key.serialize(MapKey)?);
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Kind> {
        let value = value.serialize(self.inner)?;
        let key = self.key.take().ok_or(Kind::MapKey)?;
        self.pairs.push((key, value));
        Ok(())
    }
    fn end(self) -> Result<Tree, Kind> {
        Ok(self.finish())
    }
}

impl ser::SerializeStruct for Map {
    type Ok = Tree;
    type Error = Kind;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Kind> {
        self.field(name, value)
    }
    /// A field that `skip_serializing_if` leaves out is known, and empty.
    fn skip_field(&mut self, name: &'static str) -> Result<(), Kind> {
        self.pairs
            .push((TreeKey::String(name.to_owned()), Tree::None));
        Ok(())
    }
    fn end(self) -> Result<Tree, Kind> {
        Ok(self.finish())
    }
}

impl ser::SerializeStructVariant for Map {
    type Ok = Tree;
    type Error = Kind;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Kind> {
        self.field(name, value)
    }
    fn skip_field(&mut self, name: &'static str) -> Result<(), Kind> {
        ser::SerializeStruct::skip_field(self, name)
    }
    fn end(self) -> Result<Tree, Kind> {
        Ok(self.finish())
    }
}
