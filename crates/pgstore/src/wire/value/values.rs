use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::wire::gob::{
    decode,
    encode::encode_session,
    error::GobError,
    time::Time,
    value::{Entry, GoValue},
};

use super::{
    draft::Draft, error::ValueError, fit::fit, fit_rules::FitRules, go_peer::GoPeer,
    insert_table::by_table, key::Key, key_index::KeyIndex,
};

/// The values of a session, in order. Each has the Go type it was written with.
///
/// Values that are not changed are encoded as they were decoded, including unknown structs,
/// marshalers, nil and keys of any type. A value written over another keeps its Go type if it fits.
/// A value under a new key gets its Go type from this table:
///
/// | Rust, through serde | Go |
/// |---|---|
/// | `bool`, `i8`…`i64`, `u8`…`u64`, `f32`, `f64` | `bool`, `int8`…`int64`, `uint8`…`uint64`, `float32`, `float64` |
/// | [`go::Int`](super::go::Int), [`go::Uint`](super::go::Uint) | `int`, `uint` |
/// | strings, `char`, unit variants | `string` |
/// | `Vec<u8>`, serde's bytes | `[]uint8` |
/// | sequences and tuples of one of the above | `[]string`, `[]int64`, … |
/// | other sequences and tuples, and empty ones | `[]interface {}` |
/// | maps, structs, other enum variants (a map with one entry) | `map[string]interface {}` |
/// | `SystemTime`, [`go::Time`](super::go::Time), [`go::Duration`](super::go::Duration) | `time.Time`, `time.Duration` |
/// | [`go::Named`](super::go::Named) | the Go program's own type |
/// | `None` | nil in lists, omitted from maps and structs, an error as a value of its own |
/// | `()`, unit structs, null in `serde_json::Value` | nil, an error as a value of its own |
///
/// The keys of maps may be strings, integers, bools, chars and unit variants. Keys that are not
/// strings are stored as text, and read back as what they were. If a Go map with such keys is
/// already in place, they keep its key type.
///
/// If a [Go program](GoPeer) reads the session, maps with keys that are not strings are errors
/// unless such a Go map is in place, and units are errors. Integers that do not fit into 64 bits are
/// always errors.
///
/// ```
/// use pgstore::Values;
///
/// let mut values = Values::new();
/// values.insert("user", "ada")?;
/// values.insert("tags", ["a", "b"])?;
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
    index: KeyIndex,
}

impl Values {
    /// No values.
    ///
    /// ```
    /// assert!(pgstore::Values::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes what [`encode`](Self::encode) or Go's `encoding/gob` wrote.
    ///
    /// ```
    /// use pgstore::Values;
    ///
    /// let values = Values::decode(&Values::new().encode())?;
    /// assert!(values.is_empty());
    /// assert!(Values::decode(b"not a gob").is_err());
    /// # Ok::<(), pgstore::wire::GobError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The bytes are not a gob of a `map[interface {}]interface {}`, Go would refuse them, or they
    /// exceed a limit that [`GobError`] documents.
    pub fn decode(gob: &[u8]) -> Result<Self, GobError> {
        Ok(Self {
            entries: decode::decode_session(gob)?,
            index: KeyIndex::default(),
        })
    }

    /// Encodes the values for Go and for [`decode`](Self::decode).
    ///
    /// ```
    /// use pgstore::Values;
    ///
    /// let mut values = Values::new();
    /// values.insert("user", "ada")?;
    /// let gob = values.encode();
    /// assert_eq!(Values::decode(&gob)?.encode(), gob);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode_session(&self.entries)
    }

    /// The number of values.
    ///
    /// ```
    /// use pgstore::Values;
    ///
    /// let mut values = Values::new();
    /// values.insert("user", "ada")?;
    /// assert_eq!(values.len(), 1);
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no values.
    ///
    /// ```
    /// assert!(pgstore::Values::new().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether there is a value under the key. Go's nil is a value.
    ///
    /// ```
    /// use pgstore::{Values, go};
    ///
    /// let mut values = Values::new();
    /// values.insert("7", true)?;
    /// assert!(values.contains("7") && !values.contains(go::Int(7)));
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    pub fn contains(&self, key: impl Into<Key>) -> bool {
        self.position(&key.into()).is_some()
    }

    /// Reads a value. `None` if there is none under the key, or it is Go's nil.
    ///
    /// An integer is read as any integer type that can hold it, a struct from a Go struct by field
    /// names or from a map, a time also as text in RFC 3339.
    ///
    /// ```
    /// use pgstore::Values;
    ///
    /// let mut values = Values::new();
    /// values.insert("visits", 7_i64)?;
    /// assert_eq!(values.get::<u8>("visits")?, Some(7));
    /// assert!(values.get::<String>("visits").is_err());
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The stored value cannot be read as a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: impl Into<Key>) -> Result<Option<T>, ValueError> {
        let key = key.into();
        let value = self.value_of(&key);
        value.map(|value| value.read_at(&key)).transpose()
    }

    /// The value as it is stored. `None` if there is none under the key, or it is Go's nil.
    ///
    /// ```
    /// use pgstore::Values;
    ///
    /// let mut values = Values::new();
    /// values.insert("visits", 7_i64)?;
    /// assert_eq!(values.value("visits").unwrap().go_type_name(), "int64");
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    pub fn value(&self, key: impl Into<Key>) -> Option<&GoValue> {
        self.value_of(&key.into())
    }

    /// The value under a key, which must be Go's `time.Time` if there is one. A text that reads as a
    /// time is an error here: a Go program's `.(time.Time)` would panic on it.
    pub(crate) fn time(&self, key: &Key) -> Result<Option<Time>, ValueError> {
        let Some(value) = self.value_of(key) else {
            return Ok(None);
        };
        if value.go_type_name() != "time.Time" {
            return Err(ValueError::no_time(key, value.go_type_name()));
        }
        value.read_at(key).map(Some)
    }

    /// Writes a draft as [`put_for`](Self::put_for) does, if it is a time. It becomes a `time.Time`,
    /// whatever the existing value is.
    pub(crate) fn put_time_for(
        &mut self,
        key: &Key,
        draft: &Draft,
        go: &GoPeer,
    ) -> Result<(), ValueError> {
        let mut alone = Self::new();
        if let Ok(Some(_)) = self.time(key) {
            alone.set(key, self.value_of(key).cloned());
        }
        alone.put_under(key, draft, go)?;
        if alone.time(key)?.is_none() {
            return Err(ValueError::no_time(key, "nil"));
        }
        let time = alone.value_of(key).cloned();
        self.set(key, time);
        Ok(())
    }

    /// Writes a value, which you may pass by value or by reference. An existing value keeps its Go
    /// type if the new one fits it.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use pgstore::Values;
    ///
    /// let mut values = Values::new();
    /// values.insert("visits", 7_i64)?;
    /// let names = HashMap::from([(1, "one".to_owned())]);
    /// values.insert("names", &names)?;
    /// assert_eq!(values.get("names")?, Some(names));
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The value cannot be stored; see the table above. The values are unchanged.
    pub fn insert<T: Serialize>(
        &mut self,
        key: impl Into<Key>,
        value: T,
    ) -> Result<(), ValueError> {
        let key = key.into();
        let draft = Draft::new(&key, value)?;
        self.put_for(key, &draft, &GoPeer::None)
    }

    /// Writes a draft. An existing value keeps its Go type if the new one fits it.
    ///
    /// This cannot fail, but does not [check](Draft::check) the draft for a Go program either.
    ///
    /// ```
    /// use pgstore::{Values, go};
    /// use pgstore::wire::Draft;
    ///
    /// let mut values = Values::new();
    /// values.insert("visits", go::Int(1))?;
    /// values.put("visits", &Draft::new("visits", 2_i64)?);
    /// assert_eq!(values.value("visits").unwrap().go_type_name(), "int");
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    pub fn put(&mut self, key: impl Into<Key>, draft: &Draft) {
        let key = key.into();
        let fitted = self.fitted(&key, draft, FitRules::WITHOUT_GO);
        self.set(&key, fitted.or_else(|| by_table(&draft.0)));
    }

    /// Writes a draft as [`put`](Self::put) does, if a Go program can read it afterwards.
    ///
    /// ```
    /// use pgstore::{GoPeer, Values};
    /// use pgstore::wire::Draft;
    ///
    /// let go = GoPeer::registered(["time.Time"]);
    /// let mut values = Values::new();
    /// let draft = Draft::new("seen", std::time::SystemTime::now())?;
    /// values.put_for("seen", &draft, &go)?;
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The key or the value needs a type that the Go program has not registered and that the
    /// existing value does not have, or [`Draft::check`] fails. The values are unchanged.
    pub fn put_for(
        &mut self,
        key: impl Into<Key>,
        draft: &Draft,
        go: &GoPeer,
    ) -> Result<(), ValueError> {
        self.put_under(&key.into(), draft, go)
    }

    /// Writes a draft as [`put_for`](Self::put_for) does.
    pub(crate) fn put_under(
        &mut self,
        key: &Key,
        draft: &Draft,
        go: &GoPeer,
    ) -> Result<(), ValueError> {
        let rules = if go.is_some() {
            FitRules::FOR_GO
        } else {
            FitRules::WITHOUT_GO
        };
        let value = match self.fitted(key, draft, rules) {
            Some(fitted) => {
                let units = draft.check_units(go);
                units.map_err(|kind| ValueError::new(key, kind))?;
                Some(fitted)
            }
            None => {
                draft.check(key, go)?;
                by_table(&draft.0)
            }
        };
        self.check(key, value.as_ref(), go)?;
        self.set(key, value);
        Ok(())
    }

    /// Removes a value. Returns whether there was one.
    ///
    /// ```
    /// use pgstore::Values;
    ///
    /// let mut values = Values::new();
    /// values.insert("user", "ada")?;
    /// assert!(values.remove("user"));
    /// assert!(!values.remove("user"));
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    pub fn remove(&mut self, key: impl Into<Key>) -> bool {
        let Some(position) = self.position(&key.into()) else {
            return false;
        };
        let (key, _) = self.entries.remove(position);
        self.index.removed(position, key.as_ref());
        true
    }

    /// Removes all values.
    ///
    /// ```
    /// use pgstore::Values;
    ///
    /// let mut values = Values::new();
    /// values.insert("user", "ada")?;
    /// values.clear();
    /// assert!(values.is_empty());
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// All keys and values, in order. Both may be Go's nil, which is `None`.
    ///
    /// ```
    /// use pgstore::Values;
    ///
    /// let mut values = Values::new();
    /// values.insert("user", "ada")?;
    /// for (key, value) in values.iter() {
    ///     assert_eq!(key.unwrap().node().text(), "user");
    ///     assert_eq!(value.unwrap().go_type_name(), "string");
    /// }
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (Option<&GoValue>, Option<&GoValue>)> {
        self.entries
            .iter()
            .map(|(key, value)| (key.as_ref(), value.as_ref()))
    }

    /// All keys, in order. `None` is Go's nil.
    ///
    /// ```
    /// use pgstore::Values;
    ///
    /// let mut values = Values::new();
    /// values.insert("user", "ada")?;
    /// values.insert("visits", 7_i64)?;
    /// let keys: Vec<_> = values.keys().flatten().map(|key| key.node().text()).collect();
    /// assert_eq!(keys, ["user", "visits"]);
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    pub fn keys(&self) -> impl Iterator<Item = Option<&GoValue>> {
        self.entries.iter().map(|(key, _)| key.as_ref())
    }

    /// Whether the other ones are the same, in the same order, with the same Go types.
    pub(crate) fn are_same_as(&self, other: &Self) -> bool {
        let mut pairs = self.entries.iter().zip(&other.entries);
        let are_same = GoValue::are_same;
        self.len() == other.len()
            && pairs.all(|(one, other)| {
                are_same(one.1.as_ref(), other.1.as_ref())
                    && are_same(one.0.as_ref(), other.0.as_ref())
            })
    }

    /// As [`value`](Self::value), without a copy of the key.
    pub(crate) fn value_of(&self, key: &Key) -> Option<&GoValue> {
        self.entries[self.position(key)?].1.as_ref()
    }

    pub(super) fn set(&mut self, key: &Key, value: Option<GoValue>) {
        match self.position(key) {
            Some(position) => self.entries[position].1 = value,
            None => {
                self.entries.push((Some(key.0.clone()), value));
                self.index.added(&self.entries);
            }
        }
    }

    /// Checks that Go can read a new value, and its key if that is new.
    pub(super) fn check(
        &self,
        key: &Key,
        value: Option<&GoValue>,
        go: &GoPeer,
    ) -> Result<(), ValueError> {
        if self.position(key).is_none() {
            go.check(key, Some(&key.0), None)?;
        }
        go.check(key, value, self.value_of(key))
    }

    /// The draft in the Go type of the existing value, if there is one that it fits.
    fn fitted(&self, key: &Key, draft: &Draft, rules: FitRules) -> Option<GoValue> {
        let old = self.value_of(key)?;
        fit(&draft.0, old, rules)
    }

    fn position(&self, key: &Key) -> Option<usize> {
        self.index.position(&self.entries, &key.0)
    }
}

impl fmt::Debug for Values {
    /// The number of values and the names of their types. The content is private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = self
            .iter()
            .map(|(_, value)| value.map_or("nil", GoValue::go_type_name));
        let types: Vec<_> = types.take(16).collect();
        f.debug_struct("Values")
            .field("len", &self.len())
            .field("types", &types)
            .finish()
    }
}
