//! The types of new values, in one table, so that each is defined once.

use std::sync::{Arc, LazyLock};

use super::types::{Definition, DefinitionKind, Marshaler, TypeId, Types};

/// `map[interface {}]interface {}`, a session.
pub(crate) const SESSION: TypeId = TypeId(64);
/// `map[string]interface {}`.
pub(crate) const MAP: TypeId = TypeId(65);
/// `[]interface {}`.
pub(crate) const LIST: TypeId = TypeId(66);
/// `time.Time`.
pub(crate) const TIME: TypeId = TypeId(67);
pub(crate) const BOOLS: TypeId = TypeId(68);
pub(crate) const INTS: TypeId = TypeId(69);
pub(crate) const UINTS: TypeId = TypeId(70);
pub(crate) const FLOATS: TypeId = TypeId(71);
pub(crate) const STRINGS: TypeId = TypeId(72);

pub(crate) fn types() -> Arc<Types> {
    Arc::clone(&COMMON)
}

static COMMON: LazyLock<Arc<Types>> = LazyLock::new(|| Arc::new(table()));

fn table() -> Types {
    let any = TypeId::INTERFACE;
    let map = |key, elem| DefinitionKind::Map { key, elem };
    let slice = |elem| DefinitionKind::Slice { elem };
    let mut types = Types::default();
    let mut define = |id, name: &str, kind| {
        let name = name.to_owned();
        types.define(id, Definition { name, kind });
    };
    define(SESSION, "", map(any, any));
    define(MAP, "", map(TypeId::STRING, any));
    define(LIST, "", slice(any));
    define(TIME, "Time", DefinitionKind::Opaque(Marshaler::Gob));
    define(BOOLS, "", slice(TypeId::BOOL));
    define(INTS, "", slice(TypeId::INT));
    define(UINTS, "", slice(TypeId::UINT));
    define(FLOATS, "", slice(TypeId::FLOAT));
    define(STRINGS, "", slice(TypeId::STRING));
    types
}
