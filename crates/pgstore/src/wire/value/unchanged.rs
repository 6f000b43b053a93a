//! Whether a new value is what Rust sees of an old one, so that the old one can stay as it is.

use crate::wire::gob::{
    identity::identity,
    time::Time,
    types::{Type, TypeId, Types},
    value::{GoValue, Value},
};

use super::rust_value::{RustKey, RustValue};

/// Whether the new value says nothing that the old one, of this type, does not say. The old one may
/// have fields that the new one does not mention.
pub(super) fn is_unchanged(types: &Types, ty: TypeId, new: &RustValue, old: &Value) -> bool {
    match (new.plain(), old) {
        (RustValue::None | RustValue::Nil | RustValue::Unit, Value::Interface(None)) => true,
        (new, Value::Interface(Some(old))) => is_same_value(new, old),
        (RustValue::Named(_), _) => false,
        (RustValue::Bool(new), Value::Bool(old)) => new == old,
        (new, Value::Int(old)) => new.as_i64() == Some(*old),
        (new, Value::Uint(old)) => new.as_u64() == Some(*old),
        (RustValue::Float(_, new), Value::Float(old)) => new.to_bits() == old.to_bits(),
        (new, Value::Bytes(old)) => new.to_bytes().as_ref() == Some(old),
        (new, Value::String(old)) => new.to_text().as_ref() == Some(old),
        (new, Value::Opaque(old)) => is_same_opaque(new, old),
        (new, Value::Slice(olds) | Value::Array(olds)) => {
            let elem = elem_of(types, ty);
            new.to_items().is_some_and(|news| {
                let mut pairs = news.iter().zip(olds);
                news.len() == olds.len()
                    && pairs.all(|(new, old)| is_unchanged(types, elem, new, old))
            })
        }
        (new, Value::Map(olds)) => {
            let pairs = new.pairs();
            pairs.is_some_and(|pairs| is_same_map(types, ty, pairs, olds))
        }
        (new, Value::Struct(olds)) => new.pairs().is_some_and(|pairs| {
            pairs
                .iter()
                .all(|(name, new)| is_same_field(types, ty, &name.text(), new, olds))
        }),
        _ => false,
    }
}

fn is_same_value(new: &RustValue, old: &GoValue) -> bool {
    match new {
        RustValue::Named(named) if named.name != old.name => false,
        RustValue::Named(named) => is_unchanged(&old.types, old.ty, &named.content, &old.value),
        new => is_unchanged(&old.types, old.ty, new, &old.value),
    }
}

/// A new time without an offset, such as a `SystemTime`, is the same instant in any zone.
fn is_same_opaque(new: &RustValue, old: &[u8]) -> bool {
    let time = match new {
        RustValue::Bytes(new) | RustValue::Marshaled(new) => return new == old,
        RustValue::Time(time) => Some(*time),
        RustValue::String(text) => text.parse().ok(),
        _ => None,
    };
    let (Some(new), Some(old)) = (time, Time::from_bytes(old)) else {
        return false;
    };
    let instant = |time: Time| (time.unix_seconds(), time.nanoseconds());
    new == old || (instant(new) == instant(old) && new.offset().is_none())
}

fn is_same_field(
    types: &Types,
    ty: TypeId,
    name: &str,
    new: &RustValue,
    olds: &[(usize, Value)],
) -> bool {
    let mut fields = types.fields(ty).iter().enumerate();
    let field = fields.find(|(_, field)| field.name == name);
    let sent = field.and_then(|(number, _)| {
        let place = olds.binary_search_by_key(&number, |(number, _)| *number);
        place.ok().map(|place| &olds[place].1)
    });
    match (new, field, sent) {
        (RustValue::None | RustValue::Nil | RustValue::Unit, _, None) => true,
        (new, Some((_, field)), Some(old)) => is_unchanged(types, field.ty, new, old),
        (new, Some(_), None) => new.is_zero(),
        (_, None, _) => false,
    }
}

/// The keys are compared by their text: an old key of another type makes the map another one.
fn is_same_map(
    types: &Types,
    ty: TypeId,
    news: &[(RustKey, RustValue)],
    olds: &[(Value, Value)],
) -> bool {
    let is_present = |value: &RustValue| *value != RustValue::None;
    let present = news.iter().filter(|(_, value)| is_present(value));
    if present.clone().count() != olds.len() {
        return false;
    }
    let Some(Type::Map { key, elem }) = types.resolve(ty) else {
        return false;
    };
    present.zip(olds).all(|((new_key, new), (old_key, old))| {
        is_unchanged(types, key, &new_key.to_value(), old_key)
            && is_unchanged(types, elem, new, old)
    }) || is_same_in_another_order(types, (key, elem), news, olds)
}

/// The same for maps without an order, such as Rust's `HashMap`.
fn is_same_in_another_order(
    types: &Types,
    (key, elem): (TypeId, TypeId),
    news: &[(RustKey, RustValue)],
    olds: &[(Value, Value)],
) -> bool {
    if types.resolve(key) != Some(Type::String) {
        return false;
    }
    let by_key = olds
        .iter()
        .filter_map(|(key, old)| Some((identity(key).ok()??, old)));
    let by_key: std::collections::HashMap<_, _> = by_key.collect();
    let mut present = news.iter().filter(|(_, new)| *new != RustValue::None);
    present.all(|(new_key, new)| {
        let key = identity(&Value::String(new_key.text().into_bytes()));
        let old = key.ok().flatten().and_then(|key| by_key.get(&key));
        old.is_some_and(|old| is_unchanged(types, elem, new, old))
    })
}

fn elem_of(types: &Types, ty: TypeId) -> TypeId {
    match types.resolve(ty) {
        Some(Type::Array { elem, .. } | Type::Slice { elem }) => elem,
        _ => TypeId::INTERFACE,
    }
}
