//! Devices and the administrator, each seen in two browsers at once.

use fantoccini::Locator;

use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::support::{apply, browser_trial};

/// How many devices the page lists.
const DEVICES: &str = "document.querySelectorAll('#devices li').length";

#[apply(browser_trial)]
async fn each_of_two_browsers_sees_the_other_and_signs_it_out() {
    let demo = Program::start().await;
    let (one, other) = (
        Browser::start(&demo.site).await,
        Browser::start(&demo.site).await,
    );
    one.log_in("ada").await;
    one.until("document.body.classList.contains('following')")
        .await;
    other.log_in("ada").await;
    for browser in [&one, &other] {
        browser.until(&format!("{DEVICES} === 2")).await; // the page follows, nobody reloads it
        let current = browser.client.find_all(Locator::Css("#devices .tag")).await;
        assert_eq!(current.unwrap().len(), 1);
    }

    one.click("#devices li button").await;
    assert_eq!(one.text("#messages").await, "That device is signed out.");
    one.until(&format!("{DEVICES} === 1")).await;
    assert!(
        other
            .text("#signed-out")
            .await
            .starts_with("You are signed out.")
    );
    assert!(!other.has("#user").await);

    other.log_in("ada").await;
    one.until(&format!("{DEVICES} === 2")).await;
    other.click("#end-others").await;
    assert_eq!(
        other.text("#messages").await,
        "One other device is signed out."
    );
    one.find("#signed-out").await;
    other.open("/").await;
    assert_eq!(other.text("#user").await, "ada");
}

#[apply(browser_trial)]
async fn an_open_page_is_told_when_an_administrator_ends_its_session() {
    let demo = Program::start().await;
    let (bob, admin) = (
        Browser::start(&demo.site).await,
        Browser::start(&demo.site).await,
    );
    bob.log_in("bob").await;
    bob.until("document.body.classList.contains('following')")
        .await;
    admin.log_in("eve").await;
    admin.click("nav a[href='/admin']").await;
    admin
        .click("button[aria-label='End all sessions of bob']")
        .await;
    assert_eq!(
        admin.text("#messages").await,
        "One session of bob has ended."
    );

    bob.find("#signed-out").await;
    bob.open("/admin").await;
    bob.find("#name").await;
    assert_eq!(admin.text("#user").await, "eve");
}

#[apply(browser_trial)]
async fn what_is_stored_is_shown_live_and_as_it_is() {
    let demo = Program::start().await;
    let browser = Browser::start(&demo.site).await;
    browser.log_in("ada").await;
    let stored = browser.text("#stored").await;
    for expected in ["owner", "ada", "52 bytes", "Go type string"] {
        assert!(stored.contains(expected), "{expected}: {stored}");
    }
    let cookie = browser.session_cookie().await.unwrap();
    let page = browser.client.source().await.unwrap();
    assert!(
        !page.contains(&cookie),
        "the cookie is a secret, also of its own page"
    );
    assert!(page.contains(&format!("{} bytes", cookie.len())));

    // Another tab of the same browser changes the session, and this page shows it.
    let first = browser.client.window().await.unwrap();
    browser.new_tab().await;
    browser.open("/").await;
    browser.click("#send-twenty").await;
    browser
        .until("document.querySelector('#ours').textContent === '20'")
        .await;
    browser.client.switch_to_window(first).await.unwrap();
    browser
        .until("document.querySelector('#stored').textContent.includes('int64')")
        .await;
    browser
        .until("document.querySelector('#ours').textContent === '20'")
        .await;
}
