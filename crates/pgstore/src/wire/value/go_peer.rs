use std::{collections::BTreeSet, sync::Arc};

use crate::wire::gob::Typed;

use super::{Key, ValueError, ValueErrorKind, go_line::go_line};

/// Whether a Go program reads the sessions too, and which types it has registered with gob.
///
/// One value of a type that Go does not know makes Go refuse the *whole* session. With
/// [`GoPeer::registered`] such a value is a [usage error](ValueErrorKind::Unregistered) instead,
/// which prints the line that the Go program lacks.
///
/// What every program on gorilla/sessions knows is always allowed: bools, numbers, strings, slices
/// of them and `[]interface {}`. So are the types that a value already has in the session.
///
/// ```
/// use pgstore::wire::{Draft, GoPeer, Values};
///
/// let go = GoPeer::registered(["main.User", "map[string]interface {}"]);
/// let mut values = Values::new();
/// values.put_for("visits", &Draft::new("visits", &1_i64)?, &go)?;
///
/// let now = Draft::new("seen", &std::time::SystemTime::now())?;
/// let error = values.put_for("seen", &now, &go).unwrap_err();
/// assert!(error.to_string().contains("gob.Register(time.Time{})"));
/// # Ok::<(), pgstore::wire::ValueError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum GoPeer {
    /// No Go program does: everything may be written. This is the default.
    #[default]
    None,
    /// A Go program does, which has registered these types.
    Registered(RegisteredNames),
}

/// The names of the types that a Go program has registered; made by [`GoPeer::registered`].
#[derive(Clone, Debug)]
pub struct RegisteredNames(Arc<BTreeSet<String>>);

impl GoPeer {
    /// A Go program that has registered the types of these names.
    ///
    /// `gob.Register(User{})` registers `main.User` in package main, else
    /// `github.com/acme/app/models.User`; `gob.Register(&Profile{})` registers `*main.Profile`;
    /// types without a name are registered as Go prints them: `map[string]interface {}`.
    ///
    /// ```
    /// use pgstore::wire::GoPeer;
    ///
    /// let go = GoPeer::registered(["time.Time", "github.com/acme/app/models.User"]);
    /// assert!(matches!(go, GoPeer::Registered(_)));
    /// ```
    pub fn registered<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        Self::Registered(RegisteredNames(Arc::new(names)))
    }

    /// Whether all that `new` brings, beyond what `old` has already, can be read there.
    pub(super) fn check(
        &self,
        key: &Key,
        new: Option<&Typed>,
        old: Option<&Typed>,
    ) -> Result<(), ValueError> {
        let Self::Registered(RegisteredNames(names)) = self else {
            return Ok(());
        };
        let old: BTreeSet<_> = old.iter().flat_map(|old| old.all()).map(name).collect();
        let is_known =
            |name: &str| is_always_registered(name) || names.contains(name) || old.contains(name);
        let new = new.iter().flat_map(|new| new.all());
        let unknown = new.into_iter().find(|typed| !is_known(&typed.name));
        unknown.map_or(Ok(()), |typed| {
            Err(ValueError::new(key, unregistered(typed)))
        })
    }
}

fn name(typed: &Typed) -> &str {
    &typed.name
}

fn unregistered(typed: &Typed) -> ValueErrorKind {
    ValueErrorKind::Unregistered {
        name: typed.name.to_string(),
        line: go_line(typed),
    }
}

/// Go: type.go, registerBasics; gorilla/sessions registers `[]interface {}` in its init.
fn is_always_registered(name: &str) -> bool {
    name == "[]interface {}" || BASICS.contains(&name.strip_prefix("[]").unwrap_or(name))
}

const BASICS: [&str; 17] = [
    "bool",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "uintptr",
    "float32",
    "float64",
    "complex64",
    "complex128",
    "string",
];
