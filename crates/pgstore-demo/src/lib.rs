//! A web application that shows what pgstore does: `scripts/demo` runs it.
//!
//! One page has the session's devices, a counter that twenty requests change at once, and what is stored;
//! another is the administrator's. Start reading at [`Demo`] and `site.rs`.

mod account;
mod admin;
mod assets;
mod changes;
mod client;
mod demo;
mod device_name;
mod devices;
mod failure;
mod figures;
mod home;
mod live;
mod outage;
mod page;
mod readiness;
mod request;
mod security_headers;
mod serving;
mod settings;
mod site;
mod stored;
mod time_ago;
mod usual_store;

pub use demo::{Database, Demo};
pub use figures::Figures;
pub use serving::serve;
pub use settings::{database, keys, listener};

/// The examples of the repository's README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
