//! A name for a device, from what its browser says of itself.

use axum::http::HeaderValue;

/// Names browsers by their own word. The order counts: Edge also says Chrome, and Chrome Safari.
const BROWSERS: [(&str, &str); 6] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

/// Android also says Linux, and an iPhone Mac OS X.
const SYSTEMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// "Firefox on Linux", for a user agent.
pub(crate) fn device_name(user_agent: Option<&HeaderValue>) -> String {
    let agent = user_agent
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or("");
    let known = |names: &[(&str, &'static str)]| {
        let named = names.iter().find(|(word, _)| agent.contains(word));
        named.map(|(_, name)| *name)
    };
    let browser = known(&BROWSERS).unwrap_or("A browser");
    match known(&SYSTEMS) {
        Some(system) => format!("{browser} on {system}"),
        None => browser.to_owned(),
    }
}
