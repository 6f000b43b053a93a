//! From a connection string to its options: a URL or keywords, by how the text begins.

use crate::raw_options::RawOptions;
use crate::{ConfigError, key_value, url};

impl RawOptions {
    /// Reads a URL or a keyword string.
    pub(crate) fn read(text: &str) -> Result<Self, ConfigError> {
        let url = ["postgresql://", "postgres://"];
        match url.iter().find_map(|scheme| text.strip_prefix(scheme)) {
            Some(rest) => url::read(rest),
            None => key_value::read(text),
        }
    }
}
