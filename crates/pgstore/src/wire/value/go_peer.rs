use std::{collections::BTreeSet, sync::Arc};

use crate::wire::{
    gob::{
        declared_shapes::DeclaredShapes,
        shape::{Shape, is_built_in, is_unnamed, path_and_type},
        value::{GoValue, Value},
    },
    securecookie::SecureCookie,
};

use super::{
    error::{ValueError, ValueErrorKind},
    go_check::{self, Misfit},
    key::Key,
};

/// Whether a Go program reads the sessions too, and which types it has registered with gob.
///
/// If a session contains one value of a type that Go does not know, Go refuses the *whole* session.
/// With [`GoPeer::registered`], writing such a value is a
/// [usage error](ValueErrorKind::Unregistered) instead. Its message shows the line that the Go
/// program lacks. Units (null in JSON) and maps with keys that are not strings are usage errors,
/// too.
///
/// Always allowed are the types that every program on gorilla/sessions has registered (bools,
/// numbers, strings, slices of them and `[]interface {}`), and the types that the existing value
/// has.
///
/// ```
/// use pgstore::{GoPeer, Values};
/// use pgstore::wire::Draft;
///
/// let go = GoPeer::registered(["main.User", "map[string]interface {}"]);
/// let mut values = Values::new();
/// values.put_for("visits", &Draft::new("visits", 1_i64)?, &go)?;
///
/// let now = Draft::new("seen", std::time::SystemTime::now())?;
/// let error = values.put_for("seen", &now, &go).unwrap_err();
/// assert!(error.to_string().contains("gob.Register(time.Time{})"));
/// # Ok::<(), pgstore::ValueError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum GoPeer {
    /// No Go program reads the sessions. This is the default.
    #[default]
    None,
    /// A Go program reads the sessions. It has registered these types.
    Registered(RegisteredNames),
}

/// The names of the types that a Go program has registered. Made by [`GoPeer::registered`].
#[derive(Clone, Debug, Default)]
pub struct RegisteredNames {
    names: Arc<BTreeSet<String>>,
    declared: Arc<DeclaredShapes>,
}

impl GoPeer {
    /// A Go program that has registered the types with these names.
    ///
    /// `gob.Register(User{})` registers `main.User` in package main, else
    /// `github.com/acme/app/models.User`. `gob.Register(&Profile{})` registers `*main.Profile`.
    /// Go registers types without a name under their text, such as `map[string]interface {}`.
    ///
    /// ```
    /// use pgstore::GoPeer;
    ///
    /// let go = GoPeer::registered(["time.Time", "github.com/acme/app/models.User"]);
    /// assert!(matches!(go, GoPeer::Registered(_)));
    /// ```
    pub fn registered<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        Self::Registered(RegisteredNames {
            names: Arc::new(names),
            declared: Arc::default(),
        })
    }

    /// Adds what the Go program declares, since gob does not show it: how wide numbers are, which
    /// fields a struct has, and which interfaces have methods.
    ///
    /// A value that Go could not decode into these types is a [usage
    /// error](ValueErrorKind::RefusedByGo) then: Go would refuse the whole session. Each
    /// declaration is a name and the type as Go prints it. A type with its own marshaler is a
    /// `gob.GobEncoder` or an `encoding.BinaryMarshaler`. Fields of undeclared types are not
    /// checked.
    ///
    /// ```
    /// use pgstore::{GoPeer, Values, ValueErrorKind, go::Named};
    /// use pgstore::wire::Draft;
    ///
    /// #[derive(serde::Serialize)]
    /// #[serde(rename_all = "PascalCase")]
    /// struct Player {
    ///     level: i64,
    /// }
    ///
    /// let go = GoPeer::registered(["main.Player"]).declaring([
    ///     ("main.Player", "struct { Level int8; Home main.Addr }"),
    ///     ("main.Addr", "struct { City string }"),
    /// ])?;
    /// let draft = Draft::new("player", Named::new("main.Player", &Player { level: 300 }))?;
    /// let error = Values::new().put_for("player", &draft, &go).unwrap_err();
    /// assert!(matches!(error.kind(), ValueErrorKind::RefusedByGo { .. }));
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A declaration cannot be parsed as a Go type.
    pub fn declaring<N: Into<String>, T: AsRef<str>>(
        self,
        types: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, ValueError> {
        let RegisteredNames { names, declared } = match self {
            Self::None => RegisteredNames::default(),
            Self::Registered(registered) => registered,
        };
        let mut declared = DeclaredShapes::clone(&declared);
        for (name, declaration) in types {
            let name = name.into();
            if !declared.declare(name.clone(), declaration.as_ref()) {
                return Err(ValueError::keyless(ValueErrorKind::BadGoDeclaration {
                    name,
                }));
            }
        }
        let declared = Arc::new(declared);
        Ok(Self::Registered(RegisteredNames { names, declared }))
    }

    /// Whether a Go program reads the sessions.
    ///
    /// ```
    /// use pgstore::GoPeer;
    ///
    /// assert!(!GoPeer::None.is_some());
    /// assert!(GoPeer::registered(["main.User"]).is_some());
    /// ```
    #[must_use]
    pub fn is_some(&self) -> bool {
        matches!(self, Self::Registered(_))
    }

    /// The default maximum length of a session's sealed data, in characters: 64 KiB, or Go's 4096
    /// if a Go program reads the sessions.
    ///
    /// ```
    /// use pgstore::GoPeer;
    ///
    /// assert_eq!(GoPeer::None.default_max_length(), 65_536);
    /// assert_eq!(GoPeer::registered(["main.User"]).default_max_length(), 4096);
    /// ```
    // Go: pgstore's codecs have securecookie's default, 4096, and refuse longer data.
    #[must_use]
    pub fn default_max_length(&self) -> usize {
        match self {
            Self::None => 64 * 1024,
            Self::Registered(_) => SecureCookie::DEFAULT_MAX_LENGTH,
        }
    }

    /// Checks that Go knows all types that `new` has and `old` has not, and that the value is one of
    /// the types that Go declares.
    pub(super) fn check(
        &self,
        key: &Key,
        new: Option<&GoValue>,
        old: Option<&GoValue>,
    ) -> Result<(), ValueError> {
        let Self::Registered(RegisteredNames { names, declared }) = self else {
            return Ok(());
        };
        let known: BTreeSet<_> = old
            .iter()
            .flat_map(|old| old.all())
            .map(GoValue::go_type_name)
            .collect();
        let is_known =
            |name: &str| is_built_in(name) || names.contains(name) || known.contains(name);
        let mut all = new.iter().flat_map(|new| new.all());
        if let Some(unknown) = all.find(|value| !is_known(&value.name)) {
            return Err(ValueError::new(key, unregistered(unknown)));
        }
        let checked = new.map_or(Ok(()), |new| go_check::check(declared, new, old));
        checked.map_err(|Misfit { field, reason }| {
            let name = new.map_or_else(String::new, |new| new.name.to_string());
            let kind = ValueErrorKind::RefusedByGo {
                name,
                field,
                reason,
            };
            ValueError::new(key, kind)
        })
    }
}

fn unregistered(value: &GoValue) -> ValueErrorKind {
    ValueErrorKind::Unregistered {
        name: value.name.to_string(),
        line: go_line(value),
    }
}

/// The line of Go that registers the type of a value.
// Go: type.go, Register, makes the names.
fn go_line(value: &GoValue) -> String {
    let name = value.name.as_ref();
    let (is_pointer, ty) = match name.strip_prefix('*') {
        Some(ty) => (true, ty),
        None => (false, name),
    };
    let literal = |ty: &str| literal(ty, is_pointer, &value.value);
    if is_unnamed(ty) || !Shape::of(name).is_defined() {
        return register(&literal(&in_go(ty)), name);
    }
    match path_and_type(ty) {
        Some((path, _)) if is_pointer && path.contains('/') => by_name(name, &literal("T")),
        Some(("main", ty)) => register(&literal(ty), name),
        Some((path, ty)) => register(&literal(&format!("{}.{ty}", package(path))), name),
        None => by_name(name, &literal("T")),
    }
}

/// `gob.Register`, with a comment if the line alone does not show the whole name.
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

/// `gob.RegisterName`, for a name that does not show the type's own name.
fn by_name(name: &str, value: &str) -> String {
    format!("gob.RegisterName({name:?}, {value})  // T is the type of that name")
}

/// A value of the type in Go source.
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

/// The text of a type in the source of package main, where `main.` is omitted.
fn in_go(ty: &str) -> String {
    let pieces = ty.split_inclusive(['[', ']', '*']);
    let local: String = pieces
        .map(|piece| piece.strip_prefix("main.").unwrap_or(piece))
        .collect();
    local.replace("interface {}", "interface{}")
}

/// The likely name of a package: the last element of its path that is not a version.
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
    use crate::wire::gob::{common, types::TypeId};

    fn line(name: &'static str, value: Value) -> String {
        go_line(&GoValue {
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
