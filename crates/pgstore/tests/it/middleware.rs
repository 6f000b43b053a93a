//! The layer in front of a service: what it asks the store and tells the browser, and when.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, COOKIE, RETRY_AFTER, SET_COOKIE, VARY};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use pgstore::middleware::SessionFailure;
use pgstore::store::SpyStore;
use pgstore::{
    Keys, Session, SessionError, SessionLayer, SessionManager, Sessions, StoreErrorKind, go,
};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::support::app::App;
use crate::support::browser::{ask, cookie_of};
use crate::support::secrets::{self};
use crate::support::{apply, trial};

/// An application with a store that is watched.
type Fixture = App<SpyStore>;

fn fixture() -> Fixture {
    App::build(SpyStore::default(), keys("old"), |sessions| sessions)
}

impl Fixture {
    fn with_keys(&self, keys: Keys) -> SessionManager {
        let sessions = SessionManager::builder(self.store.clone(), keys);
        sessions.clock(self.clock.clone()).build().unwrap()
    }

    fn app(&self) -> Router {
        Router::new()
            .route("/nothing", get(|| async { "nothing" }))
            .route("/extract", get(|_: Session| async { "extracted" }))
            .route("/read", get(read))
            .route("/count", post(count))
            .route(
                "/renew",
                post(|session: Session| async move { session.renew() }),
            )
            .route(
                "/destroy",
                post(|session: Session| async move { session.destroy() }),
            )
            .layer(self.layer())
    }

    /// A cookie whose session counts 1.
    async fn counted(&self) -> String {
        let cookie = cookie_of(ask(self.app(), "POST", "/count", "").await.headers()).unwrap();
        self.store.calls();
        cookie
    }
}

fn keys(name: &str) -> Keys {
    secrets::keys(&[name.as_bytes(), b"0123456789abcdef"])
}

async fn read(session: Session) -> Result<String, SessionError> {
    let count = session.get::<i64>("count").await?;
    session.get::<i64>("count").await?;
    Ok(format!("{count:?} new={}", session.is_new().await?))
}

async fn count(session: Session) -> Result<String, SessionError> {
    let count = session.get::<i64>("count").await?.unwrap_or(0) + 1;
    session.insert("count", count)?;
    Ok(count.to_string())
}

#[apply(trial)]
async fn a_handler_that_leaves_its_session_alone_costs_nothing() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    let response = ask(fixture.app(), "GET", "/nothing", &cookie).await;
    assert_eq!(fixture.store.calls(), [""; 0]);
    assert!(response.headers().get(SET_COOKIE).is_none());
    assert!(response.headers().get(VARY).is_none());
}

#[apply(trial)]
async fn extracting_alone_asks_nothing() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    let response = ask(fixture.app(), "GET", "/extract", &cookie).await;
    assert_eq!(fixture.store.calls(), [""; 0]);
    assert!(response.headers().get(VARY).is_none());
}

#[apply(trial)]
async fn reading_without_a_cookie_asks_nothing_and_varies() {
    let fixture = fixture();
    let response = ask(fixture.app(), "GET", "/read", "").await;
    assert_eq!(response.headers()[VARY], "Cookie");
    assert!(response.headers().get(SET_COOKIE).is_none());
    assert_eq!(response.text(), "None new=true");
    assert_eq!(fixture.store.calls(), [""; 0]);
}

#[apply(trial)]
async fn reading_twice_asks_once() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    let response = ask(fixture.app(), "GET", "/read", &cookie).await;
    assert_eq!(fixture.store.calls(), ["load"]);
    assert!(response.headers().get(SET_COOKIE).is_none());
    assert_eq!(response.text(), "Some(1) new=false");
}

#[apply(trial)]
async fn a_change_is_saved_and_sets_a_cookie_that_no_cache_keeps() {
    let fixture = fixture();
    let handler = |session: Session| async move {
        session.insert("n", 1)?;
        Ok::<_, SessionError>([(CACHE_CONTROL, "public, max-age=60"), (VARY, "Accept")])
    };
    let response = ask(fixture.router(handler), "GET", "/", "").await;
    assert_eq!(fixture.store.calls(), ["insert"]);
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    let vary: Vec<_> = response.headers().get_all(VARY).iter().collect();
    assert_eq!(vary, ["Accept", "Cookie"]);
    let set_cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    let expires = "Expires=Thu, 14 Dec 2023 22:13:20 GMT; Max-Age=2592000";
    let attributes = format!("; Path=/; {expires}; HttpOnly; Secure; SameSite=Lax");
    assert!(set_cookie.ends_with(&attributes), "{set_cookie}");
}

#[apply(trial)]
async fn a_second_change_updates_without_another_cookie() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    let response = ask(fixture.app(), "POST", "/count", &cookie).await;
    assert_eq!(fixture.store.calls(), ["load", "update"]);
    assert_eq!(cookie_of(response.headers()), None);
    assert!(response.headers().get(CACHE_CONTROL).is_none());
    assert_eq!(response.text(), "2");
}

#[apply(trial)]
async fn a_cookie_an_eighth_of_its_life_old_is_renewed_by_a_save() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    fixture
        .clock
        .advance(Duration::from_secs(30 * 24 * 60 * 60 / 8));
    let renewed = cookie_of(
        ask(fixture.app(), "POST", "/count", &cookie)
            .await
            .headers(),
    )
    .unwrap();
    assert_ne!(renewed, cookie);
    let response = ask(fixture.app(), "GET", "/read", &renewed).await;
    assert_eq!(response.text(), "Some(2) new=false");
}

#[apply(trial)]
async fn a_cookie_of_an_older_key_pair_is_resealed_by_a_save() {
    let mut fixture = fixture();
    let cookie = fixture.counted().await;
    let rotated = [&b"new"[..], b"", b"old", b"0123456789abcdef"];
    fixture.sessions = fixture.with_keys(secrets::keys(&rotated));
    let resealed = cookie_of(
        ask(fixture.app(), "POST", "/count", &cookie)
            .await
            .headers(),
    )
    .unwrap();
    let new_alone = secrets::keys(&[b"new"]);
    fixture.sessions = fixture.with_keys(new_alone);
    let response = ask(fixture.app(), "GET", "/read", &resealed).await;
    assert_eq!(response.text(), "Some(2) new=false");
}

#[apply(trial)]
async fn renewing_gives_a_new_id_and_kills_the_old_one() {
    let fixture = fixture();
    let old = fixture.counted().await;
    let new = cookie_of(ask(fixture.app(), "POST", "/renew", &old).await.headers()).unwrap();
    assert_eq!(fixture.store.calls(), ["load", "rename"]);
    let response = ask(fixture.app(), "GET", "/read", &new).await;
    assert_eq!(response.text(), "Some(1) new=false");
    let response = ask(fixture.app(), "GET", "/read", &old).await;
    assert_eq!(response.text(), "None new=true");
}

#[apply(trial)]
async fn destroying_removes_row_and_cookie() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    let response = ask(fixture.app(), "POST", "/destroy", &cookie).await;
    assert_eq!(fixture.store.calls(), ["delete"]);
    assert_eq!(
        response.headers()[SET_COOKIE],
        "s=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure; \
         SameSite=Lax"
    );
    let response = ask(fixture.app(), "GET", "/read", &cookie).await;
    assert_eq!(response.text(), "None new=true");
}

#[apply(trial)]
async fn a_valid_cookie_without_a_row_gets_a_new_id() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    ask(fixture.app(), "POST", "/destroy", &cookie).await;
    let fresh = cookie_of(
        ask(fixture.app(), "POST", "/count", &cookie)
            .await
            .headers(),
    )
    .unwrap();
    let response = ask(fixture.app(), "GET", "/read", &fresh).await;
    assert_eq!(response.text(), "Some(1) new=false");
    let response = ask(fixture.app(), "GET", "/read", &cookie).await;
    assert_eq!(response.text(), "None new=true", "the old ID stays dead");
}

#[apply(trial)]
async fn cookies_that_do_not_open_mean_a_new_session() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    let value = cookie.strip_prefix("s=").unwrap();
    let tampered = format!("s=A{}", &value[1..]);
    let of_another_name = format!("t={value}");
    let truncated = &cookie[..cookie.len() - 4];
    let too_long = format!("s={}", "A".repeat(5000));
    for bad in [
        &tampered,
        &of_another_name,
        truncated,
        &too_long,
        "s=",
        "s",
        "s=garbage",
        ";;=",
    ] {
        let response = ask(fixture.app(), "GET", "/read", bad).await;
        assert!(
            response.headers().get(SET_COOKIE).is_none(),
            "the cookie is left alone"
        );
        assert_eq!(response.text(), "None new=true", "{bad}");
    }
    assert_eq!(fixture.store.calls(), [""; 0]);
}

#[apply(trial)]
async fn any_number_of_junk_cookies_hides_no_session() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    let junk = (0..500).fold(String::new(), |junk, number| {
        junk + &format!("s={number}; ")
    });
    let response = ask(fixture.app(), "GET", "/read", &(junk + &cookie)).await;
    assert_eq!(response.text(), "Some(1) new=false");
    assert_eq!(fixture.store.calls(), ["load"]);
}

#[apply(trial)]
async fn cookies_beyond_64_kilobytes_are_not_opened() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    let junk = format!("s={}; ", "x".repeat(64 * 1024));
    let response = ask(fixture.app(), "GET", "/read", &(junk + &cookie)).await;
    assert_eq!(response.text(), "None new=true");
}

#[apply(trial)]
async fn a_cookie_lives_exactly_to_its_maximal_age() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    fixture
        .clock
        .advance(Duration::from_secs(30 * 24 * 60 * 60 - 1));
    let response = ask(fixture.app(), "GET", "/read", &cookie).await;
    assert_eq!(response.text(), "Some(1) new=false");
    fixture.clock.advance(Duration::from_secs(2));
    let response = ask(fixture.app(), "GET", "/read", &cookie).await;
    assert_eq!(response.text(), "None new=true");
}

#[apply(trial)]
async fn an_error_status_saves_no_value_but_ends_a_session() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    let failing = fixture.router(|session: Session| async move {
        session.insert("count", 99).unwrap();
        StatusCode::BAD_GATEWAY
    });
    assert_eq!(
        ask(failing, "GET", "/", &cookie).await.status(),
        StatusCode::BAD_GATEWAY
    );
    assert_eq!(fixture.store.calls(), [""; 0]);
    let ending = fixture.router(|session: Session| async move {
        session.destroy().unwrap();
        StatusCode::BAD_GATEWAY
    });
    let response = ask(ending, "GET", "/", &cookie).await;
    assert_eq!(cookie_of(response.headers()).as_deref(), Some("s="));
    assert_eq!(fixture.store.calls(), ["delete"]);
}

#[apply(trial)]
async fn an_error_of_the_service_saves_nothing() {
    let fixture = fixture();
    let failing = service_fn(|request: Request<Body>| async move {
        let session = request.extensions().get::<Session>().unwrap();
        session.insert("count", 99).unwrap();
        Err::<Response<Body>, _>("the service failed")
    });
    let layer = SessionLayer::new(&fixture.sessions, "s").unwrap();
    let request = Request::new(Body::empty());
    assert_eq!(
        layer.layer(failing).oneshot(request).await.unwrap_err(),
        "the service failed"
    );
    assert_eq!(fixture.store.calls(), [""; 0]);
}

#[apply(trial)]
async fn a_panic_of_the_service_saves_nothing() {
    let fixture = fixture();
    let (kept, mut left) = tokio::sync::mpsc::unbounded_channel();
    let panicking = fixture.router(|session: Session| async move {
        session.insert("count", 99).unwrap();
        kept.send(session).unwrap();
        if true {
            panic!("the handler panics: this is expected in the test's output");
        }
    });
    let request = tokio::spawn(ask(panicking, "GET", "/", ""));
    assert!(request.await.unwrap_err().is_panic());
    assert_eq!(fixture.store.calls(), [""; 0]);
    let session: Session = left.recv().await.unwrap();
    assert!(matches!(
        session.insert("count", 1),
        Err(SessionError::HeadSent)
    ));
}

#[apply(trial)]
async fn a_missing_layer_is_an_error_that_names_it() {
    let app = Router::new().route("/", get(|_: Session| async {}));
    let response = ask(app, "GET", "/", "").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(response.text().contains("pgstore::SessionLayer"));
}

#[apply(trial)]
async fn a_store_that_is_down_is_unavailable_and_leaves_the_cookie() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    fixture
        .store
        .inner()
        .fail_with(Some(StoreErrorKind::Unavailable));
    let response = ask(fixture.app(), "GET", "/read", &cookie).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().get(SET_COOKIE).is_none());
    assert_eq!(response.headers()[RETRY_AFTER], "1");
    fixture.store.inner().fail_with(None);
    let response = ask(fixture.app(), "GET", "/read", &cookie).await;
    assert_eq!(response.text(), "Some(1) new=false");
}

#[apply(trial)]
async fn a_save_that_fails_withholds_the_success() {
    let fixture = fixture();
    fixture
        .store
        .inner()
        .fail_with(Some(StoreErrorKind::Unavailable));
    let handler = |session: Session| async move {
        session.insert("count", 1).unwrap();
        "saved!"
    };
    let response = ask(fixture.router(handler), "GET", "/", "").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().get(SET_COOKIE).is_none());
    assert!(
        response
            .extensions()
            .get::<SessionFailure>()
            .unwrap()
            .is_unavailable()
    );
    let text = response.text();
    assert!(
        !text.contains("saved!") && !text.contains("store"),
        "{text}"
    );
}

#[apply(trial)]
async fn a_session_ended_by_another_request_is_not_brought_back() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    let (app, ended) = (fixture.app(), cookie.clone());
    let slow = fixture.router(move |session: Session| async move {
        session.get::<i64>("count").await.unwrap();
        ask(app, "POST", "/destroy", &ended).await;
        session.insert("count", 99).unwrap();
        "saved!"
    });
    let response = ask(slow, "GET", "/", &cookie).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert!(response.headers().get(SET_COOKIE).is_none());
    let response = ask(fixture.app(), "GET", "/read", &cookie).await;
    assert_eq!(response.text(), "None new=true");
}

#[apply(trial)]
async fn changing_after_the_head_is_an_error() {
    let fixture = fixture();
    let (kept, mut left) = tokio::sync::mpsc::unbounded_channel();
    let handler = fixture.router(|session: Session| async move {
        session.insert("count", 1).unwrap();
        kept.send(session).unwrap();
    });
    ask(handler, "GET", "/", "").await;
    let session: Session = left.recv().await.unwrap();
    assert!(matches!(
        session.insert("count", 2),
        Err(SessionError::HeadSent)
    ));
    assert!(matches!(
        session.remove("count"),
        Err(SessionError::HeadSent)
    ));
    assert!(matches!(
        session.add_flash("late"),
        Err(SessionError::HeadSent)
    ));
    assert!(matches!(
        session.flashes::<String>().await,
        Err(SessionError::HeadSent)
    ));
    assert!(matches!(session.renew(), Err(SessionError::HeadSent)));
    assert!(matches!(session.destroy(), Err(SessionError::HeadSent)));
    assert!(matches!(
        session.set_max_age(60),
        Err(SessionError::HeadSent)
    ));
    assert_eq!(
        session.get::<i64>("count").await.unwrap(),
        Some(1),
        "reading still works"
    );
    assert_eq!(fixture.store.calls(), ["insert"]);
}

#[apply(trial)]
async fn changing_after_the_end_is_an_error() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    let handler = fixture.router(|session: Session| async move {
        session.destroy().unwrap();
        session.destroy().unwrap();
        assert!(matches!(
            session.insert("count", 2),
            Err(SessionError::Destroyed)
        ));
        assert!(matches!(session.renew(), Err(SessionError::Destroyed)));
        assert_eq!(session.get::<i64>("count").await.unwrap(), None);
        assert!(session.is_new().await.unwrap());
    });
    assert_eq!(
        ask(handler, "GET", "/", &cookie).await.status(),
        StatusCode::OK
    );
    assert_eq!(fixture.store.calls(), ["delete"]);
}

#[apply(trial)]
async fn values_that_grow_too_large_are_refused_and_nothing_is_stored() {
    let fixture = fixture();
    let handler = |session: Session| async move { session.insert("big", "x".repeat(70_000)) };
    let response = ask(fixture.router(handler), "GET", "/", "").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let error = response.extensions().get::<SessionFailure>().unwrap();
    assert!(
        error.to_string().contains("the limit is 65536"),
        "{}",
        **error
    );
    assert_eq!(fixture.store.calls(), [""; 0]);
}

#[apply(trial)]
async fn values_that_go_cannot_hold_are_refused_and_the_session_is_unchanged() {
    let fixture = fixture();
    let handler = fixture.router(|session: Session| async move {
        let error = session.insert("nothing", None::<i64>).unwrap_err();
        assert!(matches!(error, SessionError::Value(_)));
        assert!(error.to_string().contains("\"nothing\""), "{error}");
        assert!(error.to_string().contains("remove()"), "{error}");
    });
    assert_eq!(ask(handler, "GET", "/", "").await.status(), StatusCode::OK);
    assert_eq!(fixture.store.calls(), [""; 0]);
}

#[apply(trial)]
async fn flashes_are_shown_once() {
    let fixture = fixture();
    let add = fixture.router(|session: Session| async move {
        session.add_flash("one")?;
        session.add_flash("two")?;
        session.add_flash_to("errors", go::Int(3))
    });
    let take = fixture.router(|session: Session| async move {
        let errors = session.flashes_from::<i64>("errors").await?;
        let flashes = session.flashes::<String>().await?;
        Ok::<_, SessionError>(format!("{flashes:?} {errors:?}"))
    });
    let cookie = cookie_of(ask(add, "GET", "/", "").await.headers()).unwrap();
    let response = ask(take.clone(), "GET", "/", &cookie).await;
    assert_eq!(response.text(), "[\"one\", \"two\"] [3]");
    let response = ask(take.clone(), "GET", "/", &cookie).await;
    assert_eq!(response.text(), "[] []");
    fixture.store.calls();
    ask(take, "GET", "/", &cookie).await;
    assert_eq!(
        fixture.store.calls(),
        ["load"],
        "taking none changes nothing"
    );
}

#[apply(trial)]
async fn a_maximal_age_of_zero_makes_a_cookie_without_expiry() {
    let fixture = fixture();
    let handler = fixture.router(|session: Session| async move {
        session.insert("count", 1)?;
        session.set_max_age(0)
    });
    let response = ask(handler, "GET", "/", "").await;
    let set_cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    assert!(
        !set_cookie.contains("Expires") && !set_cookie.contains("Max-Age"),
        "{set_cookie}"
    );
    let cookie = cookie_of(response.headers()).unwrap();
    fixture.clock.advance(Duration::from_secs(60));
    let response = ask(fixture.app(), "GET", "/read", &cookie).await;
    assert_eq!(response.text(), "Some(1) new=false");
}

/// Neither axum's bodies nor its errors: the layer asks for no more than `http`.
#[apply(trial)]
async fn the_layer_serves_any_http_service() {
    let fixture = fixture();
    let inner = service_fn(|request: Request<()>| async move {
        let session = request.extensions().get::<Session>().unwrap();
        session.insert("count", 1).unwrap();
        Ok::<_, Infallible>(Response::new(http_body_util::Full::from("plain")))
    });
    let mut service = SessionLayer::new(&fixture.sessions, "s")
        .unwrap()
        .layer(inner);
    let response = service
        .ready()
        .await
        .unwrap()
        .call(Request::new(()))
        .await
        .unwrap();
    assert!(cookie_of(response.headers()).is_some());
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "plain"
    );
}

#[apply(trial)]
async fn an_axum_middleware_within_the_layer_reads_and_changes_the_session() {
    async fn only_known(session: Session, request: Request<Body>, next: Next) -> Response<Body> {
        match session.get::<i64>("count").await.unwrap() {
            None => StatusCode::UNAUTHORIZED.into_response(),
            Some(_) => {
                session.insert("seen by", "middleware").unwrap();
                next.run(request).await
            }
        }
    }
    let fixture = fixture();
    let cookie = fixture.counted().await;
    let handler = |session: Session| async move {
        session.update("count", |count: Option<i64>| count.unwrap_or(0) + 1)?;
        let seen_by = session.get::<String>("seen by").await?;
        Ok::<_, SessionError>(seen_by.unwrap_or_default())
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(from_fn(only_known))
        .layer(SessionLayer::new(&fixture.sessions, "s").unwrap());
    let response = ask(app.clone(), "GET", "/", "").await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(ask(app, "GET", "/", &cookie).await.text(), "middleware");
    assert_eq!(
        fixture.store.calls(),
        ["load", "update"],
        "both have the same session"
    );
    let response = ask(fixture.app(), "GET", "/read", &cookie).await;
    assert_eq!(response.text(), "Some(2) new=false");
}

#[apply(trial)]
async fn a_plain_tower_service_within_the_layer_reads_and_changes_the_session() {
    let fixture = fixture();
    let cookie = fixture.counted().await;
    let handler = service_fn(|request: Request<()>| async move {
        let sessions = Sessions::of_request(request.extensions()).unwrap();
        let count = sessions.get("s").unwrap().get::<i64>("count").await;
        Ok::<_, Infallible>(Response::new(count.unwrap().unwrap_or(0)))
    });
    // Around the handler, and within the layer.
    let tenfold = service_fn(move |request: Request<()>| async move {
        let session = request.extensions().get::<Session>().unwrap();
        let count = session.get::<i64>("count").await.unwrap().unwrap_or(0);
        session.insert("count", count * 10).unwrap();
        handler.oneshot(request).await
    });
    let layer = SessionLayer::new(&fixture.sessions, "s").unwrap();
    let request = Request::builder().header(COOKIE, &cookie).body(()).unwrap();
    let response = layer.layer(tenfold).oneshot(request).await.unwrap();
    assert_eq!(fixture.store.calls(), ["load", "update"]);
    assert_eq!(response.headers()[VARY], "Cookie");
    let response = ask(fixture.app(), "GET", "/read", &cookie).await;
    assert_eq!(response.text(), "Some(10) new=false");
}

#[apply(trial)]
async fn several_sessions_are_saved_each_on_its_own_in_the_order_of_names() {
    let fixture = fixture();
    let handler = |sessions: Sessions| async move {
        sessions.get("z").unwrap().insert("n", 1).unwrap();
        sessions
            .get("m")
            .unwrap()
            .insert("big", "x".repeat(70_000))
            .unwrap();
        sessions.get("a").unwrap().insert("n", 1).unwrap();
        sessions.get("untouched").unwrap();
        assert!(sessions.get("not a token").is_err());
    };
    let response = ask(fixture.router(handler), "GET", "/", "").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(matches!(
        **response.extensions().get::<SessionFailure>().unwrap(),
        SessionError::TooLarge(_)
    ));
    let cookies = response.headers().get_all(SET_COOKIE).iter();
    let cookies: Vec<_> = cookies.map(|cookie| cookie.to_str().unwrap()).collect();
    assert_eq!(
        cookies.len(),
        2,
        "the browser is told of those that were saved"
    );
    assert!(cookies[0].starts_with("a=") && cookies[1].starts_with("z="));
    assert_eq!(fixture.store.calls(), ["insert", "insert"]);
}

#[apply(trial)]
async fn the_same_name_is_the_same_session() {
    let fixture = fixture();
    let handler = |session: Session, sessions: Sessions| async move {
        session.insert("n", 1).unwrap();
        assert_eq!(
            sessions.get("s").unwrap().get::<i64>("n").await.unwrap(),
            Some(1)
        );
        assert_eq!(
            sessions.get("t").unwrap().get::<i64>("n").await.unwrap(),
            None
        );
    };
    let response = ask(fixture.router(handler), "GET", "/", "").await;
    assert_eq!(response.headers().get_all(SET_COOKIE).iter().count(), 1);
    assert_eq!(fixture.store.calls(), ["insert"]);
}

#[apply(trial)]
async fn a_session_first_asked_for_after_the_head_cannot_be_changed() {
    let fixture = fixture();
    let (kept, mut left) = tokio::sync::mpsc::unbounded_channel();
    let handler = fixture.router(|sessions: Sessions| async move { kept.send(sessions).unwrap() });
    ask(handler, "GET", "/", "").await;
    let sessions: Sessions = left.recv().await.unwrap();
    let late = sessions.get("late").unwrap();
    assert!(matches!(late.insert("n", 1), Err(SessionError::HeadSent)));
}
