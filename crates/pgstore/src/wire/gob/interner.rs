use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use super::{
    common, definition,
    types::{TypeId, Types},
    writer::Write,
};

/// Assigns IDs to the types of one gob and writes each definition once.
///
/// Equal definitions from different tables share one ID. A definition is written after the
/// definitions it refers to. Only a type that contains itself refers to a later definition.
#[derive(Debug)]
pub(super) struct Interner {
    /// The definition that comes first and has the first ID: that of a session.
    first: Option<&'static SessionType>,
    messages: Vec<u8>,
    next: TypeId,
    /// IDs by table and type. The table is known by its address: the caller keeps it alive.
    ids: BTreeMap<(usize, TypeId), i64>,
    /// IDs by the content of the definition.
    alike: BTreeMap<Vec<u8>, i64>,
}

/// The definition of a session's type, which is the same in every session.
#[derive(Debug)]
struct SessionType {
    message: Vec<u8>,
    content: Vec<u8>,
}

// Go: from 1.21 on the first ID is 64, which is a byte shorter than 65. All versions read it.
const FIRST_ID: TypeId = TypeId::FIRST_OWN;

impl Default for Interner {
    fn default() -> Self {
        Self {
            first: None,
            messages: Vec::new(),
            next: FIRST_ID,
            ids: BTreeMap::new(),
            alike: BTreeMap::new(),
        }
    }
}

impl Interner {
    /// The types of a session, and the ID of the session itself.
    pub(super) fn of_session() -> (Self, i64) {
        static SESSION: LazyLock<SessionType> = LazyLock::new(SessionType::new);
        let interner = Self {
            first: Some(&SESSION),
            next: FIRST_ID.following(),
            ..Self::default()
        };
        (interner, FIRST_ID.number())
    }

    /// The ID of a type. Writes its definition if that is not written yet.
    pub(super) fn wire_id(&mut self, types: &Arc<Types>, ty: TypeId) -> i64 {
        if let Some(id) = self.known(types, ty) {
            return id;
        }
        self.define(types, ty);
        self.known(types, ty).unwrap_or(ty.number())
    }

    /// The gob of a message: first all definitions, then the message.
    pub(super) fn gob(&self, message: &[u8]) -> Vec<u8> {
        let first = self.first.map_or(&[][..], |first| &first.message);
        let mut gob = Vec::with_capacity(first.len() + self.messages.len() + 9 + message.len());
        gob.extend_from_slice(first);
        gob.extend_from_slice(&self.messages);
        gob.bytes(message);
        gob
    }

    fn known(&self, types: &Arc<Types>, ty: TypeId) -> Option<i64> {
        if ty.is_own() {
            self.ids.get(&slot(types, ty)).copied()
        } else {
            Some(ty.number())
        }
    }

    /// Defines a type after the types it refers to. Iterative, since definitions may form long chains.
    fn define(&mut self, types: &Arc<Types>, ty: TypeId) {
        let (mut path, mut on_path) = (vec![(ty, 0)], BTreeSet::from([ty]));
        while let Some((ty, nth)) = path.last_mut() {
            let (ty, part) = (*ty, types.part(*ty, *nth));
            *nth += 1;
            match part {
                Some(part) if self.known(types, part).is_some() => {}
                Some(part) if on_path.insert(part) => path.push((part, 0)),
                Some(part) => drop(self.fresh(types, part)),
                None => {
                    self.close(types, ty);
                    path.pop();
                    on_path.remove(&ty);
                }
            }
        }
    }

    /// Writes a definition after all its parts have IDs.
    fn close(&mut self, types: &Arc<Types>, ty: TypeId) {
        if let Some(id) = self.known(types, ty) {
            return self.write(types, ty, id);
        }
        let content = self.content(types, ty, 0);
        if let Some(id) = self.alike(&content) {
            self.ids.insert(slot(types, ty), id);
            return;
        }
        let id = self.fresh(types, ty);
        self.alike.insert(content, id);
        self.write(types, ty, id);
    }

    /// The ID of a definition with the same content.
    fn alike(&self, content: &[u8]) -> Option<i64> {
        match self.first {
            Some(first) if first.content == content => Some(FIRST_ID.number()),
            _ => self.alike.get(content).copied(),
        }
    }

    fn write(&mut self, types: &Arc<Types>, ty: TypeId, id: i64) {
        let mut message = Vec::new();
        message.int(-id);
        message.extend(self.content(types, ty, id));
        self.messages.bytes(&message);
    }

    fn content(&self, types: &Arc<Types>, ty: TypeId, id: i64) -> Vec<u8> {
        let mut content = Vec::new();
        if let Some(definition) = types.definition(ty) {
            let wire_id = |part| self.known(types, part).unwrap_or_default();
            definition::write(&mut content, id, definition, wire_id);
        }
        content
    }

    fn fresh(&mut self, types: &Arc<Types>, ty: TypeId) -> i64 {
        let id = self.next;
        self.next = id.following();
        self.ids.insert(slot(types, ty), id.number());
        id.number()
    }
}

impl SessionType {
    fn new() -> Self {
        let (mut interner, types) = (Interner::default(), common::types());
        interner.wire_id(&types, common::SESSION);
        Self {
            content: interner.content(&types, common::SESSION, 0),
            message: interner.messages,
        }
    }
}

fn slot(types: &Arc<Types>, ty: TypeId) -> (usize, TypeId) {
    (Arc::as_ptr(types).addr(), ty)
}
