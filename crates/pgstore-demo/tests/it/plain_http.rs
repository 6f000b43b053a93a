//! What shows without a browser: headers, statuses, what the pages say, and what Prometheus reads.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::Router;
use http::Request;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, SET_COOKIE, USER_AGENT, VARY,
};
use pgstore::Keys;
use pgstore::testing::{Browser, Page};
use pgstore_demo::{Database, Demo, Figures};
use pgstore_embedded::{EmbeddedPostgres, Schema};

use crate::support::{apply, trial};

/// All forms of the demo.
const FORMS: [&str; 9] = [
    "/login",
    "/logout",
    "/changes",
    "/changes/one",
    "/devices/end",
    "/devices/end-others",
    "/admin/end",
    "/admin/end-all",
    "/admin/outage",
];

type Client = Browser<Router>;

/// All trials of this process share one recorder.
static FIGURES: LazyLock<Figures> = LazyLock::new(|| Figures::record().unwrap());

async fn open(url: &str) -> Demo {
    let keys = Keys::from_pairs(&[[7; 32], [8; 32]]).unwrap();
    let database = Database::Given(url.to_owned());
    Demo::open(database, keys, FIGURES.clone()).await.unwrap()
}

/// The CSRF token of a page.
fn token(page: &Page) -> String {
    field(page, "csrf")
}

/// The value of the first hidden field of this name.
fn field(page: &Page, name: &str) -> String {
    let text = page.text();
    let start = format!("name=\"{name}\" value=\"");
    let (_, value) = text.split_once(&start).expect(name);
    value.split('"').next().unwrap().to_owned()
}

async fn log_in(client: &mut Client, user: &str, more: &str) -> Page {
    let csrf = token(&client.get("/").await);
    let form = format!("user={user}&csrf={csrf}{more}");
    let answer = client.post_form("/login", &form).await;
    assert_eq!(answer.status(), 303, "{}", answer.text());
    answer
}

fn session_cookie(page: &Page) -> String {
    let cookies = page.headers().get_all(SET_COOKIE).iter();
    let mut cookies = cookies.map(|cookie| cookie.to_str().unwrap());
    let cookie = cookies.find(|cookie| cookie.starts_with("session="));
    cookie.expect("the session's cookie").to_owned()
}

#[apply(trial)]
async fn every_response_has_its_headers_and_no_page_is_kept() {
    let schema = Schema::fresh().await;
    let demo = open(schema.url()).await;
    let mut client = Browser::new(demo.routes());
    log_in(&mut client, "ada", "").await;
    for path in [
        "/",
        "/admin",
        "/nowhere",
        "/changes",
        "/ready",
        "/metrics",
        "/assets/demo.js",
    ] {
        let page = client.get(path).await;
        let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(
            page.headers()["x-content-type-options"],
            "nosniff",
            "{path}"
        );
        let is_kept = path.starts_with("/assets");
        assert_eq!(
            page.headers()[CACHE_CONTROL] != "no-store",
            is_kept,
            "{path}"
        );
    }
    for icon in ["/favicon.ico", "/assets/favicon.svg"] {
        assert_eq!(
            client.get(icon).await.headers()[CONTENT_TYPE],
            "image/svg+xml"
        );
    }
    let html = client.get("/").await.text();
    for inline in ["<style", "style=", "onclick", "<script>"] {
        assert!(!html.contains(inline), "{inline}");
    }
    demo.close().await.unwrap();
}

#[apply(trial)]
async fn no_form_is_taken_without_its_token() {
    let schema = Schema::fresh().await;
    let demo = open(schema.url()).await;
    let mut client = Browser::new(demo.routes());
    log_in(&mut client, "ada", "").await;
    let handle = field(&client.get("/admin").await, "handle");
    for path in FORMS {
        let form = format!("csrf=forged&user=eve&owner=ada&handle={handle}");
        let refused = client.post_form(path, &form).await;
        assert_eq!(refused.status(), 403, "{path}");
        assert!(
            refused.text().contains("This page is out of date"),
            "{path}"
        );
    }
    assert!(
        client
            .get("/")
            .await
            .text()
            .contains("<strong id=\"user\">ada</strong>")
    );
    demo.close().await.unwrap();
}

#[apply(trial)]
async fn a_login_gives_a_new_id_and_remembers_if_asked() {
    let schema = Schema::fresh().await;
    let demo = open(schema.url()).await;
    let mut client = Browser::new(demo.routes());
    let first = session_cookie(&log_in(&mut client, "ada", "").await);
    assert!(!first.contains("Max-Age"), "until the browser closes");
    assert!(first.contains("HttpOnly; SameSite=Lax"));
    let mut old = client.clone();

    let csrf = token(&client.get("/").await);
    let form = format!("user=ada&remember=yes&csrf={csrf}");
    let again = session_cookie(&client.post_form("/login", &form).await);
    assert!(again.contains("Max-Age=2592000"));
    let page = old.get("/").await.text();
    assert!(page.contains("id=\"signed-out\""), "the old ID is dead");
    assert!(client.get("/").await.text().contains("2592000 seconds"));

    let csrf = token(&client.get("/").await);
    client
        .post_form("/login", &format!("user=bob&csrf={csrf}"))
        .await;
    let page = client.get("/").await.text();
    assert!(page.contains("Welcome, bob!") && !page.contains("2592000 seconds"));
    demo.close().await.unwrap();
}

#[apply(trial)]
async fn names_are_checked_and_shown_as_text() {
    let schema = Schema::fresh().await;
    let demo = open(schema.url()).await;
    let mut client = Browser::new(demo.routes());
    for wrong in ["", "+", "%00", &"x".repeat(41)] {
        let csrf = token(&client.get("/").await);
        let refused = client
            .post_form("/login", &format!("user={wrong}&csrf={csrf}"))
            .await;
        assert_eq!(refused.status(), 422, "{wrong}");
        assert!(refused.text().contains("A name has 1 to 40 characters"));
    }
    log_in(&mut client, "%3Cb%3EAda", "").await;
    let page = client.get("/").await.text();
    assert!(
        !page.contains("<b>Ada") && page.contains("&#60;b&#62;Ada"),
        "{page}"
    );
    demo.close().await.unwrap();
}

#[apply(trial)]
async fn the_form_alone_sends_twenty_changes_and_loses_none() {
    let schema = Schema::fresh().await;
    let demo = open(schema.url()).await;
    let mut client = Browser::new(demo.routes());
    log_in(&mut client, "ada", "").await;
    let csrf = token(&client.get("/").await);
    let sent = client.post_form("/changes", &format!("csrf={csrf}")).await;
    assert_eq!(sent.headers()[LOCATION], "/");
    let page = client.get("/").await.text();
    assert!(page.contains("20 of 20 requests succeeded."), "{page}");
    assert!(page.contains("id=\"ours\">20</span>"));
    assert!(!page.contains("id=\"usual\">20</span>"));
    demo.close().await.unwrap();
}

#[apply(trial)]
async fn a_user_ends_their_own_sessions_and_no_others() {
    let schema = Schema::fresh().await;
    let demo = open(schema.url()).await;
    let (mut ada, mut phone) = (Browser::new(demo.routes()), Browser::new(demo.routes()));
    let mut bob = Browser::new(demo.routes());
    log_in(&mut ada, "ada", "").await;
    log_in(&mut bob, "bob", "").await;
    let handle = field(&bob.get("/admin").await, "handle");
    let csrf = token(&ada.get("/").await);
    let form = format!("csrf={csrf}&handle={handle}");
    ada.post_form("/devices/end", &form).await;
    assert!(
        ada.get("/")
            .await
            .text()
            .contains("That device was signed out already.")
    );
    assert!(bob.get("/").await.text().contains("id=\"user\">bob"));

    log_in(&mut phone, "ada", "").await;
    let page = ada.get("/").await;
    let form = format!("csrf={}&handle={}", token(&page), field(&page, "handle"));
    ada.post_form("/devices/end", &form).await;
    assert!(
        ada.get("/")
            .await
            .text()
            .contains("That device is signed out.")
    );
    assert!(phone.get("/").await.text().contains("id=\"signed-out\""));
    demo.close().await.unwrap();
}

#[apply(trial)]
async fn no_page_shows_an_id_or_a_cookie() {
    let schema = Schema::fresh().await;
    let demo = open(schema.url()).await;
    let (mut ada, mut bob) = (Browser::new(demo.routes()), Browser::new(demo.routes()));
    let mut cookies = Vec::new();
    for (client, name) in [(&mut ada, "ada"), (&mut bob, "bob")] {
        let cookie = session_cookie(&log_in(client, name, "").await);
        let value = cookie.split_once('=').unwrap().1;
        cookies.push(value.split(';').next().unwrap().to_owned());
    }
    let keys = schema.client().await;
    let keys = keys
        .query("SELECT encode(key, 'escape') FROM http_sessions", &[])
        .await;
    let ids = keys.unwrap().into_iter().map(|row| row.get::<_, String>(0));
    let secrets: Vec<_> = ids.chain(cookies).collect();
    assert_eq!(secrets.len(), 4);
    for path in ["/", "/admin"] {
        let page = ada.get(path).await.text();
        for secret in &secrets {
            assert!(secret.len() > 40 && !page.contains(&secret[20..]), "{path}");
        }
    }
    demo.close().await.unwrap();
}

/// Logs in with a device that shows in the list.
async fn log_in_with_curl(client: &mut Client, user: &str) -> Page {
    let csrf = token(&client.get("/").await);
    let login = Request::post("/login")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(USER_AGENT, "curl/8 (Linux)")
        .body(format!("user={user}&csrf={csrf}"));
    client.send(login.unwrap()).await
}

#[apply(trial)]
async fn prometheus_reads_figures_and_nothing_of_a_user() {
    let schema = Schema::fresh().await;
    let demo = open(schema.url()).await;
    let mut client = Browser::new(demo.routes());
    let cookie = session_cookie(&log_in_with_curl(&mut client, "Lovelace").await);
    let handle = field(&client.get("/admin").await, "handle");
    assert!(client.get("/").await.text().contains("curl on Linux"));
    let page = Browser::new(demo.routes()).get("/metrics").await;
    assert_eq!(page.status(), 200);
    let content_type = page.headers()[CONTENT_TYPE].to_str().unwrap();
    assert!(content_type.starts_with("text/plain; version=0.0.4"));
    for of_a_session in [SET_COOKIE, VARY] {
        assert!(!page.headers().contains_key(of_a_session));
    }
    let figures = page.text();
    for expected in [
        "pgstore_session_loads_total{outcome=\"found\"}",
        "pgstore_session_saves_total{outcome=\"inserted\"}",
        "db_client_operation_duration_seconds_bucket{",
        "pgstore_batch_size_bucket{",
    ] {
        assert!(figures.contains(expected), "{expected}: {figures}");
    }
    let cookie = cookie.trim_start_matches("session=");
    for of_a_user in ["Lovelace", "curl", &handle, &cookie[..40]] {
        assert!(!figures.contains(of_a_user), "{of_a_user}: {figures}");
    }
    demo.close().await.unwrap();
}

/// What the manual names, in Prometheus' spelling.
fn listed() -> BTreeSet<String> {
    let manual = include_str!("../../../pgstore/docs/operations.md");
    let quoted = manual.split('`').skip(1).step_by(2);
    quoted.map(|name| name.replace('.', "_")).collect()
}

#[apply(trial)]
async fn the_manual_lists_every_figure_and_label_of_the_page() {
    let schema = Schema::fresh().await;
    let demo = open(schema.url()).await;
    let mut client = Browser::new(demo.routes());
    log_in(&mut client, "ada", "").await;
    let figures = client.get("/metrics").await.text();
    let listed = listed();
    let with_labels = figures.lines().filter(|line| !line.starts_with('#'));
    let with_labels = with_labels.filter_map(|line| line.split_once('{'));
    let mut series = 0;
    for (name, labels) in with_labels {
        let base = [
            "_total",
            "_seconds_bucket",
            "_seconds_sum",
            "_seconds_count",
            "_bucket",
        ];
        let base = base.iter().find_map(|suffix| name.strip_suffix(suffix));
        let base = base
            .unwrap_or(name)
            .trim_end_matches("_sum")
            .trim_end_matches("_count");
        assert!(listed.contains(base), "{name}");
        let labels = labels
            .split("\",")
            .filter_map(|label| label.split('=').next());
        for label in labels.filter(|label| *label != "le") {
            assert!(listed.contains(label), "{name}: {label}");
        }
        series += 1;
    }
    assert!(series > 20, "{figures}");
    demo.close().await.unwrap();
}

#[apply(trial)]
async fn an_outage_is_a_503_that_asks_again_and_the_session_is_still_there() {
    let mut server = EmbeddedPostgres::start().unwrap();
    let demo = open(server.url()).await;
    let mut client = Browser::new(demo.routes());
    log_in(&mut client, "ada", "").await;
    let csrf = token(&client.get("/").await);
    server.shut_down().unwrap();
    let page = client.get("/admin").await;
    assert_eq!(
        (page.status().as_u16(), &page.headers()["refresh"]),
        (503, &"2".parse().unwrap())
    );
    assert!(page.headers().contains_key("retry-after"));
    assert!(page.text().contains("you are not signed out"));
    let posted = client
        .post_form("/devices/end-others", &format!("csrf={csrf}"))
        .await;
    assert_eq!(
        (posted.status().as_u16(), &posted.headers()["refresh"]),
        (503, &"2; url=/".parse().unwrap())
    );
    assert_eq!(client.get("/ready").await.status(), 503);
    server.restart().unwrap();
    let page = client.get("/").await;
    assert_eq!(page.status(), 200, "{}", page.text());
    assert!(page.text().contains("id=\"user\">ada"));
    demo.close().await.unwrap();
}

/// A request without any cookie has no token that could match.
#[apply(trial)]
async fn without_cookies_a_form_says_so() {
    let schema = Schema::fresh().await;
    let demo = open(schema.url()).await;
    let csrf = token(&Browser::new(demo.routes()).get("/").await);
    let mut client = Browser::new(demo.routes());
    let refused = client
        .post_form("/login", &format!("user=ada&csrf={csrf}"))
        .await;
    assert_eq!(refused.status(), 403);
    assert!(refused.text().contains("Cookies are off"));
    demo.close().await.unwrap();
}
