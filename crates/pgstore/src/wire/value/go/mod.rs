//! Go types that Rust has no type for. Wrap a value in one of them to choose its Go type.

mod duration;
mod int;
mod marshaled;
mod named;
mod time;

pub use duration::{Duration, OutOfDuration};
pub use int::{Int, Uint};
pub use marshaled::Marshaled;
pub use named::{Any, GoType, Named};

pub use crate::wire::gob::{
    rfc3339::NotRfc3339,
    time::{OutOfSystemTime, Time},
};

pub(super) use duration::DURATION;
pub(super) use int::{INT, UINT};
pub(super) use marshaled::MARSHALED;
pub(super) use named::{ANY, NAMED};
pub(super) use time::TIME;
