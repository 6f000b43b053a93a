//! Which elements of a new list are elements of the old one.
//!
//! A list's elements have no names, and an index does not tell: Rust may have removed the first one.
//! So an element is the same only if Rust sees nothing changed in it, and as many elements of the
//! new list look like it as of the old one. It stays as it is, with all that only Go knows. Every
//! other element is a new one.

use std::collections::HashMap;

use crate::wire::gob::{
    types::{Type, TypeId, Types},
    value::Value,
};

use super::{rust_value::RustValue, unchanged::is_unchanged};

/// How many pairs of elements that look alike at first sight are compared in one list. Beyond that
/// no elements of that look are the same.
const MAX_PAIRS: usize = 256;

/// For each new element, the old one that it is.
pub(super) fn same_elements<'a>(
    types: &Types,
    elem: TypeId,
    news: &[RustValue],
    olds: &'a [Value],
) -> Vec<Option<&'a Value>> {
    let mut same = vec![None; news.len()];
    if olds.is_empty() {
        return same;
    }
    let is_same = |new: usize, old: usize| is_unchanged(types, elem, &news[new], &olds[old]);
    if news.len() == olds.len() && (0..news.len()).all(|at| is_same(at, at)) {
        return olds.iter().map(Some).collect();
    }
    for alike in looks(types, elem, news, olds).into_values() {
        for (new, old) in alike.pairs(&is_same) {
            same[new] = Some(&olds[old]);
        }
    }
    same
}

/// The elements with one look, by index.
#[derive(Default)]
struct Alike {
    news: Vec<usize>,
    olds: Vec<usize>,
}

impl Alike {
    /// The new elements and the old ones that they are.
    fn pairs(&self, is_same: &impl Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
        let in_order = self.news.iter().copied().zip(self.olds.iter().copied());
        if self.news.len() == self.olds.len()
            && in_order.clone().all(|(new, old)| is_same(new, old))
        {
            return in_order.collect();
        }
        if self.news.len().saturating_mul(self.olds.len()) > MAX_PAIRS {
            return Vec::new();
        }
        let alike: Vec<_> = self
            .news
            .iter()
            .map(|new| self.only(*new, is_same))
            .collect();
        let is_claimed_once = |old| alike.iter().filter(|other| **other == Some(old)).count() == 1;
        let pairs = self.news.iter().zip(&alike);
        let pairs = pairs.filter_map(|(new, old)| Some((*new, (*old)?)));
        pairs.filter(|(_, old)| is_claimed_once(*old)).collect()
    }

    /// The old element that is like the new one, if there is one only.
    fn only(&self, new: usize, is_same: &impl Fn(usize, usize) -> bool) -> Option<usize> {
        let mut like = self.olds.iter().copied().filter(|old| is_same(new, *old));
        let found = like.next()?;
        like.next().is_none().then_some(found)
    }
}

/// The elements by their look: the scalars that the first new struct mentions, or a scalar itself.
fn looks(
    types: &Types,
    elem: TypeId,
    news: &[RustValue],
    olds: &[Value],
) -> HashMap<Vec<u8>, Alike> {
    let mut names = news.iter().find_map(scalar_fields).unwrap_or_default();
    names.retain(|name| {
        olds.iter()
            .all(|old| is_scalar_in_go(types, elem, name, old))
    });
    let mut looks: HashMap<_, Alike> = HashMap::new();
    for (at, new) in news.iter().enumerate() {
        let look = look_of_new(new, &names);
        looks.entry(look).or_default().news.push(at);
    }
    for (at, old) in olds.iter().enumerate() {
        let look = look_of_old(types, elem, &names, old);
        if let Some(alike) = looks.get_mut(&look) {
            alike.olds.push(at);
        }
    }
    looks
}

/// The names of the scalar fields of a struct, sorted.
fn scalar_fields(new: &RustValue) -> Option<Vec<String>> {
    let pairs = new.content().pairs()?.iter();
    let scalars = pairs.filter(|(_, value)| look_of_scalar(value).is_some());
    let mut names: Vec<_> = scalars.map(|(name, _)| name.text()).collect();
    names.sort_unstable();
    Some(names)
}

/// Whether a field is a scalar in Go, too. A time may be text in Rust.
fn is_scalar_in_go(types: &Types, elem: TypeId, name: &str, old: &Value) -> bool {
    match old {
        Value::Interface(Some(old)) => is_scalar_in_go(&old.types, old.ty, name, &old.value),
        Value::Struct(_) => {
            let mut fields = types.fields(elem).iter();
            let ty = fields
                .find(|field| field.name == name)
                .map(|field| field.ty);
            let ty = ty.and_then(|ty| types.resolve(ty));
            ty.is_none_or(|ty| SCALARS.contains(&ty))
        }
        _ => true,
    }
}

const SCALARS: [Type; 7] = [
    Type::Bool,
    Type::Int,
    Type::Uint,
    Type::Float,
    Type::Bytes,
    Type::String,
    Type::Interface,
];

fn look_of_new(new: &RustValue, names: &[String]) -> Vec<u8> {
    let new = new.content();
    let Some(pairs) = new.pairs() else {
        return look_of_scalar(new).unwrap_or_default();
    };
    let fields = pairs.iter().map(|(name, value)| (name.text(), value));
    let mentioned = fields.filter(|(name, _)| names.binary_search(name).is_ok());
    let looks = mentioned.filter_map(|(name, value)| Some((name, look_of_scalar(value)?)));
    look_of_fields(looks.collect())
}

fn look_of_old(types: &Types, elem: TypeId, names: &[String], old: &Value) -> Vec<u8> {
    match old {
        Value::Interface(Some(old)) => look_of_old(&old.types, old.ty, names, &old.value),
        Value::Struct(fields) => {
            let declared = types.fields(elem);
            let sent = fields
                .iter()
                .map(|(number, value)| (&declared[*number].name, value));
            let mentioned = sent.filter(|(name, _)| names.binary_search(name).is_ok());
            let looks = mentioned.map(|(name, value)| (name.clone(), look_of_go_scalar(value)));
            look_of_fields(looks.collect())
        }
        Value::Map(pairs) => {
            let named = pairs.iter().filter_map(|(key, value)| match key {
                Value::String(name) => Some((String::from_utf8(name.clone()).ok()?, value)),
                _ => None,
            });
            let mentioned = named.filter(|(name, _)| names.binary_search(name).is_ok());
            let looks = mentioned.map(|(name, value)| (name, look_of_go_scalar(value)));
            look_of_fields(looks.collect())
        }
        scalar => look_of_go_scalar(scalar),
    }
}

/// A field that is zero looks as if it were not sent.
fn look_of_fields(mut fields: Vec<(String, Vec<u8>)>) -> Vec<u8> {
    fields.retain(|(_, look)| !look.is_empty());
    fields.sort_unstable();
    let mut look = vec![b'{'];
    for (name, value) in fields {
        look.extend((name.len() as u64).to_be_bytes());
        look.extend(name.as_bytes());
        look.extend((value.len() as u64).to_be_bytes());
        look.extend(value);
    }
    look
}

/// `None` for what is no scalar. Zero has no bytes.
fn look_of_scalar(new: &RustValue) -> Option<Vec<u8>> {
    Some(match new.plain() {
        RustValue::None | RustValue::Nil | RustValue::Unit => Vec::new(),
        RustValue::Bool(value) => number(i128::from(*value)),
        RustValue::Int(_, value) => number(i128::from(*value)),
        RustValue::Uint(_, value) => number(i128::from(*value)),
        RustValue::Float(_, value) => float(*value),
        RustValue::String(text) => text.clone().into_bytes(),
        RustValue::Bytes(bytes) => bytes.clone(),
        _ => return None,
    })
}

fn look_of_go_scalar(old: &Value) -> Vec<u8> {
    match old {
        Value::Bool(value) => number(i128::from(*value)),
        Value::Int(value) => number(i128::from(*value)),
        Value::Uint(value) => number(i128::from(*value)),
        Value::Float(value) => float(*value),
        Value::String(bytes) | Value::Bytes(bytes) => bytes.clone(),
        Value::Interface(Some(old)) => look_of_go_scalar(&old.value),
        _ => Vec::new(),
    }
}

fn number(value: i128) -> Vec<u8> {
    if value == 0 {
        Vec::new()
    } else {
        value.to_be_bytes().to_vec()
    }
}

fn float(value: f64) -> Vec<u8> {
    if value == 0.0 {
        Vec::new()
    } else {
        value.to_bits().to_be_bytes().to_vec()
    }
}
