//! The store is away, or has what cannot be read: never an empty session in disguise.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use http::header::{CACHE_CONTROL, COOKIE, LOCATION, RETRY_AFTER, SET_COOKIE};
use http::{Request, Response, StatusCode};
use pgstore::middleware::SessionFailure;
use pgstore::store::{Row, SpyStore};
use pgstore::testing::Page;
use pgstore::{
    MemoryStore, OnOutage, OnUndecodable, Session, SessionError, SessionLayer, Store,
    StoreErrorKind,
};
use tokio::time::timeout;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::app::{App, Told, Visitor};
use crate::support::browser::ask;
use crate::support::{apply, trial};

impl App {
    fn is_down(&self, down: bool) {
        let kind = down.then_some(StoreErrorKind::Unavailable);
        self.store.fail_with(kind);
    }
}

impl Visitor<'_> {
    fn http(&self) -> Request<Body> {
        let mut request = Request::builder().uri("/").body(Body::empty()).unwrap();
        *request.headers_mut() = self.cookies.request();
        request
    }

    /// A request to another router, which changes no cookie here.
    async fn ask(&self, app: Router) -> Page {
        let cookies = self.cookies.header();
        let cookies = cookies
            .as_ref()
            .map_or("", |cookies| cookies.to_str().unwrap());
        ask(app, "GET", "/", cookies).await
    }
}

#[apply(trial)]
async fn a_session_that_cannot_be_read_is_an_error_and_not_an_empty_one() {
    let app = App::new();
    let mut browser = app.log_in().await;
    app.is_down(true);
    let session = browser.session();
    let error = session.get::<String>("user").await.unwrap_err();
    assert!(error.is_unavailable());
    assert!(session.is_new().await.is_err());
    assert!(session.is_degraded().await.is_err());
    assert!(session.flashes::<String>().await.is_err());
    assert!(session.owner().await.is_err());
    let (told, result) = browser.save(&session).await;
    assert_eq!(
        (told, result.is_ok()),
        (Told::Nothing, true),
        "it changed nothing"
    );
    app.is_down(false);
    let user = session.get::<String>("user").await.unwrap();
    assert_eq!(
        user.as_deref(),
        Some("ada"),
        "the same session can be asked again"
    );
}

#[apply(trial)]
async fn by_policy_an_outage_is_an_empty_session_that_cannot_be_changed() {
    let app = App::new();
    let browser = app.log_in().await;
    app.is_down(true);
    let layer = SessionLayer::new(&app.sessions, "s").unwrap();
    let page = |session: Session| async move {
        assert_eq!(session.get::<String>("user").await?, None);
        assert!(session.is_degraded().await?);
        assert!(session.flashes::<String>().await?.is_empty());
        for change in [
            session.insert("n", 1),
            session.remove("user"),
            session.renew(),
            session.set_owner("x"),
            session.set_max_age(60),
            session.add_flash("x"),
        ] {
            let error = change.unwrap_err();
            assert!(matches!(error, SessionError::Degraded));
            assert!(error.is_unavailable());
        }
        Ok::<_, SessionError>("for strangers")
    };
    let public = Router::new()
        .route("/", any(page))
        .layer(layer.clone().on_outage(OnOutage::Anonymous));
    let response = browser.ask(public).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers().get(SET_COOKIE).is_none());
    assert_eq!(app.sessions.stats().degraded, 1);

    let read = |session: Session| async move {
        session.get::<String>("user").await?;
        Ok::<_, SessionError>("for users")
    };
    let members = Router::new().route("/", any(read)).layer(layer);
    let response = browser.ask(members).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().get(RETRY_AFTER).is_some());
    assert!(response.headers().get(SET_COOKIE).is_none());
    let cause = response.extensions().get::<SessionFailure>().unwrap();
    assert!(cause.is_unavailable());

    app.is_down(false);
    let session = browser.session();
    assert!(!session.is_degraded().await.unwrap());
}

#[apply(trial)]
async fn a_change_made_before_an_outage_was_seen_is_unavailable() {
    for policy in [OnOutage::Required, OnOutage::Anonymous] {
        let app = App::with(|sessions| sessions.on_outage(policy));
        let mut browser = app.log_in().await;
        app.is_down(true);
        let session = browser.session();
        session.insert("n", 1).unwrap();
        let (told, result) = browser.save(&session).await;
        assert!(result.unwrap_err().is_unavailable());
        assert_eq!(told, Told::Nothing);
        app.is_down(false);
        assert!(!browser.session().contains("n").await.unwrap());
    }
}

async fn until(what: impl Fn() -> bool) {
    let waiting = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.unwrap();
}

#[apply(trial)]
async fn a_logout_that_fails_clears_the_cookie_and_goes_on_in_the_background() {
    let app = App::new();
    let mut browser = app.log_in().await;
    app.is_down(true);
    let session = browser.session();
    session.destroy().unwrap();
    let (told, result) = browser.save(&session).await;
    assert!(result.unwrap_err().is_unavailable());
    assert_eq!(told, Told::Remove);
    let stats = app.sessions.stats();
    assert_eq!(
        (stats.logouts_taken_over, stats.logouts_made_up_for),
        (1, 0)
    );
    app.is_down(false);
    until(|| app.store.is_empty()).await;
    until(|| app.sessions.stats().logouts_made_up_for == 1).await;
    assert_eq!(app.sessions.stats().logouts_given_up, 0);
}

#[apply(trial)]
async fn a_session_whose_logout_is_under_way_is_dead_on_this_node() {
    let app = App::new();
    let mut browser = app.log_in().await;
    let mut thief = browser.clone();
    app.is_down(true);
    let session = browser.session();
    session.destroy().unwrap();
    browser.save(&session).await.1.unwrap_err();
    assert_eq!(thief.user().await, None, "without asking the store");
    app.is_down(false);
    assert_eq!(thief.user().await, None);
    until(|| app.store.is_empty()).await;
    assert_eq!(thief.user().await, None);
}

#[apply(trial)]
async fn a_logout_that_fails_reports_no_success() {
    let app = App::new();
    let browser = app.log_in().await;
    app.is_down(true);
    let logout = app.router(|session: Session| async move { session.destroy() });
    let response = browser.ask(logout).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("s=; "), "{cookie}");
}

async fn damaged(app: &App) -> Visitor<'_> {
    let browser = app.log_in().await;
    let session = browser.session();
    let row = app.row(&session).await;
    let id = session.id().await.unwrap().unwrap();
    let damaged = Row {
        data: b"garbage".to_vec(),
        ..row.clone()
    };
    let written = app.store.update(&id, row.modified_on, &damaged).await;
    assert_eq!(written.unwrap(), pgstore::store::Written::Saved);
    browser
}

#[apply(trial)]
async fn a_row_that_cannot_be_opened_is_kept_and_can_be_destroyed_or_renewed() {
    let app = App::new();
    let mut browser = damaged(&app).await;
    let session = browser.session();
    let error = session.get::<String>("user").await.unwrap_err();
    assert!(matches!(error, SessionError::Undecodable(_)));
    session.insert("n", 1).unwrap();
    assert!(browser.save(&session).await.1.is_err());
    assert_eq!(app.store.len(), 1);

    let renew = |session: Session| async move {
        session.renew()?;
        session.insert("user", "grace")
    };
    assert_eq!(browser.request(renew).await.unwrap(), Told::Set);
    assert_eq!(browser.user().await.as_deref(), Some("grace"));
    assert_eq!(app.store.len(), 1);

    let mut browser = damaged(&app).await;
    let told = browser.request(|session| async move { session.destroy() });
    assert_eq!(told.await.unwrap(), Told::Remove);
    assert_eq!(app.store.len(), 1);
}

#[apply(trial)]
async fn by_policy_a_row_that_cannot_be_opened_is_left_for_a_new_session() {
    let app = App::with(|sessions| sessions.on_undecodable(OnUndecodable::StartFresh));
    let mut browser = damaged(&app).await;
    let old = browser.cookies.clone();
    assert_eq!(browser.read().await, (None, Told::Nothing));
    let told = browser
        .request(|session| async move { session.insert("user", "grace") })
        .await;
    assert_eq!(told.unwrap(), Told::Set);
    assert_ne!(browser.cookies, old);
    assert_eq!(browser.user().await.as_deref(), Some("grace"));
    assert_eq!(app.store.len(), 2, "the row is kept");
}

#[apply(trial)]
async fn the_application_answers_failures_in_its_own_way() {
    let app = App::new();
    let browser = app.log_in().await;
    let layer = SessionLayer::new(&app.sessions, "s").unwrap();
    let layer = layer.on_failure(|failed| {
        assert_eq!(failed.uri.path(), "/");
        let status = match failed.error {
            SessionError::Gone => StatusCode::SEE_OTHER,
            error if error.is_unavailable() => return None,
            _ => StatusCode::IM_A_TEAPOT,
        };
        let response = Response::builder().status(status);
        let response = response.header(LOCATION, "/login");
        response.body("log in again".into()).ok()
    });
    let store = app.store.clone();
    let ends = move |session: Session| {
        let store = store.clone();
        async move {
            let id = session.id().await.unwrap().unwrap();
            session.insert("n", 1).unwrap();
            store.delete(&id).await.unwrap();
            "success"
        }
    };
    let gone = Router::new().route("/", any(ends)).layer(layer.clone());
    let response = browser.ask(gone).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[LOCATION], "/login");
    assert!(response.headers().get(SET_COOKIE).is_none());
    let failure = response.extensions().get::<SessionFailure>().unwrap();
    assert!(matches!(**failure, SessionError::Gone));

    // Of an error that the handler returned.
    let mut browser = damaged(&app).await;
    let read = |session: Session| async move {
        session.get::<String>("user").await?;
        Ok::<_, SessionError>("read")
    };
    let undecodable = Router::new().route("/", any(read)).layer(layer.clone());
    let response = browser.ask(undecodable.clone()).await;
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);

    // What it leaves to the layer.
    browser = app.log_in().await;
    app.is_down(true);
    let response = browser.ask(undecodable).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[apply(trial)]
async fn a_client_error_of_the_handler_is_sent_though_the_session_is_gone() {
    let app = App::new();
    for (status, sent) in [(422, 422), (200, 409), (303, 409)] {
        let browser = app.log_in().await;
        let store = app.store.clone();
        let handler = move |session: Session| {
            let store = store.clone();
            async move {
                let id = session.id().await.unwrap().unwrap();
                session.insert("failed logins", 1).unwrap();
                store.delete(&id).await.unwrap();
                StatusCode::from_u16(status).unwrap()
            }
        };
        let response = browser.ask(app.router(handler)).await;
        assert_eq!(response.status().as_u16(), sent);
        assert!(response.headers().get(SET_COOKIE).is_none());
    }
}

async fn with_a_message(app: &App) -> Visitor<'_> {
    let mut browser = app.log_in().await;
    browser
        .request(|session| async move { session.add_flash("hello") })
        .await
        .unwrap();
    browser
}

#[apply(trial)]
async fn a_5xx_puts_messages_back() {
    let app = App::new();
    let browser = with_a_message(&app).await;
    let fails = |session: Session| async move {
        assert_eq!(session.flashes::<String>().await.unwrap(), ["hello"]);
        session.add_flash("half-way").unwrap();
        StatusCode::INTERNAL_SERVER_ERROR
    };
    browser.ask(app.router(fails)).await;
    let messages = browser.session().flashes::<String>().await.unwrap();
    assert_eq!(messages, ["hello"]);
}

#[apply(trial)]
async fn an_error_or_a_panic_of_the_service_discards_changes_but_not_ends() {
    for panics in [true, false] {
        for ends in [true, false] {
            let app = App::new();
            let browser = with_a_message(&app).await;
            let service = service_fn(move |request: Request<Body>| async move {
                let session = request.extensions().get::<Session>().unwrap();
                assert_eq!(session.flashes::<String>().await.unwrap(), ["hello"]);
                session.insert("half", true).unwrap();
                if ends {
                    session.destroy().unwrap();
                }
                assert!(!panics, "on purpose");
                Err::<Response<Body>, _>("failed")
            });
            let layer = SessionLayer::new(&app.sessions, "s").unwrap();
            let call = layer.layer(service).oneshot(browser.http());
            let outcome = tokio::spawn(call).await;
            assert_eq!(outcome.is_err(), panics);
            let session = || browser.session();
            if ends {
                until(|| app.store.is_empty()).await;
                continue;
            }
            let mut messages = Vec::new();
            while messages.is_empty() {
                messages = session().flashes::<String>().await.unwrap();
                tokio::task::yield_now().await;
            }
            assert_eq!(messages, ["hello"], "it is put back");
            assert!(!session().contains("half").await.unwrap());
        }
    }
}

#[apply(trial)]
async fn a_client_that_goes_away_does_not_tear_a_save() {
    let app = App::over(SpyStore::<MemoryStore>::default());
    let (store, _sessions, layer) = (&app.store, &app.sessions, app.layer());
    for method in ["insert", "update", "rename", "delete"] {
        let log_in = any(|session: Session| async move { session.insert("n", 0) });
        let handler = move |session: Session| async move {
            session.get::<i64>("n").await.unwrap();
            match method {
                "rename" => session.renew(),
                "delete" => session.destroy(),
                _ => session.insert("n", 1),
            }
        };
        let router = Router::new()
            .route("/login", log_in)
            .route("/", any(handler))
            .layer(layer.clone());
        let mut request = Request::builder().uri("/");
        if method != "insert" {
            let login = Request::builder().uri("/login").body(Body::empty());
            let login = router.clone().oneshot(login.unwrap()).await.unwrap();
            let cookie = login.headers()[SET_COOKIE].to_str().unwrap();
            request = request.header(COOKIE, cookie.split(';').next().unwrap());
        }
        store.calls();
        let before = store.inner().len();
        if method != "insert" {
            // The first call reads, the second one is the save.
            let read = store.hold();
            let request = request.body(Body::empty()).unwrap();
            let response = tokio::spawn(router.oneshot(request));
            read.reached().await;
            let save = store.hold();
            read.release();
            save.reached().await;
            response.abort();
            assert!(response.await.unwrap_err().is_cancelled());
            save.release();
        } else {
            let save = store.hold();
            let response = tokio::spawn(router.oneshot(request.body(Body::empty()).unwrap()));
            save.reached().await;
            response.abort();
            assert!(response.await.unwrap_err().is_cancelled());
            save.release();
        }
        assert_eq!(store.calls().last(), Some(&method));
        let expected = match method {
            "insert" => before + 1,
            "delete" => before - 1,
            _ => before,
        };
        until(|| store.inner().len() == expected).await;
    }
}

#[apply(trial)]
async fn the_probe_tells_whether_sessions_can_be_written() {
    let app = App::new();
    app.sessions.probe().await.unwrap();
    app.is_down(true);
    let error = app.sessions.probe().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}
