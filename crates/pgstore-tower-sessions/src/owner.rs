//! Owners that are found in the values of well-known crates.

use std::collections::HashMap;

use serde_json::Value;

/// The key under which axum-login keeps its data, unless the application has set another one.
const AXUM_LOGIN: &str = "axum-login.data";

/// The ID of the user whom axum-login has logged in, for
/// [`PostgresStore::owner_from`](crate::PostgresStore::owner_from).
///
/// It reads the user ID under axum-login's default key, `axum-login.data`. An ID that is text is the
/// owner as it is, one that is a number in decimal. Of another kind of ID, its JSON is the owner.
///
/// ```
/// use std::collections::HashMap;
/// use pgstore_tower_sessions::axum_login_user;
/// use serde_json::json;
///
/// let values = HashMap::from([("axum-login.data".to_owned(), json!({ "user_id": 42 }))]);
/// assert_eq!(axum_login_user(&values).as_deref(), Some("42"));
/// assert_eq!(axum_login_user(&HashMap::new()), None);
/// ```
// No `impl BuildHasher`: the function is passed by its name.
#[allow(clippy::implicit_hasher)]
#[must_use]
pub fn axum_login_user(values: &HashMap<String, Value>) -> Option<String> {
    match values.get(AXUM_LOGIN)?.get("user_id")? {
        Value::Null => None,
        Value::String(id) => Some(id.clone()),
        id => Some(id.to_string()),
    }
}
