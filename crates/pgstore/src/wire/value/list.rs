//! Lists that grow and shrink by elements: flashes.

use super::{Entry, Key, ValueError, Values, fresh::empty_list, interface_of, list_of};
use crate::wire::gob::{Typed, encode::encode_session};

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

    /// Removes elements from a `[]interface {}`, each once, and returns how many were there. A
    /// list that ends up empty goes with its key, as in gorilla/sessions.
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
        let before = items.len();
        for element in elements {
            let wanted = form(element.clone());
            let found = items
                .iter()
                .position(|item| form(interface_of(item.clone())) == wanted);
            found.map(|index| items.remove(index));
        }
        let (removed, is_empty) = (before - items.len(), items.is_empty());
        if is_empty {
            self.remove(key);
        } else {
            self.set(key, Some(list));
        }
        Ok(removed)
    }
}

/// Bytes that are equal for equal elements.
fn form(element: Option<Typed>) -> Vec<u8> {
    let entry: Entry = (None, element);
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
    fn removing_takes_each_element_once_and_leaves_the_others() {
        let mut values = list_of_three();
        let first = values.list("_flash").unwrap()[..1].to_vec();
        assert_eq!(values.remove_from_list("_flash", &first).unwrap(), 1);
        assert_eq!(texts(&values), ["b", "a"]);
    }

    #[test]
    fn removing_what_is_gone_removes_nothing_and_the_last_one_takes_the_key() {
        let mut values = list_of_three();
        let all = values.list("_flash").unwrap();
        assert_eq!(values.remove_from_list("_flash", &all).unwrap(), 3);
        assert!(!values.contains("_flash"));
        assert_eq!(values.remove_from_list("_flash", &all).unwrap(), 0);
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
