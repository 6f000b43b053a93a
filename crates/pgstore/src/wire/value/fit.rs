//! Fitting: a new value takes the Go type of the value it replaces, in every part of it.

use std::{collections::HashSet, sync::Arc};

use crate::wire::gob::{
    limits::MAX_LEVELS,
    shape::{Shape, type_name},
    time::Time,
    types::{Type, TypeId, Types},
    value::{GoValue, Value},
};

use super::{
    added_fields::AddedFields,
    element_types::ElementTypes,
    fit_rules::{FitRules, PlainBytes, TextKeys},
    insert_table,
    old_entries::OldEntries,
    rust_value::{RustKey, RustValue},
    same_elements::same_elements,
};

/// The new value in the Go type of the old one. `None` if it does not fit.
pub(super) fn fit(new: &RustValue, old: &GoValue, rules: FitRules) -> Option<GoValue> {
    let mut context = Context {
        added: AddedFields::of(new),
        rules,
    };
    let fitted = fit_within(new, old, &mut context).or_else(|| {
        context.added.are_any = !matches!(new.plain(), RustValue::Named(_));
        fit_within(new, old, &mut context)
    })?;
    // Bytes in Rust have no level, but as a list in Go they have one.
    (fitted.value.levels() <= MAX_LEVELS).then_some(fitted)
}

/// What one call of [`fit`] shares.
struct Context<'a> {
    added: AddedFields<'a>,
    rules: FitRules,
}

fn fit_within(new: &RustValue, old: &GoValue, context: &mut Context<'_>) -> Option<GoValue> {
    fit_to(new, old, Some(&old.value), context)
}

/// The new value in the type of a Go value, whose content it replaces if that is given.
fn fit_to(
    new: &RustValue,
    of: &GoValue,
    old: Option<&Value>,
    context: &mut Context<'_>,
) -> Option<GoValue> {
    let new = match new.plain() {
        RustValue::Named(named) if named.name == of.name => named.content.plain(),
        RustValue::Named(_) => return None,
        new => new,
    };
    let mut fitter = Fitter {
        types: Arc::clone(&of.types),
        context,
    };
    let target = Target {
        ty: of.ty,
        shape: &Shape::of_value(&of.name, &of.types, of.ty),
        name: Some(&of.name),
    };
    let value = fitter.value(new, target, old)?;
    Some(GoValue {
        name: of.name.clone(),
        ty: of.ty,
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
struct Fitter<'a, 'b> {
    types: Arc<Types>,
    context: &'a mut Context<'b>,
}

impl Fitter<'_, '_> {
    fn value(&mut self, new: &RustValue, target: Target<'_>, old: Option<&Value>) -> Option<Value> {
        let ty = self.types.resolve(target.ty)?;
        let shape = target.shape;
        let new = match new.plain() {
            RustValue::Named(named) if ty != Type::Interface => {
                let is_called = self.types.is_called(target.ty, type_name(named.name));
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
            Type::Opaque(_) => self.opaque(new, target, old).map(Value::Opaque),
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
        self.fitted_or_by_table(new, fitted)
    }

    /// An element of interface type that is not one of the old list.
    fn new_interface(&mut self, new: &RustValue, like: Option<&GoValue>) -> Option<Value> {
        let fitted = like.and_then(|like| fit_to(new, like, None, self.context));
        self.fitted_or_by_table(new, fitted)
    }

    fn fitted_or_by_table(&self, new: &RustValue, fitted: Option<GoValue>) -> Option<Value> {
        // The table has only maps with string keys.
        let is_refused = || match self.context.rules.text_keys {
            TextKeys::Allowed => new.has_equal_texts(),
            TextKeys::Never => new.has_text_keys(),
        };
        match fitted {
            Some(value) => Some(Value::Interface(Some(Box::new(value)))),
            None if is_refused() => None,
            None => Some(insert_table::interface(new)),
        }
    }

    /// The bytes for a type with its own marshaler. Such a type takes no empty bytes.
    fn opaque(&self, new: &RustValue, target: Target<'_>, old: Option<&Value>) -> Option<Vec<u8>> {
        let is_time = match old {
            Some(Value::Opaque(old)) => Time::is_accepted(old),
            _ => true,
        } && self.types.may_be_time(target.ty, target.name);
        match new {
            RustValue::Time(time) if is_time => Some(time.to_bytes()),
            RustValue::String(text) if is_time => text.parse().ok().map(Time::to_bytes),
            RustValue::Marshaled(bytes) if !bytes.is_empty() => Some(bytes.clone()),
            RustValue::Bytes(bytes) if self.takes_plain(bytes, is_time, old) => Some(bytes.clone()),
            _ => None,
        }
    }

    /// Whether bytes without a word about their origin fit a type with its own marshaler.
    fn takes_plain(&self, bytes: &[u8], is_time: bool, old: Option<&Value>) -> bool {
        let is_old = matches!(old, Some(Value::Opaque(old)) if *old == bytes);
        let is_allowed = self.context.rules.plain_bytes == PlainBytes::Allowed;
        let is_accepted = if is_time {
            Time::is_accepted(bytes)
        } else {
            is_allowed && !bytes.is_empty()
        };
        is_old || is_accepted
    }

    /// The elements of a list. Those that are elements of the old one stay as they are.
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
        let news = new.to_items()?;
        let kind = self.types.resolve(elem)?;
        let same = match kind {
            Type::Bool | Type::Int | Type::Uint | Type::Float | Type::Bytes | Type::String => {
                vec![None; news.len()]
            }
            _ => same_elements(&self.types, elem, &news, olds),
        };
        let likes = (kind == Type::Interface).then(|| ElementTypes::of(olds));
        let items = news.iter().zip(same).enumerate();
        let items = items.map(|(at, (new, same))| match (same, &likes) {
            (Some(same), _) => Some(same.clone()),
            (None, Some(likes)) => self.new_interface(new, likes.like(at, new)),
            (None, None) => self.value(new, target, None),
        });
        let items: Vec<_> = items.collect::<Option<_>>()?;
        are_assignable(target.shape, items.iter(), olds.iter()).then_some(items)
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
        let entries: Vec<(Value, Value)> = entries.into_iter().map(|(_, entry)| entry).collect();
        let values = olds.pairs.iter().map(|(_, value)| value);
        let is_assignable =
            are_assignable(elem.shape, entries.iter().map(|(_, value)| value), values);
        is_assignable.then_some(Value::Map(entries))
    }

    fn key(&self, key: &RustKey, target: Target<'_>, olds: &OldEntries<'_>) -> Option<Value> {
        let allows_text = self.context.rules.text_keys == TextKeys::Allowed;
        match (self.types.resolve(target.ty)?, key) {
            (Type::String, RustKey::String(_)) => Some(Value::String(key.text().into_bytes())),
            (Type::String, key) if allows_text => Some(Value::String(key.text().into_bytes())),
            (Type::Bool, RustKey::Bool(value)) => Some(Value::Bool(*value)),
            (Type::Int, key) => int(&key.as_scalar()?, target.shape),
            (Type::Uint, key) => uint(&key.as_scalar()?, target.shape),
            (Type::Interface, key) => {
                let old = olds.key_like(key).cloned();
                Some(old.unwrap_or_else(|| insert_table::interface(&key.to_value())))
            }
            _ => None,
        }
    }

    /// The fields of a struct. Those that the new value does not mention stay.
    fn record(&mut self, new: &RustValue, ty: TypeId, old: Option<&Value>) -> Option<Value> {
        let pairs = new.pairs()?;
        let mut fields = match old {
            Some(Value::Struct(fields)) => fields.clone(),
            _ => self.types.sent_arrays(ty),
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
        let known_fields = self.types.fields(ty).len();
        let Some(number) = self.field_number(ty, name, new)? else {
            return Some(());
        };
        let place = fields.binary_search_by_key(&number, |(number, _)| *number);
        let old = place.ok().map(|place| fields[place].1.clone());
        let ty = self.types.fields(ty)[number].ty;
        let is_added = number >= known_fields;
        let new = match new {
            RustValue::None | RustValue::Nil | RustValue::Unit => None,
            new => Some(self.value(new, Target::part(ty, &Shape::Unknown), old.as_ref())?),
        };
        // Go's type lacks the field as far as its values show, and its decoder fails on a nil there.
        if is_added && new.as_ref().is_some_and(Value::has_bare_nil) {
            return None;
        }
        let new = new.filter(|new| !new.is_zero());
        match (place, new) {
            (Ok(place), Some(new)) => fields[place].1 = new,
            (Ok(place), None) => match self.types.sent_zero(ty) {
                Some(zero) => fields[place].1 = zero,
                None => drop(fields.remove(place)),
            },
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

/// Whether Go can assign the values to an interface of this shape. Its name shows an interface that
/// a program defines, which may have methods: then only types that are there already are known to
/// have them.
fn are_assignable<'a>(
    shape: &Shape,
    mut news: impl Iterator<Item = &'a Value>,
    olds: impl Iterator<Item = &'a Value>,
) -> bool {
    if !matches!(shape, Shape::Named(_) | Shape::Methods) {
        return true;
    }
    let name = |value: &'a Value| match value {
        Value::Interface(Some(value)) => Some(value.name.as_ref()),
        _ => None,
    };
    let known: HashSet<_> = olds.filter_map(name).collect();
    news.all(|new| name(new).is_none_or(|name| known.contains(name)))
}
