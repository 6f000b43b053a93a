//! Values under the registered names of Go types.

use std::{borrow::Cow, sync::Arc};

use crate::wire::gob::{
    limits::MAX_NAME,
    shape::{Shape, type_name},
    types::Types,
    value::{GoValue, Value},
};

use super::{
    declared_type::{ANY, DeclaredType},
    error::ValueErrorKind as Kind,
    fit::fit,
    fit_rules::FitRules,
    rust_value::{NamedValue, RustValue},
    struct_types::StructTypes,
};

/// The value under a name, and in the Go type that the name and the value ask for.
pub(super) fn named(name: &'static str, content: RustValue) -> NamedValue {
    let made = make(name, &content);
    NamedValue {
        name,
        content,
        made,
    }
}

/// Checks that all named values inside a value can be written.
pub(super) fn check_all(value: &RustValue) -> Result<(), Kind> {
    match value {
        RustValue::Named(named) => {
            check_all(&named.content)?;
            named.made.as_ref().map(drop).map_err(Kind::clone)
        }
        RustValue::Any(content) => check_all(content),
        RustValue::List(items) => items.iter().try_for_each(check_all),
        RustValue::Map(pairs) | RustValue::Struct(_, pairs) => {
            pairs.iter().try_for_each(|(_, value)| check_all(value))
        }
        _ => Ok(()),
    }
}

fn make(name: &'static str, content: &RustValue) -> Result<GoValue, Kind> {
    check_name(name)?;
    if content.has_units() {
        return Err(Kind::UnitForGo);
    }
    let mut structs = StructTypes::default();
    let asked = structs.type_of(content.plain());
    let ty = DeclaredType::of_shape(&Shape::of(name)).or(asked);
    if ty == ANY {
        return Err(Kind::NotOfGoType { name });
    }
    if !ty.is_known() {
        return Err(Kind::GoTypeUnknown { name });
    }
    if structs.hides_a_struct() {
        return Err(Kind::NoGoField { name });
    }
    if let Some(contradiction) = structs.contradiction() {
        let (rust_struct, field) = (contradiction.struct_name, contradiction.field.clone());
        return Err(Kind::NotOneGoType {
            name,
            rust_struct,
            field,
        });
    }
    let empty = empty(name, &ty, &structs);
    fit(content, &empty, FitRules::FOR_GO).ok_or(Kind::NotOfGoType { name })
}

/// Refuses texts that are certainly no type's name. Go's registry accepts nearly any text.
fn check_name(name: &'static str) -> Result<(), Kind> {
    let fits = !name.is_empty() && name.len() <= MAX_NAME && name.trim() == name;
    let is_name = fits && !name.contains(char::is_control);
    is_name.then_some(()).ok_or(Kind::BadGoName { name })
}

/// A place of the type without a value, to fit a value to.
fn empty(name: &'static str, ty: &DeclaredType, structs: &StructTypes) -> GoValue {
    let mut types = Types::default();
    let whole = ty;
    let names = |rust_name| match whole {
        DeclaredType::Struct(whole) if *whole == rust_name => type_name(name),
        _ => rust_name,
    };
    let ty = structs.define(ty, &mut types, &names);
    GoValue {
        name: Cow::Borrowed(name),
        ty,
        types: Arc::new(types),
        value: Value::Interface(None),
    }
}
