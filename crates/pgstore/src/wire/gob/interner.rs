use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    definition,
    types::{TypeId, Types},
    writer::Write,
};

/// Assigns IDs to the types of one gob and writes each definition once.
///
/// Equal definitions from different tables share one ID. A definition is written after the
/// definitions it refers to. Only a type that contains itself refers to a later definition.
#[derive(Debug)]
pub(super) struct Interner {
    messages: Vec<u8>,
    next: TypeId,
    /// IDs by table and type. The table is known by its address: the caller keeps it alive.
    ids: HashMap<(usize, TypeId), i64>,
    /// IDs by the content of the definition.
    alike: HashMap<Vec<u8>, i64>,
}

impl Default for Interner {
    fn default() -> Self {
        // Go: from 1.21 on the first ID is 64, which is a byte shorter than 65. All versions read it.
        let next = TypeId::FIRST_OWN;
        Self {
            messages: Vec::new(),
            next,
            ids: HashMap::new(),
            alike: HashMap::new(),
        }
    }
}

impl Interner {
    /// The ID of a type. Writes its definition if that is not written yet.
    pub(super) fn wire_id(&mut self, types: &Arc<Types>, ty: TypeId) -> i64 {
        if let Some(id) = self.known(types, ty) {
            return id;
        }
        self.define(types, ty);
        self.known(types, ty).unwrap_or(ty.number())
    }

    /// The messages with all definitions.
    pub(super) fn into_messages(self) -> Vec<u8> {
        self.messages
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
        let (mut path, mut on_path) = (vec![(ty, 0)], HashSet::from([ty]));
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
        if let Some(id) = self.alike.get(&content) {
            self.ids.insert(slot(types, ty), *id);
            return;
        }
        let id = self.fresh(types, ty);
        self.alike.insert(content, id);
        self.write(types, ty, id);
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

fn slot(types: &Arc<Types>, ty: TypeId) -> (usize, TypeId) {
    (Arc::as_ptr(types).addr(), ty)
}
