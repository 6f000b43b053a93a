//! CSRF tokens of browsers without a session, of ended sessions, and in an outage.

use http::header::{CACHE_CONTROL, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use pgstore::store::SpyStore;
use pgstore::testing::Browser;
use pgstore::{
    CsrfHeader, CsrfToken, MemoryStore, OnConflict, OnOutage, Session, SessionError,
    SessionManager, StoreErrorKind,
};

use crate::support::app::{App, Told, Visitor};
use crate::support::browser::Cookies;
use crate::support::{apply, secrets, trial};

fn spied() -> App<SpyStore> {
    App::over(SpyStore::default())
}

impl<S> Visitor<'_, S> {
    /// The token of a page that the browser loads, and what it is told of the cookie with its seed.
    async fn page(&mut self) -> (String, Told) {
        let session = self.session();
        let token = session.csrf_token().await.unwrap().to_string();
        let response = self.app.save(&session).await;
        self.follow(&response);
        (token, told_of_seed(&response))
    }

    async fn check(&self, token: &str) -> Result<(), SessionError> {
        self.session().check_csrf(token).await
    }
}

/// What a response says about the cookie of a stranger's seed.
fn told_of_seed(response: &HeaderMap) -> Told {
    match seed_cookie(response) {
        None => Told::Nothing,
        Some(header) if header.starts_with("s-csrf=;") => Told::Remove,
        Some(_) => Told::Set,
    }
}

/// The header about the cookie of a stranger's seed.
fn seed_cookie(response: &HeaderMap) -> Option<&str> {
    let headers = response.get_all(SET_COOKIE).iter();
    let mut texts = headers.map(|header| header.to_str().unwrap());
    texts.find(|text| text.contains("-csrf="))
}

#[track_caller]
fn assert_refused(result: Result<(), SessionError>) {
    assert!(
        matches!(result, Err(SessionError::CsrfMismatch)),
        "{result:?}"
    );
}

#[track_caller]
fn assert_ended(result: Result<(), SessionError>) {
    assert!(
        matches!(result, Err(SessionError::CsrfSessionEnded)),
        "{result:?}"
    );
}

#[apply(trial)]
async fn a_token_for_a_page_of_a_stranger_costs_no_row_and_no_statement() {
    let app = spied();
    let mut browser = Visitor::of(&app);
    let (first, told) = browser.page().await;
    assert_eq!(told, Told::Set);
    let (second, told) = browser.page().await;
    assert_eq!(told, Told::Nothing, "the cookie stays");
    for token in [&first, &second] {
        browser.check(token).await.unwrap();
    }
    assert_eq!(app.store.calls(), [""; 0]);
    assert_eq!(app.store.inner().len(), 0);
    assert!(browser.session().is_new().await.unwrap());
}

#[apply(trial)]
async fn a_token_of_one_stranger_is_refused_for_another() {
    let app = spied();
    let (mut ada, mut eve) = (Visitor::of(&app), Visitor::of(&app));
    let (of_eve, _) = eve.page().await;
    assert_refused(ada.check(&of_eve).await);
    ada.page().await;
    assert_refused(ada.check(&of_eve).await);
    assert_eq!(app.store.calls(), [""; 0]);
}

#[apply(trial)]
async fn a_login_form_of_a_stranger_logs_in_and_its_tokens_die_with_the_login() {
    let app = spied();
    let mut browser = Visitor::of(&app);
    let (token, _) = browser.page().await;
    let login = browser.session();
    login.check_csrf(&token).await.unwrap();
    login.renew().unwrap();
    assert_refused(login.check_csrf(&token).await);
    login.insert("user", "ada").unwrap();
    browser.save(&login).await.1.unwrap();
    assert_eq!(app.store.calls(), ["insert"]);
    assert_refused(browser.check(&token).await);
    let (token, _) = browser.page().await;
    browser.check(&token).await.unwrap();
}

#[apply(trial)]
async fn a_strangers_token_stays_valid_if_the_request_that_made_it_begins_a_session() {
    let app = spied();
    let mut browser = Visitor::of(&app);
    let (older, _) = browser.page().await;
    let session = browser.session();
    session.insert("cart", 1).unwrap();
    let token = session.csrf_token().await.unwrap();
    session.check_csrf(token.as_str()).await.unwrap();
    browser.save(&session).await.1.unwrap();
    assert_eq!(app.store.calls(), ["insert"]);
    for token in [token.as_str(), &older] {
        browser.check(token).await.unwrap();
    }
}

#[apply(trial)]
async fn every_form_of_a_strangers_page_works_though_the_first_one_begins_a_session() {
    let app = spied();
    let mut browser = Visitor::of(&app);
    let (token, _) = browser.page().await;
    for n in 0..3 {
        let session = browser.session();
        session.check_csrf(&token).await.unwrap();
        session.insert("cart", n).unwrap();
        browser.save(&session).await.1.unwrap();
    }
    assert_eq!(
        app.store.calls(),
        ["insert", "load", "update", "load", "update"]
    );
}

#[apply(trial)]
async fn a_strangers_cookie_names_no_session() {
    let app = App::new();
    let mut browser = Visitor::of(&app);
    browser.page().await;
    let stranger = browser.cookies.clone();
    // The seed of a session put into a cookie of its own, and a cookie of another name.
    let mut user = app.log_in().await;
    user.page().await;
    let id = user.session().id().await.unwrap();
    assert!(id.is_some());
    assert!(
        Visitor {
            app: &app,
            cookies: stranger
        }
        .session()
        .id()
        .await
        .unwrap()
        .is_none()
    );
    let other = app.sessions.get(&browser.cookies.request(), "s2").unwrap();
    assert!(other.is_new().await.unwrap());
}

#[apply(trial)]
async fn a_strangers_cookie_ends_with_its_age_and_is_renewed_in_time() {
    let app = App::with(|sessions| sessions.max_age(std::time::Duration::from_secs(800)));
    let mut browser = Visitor::of(&app);
    let (token, _) = browser.page().await;
    app.pass(100);
    assert_eq!(browser.page().await.1, Told::Set, "an eighth has passed");
    app.pass(799);
    browser.check(&token).await.unwrap();
    app.pass(2);
    assert_refused(browser.check(&token).await);
}

#[apply(trial)]
async fn after_a_logout_the_same_request_can_make_a_strangers_token() {
    let app = App::new();
    let mut browser = app.log_in().await;
    let session = browser.session();
    session.start_over().unwrap();
    let token = session.csrf_token().await.unwrap();
    let response = app.save(&session).await;
    assert_eq!(browser.follow(&response), Told::Remove);
    assert_eq!(told_of_seed(&response), Told::Set);
    assert_eq!(app.store.len(), 0);
    browser.check(token.as_str()).await.unwrap();
    let session = browser.session();
    session.csrf_token().await.unwrap();
    session.destroy().unwrap();
    assert_eq!(browser.save(&session).await.0, Told::Remove);
}

#[apply(trial)]
async fn a_form_of_a_session_that_has_just_ended_is_told_from_a_forged_one() {
    for renewed in [false, true] {
        let app = App::new();
        let mut browser = app.log_in().await;
        let (token, _) = browser.page().await;
        let old = browser.clone();
        let end = move |session: Session| async move {
            match renewed {
                true => session.renew(),
                false => session.destroy(),
            }
        };
        browser.request(end).await.unwrap();
        assert_ended(old.check(&token).await);
        // With the new cookie it is a token of another session, and without one it is anybody's.
        assert_refused(browser.check(&token).await);
    }
    let app = App::new();
    let mut browser = app.log_in().await;
    let (token, _) = browser.page().await;
    app.pass(31 * 24 * 60 * 60);
    assert_ended(browser.check(&token).await);
}

#[apply(trial)]
async fn the_two_refusals_are_403_with_texts_of_their_own() {
    let app = App::new();
    let mut browser = app.log_in().await;
    let (token, _) = browser.page().await;
    let cookies = browser.cookies.header().unwrap();
    let ask = |token: String| {
        let request = http::Request::get("/")
            .header("x-csrf-token", token)
            .header(http::header::COOKIE, cookies.clone());
        let mut browser = Browser::new(app.router(async |_: CsrfHeader| "done"));
        async move { browser.send(request.body(String::new()).unwrap()).await }
    };
    assert_eq!(ask(token.clone()).await.status(), StatusCode::OK);
    let forged = ask("A".repeat(86)).await;
    let logout = |session: Session| async move { session.destroy() };
    browser.request(logout).await.unwrap();
    let ended = ask(token).await;
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
    assert_eq!(ended.status(), StatusCode::FORBIDDEN);
    assert!(ended.text().contains("has ended"), "{}", ended.text());
    assert_ne!(forged.text(), ended.text());
}

#[apply(trial)]
async fn checking_a_token_in_an_outage_is_unavailable_and_not_forbidden() {
    for policy in [OnOutage::Required, OnOutage::Anonymous] {
        let app = App::with(|sessions| sessions.on_outage(policy));
        let mut browser = app.log_in().await;
        let (token, _) = browser.page().await;
        app.store.fail_with(Some(StoreErrorKind::Unavailable));
        let error = browser.check(&token).await.unwrap_err();
        assert!(error.is_unavailable(), "{error}");
        let request = http::Request::get("/")
            .header("x-csrf-token", &token)
            .header(http::header::COOKIE, browser.cookies.header().unwrap());
        let mut http = Browser::new(app.router(async |_: CsrfHeader| "done"));
        let page = http.send(request.body(String::new()).unwrap()).await;
        assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
        app.store.fail_with(None);
        browser.check(&token).await.unwrap();
    }
}

#[apply(trial)]
async fn a_stranger_gets_and_sends_tokens_while_the_store_is_away() {
    let app = App::new();
    app.store.fail_with(Some(StoreErrorKind::Unavailable));
    let mut browser = Visitor::of(&app);
    let (token, told) = browser.page().await;
    assert_eq!(told, Told::Set);
    browser.check(&token).await.unwrap();
}

#[apply(trial)]
async fn a_page_of_a_stranger_is_never_cached() {
    let app = App::new();
    let mut browser = Browser::new(app.router(async |token: CsrfToken| token.to_string()));
    let page = browser.get("/").await;
    assert_eq!(page.headers()[CACHE_CONTROL], "no-store");
    assert!(page.headers().contains_key(SET_COOKIE));
    assert_eq!(app.store.len(), 0);
}

#[apply(trial)]
async fn a_strangers_cookie_opens_with_older_keys_and_not_with_others() {
    let keys = |name: &str| secrets::keys(&[name.as_bytes(), b"0123456789abcdef"]);
    let manager = |name: &str| {
        SessionManager::builder(MemoryStore::new(), keys(name))
            .build()
            .unwrap()
    };
    let (ours, others) = (manager("ours"), manager("others"));
    let session = ours.get(&HeaderMap::new(), "s").unwrap();
    let token = session.csrf_token().await.unwrap();
    let mut response = HeaderMap::new();
    ours.save(&session, &mut response).await.unwrap();
    let mut cookies = Cookies::none();
    cookies.follow(&response);
    let check = |manager: &SessionManager| {
        let session = manager.get(&cookies.request(), "s").unwrap();
        let token = token.to_string();
        async move { session.check_csrf(&token).await }
    };
    check(&ours).await.unwrap();
    assert_refused(check(&others).await);
}

#[apply(trial)]
async fn the_first_seed_is_one_for_both_ids_of_a_rotation() {
    for rotates_first in [false, true] {
        let app = App::new();
        let mut browser = app.log_in().await;
        let mut old = browser.clone();
        let page = old.session();
        let token = page.csrf_token().await.unwrap().to_string();
        if !rotates_first {
            old.save(&page).await.1.unwrap();
        }
        let rotate = |session: Session| async move { session.rotate_gently() };
        browser.request(rotate).await.unwrap();
        let (of_new, _) = browser.page().await;
        if rotates_first {
            old.save(&page).await.1.unwrap();
        }
        let (of_old, _) = old.page().await;
        for token in [&token, &of_new, &of_old] {
            browser.check(token).await.unwrap();
            old.check(token).await.unwrap();
        }
    }
}

#[apply(trial)]
async fn clearing_conflicts_where_it_would_remove_a_value_that_the_handler_did_not_see() {
    for (policy, reads) in [
        (OnConflict::Error, true),
        (OnConflict::Error, false),
        (OnConflict::LastWriterWins, true),
    ] {
        let app = App::with(|sessions| sessions.on_conflict(policy));
        let mut browser = app.log_in().await;
        let clears = browser.session();
        if reads {
            clears.get::<String>("user").await.unwrap();
        }
        clears.clear().unwrap();
        let adds = |session: Session| async move { session.insert("cart", 1) };
        browser.request(adds).await.unwrap();
        let (_, result) = browser.save(&clears).await;
        let conflicts = policy == OnConflict::Error && reads;
        assert_eq!(
            matches!(&result, Err(SessionError::Conflict(key)) if *key == "cart".into()),
            conflicts,
            "{result:?}"
        );
        assert_eq!(browser.session().contains("cart").await.unwrap(), conflicts);
        let counted = u64::from(policy == OnConflict::LastWriterWins);
        assert_eq!(app.sessions.stats().overwritten, counted);
    }
}

#[apply(trial)]
async fn clearing_removes_what_the_handler_saw_and_new_csrf_seeds_without_a_conflict() {
    let app = App::with(|sessions| sessions.on_conflict(OnConflict::Error));
    let mut browser = app.log_in().await;
    let clears = browser.session();
    clears.get::<String>("user").await.unwrap();
    clears.clear().unwrap();
    browser.clone().page().await;
    browser.save(&clears).await.1.unwrap();
    assert!(browser.session().values().await.unwrap().is_empty());
}

#[apply(trial)]
async fn a_login_form_works_in_a_browser_whose_session_has_ended() {
    let app = App::new();
    let mut browser = app.log_in().await;
    let (of_session, _) = browser.page().await;
    app.pass(31 * 24 * 60 * 60);
    // The browser keeps the dead cookie: it still opens, and its session is gone.
    let (token, told) = browser.page().await;
    assert_eq!(told, Told::Set);
    assert!(browser.cookies.get("s").is_some());
    let (again, told) = browser.page().await;
    assert_eq!(told, Told::Nothing);
    for token in [&token, &again] {
        browser.check(token).await.unwrap();
    }
    assert_ended(browser.check(&of_session).await);
    let login = browser.session();
    login.check_csrf(&token).await.unwrap();
    login.renew().unwrap();
    login.insert("user", "ada").unwrap();
    let response = app.save(&login).await;
    assert_eq!(browser.follow(&response), Told::Set);
    assert_eq!(told_of_seed(&response), Told::Remove);
    assert_refused(browser.check(&token).await);
}

#[apply(trial)]
async fn a_late_page_of_a_stranger_does_not_replace_the_cookie_of_a_session() {
    let app = App::new();
    let mut browser = Visitor::of(&app);
    let page = browser.session();
    let token = page.csrf_token().await.unwrap().to_string();
    let late = app.save(&page).await;
    let begins = |session: Session| async move { session.insert("user", "ada") };
    browser.request(begins).await.unwrap();
    browser.follow(&late);
    assert_eq!(browser.user().await.as_deref(), Some("ada"));
    assert_refused(browser.check(&token).await);
    assert_eq!(browser.page().await.1, Told::Nothing);
}

#[apply(trial)]
async fn a_login_form_works_in_a_browser_that_lost_the_response_of_a_login() {
    let app = App::new();
    let mut browser = app.log_in().await;
    let (of_session, _) = browser.page().await;
    let mut old = browser.clone();
    let renews = |session: Session| async move { session.renew() };
    browser.request(renews).await.unwrap();
    let (token, told) = old.page().await;
    assert_eq!(told, Told::Set);
    old.check(&token).await.unwrap();
    assert_ended(old.check(&of_session).await);
    assert_refused(browser.check(&token).await);
    let mut http = Browser::new(app.router(async |token: CsrfToken| token.to_string()));
    let cookies = old.cookies.header().unwrap();
    let request = http::Request::get("/").header(http::header::COOKIE, cookies);
    let page = http.send(request.body(String::new()).unwrap()).await;
    assert_eq!(page.status(), StatusCode::OK);
    let login = old.session();
    login.check_csrf(&token).await.unwrap();
    login.start_over().unwrap();
    login.insert("user", "bob").unwrap();
    let response = app.save(&login).await;
    old.follow(&response);
    assert_eq!(told_of_seed(&response), Told::Remove);
    assert_eq!(old.user().await.as_deref(), Some("bob"));
}

#[apply(trial)]
async fn a_login_that_was_not_saved_leaves_the_token_of_its_form() {
    let app = App::new();
    let mut browser = Visitor::of(&app);
    let (token, _) = browser.page().await;
    let login = browser.session();
    login.check_csrf(&token).await.unwrap();
    login.renew().unwrap();
    login.insert("user", "ada").unwrap();
    app.store.fail_with(Some(StoreErrorKind::Unavailable));
    browser.save(&login).await.1.unwrap_err();
    app.store.fail_with(None);
    browser.check(&token).await.unwrap();
}

#[apply(trial)]
async fn a_strangers_token_never_counts_once_there_is_a_session() {
    let app = App::new();
    let mut stranger = Visitor::of(&app);
    let (token, _) = stranger.page().await;
    let user = app.log_in().await;
    // A request that brings both cookies, whether the session has a seed of its own or not.
    for has_seed in [false, true] {
        let mut user = user.clone();
        if has_seed {
            user.page().await;
        }
        let (of_user, of_stranger) = (user.cookies.header(), stranger.cookies.header());
        let both =
            [of_user, of_stranger].map(|header| header.unwrap().to_str().unwrap().to_owned());
        let mut request = HeaderMap::new();
        request.insert(http::header::COOKIE, both.join("; ").parse().unwrap());
        assert_refused(app.session(&request).check_csrf(&token).await);
    }
}

#[apply(trial)]
async fn of_several_strangers_cookies_each_has_its_tokens() {
    let app = App::new();
    let (mut one, mut other) = (Visitor::of(&app), Visitor::of(&app));
    let tokens = [one.page().await.0, other.page().await.0];
    let both = [&one, &other].map(|browser| {
        let header = browser.cookies.header().unwrap();
        header.to_str().unwrap().to_owned()
    });
    let mut request = HeaderMap::new();
    request.insert(http::header::COOKIE, both.join("; ").parse().unwrap());
    for token in &tokens {
        app.session(&request).check_csrf(token).await.unwrap();
        // The session that a form begins has the seed of that form.
        let session = app.session(&request);
        session.check_csrf(token).await.unwrap();
        session.insert("cart", 1).unwrap();
        let mut begun = Cookies::none();
        begun.follow(&app.save(&session).await);
        let session = app.session(&begun.request());
        session.check_csrf(token).await.unwrap();
    }
}

#[apply(trial)]
async fn the_cookie_of_a_stranger_has_a_name_of_its_own_and_the_attributes_of_the_session() {
    let options = pgstore::CookieOptions::go().secure(true).max_age(600);
    let app = App::with(|sessions| sessions.cookie_options(options));
    for name in ["s", "__Host-s", "__Secure-s"] {
        let session = app.sessions.get(&HeaderMap::new(), name).unwrap();
        session.csrf_token().await.unwrap();
        let response = app.save(&session).await;
        let (own, value) = seed_cookie(&response).unwrap().split_once('=').unwrap();
        assert_eq!(own, format!("{name}-csrf"));
        let attributes: Vec<_> = value.split("; ").skip(1).collect();
        assert!(
            attributes.contains(&"Path=/") && attributes.contains(&"Max-Age=600"),
            "{attributes:?}"
        );
        assert!(
            attributes.contains(&"Secure") && attributes.contains(&"HttpOnly"),
            "{attributes:?}"
        );
    }
}

#[apply(trial)]
async fn a_page_that_saves_nothing_still_gives_the_cookie_of_its_form() {
    let app = App::new();
    let layer = app.layer().save_on(pgstore::SaveOn::Success);
    let page = async |token: CsrfToken| (StatusCode::UNAUTHORIZED, token.to_string());
    let router = axum::Router::new()
        .route("/", axum::routing::get(page))
        .layer(layer);
    let page = Browser::new(router).get("/").await;
    assert_eq!(told_of_seed(page.headers()), Told::Set);
}
