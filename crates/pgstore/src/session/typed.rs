//! A struct as the view of a session: its fields are the values under the keys of their names.

use std::fmt;
use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::operation::Operation;
use super::{Session, SessionError};
use crate::wire::{Draft, FieldDrafts, Key};

/// A session seen as a struct: each field is the value under the key of its name, as serde calls
/// it. Values that the struct does not name are left alone.
///
/// Not to be confused with [`wire::GoValue`](crate::wire::GoValue), a single value with its Go type.
///
/// Read the fields as those of the struct, and change them in [`update`](Typed::update). Only the
/// fields that changed are recorded, each as an [`insert`](Session::insert) or, for `None`, a
/// [`remove`](Session::remove): requests that change different fields do not disturb each other.
/// With feature `axum` it is also an argument of handlers.
///
/// ```
/// use pgstore::{SessionError, Typed};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Visitor {
///     user: Option<String>, // None is no value
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
/// Names (`rename`, `rename_all`), and what a field without a value is: `None` for an `Option`,
/// its default with `#[serde(default)]`, and else an error. Give every field one of the two: a new
/// session has no values at all. Go's nil counts as no value. `alias` names older keys: they are
/// read where the field's own has no value, and never written. What serde skips is not read, or
/// not written. Values are read as generously as by [`get`](Session::get), and keep their Go types
/// as by [`insert`](Session::insert).
///
/// Other types than structs with named fields, and structs with `#[serde(flatten)]`, are errors.
///
/// # When not?
///
/// The struct is the session as it was when it was loaded: what other code of the same request
/// changes meanwhile is not seen. And a number counted up in two requests at once is counted once:
/// such values are for [`Session::update`].
pub struct Typed<T> {
    session: Session,
    value: T,
    /// The fields as the session has them, or will have once it is saved.
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
    /// Cost: the session is read, its values are copied, and the struct is read and taken down
    /// once.
    ///
    /// # Errors
    /// [`SessionError::Value`], which names the key, when a value is not of its field's type, or
    /// is missing, or Go could not hold what the field has instead; or when `T` is not a struct
    /// with named fields. Otherwise whatever loading the session may bring.
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

    /// Changes the struct, and records the fields that are different afterwards. Returns what the
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
    /// Unlike that of [`Session::update`], the closure runs once. Where another request saves the
    /// session first, the fields are put into what that one left.
    ///
    /// Cost: the struct is taken down once more. If nothing is different, nothing is saved.
    ///
    /// # Errors
    /// [`SessionError::Value`], which names the key, when Go could not hold a field;
    /// [`SessionError::HeadSent`], [`SessionError::Destroyed`] when it is too late. The session is
    /// unchanged then, the struct is not: all that is different is recorded by the next `update`
    /// that succeeds.
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
    /// The session that this is a view of, for all else: flashes, other values, logging out.
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

    /// The struct alone.
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
    /// Records new values and removals of a struct's fields, all or none.
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
    /// Without the struct, which is private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Typed")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
