//! Stages 3 to 5 for one cookie name: the store's rows are opened to values, values are sealed to
//! rows.

mod choice;
mod limits;
mod look_up;
mod meta;
mod sealed_rows;
mod sealing;

pub(crate) use limits::Limits;
pub(super) use meta::{NewRow, OpenedRow, RowMeta, SealedRow};
pub(crate) use sealed_rows::SealedRows;
