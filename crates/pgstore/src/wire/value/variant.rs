use serde::de::{self, DeserializeSeed, Deserializer, Visitor, value::StringDeserializer};

use super::{
    deserialize::Reading,
    error::ReadError,
    node::{Node, View},
};

type Result<T> = std::result::Result<T, ReadError>;

/// An enum's variant: a string, or a map's only entry with the content.
pub(super) struct Variant<'de, 'b> {
    pub(super) variant: String,
    pub(super) content: Option<Reading<'de, 'b>>,
}

pub(super) fn no_variant() -> ReadError {
    ReadError("an enum is read from a string or from a map of one entry".to_owned())
}

impl<'de, 'b> de::EnumAccess<'de> for Variant<'de, 'b> {
    type Error = ReadError;
    type Variant = Content<'de, 'b>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant)> {
        let variant = seed.deserialize(StringDeserializer::new(self.variant))?;
        Ok((variant, Content(self.content)))
    }
}

pub(super) struct Content<'de, 'b>(Option<Reading<'de, 'b>>);

impl<'de, 'b> Content<'de, 'b> {
    fn reading(self) -> Result<Reading<'de, 'b>> {
        self.0
            .ok_or_else(|| ReadError("the enum's variant lacks its content".to_owned()))
    }
}

impl<'de> de::VariantAccess<'de> for Content<'de, '_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<()> {
        match self.0.map(|reading| Node::view(reading.node)) {
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
