//! A database of its own for each test, a real server, and a browser for it.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::SystemTime;

use actix_web::dev::ServerHandle;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer, rt};
use http::{HeaderMap, HeaderName, HeaderValue};
use pgstore::testing::Cookies;
use pgstore_actix_session::PostgresStore;
use pgstore_embedded::Schema;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The table of the store.
const TABLE: &str = "actix_sessions";

/// A schema, and stores on it.
pub(crate) struct Database {
    pub(crate) schema: Schema,
}

impl Database {
    pub(crate) async fn fresh() -> Self {
        let schema = Schema::fresh().await;
        Self { schema }
    }

    /// A store whose table is made.
    pub(crate) async fn store(&self) -> PostgresStore {
        let store = PostgresStore::connect(self.schema.url()).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// When the only session ends.
    pub(crate) async fn end(&self) -> SystemTime {
        let end = format!("SELECT expires_on FROM {TABLE}");
        let client = self.schema.client().await;
        client.query_one(&end, &[]).await.unwrap().get(0)
    }

    /// How many rows the store's table has.
    pub(crate) async fn rows(&self) -> i64 {
        self.schema.count(TABLE).await
    }
}

/// An app on a real server with two workers. It stops when this is dropped.
pub(crate) struct Served {
    address: SocketAddr,
    handle: ServerHandle,
}

impl Served {
    pub(crate) fn new(routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> Self {
        let (started, start) = mpsc::channel();
        thread::spawn(move || {
            rt::System::new().block_on(async {
                let app = move || App::new().configure(routes.clone());
                let server = HttpServer::new(app).workers(2).disable_signals();
                let server = server.bind(("127.0.0.1", 0)).unwrap();
                let address = server.addrs()[0];
                let running = server.run();
                started.send((address, running.handle())).unwrap();
                running.await
            })
        });
        let (address, handle) = start.recv().unwrap();
        Self { address, handle }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser {
            address: self.address,
            cookies: Cookies::new(),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The command is sent at once; nobody waits for its end.
        drop(self.handle.stop(false));
    }
}

/// It keeps cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    address: SocketAddr,
    pub(crate) cookies: Cookies,
}

/// What the server answered.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Browser {
    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, "").await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Page {
        self.send("POST", path, form).await
    }

    async fn send(&mut self, method: &str, path: &str, form: &str) -> Page {
        let cookie = self.cookies.header();
        let cookie = cookie.map(|cookies| format!("Cookie: {}\r\n", cookies.to_str().unwrap()));
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            cookie.unwrap_or_default(),
            form.len()
        );
        let mut connection = TcpStream::connect(self.address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        let page = Page::parse(&answer);
        self.cookies.follow(&page.headers);
        page
    }
}

impl Page {
    fn parse(answer: &str) -> Self {
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        };
        Self {
            status: status.parse().unwrap(),
            headers: lines.map(header).collect(),
            text: text.to_owned(),
        }
    }

    /// The `Set-Cookie` header of the session.
    pub(crate) fn set_cookie(&self) -> Option<&str> {
        Some(self.headers.get("set-cookie")?.to_str().unwrap())
    }
}
