//! The app of these tests: a page for each thing that a handler does with a session.

use actix_session::config::{CookieContentSecurity, PersistentSession, TtlExtensionPolicy};
use actix_session::{Session, SessionExt as _, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::cookie::time::Duration;
use actix_web::guard::fn_guard;
use actix_web::web::{self, ServiceConfig};
use pgstore_actix_session::PostgresStore;

use crate::support::Served;

/// How long a session of the app lives.
pub(crate) const TTL: Duration = Duration::minutes(10);

/// How the app keeps its sessions.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) security: CookieContentSecurity,
    pub(crate) extension: TtlExtensionPolicy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            security: CookieContentSecurity::Signed,
            extension: TtlExtensionPolicy::OnStateChanges,
        }
    }
}

pub(crate) fn serve(store: &PostgresStore) -> Served {
    serve_with(store, Settings::default())
}

pub(crate) fn serve_with(store: &PostgresStore, settings: Settings) -> Served {
    let (store, key) = (store.clone(), Key::generate());
    Served::new(move |app| routes(app, store.clone(), key.clone(), settings.clone()))
}

fn routes(app: &mut ServiceConfig, store: PostgresStore, key: Key, settings: Settings) {
    let lifecycle = PersistentSession::default()
        .session_ttl(TTL)
        .session_ttl_extension_policy(settings.extension);
    let sessions = SessionMiddleware::builder(store, key)
        .cookie_name("app".to_owned())
        .cookie_path("/".to_owned())
        .cookie_domain(Some("localhost".to_owned()))
        .cookie_content_security(settings.security)
        .session_lifecycle(lifecycle)
        .build();
    let has_user = fn_guard(|request| {
        let user = request.get_session().get::<String>("user");
        user.is_ok_and(|user| user.is_some())
    });
    app.service(
        web::scope("")
            .wrap(sessions)
            .route("/untouched", web::get().to(async |_: Session| "hello"))
            .route("/number", web::get().to(number))
            .route("/add", web::get().to(add))
            .route("/login", web::get().to(login))
            .route("/purge", web::get().to(purge))
            .service(web::resource("/users-only").guard(has_user).to(number)),
    );
}

async fn number(session: Session) -> String {
    format!("{:?}", session.get::<u32>("number").unwrap())
}

async fn add(session: Session) -> String {
    let sum = session.get::<u32>("number").unwrap().unwrap_or(0) + 1;
    session.insert("number", sum).unwrap();
    sum.to_string()
}

async fn login(session: Session) -> &'static str {
    session.insert("user", "ada").unwrap();
    session.renew();
    "welcome"
}

async fn purge(session: Session) -> &'static str {
    session.purge();
    "bye"
}
