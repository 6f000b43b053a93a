//! The question before what cannot be undone.

use std::io::{self, IsTerminal as _, Write as _};

use crate::failure::Failure;

/// Asks on a terminal, unless the user has said yes already. A script is not asked.
pub(crate) async fn confirm(
    is_confirmed: bool,
    question: impl AsyncFnOnce() -> Result<String, Failure>,
) -> Result<(), Failure> {
    if is_confirmed || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(());
    }
    let question = question().await?;
    write!(io::stderr(), "{question} [y/N] ").map_err(Failure::Output)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(Failure::Input)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::Declined),
    }
}
