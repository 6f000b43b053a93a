//! What actix-session hands over.

use std::collections::HashMap;

/// The values of a session, each as JSON.
pub(crate) type State = HashMap<String, String>;
