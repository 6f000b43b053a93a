//! A login on actix-web and PostgreSQL: `DATABASE_URL=postgres://… cargo run -p pgstore-actix-session
//! --example login`, then open <http://localhost:3000>. The user is `ada`, the password `engine`.

mod app;

use actix_web::cookie::Key;
use actix_web::{App, HttpServer};
use pgstore_actix_session::PostgresStore;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("DATABASE_URL").map_err(|_| "set DATABASE_URL")?;
    let store = PostgresStore::connect(&url).await?.owner_from(app::user_of);
    store.migrate().await?;
    let _sweeping = store.start_sweeping(Default::default()); // until it is dropped

    let key = Key::generate(); // in production: one that stays, or each restart logs everybody out
    let of_each_worker = store.clone();
    let routes = move || {
        let (store, key) = (of_each_worker.clone(), key.clone());
        App::new().configure(move |app| app::routes(app, store, key))
    };
    HttpServer::new(routes)
        .bind(("127.0.0.1", 3000))?
        .run()
        .await?;
    store.close().await;
    Ok(())
}
