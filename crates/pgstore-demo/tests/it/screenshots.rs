//! The README's screenshots: `scripts/screenshots` takes them.

use std::path::Path;

use libtest_mimic::Completion;

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
    desk.look("light", 1120, 780).await;
    phone.look("dark", 390, 844).await;
    phone.log_in("Ada").await;
    desk.log_in("Ada").await;
    for browser in [&phone, &desk] {
        browser.click("#send-twenty").await;
        let done = "document.querySelector('#changes-done').textContent.startsWith('20')";
        browser.until(done).await;
        browser.open("/").await; // without the welcome
        let follows = "document.body.classList.contains('following')";
        browser.until(follows).await;
    }
    take(&desk, folder, "demo-desk").await;
    take(&phone, folder, "demo-phone").await;
    Completion::Completed
}

/// Takes a picture of what is in sight.
async fn take(browser: &Browser, folder: &Path, name: &str) {
    let picture = browser.client.screenshot().await.unwrap();
    std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
}
