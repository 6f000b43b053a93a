//! What a run gives: measurements as JSON, tables, plots.

mod measurement;
mod plot;
mod table;

pub(crate) use measurement::{Measurement, read_json, write_json};
pub(crate) use plot::plots;
pub(crate) use table::Table;
