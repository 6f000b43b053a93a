use std::{borrow::Cow, fmt};

use crate::wire::gob::{
    Typed,
    identity::{identity, same},
    limits::MAX_NAME,
    shape::Shape,
    tree::Value,
    types::{TypeId, common},
};

use super::{Node, ValueError, ValueErrorKind, go};

/// A session value's key: nearly always a string, but any Go type that can be a key.
///
/// ```
/// use pgstore::wire::{Key, Values, go};
///
/// let mut values = Values::new();
/// values.insert("user", "ada")?;                          // Go: session.Values["user"]
/// values.insert(go::Int(42), "answer")?;                  // Go: session.Values[42]
/// values.insert(Key::named("main.Role", "admin")?, &true)?; // Go: session.Values[Role("admin")]
/// assert!(!values.contains("admin"));
/// # Ok::<(), pgstore::wire::ValueError>(())
/// ```
#[derive(Clone)]
pub struct Key(pub(super) Typed);

impl Key {
    /// A key of a named Go type over a string or integer, given with its registered name.
    ///
    /// # Errors
    ///
    /// The name is empty, longer than 1,024 bytes, or that of a Go type that cannot hold the key.
    pub fn named(go_type_name: &str, key: impl Into<Self>) -> Result<Self, ValueError> {
        let Self(mut typed) = key.into();
        let shape = Shape::of(go_type_name);
        let holds = match typed.value {
            Value::Int(value) => shape.holds_int(value),
            Value::Uint(value) => shape.holds_uint(value),
            _ => true,
        };
        let fits = holds && shape.accepts(&typed.types, typed.ty);
        if !fits || go_type_name.is_empty() || go_type_name.len() > MAX_NAME {
            return Err(ValueError::new(&Self(typed), ValueErrorKind::BadKey));
        }
        typed.name = Cow::Owned(go_type_name.to_owned());
        Ok(Self(typed))
    }

    /// The key that an existing value would be, such as one met in
    /// [`Values::iter`](super::Values::iter); `None` for what equals nothing (NaN).
    #[must_use]
    pub fn of(existing: &Typed) -> Option<Self> {
        matches!(identity(&existing.value), Ok(Some(_))).then(|| Self(existing.clone()))
    }

    pub(super) fn is(&self, key: Option<&Typed>) -> bool {
        key.is_some_and(|key| same(&self.0, key))
    }

    fn new(name: &'static str, ty: TypeId, value: Value) -> Self {
        Self(Typed {
            name: Cow::Borrowed(name),
            ty,
            types: common::types(),
            value,
        })
    }
}

impl fmt::Display for Key {
    /// The key's text, as errors name it.
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

/// A Go string of any bytes, UTF-8 or not.
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
