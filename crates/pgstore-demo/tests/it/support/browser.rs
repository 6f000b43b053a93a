//! A person at a browser of their own.

use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use super::cdp::Cdp;
use super::chromium::{self, Driver};

/// How long what must happen may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a person has switched off.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Without {
    Nothing,
    JavaScript,
    Cookies,
}

/// A Chromium with a profile of its own. It ends with this value.
pub(crate) struct Browser {
    pub(crate) client: Client,
    site: String,
    _driver: Driver,
}

impl Browser {
    pub(crate) async fn start(site: &str) -> Self {
        Self::without(Without::Nothing, site).await
    }

    pub(crate) async fn without(what: Without, site: &str) -> Self {
        let driver = Driver::start();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(what, &driver));
        let client = builder.connect(&driver.url).await.unwrap();
        let site = site.to_owned();
        Self {
            client,
            site,
            _driver: driver,
        }
    }

    pub(crate) async fn open(&self, path: &str) {
        let url = format!("{}{path}", self.site);
        self.client.goto(&url).await.unwrap();
    }

    /// Goes back, and waits for the page that follows: until then, the one before answers.
    pub(crate) async fn back(&self) {
        let mark = "window.isLeft = true";
        self.client.execute(mark, Vec::new()).await.unwrap();
        self.client.back().await.unwrap();
        self.until("!window.isLeft && document.readyState === 'complete'")
            .await;
    }

    /// Opens the start page and logs in.
    pub(crate) async fn log_in(&self, user: &str) {
        self.open("/").await;
        self.type_name(user).await;
        self.click("form[action='/login'] button").await;
        assert_eq!(self.text("#user").await, user);
    }

    pub(crate) async fn type_name(&self, user: &str) {
        self.find("#name").await.send_keys(user).await.unwrap();
    }

    /// Waits for an element.
    pub(crate) async fn find(&self, css: &str) -> Element {
        let waiting = self.client.wait().at_most(PATIENCE);
        let found = waiting.every(Duration::from_millis(50));
        match found.for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!("{css}: {error}\n{}", self.page_text().await),
        }
    }

    /// Clicks an element. Again, if the page has replaced it meanwhile.
    pub(crate) async fn click(&self, css: &str) {
        while let Err(error) = self.find(css).await.click().await {
            assert!(error.is_stale_element_reference(), "{css}: {error}");
        }
    }

    /// The text of an element. Again, if the page has replaced it meanwhile.
    pub(crate) async fn text(&self, css: &str) -> String {
        loop {
            match self.find(css).await.text().await {
                Ok(text) => return text,
                Err(error) => assert!(error.is_stale_element_reference(), "{css}: {error}"),
            }
        }
    }

    pub(crate) async fn has(&self, css: &str) -> bool {
        let found = self.client.find_all(Locator::Css(css)).await.unwrap();
        !found.is_empty()
    }

    /// Waits until a script's expression holds.
    pub(crate) async fn until(&self, expression: &str) {
        let script = format!("return Boolean({expression})");
        let waiting = async {
            // An error is a page that is just being replaced.
            while self.client.execute(&script, Vec::new()).await.ok() != Some(Value::Bool(true)) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("{expression}\n{}", self.page_text().await);
        }
    }

    /// All text of the page.
    pub(crate) async fn page_text(&self) -> String {
        let body = self.client.find(Locator::Css("body")).await;
        match body {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        }
    }

    /// The value of the session's cookie, if there is one.
    pub(crate) async fn session_cookie(&self) -> Option<String> {
        let cookie = self.client.get_named_cookie("session").await.ok();
        cookie.map(|cookie| cookie.value().to_owned())
    }

    /// A second tab of the same browser, which is in front from now on.
    pub(crate) async fn new_tab(&self) -> WindowHandle {
        let tab = self.client.new_window(true).await.unwrap().handle;
        self.client.switch_to_window(tab.clone()).await.unwrap();
        tab
    }

    pub(crate) async fn cdp(&self, command: &'static str, parameters: Value) -> Value {
        let command = Cdp {
            command,
            parameters,
        };
        self.client.issue_cmd(command).await.unwrap()
    }

    /// Makes pages light or dark, and as wide as a phone or a desk.
    pub(crate) async fn look(&self, scheme: &str, width: u32, height: u32) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let media = json!({ "features": features });
        self.cdp("Emulation.setEmulatedMedia", media).await;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await;
    }
}

fn capabilities(what: Without, driver: &Driver) -> serde_json::Map<String, Value> {
    let profile = format!("--user-data-dir={}", driver.profile().display());
    let mut arguments = vec![
        "--headless=new",
        "--remote-debugging-pipe",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--window-size=1200,900",
        &profile,
    ];
    if driver.is_root {
        arguments.push("--no-sandbox"); // Chromium has no sandbox for root.
    }
    let mut preferences = json!({});
    let off = 2;
    match what {
        Without::Nothing => {}
        Without::JavaScript => {
            preferences["profile.default_content_setting_values.javascript"] = off.into();
        }
        Without::Cookies => {
            preferences["profile.default_content_setting_values.cookies"] = off.into();
        }
    }
    let browser = chromium::browser().expect("a trial in Chromium runs where it is");
    let options = json!({ "binary": browser, "args": arguments, "prefs": preferences });
    let capabilities = json!({ "browserName": "chrome", "goog:chromeOptions": options });
    match capabilities {
        Value::Object(capabilities) => capabilities,
        _ => unreachable!("it is an object"),
    }
}
