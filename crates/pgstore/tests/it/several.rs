//! Several sessions, several layers and several errors in one request.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::any;
use http::header::{LOCATION, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use pgstore::middleware::SessionFailure;
use pgstore::store::{Fault, FaultyStore, SpyStore};
use pgstore::testing::{Browser, Page};
use pgstore::{
    MemoryStore, SaveOn, Session, SessionError, SessionLayer, SessionManager, Sessions,
    StoreErrorKind,
};
use tokio::time::Instant;

use crate::support::app::App;
use crate::support::{apply, log, secrets, trial};

fn app() -> App<SpyStore> {
    App::over(SpyStore::default())
}

fn layer(sessions: &SessionManager, name: &str) -> SessionLayer {
    SessionLayer::new(sessions, name).unwrap()
}

fn set_cookies(page: &Page) -> Vec<String> {
    let cookies = page.headers().get_all(SET_COOKIE).iter();
    let name = |cookie: &HeaderValue| {
        cookie
            .to_str()
            .unwrap()
            .split('=')
            .next()
            .unwrap()
            .to_owned()
    };
    cookies.map(name).collect()
}

fn errors(page: &Page) -> Vec<String> {
    let failure = page.extensions().get::<SessionFailure>().unwrap();
    assert_eq!(
        failure.to_string(),
        failure.errors().next().unwrap().to_string(),
        "the first one decides"
    );
    failure.errors().map(ToString::to_string).collect()
}

async fn write(session: Session) -> Result<(), SessionError> {
    session.insert("n", 1)
}

#[apply(trial)]
async fn two_layers_under_one_name_are_one_session_that_is_saved_once() {
    let app = app();
    let count =
        |session: Session| async move { session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1) };
    let router = Router::new()
        .route("/", any(count))
        .layer(app.layer())
        .layer(app.layer());
    let mut browser = Browser::new(router);
    let page = browser.get("/").await;
    assert_eq!(set_cookies(&page), ["s"]);
    assert_eq!(app.store.calls(), ["insert"]);
    let page = browser.get("/").await;
    assert_eq!(
        (page.status(), set_cookies(&page).len()),
        (StatusCode::OK, 0)
    );
    assert_eq!(app.store.calls(), ["load", "update"]);
}

#[apply(trial)]
async fn layers_of_two_managers_share_a_registry_and_each_session_is_saved_in_its_own_store() {
    let (outer, inner) = (app(), app());
    let handler = |session: Session, sessions: Sessions| async move {
        assert_eq!(session.name(), "b", "the innermost");
        session.insert("n", 1).unwrap();
        sessions.get("a").unwrap().insert("n", 1).unwrap();
        sessions.get("c").unwrap().insert("n", 1).unwrap();
    };
    let router = Router::new()
        .route("/", any(handler))
        .layer(layer(&inner.sessions, "b"))
        .layer(layer(&outer.sessions, "a"));
    let page = Browser::new(router).get("/").await;
    assert_eq!(set_cookies(&page), ["a", "b", "c"]);
    assert_eq!(outer.store.calls(), ["insert"]);
    assert_eq!(
        inner.store.calls(),
        ["insert", "insert"],
        "b, and the name that no layer has"
    );
}

#[apply(trial)]
fn two_managers_under_one_name_are_one_session_and_a_warning() {
    let (outer, inner) = (app(), app());
    let router = Router::new()
        .route("/", any(write))
        .layer(inner.layer())
        .layer(outer.layer());
    let heard = log::heard(|| async {
        let page = Browser::new(router).get("/").await;
        assert_eq!(set_cookies(&page), ["s"]);
    });
    assert_eq!(outer.store.calls(), ["insert"]);
    assert_eq!(inner.store.calls(), [""; 0]);
    let warnings = heard.iter().filter(|line| line.contains("one cookie name"));
    assert_eq!(warnings.count(), 1, "{heard:?}");
}

/// Saves that fail, each in another way.
async fn too_much(sessions: Sessions) -> StatusCode {
    let outer = sessions.get("a").unwrap();
    outer.insert("big", "x".repeat(70_000)).unwrap();
    sessions.get("b").unwrap().insert("n", 1).unwrap();
    StatusCode::OK
}

#[apply(trial)]
async fn what_an_inner_layer_saved_reaches_the_browser_whatever_the_outer_answers() {
    let app = app();
    let to_login = |failed: pgstore::Failed<'_>| {
        let mut response = failed.response();
        *response.status_mut() = StatusCode::SEE_OTHER;
        let login = HeaderValue::from_static("/login");
        response.headers_mut().insert(LOCATION, login);
        Some(response)
    };
    let plain = layer(&app.sessions, "a");
    for (outer, status) in [
        (plain.clone(), StatusCode::INTERNAL_SERVER_ERROR),
        (plain.on_failure(to_login), StatusCode::SEE_OTHER),
    ] {
        let inner = layer(&app.sessions, "b");
        let router = Router::new()
            .route("/", any(too_much))
            .layer(inner)
            .layer(outer);
        let page = Browser::new(router).get("/").await;
        assert_eq!(page.status(), status);
        assert_eq!(set_cookies(&page), ["b"]);
        assert_eq!(app.store.calls(), ["insert"]);
    }
    // A 5xx of its own saves nothing; the end of a session is saved and told all the same.
    let ends = |session: Session| async move { session.destroy() };
    let fails = |request: Request, next: Next| async move {
        next.run(request).await;
        StatusCode::BAD_GATEWAY
    };
    let mut browser = Browser::new(
        Router::new()
            .route("/", any(write))
            .layer(layer(&app.sessions, "b")),
    );
    browser.get("/").await;
    let router = Router::new()
        .route("/", any(ends))
        .layer(layer(&app.sessions, "b"))
        .layer(from_fn(fails))
        .layer(layer(&app.sessions, "a"));
    let page = Browser::with_cookies(router, browser.cookies().clone())
        .get("/")
        .await;
    assert_eq!(page.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(set_cookies(&page), ["b"]);
    assert_eq!(app.store.inner().len(), 2);
}

#[apply(trial)]
async fn a_handler_that_failed_inside_saves_nothing_though_a_middleware_answers_200() {
    let app = app();
    let fails = |session: Session| async move {
        session.insert("half-way", 1).unwrap();
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let soothes = |request: Request, next: Next| async move {
        next.run(request).await;
        Response::new(axum::body::Body::from("try again"))
    };
    let inner = Router::new().route("/", any(fails)).layer(app.layer());
    let router = inner.layer(from_fn(soothes)).layer(app.layer());
    let page = Browser::new(router).get("/").await;
    assert_eq!(
        (page.status(), page.text().as_str()),
        (StatusCode::OK, "try again")
    );
    assert_eq!(app.store.calls(), [""; 0]);
}

#[apply(trial)]
async fn an_inner_layers_own_answer_is_not_answered_again() {
    let app = app();
    let says = |text: &'static str| {
        move |failed: pgstore::Failed<'_>| Some(failed.response().map(|_| text.into()))
    };
    let router = Router::new()
        .route("/", any(async || Err::<(), _>(SessionError::NoOwner)))
        .layer(layer(&app.sessions, "b").on_failure(says("inner")))
        .layer(layer(&app.sessions, "a").on_failure(says("outer")));
    let page = Browser::new(router).get("/").await;
    assert_eq!(page.text(), "inner");
}

#[apply(trial)]
async fn of_several_errors_the_gravest_decides_and_all_are_in_the_extensions() {
    let store = FaultyStore::<MemoryStore>::default();
    let app = App::over(store.clone());
    let cookies = ["a", "b", "c", "d"];
    let begins = move |sessions: Sessions| async move {
        for name in cookies {
            sessions.get(name).unwrap().insert("n", 0).unwrap();
        }
    };
    let mut browser = Browser::new(app.router(begins));
    browser.get("/").await;
    // `a` has ended meanwhile, `b` is too large, the store fails once for `c`; `d` logs out.
    let a = app.sessions.get(&browser.cookies().request(), "a").unwrap();
    a.destroy().unwrap();
    app.save(&a).await;
    store.every("delete", Fault::Fails(StoreErrorKind::Forbidden));
    let handler = |log_out: bool, fails: bool| {
        let store = store.clone();
        move |sessions: Sessions| {
            let store = store.clone();
            async move {
                let open = |name| sessions.get(name).unwrap();
                assert_eq!(open("b").get::<u8>("n").await.unwrap(), Some(0));
                open("b").insert("big", "x".repeat(70_000)).unwrap();
                if fails {
                    assert_eq!(open("c").get::<u8>("n").await.unwrap(), Some(0));
                    open("c").insert("n", 1).unwrap();
                    store.once("update", Fault::Fails(StoreErrorKind::Unavailable));
                }
                if log_out {
                    open("d").destroy().unwrap();
                }
            }
        }
    };
    for (log_out, fails, status, kinds) in [
        (false, false, 500, ["too large"].as_slice()),
        (false, true, 503, &["cannot be reached", "too large"]),
        (
            true,
            true,
            503,
            &[
                "the database user may not",
                "cannot be reached",
                "too large",
            ],
        ),
        (
            true,
            false,
            503,
            &["the database user may not", "too large"],
        ),
    ] {
        let router = app.router(handler(log_out, fails));
        let page = Browser::with_cookies(router, browser.cookies().clone())
            .get("/")
            .await;
        assert_eq!(page.status().as_u16(), status);
        let errors = errors(&page);
        assert_eq!(errors.len(), kinds.len(), "{errors:?}");
        for (error, kind) in errors.iter().zip(kinds) {
            assert!(error.contains(kind), "{errors:?}");
        }
        let removed = set_cookies(&page).contains(&"d".to_owned());
        assert_eq!(
            removed, log_out,
            "a logout that is not done removes the cookie"
        );
    }
}

#[apply(trial)]
async fn an_aborted_handler_saves_nothing_and_its_messages_come_back() {
    for status in [408, 499, 500, 503] {
        let app = app();
        let mut browser =
            Browser::new(app.router(|session: Session| async move { session.add_flash("hello") }));
        browser.get("/").await;
        let aborted = move |session: Session| async move {
            assert_eq!(session.flashes::<String>().await.unwrap(), ["hello"]);
            session.insert("half-way", 1).unwrap();
            StatusCode::from_u16(status).unwrap()
        };
        let cookies = browser.cookies().clone();
        Browser::with_cookies(app.router(aborted), cookies.clone())
            .get("/")
            .await;
        let session = app.session(&cookies.request());
        assert!(!session.contains("half-way").await.unwrap(), "{status}");
        assert_eq!(
            session.flashes::<String>().await.unwrap(),
            ["hello"],
            "{status}"
        );
    }
}

#[apply(trial)]
async fn messages_come_back_once_however_many_layers_discard_the_changes() {
    let app = app();
    let add = |session: Session| async move { session.add_flash("hello") };
    let mut browser = Browser::new(app.router(add));
    browser.get("/").await;
    let fails = |session: Session| async move {
        assert_eq!(session.flashes::<String>().await.unwrap(), ["hello"]);
        session.discard_changes();
        StatusCode::BAD_GATEWAY
    };
    let router = Router::new().route("/", any(fails)).layer(app.layer());
    let router = router.layer(app.layer()).layer(app.layer());
    let cookies = browser.cookies().clone();
    Browser::with_cookies(router, cookies.clone())
        .get("/")
        .await;
    let session = app.session(&cookies.request());
    assert_eq!(session.flashes::<String>().await.unwrap(), ["hello"]);
}

#[apply(trial)]
async fn which_statuses_save_is_a_policy_of_the_layer() {
    for (policy, status, saves) in [
        (SaveOn::default(), 404, true),
        (SaveOn::default(), 408, false),
        (SaveOn::Success, 404, false),
        (SaveOn::AnyStatus, 500, true),
        (
            SaveOn::When(|status| status != StatusCode::NOT_FOUND),
            404,
            false,
        ),
    ] {
        let app = app();
        let handler = move |session: Session| async move {
            session.insert("n", 1).unwrap();
            StatusCode::from_u16(status).unwrap()
        };
        let router = Router::new()
            .route("/", any(handler))
            .layer(app.layer().save_on(policy));
        Browser::new(router).get("/").await;
        assert_eq!(
            app.store.calls().len(),
            usize::from(saves),
            "{policy:?} {status}"
        );
    }
}

#[apply(trial)]
async fn several_sessions_stay_within_one_deadline() {
    let store = FaultyStore::<MemoryStore>::default();
    let deadline = Duration::from_millis(300);
    let keys = secrets::keys(&[b"the hash key of the trials of several sessions"]);
    let app = App::build(store.clone(), keys, |sessions| {
        sessions.save_deadline(deadline)
    });
    store.every("insert", Fault::NeverAnswers);
    let handler = |sessions: Sessions| async move {
        for name in ["a", "b", "c", "d", "e", "f"] {
            sessions.get(name).unwrap().insert("n", 1).unwrap();
        }
    };
    let begun = Instant::now();
    let page = Browser::new(app.router(handler)).get("/").await;
    assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(errors(&page).len(), 6);
    assert!(
        begun.elapsed() < deadline * 4,
        "not one deadline after the other"
    );
}

#[apply(trial)]
async fn an_inner_layer_leaves_the_sessions_of_an_outer_one_to_its_policy() {
    let app = app();
    let fails = |sessions: Sessions| async move {
        for name in ["a", "b", "c"] {
            sessions.get(name).unwrap().insert("n", 1).unwrap();
        }
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let router = Router::new()
        .route("/", any(fails))
        .layer(layer(&app.sessions, "b"))
        .layer(layer(&app.sessions, "a").save_on(SaveOn::AnyStatus));
    let page = Browser::new(router).get("/").await;
    assert_eq!(set_cookies(&page), ["a"]);
    assert_eq!(app.store.calls(), ["insert"]);
}

#[apply(trial)]
async fn messages_of_a_page_that_is_sent_though_a_session_has_ended_are_shown_once() {
    let app = app();
    let begins = |sessions: Sessions| async move {
        sessions.get("a").unwrap().add_flash("hello").unwrap();
        sessions.get("b").unwrap().insert("n", 1).unwrap();
    };
    let mut browser = Browser::new(app.router(begins));
    browser.get("/").await;
    let (manager, request) = (app.sessions.clone(), browser.cookies().request());
    let shows = move |sessions: Sessions| async move {
        let messages = sessions.get("a").unwrap().flashes::<String>().await;
        let b = sessions.get("b").unwrap();
        assert_eq!(b.get::<u8>("n").await.unwrap(), Some(1));
        b.insert("n", 2).unwrap();
        let other = manager.get(&request, "b").unwrap();
        other.destroy().unwrap();
        let saved = manager.save(&other, &mut http::HeaderMap::new()).await;
        saved.unwrap();
        (StatusCode::NOT_FOUND, messages.unwrap().concat())
    };
    let cookies = browser.cookies().clone();
    let page = Browser::with_cookies(app.router(shows), cookies.clone())
        .get("/")
        .await;
    assert_eq!(page.text(), "hello");
    app.sessions.close(Duration::from_secs(10)).await.unwrap();
    let session = app.sessions.get(&cookies.request(), "a").unwrap();
    assert!(session.flashes::<String>().await.unwrap().is_empty());
}
