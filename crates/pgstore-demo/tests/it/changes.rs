//! Twenty changes at once, from a real browser.

use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::support::{apply, browser_trial};

const DONE: &str = "document.querySelector('#changes-done').textContent";

async fn count(browser: &Browser, css: &str) -> u32 {
    browser.text(css).await.parse().unwrap()
}

#[apply(browser_trial)]
async fn twenty_changes_at_once_all_count_and_read_change_write_loses_some() {
    let demo = Program::start().await;
    let browser = Browser::start(&demo.site).await;
    browser.log_in("ada").await;
    for expected in [20, 40] {
        browser.click("#send-twenty").await;
        browser
            .until(&format!("{DONE} === '20 of 20 requests succeeded.'"))
            .await;
        assert_eq!(count(&browser, "#ours").await, expected);
        let usual = count(&browser, "#usual").await;
        assert!(usual < expected, "all {usual} counted");
        assert_eq!(
            browser.text(".bad .verdict").await,
            format!("{} lost", expected - usual)
        );
        assert_eq!(browser.text(".good .verdict").await, "none lost");
    }
    browser.open("/").await;
    assert_eq!(count(&browser, "#ours").await, 40, "stored, not only shown");
}
