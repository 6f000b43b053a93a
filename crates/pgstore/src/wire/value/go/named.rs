use std::fmt;

use serde::{Serialize, Serializer};

use super::{ANY, NAMED};

/// A value that is written under the name by which a Go program has registered its type.
///
/// A struct becomes a real Go struct, which Go's `session.Values["user"].(User)` accepts. Its fields
/// are matched by name, so rename them as Go has them: Go's begin with a capital. Written over
/// that type, it keeps the fields that only Go knows; over anything else, it replaces it.
///
/// Go declares the type of every field, and refuses the whole session if another kind is sent. What
/// is sent is what Go programs usually declare:
///
/// | Rust field | Go field |
/// |---|---|
/// | bool, strings, floats, bytes | `bool`, `string`, `float32` or `float64`, `[]byte` |
/// | signed and unsigned integers | any signed, any unsigned: on the wire there is one of each |
/// | [`SystemTime`](std::time::SystemTime), [`go::Time`](super::Time); [`go::Duration`](super::Duration) | `time.Time`; `time.Duration` |
/// | lists of one type; others | `[]T`; `[]interface{}` |
/// | maps to one type; others | `map[string]T`; `map[string]interface{}` |
/// | structs, also behind `Option` and `Box` | that struct or a pointer to it |
/// | [`go::Any`](super::Any), and `Named` itself | `interface{}` |
/// | `None`, empty lists and maps | any: they are left out, and Go has its zero value |
///
/// As fields are left out, read the type back with `#[serde(default)]` on it. `#[serde(flatten)]`
/// makes a map of a struct. Go arrays and types with marshalers of their own are kept where Go wrote
/// them, but cannot be written anew.
///
/// The name is what [`GoPeer::registered`](crate::wire::GoPeer::registered) takes: `main.User`,
/// `github.com/acme/app/models.User`, `*main.Profile`. Other types than structs may have one, too:
/// `Named::new("main.Role", "admin")`. That Go has registered it is what
/// [`GoPeer`](crate::wire::GoPeer) checks; a name that cannot be one is an error when the value is
/// written.
///
/// ```
/// use pgstore::wire::{Values, go::Named};
///
/// // Go: type User struct { ID int64; Name string; Tags []string }
/// #[derive(serde::Serialize, serde::Deserialize, Default)]
/// #[serde(rename_all = "PascalCase", default)]
/// struct User {
///     #[serde(rename = "ID")]
///     id: i64,
///     name: String,
///     tags: Vec<String>,
/// }
///
/// let ada = User { id: 7, name: "Ada".into(), tags: vec![] };
/// let mut values = Values::new();
/// values.insert("user", &Named::new("main.User", &ada))?;
/// assert_eq!(values.value("user").unwrap().go_type_name(), "main.User");
/// let user: User = values.get("user")?.unwrap();
/// assert_eq!(user.name, "Ada");
/// # Ok::<(), pgstore::wire::ValueError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Named<'a, T: ?Sized> {
    name: &'static str,
    value: &'a T,
}

impl<'a, T: ?Sized> Named<'a, T> {
    /// The value under a registered name.
    #[must_use]
    pub const fn new(go_type_name: &'static str, value: &'a T) -> Self {
        Self {
            name: go_type_name,
            value,
        }
    }
}

/// A Rust type that a Go program knows by a registered name, said once.
///
/// ```
/// use pgstore::wire::{Values, go::GoType};
///
/// #[derive(serde::Serialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Flash {
///     level: String,
///     text: String,
/// }
///
/// impl GoType for Flash {
///     const GO_NAME: &'static str = "main.Flash";
/// }
///
/// let saved = Flash { level: "info".into(), text: "saved".into() };
/// let mut values = Values::new();
/// values.insert("flash", &saved.as_go())?;
/// values.insert("list", &[saved.as_go()])?; // []interface {} of main.Flash
/// # Ok::<(), pgstore::wire::ValueError>(())
/// ```
pub trait GoType {
    /// The name by which Go has the type registered.
    const GO_NAME: &'static str;

    /// The value, to be written under that name.
    fn as_go(&self) -> Named<'_, Self> {
        Named::new(Self::GO_NAME, self)
    }
}

/// A value where Go declares `interface{}`: a field, or the elements of a list or map.
///
/// It matters within [`Named`] structs only, where fields otherwise get a type of their own: a
/// `HashMap<String, go::Any<T>>` is a `map[string]interface{}` whatever is in it.
///
/// ```
/// use pgstore::wire::{Values, go};
///
/// #[derive(serde::Serialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Event {
///     kind: String,
///     detail: go::Any<i64>, // Go: Detail interface{}
/// }
///
/// let mut values = Values::new();
/// let event = Event { kind: "login".into(), detail: go::Any(7) };
/// values.insert("last", &go::Named::new("main.Event", &event))?;
/// # Ok::<(), pgstore::wire::ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a wrapper to construct and match"
)]
pub struct Any<T>(pub T);

/// In two steps, as serde takes one name at a time; other formats see the value alone.
impl<T: Serialize + ?Sized> Serialize for Named<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAMED, &Content(self.name, self.value))
    }
}

struct Content<'a, T: ?Sized>(&'static str, &'a T);

impl<T: Serialize + ?Sized> Serialize for Content<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(self.0, self.1)
    }
}

impl<T: Serialize> Serialize for Any<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(ANY, &self.0)
    }
}

impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Any<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

impl<T: ?Sized> fmt::Debug for Named<'_, T> {
    /// Without the value, which is private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
