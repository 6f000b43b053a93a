//! The kinds of work whose cost is counted, one function each. Callgrind knows them by their names.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response};
use pgstore::middleware::SessionService;
use pgstore::wire::{SecureCookie, gob};
use pgstore::{Session, SessionLayer, SessionManager, Values};
use tokio::runtime::{Builder, Runtime};
use tower_layer::Layer;
use tower_service::Service;

use crate::still_store::StillStore;
use crate::visit::{NAME, cookie, headers, keys, row, values};

pub struct Bench {
    runtime: Runtime,
    manager: SessionManager,
    service: SessionService<Leave>,
    codec: SecureCookie,
    request: HeaderMap,
    cookie: String,
    row: Vec<u8>,
    values: Values,
}

/// A service that leaves its session alone.
#[derive(Clone)]
struct Leave;

impl Service<Request<()>> for Leave {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(())))
    }
}

impl Bench {
    pub fn new() -> Self {
        let store = StillStore(row());
        let row = store.0.data.clone();
        let manager = SessionManager::builder(store, keys()).build();
        let manager = manager.expect("the manager is well configured");
        let layer = SessionLayer::new(&manager, NAME).expect("the name is good");
        Self {
            runtime: Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime starts"),
            service: layer.layer(Leave),
            codec: SecureCookie::new(keys()).max_age(0),
            manager,
            request: headers(),
            cookie: cookie(),
            row,
            values: values(),
        }
    }

    pub fn do_all(&self) {
        self.open_cookie();
        self.open_row();
        self.seal_row();
        let inner = Request::new(());
        self.inner_service(inner);
        let request = Request::new(());
        self.untouched_without_cookie(request);
        let mut request = Request::new(());
        request.headers_mut().clone_from(&self.request);
        self.untouched_with_cookie(request);
        self.read_a_value();
        self.save_a_change();
        self.save_a_first_row();
    }

    #[inline(never)]
    fn open_cookie(&self) {
        let text = black_box(self.cookie.as_bytes());
        let _ = black_box(self.codec.open(NAME, text, 0, gob::decode_string));
    }

    #[inline(never)]
    fn open_row(&self) {
        let text = black_box(self.row.as_slice());
        let _ = black_box(self.codec.open(NAME, text, 0, Values::decode));
    }

    #[inline(never)]
    fn seal_row(&self) {
        let gob = black_box(&self.values).encode();
        let _ = black_box(self.codec.seal(NAME, &gob, 1_795_704_330, [7; 16]));
    }

    #[inline(never)]
    fn inner_service(&self, request: Request<()>) {
        let _ = black_box(self.runtime.block_on(Leave.call(request)));
    }

    #[inline(never)]
    fn untouched_without_cookie(&self, request: Request<()>) {
        assert!(request.headers().is_empty());
        self.serve(request);
    }

    #[inline(never)]
    fn untouched_with_cookie(&self, request: Request<()>) {
        assert!(!request.headers().is_empty());
        self.serve(request);
    }

    fn serve(&self, request: Request<()>) {
        // As in a router, each request has a clone of the service.
        let mut service = self.service.clone();
        let _ = black_box(self.runtime.block_on(service.call(request)));
    }

    #[inline(never)]
    fn read_a_value(&self) {
        let session = self
            .manager
            .get(&self.request, NAME)
            .expect("the name is good");
        let visits = self.runtime.block_on(session.get::<i64>("visits"));
        assert_eq!(visits.expect("it is read"), Some(1));
    }

    #[inline(never)]
    fn save_a_change(&self) {
        let session = self
            .manager
            .get(&self.request, NAME)
            .expect("the name is good");
        session.insert("visits", 2_i64).expect("it fits");
        self.save(&session);
    }

    #[inline(never)]
    fn save_a_first_row(&self) {
        let session = self
            .manager
            .get(&HeaderMap::new(), NAME)
            .expect("the name is good");
        session.insert("visits", 1_i64).expect("it fits");
        self.save(&session);
    }

    fn save(&self, session: &Session) {
        let mut response = HeaderMap::new();
        let saved = self
            .runtime
            .block_on(self.manager.save(session, &mut response));
        saved.expect("the store saves everything");
        black_box(response);
    }
}
