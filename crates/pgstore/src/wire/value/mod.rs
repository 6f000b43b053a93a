//! A session's values, read and written through serde. Go keeps them in a
//! `map[interface {}]interface {}`.

mod added_fields;
mod declared_type;
mod deserialize;
mod draft;
mod element_types;
mod error;
mod fit;
mod fit_rules;
pub mod go;
mod go_check;
mod go_peer;

mod insert_table;
mod key;
mod key_index;
mod lists;
mod map_key;
mod named;
mod old_entries;
mod read_struct;
mod rust_value;
mod same_elements;
mod serialize;
mod struct_types;
mod unchanged;
mod values;
mod view;
mod write_struct;

pub use draft::Draft;
pub use error::{ValueError, ValueErrorKind};
pub use go_peer::{GoPeer, RegisteredNames};
pub use key::Key;
pub use values::Values;
pub use view::{Entries, Fields, List, Node, View};
pub(crate) use write_struct::FieldDrafts;
