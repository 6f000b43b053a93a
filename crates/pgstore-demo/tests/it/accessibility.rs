//! No page has a serious or critical finding of axe-core: light and dark, on a phone and at a desk.

use libtest_mimic::Completion;
use pgstore_embedded::EmbeddedPostgres;

use crate::support::axe;
use crate::support::browser::{Browser, Without};
use crate::support::chromium;
use crate::support::program::Program;
use crate::support::{apply, browser_trial};

const LOOKS: [(&str, u32, u32); 3] = [
    ("light", 1200, 900),
    ("dark", 1200, 900),
    ("light", 390, 844),
];

/// Whether axe-core is there. If it is not, the trial is ignored, but never in CI.
macro_rules! need_axe {
    () => {
        if let Some(reason) = axe::missing() {
            return match chromium::ignored(reason) {
                Ok(ignored) => ignored,
                Err(failed) => panic!("{:?}", failed.message()),
            };
        }
    };
}

async fn is_clean(browser: &Browser, page: &str) {
    for (scheme, width, height) in LOOKS {
        browser.look(scheme, width, height).await;
        let findings = axe::findings(browser).await;
        assert!(
            findings.is_empty(),
            "{page}, {scheme}, {width}: {findings:#?}"
        );
        let fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        browser.until(fits).await;
    }
}

#[apply(browser_trial)]
async fn the_pages_have_no_serious_finding() -> Completion {
    need_axe!();
    let demo = Program::start().await;
    let (browser, other) = (
        Browser::start(&demo.site).await,
        Browser::start(&demo.site).await,
    );
    browser.open("/").await;
    is_clean(&browser, "the login").await;
    browser
        .client
        .execute("document.querySelector('#name').value = ' '", Vec::new())
        .await
        .unwrap();
    browser.click("form[action='/login'] button").await;
    browser.find("#name-error").await;
    is_clean(&browser, "a wrong name").await;
    browser.log_in("ada").await;
    other.log_in("ada").await;
    browser.click("#send-twenty").await;
    browser
        .until("document.querySelector('#changes-done').textContent.startsWith('20')")
        .await;
    is_clean(&browser, "the session").await;
    browser.open("/admin").await;
    is_clean(&browser, "the administrator's").await;
    browser.open("/nowhere").await;
    is_clean(&browser, "no page").await;
    other.open("/").await;
    other.click("#end-others").await;
    other.find("#messages .message").await;
    browser.open("/").await;
    browser.find("#signed-out").await;
    is_clean(&browser, "signed out").await;
    Completion::Completed
}

#[apply(browser_trial)]
async fn the_pages_of_failures_have_no_serious_finding() -> Completion {
    need_axe!();
    let mut server = EmbeddedPostgres::start().unwrap();
    let demo = Program::with(&[("DATABASE_URL", server.url())]).await;
    let browser = Browser::without(Without::Cookies, &demo.site).await;
    browser.open("/").await;
    browser.type_name("ada").await;
    browser.click("form[action='/login'] button").await;
    assert_eq!(browser.text("h1").await, "Cookies are off");
    is_clean(&browser, "cookies off").await;

    let browser = Browser::start(&demo.site).await;
    browser.log_in("ada").await;
    server.shut_down().unwrap();
    // The page reloads itself, so that each look is at a fresh one.
    for (scheme, width, height) in LOOKS {
        browser.look(scheme, width, height).await;
        browser.open("/admin").await;
        assert_eq!(browser.text("h1").await, "The database is not available");
        let findings = axe::findings(&browser).await;
        assert!(findings.is_empty(), "{scheme}, {width}: {findings:#?}");
    }
    Completion::Completed
}
