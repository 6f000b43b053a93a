//! A struct read from all values of a session: each field from the value under the key of its name.

use std::cell::RefCell;
use std::fmt;

use serde::{
    de::{self, DeserializeOwned, DeserializeSeed, Deserializer, Visitor, value::StrDeserializer},
    forward_to_deserialize_any,
};

use super::{SESSION, ValueError, ValueErrorKind as Kind, Values, error::ReadError};
use crate::wire::gob::Typed;

impl Values {
    /// Reads a struct. A field whose value is absent or Go's nil is missing, as serde understands
    /// it; values that no field names are not looked at.
    ///
    /// A value under a field's own name counts before one under an alias.
    pub(crate) fn read_struct<T: DeserializeOwned>(&self) -> Result<T, ValueError> {
        let aliases = RefCell::default();
        loop {
            let reading = StructReading {
                values: self,
                aliases: &aliases,
            };
            match T::deserialize(reading) {
                Ok(read) => return Ok(read),
                Err(Failure::Again) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
    }
}

/// All values as serde's deserializer of a struct, and of nothing else.
#[derive(Clone, Copy)]
struct StructReading<'a> {
    values: &'a Values,
    /// Keys that count for nothing: their fields have values under better names.
    aliases: &'a RefCell<Vec<&'static str>>,
}

impl<'de> Deserializer<'de> for StructReading<'de> {
    type Error = Failure;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let mut fields = self.fields(names);
        match visitor.visit_map(&mut fields) {
            Err(Failure::Twice(own)) => Err(match fields.alias_of(own) {
                Some(alias) => self.without(alias),
                None => Failure::Twice(own),
            }),
            result => result,
        }
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Failure> {
        Err(Failure::Value(ValueError::keyless(Kind::NotAStruct)))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'a> StructReading<'a> {
    fn fields(self, names: &[&'static str]) -> Fields<'a> {
        let aliases = self.aliases.borrow();
        let names = names.iter().filter(|name| !aliases.contains(name));
        let fields = names.filter_map(|name| Some((*name, self.values.value(*name)?)));
        Fields {
            all: fields.collect(),
            shown: 0,
        }
    }

    fn without(self, alias: &'static str) -> Failure {
        self.aliases.borrow_mut().push(alias);
        Failure::Again
    }
}

/// The values that a struct's fields name, shown one after the other.
struct Fields<'a> {
    all: Vec<(&'static str, &'a Typed)>,
    /// How many keys have been shown.
    shown: usize,
}

impl Fields<'_> {
    /// Which of the keys that a field was found under is the lesser one, after the second of them
    /// has been shown. serde lists a field's name and its aliases side by side.
    fn alias_of(&self, own: &str) -> Option<&'static str> {
        let shown = self.all.get(..self.shown)?;
        match shown {
            [.., (first, _), (second, _)] if *second == own => Some(first),
            [.., _, (second, _)] => Some(second),
            _ => None,
        }
    }
}

impl<'de> de::MapAccess<'de> for Fields<'de> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        let Some((name, _)) = self.all.get(self.shown) else {
            return Ok(None);
        };
        self.shown += 1;
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let last = self.shown.checked_sub(1);
        let last = last.and_then(|last| self.all.get(last));
        let (name, value) = last.ok_or_else(out_of_order)?;
        let read = value.read_with(seed);
        read.map_err(|error| Failure::Value(error.at(name)))
    }
}

fn out_of_order() -> Failure {
    de::Error::custom("a value was asked for before its key")
}

/// Why a struct could not be read.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Value(ValueError),
    /// The field of this name was found under two keys.
    #[error("there are two values for the field {0:?}")]
    Twice(&'static str),
    /// One of the two counts for nothing from now on.
    #[error("read again")]
    Again,
}

impl From<Failure> for ValueError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Value(error) => error,
            failure => mismatch(failure.to_string()),
        }
    }
}

impl From<ReadError> for Failure {
    fn from(ReadError(reason): ReadError) -> Self {
        Self::Value(mismatch(reason))
    }
}

fn mismatch(reason: String) -> ValueError {
    let found = SESSION.to_owned();
    ValueError::keyless(Kind::Mismatch { found, reason })
}

/// Without the content, as [`ReadError`] words it.
impl de::Error for Failure {
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
        values.insert("visits", &1).unwrap();
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
