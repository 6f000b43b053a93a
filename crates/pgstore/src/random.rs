//! Random bytes of the operating system.

use crate::error_text::debug_as_text;

/// Draws an array of random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], RngError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(RngError)?;
    Ok(bytes)
}

/// The operating system's random generator failed.
#[derive(thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct RngError(#[source] getrandom::Error);

debug_as_text!(RngError);
