#![doc = include_str!("../../../../docs/connecting.md")]
//
// Inside: `url.rs` and `words.rs` split a connection string into the options of `option.rs`;
// `settings.rs` judges their values and completes them from `environment.rs`; `host.rs`,
// `target.rs`, `passfile.rs` and `tls/` each know one group of them. `dial.rs`, outside, connects.

mod environment;
mod given;
mod host;
mod option;
mod passfile;
mod settings;
mod target;
mod tls;
mod url;
mod words;

#[cfg(test)]
mod tests;

pub(super) use environment::Environment;
pub(super) use host::{Host, Place};
pub(super) use settings::Settings;
pub(super) use target::Target;
pub(super) use tls::{Connector, Mode, Tls};
