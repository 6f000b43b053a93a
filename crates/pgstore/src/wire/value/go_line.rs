//! The line of Go that registers a type. Go: type.go, Register, makes the names.

use crate::wire::gob::{Typed, shape::Shape, tree::Value};

/// The line to add to the Go program, so that it can read the value's type.
pub(super) fn go_line(typed: &Typed) -> String {
    let name = typed.name.as_ref();
    let (is_pointer, ty) = match name.strip_prefix('*') {
        Some(ty) => (true, ty),
        None => (false, name),
    };
    let value = |ty: &str| literal(ty, is_pointer, &typed.value);
    if is_unnamed(ty) || Shape::of(name) != Shape::Unknown {
        return register(&value(&in_go(ty)), name);
    }
    match path_and_type(ty) {
        Some((path, _)) if is_pointer && path.contains('/') => by_name(name, &value("T")),
        Some(("main", ty)) => register(&value(ty), name),
        Some((path, ty)) => register(&value(&format!("{}.{ty}", package(path))), name),
        None => by_name(name, &value("T")),
    }
}

/// `gob.Register` with what the name says beyond the line itself.
fn register(value: &str, name: &str) -> String {
    let line = format!("gob.Register({value})");
    if name.contains('/') {
        format!("{line}  // {name}")
    } else if in_go(name) != name.replace("interface {}", "interface{}") {
        format!("{line}  // in package main")
    } else {
        line
    }
}

/// Only `gob.RegisterName` makes such a name: the type's own is not known here.
fn by_name(name: &str, value: &str) -> String {
    format!("gob.RegisterName({name:?}, {value})  // T is the type of that name")
}

/// A value of the type, as Go spells it.
fn literal(ty: &str, is_pointer: bool, value: &Value) -> String {
    let scalar = match value {
        Value::Bool(_) => Some("false"),
        Value::Int(_) | Value::Uint(_) | Value::Float(_) | Value::Complex(..) => Some("0"),
        Value::String(_) => Some("\"\""),
        _ => None,
    };
    match (scalar, is_pointer) {
        (Some(_), true) => format!("new({ty})"),
        (Some(zero), false) => format!("{ty}({zero})"),
        (None, true) => format!("&{ty}{{}}"),
        (None, false) => format!("{ty}{{}}"),
    }
}

/// Slices, arrays and maps, which are registered under their own text.
fn is_unnamed(ty: &str) -> bool {
    ty.starts_with('[') || ty.starts_with("map[")
}

/// A type's text as it stands in the program's own source, where package main has no name.
fn in_go(ty: &str) -> String {
    let pieces = ty.split_inclusive(['[', ']', '*']);
    let local: String = pieces
        .map(|piece| piece.strip_prefix("main.").unwrap_or(piece))
        .collect();
    local.replace("interface {}", "interface{}")
}

/// A named type's name without its package, as Go's definitions have it; that of a slice or map is
/// empty.
pub(super) fn type_name(name: &str) -> &str {
    let ty = name.strip_prefix('*').unwrap_or(name);
    match path_and_type(ty) {
        _ if is_unnamed(ty) => "",
        Some((_, ty)) => ty,
        None => ty,
    }
}

/// Splits `import/path.Type` or `import/path.Type[parameters]`.
fn path_and_type(name: &str) -> Option<(&str, &str)> {
    let plain = name.split('[').next()?;
    let dot = plain.rfind('.')?;
    Some((&name[..dot], &name[dot + 1..]))
}

/// The package's name, as far as its path tells: the last element that is no version.
fn package(path: &str) -> &str {
    let is_version = |part: &str| {
        let number = part.strip_prefix('v').unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut parts = path.rsplit('/');
    let last = parts.find(|part| !is_version(part)).unwrap_or(path);
    let last = last.split_once(".v").map_or(last, |(name, _)| name);
    last.rsplit('-').next().unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::wire::gob::types::{TypeId, common};

    fn line(name: &'static str, value: Value) -> String {
        go_line(&Typed {
            name: Cow::Borrowed(name),
            ty: TypeId::INT,
            types: common::types(),
            value,
        })
    }

    #[test]
    fn structs_are_registered_as_their_package_spells_them() {
        let line = |name| line(name, Value::Struct(Vec::new()));
        assert_eq!(
            line("main.User"),
            "gob.Register(User{})  // in package main"
        );
        assert_eq!(
            line("*main.Profile"),
            "gob.Register(&Profile{})  // in package main"
        );
        assert_eq!(line("*models.User"), "gob.Register(&models.User{})");
        assert_eq!(
            line("github.com/acme/app/models.User"),
            "gob.Register(models.User{})  // github.com/acme/app/models.User"
        );
        assert_eq!(
            line("github.com/acme/go-app/v2.Box[int]"),
            "gob.Register(app.Box[int]{})  // github.com/acme/go-app/v2.Box[int]"
        );
        assert_eq!(
            line("gopkg.in/yaml.v3.Node"),
            "gob.Register(yaml.Node{})  // gopkg.in/yaml.v3.Node"
        );
        assert_eq!(
            line("user"),
            "gob.RegisterName(\"user\", T{})  // T is the type of that name"
        );
    }

    #[test]
    fn other_kinds_have_literals_of_their_own() {
        assert_eq!(
            line("time.Time", Value::Opaque(Vec::new())),
            "gob.Register(time.Time{})"
        );
        assert_eq!(
            line("time.Duration", Value::Int(1)),
            "gob.Register(time.Duration(0))"
        );
        assert_eq!(
            line("main.Role", Value::String(Vec::new())),
            "gob.Register(Role(\"\"))  // in package main"
        );
        assert_eq!(
            line("*auth.Level", Value::Int(1)),
            "gob.Register(new(auth.Level))"
        );
        assert_eq!(
            line("map[string]interface {}", Value::Map(Vec::new())),
            "gob.Register(map[string]interface{}{})"
        );
        assert_eq!(
            line("map[string][]*main.User", Value::Map(Vec::new())),
            "gob.Register(map[string][]*User{})  // in package main"
        );
    }
}
