//! Writing over an existing value: it keeps its Go type whenever the new value fits it, and so
//! does every part of it.

use std::sync::Arc;

use crate::wire::gob::{
    limits::MAX_LEVELS,
    shape::Shape,
    time::Time,
    tree::{Typed, Value},
    types::{Type, TypeId, Types},
};

use super::{
    concrete::Concrete,
    extended::Extended,
    fresh,
    go_line::type_name,
    node::is_time,
    old_entries::OldEntries,
    tree::{Tree, TreeKey},
};

/// The new value in the old one's Go type; `None` if it does not fit.
pub(super) fn fit(tree: &Tree, old: &Typed) -> Option<Typed> {
    let mut extended = Extended::default();
    let fitted = fit_part(tree, old, &mut extended).or_else(|| {
        extended.new_fields_are_any = !matches!(tree.plain(), Tree::Named(..));
        fit_part(tree, old, &mut extended)
    })?;
    // A list in a Go list may be bytes in Rust, which are no level there.
    (fitted.value.levels() <= MAX_LEVELS).then_some(fitted)
}

fn fit_part(tree: &Tree, old: &Typed, extended: &mut Extended) -> Option<Typed> {
    let tree = match tree.plain() {
        Tree::Named(name, content) if *name == old.name => content.plain(),
        Tree::Named(..) => return None,
        tree => tree,
    };
    let mut fitter = Fitter {
        types: Arc::clone(&old.types),
        extended,
    };
    let place = Place {
        ty: old.ty,
        shape: &Shape::of(&old.name),
        name: Some(&old.name),
    };
    let value = fitter.value(tree, place, Some(&old.value))?;
    Some(Typed {
        name: old.name.clone(),
        ty: old.ty,
        types: fitter.types,
        value,
    })
}

/// A place in a value: what Go's type there is.
#[derive(Clone, Copy)]
struct Place<'a> {
    ty: TypeId,
    shape: &'a Shape,
    name: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn part(ty: TypeId, shape: &'a Shape) -> Self {
        Self {
            ty,
            shape,
            name: None,
        }
    }
}

/// Fits values to the types of one table, which becomes a changed copy when a struct gets fields.
struct Fitter<'a> {
    types: Arc<Types>,
    extended: &'a mut Extended,
}

impl Fitter<'_> {
    fn value(&mut self, tree: &Tree, place: Place<'_>, old: Option<&Value>) -> Option<Value> {
        let ty = self.types.resolve(place.ty)?;
        let tree = match tree.plain() {
            Tree::Named(name, content) if ty != Type::Interface => {
                self.is_called(place.ty, name).then_some(content.plain())?
            }
            tree => tree,
        };
        match ty {
            Type::Bool => match tree {
                Tree::Bool(value) => Some(Value::Bool(*value)),
                _ => None,
            },
            Type::Int => tree
                .as_i64()
                .filter(|int| place.shape.holds_int(*int))
                .map(Value::Int),
            Type::Uint => tree
                .as_u64()
                .filter(|uint| place.shape.holds_uint(*uint))
                .map(Value::Uint),
            Type::Float => float(tree, place.shape).map(Value::Float),
            Type::Complex => complex(tree, place.shape),
            Type::Bytes => bytes(tree).map(Value::Bytes),
            Type::String => text(tree).map(Value::String),
            Type::Interface => self.interface(tree, old),
            Type::Opaque(_) => self.opaque(tree, place).map(Value::Opaque),
            Type::Slice { elem } => self.list(tree, place, elem, old).map(Value::Slice),
            Type::Array { elem, len } => {
                let items = self.list(tree, place, elem, old)?;
                (items.len() as u64 == len).then_some(Value::Array(items))
            }
            Type::Map { key, elem } => self.map(tree, place, (key, elem), old),
            Type::Struct => self.record(tree, place.ty, old),
        }
    }

    /// What an interface holds: the old type if the value fits it, else the table's, which has no
    /// maps with other keys than strings.
    fn interface(&mut self, tree: &Tree, old: Option<&Value>) -> Option<Value> {
        let fitted = match old {
            Some(Value::Interface(Some(old))) => fit_part(tree, old, self.extended),
            _ => None,
        };
        match fitted {
            Some(typed) => Some(Value::Interface(Some(Box::new(typed)))),
            None if tree.has_other_keys() => None,
            None => Some(fresh::interface(tree)),
        }
    }

    /// Whether a type in the table may be that of the registered name.
    fn is_called(&self, ty: TypeId, name: &str) -> bool {
        let definition = self.types.definition(ty);
        definition.is_none_or(|definition| {
            definition.name.is_empty() || definition.name == type_name(name)
        })
    }

    /// Go ignores fields that its own type does not have. An empty name it refuses.
    fn add_field(&mut self, ty: TypeId, name: &str, field: Concrete) -> Option<usize> {
        self.types = self.extended.with_field(&self.types, ty, name, field);
        (!name.is_empty()).then(|| self.types.fields(ty).len() - 1)
    }

    fn opaque(&self, tree: &Tree, place: Place<'_>) -> Option<Vec<u8>> {
        let is_time = is_time(&self.types, place.ty, place.name) || *place.shape == Shape::Time;
        match tree {
            Tree::Time(time) if is_time => Some(time.to_bytes()),
            Tree::String(text) if is_time => text.parse().ok().map(Time::to_bytes),
            Tree::Bytes(bytes) if !is_time || Time::is_accepted(bytes) => Some(bytes.clone()),
            Tree::List(list) if !is_time && list.is_empty() => Some(Vec::new()),
            _ => None,
        }
    }

    fn list(
        &mut self,
        tree: &Tree,
        place: Place<'_>,
        elem: TypeId,
        old: Option<&Value>,
    ) -> Option<Vec<Value>> {
        let place = Place::part(elem, place.shape.elem());
        let olds: &[Value] = match old {
            Some(Value::Slice(olds) | Value::Array(olds)) => olds,
            _ => &[],
        };
        let numbers: Vec<Tree>;
        let items = match tree {
            Tree::List(items) => items,
            Tree::Bytes(bytes) => {
                numbers = bytes
                    .iter()
                    .map(|byte| Tree::Uint("uint8", (*byte).into()))
                    .collect();
                &numbers
            }
            _ => return None,
        };
        let olds = olds.iter().map(Some).chain(std::iter::repeat(None));
        items
            .iter()
            .zip(olds)
            .map(|(item, old)| self.value(item, place, old))
            .collect()
    }

    /// The entries of a map: those that were there first, in their order, then the new ones.
    fn map(
        &mut self,
        tree: &Tree,
        place: Place<'_>,
        (key_type, elem): (TypeId, TypeId),
        old: Option<&Value>,
    ) -> Option<Value> {
        let pairs = tree.pairs()?;
        let olds = OldEntries::new(old);
        let elem = Place::part(elem, place.shape.elem());
        let mut entries = Vec::new();
        for (key, value) in pairs {
            let key = self.key(key, Place::part(key_type, place.shape.key()), &olds)?;
            let (position, old) = olds.find(&key);
            if *value == Tree::None && !old.is_some_and(is_nil) {
                continue;
            }
            entries.push((position, (key, self.value(value, elem, old)?)));
        }
        entries.sort_by_key(|(position, _)| *position);
        Some(Value::Map(
            entries.into_iter().map(|(_, entry)| entry).collect(),
        ))
    }

    fn key(&self, key: &TreeKey, place: Place<'_>, olds: &OldEntries<'_>) -> Option<Value> {
        match (self.types.resolve(place.ty)?, key) {
            (Type::String, TreeKey::String(text)) => Some(Value::String(text.clone().into_bytes())),
            (Type::Bool, TreeKey::Bool(value)) => Some(Value::Bool(*value)),
            (Type::Int, key) => {
                let int = key
                    .other()?
                    .as_i64()
                    .filter(|int| place.shape.holds_int(*int));
                int.map(Value::Int)
            }
            (Type::Uint, key) => {
                let uint = key
                    .other()?
                    .as_u64()
                    .filter(|uint| place.shape.holds_uint(*uint));
                uint.map(Value::Uint)
            }
            (Type::Interface, key) => Some(olds.like(key).unwrap_or_else(|| {
                let tree = key.other().unwrap_or_else(|| Tree::String(key.text()));
                fresh::interface(&tree)
            })),
            _ => None,
        }
    }

    /// A struct keeps the fields that the new value does not mention.
    fn record(&mut self, tree: &Tree, ty: TypeId, old: Option<&Value>) -> Option<Value> {
        let pairs = tree.pairs()?;
        let mut fields = match old {
            Some(Value::Struct(fields)) => fields.clone(),
            _ => Vec::new(),
        };
        for (name, value) in pairs {
            self.field(ty, &name.text(), value, &mut fields)?;
        }
        Some(Value::Struct(fields))
    }

    fn field(
        &mut self,
        ty: TypeId,
        name: &str,
        tree: &Tree,
        fields: &mut Vec<(usize, Value)>,
    ) -> Option<()> {
        let known = self
            .types
            .fields(ty)
            .iter()
            .position(|field| field.name == name);
        let number = match (known, self.extended.type_of_new(tree)) {
            (Some(number), _) => number,
            (None, Some(concrete)) => self.add_field(ty, name, concrete)?,
            (None, None) => return Some(()),
        };
        let place = fields.binary_search_by_key(&number, |(number, _)| *number);
        let old = place.ok().map(|place| fields[place].1.clone());
        let ty = self.types.fields(ty)[number].ty;
        let new = match tree {
            Tree::None | Tree::Nil => None,
            tree => self.value(tree, Place::part(ty, &Shape::Unknown), old.as_ref()),
        };
        if new.is_none() && !matches!(tree, Tree::None | Tree::Nil) {
            return None;
        }
        let new = new.filter(|new| !new.is_zero());
        match (place, new) {
            (Ok(place), Some(new)) => fields[place].1 = new,
            (Ok(place), None) => drop(fields.remove(place)),
            (Err(place), Some(new)) => fields.insert(place, (number, new)),
            (Err(_), None) => {}
        }
        Some(())
    }
}

fn is_nil(value: &Value) -> bool {
    matches!(value, Value::Interface(None))
}

/// Only floats fit floats: an integer would not read as one afterwards.
fn float(tree: &Tree, shape: &Shape) -> Option<f64> {
    let Tree::Float(_, value) = tree else {
        return None;
    };
    #[allow(
        clippy::cast_possible_truncation,
        reason = "whether it is exact is what is asked"
    )]
    let exact = f64::from(*value as f32) == *value || value.is_nan();
    (exact || !matches!(shape, Shape::Float(32) | Shape::Complex(64))).then_some(*value)
}

fn complex(tree: &Tree, shape: &Shape) -> Option<Value> {
    match tree {
        Tree::List(parts) => match parts.as_slice() {
            [re, im] => Some(Value::Complex(float(re, shape)?, float(im, shape)?)),
            _ => None,
        },
        _ => None,
    }
}

fn bytes(tree: &Tree) -> Option<Vec<u8>> {
    match tree {
        Tree::Bytes(bytes) => Some(bytes.clone()),
        Tree::String(text) => Some(text.clone().into_bytes()),
        Tree::List(list) if list.is_empty() => Some(Vec::new()),
        _ => None,
    }
}

/// Go's strings hold any bytes, so bytes fit; an empty list is none.
fn text(tree: &Tree) -> Option<Vec<u8>> {
    match tree {
        Tree::String(text) => Some(text.clone().into_bytes()),
        Tree::Bytes(bytes) => Some(bytes.clone()),
        _ => None,
    }
}
