//! Lists that grow and shrink by elements: flashes.

use super::{Entry, Key, ValueError, Values, fresh::empty_list, interface_of, list_of};
use crate::wire::gob::{Typed, encode::encode_session, tree::Value};

impl Values {
    /// The elements of a `[]interface {}`; none if the key is absent or nil. `None` is Go's nil.
    ///
    /// # Errors
    ///
    /// Something else is stored under the key (gorilla/sessions panics).
    pub fn list(&self, key: impl Into<Key>) -> Result<Vec<Option<Typed>>, ValueError> {
        let key = key.into();
        let mut list = self.typed(&key).cloned().unwrap_or_else(empty_list);
        let items = std::mem::take(list_of(&key, &mut list)?);
        Ok(items.into_iter().map(interface_of).collect())
    }

    /// Removes elements from the front of a `[]interface {}`, if it still begins with them, and
    /// returns how many: all or none. A list that ends up empty goes with its key, as in
    /// gorilla/sessions.
    ///
    /// Lists grow at the end and are taken from the front, so one that begins otherwise has been
    /// taken from meanwhile, and what it holds now is for somebody else.
    ///
    /// # Errors
    ///
    /// Something else is stored under the key, and stays (gorilla/sessions panics).
    pub fn remove_from_list(
        &mut self,
        key: impl Into<Key>,
        elements: &[Option<Typed>],
    ) -> Result<usize, ValueError> {
        let key = key.into();
        let Some(mut list) = self.typed(&key).cloned() else {
            return Ok(0);
        };
        let items = list_of(&key, &mut list)?;
        let is_same = |(item, element): (&Value, &Option<Typed>)| {
            form(&interface_of(item.clone())) == form(element)
        };
        if items.len() < elements.len() || !items.iter().zip(elements).all(is_same) {
            return Ok(0);
        }
        items.drain(..elements.len());
        if items.is_empty() {
            self.remove(key);
        } else {
            self.set(key, Some(list));
        }
        Ok(elements.len())
    }
}

impl Values {
    /// Puts elements back in front of a `[]interface {}`, from where they were taken.
    pub(crate) fn put_back_into_list(
        &mut self,
        key: impl Into<Key>,
        elements: &[Option<Typed>],
    ) -> Result<(), ValueError> {
        let key = key.into();
        let mut list = self.typed(&key).cloned().unwrap_or_else(empty_list);
        let items = list_of(&key, &mut list)?;
        let elements = elements.iter().cloned();
        items.splice(
            ..0,
            elements.map(|element| Value::Interface(element.map(Box::new))),
        );
        self.set(key, Some(list));
        Ok(())
    }
}

impl Typed {
    /// Whether two values are the same in Go's eyes.
    pub(crate) fn are_same(one: Option<&Self>, other: Option<&Self>) -> bool {
        form(&one.cloned()) == form(&other.cloned())
    }
}

/// Bytes that are equal for equal elements.
fn form(element: &Option<Typed>) -> Vec<u8> {
    let entry: Entry = (None, element.clone());
    encode_session(&[entry])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Draft;

    fn list_of_three() -> Values {
        let mut values = Values::new();
        for flash in ["a", "b", "a"] {
            values
                .push("_flash", &Draft::new("_flash", flash).unwrap())
                .unwrap();
        }
        values
    }

    fn texts(values: &Values) -> Vec<String> {
        let list = values.list("_flash").unwrap();
        list.iter()
            .flatten()
            .map(|item| item.read().unwrap())
            .collect()
    }

    #[test]
    fn removing_takes_from_the_front_and_leaves_what_was_added_since() {
        let mut values = list_of_three();
        let first = values.list("_flash").unwrap()[..1].to_vec();
        assert_eq!(values.remove_from_list("_flash", &first).unwrap(), 1);
        assert_eq!(texts(&values), ["b", "a"]);
    }

    #[test]
    fn what_somebody_else_has_taken_is_not_taken_from_others() {
        let mut values = list_of_three();
        let all = values.list("_flash").unwrap();
        assert_eq!(values.remove_from_list("_flash", &all).unwrap(), 3);
        assert!(!values.contains("_flash"), "the last one takes the key");
        assert_eq!(values.remove_from_list("_flash", &all).unwrap(), 0);
        values
            .push("_flash", &Draft::new("_flash", "a").unwrap())
            .unwrap();
        assert_eq!(values.remove_from_list("_flash", &all).unwrap(), 0);
        assert_eq!(
            texts(&values),
            ["a"],
            "a new message that reads like an old one stays"
        );
    }

    #[test]
    fn what_is_no_list_stays_and_is_an_error() {
        let mut values = Values::new();
        values.insert("_flash", "text").unwrap();
        assert!(values.list("_flash").is_err());
        assert!(values.remove_from_list("_flash", &[None]).is_err());
        assert!(values.contains("_flash"));
    }
}
