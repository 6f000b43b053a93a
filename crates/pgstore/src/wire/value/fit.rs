//! Fitting: a new value takes the Go type of the value it replaces, in every part of it.

use std::{collections::HashMap, sync::Arc};

use crate::wire::gob::{
    identity::identity,
    limits::MAX_LEVELS,
    shape::{Shape, type_name},
    time::Time,
    types::{Type, TypeId, Types},
    value::{GoValue, Value},
};

use super::{
    declared_type::AddedFields,
    insert_table,
    rust_value::{RustKey, RustValue},
};

/// Whether keys that are not strings may become the text keys of a map with string keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TextKeys {
    Allowed,
    Never,
}

/// The new value in the Go type of the old one. `None` if it does not fit.
pub(super) fn fit(new: &RustValue, old: &GoValue, text_keys: TextKeys) -> Option<GoValue> {
    let mut context = Context {
        added: AddedFields::default(),
        text_keys,
    };
    let fitted = fit_within(new, old, &mut context).or_else(|| {
        context.added.are_any = !matches!(new.plain(), RustValue::Named(_));
        fit_within(new, old, &mut context)
    })?;
    // Bytes in Rust have no level, but as a list in Go they have one.
    (fitted.value.levels() <= MAX_LEVELS).then_some(fitted)
}

/// What one call of [`fit`] shares.
struct Context {
    added: AddedFields,
    text_keys: TextKeys,
}

fn fit_within(new: &RustValue, old: &GoValue, context: &mut Context) -> Option<GoValue> {
    let new = match new.plain() {
        RustValue::Named(named) if named.name == old.name => named.content.plain(),
        RustValue::Named(_) => return None,
        new => new,
    };
    let mut fitter = Fitter {
        types: Arc::clone(&old.types),
        context,
    };
    let target = Target {
        ty: old.ty,
        shape: &Shape::of(&old.name),
        name: Some(&old.name),
    };
    let value = fitter.value(new, target, Some(&old.value))?;
    Some(GoValue {
        name: old.name.clone(),
        ty: old.ty,
        types: fitter.types,
        value,
    })
}

/// The Go type at a place in a value.
#[derive(Clone, Copy)]
struct Target<'a> {
    ty: TypeId,
    shape: &'a Shape,
    /// The registered name, at the top of an interface.
    name: Option<&'a str>,
}

impl<'a> Target<'a> {
    fn part(ty: TypeId, shape: &'a Shape) -> Self {
        Self {
            ty,
            shape,
            name: None,
        }
    }
}

/// Fits values to the types of one table. The table is replaced by a copy when a struct gets
/// fields.
struct Fitter<'a> {
    types: Arc<Types>,
    context: &'a mut Context,
}

impl Fitter<'_> {
    fn value(&mut self, new: &RustValue, target: Target<'_>, old: Option<&Value>) -> Option<Value> {
        let ty = self.types.resolve(target.ty)?;
        let shape = target.shape;
        let new = match new.plain() {
            RustValue::Named(named) if ty != Type::Interface => {
                let is_called = self.is_called(target.ty, named.name);
                is_called.then_some(named.content.plain())?
            }
            new => new,
        };
        match ty {
            Type::Bool => match new {
                RustValue::Bool(value) => Some(Value::Bool(*value)),
                _ => None,
            },
            Type::Int => int(new, shape),
            Type::Uint => uint(new, shape),
            Type::Float => new.as_float(shape).map(Value::Float),
            Type::Complex => {
                let (re, im) = new.as_complex(shape)?;
                Some(Value::Complex(re, im))
            }
            Type::Bytes => new.to_bytes().map(Value::Bytes),
            Type::String => new.to_text().map(Value::String),
            Type::Interface => self.interface(new, old),
            Type::Opaque(_) => self.opaque(new, target).map(Value::Opaque),
            Type::Slice { elem } => self.list(new, target, elem, old).map(Value::Slice),
            Type::Array { elem, len } => {
                let items = self.list(new, target, elem, old)?;
                (items.len() as u64 == len).then_some(Value::Array(items))
            }
            Type::Map { key, elem } => self.map(new, target, (key, elem), old),
            Type::Struct => self.record(new, target.ty, old),
        }
    }

    /// The value of an interface: in the old value's type if it fits, else in that of the table.
    fn interface(&mut self, new: &RustValue, old: Option<&Value>) -> Option<Value> {
        let fitted = match old {
            Some(Value::Interface(Some(old))) => fit_within(new, old, self.context),
            _ => None,
        };
        // The table has only maps with string keys.
        let is_refused = || match self.context.text_keys {
            TextKeys::Allowed => new.has_equal_texts(),
            TextKeys::Never => new.has_text_keys(),
        };
        match fitted {
            Some(value) => Some(Value::Interface(Some(Box::new(value)))),
            None if is_refused() => None,
            None => Some(insert_table::interface(new)),
        }
    }

    /// Whether a type in the table may be the one with the registered name.
    fn is_called(&self, ty: TypeId, name: &str) -> bool {
        let definition = self.types.definition(ty);
        definition.is_none_or(|definition| {
            definition.name.is_empty() || definition.name == type_name(name)
        })
    }

    fn opaque(&self, new: &RustValue, target: Target<'_>) -> Option<Vec<u8>> {
        let is_time = self.types.is_time(target.ty, target.name) || *target.shape == Shape::Time;
        match new {
            RustValue::Time(time) if is_time => Some(time.to_bytes()),
            RustValue::String(text) if is_time => text.parse().ok().map(Time::to_bytes),
            RustValue::Bytes(bytes) if !is_time || Time::is_accepted(bytes) => Some(bytes.clone()),
            RustValue::List(list) if !is_time && list.is_empty() => Some(Vec::new()),
            _ => None,
        }
    }

    fn list(
        &mut self,
        new: &RustValue,
        target: Target<'_>,
        elem: TypeId,
        old: Option<&Value>,
    ) -> Option<Vec<Value>> {
        let target = Target::part(elem, target.shape.elem());
        let olds: &[Value] = match old {
            Some(Value::Slice(olds) | Value::Array(olds)) => olds,
            _ => &[],
        };
        let olds = olds.iter().map(Some).chain(std::iter::repeat(None));
        let items = new.to_items()?;
        items
            .iter()
            .zip(olds)
            .map(|(item, old)| self.value(item, target, old))
            .collect()
    }

    /// The entries of a map: first those with existing keys, in their order, then the new ones.
    fn map(
        &mut self,
        new: &RustValue,
        target: Target<'_>,
        (key_type, elem): (TypeId, TypeId),
        old: Option<&Value>,
    ) -> Option<Value> {
        let pairs = new.pairs()?;
        let olds = OldEntries::new(old);
        let key_target = Target::part(key_type, target.shape.key());
        let elem = Target::part(elem, target.shape.elem());
        if self.types.resolve(key_type) == Some(Type::String) && RustKey::have_equal_texts(pairs) {
            return None;
        }
        let mut entries = Vec::new();
        for (key, value) in pairs {
            let key = self.key(key, key_target, &olds)?;
            let (position, old) = olds.find(&key);
            if *value == RustValue::None && !old.is_some_and(is_nil) {
                continue;
            }
            entries.push((position, (key, self.value(value, elem, old)?)));
        }
        entries.sort_by_key(|(position, _)| *position);
        Some(Value::Map(
            entries.into_iter().map(|(_, entry)| entry).collect(),
        ))
    }

    fn key(&self, key: &RustKey, target: Target<'_>, olds: &OldEntries<'_>) -> Option<Value> {
        let allows_text = self.context.text_keys == TextKeys::Allowed;
        match (self.types.resolve(target.ty)?, key) {
            (Type::String, RustKey::String(_)) => Some(Value::String(key.text().into_bytes())),
            (Type::String, key) if allows_text => Some(Value::String(key.text().into_bytes())),
            (Type::Bool, RustKey::Bool(value)) => Some(Value::Bool(*value)),
            (Type::Int, key) => int(&key.as_scalar()?, target.shape),
            (Type::Uint, key) => uint(&key.as_scalar()?, target.shape),
            (Type::Interface, key) => {
                let key = key.to_value();
                let old = olds.key_like(&key);
                Some(old.unwrap_or_else(|| insert_table::interface(&key)))
            }
            _ => None,
        }
    }

    /// The fields of a struct. Those that the new value does not mention stay.
    fn record(&mut self, new: &RustValue, ty: TypeId, old: Option<&Value>) -> Option<Value> {
        let pairs = new.pairs()?;
        let mut fields = match old {
            Some(Value::Struct(fields)) => fields.clone(),
            _ => Vec::new(),
        };
        for (name, value) in pairs {
            let RustKey::String(name) = name else {
                return None;
            };
            self.field(ty, name, value, &mut fields)?;
        }
        Some(Value::Struct(fields))
    }

    fn field(
        &mut self,
        ty: TypeId,
        name: &str,
        new: &RustValue,
        fields: &mut Vec<(usize, Value)>,
    ) -> Option<()> {
        let Some(number) = self.field_number(ty, name, new)? else {
            return Some(());
        };
        let place = fields.binary_search_by_key(&number, |(number, _)| *number);
        let old = place.ok().map(|place| fields[place].1.clone());
        let ty = self.types.fields(ty)[number].ty;
        let new = match new {
            RustValue::None | RustValue::Nil | RustValue::Unit => None,
            new => Some(self.value(new, Target::part(ty, &Shape::Unknown), old.as_ref())?),
        };
        let new = new.filter(|new| !new.is_zero());
        match (place, new) {
            (Ok(place), Some(new)) => fields[place].1 = new,
            (Ok(place), None) => drop(fields.remove(place)),
            (Err(place), Some(new)) => fields.insert(place, (number, new)),
            (Err(_), None) => {}
        }
        Some(())
    }

    /// The number of a field, which is added if the struct lacks it: Go ignores fields that its own
    /// type lacks. The inner `None` is a field to omit, the outer one that the value does not fit:
    /// Go refuses a field without a name.
    #[allow(
        clippy::option_option,
        reason = "to omit a field is not the same as to fail"
    )]
    fn field_number(&mut self, ty: TypeId, name: &str, new: &RustValue) -> Option<Option<usize>> {
        let mut fields = self.types.fields(ty).iter();
        let known = fields.position(|field| field.name == name);
        if known.is_some() {
            return Some(known);
        }
        let Some(field) = self.context.added.type_of(new) else {
            return Some(None);
        };
        self.types = self.context.added.add(&self.types, ty, name, field);
        (!name.is_empty()).then(|| Some(self.types.fields(ty).len() - 1))
    }
}

fn int(new: &RustValue, shape: &Shape) -> Option<Value> {
    let int = new.as_i64().filter(|int| shape.holds_int(*int));
    int.map(Value::Int)
}

fn uint(new: &RustValue, shape: &Shape) -> Option<Value> {
    let uint = new.as_u64().filter(|uint| shape.holds_uint(*uint));
    uint.map(Value::Uint)
}

fn is_nil(value: &Value) -> bool {
    matches!(value, Value::Interface(None))
}

/// The entries of the map that is replaced, by key.
struct OldEntries<'a> {
    pairs: &'a [(Value, Value)],
    positions: HashMap<Vec<u8>, usize>,
}

impl<'a> OldEntries<'a> {
    fn new(old: Option<&'a Value>) -> Self {
        let pairs: &[(Value, Value)] = match old {
            Some(Value::Map(pairs)) => pairs,
            _ => &[],
        };
        let identities = pairs.iter().enumerate();
        let positions = identities.filter_map(|(at, (key, _))| Some((identity(key).ok()??, at)));
        Self {
            pairs,
            positions: positions.collect(),
        }
    }

    /// The position and the value of the key. A new key has a position beyond the end.
    fn find(&self, key: &Value) -> (usize, Option<&'a Value>) {
        let identity = identity(key).ok().flatten();
        match identity.and_then(|identity| self.positions.get(&identity)) {
            Some(position) => (*position, Some(&self.pairs[*position].1)),
            None => (usize::MAX, None),
        }
    }

    /// The existing key of interface type that is the same key in another Go type.
    fn key_like(&self, key: &RustValue) -> Option<Value> {
        let mut keys = self.pairs.iter().map(|(key, _)| key);
        let found = keys.find(|existing| match existing {
            Value::Interface(Some(existing)) => {
                let fitted = fit(key, existing, TextKeys::Never);
                let fitted = fitted.map(|fitted| identity(&fitted.value));
                fitted.is_some_and(|fitted| fitted.is_ok() && fitted == identity(&existing.value))
            }
            _ => false,
        });
        found.cloned()
    }
}
