//! A browser in front of a tower service.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;

use bytes::BufMut;
use http::header::{CONTENT_TYPE, COOKIE, HeaderMap, HeaderName};
use http::{Extensions, Method, Request, Response, StatusCode};
use http_body::Body;
use tower_service::Service;

use super::Cookies;

/// A browser that asks a tower service, such as an axum `Router`, and keeps its cookies.
///
/// Every request goes to a clone of the service, without a network. Clone a browser to have two
/// with the same cookies; make several over clones of one application for several users. It
/// follows no redirects.
///
/// ```
/// use axum::{Router, routing::{get, post}};
/// use pgstore::{Session, SessionError, SessionLayer, SessionManager};
/// use pgstore::testing::Browser;
///
/// # async fn test(sessions: SessionManager) -> Result<(), Box<dyn std::error::Error>> {
/// async fn log_in(session: Session) -> Result<(), SessionError> {
///     session.renew()?;
///     session.insert("user", "ada")
/// }
///
/// async fn user(session: Session) -> Result<String, SessionError> {
///     Ok(session.get("user").await?.unwrap_or_default())
/// }
///
/// let app = Router::new()
///     .route("/login", post(log_in))
///     .route("/", get(user))
///     .layer(SessionLayer::new(&sessions, "session")?);
///
/// let mut browser = Browser::new(app.clone());
/// browser.post_form("/login", "user=ada").await;
/// assert_eq!(browser.get("/").await.text(), "ada");
///
/// let mut stranger = Browser::new(app);
/// assert_eq!(stranger.get("/").await.text(), "");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Browser<S> {
    app: S,
    cookies: Cookies,
}

impl<S> Browser<S> {
    /// A browser without cookies.
    pub fn new(app: S) -> Self {
        Self::with_cookies(app, Cookies::new())
    }

    /// A browser that has cookies already.
    pub fn with_cookies(app: S, cookies: Cookies) -> Self {
        Self { app, cookies }
    }

    /// Its cookies.
    pub fn cookies(&self) -> &Cookies {
        &self.cookies
    }

    /// Its cookies, to forge or remove one.
    pub fn cookies_mut(&mut self) -> &mut Cookies {
        &mut self.cookies
    }

    /// Sends a GET request.
    ///
    /// # Panics
    ///
    /// As [`send`](Self::send) does, and if `uri` is not a URI.
    pub async fn get<B>(&mut self, uri: &str) -> Page
    where
        S: Service<Request<String>, Response = Response<B>, Error: fmt::Debug> + Clone,
        B: Body<Error: fmt::Debug>,
    {
        self.send(request(Method::GET, uri, String::new())).await
    }

    /// Sends a POST request with a form: its fields as they are encoded, such as `user=ada&n=1`.
    ///
    /// # Panics
    ///
    /// As [`send`](Self::send) does, and if `uri` is not a URI.
    pub async fn post_form<B>(&mut self, uri: &str, form: &str) -> Page
    where
        S: Service<Request<String>, Response = Response<B>, Error: fmt::Debug> + Clone,
        B: Body<Error: fmt::Debug>,
    {
        let mut request = request(Method::POST, uri, form.to_owned());
        let form = http::HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        self.send(request).await
    }

    /// Sends any request with the browser's cookies, and follows the response's `Set-Cookie`
    /// headers. A `Cookie` header that the request has is sent in their place.
    ///
    /// # Panics
    ///
    /// If the service or the response's body fails: an application answers with a status instead.
    pub async fn send<A, B>(&mut self, mut request: Request<A>) -> Page
    where
        S: Service<Request<A>, Response = Response<B>, Error: fmt::Debug> + Clone,
        B: Body<Error: fmt::Debug>,
    {
        if let Some(cookies) = self.cookies.header()
            && !request.headers().contains_key(COOKIE)
        {
            request.headers_mut().insert(COOKIE, cookies);
        }
        let mut app = self.app.clone();
        let ready = poll_fn(|context| app.poll_ready(context)).await;
        ready.expect("the service is ready");
        let response = app.call(request).await;
        let (head, body) = response.expect("the service answers").into_parts();
        self.cookies.follow(&head.headers);
        Page {
            status: head.status,
            headers: head.headers,
            extensions: head.extensions,
            body: read(body).await,
        }
    }
}

/// Shows no cookie's value.
impl<S> fmt::Debug for Browser<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Browser");
        shown
            .field("cookies", &self.cookies)
            .finish_non_exhaustive()
    }
}

/// A response with its whole body.
pub struct Page {
    status: StatusCode,
    headers: HeaderMap,
    extensions: Extensions,
    body: Vec<u8>,
}

impl Page {
    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// All headers, `Set-Cookie` with its secrets included.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// What layers noted on the response, such as
    #[cfg_attr(
        feature = "middleware",
        doc = "[`SessionFailure`](crate::middleware::SessionFailure)."
    )]
    #[cfg_attr(not(feature = "middleware"), doc = "`SessionFailure`.")]
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text. Bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Shows the names of the headers alone: their values may be secrets.
impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("Page")
            .field("status", &self.status)
            .field("headers", &headers)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

fn request(method: Method, uri: &str, body: String) -> Request<String> {
    let request = Request::builder().method(method).uri(uri).body(body);
    request.expect("a test's URI is one")
}

async fn read<B: Body<Error: fmt::Debug>>(body: B) -> Vec<u8> {
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        // Trailers hold no data.
        if let Ok(data) = frame.expect("the body is read").into_data() {
            bytes.put(data);
        }
    }
    bytes
}
