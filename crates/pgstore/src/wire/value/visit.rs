//! The parts of a value, handed to serde's visitors.

use serde::de::{
    Visitor,
    value::{MapDeserializer, SeqDeserializer},
};

use crate::wire::gob::{limits::MAX_LEVELS, time::Time};

use super::{
    deserialize::Reading,
    error::ReadError,
    node::{Node, View},
    node_key::KeyText,
    parts::{Entries, Fields, List},
};

type Result<T> = std::result::Result<T, ReadError>;

impl<'de> Reading<'de, '_> {
    pub(super) fn at(self, node: Node<'de>) -> Self {
        Self { node, ..self }
    }

    pub(super) fn list<V: Visitor<'de>>(self, list: List<'de>, visitor: V) -> Result<V::Value> {
        let mut items = SeqDeserializer::new(list.iter().map(|item| self.at(item)));
        let value = visitor.visit_seq(&mut items)?;
        items.end().map(|()| value)
    }

    pub(super) fn map<V: Visitor<'de>>(self, map: Entries<'de>, visitor: V) -> Result<V::Value> {
        let entries = map
            .iter()
            .map(|(key, value)| (KeyText(self.at(key)), self.at(value)));
        visitor.visit_map(MapDeserializer::new(entries))
    }

    /// A struct's fields by name. A field of Go's type that was not sent reads as Go's zero; one
    /// that Go's type does not have is missing, as serde understands it.
    pub(super) fn fields<V: Visitor<'de>>(
        self,
        fields: Fields<'de>,
        wanted: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value> {
        self.charge(fields)?;
        let is_wanted = |name: &str| wanted.is_none_or(|wanted| wanted.contains(&name));
        let fields = fields
            .iter()
            .filter(|(name, field)| field.is_sent() || is_wanted(name));
        visitor.visit_map(MapDeserializer::new(
            fields.map(|(name, node)| (name, self.at(node))),
        ))
    }

    /// Bounds what zeros cost: their number, for a list of empty structs of a wide type, and their
    /// nesting, for a type that contains itself and a Rust type without an `Option` there.
    fn charge(self, fields: Fields<'de>) -> Result<()> {
        let left = self.zeros.get().checked_sub(fields.zeros());
        self.zeros
            .set(left.ok_or_else(|| ReadError("too many zero fields".to_owned()))?);
        if usize::from(self.node.zeros) > MAX_LEVELS {
            return Err(ReadError(
                "zero values are nested deeper than 64 levels".to_owned(),
            ));
        }
        Ok(())
    }
}

pub(super) fn visit_numbers<'de, V: Visitor<'de>>(bytes: &[u8], visitor: V) -> Result<V::Value> {
    visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied()))
}

/// serde's own form of `std::time::SystemTime`.
pub(super) fn visit_system_time<'de, V: Visitor<'de>>(time: Time, visitor: V) -> Result<V::Value> {
    let seconds = u64::try_from(time.unix_seconds());
    let seconds = seconds.map_err(|_| ReadError("the time is before 1970".to_owned()))?;
    let nanos = u64::from(time.nanoseconds());
    let fields = [("secs_since_epoch", seconds), ("nanos_since_epoch", nanos)];
    visitor.visit_map(MapDeserializer::new(fields.into_iter()))
}

/// The bytes that a list of small numbers is, such as Go's `[4]byte`.
pub(super) fn bytes_of(list: List<'_>) -> Option<Vec<u8>> {
    let bytes = list.iter().map(|node| match node.view() {
        View::Uint(value) => u8::try_from(value).ok(),
        _ => None,
    });
    bytes.collect()
}
