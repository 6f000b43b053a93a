use std::fmt;

use serde::{Serialize, Serializer};

/// The names by which [`Values`](crate::wire::Values) knows the types. Other formats see the value.
pub(crate) const ANY: &str = "$pgstore::go::Any";
/// Around a newtype whose name is the registered name of the Go type.
pub(crate) const NAMED: &str = "$pgstore::go::Named";

/// A value under the name with which a Go program has registered its type.
///
/// A struct becomes a Go struct, which Go's `session.Values["user"].(User)` accepts. Fields are
/// matched by name, so rename them as in Go: they begin with a capital letter. If a value of that
/// type is in place, the fields that only Go knows are kept; in lists, only those of elements in
/// which nothing has changed. Any other value is replaced.
///
/// Structs of one Rust name in the value are one Go type with one definition, so give different Go
/// types different names, and one Go type one name, with `#[serde(rename = "…")]`. If their values
/// disagree about the type of a field, that is a usage error.
///
/// Go declares the type of every field, and refuses the whole session if a field has another kind.
/// Each field is written as the type that Go programs usually declare:
///
/// | Rust field | Go field |
/// |---|---|
/// | bool, strings, floats, bytes | `bool`, `string`, `float32` or `float64`, `[]byte` |
/// | signed and unsigned integers | any signed, any unsigned type: gob has one of each |
/// | [`SystemTime`](std::time::SystemTime), [`go::Time`](super::Time); [`go::Duration`](super::Duration) | `time.Time`; `time.Duration` |
/// | lists of one type; others | `[]T`; `[]interface{}` |
/// | maps to one type; others | `map[K]T`; `map[K]interface{}` |
/// | structs, also behind `Option` and `Box` | that struct or a pointer to it |
/// | [`go::Any`](super::Any), and `Named` itself | `interface{}` |
/// | `None`, empty lists and maps | any: they are omitted, and Go has its zero value |
///
/// Since fields may be omitted, add `#[serde(default)]` to the type to read it back. A struct with
/// `#[serde(flatten)]` becomes a map. Go arrays and types with their own marshalers keep their type
/// where Go wrote them, but cannot be created here.
///
/// The name is what [`GoPeer::registered`](crate::wire::GoPeer::registered) takes: `main.User`,
/// `github.com/acme/app/models.User`, `*main.Profile`. Other types than structs may have one, too:
/// `Named::new("main.Role", "admin")`. [`GoPeer`](crate::wire::GoPeer) checks that Go has registered
/// the name. A text that cannot be a registered name is an error when the value is written.
///
/// ```
/// use pgstore::{Values, go::Named};
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
/// values.insert("user", Named::new("main.User", &ada))?;
/// assert_eq!(values.value("user").unwrap().go_type_name(), "main.User");
/// let user: User = values.get("user")?.unwrap();
/// assert_eq!(user.name, "Ada");
/// # Ok::<(), pgstore::ValueError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Named<'a, T: ?Sized> {
    name: &'static str,
    value: &'a T,
}

impl<'a, T: ?Sized> Named<'a, T> {
    /// A value under a registered name.
    ///
    /// ```
    /// use pgstore::{Values, go::Named};
    ///
    /// let mut values = Values::new();
    /// values.insert("role", Named::new("main.Role", "admin"))?;
    /// assert_eq!(values.value("role").unwrap().go_type_name(), "main.Role");
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    #[must_use]
    pub const fn new(go_type_name: &'static str, value: &'a T) -> Self {
        Self {
            name: go_type_name,
            value,
        }
    }
}

/// A Rust type with the name under which a Go program has registered it.
///
/// ```
/// use pgstore::{Values, go::GoType};
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
/// values.insert("flash", saved.as_go())?;
/// values.insert("list", [saved.as_go()])?; // []interface {} of main.Flash
/// # Ok::<(), pgstore::ValueError>(())
/// ```
pub trait GoType {
    /// The name under which Go has registered the type.
    const GO_NAME: &'static str;

    /// The value under that name.
    ///
    /// ```
    /// use pgstore::{Values, go::GoType};
    ///
    /// #[derive(serde::Serialize)]
    /// struct Role(String);
    ///
    /// impl GoType for Role {
    ///     const GO_NAME: &'static str = "main.Role";
    /// }
    ///
    /// let mut values = Values::new();
    /// values.insert("role", Role("admin".into()).as_go())?;
    /// assert_eq!(values.value("role").unwrap().go_type_name(), "main.Role");
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    fn as_go(&self) -> Named<'_, Self> {
        Named::new(Self::GO_NAME, self)
    }
}

/// A value that Go declares as `interface{}`: a field, or the elements of a list or map.
///
/// In [`Named`] structs, fields otherwise have the type of the value. Elsewhere it makes a
/// `Vec<go::Any<T>>` under a new key a `[]interface {}`, also if all elements are of one type. A
/// `HashMap<String, go::Any<T>>` is always a `map[string]interface{}`.
///
/// ```
/// use pgstore::{Values, go};
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
/// values.insert("last", go::Named::new("main.Event", &event))?;
/// # Ok::<(), pgstore::ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a wrapper to construct and match"
)]
pub struct Any<T>(pub T);

/// Serializes two newtypes, since serde passes one name at a time. Other formats see the value.
impl<T: Serialize + ?Sized> Serialize for Named<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAMED, &NamedContent(self.name, self.value))
    }
}

struct NamedContent<'a, T: ?Sized>(&'static str, &'a T);

impl<T: Serialize + ?Sized> Serialize for NamedContent<'_, T> {
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
