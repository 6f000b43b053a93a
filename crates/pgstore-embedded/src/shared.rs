//! One server for all tests of a process.

use std::env;
use std::sync::OnceLock;

use crate::{EmbeddedPostgres, StartError};

/// The URL of the database for tests: `DATABASE_URL`, or a server that this process starts at the first
/// call and that ends with it.
///
/// # Errors
/// As for [`EmbeddedPostgres::start`].
pub fn shared_url() -> Result<&'static str, &'static StartError> {
    static URL: OnceLock<Result<String, StartError>> = OnceLock::new();
    static SERVER: OnceLock<EmbeddedPostgres> = OnceLock::new();
    let url = URL.get_or_init(|| match env::var("DATABASE_URL") {
        Ok(url) => Ok(url),
        Err(_) => {
            let server = EmbeddedPostgres::start()?;
            Ok(SERVER.get_or_init(|| server).url().to_owned())
        }
    });
    url.as_ref().map(String::as_str)
}
