//! The README's screenshots: `scripts/screenshots` takes them.

use std::path::Path;

use data_encoding::BASE64;
use libtest_mimic::Completion;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::support::{apply, browser_trial};

/// The folder for the pictures. Without it, none is taken.
const FOLDER: &str = "PGSTORE_SCREENSHOTS";

#[apply(browser_trial)]
async fn pictures_are_taken_where_they_are_asked_for() -> Completion {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return Completion::ignored_with("scripts/screenshots takes them");
    };
    let folder = Path::new(&folder);
    let demo = Program::start().await;
    let (desk, phone) = (
        Browser::start(&demo.site).await,
        Browser::start(&demo.site).await,
    );
    for (scheme, width, height) in [("light", 1200, 800), ("dark", 390, 800)] {
        desk.look(scheme, width, height).await;
        desk.open("/").await;
        take(&desk, folder, &format!("login-{scheme}-{width}")).await;
    }
    desk.log_in("Ada").await;
    phone.log_in("Ada").await;
    desk.click("#send-twenty").await;
    desk.until("document.querySelector('#changes-done').textContent.startsWith('20')")
        .await;
    for (name, path) in [("session", "/"), ("admin", "/admin")] {
        for (scheme, width, height) in [
            ("light", 1200, 800),
            ("dark", 1200, 800),
            ("light", 390, 800),
            ("dark", 390, 800),
        ] {
            desk.look(scheme, width, height).await;
            desk.open(path).await;
            take(&desk, folder, &format!("{name}-{scheme}-{width}")).await;
        }
    }
    Completion::Completed
}

/// Takes a picture of the whole page.
async fn take(browser: &Browser, folder: &Path, name: &str) {
    let size = browser.cdp("Page.getLayoutMetrics", json!({})).await;
    let size = &size["cssContentSize"];
    let clip =
        json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
    let whole = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
    let picture = browser.cdp("Page.captureScreenshot", whole).await;
    let picture = BASE64.decode(picture["data"].as_str().unwrap().as_bytes());
    std::fs::write(folder.join(format!("{name}.png")), picture.unwrap()).unwrap();
}
