//! axe-core, which finds what makes a page hard to use with a screen reader, a keyboard or weak eyes.
//! `scripts/lib.sh` (`want_axe`) puts it into `target/axe`.

use std::path::Path;

use serde_json::Value;

use super::browser::Browser;

const AXE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../target/axe/package/axe.min.js"
);

const RUN: &str = r#"
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ["violations"] }).then(
        ({ violations, passes }) => done({ passes: passes.length, violations: violations.map((one) => ({
            impact: one.impact, id: one.id, help: one.help, where: one.nodes.map((node) => node.html),
        })) }),
        (error) => done({ error: String(error) }),
    );
"#;

/// Why pages cannot be checked, if they cannot.
pub(crate) fn missing() -> Option<String> {
    let reason = "axe-core is missing: scripts/test fetches it with npm";
    (!Path::new(AXE).is_file()).then(|| reason.to_owned())
}

/// The serious and critical findings on the page that is open, one a line.
pub(crate) async fn findings(browser: &Browser) -> Vec<String> {
    let axe = std::fs::read_to_string(AXE).unwrap();
    browser.client.execute(&axe, Vec::new()).await.unwrap();
    let found = browser.client.execute_async(RUN, Vec::new()).await.unwrap();
    assert!(found["passes"].as_u64() > Some(0), "axe has run: {found}");
    let violations = found["violations"].as_array().unwrap().iter();
    let is_grave = |one: &&Value| matches!(one["impact"].as_str(), Some("serious" | "critical"));
    violations.filter(is_grave).map(Value::to_string).collect()
}
