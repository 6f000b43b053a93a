use std::collections::BTreeMap;

use super::error::GobError;

/// The number of a type in one table. Gob's own types are 1 to 8, defined types begin at 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TypeId(pub(super) i32);

impl TypeId {
    pub(crate) const BOOL: Self = Self(1);
    pub(crate) const INT: Self = Self(2);
    pub(crate) const UINT: Self = Self(3);
    pub(crate) const FLOAT: Self = Self(4);
    pub(crate) const BYTES: Self = Self(5);
    pub(crate) const STRING: Self = Self(6);
    pub(crate) const COMPLEX: Self = Self(7);
    pub(crate) const INTERFACE: Self = Self(8);
    /// The first ID of a defined type.
    // Go: type.go, firstUserId.
    pub(super) const FIRST_OWN: Self = Self(64);

    pub(super) fn new(id: i64) -> Result<Self, GobError> {
        i32::try_from(id)
            .map(Self)
            .map_err(|_| GobError::BadTypeId(id))
    }

    pub(super) fn number(self) -> i64 {
        i64::from(self.0)
    }

    pub(super) fn is_own(self) -> bool {
        self >= Self::FIRST_OWN
    }

    /// Whether it is one of gob's own types, which need no definition.
    pub(super) fn is_basic(self) -> bool {
        (Self::BOOL..=Self::INTERFACE).contains(&self)
    }

    pub(super) fn following(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A type, without the definitions of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Int,
    Uint,
    Float,
    Bytes,
    String,
    Complex,
    Interface,
    Array { elem: TypeId, len: u64 },
    Slice { elem: TypeId },
    Map { key: TypeId, elem: TypeId },
    Struct,
    Opaque(Marshaler),
}

/// Which marshaler interface a Go type implements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marshaler {
    Gob,
    Binary,
    Text,
}

/// One type definition, as it is encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) kind: DefinitionKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DefinitionKind {
    Array {
        elem: TypeId,
        len: u64,
    },
    Slice {
        elem: TypeId,
    },
    Map {
        key: TypeId,
        elem: TypeId,
    },
    Struct(Vec<Field>),
    Opaque(Marshaler),
    /// A definition without content. It is allowed as long as no value uses it.
    Empty,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) ty: TypeId,
}

/// A table of type definitions, which some values share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Types {
    definitions: BTreeMap<TypeId, Definition>,
}

impl Types {
    pub(super) fn define(&mut self, id: TypeId, definition: Definition) {
        self.definitions.insert(id, definition);
    }

    pub(crate) fn definition(&self, id: TypeId) -> Option<&Definition> {
        self.definitions.get(&id)
    }

    pub(crate) fn resolve(&self, id: TypeId) -> Option<Type> {
        Some(match id {
            TypeId::BOOL => Type::Bool,
            TypeId::INT => Type::Int,
            TypeId::UINT => Type::Uint,
            TypeId::FLOAT => Type::Float,
            TypeId::BYTES => Type::Bytes,
            TypeId::STRING => Type::String,
            TypeId::COMPLEX => Type::Complex,
            TypeId::INTERFACE => Type::Interface,
            _ => return self.definition(id)?.kind.to_type(),
        })
    }

    /// The fields of a struct type. Empty for other types.
    pub(crate) fn fields(&self, id: TypeId) -> &[Field] {
        match self.definition(id).map(|definition| &definition.kind) {
            Some(DefinitionKind::Struct(fields)) => fields,
            _ => &[],
        }
    }

    /// The `nth` type that the definition of `id` refers to.
    pub(super) fn part(&self, id: TypeId, nth: usize) -> Option<TypeId> {
        match (&self.definition(id)?.kind, nth) {
            (DefinitionKind::Array { elem, .. } | DefinitionKind::Slice { elem }, 0) => Some(*elem),
            (DefinitionKind::Map { key, .. }, 0) => Some(*key),
            (DefinitionKind::Map { elem, .. }, 1) => Some(*elem),
            (DefinitionKind::Struct(fields), _) => fields.get(nth).map(|field| field.ty),
            _ => None,
        }
    }

    /// Whether values of a type may be `time.Time`. Their bytes decide.
    ///
    /// At the top of an interface the registered name tells. Inside other types the definition
    /// tells: Go writes the name without the package, and no name where the type was first met as
    /// an element, a map's value or behind a registered pointer.
    // Go: type.go, newTypeObject.
    pub(crate) fn may_be_time(&self, ty: TypeId, registered: Option<&str>) -> bool {
        if self.resolve(ty) != Some(Type::Opaque(Marshaler::Gob)) {
            return false;
        }
        match registered {
            Some(name) => matches!(name, "time.Time" | "*time.Time"),
            None => self.is_called(ty, "Time"),
        }
    }

    /// Whether the definition of a type has this name, or none, which Go omits in some places.
    pub(crate) fn is_called(&self, ty: TypeId, name: &str) -> bool {
        let definition = self.definition(ty);
        definition.is_none_or(|found| found.name.is_empty() || found.name == name)
    }

    /// The struct whose definition has this name.
    pub(crate) fn struct_called(&self, name: &str) -> Option<TypeId> {
        let mut definitions = self.definitions.iter();
        let found = definitions.find(|(_, definition)| {
            definition.name == name && matches!(definition.kind, DefinitionKind::Struct(_))
        });
        found.map(|(id, _)| *id)
    }

    /// Adds a definition under a new ID.
    pub(crate) fn add(&mut self, definition: Definition) -> TypeId {
        let mut free = TypeId::FIRST_OWN;
        for used in self.definitions.range(free..).map(|(id, _)| *id) {
            if used > free {
                break;
            }
            free = used.following();
        }
        self.definitions.insert(free, definition);
        free
    }

    /// Adds a field to a struct.
    pub(crate) fn add_field(&mut self, id: TypeId, name: &str, ty: TypeId) {
        let definition = self.definitions.get_mut(&id);
        if let Some(DefinitionKind::Struct(fields)) =
            definition.map(|definition| &mut definition.kind)
        {
            fields.push(Field {
                name: name.to_owned(),
                ty,
            });
        }
    }
}

impl DefinitionKind {
    /// Its approximate size in memory, in bytes.
    pub(super) fn size(&self) -> usize {
        let Self::Struct(fields) = self else {
            return size_of::<Definition>();
        };
        let names: usize = fields.iter().map(|field| field.name.len()).sum();
        size_of::<Definition>() + size_of_val(fields.as_slice()) + names
    }

    fn to_type(&self) -> Option<Type> {
        Some(match self {
            Self::Array { elem, len } => Type::Array {
                elem: *elem,
                len: *len,
            },
            Self::Slice { elem } => Type::Slice { elem: *elem },
            Self::Map { key, elem } => Type::Map {
                key: *key,
                elem: *elem,
            },
            Self::Struct(_) => Type::Struct,
            Self::Opaque(marshaler) => Type::Opaque(*marshaler),
            Self::Empty => return None,
        })
    }
}
