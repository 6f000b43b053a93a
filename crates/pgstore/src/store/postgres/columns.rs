//! A row as parameters of a statement, and as columns of an answer.

use tokio_postgres::Row as PgRow;
use tokio_postgres::types::{FromSql, ToSql};

use super::failure::without_details;
use super::text::{Text, Texts, unescaped};
use super::types::{Micros, Secret};
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::store::{Row, RowExtras, StoreError, StoreErrorKind};

/// A parameter of a statement.
pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

/// The parameters that write a row.
pub(super) struct RowParameters<'a> {
    data: Secret<'a>,
    created_on: Micros,
    modified_on: Micros,
    expires_on: Micros,
    save_token: Option<i64>,
    /// Equal to `modified_on` until a peer writes the row, which does not know this column.
    saved_on: Option<Micros>,
    max_age: Option<i64>,
    owner: Option<Text<'a>>,
    label: Option<Text<'a>>,
    handle: Option<Secret<'a>>,
}

impl<'a> RowParameters<'a> {
    pub(super) fn of(row: &'a Row, texts: Texts) -> Self {
        let extras = &row.extras;
        let modified_on = Micros::from(row.modified_on);
        Self {
            data: Secret(&row.data),
            created_on: row.created_on.into(),
            modified_on,
            expires_on: row.expires_on.into(),
            save_token: extras.save_token,
            saved_on: extras.save_token.map(|_| modified_on),
            max_age: extras.max_age,
            owner: owner(extras, texts),
            label: extras
                .label
                .as_deref()
                .map(|label| Text::label(label, texts)),
            handle: extras.handle.as_ref().map(handle),
        }
    }

    /// All of them, in the order in which the statements have them.
    pub(super) fn parameters(&self) -> [Parameter<'_>; 10] {
        [
            &self.data,
            &self.created_on,
            &self.modified_on,
            &self.expires_on,
            &self.save_token,
            &self.saved_on,
            &self.max_age,
            &self.owner,
            &self.label,
            &self.handle,
        ]
    }
}

/// The parameters that write several rows: an array for each column.
#[derive(Default)]
pub(super) struct RowArrays<'a> {
    data: Vec<Secret<'a>>,
    created_on: Vec<Micros>,
    modified_on: Vec<Micros>,
    expires_on: Vec<Micros>,
    save_token: Vec<Option<i64>>,
    saved_on: Vec<Option<Micros>>,
    max_age: Vec<Option<i64>>,
    owner: Vec<Option<Text<'a>>>,
    label: Vec<Option<Text<'a>>>,
    handle: Vec<Option<Secret<'a>>>,
}

impl<'a> RowArrays<'a> {
    pub(super) fn of(rows: impl Iterator<Item = &'a Row>) -> Self {
        let mut arrays = Self::default();
        for row in rows.map(|row| RowParameters::of(row, Texts::AsTheyAre)) {
            arrays.data.push(row.data);
            arrays.created_on.push(row.created_on);
            arrays.modified_on.push(row.modified_on);
            arrays.expires_on.push(row.expires_on);
            arrays.save_token.push(row.save_token);
            arrays.saved_on.push(row.saved_on);
            arrays.max_age.push(row.max_age);
            arrays.owner.push(row.owner);
            arrays.label.push(row.label);
            arrays.handle.push(row.handle);
        }
        arrays
    }

    /// All of them, in the order of [`RowParameters::parameters`].
    pub(super) fn parameters(&self) -> [Parameter<'_>; 10] {
        [
            &self.data,
            &self.created_on,
            &self.modified_on,
            &self.expires_on,
            &self.save_token,
            &self.saved_on,
            &self.max_age,
            &self.owner,
            &self.label,
            &self.handle,
        ]
    }
}

/// The owner, as a parameter of its own.
pub(super) fn owner(extras: &RowExtras, texts: Texts) -> Option<Text<'_>> {
    let owner = extras.owner.as_deref();
    owner.map(|owner| Text::owner(owner, texts))
}

pub(super) fn key(id: &SessionId) -> Secret<'_> {
    Secret(id.as_bytes())
}

pub(super) fn handle(handle: &SessionHandle) -> Secret<'_> {
    Secret::text(handle.as_str())
}

/// Reads a row from the first columns of an answer. Every statement that reads rows begins with
/// these.
// Go: pgstore.go selectOne fails on a NULL or an infinity, too. Its New then returns an error at
// every request. Here the row can still be replaced or deleted.
pub(super) fn row(found: &PgRow) -> Result<Row, StoreError> {
    let data: Option<&[u8]> = column(found, 0)?;
    let times = [time(found, 1)?, time(found, 2)?, time(found, 3)?];
    let (Some(data), [Some(created_on), Some(modified_on), Some(expires_on)]) = (data, times)
    else {
        return Err(undecodable());
    };
    Ok(Row {
        data: data.to_vec(),
        created_on,
        modified_on,
        expires_on,
        extras: extras(found)?,
    })
}

/// Reads the extra columns. An invalid handle or age is read as `None`.
fn extras(found: &PgRow) -> Result<RowExtras, StoreError> {
    let max_age: Option<i64> = column(found, 5)?;
    let handle: Option<&str> = column(found, 8)?;
    Ok(RowExtras {
        save_token: column(found, 4)?,
        max_age: max_age.filter(|seconds| *seconds >= 0),
        owner: text(found, 6)?,
        label: text(found, 7)?,
        handle: handle.and_then(SessionHandle::parse),
        id_is_unconfirmed: false,
    })
}

/// The index of the first column after those of [`row`]. It is the key in statements that read it.
pub(super) const KEY: usize = 9;

/// Reads a row with its key.
pub(super) fn keyed(found: &PgRow) -> Result<(SessionId, Row), StoreError> {
    let key: Option<&[u8]> = column(found, KEY)?;
    let id = key.and_then(SessionId::parse).ok_or_else(undecodable)?;
    Ok((id, row(found)?))
}

/// The same, or `None` if the row cannot be decoded.
pub(super) fn readable(found: &PgRow) -> Result<Option<(SessionId, Row)>, StoreError> {
    match keyed(found) {
        Ok(row) => Ok(Some(row)),
        Err(error) if error.kind() == StoreErrorKind::UndecodableRow => Ok(None),
        Err(error) => Err(error),
    }
}

/// An owner or a label.
fn text(found: &PgRow, index: usize) -> Result<Option<String>, StoreError> {
    let stored: Option<String> = column(found, index)?;
    Ok(stored.map(unescaped))
}

/// A time, unless it is NULL or an infinity.
pub(super) fn time(found: &PgRow, index: usize) -> Result<Option<Timestamp>, StoreError> {
    let time: Option<Micros> = column(found, index)?;
    Ok(time.and_then(Micros::finite))
}

pub(super) fn column<'a, T: FromSql<'a>>(row: &'a PgRow, index: usize) -> Result<T, StoreError> {
    row.try_get(index)
        .map_err(|error| StoreError::caused_by(StoreErrorKind::Other, without_details(error)))
}

fn undecodable() -> StoreError {
    StoreError::new(StoreErrorKind::UndecodableRow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_logs_neither_data_nor_owner_of_a_row() {
        let written = Row {
            data: b"sealed".to_vec(),
            created_on: Timestamp::UNIX_EPOCH,
            modified_on: Timestamp::UNIX_EPOCH,
            expires_on: Timestamp::UNIX_EPOCH,
            extras: RowExtras {
                save_token: Some(1),
                max_age: Some(60),
                owner: Some("alice".to_owned()),
                label: Some("telephone".to_owned()),
                handle: SessionHandle::generate().ok(),
                id_is_unconfirmed: false,
            },
        };
        let columns = RowParameters::of(&written, Texts::AsTheyAre);
        let [data, .., owner, label, handle] = columns.parameters();
        assert_eq!(format!("{data:?}"), "..");
        for parameter in [owner, label, handle] {
            assert_eq!(format!("{parameter:?}"), "Some(..)");
        }
    }
}
