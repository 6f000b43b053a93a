//! Lists that grow at the end and are taken from the front, such as flashes.

use crate::wire::gob::{
    limits::MAX_LEVELS,
    value::{GoValue, Value},
};

use super::{
    draft::Draft,
    error::{ValueError, ValueErrorKind},
    go_peer::GoPeer,
    insert_table::{empty_list, interface},
    key::Key,
    values::Values,
};

impl Values {
    /// The elements of a `[]interface {}`. Empty if there is no value under the key, or it is nil.
    /// An element that is nil is `None`.
    ///
    /// ```
    /// use pgstore::Values;
    /// use pgstore::wire::Draft;
    ///
    /// let mut values = Values::new();
    /// values.push("_flash", &Draft::new("_flash", "saved")?)?;
    /// let flashes = values.list("_flash")?;
    /// assert_eq!(flashes[0].as_ref().unwrap().read::<String>()?, "saved");
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The value under the key is not a `[]interface {}`.
    // Go: gorilla/sessions Session.Flashes panics there.
    pub fn list(&self, key: impl Into<Key>) -> Result<Vec<Option<GoValue>>, ValueError> {
        let key = key.into();
        let mut list = self.list_or_empty(&key);
        let items = std::mem::take(items_of(&key, &mut list)?);
        Ok(items.into_iter().map(Value::into_interface).collect())
    }

    /// Appends to a `[]interface {}`. Creates the list if there is no value under the key, or it is
    /// nil.
    ///
    /// ```
    /// use pgstore::Values;
    /// use pgstore::wire::Draft;
    ///
    /// let mut values = Values::new();
    /// values.push("_flash", &Draft::new("_flash", "saved")?)?;
    /// assert_eq!(values.list("_flash")?.len(), 1);
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The value under the key is not a `[]interface {}`, or the list would be nested deeper than
    /// 128 levels. The values are unchanged.
    pub fn push(&mut self, key: impl Into<Key>, draft: &Draft) -> Result<(), ValueError> {
        self.push_for(key, draft, &GoPeer::None)
    }

    /// Appends to a `[]interface {}` as [`push`](Self::push) does, if a Go program can read it
    /// afterwards.
    ///
    /// ```
    /// use pgstore::{GoPeer, Values};
    /// use pgstore::wire::Draft;
    ///
    /// let mut values = Values::new();
    /// let draft = Draft::new("_flash", "saved")?;
    /// values.push_for("_flash", &draft, &GoPeer::registered(["main.User"]))?;
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`push`](Self::push) and [`put_for`](Self::put_for). The values are unchanged.
    pub fn push_for(
        &mut self,
        key: impl Into<Key>,
        draft: &Draft,
        go: &GoPeer,
    ) -> Result<(), ValueError> {
        let key = key.into();
        draft.check(&key, go)?;
        let mut list = self.list_or_empty(&key);
        items_of(&key, &mut list)?.push(interface(&draft.0));
        if list.value.levels() > MAX_LEVELS {
            return Err(ValueError::new(&key, ValueErrorKind::TooDeep));
        }
        self.check(&key, Some(&list), go)?;
        self.set(&key, Some(list));
        Ok(())
    }

    /// Removes elements from the front of a `[]interface {}` if it still begins with them, and
    /// returns how many: all or none. Removes the key with the last element.
    ///
    /// Lists grow at the end. If a list begins with other elements, another request has taken
    /// these, and the elements that are left are not for this one.
    ///
    /// ```
    /// use pgstore::Values;
    /// use pgstore::wire::Draft;
    ///
    /// let mut values = Values::new();
    /// values.push("_flash", &Draft::new("_flash", "saved")?)?;
    /// let flashes = values.list("_flash")?;
    /// assert_eq!(values.remove_from_list("_flash", &flashes)?, 1);
    /// assert!(!values.contains("_flash"));
    /// # Ok::<(), pgstore::ValueError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The value under the key is not a `[]interface {}`. It stays.
    // Go: gorilla/sessions Session.Flashes also removes the key.
    pub fn remove_from_list(
        &mut self,
        key: impl Into<Key>,
        elements: &[Option<GoValue>],
    ) -> Result<usize, ValueError> {
        let key = key.into();
        let Some(mut list) = self.value_of(&key).cloned() else {
            return Ok(0);
        };
        let items = items_of(&key, &mut list)?;
        if items.len() < elements.len() || !items.iter().zip(elements).all(is_same) {
            return Ok(0);
        }
        items.drain(..elements.len());
        if items.is_empty() {
            self.remove(key);
        } else {
            self.set(&key, Some(list));
        }
        Ok(elements.len())
    }

    /// Returns elements that were taken to the front of a `[]interface {}`.
    pub(crate) fn put_back_into_list(
        &mut self,
        key: impl Into<Key>,
        elements: &[Option<GoValue>],
    ) -> Result<(), ValueError> {
        let key = key.into();
        let mut list = self.list_or_empty(&key);
        let elements = elements.iter().cloned();
        let elements = elements.map(|element| Value::Interface(element.map(Box::new)));
        items_of(&key, &mut list)?.splice(..0, elements);
        self.set(&key, Some(list));
        Ok(())
    }

    fn list_or_empty(&self, key: &Key) -> GoValue {
        self.value_of(key).cloned().unwrap_or_else(empty_list)
    }
}

/// The elements of a value, if Go's type assertion to `[]interface{}` accepts it.
fn items_of<'a>(key: &Key, list: &'a mut GoValue) -> Result<&'a mut Vec<Value>, ValueError> {
    match &mut list.value {
        Value::Slice(items) if list.name == "[]interface {}" => Ok(items),
        _ => {
            let found = list.name.to_string();
            Err(ValueError::new(key, ValueErrorKind::NotAList { found }))
        }
    }
}

fn is_same((item, element): (&Value, &Option<GoValue>)) -> bool {
    GoValue::are_same(item.clone().into_interface().as_ref(), element.as_ref())
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
