//! CSRF tokens: bound to the session, masked, rotated with it.

use axum::middleware::from_extractor;
use axum::response::Html;
use axum::routing::{delete, get, post};
use axum::{Form, Router};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use http::{HeaderMap, Request, StatusCode};
use pgstore::middleware::SessionFailure;
use pgstore::store::SpyStore;
use pgstore::testing::Page;
use pgstore::{
    CsrfHeader, CsrfToken, ErrorClass, Session, SessionError, SessionLayer, SessionManager,
    SessionManagerBuilder, Store, StoreErrorKind,
};
use serde::Deserialize;
use tokio::sync::Barrier;

use crate::support::app::{App, keys};
use crate::support::browser::{Browser, ask, next_request};
use crate::support::database::Database;
use crate::support::{apply, trial};

/// Sessions in a store that is watched, without a browser: requests are their headers.
type Fixture = App<SpyStore>;

fn fixture() -> Fixture {
    App::over(SpyStore::default())
}

impl Fixture {
    /// A session of a user who has seen no page with a token yet.
    async fn with_user(&self) -> HeaderMap {
        let session = self.session(&HeaderMap::new());
        session.insert("user", "ada").unwrap();
        let request = next_request(&self.save(&session).await);
        self.store.calls();
        request
    }

    /// The same, with a token from a page.
    async fn with_token(&self) -> (HeaderMap, String) {
        let request = self.with_user().await;
        let token = self.page(&request).await;
        self.store.calls();
        (request, token)
    }

    /// The token of a page that is shown to the user.
    async fn page(&self, request: &HeaderMap) -> String {
        let session = self.session(request);
        let token = session.csrf_token().await.unwrap();
        self.save(&session).await;
        token.to_string()
    }

    async fn check(&self, request: &HeaderMap, token: &str) -> Result<(), SessionError> {
        self.session(request).check_csrf(token).await
    }
}

fn builder(store: impl Store) -> SessionManagerBuilder {
    SessionManager::builder(store, keys())
}

#[track_caller]
fn assert_refused(result: Result<(), SessionError>) {
    let is_mismatch = matches!(result, Err(SessionError::CsrfMismatch));
    assert!(is_mismatch, "{result:?}");
}

#[track_caller]
fn assert_ended(result: Result<(), SessionError>) {
    let has_ended = matches!(result, Err(SessionError::CsrfSessionEnded));
    assert!(has_ended, "{result:?}");
}

#[apply(trial)]
async fn tokens_differ_each_time_and_all_check() {
    let fixture = fixture();
    let (request, first) = fixture.with_token().await;
    let session = fixture.session(&request);
    let mut tokens = vec![first];
    for _ in 0..50 {
        tokens.push(session.csrf_token().await.unwrap().to_string());
    }
    for token in &tokens {
        fixture.check(&request, token).await.unwrap();
    }
    let halves = tokens.iter().flat_map(|token| [&token[..42], &token[44..]]);
    let mut halves: Vec<_> = halves.collect();
    halves.sort_unstable();
    halves.dedup();
    assert_eq!(halves.len(), 102, "no page shows what another one did");
}

#[apply(trial)]
async fn a_token_that_is_asked_for_again_changes_nothing() {
    let fixture = fixture();
    let (request, _) = fixture.with_token().await;
    fixture.page(&request).await;
    assert_eq!(fixture.store.calls(), ["load"]);
}

#[apply(trial)]
async fn a_token_of_another_session_is_refused() {
    let fixture = fixture();
    let (ada, _) = fixture.with_token().await;
    let (_, of_eve) = fixture.with_token().await;
    assert_refused(fixture.check(&ada, &of_eve).await);
}

#[apply(trial)]
async fn what_is_no_token_is_refused_and_costs_nothing() {
    let fixture = fixture();
    let (request, token) = fixture.with_token().await;
    let longer = format!("{token}AAAA");
    let padded = format!("{token}==");
    for text in ["", " ", "token", "ä", &token[1..], &longer, &padded] {
        assert_refused(fixture.check(&request, text).await);
    }
    assert_eq!(fixture.store.calls(), [""; 0]);
}

#[apply(trial)]
async fn a_session_that_never_gave_a_token_takes_none() {
    let fixture = fixture();
    let (_, token) = fixture.with_token().await;
    assert_refused(fixture.check(&HeaderMap::new(), &token).await);
    let request = fixture.with_user().await;
    assert_refused(fixture.check(&request, &token).await);
    assert_refused(fixture.check(&request, &"A".repeat(86)).await);
}

#[apply(trial)]
async fn a_token_survives_what_other_requests_change() {
    let fixture = fixture();
    let request = fixture.with_user().await;
    let (page, other) = (fixture.session(&request), fixture.session(&request));
    let token = page.csrf_token().await.unwrap();
    other.insert("theme", "dark").unwrap();
    fixture.save(&other).await;
    fixture.save(&page).await;
    let third = fixture.session(&request);
    third.remove("theme").unwrap();
    fixture.save(&third).await;
    fixture.check(&request, token.as_str()).await.unwrap();
}

#[apply(trial)]
async fn first_tokens_of_two_requests_at_the_same_time_agree() {
    let fixture = fixture();
    let request = fixture.with_user().await;
    let (one, two) = (fixture.session(&request), fixture.session(&request));
    let tokens = [
        one.csrf_token().await.unwrap(),
        two.csrf_token().await.unwrap(),
    ];
    fixture.save(&one).await;
    fixture.save(&two).await;
    for token in tokens {
        fixture.check(&request, token.as_str()).await.unwrap();
    }
}

#[apply(trial)]
async fn a_seed_that_another_request_put_first_stays() {
    let fixture = fixture();
    let (other, token) = fixture.with_token().await;
    let seed = fixture.session(&other).get::<String>("_csrf").await;
    let request = fixture.with_user().await;
    let (first, late) = (fixture.session(&request), fixture.session(&request));
    late.csrf_token().await.unwrap();
    first.insert("_csrf", seed.unwrap()).unwrap();
    fixture.save(&first).await;
    fixture.save(&late).await;
    fixture.check(&request, &token).await.unwrap();
}

#[apply(trial)]
async fn renewing_kills_the_tokens_of_before() {
    let fixture = fixture();
    let (request, token) = fixture.with_token().await;
    let login = fixture.session(&request);
    login.check_csrf(&token).await.unwrap();
    login.renew().unwrap();
    assert_refused(login.check_csrf(&token).await);
    let request = next_request(&fixture.save(&login).await);
    assert_refused(fixture.check(&request, &token).await);
    let token = fixture.page(&request).await;
    fixture.check(&request, &token).await.unwrap();
}

#[apply(trial)]
async fn a_token_asked_for_after_renewing_holds_whatever_others_did_meanwhile() {
    for had_a_seed in [false, true] {
        let fixture = fixture();
        let request = fixture.with_user().await;
        if had_a_seed {
            fixture.page(&request).await;
        }
        let login = fixture.session(&request);
        login.renew().unwrap();
        let token = login.csrf_token().await.unwrap();
        let other = fixture.session(&request);
        if had_a_seed {
            other.clear().unwrap();
        }
        let old = other.csrf_token().await.unwrap();
        fixture.save(&other).await;
        let request = next_request(&fixture.save(&login).await);
        fixture.check(&request, token.as_str()).await.unwrap();
        assert_refused(fixture.check(&request, old.as_str()).await);
    }
}

/// Who planted an ID knows what seed follows from it.
#[apply(trial)]
async fn no_token_after_a_login_follows_from_a_planted_id() {
    for asks_before in [false, true] {
        let fixture = fixture();
        let request = fixture.with_user().await;
        let known = fixture.session(&request).csrf_token().await.unwrap();
        let login = fixture.session(&request);
        if asks_before {
            login.csrf_token().await.unwrap();
        }
        login.renew().unwrap();
        let token = login.csrf_token().await.unwrap();
        let request = next_request(&fixture.save(&login).await);
        fixture.check(&request, token.as_str()).await.unwrap();
        assert_refused(fixture.check(&request, known.as_str()).await);
    }
}

#[apply(trial)]
async fn renewing_twice_in_a_request_keeps_its_token() {
    let fixture = fixture();
    let (request, _) = fixture.with_token().await;
    let login = fixture.session(&request);
    login.renew().unwrap();
    let token = login.csrf_token().await.unwrap();
    login.renew().unwrap();
    let request = next_request(&fixture.save(&login).await);
    fixture.check(&request, token.as_str()).await.unwrap();
}

#[apply(trial)]
async fn a_request_that_fails_after_renewing_kills_the_old_tokens_too() {
    let fixture = fixture();
    let (request, token) = fixture.with_token().await;
    let failing = fixture.session(&request);
    failing.insert("user", "eve").unwrap();
    failing.renew().unwrap();
    failing.discard_changes();
    let request = next_request(&fixture.save(&failing).await);
    assert_refused(fixture.check(&request, &token).await);
    let user = fixture.session(&request).get::<String>("user").await;
    assert_eq!(
        user.unwrap().as_deref(),
        Some("ada"),
        "the rest is discarded"
    );
}

#[apply(trial)]
async fn destroying_takes_the_tokens_along() {
    let fixture = fixture();
    let (request, token) = fixture.with_token().await;
    let logout = fixture.session(&request);
    logout.destroy().unwrap();
    assert_ended(logout.check_csrf(&token).await);
    let error = logout.csrf_token().await.unwrap_err();
    assert!(matches!(error, SessionError::Destroyed), "{error}");
    fixture.save(&logout).await;
    assert_ended(fixture.check(&request, &token).await);
}

#[apply(trial)]
async fn what_somebody_else_keeps_under_the_key_is_an_error_and_stays() {
    let fixture = fixture();
    let (_, token) = fixture.with_token().await;
    let request = fixture.with_user().await;
    let session = fixture.session(&request);
    session
        .insert("_csrf", "a token of the Go program's")
        .unwrap();
    fixture.save(&session).await;

    let session = fixture.session(&request);
    for error in [
        session.csrf_token().await.unwrap_err(),
        session.check_csrf(&token).await.unwrap_err(),
    ] {
        assert!(matches!(error, SessionError::Value(_)), "{error}");
        assert!(error.to_string().contains("\"_csrf\""), "{error}");
        assert!(!error.to_string().contains("program's"), "{error}");
    }
    session.renew().unwrap();
    let request = next_request(&fixture.save(&session).await);
    let kept = fixture.session(&request).get::<String>("_csrf").await;
    assert_eq!(
        kept.unwrap().as_deref(),
        Some("a token of the Go program's")
    );
}

#[apply(trial)]
async fn a_go_route_reads_the_seed_as_a_string() {
    let fixture = fixture();
    let (request, _) = fixture.with_token().await;
    let values = fixture.session(&request).values().await.unwrap();
    assert_eq!(values.value("_csrf").unwrap().go_type_name(), "string");
    let seed = values.get::<String>("_csrf").unwrap().unwrap();
    assert_eq!(seed.len(), 43, "32 bytes as base64url without padding");
}

#[apply(trial)]
async fn neither_debug_nor_the_error_shows_a_token() {
    let fixture = fixture();
    let (request, token) = fixture.with_token().await;
    let session = fixture.session(&request);
    let shown = session.csrf_token().await.unwrap();
    assert_eq!(format!("{shown:?}"), "CsrfToken(..)");
    let error = fixture.check(&HeaderMap::new(), &token).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Client);
    let all = format!("{error} {error:?} {session:?} {:?}", session.values().await);
    let seed = session.get::<String>("_csrf").await.unwrap().unwrap();
    assert!(!all.contains(&token) && !all.contains(&seed), "{all}");
}

#[derive(Deserialize)]
struct Payment {
    #[serde(default)]
    csrf: String,
    amount: u32,
}

/// A site with a form, and with scripts.
fn site(sessions: &SessionManager) -> Router {
    let page = |token: CsrfToken| async move {
        Html(format!(
            r#"<input type="hidden" name="csrf" value="{token}">"#
        ))
    };
    let pay = |session: Session, Form(form): Form<Payment>| async move {
        session.check_csrf(&form.csrf).await?;
        session.insert("paid", form.amount)
    };
    let paid = |session: Session| async move {
        let paid = session.get::<u32>("paid").await?;
        Ok::<_, SessionError>(format!("{paid:?}"))
    };
    let forget = |session: Session| async move { session.remove("paid") };
    Router::new()
        .route("/script", delete(forget))
        .route_layer(from_extractor::<CsrfHeader>())
        .route("/", get(page))
        .route("/pay", post(pay).get(paid))
        .layer(SessionLayer::new(sessions, "s").unwrap())
}

/// A browser that has seen the page: it has the cookie, and the token in a field.
async fn at_the_page(sessions: &SessionManager) -> (Browser<Router>, String) {
    let mut browser = Browser::new(site(sessions));
    let page = browser.get("/").await.text();
    let token = page.split("value=\"").nth(1).unwrap();
    (browser, token.split('"').next().unwrap().to_owned())
}

async fn submit(browser: &mut Browser<Router>, form: &str) -> Page {
    browser.post_form("/pay", form).await
}

async fn paid(browser: &mut Browser<Router>) -> String {
    browser.get("/pay").await.text()
}

/// Asks the site's script for a deletion, with a token in the header.
async fn delete_by_script(browser: &mut Browser<Router>, token: &str) -> Page {
    let mut request = Request::builder().method("DELETE").uri("/script");
    if !token.is_empty() {
        request = request.header("X-CSRF-Token", token.as_bytes());
    }
    browser.send(request.body(String::new()).unwrap()).await
}

#[apply(trial)]
async fn a_form_comes_back_with_its_token() {
    let database = Database::fresh().await;
    let sessions = builder(database.store().await).build().unwrap();
    let (mut browser, token) = at_the_page(&sessions).await;
    let response = submit(&mut browser, &format!("csrf={token}&amount=7")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(paid(&mut browser).await, "Some(7)");
}

#[apply(trial)]
async fn a_forged_request_is_refused_with_a_body_that_tells_nothing() {
    let fixture = fixture();
    let (mut browser, token) = at_the_page(&fixture.sessions).await;
    let (_, of_eve) = at_the_page(&fixture.sessions).await;
    for form in [
        "amount=7",
        "csrf=&amount=7",
        &format!("csrf={of_eve}&amount=7"),
    ] {
        let response = submit(&mut browser, form).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{form}");
        assert_eq!(
            response.headers()[CONTENT_TYPE],
            "text/plain; charset=utf-8"
        );
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        let cause = response.extensions().get::<SessionFailure>().unwrap();
        assert!(matches!(**cause, SessionError::CsrfMismatch));
        let body = response.text();
        assert!(!body.contains(&token) && !body.contains(&of_eve), "{body}");
        assert!(!body.to_lowercase().contains("token"), "{body}");
    }
    assert_eq!(paid(&mut browser).await, "None");
}

#[apply(trial)]
async fn a_scripts_header_is_checked_before_its_handler_runs() {
    let fixture = fixture();
    let (mut browser, token) = at_the_page(&fixture.sessions).await;
    submit(&mut browser, &format!("csrf={token}&amount=7")).await;
    for bad in ["", "nonsense", "\u{e4}", &"A".repeat(86)] {
        let response = delete_by_script(&mut browser, bad).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{bad:?}");
    }
    assert_eq!(paid(&mut browser).await, "Some(7)");
    let response = delete_by_script(&mut browser, &token).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[VARY], "Cookie");
    assert_eq!(paid(&mut browser).await, "None");
}

#[apply(trial)]
async fn a_store_that_is_down_is_unavailable_and_no_mismatch() {
    let fixture = fixture();
    let (mut browser, token) = at_the_page(&fixture.sessions).await;
    submit(&mut browser, &format!("csrf={token}&amount=7")).await; // A session begins.
    fixture
        .store
        .inner()
        .fail_with(Some(StoreErrorKind::Unavailable));
    let responses = [
        delete_by_script(&mut browser, &token).await,
        submit(&mut browser, &format!("csrf={token}&amount=7")).await,
        browser.get("/").await,
    ];
    for response in responses {
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}

#[apply(trial)]
async fn a_missing_layer_is_named() {
    let app = Router::new()
        .route("/", get(|_: CsrfToken| async {}))
        .route("/", post(|_: CsrfHeader| async {}));
    for method in ["GET", "POST"] {
        let page = ask(app.clone(), method, "/", "").await;
        assert_eq!(page.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(page.text().contains("pgstore::SessionLayer"));
    }
}

#[apply(trial)]
async fn first_tokens_agree_on_real_postgresql() {
    const REQUESTS: usize = 20;
    let database = Database::fresh().await;
    let sessions = builder(database.store().await).build().unwrap();
    let login = sessions.get(&HeaderMap::new(), "s").unwrap();
    login.insert("user", "ada").unwrap();
    let mut response = HeaderMap::new();
    sessions.save(&login, &mut response).await.unwrap();
    let request = next_request(&response);

    let barrier = std::sync::Arc::new(Barrier::new(REQUESTS));
    let pages = (0..REQUESTS).map(|_| {
        let (sessions, barrier) = (sessions.clone(), barrier.clone());
        let session = sessions.get(&request, "s").unwrap();
        tokio::spawn(async move {
            let token = session.csrf_token().await.unwrap();
            barrier.wait().await;
            let mut response = HeaderMap::new();
            sessions.save(&session, &mut response).await.unwrap();
            token
        })
    });
    for page in pages.collect::<Vec<_>>() {
        let token = page.await.unwrap();
        let session = sessions.get(&request, "s").unwrap();
        session.check_csrf(token.as_str()).await.unwrap();
    }
}
