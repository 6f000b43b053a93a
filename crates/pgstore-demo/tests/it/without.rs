//! Browsers without scripts, and without cookies.

use crate::support::browser::{Browser, Without};
use crate::support::program::Program;
use crate::support::{apply, browser_trial};

#[apply(browser_trial)]
async fn everything_works_without_javascript() {
    let demo = Program::start().await;
    let plain = Browser::without(Without::JavaScript, &demo.site).await;
    let other = Browser::start(&demo.site).await;
    plain.log_in("ada").await;
    assert!(
        plain
            .page_text()
            .await
            .contains("Without JavaScript, the server sends")
    );
    plain.click("#send-twenty").await;
    assert_eq!(
        plain.text("#messages").await,
        "20 of 20 requests succeeded."
    );
    assert_eq!(plain.text("#ours").await, "20");
    let usual: u32 = plain.text("#usual").await.parse().unwrap();
    assert!(usual < 20);

    other.log_in("ada").await;
    plain.open("/").await;
    plain.click("#devices li button").await;
    assert_eq!(plain.text("#messages").await, "That device is signed out.");
    other.find("#signed-out").await;

    other.log_in("eve").await;
    other.open("/admin").await;
    other
        .click("button[aria-label='End all sessions of ada']")
        .await;
    other.find("#messages .message").await;
    plain.click("#send-twenty").await; // the next request says it
    plain.find("#signed-out").await;

    plain.log_in("ada").await;
    plain.click(".logout button").await;
    assert_eq!(plain.text("#messages").await, "You are signed out.");
}

#[apply(browser_trial)]
async fn without_cookies_the_pages_say_so() {
    let demo = Program::start().await;
    let browser = Browser::without(Without::Cookies, &demo.site).await;
    browser.open("/").await;
    browser
        .until("document.querySelector('#cookies-off').checkVisibility()")
        .await;
    browser.type_name("ada").await;
    browser.click("form[action='/login'] button").await;
    assert_eq!(browser.text("h1").await, "Cookies are off");
}
