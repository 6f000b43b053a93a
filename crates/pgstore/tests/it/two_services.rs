//! The example `two_services` as a person runs it: a service in Go and one in Rust behind a proxy.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::database::Database;
use crate::support::go::{Reply, Site, go_tool};
use crate::support::secrets;
use crate::support::{apply, go_trial};

const KEYS: &str = "101112131415161718191a1b1c1d1e1f,505152535455565758595a5b5c5d5e5f";

/// The running example. It is killed with this value.
struct TwoServices {
    _process: Child,
    proxy: Site,
}

impl TwoServices {
    async fn start(database: &Database) -> Self {
        secrets::hex_keys(KEYS);
        let mut process = Command::new(program())
            .env("DATABASE_URL", without_tls(database.url()))
            .env("SESSION_KEYS", KEYS)
            .env("PORT", "0")
            .env("GO", go_tool())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        loop {
            let line = output.next_line().await.unwrap();
            let line = line.expect("it says where it listens");
            if let Some(authority) = line.strip_prefix("Open http://") {
                let authority = authority.to_owned();
                return Self {
                    _process: process,
                    proxy: Site { authority },
                };
            }
            secrets::heard("two_services", line);
        }
    }

    /// A page for this browser.
    async fn page(&self, path: &str, cookie: &str) -> String {
        let reply = self.proxy.get(path, Some(cookie)).await;
        assert_eq!(reply.status, 200, "{path}");
        reply.json.as_str().expect("it is a page").to_owned()
    }
}

/// Go's driver asks for TLS unless it is told not to.
fn without_tls(url: String) -> String {
    if url.contains("sslmode=") {
        url
    } else {
        url + "&sslmode=disable"
    }
}

/// Cargo builds the examples before it runs the tests, next to this binary's folder.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.parent().unwrap().with_file_name("examples");
    folder.join("two_services")
}

fn cookie(reply: &Reply) -> String {
    reply.cookie("session-key").expect("a cookie is set")
}

/// The CSRF token of a page's first form.
fn csrf_token(page: &str) -> &str {
    let (_, rest) = page.split_once(r#"name="csrf" value=""#).expect("a form");
    rest.split_once('"').expect("a token").0
}

#[apply(go_trial)]
async fn a_user_logs_in_in_go_changes_a_setting_in_rust_and_logs_out_of_both_there() {
    let database = Database::fresh().await;
    let services = TwoServices::start(&database).await;
    let proxy = &services.proxy;
    let stranger = proxy.get("/account", None).await;
    assert_eq!(
        (stranger.status, stranger.header("location")),
        (303, vec!["/"])
    );

    let login = proxy.post_form("/login", "user=ada", None).await;
    let ada = cookie(&login);
    proxy.post_form("/buy", "", Some(&ada)).await;
    let account = services.page("/account", &ada).await;
    assert!(account.contains("You are <b>ada</b>") && account.contains(r#"value="blue""#));

    let token = csrf_token(&account);
    let change = format!("colour=green&csrf={token}");
    let changed = proxy
        .post_form("/account/colour", &change, Some(&ada))
        .await;
    assert_eq!(changed.status, 303);
    let shop = services.page("/", &ada).await;
    let expected = "You have 1 items. Your colour is green, changed 1 times.";
    assert!(shop.contains(expected), "{shop}");

    let bought = proxy.post_form("/buy", "", Some(&ada)).await;
    assert_eq!(bought.status, 303);
    let shop = services.page("/", &ada).await;
    assert!(shop.contains("You have 2 items. Your colour is green"));

    let logout = format!("csrf={token}");
    let ended = proxy
        .post_form("/account/logout", &logout, Some(&ada))
        .await;
    assert_eq!(
        (ended.status, cookie(&ended).as_str()),
        (303, "session-key=")
    );
    assert!(services.page("/", &ada).await.contains("Log in"));
    assert_eq!(proxy.get("/account", Some(&ada)).await.status, 303);
}

/// One cookie of one name and one scope: no browser keeps two.
#[apply(go_trial)]
async fn both_set_the_cookie_with_the_same_attributes() {
    let database = Database::fresh().await;
    let services = TwoServices::start(&database).await;
    let login = services.proxy.post_form("/login", "user=ada", None).await;
    let ended = services.proxy.get("/account", Some(&cookie(&login))).await;
    let page = ended.json.as_str().unwrap();
    let logout = format!("csrf={}", csrf_token(page));
    let ended = services
        .proxy
        .post_form("/account/logout", &logout, Some(&cookie(&login)))
        .await;
    assert_eq!(scope(&login), scope(&ended));
}

/// The attributes but for the cookie's value and life.
fn scope(reply: &Reply) -> Vec<&str> {
    let header = reply.set_cookies()[0].split("; ").skip(1);
    let scope =
        header.filter(|part| !part.starts_with("Expires=") && !part.starts_with("Max-Age="));
    scope.collect()
}
