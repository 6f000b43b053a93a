//! `expires_on` is rounded up, so that saves change no indexed column. The session ends on time all the
//! same.

use std::time::Duration;

use pgstore::testing::TestClock;
use pgstore::{CookieOptions, PgStore, Session, SessionManagerBuilder, Timestamp, Touch};
use pgstore_embedded::EmbeddedPostgres;

use crate::support::app::{App, Told, Visitor, keys};
use crate::support::chance::Chance;
use crate::support::database::Database;
use crate::support::{apply, trial};

const LIFETIME: Duration = Duration::from_secs(800);

fn limited(sessions: SessionManagerBuilder) -> SessionManagerBuilder {
    sessions.max_age(LIFETIME)
}

async fn count(session: Session) -> Result<(), pgstore::SessionError> {
    session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)
}

fn seconds(number: usize, of: u32) -> Duration {
    Duration::from_secs(number.try_into().unwrap()) / of
}

/// How many of the table's updates were HOT, and how many there were. The server's counts are complete
/// when the store's connections have ended.
async fn hot_updates(database: &Database, store: &PgStore, updates: i64) -> i64 {
    store.close().await;
    let client = database.client().await;
    let counts = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables
        WHERE relid = 'http_sessions'::regclass";
    loop {
        let row = client.query_one(counts, &[]).await.unwrap();
        let (counted, hot): (i64, i64) = (row.get(0), row.get(1));
        if counted == updates {
            return hot;
        }
        tokio::task::yield_now().await;
    }
}

#[apply(trial)]
async fn saves_of_sessions_in_use_change_no_indexed_column() {
    const BROWSERS: i64 = 40;
    const SAVES: i64 = 60;
    // A server of its own: pages are not cleaned while others' transactions may see the old versions.
    let server = EmbeddedPostgres::start().expect("PostgreSQL starts");
    let database = Database::fresh_on(server.url()).await;
    let store = database.store().await;
    let app = App::build(store.clone(), keys(), limited);
    let mut browsers = Vec::new();
    for _ in 0..BROWSERS {
        let mut browser = Visitor::of(&app);
        let log_in = |session: Session| async move {
            session.set_owner("ada")?;
            session.insert("user", "ada")
        };
        browser.request(log_in).await.unwrap();
        browsers.push(browser);
    }
    for _ in 0..SAVES {
        app.pass(1);
        for browser in &mut browsers {
            browser.request(count).await.unwrap();
        }
    }
    let updates = BROWSERS * SAVES;
    let hot = hot_updates(&database, &store, updates).await;
    println!("{hot} of {updates} updates are HOT");
    assert!(hot * 100 >= updates * 95, "{hot} of {updates}");
}

#[apply(trial)]
async fn a_row_never_expires_before_its_session_and_at_most_a_sixteenth_of_its_lifetime_later() {
    let mut chance = Chance::new(16);
    let mut kept = 0;
    let app = App::with(limited);
    for _ in 0..20 {
        let (mut browser, mut lifetime) = (app.log_in().await, LIFETIME);
        let mut stored = app.row(&browser.session()).await.expires_on;
        for _ in 0..40 {
            app.clock
                .advance(seconds(chance.below(20_000_000), 1_000_000));
            if chance.below(10) == 0 {
                lifetime = seconds(20 + chance.below(5000), 1);
                let set = move |session: Session| async move { session.set_max_age(lifetime) };
                browser.request(set).await.unwrap();
            } else {
                browser.request(count).await.unwrap();
            }
            let row = app.row(&browser.session()).await;
            let end = app.now().plus(lifetime);
            assert!(row.expires_on >= end, "{row:?} {end}");
            assert!(row.expires_on <= end.plus(lifetime / 16), "{row:?} {end}");
            kept += u32::from(row.expires_on == stored);
            stored = row.expires_on;
        }
    }
    assert!(kept > 400, "{kept} of 800 saves kept it");
}

/// A shorter maximal age of the cookies than that of the keys: the date of the data ends nothing.
#[apply(trial)]
async fn a_session_ends_on_time_although_its_row_expires_later() {
    let almost = LIFETIME - Duration::from_micros(1);
    for (idle, user) in [(almost, Some("ada")), (LIFETIME, None)] {
        let app = App::with(|sessions| {
            let cookies = CookieOptions::default().max_age(LIFETIME);
            sessions.cookie_options(cookies).touch(Touch::Never)
        });
        app.clock.advance(Duration::from_micros(123_456));
        let mut browser = Visitor::of(&app);
        let log_in = |session: Session| async move {
            session.set_owner("ada")?;
            session.insert("user", "ada")
        };
        browser.request(log_in).await.unwrap();
        app.pass(40);
        browser.request(count).await.unwrap();
        let row = app.row(&browser.session()).await;
        app.clock.advance(idle);
        assert!(row.expires_on > app.now(), "its row lives");
        let listed = app.sessions.sessions_of("ada", None).await.unwrap();
        let ends: Vec<_> = listed.iter().map(|one| one.expires).collect();
        let expected: Vec<Timestamp> = match user {
            Some(_) => vec![row.modified_on.plus(LIFETIME)],
            None => vec![],
        };
        assert_eq!(ends, expected);
        assert_eq!(browser.user().await.as_deref(), user, "{idle:?}");
    }
}

#[apply(trial)]
async fn a_save_that_was_no_use_prolongs_nothing() {
    let app = App::with(|sessions| limited(sessions).touch(Touch::Never));
    app.clock.advance(Duration::from_micros(123_456));
    let mut browser = app.log_in().await;
    let handle = browser.session().handle().await.unwrap();
    let before = app.row(&browser.session()).await;
    for _ in 0..3 {
        app.pass(200);
        let job = app.sessions.by_handle("s", &handle).await.unwrap().unwrap();
        count(job.clone()).await.unwrap();
        app.save(&job).await;
        assert_eq!(app.row(&job).await.expires_on, before.expires_on);
    }
    app.pass(199);
    assert_eq!(browser.user().await.as_deref(), Some("ada"));
    app.pass(1);
    assert_eq!(browser.user().await, None);
}

#[apply(trial)]
async fn a_save_gives_no_cookie_because_the_absolute_timeout_comes_nearer() {
    let app = App::with(|sessions| limited(sessions).absolute_timeout(LIFETIME));
    let mut browser = app.log_in().await;
    for _ in 0..10 {
        app.pass(9);
        assert_eq!(browser.request(count).await.unwrap(), Told::Nothing);
    }
}

#[apply(trial)]
async fn a_cookie_is_given_when_the_application_has_another_maximal_age() {
    let (clock, before) = (TestClock::at(crate::support::app::NOW), App::with(limited));
    let old = before.log_in().await;
    let now = App::build(before.store.clone(), keys(), |sessions| {
        sessions.max_age(2 * LIFETIME).clock(clock)
    });
    let mut browser = Visitor {
        app: &now,
        cookies: old.cookies.clone(),
    };
    assert_eq!(browser.request(count).await.unwrap(), Told::Set);
    assert_eq!(browser.request(count).await.unwrap(), Told::Nothing);
}
