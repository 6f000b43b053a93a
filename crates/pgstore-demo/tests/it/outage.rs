//! The database stops and starts again.

use pgstore_embedded::EmbeddedPostgres;

use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::support::{apply, browser_trial};

#[apply(browser_trial)]
async fn an_outage_is_a_page_that_ends_by_itself_and_signs_nobody_out() {
    let mut server = EmbeddedPostgres::start().unwrap();
    let demo = Program::with(&[("DATABASE_URL", server.url())]).await;
    let browser = Browser::start(&demo.site).await;
    browser.log_in("ada").await;
    browser
        .until("document.body.classList.contains('following')")
        .await;

    server.shut_down().unwrap();
    browser
        .until("document.querySelector('#outage').checkVisibility()")
        .await; // the open page
    browser.client.refresh().await.unwrap();
    assert_eq!(browser.text("h1").await, "The database is not available");

    server.restart().unwrap();
    assert_eq!(browser.text("#user").await, "ada"); // nobody has pressed a key
    browser
        .until("!document.querySelector('#outage').checkVisibility()")
        .await;
}

/// The administrator's button, where the demo has a PostgreSQL of its own.
#[apply(browser_trial)]
async fn a_click_stops_the_demos_own_database_for_a_moment() {
    let demo = Program::with(&[]).await;
    let browser = Browser::start(&demo.site).await;
    browser.log_in("ada").await;
    browser.open("/admin").await;
    browser.click("form[action='/admin/outage'] button").await;
    browser
        .until("document.title.startsWith('The database') || document.querySelector('#outage')?.checkVisibility()")
        .await;
    browser.until("document.querySelector('#user') && !document.querySelector('#outage').checkVisibility()").await;
    assert!(demo.interrupt().await.success());
}
