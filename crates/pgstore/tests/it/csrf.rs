//! CSRF tokens: bound to the session, masked, rotated with it.

use axum::body::Body;
use axum::middleware::from_extractor;
use axum::response::Html;
use axum::routing::{delete, get, post};
use axum::{Form, Router};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, COOKIE, HeaderValue, SET_COOKIE, VARY};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use pgstore::middleware::SessionFailure;
use pgstore::store::{SpyStore, Store, StoreErrorKind};
use pgstore::wire::{ErrorClass, Keys};
use pgstore::{CsrfHeader, CsrfToken, Session, SessionError, SessionLayer, SessionManager};
use serde::Deserialize;
use tokio::sync::Barrier;
use tower::ServiceExt;

use crate::support::database::Database;
use crate::support::{apply, trial};
use pgstore::testing::TestClock;

const NOW: i64 = 1_700_000_000;

/// Sessions in a store that is watched, without a browser: requests are their headers.
struct Fixture {
    store: SpyStore,
    sessions: SessionManager,
}

impl Fixture {
    fn new() -> Self {
        let store = SpyStore::default();
        let sessions = manager(store.clone()).clock(TestClock::at(NOW));
        Self { store, sessions }
    }

    fn session(&self, request: &HeaderMap) -> Session {
        self.sessions.get(request, "s").unwrap()
    }

    /// A session of a user who has seen no page with a token yet.
    async fn logged_in(&self) -> HeaderMap {
        let session = self.session(&HeaderMap::new());
        session.insert("user", "ada").unwrap();
        let request = next_request(&self.save(&session).await);
        self.store.calls();
        request
    }

    /// The same, with a token from a page.
    async fn with_token(&self) -> (HeaderMap, String) {
        let request = self.logged_in().await;
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

    async fn save(&self, session: &Session) -> HeaderMap {
        let mut response = HeaderMap::new();
        self.sessions.save(session, &mut response).await.unwrap();
        response
    }
}

fn manager(store: impl Store) -> SessionManager {
    SessionManager::new(store, Keys::from_pairs(&[b"secret-key"]).unwrap())
}

fn next_request(response: &HeaderMap) -> HeaderMap {
    let cookie = response[SET_COOKIE].to_str().unwrap();
    let pair = cookie.split(';').next().unwrap();
    HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(pair).unwrap())])
}

#[track_caller]
fn assert_refused(result: Result<(), SessionError>) {
    let is_mismatch = matches!(result, Err(SessionError::CsrfMismatch));
    assert!(is_mismatch, "{result:?}");
}

#[apply(trial)]
async fn a_token_asked_for_on_a_new_session_creates_it_and_then_checks() {
    let fixture = Fixture::new();
    let session = fixture.session(&HeaderMap::new());
    let token = session.csrf_token().await.unwrap();
    session.check_csrf(token.as_str()).await.unwrap();
    let request = next_request(&fixture.save(&session).await);
    assert_eq!(fixture.store.calls(), ["insert"]);
    fixture.check(&request, token.as_str()).await.unwrap();
    assert_eq!(fixture.store.calls(), ["load"]);
}

#[apply(trial)]
async fn tokens_differ_each_time_and_all_check() {
    let fixture = Fixture::new();
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
    let fixture = Fixture::new();
    let (request, _) = fixture.with_token().await;
    fixture.page(&request).await;
    assert_eq!(fixture.store.calls(), ["load"]);
}

#[apply(trial)]
async fn a_token_of_another_session_is_refused() {
    let fixture = Fixture::new();
    let (ada, _) = fixture.with_token().await;
    let (_, of_eve) = fixture.with_token().await;
    assert_refused(fixture.check(&ada, &of_eve).await);
}

#[apply(trial)]
async fn what_is_no_token_is_refused_and_costs_nothing() {
    let fixture = Fixture::new();
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
    let fixture = Fixture::new();
    let (_, token) = fixture.with_token().await;
    assert_refused(fixture.check(&HeaderMap::new(), &token).await);
    let request = fixture.logged_in().await;
    assert_refused(fixture.check(&request, &token).await);
    assert_refused(fixture.check(&request, &"A".repeat(86)).await);
}

#[apply(trial)]
async fn a_token_survives_what_other_requests_change() {
    let fixture = Fixture::new();
    let request = fixture.logged_in().await;
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
    let fixture = Fixture::new();
    let request = fixture.logged_in().await;
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
    let fixture = Fixture::new();
    let (other, token) = fixture.with_token().await;
    let seed = fixture.session(&other).get::<String>("_csrf").await;
    let request = fixture.logged_in().await;
    let (first, late) = (fixture.session(&request), fixture.session(&request));
    late.csrf_token().await.unwrap();
    first.insert("_csrf", &seed.unwrap()).unwrap();
    fixture.save(&first).await;
    fixture.save(&late).await;
    fixture.check(&request, &token).await.unwrap();
}

#[apply(trial)]
async fn renewing_kills_the_tokens_of_before() {
    let fixture = Fixture::new();
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
        let fixture = Fixture::new();
        let request = fixture.logged_in().await;
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
        let fixture = Fixture::new();
        let request = fixture.logged_in().await;
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
    let fixture = Fixture::new();
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
    let fixture = Fixture::new();
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
    let fixture = Fixture::new();
    let (request, token) = fixture.with_token().await;
    let logout = fixture.session(&request);
    logout.destroy().unwrap();
    assert_refused(logout.check_csrf(&token).await);
    let error = logout.csrf_token().await.unwrap_err();
    assert!(matches!(error, SessionError::Destroyed), "{error}");
    fixture.save(&logout).await;
    assert_refused(fixture.check(&request, &token).await);
}

#[apply(trial)]
async fn what_somebody_else_keeps_under_the_key_is_an_error_and_stays() {
    let fixture = Fixture::new();
    let (_, token) = fixture.with_token().await;
    let request = fixture.logged_in().await;
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
    let fixture = Fixture::new();
    let (request, _) = fixture.with_token().await;
    let values = fixture.session(&request).values().await.unwrap();
    assert_eq!(values.value("_csrf").unwrap().go_type_name(), "string");
    let seed = values.get::<String>("_csrf").unwrap().unwrap();
    assert_eq!(seed.len(), 43, "32 bytes as base64url without padding");
}

#[apply(trial)]
async fn neither_debug_nor_the_error_shows_a_token() {
    let fixture = Fixture::new();
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
        session.insert("paid", &form.amount)
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

/// What one browser sends to the site.
struct Browser {
    site: Router,
    cookie: String,
}

impl Browser {
    /// It has seen the page: it has the cookie, and the token in a field.
    async fn at(sessions: &SessionManager) -> (Self, String) {
        let (site, cookie) = (site(sessions), String::new());
        let mut browser = Self { site, cookie };
        let response = browser.send("GET", "/", "", "").await;
        let pair = response.headers()[SET_COOKIE].to_str().unwrap();
        browser.cookie = pair.split(';').next().unwrap().to_owned();
        let page = text(response).await;
        let token = page.split("value=\"").nth(1).unwrap();
        (browser, token.split('"').next().unwrap().to_owned())
    }

    async fn submit(&self, form: &str) -> Response<Body> {
        self.send("POST", "/pay", form, "").await
    }

    async fn paid(&self) -> String {
        text(self.send("GET", "/pay", "", "").await).await
    }

    async fn send(&self, method: &str, path: &str, form: &str, token: &str) -> Response<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(COOKIE, &self.cookie)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if !token.is_empty() {
            request = request.header("X-CSRF-Token", token.as_bytes());
        }
        let request = request.body(Body::from(form.to_owned())).unwrap();
        self.site.clone().oneshot(request).await.unwrap()
    }
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[apply(trial)]
async fn a_form_comes_back_with_its_token() {
    let database = Database::fresh().await;
    let sessions = manager(database.store().await);
    let (browser, token) = Browser::at(&sessions).await;
    let response = browser.submit(&format!("csrf={token}&amount=7")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(browser.paid().await, "Some(7)");
}

#[apply(trial)]
async fn a_forged_request_is_refused_with_a_body_that_tells_nothing() {
    let fixture = Fixture::new();
    let (browser, token) = Browser::at(&fixture.sessions).await;
    let (_, of_eve) = Browser::at(&fixture.sessions).await;
    for form in [
        "amount=7",
        "csrf=&amount=7",
        &format!("csrf={of_eve}&amount=7"),
    ] {
        let response = browser.submit(form).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{form}");
        assert_eq!(
            response.headers()[CONTENT_TYPE],
            "text/plain; charset=utf-8"
        );
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        let cause = response.extensions().get::<SessionFailure>().unwrap();
        assert!(matches!(**cause, SessionError::CsrfMismatch));
        let body = text(response).await;
        assert!(!body.contains(&token) && !body.contains(&of_eve), "{body}");
        assert!(!body.to_lowercase().contains("token"), "{body}");
    }
    assert_eq!(browser.paid().await, "None");
}

#[apply(trial)]
async fn a_scripts_header_is_checked_before_its_handler_runs() {
    let fixture = Fixture::new();
    let (browser, token) = Browser::at(&fixture.sessions).await;
    browser.submit(&format!("csrf={token}&amount=7")).await;
    for bad in ["", "nonsense", "\u{e4}", &"A".repeat(86)] {
        let response = browser.send("DELETE", "/script", "", bad).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{bad:?}");
    }
    assert_eq!(browser.paid().await, "Some(7)");
    let response = browser.send("DELETE", "/script", "", &token).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[VARY], "Cookie");
    assert_eq!(browser.paid().await, "None");
}

#[apply(trial)]
async fn a_store_that_is_down_is_unavailable_and_no_mismatch() {
    let fixture = Fixture::new();
    let (browser, token) = Browser::at(&fixture.sessions).await;
    fixture
        .store
        .inner()
        .fail_with(Some(StoreErrorKind::Unavailable));
    let responses = [
        browser.send("DELETE", "/script", "", &token).await,
        browser.submit(&format!("csrf={token}&amount=7")).await,
        browser.send("GET", "/", "", "").await,
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
        let request = Request::builder().method(method).body(Body::empty());
        let response = app.clone().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(text(response).await.contains("pgstore::SessionLayer"));
    }
}

#[apply(trial)]
async fn first_tokens_agree_on_real_postgresql() {
    const REQUESTS: usize = 20;
    let database = Database::fresh().await;
    let sessions = manager(database.store().await);
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
