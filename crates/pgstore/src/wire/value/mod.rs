//! A session's values: what Go keeps in `map[interface {}]interface {}`, read and written through
//! serde.

mod compound;
mod concrete;
mod deserialize;
mod draft;
mod error;
mod extended;
mod fit;
mod fresh;
pub mod go;
mod go_line;
mod go_peer;
mod key;
mod list;
mod map_key;
mod named;
mod node;
mod node_key;
mod old_entries;
mod parts;
mod serialize;
mod struct_read;
mod struct_write;
mod tree;
mod variant;
mod visit;

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use super::gob::{
    GobError, Typed, decode, encode::encode_session, limits::MAX_LEVELS, tree::Value,
};

pub use draft::Draft;
pub use error::{ValueError, ValueErrorKind};
pub use go_peer::{GoPeer, RegisteredNames};
pub use key::Key;
pub use node::{Node, View};
pub use parts::{Entries, Fields, List};
pub(crate) use struct_write::FieldDrafts;

use fit::fit;
use fresh::{empty_list, fresh, interface};

/// The values of a session, in order, each with the Go type it was written with.
///
/// What nobody touches is encoded again as it was decoded: unknown structs, marshalers, nil and
/// keys of any type. A value written over another keeps that one's Go type whenever it fits.
/// A new one takes the type of this table:
///
/// | Rust, through serde | Go |
/// |---|---|
/// | `bool`, `i8`…`i64`, `u8`…`u64`, `f32`, `f64` | `bool`, `int8`…`int64`, `uint8`…`uint64`, `float32`, `float64` |
/// | [`go::Int`], [`go::Uint`] | `int`, `uint` |
/// | strings, `char`, unit variants | `string` |
/// | `Vec<u8>`, serde's bytes | `[]uint8` |
/// | sequences and tuples of one of the above | `[]string`, `[]int64`, … |
/// | other sequences and tuples, and empty ones | `[]interface {}` |
/// | string-keyed maps, structs, other enum variants (one entry) | `map[string]interface {}` |
/// | `SystemTime`, [`go::Time`], [`go::Duration`] | `time.Time`, `time.Duration` |
/// | [`go::Named`] | the Go program's own type |
///
/// `None` is an error at the top ([`remove`](Values::remove) takes a value away), left out of maps
/// and structs, and nil in lists. Units, integers beyond 64 bits and maps with other keys are
/// errors.
///
/// ```
/// use pgstore::wire::Values;
///
/// let mut values = Values::new();
/// values.insert("user", "ada")?;
/// values.insert("tags", &["a", "b"])?;
///
/// let values = Values::decode(&values.encode())?;
/// assert_eq!(values.get::<String>("user")?.as_deref(), Some("ada"));
/// assert_eq!(values.get::<Vec<String>>("tags")?, Some(vec!["a".into(), "b".into()]));
/// assert_eq!(values.get::<i64>("visits")?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Values {
    entries: Vec<Entry>,
}

/// The Go type of a session's values.
const SESSION: &str = "map[interface {}]interface {}";

/// Key and value; Go's interfaces may be nil in both places.
type Entry = (Option<Typed>, Option<Typed>);

impl Values {
    /// No values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes what [`encode`](Self::encode) or Go's `encoding/gob` wrote.
    ///
    /// # Errors
    ///
    /// The bytes are no gob of a `map[interface {}]interface {}`, or Go would refuse them, or they
    /// are beyond the bounds that [`GobError`] tells.
    pub fn decode(gob: &[u8]) -> Result<Self, GobError> {
        let Value::Map(pairs) = decode::decode(gob, SESSION)?.value else {
            return Err(GobError::WrongType(SESSION.to_owned()));
        };
        let entries = pairs
            .into_iter()
            .map(|(key, value)| (interface_of(key), interface_of(value)));
        Ok(Self {
            entries: entries.collect(),
        })
    }

    /// Encodes the values for Go and for [`decode`](Self::decode).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode_session(&self.entries)
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the key is there, be its value nil.
    pub fn contains(&self, key: impl Into<Key>) -> bool {
        self.position(&key.into()).is_some()
    }

    /// Reads a value; `None` if the key is absent or its value is Go's nil.
    ///
    /// Reading is generous: any integer type that the number fits, a struct from a Go struct by
    /// field names or from a map, a time as text in RFC 3339.
    ///
    /// # Errors
    ///
    /// The stored value does not read as a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: impl Into<Key>) -> Result<Option<T>, ValueError> {
        let key = key.into();
        let typed = self.typed(&key);
        typed.map(|typed| typed.read_at(&key)).transpose()
    }

    /// The value as it is stored; `None` if the key is absent or its value is Go's nil.
    pub fn value(&self, key: impl Into<Key>) -> Option<&Typed> {
        self.typed(&key.into())
    }

    /// Writes a value. An existing one keeps its Go type whenever the new one fits it.
    ///
    /// # Errors
    ///
    /// The value is one that gob or Go cannot hold; the values are unchanged.
    pub fn insert<T: Serialize + ?Sized>(
        &mut self,
        key: impl Into<Key>,
        value: &T,
    ) -> Result<(), ValueError> {
        let key = key.into();
        let draft = self.draft(&key, value)?;
        self.put(key, &draft);
        Ok(())
    }

    /// A draft that takes the existing value into account: a map whose keys are numbers is fine
    /// if a Go map of that kind is there.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn draft<T: Serialize + ?Sized>(
        &self,
        key: impl Into<Key>,
        value: &T,
    ) -> Result<Draft, ValueError> {
        let key = key.into();
        let draft = Draft::lenient(&key, value)?;
        self.admit(&key, &draft)?;
        Ok(draft)
    }

    /// Whether a draft's maps have string keys, or a Go map of another kind is there to take them.
    pub(crate) fn admit(&self, key: &Key, draft: &Draft) -> Result<(), ValueError> {
        let fits = || {
            self.typed(key)
                .is_some_and(|typed| fit(&draft.0, typed).is_some())
        };
        if draft.0.has_other_keys() && !fits() {
            return Err(ValueError::new(key, ValueErrorKind::MapKey));
        }
        Ok(())
    }

    /// Puts a draft in place. An existing value keeps its Go type whenever the new one fits it.
    pub fn put(&mut self, key: impl Into<Key>, draft: &Draft) {
        let key = key.into();
        let value = self.ready(&key, draft);
        self.set(key, value);
    }

    /// Puts a draft in place as [`put`](Self::put) does, if a Go program can read it afterwards.
    ///
    /// ```
    /// use pgstore::wire::{Draft, GoPeer, Values};
    ///
    /// let go = GoPeer::registered(["time.Time"]);
    /// let mut values = Values::new();
    /// let draft = Draft::new("seen", &std::time::SystemTime::now())?;
    /// values.put_for("seen", &draft, &go)?;
    /// # Ok::<(), pgstore::wire::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The key or the value, or what is within it, needs a type that the Go program has not
    /// registered and that the existing value does not have. The values are unchanged.
    pub fn put_for(
        &mut self,
        key: impl Into<Key>,
        draft: &Draft,
        go: &GoPeer,
    ) -> Result<(), ValueError> {
        let key = key.into();
        let value = self.ready(&key, draft);
        self.check(&key, value.as_ref(), go)?;
        self.set(key, value);
        Ok(())
    }

    /// Appends to a `[]interface {}`, which is made if the key is absent or nil. Flashes are such.
    ///
    /// # Errors
    ///
    /// Something else is stored under the key (gorilla/sessions panics), or the element would be
    /// deeper in the list than 64 levels.
    pub fn push(&mut self, key: impl Into<Key>, draft: &Draft) -> Result<(), ValueError> {
        self.push_for(key, draft, &GoPeer::None)
    }

    /// Appends to a `[]interface {}` as [`push`](Self::push) does, if a Go program can read it
    /// afterwards.
    ///
    /// ```
    /// use pgstore::wire::{Draft, GoPeer, Values};
    ///
    /// let mut values = Values::new();
    /// let draft = Draft::new("_flash", "saved")?;
    /// values.push_for("_flash", &draft, &GoPeer::registered(["main.User"]))?;
    /// # Ok::<(), pgstore::wire::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`push`](Self::push), and of [`put_for`](Self::put_for). The values are unchanged.
    pub fn push_for(
        &mut self,
        key: impl Into<Key>,
        draft: &Draft,
        go: &GoPeer,
    ) -> Result<(), ValueError> {
        let key = key.into();
        let mut list = self.typed(&key).cloned().unwrap_or_else(empty_list);
        list_of(&key, &mut list)?.push(interface(&draft.0));
        if list.value.levels() > MAX_LEVELS {
            return Err(ValueError::new(&key, ValueErrorKind::TooDeep));
        }
        self.check(&key, Some(&list), go)?;
        self.set(key, Some(list));
        Ok(())
    }

    /// Removes a value; whether it was there.
    pub fn remove(&mut self, key: impl Into<Key>) -> bool {
        let position = self.position(&key.into());
        position
            .map(|position| self.entries.remove(position))
            .is_some()
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// All keys and values in their order; `None` is Go's nil, which may be either.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&Typed>, Option<&Typed>)> {
        self.entries
            .iter()
            .map(|(key, value)| (key.as_ref(), value.as_ref()))
    }

    /// All keys in their order; `None` is Go's nil.
    pub fn keys(&self) -> impl Iterator<Item = Option<&Typed>> {
        self.entries.iter().map(|(key, _)| key.as_ref())
    }

    /// The Go value that a draft becomes here.
    fn ready(&self, key: &Key, draft: &Draft) -> Option<Typed> {
        let fitted = self.typed(key).and_then(|typed| fit(&draft.0, typed));
        fitted.or_else(|| fresh(&draft.0))
    }

    /// Whether Go can read a new value, and its key if that is new.
    fn check(&self, key: &Key, value: Option<&Typed>, go: &GoPeer) -> Result<(), ValueError> {
        if self.position(key).is_none() {
            go.check(key, Some(&key.0), None)?;
        }
        go.check(key, value, self.typed(key))
    }

    fn typed(&self, key: &Key) -> Option<&Typed> {
        self.entries[self.position(key)?].1.as_ref()
    }

    fn position(&self, key: &Key) -> Option<usize> {
        self.entries
            .iter()
            .position(|(candidate, _)| key.is(candidate.as_ref()))
    }

    fn set(&mut self, key: Key, value: Option<Typed>) {
        match self.position(&key) {
            Some(position) => self.entries[position].1 = value,
            None => self.entries.push((Some(key.0), value)),
        }
    }
}

impl fmt::Debug for Values {
    /// Counts and the names of types; the content is private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = self
            .iter()
            .map(|(_, value)| value.map_or("nil", Typed::go_type_name));
        let types: Vec<_> = types.take(16).collect();
        f.debug_struct("Values")
            .field("len", &self.len())
            .field("types", &types)
            .finish()
    }
}

fn interface_of(value: Value) -> Option<Typed> {
    match value {
        Value::Interface(typed) => typed.map(|typed| *typed),
        _ => None,
    }
}

/// The elements of a value that Go's `[]interface{}` type assertion accepts.
fn list_of<'a>(key: &Key, typed: &'a mut Typed) -> Result<&'a mut Vec<Value>, ValueError> {
    match &mut typed.value {
        Value::Slice(items) if typed.name == "[]interface {}" => Ok(items),
        _ => {
            let found = typed.name.to_string();
            Err(ValueError::new(key, ValueErrorKind::NotAList { found }))
        }
    }
}
