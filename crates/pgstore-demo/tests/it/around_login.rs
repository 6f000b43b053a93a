//! What attackers and impatient people do around a login and a logout.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::support::{apply, browser_trial};

/// The attacker has a stored session without a user, and plants its cookie in the victim's browser.
#[apply(browser_trial)]
async fn a_planted_id_is_replaced_at_the_login() {
    let demo = Program::start().await;
    let (attacker, victim) = (
        Browser::start(&demo.site).await,
        Browser::start(&demo.site).await,
    );
    attacker.log_in("mallory").await;
    attacker.click(".logout button").await;
    attacker.find("#name").await;
    let planted = attacker
        .session_cookie()
        .await
        .expect("the message is in a session");

    let cookie = json!({ "name": "session", "value": &planted, "url": demo.site });
    let set = victim.cdp("Network.setCookie", cookie).await;
    assert_eq!(set["success"], true);
    victim.open("/").await;
    assert_eq!(victim.session_cookie().await, Some(planted.clone()));
    victim.log_in("ada").await;
    let given = victim.session_cookie().await.unwrap();
    assert_ne!(given, planted, "the victim sent the planted one");

    attacker.open("/").await;
    assert!(!attacker.has("#user").await);
    assert!(attacker.has("#name").await);
    victim.client.refresh().await.unwrap();
    assert_eq!(victim.text("#user").await, "ada");
}

#[apply(browser_trial)]
async fn the_back_button_shows_no_page_after_a_logout() {
    let demo = Program::start().await;
    let browser = Browser::start(&demo.site).await;
    browser.log_in("ada").await;
    browser.click("nav a[href='/admin']").await;
    browser.find("#outage-title").await;
    browser.click(".logout button").await;
    assert_eq!(browser.text("#messages").await, "You are signed out.");
    for _ in 0..3 {
        browser.back().await;
        browser.find("#name").await;
        assert!(!browser.has("#user").await);
        assert!(!browser.page_text().await.contains("ada"));
    }
}

#[apply(browser_trial)]
async fn tabs_that_were_open_before_a_login_do_not_undo_it() {
    let demo = Program::start().await;
    let browser = Browser::start(&demo.site).await;
    browser.open("/").await;
    let first = browser.client.window().await.unwrap();
    let second = browser.new_tab().await;
    browser.log_in("ada").await;
    let cookie = browser.session_cookie().await;

    // The first tab still shows the login form, with the token of before.
    browser.client.switch_to_window(first).await.unwrap();
    browser.type_name("bob").await;
    browser.click("form[action='/login'] button").await;
    assert_eq!(browser.text("h1").await, "This page is out of date");
    assert_eq!(browser.session_cookie().await, cookie);
    browser.click(".button").await;
    assert_eq!(browser.text("#user").await, "ada");

    // A logout in one tab is told to the other, and a form that it still shows changes nothing.
    browser.click(".logout button").await;
    browser.find("#name").await;
    browser.client.switch_to_window(second).await.unwrap();
    browser.find("#name").await;
}

/// Tab, typing and Enter are enough.
#[apply(browser_trial)]
async fn a_keyboard_is_enough() {
    let demo = Program::start().await;
    let browser = Browser::start(&demo.site).await;
    browser.open("/").await;
    let focus = "document.activeElement";
    press(&browser, "\u{e004}").await; // Tab
    browser
        .until(&format!("{focus}.className === 'skip'"))
        .await;
    let is_seen = format!("{focus}.getBoundingClientRect().top >= 0");
    browser.until(&is_seen).await;
    press(&browser, "\u{e007}").await; // Enter
    browser.until(&format!("{focus}.id === 'main'")).await;
    press(&browser, "\u{e004}").await;
    browser.until(&format!("{focus}.id === 'name'")).await;
    let outline = format!("getComputedStyle({focus}).outlineStyle === 'solid'");
    browser.until(&outline).await;
    press(&browser, "ada\u{e007}").await;
    assert_eq!(browser.text("#user").await, "ada");
}

async fn press(browser: &Browser, keys: &str) {
    let focused = browser.client.active_element().await.unwrap();
    focused.send_keys(keys).await.unwrap();
}
