//! Reads a struct from all values of a session: each field from the value under its name.

use std::cell::RefCell;
use std::fmt;

use serde::{
    de::{self, DeserializeOwned, DeserializeSeed, Deserializer, Visitor, value::StrDeserializer},
    forward_to_deserialize_any,
};

use super::{
    error::{ReadError, ValueError, ValueErrorKind as Kind},
    values::Values,
};
use crate::wire::gob::{decode::SESSION, value::GoValue};

impl Values {
    /// Reads a struct. If there is no value under a field's name, or it is Go's nil, the field is
    /// missing for serde. Values without a field are ignored.
    ///
    /// A value under the field's name takes precedence over one under an alias.
    pub(crate) fn read_struct<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        let aliases = RefCell::default();
        loop {
            let deserializer = StructDeserializer {
                values: self,
                aliases: &aliases,
            };
            match T::deserialize(deserializer) {
                Ok(read) => return Ok(read),
                Err(StructReadError::Again) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
    }
}

/// Deserializes all values as a struct. Other types are errors.
#[derive(Clone, Copy)]
struct StructDeserializer<'a> {
    values: &'a Values,
    /// Aliases to ignore: their fields have values under other names.
    aliases: &'a RefCell<Vec<&'static str>>,
}

impl<'de> Deserializer<'de> for StructDeserializer<'de> {
    type Error = StructReadError;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, StructReadError> {
        let mut fields = self.fields(names);
        match visitor.visit_map(&mut fields) {
            Err(StructReadError::Twice(own)) => Err(match fields.alias_of(own) {
                Some(alias) => self.without(alias),
                None => StructReadError::Twice(own),
            }),
            result => result,
        }
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, StructReadError> {
        Err(StructReadError::Value(ValueError::keyless(
            Kind::NotAStruct,
        )))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'a> StructDeserializer<'a> {
    fn fields(self, names: &[&'static str]) -> FieldAccess<'a> {
        let aliases = self.aliases.borrow();
        let names = names.iter().filter(|name| !aliases.contains(name));
        let fields = names.filter_map(|name| Some((*name, self.values.value(*name)?)));
        FieldAccess {
            all: fields.collect(),
            visited: 0,
        }
    }

    fn without(self, alias: &'static str) -> StructReadError {
        self.aliases.borrow_mut().push(alias);
        StructReadError::Again
    }
}

/// The values under the names of a struct's fields.
struct FieldAccess<'a> {
    all: Vec<(&'static str, &'a GoValue)>,
    /// How many keys serde has visited.
    visited: usize,
}

impl FieldAccess<'_> {
    /// The alias, after serde has found a field under two keys. serde lists a field's name and its
    /// aliases next to each other.
    fn alias_of(&self, own: &str) -> Option<&'static str> {
        let visited = self.all.get(..self.visited)?;
        match visited {
            [.., (first, _), (second, _)] if *second == own => Some(first),
            [.., _, (second, _)] => Some(second),
            _ => None,
        }
    }
}

impl<'de> de::MapAccess<'de> for FieldAccess<'de> {
    type Error = StructReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, StructReadError> {
        let Some((name, _)) = self.all.get(self.visited) else {
            return Ok(None);
        };
        self.visited += 1;
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, StructReadError> {
        let last = self.visited.checked_sub(1);
        let last = last.and_then(|last| self.all.get(last));
        let (name, value) = last.ok_or_else(out_of_order)?;
        let read = value.read_with(seed);
        read.map_err(|error| StructReadError::Value(error.at(name)))
    }
}

fn out_of_order() -> StructReadError {
    de::Error::custom("a value was asked for before its key")
}

/// Why a struct could not be read.
#[derive(Debug, thiserror::Error)]
enum StructReadError {
    #[error(transparent)]
    Value(ValueError),
    /// serde found the field with this name under two keys.
    #[error("there are two values for the field {0:?}")]
    Twice(&'static str),
    /// An alias is ignored from now on: read again.
    #[error("read again")]
    Again,
}

impl From<StructReadError> for ValueError {
    fn from(failure: StructReadError) -> Self {
        match failure {
            StructReadError::Value(error) => error,
            failure => mismatch(failure.to_string()),
        }
    }
}

impl From<ReadError> for StructReadError {
    fn from(ReadError(reason): ReadError) -> Self {
        Self::Value(mismatch(reason))
    }
}

fn mismatch(reason: String) -> ValueError {
    let found = SESSION.to_owned();
    ValueError::keyless(Kind::Mismatch { found, reason })
}

/// The messages of [`ReadError`], which leave out the values.
impl de::Error for StructReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        ReadError::custom(message).into()
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        ReadError::invalid_type(found, expected).into()
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        ReadError::invalid_value(found, expected).into()
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Value(ValueError::new(&name, Kind::Missing))
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::Twice(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    struct User {
        #[serde(alias = "account", alias = "zuser")]
        user: String,
        visits: Option<u8>,
    }

    fn read(keys: &[&str]) -> Result<User, ValueError> {
        let mut values = Values::new();
        for key in keys {
            values.insert(*key, key).unwrap();
        }
        values.insert("visits", 1).unwrap();
        values.read_struct()
    }

    #[test]
    fn a_fields_own_name_counts_before_its_aliases() {
        for (keys, wanted) in [
            (&["user", "account"][..], "user"),
            (&["user", "zuser"], "user"),
            (&["zuser", "user", "account"], "user"),
            (&["zuser"], "zuser"),
            (&["zuser", "account"], "account"),
        ] {
            let user = read(keys).unwrap();
            assert_eq!(
                (user.user.as_str(), user.visits),
                (wanted, Some(1)),
                "{keys:?}"
            );
        }
    }

    #[test]
    fn a_type_that_always_finds_a_field_twice_is_an_error() {
        #[derive(Debug)]
        struct Stubborn;
        impl<'de> Deserialize<'de> for Stubborn {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                User::deserialize(deserializer)?;
                Err(de::Error::duplicate_field("user"))
            }
        }
        let mut values = Values::new();
        values.insert("user", "ada").unwrap();
        let error = values.read_struct::<Stubborn>().unwrap_err();
        assert!(error.to_string().contains("two values"), "{error}");
    }
}
