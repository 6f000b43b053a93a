//! What a node is made of: the elements of a list, the entries of a map, the fields of a struct.

use crate::wire::gob::tree::Value;

use super::Node;

/// The elements of a slice or an array.
#[derive(Clone, Copy)]
pub struct List<'a> {
    pub(super) node: Node<'a>,
    pub(super) items: &'a [Value],
}

impl<'a> List<'a> {
    /// How many elements there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.items.is_empty()
    }

    /// The elements in their order.
    pub fn iter(self) -> impl Iterator<Item = Node<'a>> {
        let elem = self.node.elem();
        self.items
            .iter()
            .map(move |item| self.node.at(elem, Some(item)))
    }
}

/// The entries of a map.
#[derive(Clone, Copy)]
pub struct Entries<'a> {
    pub(super) node: Node<'a>,
    pub(super) pairs: &'a [(Value, Value)],
}

impl<'a> Entries<'a> {
    /// How many entries there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.pairs.is_empty()
    }

    /// Keys and values, in the order in which they were written.
    pub fn iter(self) -> impl Iterator<Item = (Node<'a>, Node<'a>)> {
        let (key_type, elem) = (self.node.key(), self.node.elem());
        self.pairs.iter().map(move |(key, value)| {
            (
                self.node.at(key_type, Some(key)),
                self.node.at(elem, Some(value)),
            )
        })
    }
}

/// The fields of a struct: all that its type has, sent or not.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    pub(super) node: Node<'a>,
    pub(super) fields: &'a [(usize, Value)],
}

impl<'a> Fields<'a> {
    /// How many fields the type has.
    #[must_use]
    pub fn len(self) -> usize {
        self.node.declared().len()
    }

    /// Whether the type has none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// How many fields were not sent.
    pub(super) fn zeros(self) -> usize {
        self.len().saturating_sub(self.fields.len())
    }

    pub(super) fn sent(self) -> impl Iterator<Item = Node<'a>> {
        let types = self.node.declared();
        self.fields
            .iter()
            .map(move |(number, value)| self.node.at(types[*number].ty, Some(value)))
    }

    /// Names and values in the order of the type.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        let mut sent = self.fields.iter().peekable();
        let fields = self.node.declared().iter().enumerate();
        fields.map(move |(number, field)| {
            let value = sent
                .next_if(|(sent, _)| *sent == number)
                .map(|(_, value)| value);
            (field.name.as_str(), self.node.at(field.ty, value))
        })
    }
}
