//! Values under a Go program's own names.

use std::{borrow::Cow, sync::Arc};

use crate::wire::gob::{
    limits::MAX_NAME,
    shape::Shape,
    tree::{Typed, Value},
    types::Types,
};

use super::{
    ValueErrorKind as Kind,
    concrete::{ANY, Concrete},
    fit::fit,
    go_line::type_name,
    tree::Tree,
};

/// The value in the Go type that its name and it itself ask for.
pub(super) fn named(name: &'static str, content: &Tree) -> Result<Typed, Kind> {
    check(name)?;
    let concrete = match Concrete::named(&Shape::of(name), content.plain()) {
        Concrete::Struct(_, fields) => Concrete::Struct(type_name(name).to_owned(), fields),
        ANY => return Err(Kind::NotOfGoType { name }),
        other => other,
    };
    if !concrete.is_known() {
        return Err(Kind::GoTypeUnknown { name });
    }
    if concrete.hides_a_struct() {
        return Err(Kind::NoGoField { name });
    }
    fit(content, &empty(name, &concrete)).ok_or(Kind::NotOfGoType { name })
}

/// Whether all named values within a tree can be written.
pub(super) fn check_all(tree: &Tree) -> Result<(), Kind> {
    match tree {
        Tree::Named(name, content) => {
            check_all(content)?;
            named(name, content).map(drop)
        }
        Tree::Any(content) => check_all(content),
        Tree::List(items) => items.iter().try_for_each(check_all),
        Tree::Map(pairs) | Tree::Struct(_, pairs) => {
            pairs.iter().try_for_each(|(_, value)| check_all(value))
        }
        _ => Ok(()),
    }
}

/// Go's registry takes nearly any text; one that no line of a program could hold is a mistake.
fn check(name: &'static str) -> Result<(), Kind> {
    let fits = !name.is_empty() && name.len() <= MAX_NAME && name.trim() == name;
    let is_name = fits && !name.contains(char::is_control);
    is_name.then_some(()).ok_or(Kind::BadGoName { name })
}

/// Nothing yet, of that type.
fn empty(name: &'static str, concrete: &Concrete) -> Typed {
    let mut types = Types::default();
    let ty = concrete.define(&mut types);
    Typed {
        name: Cow::Borrowed(name),
        ty,
        types: Arc::new(types),
        value: Value::Interface(None),
    }
}
