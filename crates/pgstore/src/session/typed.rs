//! A struct as a view of the session: its fields are the values under the keys of their names.

use std::fmt;
use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SessionError;
use super::operation::Operation;
use super::shared::Session;
use crate::wire::{Draft, FieldDrafts, Key};

/// A session as a struct: each field is the value under the key of its serde name. Values without a
/// field are not touched.
///
/// Read the struct's fields directly, and change them in [`update`](Typed::update). Only fields that
/// changed are recorded, each as an [`insert`](Session::insert) or, for `None`, a
/// [`remove`](Session::remove), so requests that change different fields do not disturb each other.
/// With feature `axum` it is also an extractor.
///
/// ```
/// use pgstore::{SessionError, Typed};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Visitor {
///     user: Option<String>, // None: there is no value
///     #[serde(default)]
///     pages: Vec<String>,
/// }
///
/// async fn page(mut visitor: Typed<Visitor>) -> Result<String, SessionError> {
///     visitor.update(|visitor| visitor.pages.push("/prices".to_owned()))?;
///     Ok(format!("{:?} saw {} pages", visitor.user, visitor.pages.len()))
/// }
/// ```
///
/// # What does serde decide?
///
/// Serde decides the names (`rename`, `rename_all`), and what a field without a value is: `None`
/// for an `Option`, the default with `#[serde(default)]`, otherwise an error. Give every field one
/// of the two, since a new session has no values. Go's nil counts as no value. `alias` names older
/// keys: they are read if the field's own key has no value, and never written. Fields that serde
/// skips are not read or not written. Values are converted as by [`get`](Session::get), and keep
/// their Go types as by [`insert`](Session::insert).
///
/// Types other than structs with named fields, and structs with `#[serde(flatten)]`, are errors.
///
/// # When should you not use it?
///
/// The struct is a copy from the time of loading: it does not see what other code of the same
/// request changes. A counter that two requests increment at the same time is incremented once: use
/// [`Session::update`] for such values.
pub struct Typed<T> {
    session: Session,
    value: T,
    /// The fields as the session has them after its next save.
    recorded: FieldDrafts,
}

impl<T: Serialize + DeserializeOwned> Typed<T> {
    /// Reads the session's values into the struct.
    ///
    /// ```
    /// # use pgstore::{Session, SessionError, Typed};
    /// #[derive(Default, serde::Serialize, serde::Deserialize)]
    /// #[serde(default)]
    /// struct Cart {
    ///     items: u32,
    ///     coupon: Option<String>,
    /// }
    ///
    /// async fn empty(session: Session) -> Result<(), SessionError> {
    ///     let mut cart = Typed::<Cart>::load(session).await?;
    ///     cart.update(|cart| *cart = Cart::default())
    /// }
    /// ```
    ///
    /// Cost: the session is read, its values are copied, and the struct is deserialized and
    /// serialized once.
    ///
    /// # Errors
    /// [`SessionError::Value`], which names the key, when a value is missing or not of its field's
    /// type, when the field's default cannot be stored, or when `T` is not a struct with named
    /// fields. [Load errors](SessionError#load-errors).
    pub async fn load(session: Session) -> Result<Self, SessionError> {
        // A copy, so that no code of the application's runs while the state is locked.
        let values = session.values().await?;
        let value = values.read_struct::<T>()?;
        let recorded = FieldDrafts::of(&value)?;
        Ok(Self {
            session,
            value,
            recorded,
        })
    }

    /// Changes the struct, records the fields that are different afterwards, and returns what the
    /// closure returns.
    ///
    /// ```
    /// # #[derive(serde::Serialize, serde::Deserialize)]
    /// # struct Cart { coupon: Option<String> }
    /// # fn handler(mut cart: pgstore::Typed<Cart>) -> Result<(), pgstore::SessionError> {
    /// let used = cart.update(|cart| cart.coupon.take())?; // removes the value
    /// assert!(cart.coupon.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Unlike that of [`Session::update`], the closure runs once. If another request saves the
    /// session first, the changed fields are set in what it saved.
    ///
    /// Cost: the struct is serialized once more. If no field is different, nothing is saved.
    ///
    /// # Errors
    /// [`SessionError::Value`], which names the key, when a field cannot be stored;
    /// [`SessionError::HeadSent`] and [`SessionError::Destroyed`] when it is too late. The session
    /// is unchanged then, but the struct is not: the next `update` that succeeds records the
    /// differences.
    pub fn update<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> Result<R, SessionError> {
        let result = change(&mut self.value);
        let fields = FieldDrafts::of(&self.value)?;
        self.session
            .record_fields(fields.changes_since(&self.recorded)?)?;
        self.recorded = fields;
        Ok(result)
    }
}

impl<T> Typed<T> {
    /// Returns the session that this is a view of, for flashes, other values and logging out.
    ///
    /// ```
    /// # #[derive(serde::Serialize, serde::Deserialize)]
    /// # struct Login { user: Option<String> }
    /// # fn handler(mut login: pgstore::Typed<Login>) -> Result<(), pgstore::SessionError> {
    /// login.session().renew()?;
    /// login.update(|login| login.user = Some("ada".to_owned()))
    /// # }
    /// ```
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Returns the struct without its session.
    ///
    /// ```
    /// # #[derive(serde::Serialize, serde::Deserialize)]
    /// # struct Login { user: Option<String> }
    /// # fn handler(login: pgstore::Typed<Login>) {
    /// let Login { user } = login.into_inner();
    /// # }
    /// ```
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl Session {
    /// Records new values and removals of a struct's fields: all, or none on an error.
    fn record_fields(&self, changes: Vec<(Key, Option<Draft>)>) -> Result<(), SessionError> {
        if changes.is_empty() {
            return Ok(());
        }
        let operations = changes.into_iter().map(|(key, draft)| match draft {
            Some(draft) => Operation::set(key, draft),
            None => Operation::remove(key),
        });
        self.record(Operation::All(operations.collect()))
    }
}

impl<T> Deref for Typed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> fmt::Debug for Typed<T> {
    /// Without the struct, whose content is private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Typed")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
