use serde::ser::{self, Serialize};

use crate::wire::gob::limits::MAX_LEVELS;

use super::{
    ValueErrorKind as Kind,
    compound::{List, Map, in_variant},
    go,
    tree::Tree,
};

/// serde's view of a Rust value, taken down as a tree; `level` counts the lists and maps around.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TreeSerializer {
    level: usize,
    /// Whether the next newtype's name is that of a Go type.
    is_naming: bool,
}

impl TreeSerializer {
    fn descend(self) -> Result<Self, Kind> {
        let inner = Self {
            level: self.level + 1,
            is_naming: false,
        };
        if inner.level > MAX_LEVELS {
            Err(Kind::TooDeep)
        } else {
            Ok(inner)
        }
    }

    fn list(self) -> Result<List, Kind> {
        Ok(List {
            inner: self.descend()?,
            items: Vec::new(),
            variant: None,
        })
    }

    fn map(self) -> Result<Map, Kind> {
        let inner = self.descend()?;
        Ok(Map {
            inner,
            pairs: Vec::new(),
            key: None,
            variant: None,
            name: None,
        })
    }
}

impl ser::Serializer for TreeSerializer {
    type Ok = Tree;
    type Error = Kind;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = List;
    type SerializeMap = Map;
    type SerializeStruct = Map;
    type SerializeStructVariant = Map;

    fn serialize_bool(self, value: bool) -> Result<Tree, Kind> {
        Ok(Tree::Bool(value))
    }
    fn serialize_i8(self, value: i8) -> Result<Tree, Kind> {
        Ok(Tree::Int("int8", value.into()))
    }
    fn serialize_i16(self, value: i16) -> Result<Tree, Kind> {
        Ok(Tree::Int("int16", value.into()))
    }
    fn serialize_i32(self, value: i32) -> Result<Tree, Kind> {
        Ok(Tree::Int("int32", value.into()))
    }
    fn serialize_i64(self, value: i64) -> Result<Tree, Kind> {
        Ok(Tree::Int("int64", value))
    }
    fn serialize_u8(self, value: u8) -> Result<Tree, Kind> {
        Ok(Tree::Uint("uint8", value.into()))
    }
    fn serialize_u16(self, value: u16) -> Result<Tree, Kind> {
        Ok(Tree::Uint("uint16", value.into()))
    }
    fn serialize_u32(self, value: u32) -> Result<Tree, Kind> {
        Ok(Tree::Uint("uint32", value.into()))
    }
    fn serialize_u64(self, value: u64) -> Result<Tree, Kind> {
        Ok(Tree::Uint("uint64", value))
    }
    fn serialize_i128(self, value: i128) -> Result<Tree, Kind> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => self.serialize_i64(value),
            (_, Ok(value)) => self.serialize_u64(value),
            _ => Err(Kind::IntegerTooLarge),
        }
    }
    fn serialize_u128(self, value: u128) -> Result<Tree, Kind> {
        let value = u64::try_from(value).map_err(|_| Kind::IntegerTooLarge)?;
        self.serialize_u64(value)
    }
    fn serialize_f32(self, value: f32) -> Result<Tree, Kind> {
        Ok(Tree::Float("float32", value.into()))
    }
    fn serialize_f64(self, value: f64) -> Result<Tree, Kind> {
        Ok(Tree::Float("float64", value))
    }
    fn serialize_char(self, value: char) -> Result<Tree, Kind> {
        Ok(Tree::String(value.to_string()))
    }
    fn serialize_str(self, value: &str) -> Result<Tree, Kind> {
        Ok(Tree::String(value.to_owned()))
    }
    fn serialize_bytes(self, value: &[u8]) -> Result<Tree, Kind> {
        Ok(Tree::Bytes(value.to_vec()))
    }
    fn serialize_none(self) -> Result<Tree, Kind> {
        Ok(Tree::None)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Tree, Kind> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<Tree, Kind> {
        Err(Kind::Unit)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Tree, Kind> {
        Err(Kind::Unit)
    }
    fn serialize_unit_variant(self, _: &str, _: u32, variant: &str) -> Result<Tree, Kind> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Tree, Kind> {
        let inner = Self {
            is_naming: name == go::NAMED && !self.is_naming,
            ..self
        };
        Ok(match (name, value.serialize(inner)?) {
            (_, Tree::None) => Tree::None,
            (name, tree) if self.is_naming => Tree::Named(name, Box::new(tree)),
            (go::INT, Tree::Int(_, value)) => Tree::Int("int", value),
            (go::UINT, Tree::Uint(_, value)) => Tree::Uint("uint", value),
            (go::TIME, Tree::String(text)) => text.parse().map_or(Tree::String(text), Tree::Time),
            (go::DURATION, Tree::Int(_, value)) => Tree::Int("time.Duration", value),
            (go::ANY, tree) => Tree::Any(Box::new(tree)),
            (_, tree) => tree,
        })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Tree, Kind> {
        let content = value.serialize(self.descend()?)?;
        Ok(in_variant(Some(variant), content))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List, Kind> {
        self.list()
    }
    fn serialize_tuple(self, _: usize) -> Result<List, Kind> {
        self.list()
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List, Kind> {
        self.list()
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<List, Kind> {
        Ok(List {
            variant: Some(variant),
            ..self.descend()?.list()?
        })
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Map, Kind> {
        self.map()
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Map, Kind> {
        Ok(Map {
            name: Some(name),
            ..self.map()?
        })
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Map, Kind> {
        Ok(Map {
            variant: Some(variant),
            name: Some(variant),
            ..self.descend()?.map()?
        })
    }
}
