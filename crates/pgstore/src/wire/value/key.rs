use std::{borrow::Cow, fmt};

use crate::wire::gob::{
    common,
    identity::{identity, same},
    limits::MAX_NAME,
    shape::Shape,
    types::TypeId,
    value::{GoValue, Value},
};

use super::{
    error::{ValueError, ValueErrorKind},
    go,
    view::Node,
};

/// The key of a session value. Usually a string; Go also allows other types.
///
/// ```
/// use pgstore::{Key, Values, go};
///
/// let mut values = Values::new();
/// values.insert("user", "ada")?;                          // Go: session.Values["user"]
/// values.insert(go::Int(42), "answer")?;                  // Go: session.Values[42]
/// values.insert(Key::named("main.Role", "admin")?, true)?; // Go: session.Values[Role("admin")]
/// assert!(!values.contains("admin"));
/// # Ok::<(), pgstore::ValueError>(())
/// ```
#[derive(Clone)]
pub struct Key(pub(super) GoValue);

impl Key {
    /// A key of a named Go type over a string or integer. Pass the type's registered name.
    ///
    /// ```
    /// use pgstore::{Key, go};
    ///
    /// let role = Key::named("main.Role", "admin")?;   // Go: Role("admin")
    /// let level = Key::named("main.Level", go::Int(3))?; // Go: Level(3)
    /// assert_ne!(role, Key::from("admin"));
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The name is empty or longer than 1,024 bytes, or the Go type cannot hold the key.
    pub fn named(go_type_name: &str, key: impl Into<Self>) -> Result<Self, ValueError> {
        let Self(mut value) = key.into();
        let shape = Shape::of(go_type_name);
        let holds = match value.value {
            Value::Int(int) => shape.holds_int(int),
            Value::Uint(uint) => shape.holds_uint(uint),
            _ => true,
        };
        let fits = holds && shape.accepts(&value.types, value.ty);
        if !fits || go_type_name.is_empty() || go_type_name.len() > MAX_NAME {
            return Err(ValueError::new(&Self(value), ValueErrorKind::BadKey));
        }
        value.name = Cow::Owned(go_type_name.to_owned());
        Ok(Self(value))
    }

    /// An existing key, such as one from [`Values::keys`](super::Values::keys). `None` for a key
    /// that is not equal to itself (NaN).
    ///
    /// ```
    /// use pgstore::{Key, Values};
    ///
    /// let mut values = Values::new();
    /// values.insert("user", "ada")?;
    /// let key = values.keys().flatten().next().and_then(Key::of);
    /// assert_eq!(key, Some(Key::from("user")));
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    #[must_use]
    pub fn of(existing: &GoValue) -> Option<Self> {
        matches!(identity(&existing.value), Ok(Some(_))).then(|| Self(existing.clone()))
    }

    /// Whether it is this string.
    pub(crate) fn is_text(&self, text: &str) -> bool {
        let is_same = |own: &Vec<u8>| own.as_slice() == text.as_bytes();
        self.0.name == "string" && matches!(&self.0.value, Value::String(own) if is_same(own))
    }

    fn new(name: &'static str, ty: TypeId, value: Value) -> Self {
        Self(GoValue {
            name: Cow::Borrowed(name),
            ty,
            types: common::types(),
            value,
        })
    }
}

impl fmt::Display for Key {
    /// The text of the key, as in errors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Node::of(&self.0).text())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} {:?})", self.0.name, self.to_string())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl Eq for Key {}

impl From<&str> for Key {
    fn from(key: &str) -> Self {
        Self::from(key.as_bytes())
    }
}

impl From<String> for Key {
    fn from(key: String) -> Self {
        Self::new("string", TypeId::STRING, Value::String(key.into_bytes()))
    }
}

impl From<&String> for Key {
    fn from(key: &String) -> Self {
        Self::from(key.as_bytes())
    }
}

/// A Go string. The bytes may be invalid UTF-8.
impl From<&[u8]> for Key {
    fn from(key: &[u8]) -> Self {
        Self::new("string", TypeId::STRING, Value::String(key.to_vec()))
    }
}

impl From<go::Int> for Key {
    fn from(key: go::Int) -> Self {
        Self::new("int", TypeId::INT, Value::Int(key.0))
    }
}

impl From<go::Uint> for Key {
    fn from(key: go::Uint) -> Self {
        Self::new("uint", TypeId::UINT, Value::Uint(key.0))
    }
}

impl From<&Self> for Key {
    fn from(key: &Self) -> Self {
        key.clone()
    }
}
