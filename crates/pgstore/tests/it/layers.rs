//! The session layer among the layers of tower and tower-http.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderName, HeaderValue, SET_COOKIE};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use pgstore::{MemoryStore, Session, SessionError, SessionLayer, SessionManager, Sessions};
use tower::util::option_layer;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::map_response_body::MapResponseBodyLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::support::{apply, secrets, trial};

const OUTER: HeaderName = HeaderName::from_static("x-outer");

fn layer() -> SessionLayer {
    let keys = secrets::keys(&[b"the hash key of the trials of layers"]);
    let sessions = SessionManager::builder(MemoryStore::new(), keys);
    SessionLayer::new(&sessions.build().unwrap(), "s").unwrap()
}

fn timeout() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_millis(50))
}

fn outer() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(OUTER, HeaderValue::from_static("yes"))
}

fn router() -> Router {
    Router::new()
        .route("/write", get(write))
        .route("/slow", get(slow))
        .route("/panic", get(panics))
        .route("/optional", get(optional))
}

async fn write(session: Session) -> Result<String, SessionError> {
    session.insert("n", 1)?;
    Ok("written ".repeat(100))
}

async fn slow(session: Session) -> Result<(), SessionError> {
    session.insert("n", 1)?;
    std::future::pending().await
}

async fn panics(session: Session) -> String {
    session.insert("n", 1).unwrap();
    panic!("the handler panics on purpose")
}

async fn optional(session: Option<Session>, sessions: Option<Sessions>) -> String {
    format!("{} {}", session.is_some(), sessions.is_some())
}

async fn ask(app: Router, path: &str) -> Response<Body> {
    let request = Request::get(path).header(ACCEPT_ENCODING, "gzip");
    let request = request.body(Body::empty()).unwrap();
    app.oneshot(request).await.unwrap()
}

#[apply(trial)]
async fn layers_of_tower_http_stack_with_the_session_in_one_service_builder() {
    let outside = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(CatchPanicLayer::new())
        .layer(outer())
        .layer(CompressionLayer::new())
        .layer(timeout())
        .layer(layer());
    let inside = ServiceBuilder::new()
        .layer(layer())
        .layer(timeout())
        .layer(CompressionLayer::new())
        .layer(outer())
        .layer(CatchPanicLayer::new())
        .layer(TraceLayer::new_for_http());
    for app in [router().layer(outside), router().layer(inside)] {
        let response = ask(app.clone(), "/write").await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.headers().contains_key(SET_COOKIE));
        assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
        assert_eq!(response.headers()[OUTER], "yes");
        let response = ask(app.clone(), "/slow").await;
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
        assert!(!response.headers().contains_key(SET_COOKIE));
        let response = ask(app, "/panic").await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!response.headers().contains_key(SET_COOKIE));
    }
}

#[apply(trial)]
async fn layers_stack_in_a_tuple_and_between_axum_middleware() {
    async fn first(
        session: Session,
        request: axum::extract::Request,
        next: Next,
    ) -> Response<Body> {
        session.insert("by", "the middleware").unwrap();
        next.run(request).await
    }
    let app = router().layer((timeout(), outer(), layer(), from_fn(first), timeout()));
    let response = ask(app, "/write").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers().contains_key(SET_COOKIE));
    assert_eq!(response.headers()[OUTER], "yes");
}

#[apply(trial)]
async fn an_optional_layer_gives_a_session_only_if_it_is_there() {
    for (sessions, expected) in [(Some(layer()), "true true"), (None, "false false")] {
        let sessions = sessions.map(|layer| (MapResponseBodyLayer::new(Body::new), layer));
        let response = ask(router().layer(option_layer(sessions)), "/optional").await;
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, expected);
    }
    let response = ask(router(), "/write").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("pgstore::SessionLayer"));
}

#[apply(trial)]
async fn a_timeout_makes_a_response_around_a_service_without_axum() {
    let service = service_fn(|request: Request<()>| async move {
        request
            .extensions()
            .get::<Session>()
            .unwrap()
            .insert("n", 1)
            .unwrap();
        if request.uri().path() == "/slow" {
            std::future::pending::<()>().await;
        }
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("done")))
    });
    let service = (timeout(), option_layer(Some(outer())), layer()).layer(service);
    let request = |path| Request::get(path).body(()).unwrap();
    let response = service.clone().oneshot(request("/slow")).await.unwrap();
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert!(
        response
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .is_empty()
    );
    let response = service.oneshot(request("/")).await.unwrap();
    assert!(response.headers().contains_key(SET_COOKIE));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "done");
}
