//! Which IDs lead to a session, and which cookie is given when: the events in every order that was
//! once found to log a user out or to keep a session alive.

use std::time::Duration;

use pgstore::store::{Fault, FaultyStore, StoreErrorKind};
use pgstore::{MemoryStore, Session, SessionError};

use super::handlers::{destroy, renew, rotate, write};
use crate::support::app::{App, Told, Visitor};
use crate::support::database::Database;
use crate::support::{apply, log, trial};

/// When a touch is due.
const LATER: u64 = 5 * 24 * 60 * 60;

#[apply(trial)]
async fn a_request_that_read_before_a_login_gives_no_cookie_after_it() {
    for change in [Session::renew, Session::rotate_gently] {
        let app = App::new();
        let mut user = app.log_in().await;
        app.pass(LATER);
        let reads = user.session();
        reads.get::<String>("user").await.unwrap();
        let login = user.session();
        change(&login).unwrap();
        user.save(&login).await.1.unwrap();
        let (told, result) = user.save(&reads).await;
        result.unwrap();
        assert_eq!(told, Told::Nothing, "it read the dead ID");
        assert_eq!(user.user().await.as_deref(), Some("ada"));
    }
}

#[apply(trial)]
async fn a_logout_by_the_first_of_many_ids_ends_the_session() {
    let app = App::new();
    let mut user = app.log_in().await;
    let mut first = user.clone();
    for _ in 0..5 {
        user.request(renew).await.unwrap();
        user.request(rotate).await.unwrap();
    }
    assert_eq!(first.request(destroy).await.unwrap(), Told::Remove);
    assert_eq!(app.store.len(), 0);
    assert_eq!(user.user().await, None);
}

#[apply(trial)]
async fn a_late_write_by_the_first_of_many_ids_is_gone_and_sets_no_cookie() {
    let app = App::new();
    let mut user = app.log_in().await;
    let mut upload = user.clone();
    for _ in 0..3 {
        user.request(renew).await.unwrap(); // The password, a second factor, another right.
        let session = upload.session();
        session.insert("late", true).unwrap();
        let (told, result) = upload.save(&session).await;
        assert!(matches!(result, Err(SessionError::Gone)), "{result:?}");
        assert_eq!(told, Told::Nothing);
    }
    assert_eq!(app.store.len(), 1);
}

#[apply(trial)]
async fn a_late_write_by_a_replaced_id_is_gone_after_the_session_has_ended() {
    let app = App::new();
    let mut user = app.log_in().await;
    let mut upload = user.clone();
    user.request(renew).await.unwrap();
    user.request(destroy).await.unwrap();
    let late = upload.request(write).await;
    assert!(matches!(late, Err(SessionError::Gone)), "{late:?}");
    assert_eq!(app.store.len(), 0);
}

#[apply(trial)]
async fn a_login_that_starts_over_works_with_any_cookie() {
    let app = App::new();
    let mut user = app.log_in().await;
    let session = user.session();
    session.renew().unwrap();
    app.save(&session).await; // The browser gets no response, and the user logs in again.
    let again = |session: Session| async move {
        session.start_over()?;
        session.insert("user", "ada")
    };
    assert!(matches!(user.request(renew).await, Err(SessionError::Gone)));
    assert_eq!(user.request(again).await.unwrap(), Told::Set);
    assert_eq!(user.user().await.as_deref(), Some("ada"));
    assert_eq!(app.store.len(), 1, "the first login has ended");
}

#[apply(trial)]
async fn a_grace_time_of_zero_is_none() {
    let app = App::with(|sessions| sessions.rotation_grace(Duration::ZERO));
    let mut user = app.log_in().await;
    let mut late = user.clone();
    user.request(rotate).await.unwrap();
    assert_eq!(late.user().await, None);
}

#[apply(trial)]
async fn a_rotation_whose_response_was_lost_strands_nobody() {
    let app = App::new();
    let mut user = app.log_in().await;
    let session = user.session();
    session.rotate_gently().unwrap();
    app.save(&session).await; // The browser gets no response.
    app.pass(LATER);
    assert_eq!(user.read().await, (Some("ada".into()), Told::Set));
    assert_eq!(user.read().await, (Some("ada".into()), Told::Nothing));
}

#[apply(trial)]
async fn the_grace_time_begins_when_the_new_id_comes_back() {
    let app = App::new();
    let mut user = app.log_in().await;
    let late = user.clone();
    user.request(rotate).await.unwrap();
    app.pass(1000);
    assert_eq!(late.clone().user().await.as_deref(), Some("ada"));
    user.user().await;
    app.pass(89); // 30 seconds, and 60 because clocks differ.
    assert_eq!(late.clone().user().await.as_deref(), Some("ada"));
    app.pass(1);
    assert_eq!(late.clone().user().await, None);
}

#[apply(trial)]
async fn a_grace_time_holds_where_clocks_differ_by_45_seconds() {
    for ahead in [45, 0] {
        let here = App::new();
        let elsewhere = App::over(here.store.clone());
        elsewhere.pass(ahead);
        here.pass(45 - ahead);
        let mut user = here.log_in().await;
        let late = user.clone();
        user.request(rotate).await.unwrap();
        user.user().await;
        let mut late = Visitor {
            app: &elsewhere,
            cookies: late.cookies,
        };
        elsewhere.pass(29);
        assert_eq!(late.user().await.as_deref(), Some("ada"));
    }
}

#[apply(trial)]
async fn a_request_that_is_moved_along_does_not_rotate_again() {
    for reads_first in [true, false] {
        let app = App::new();
        let mut user = app.log_in().await;
        let mut late = user.clone();
        user.request(rotate).await.unwrap();
        let session = late.session();
        if reads_first {
            session.get::<String>("user").await.unwrap();
        }
        session.rotate_gently().unwrap();
        let (told, result) = late.save(&session).await;
        result.unwrap();
        assert_eq!(told, Told::Set);
        let ids = (user.session().id().await, late.session().id().await);
        assert_eq!(ids.0.unwrap(), ids.1.unwrap());
    }
}

#[apply(trial)]
async fn a_touch_that_may_not_extend_the_session_gives_the_cookie_all_the_same() {
    let app = App::with(|sessions| sessions.touch(pgstore::Touch::Never));
    let mut user = app.log_in().await;
    let mut late = user.clone();
    user.request(rotate).await.unwrap();
    let before = app.row(&user.session()).await;
    app.pass(1000);
    assert_eq!(late.read().await, (Some("ada".into()), Told::Set));
    let after = app.row(&user.session()).await;
    assert_eq!(
        after.expires_on, before.expires_on,
        "reading extends nothing"
    );
}

#[apply(trial)]
async fn a_waiting_logout_ends_a_session_that_was_renewed_meanwhile() {
    let store = FaultyStore::<MemoryStore>::default();
    let (here, elsewhere) = (App::over(store.clone()), App::over(store.inner().clone()));
    let mut user = here.log_in().await;
    let mut other_tab = Visitor {
        app: &elsewhere,
        cookies: user.cookies.clone(),
    };
    store.once("delete", Fault::Fails(StoreErrorKind::Unavailable));
    let logout = user.request(destroy).await;
    assert!(logout.is_err_and(|error| error.is_unavailable()));
    other_tab.request(renew).await.unwrap();
    assert_eq!(other_tab.user().await.as_deref(), Some("ada"));
    while here.sessions.stats().logouts_made_up_for == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(other_tab.user().await, None);
    assert!(store.inner().is_empty());
}

/// A visitor with the cookies of all of these, in this order.
fn with_all(cookies: &[&Visitor<'_>]) -> http::HeaderMap {
    let pairs = cookies.iter().map(|visitor| {
        let header = visitor.cookies.header().expect("it has a cookie");
        header.to_str().unwrap().to_owned()
    });
    let all = pairs.collect::<Vec<_>>().join("; ");
    http::HeaderMap::from_iter([(http::header::COOKIE, all.parse().unwrap())])
}

#[apply(trial)]
async fn of_several_cookies_the_one_whose_session_lives_counts() {
    let app = App::new();
    let mut ended = app.log_in().await;
    let before_the_end = ended.clone();
    ended.request(destroy).await.unwrap();
    let mut renewed = app.log_in().await;
    let replaced = renewed.clone();
    renewed.request(renew).await.unwrap();
    let live = app.log_in().await;
    for others in [
        vec![&before_the_end, &replaced, &live],
        vec![&live, &replaced],
        vec![&replaced, &live, &before_the_end],
    ] {
        let session = app.session(&with_all(&others));
        let user = session.get::<String>("user").await.unwrap();
        assert_eq!(user.as_deref(), Some("ada"));
        assert_eq!(
            session.id().await.unwrap(),
            live.session().id().await.unwrap()
        );
        session.insert("n", 1).unwrap();
        let response = app.save(&session).await;
        assert!(response.get("set-cookie").is_none());
    }
    assert_eq!(app.sessions.stats().several_sessions, 0);
}

#[apply(trial)]
async fn of_the_cookies_of_one_session_that_with_its_current_id_counts() {
    let app = App::new();
    let mut user = app.log_in().await;
    let earlier = user.clone();
    user.request(rotate).await.unwrap();
    let session = app.session(&with_all(&[&earlier, &user]));
    assert!(session.contains("user").await.unwrap());
    assert!(app.save(&session).await.get("set-cookie").is_none());
    assert_eq!(app.sessions.stats().several_sessions, 0);
}

#[apply(trial)]
async fn a_logout_ends_the_session_of_every_cookie() {
    let app = App::new();
    let (one, other) = (app.log_in().await, app.log_in().await);
    let mut renewed = app.log_in().await;
    let replaced = renewed.clone();
    renewed.request(renew).await.unwrap();
    let session = app.session(&with_all(&[&one, &replaced, &other]));
    session.destroy().unwrap();
    app.save(&session).await;
    assert!(app.store.is_empty());
}

#[apply(trial)]
async fn a_logout_of_several_sessions_that_fails_continues_with_all() {
    let app = App::new();
    let (one, other) = (app.log_in().await, app.log_in().await);
    let session = app.session(&with_all(&[&one, &other]));
    session.destroy().unwrap();
    app.store.fail_with(Some(StoreErrorKind::Unavailable));
    let mut response = http::HeaderMap::new();
    let saved = app.sessions.save(&session, &mut response).await;
    assert!(saved.is_err_and(|error| error.is_unavailable()));
    assert_eq!(app.sessions.stats().logouts_taken_over, 2);
    app.store.fail_with(None);
    while app.sessions.stats().logouts_made_up_for < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(app.store.is_empty());
}

#[apply(trial)]
async fn two_live_sessions_are_counted_and_the_first_counts() {
    let app = App::new();
    let (one, other) = (app.log_in().await, app.log_in().await);
    for (first, second) in [(&one, &other), (&other, &one)] {
        let session = app.session(&with_all(&[first, second]));
        session.get::<String>("user").await.unwrap();
        assert_eq!(
            session.id().await.unwrap(),
            first.session().id().await.unwrap()
        );
    }
    assert_eq!(app.sessions.stats().several_sessions, 2);
}

#[apply(trial)]
async fn two_live_sessions_are_reported_once_with_what_to_check() {
    let heard = log::heard(|| async {
        let app = App::new();
        let (one, other) = (app.log_in().await, app.log_in().await);
        for _ in 0..3 {
            let session = app.session(&with_all(&[&one, &other]));
            session.get::<String>("user").await.unwrap();
        }
    });
    let is_warning = |event: &&String| event.contains("Domain and Path") && event.contains("Warn");
    assert_eq!(heard.iter().filter(is_warning).count(), 1, "{heard:#?}");
}

#[apply(trial)]
async fn an_outage_is_none_of_several_cookies_absence() {
    let app = App::new();
    let (one, other) = (app.log_in().await, app.log_in().await);
    app.store.fail_with(Some(StoreErrorKind::Unavailable));
    let session = app.session(&with_all(&[&one, &other]));
    let read = session.get::<String>("user").await;
    assert!(read.is_err_and(|error| error.is_unavailable()));
}

#[apply(trial)]
async fn a_session_keeps_its_row_whatever_refers_to_it() {
    for rule in [
        "CASCADE",
        "RESTRICT",
        "NO ACTION",
        "SET NULL",
        "SET DEFAULT",
    ] {
        let database = Database::fresh().await;
        let app = App::over(database.store().await);
        let mut user = app.log_in().await;
        let client = database.client().await;
        let refer = format!(
            "CREATE TABLE uploads (session BIGINT REFERENCES http_sessions ON DELETE {rule});
             INSERT INTO uploads SELECT id FROM http_sessions"
        );
        client.batch_execute(&refer).await.unwrap();
        user.request(renew).await.unwrap();
        user.request(rotate).await.unwrap();
        user.request(|session| async move {
            session.renew()?;
            session.set_owner("ada")
        })
        .await
        .unwrap();
        let count = "SELECT count(*) FROM uploads JOIN http_sessions ON id = session";
        let referring: i64 = client.query_one(count, &[]).await.unwrap().get(0);
        assert_eq!(referring, 1, "{rule}");
        assert_eq!(user.user().await.as_deref(), Some("ada"));
    }
}

/// What a server answers whose table is distributed by `key`, as Citus does.
const KEY_IS_FIXED: &str = "
    CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod text);
    INSERT INTO pg_dist_partition VALUES ('http_sessions', 'h');
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE feature_not_supported USING MESSAGE = 'modifying the partition value is not allowed';
    END $$;
    CREATE TRIGGER key_is_fixed BEFORE UPDATE ON http_sessions FOR EACH ROW
        WHEN (OLD.key IS DISTINCT FROM NEW.key) EXECUTE FUNCTION refuse()";

#[apply(trial)]
async fn a_trigger_that_refuses_new_ids_is_an_error_and_no_row_is_moved() {
    let database = Database::fresh().await;
    let app = App::over(database.store().await);
    let client = database.client().await;
    client.batch_execute(KEY_IS_FIXED).await.unwrap();
    client
        .batch_execute("DROP TABLE pg_dist_partition")
        .await
        .unwrap();
    let mut user = app.log_in().await;
    let login = user.request(renew).await;
    assert!(matches!(login, Err(SessionError::Store(_))), "{login:?}");
    assert!(app.sessions.probe().await.is_err());
    assert_eq!(user.user().await.as_deref(), Some("ada"));
    let numbers = client.query("SELECT id FROM http_sessions", &[]).await;
    let numbers: Vec<i64> = numbers.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(numbers, [1]);
}

#[apply(trial)]
async fn a_probe_works_where_the_table_is_distributed_by_its_key() {
    let database = Database::fresh().await;
    let app = App::over(database.store().await);
    let client = database.client().await;
    client.batch_execute(KEY_IS_FIXED).await.unwrap();
    app.sessions.probe().await.unwrap();
}

#[apply(trial)]
async fn a_probe_finds_a_table_of_earlier_ids_that_refuses_silently() {
    for event in ["INSERT", "UPDATE"] {
        let database = Database::fresh().await;
        let app = App::over(database.store().await);
        let client = database.client().await;
        let skip = format!(
            "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
             CREATE TRIGGER skip BEFORE {event} ON http_sessions_ids FOR EACH ROW
                 EXECUTE FUNCTION skip()"
        );
        client.batch_execute(&skip).await.unwrap();
        let error = app.sessions.probe().await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::RefusedSilently, "{event}");
    }
}

#[apply(trial)]
async fn a_logout_by_an_id_that_go_has_revived_ends_the_session() {
    let database = Database::fresh().await;
    let app = App::over(database.store().await);
    let mut user = app.log_in().await;
    let mut earlier = user.clone();
    user.request(renew).await.unwrap();
    let revive = "INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on)
                  SELECT ids.key, data, created_on, modified_on, expires_on
                    FROM http_sessions JOIN http_sessions_ids AS ids ON session_id = id";
    let client = database.client().await;
    assert_eq!(client.execute(revive, &[]).await.unwrap(), 1);
    earlier.request(destroy).await.unwrap();
    assert_eq!(user.user().await, None);
    let rows = client
        .query("SELECT FROM http_sessions", &[])
        .await
        .unwrap();
    assert!(rows.is_empty());
}

#[apply(trial)]
async fn ids_change_where_the_table_is_distributed_by_its_key() {
    let database = Database::fresh().await;
    let app = App::over(database.store().await);
    let client = database.client().await;
    client.batch_execute(KEY_IS_FIXED).await.unwrap();
    let mut user = app.log_in().await;
    let first = user.clone();
    user.request(rotate).await.unwrap();
    let rotated = user.clone();
    assert_eq!(first.clone().user().await.as_deref(), Some("ada"));
    user.request(renew).await.unwrap();
    for old in [&first, &rotated] {
        assert_eq!(old.clone().user().await, None);
        let late = old.clone().request(write).await;
        assert!(matches!(late, Err(SessionError::Gone)), "{late:?}");
    }
    assert_eq!(user.user().await.as_deref(), Some("ada"));
    let numbers = client.query("SELECT id FROM http_sessions", &[]).await;
    let numbers: Vec<i64> = numbers.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(numbers, [1], "the row's number stays here, too");
    first.clone().request(destroy).await.unwrap();
    assert_eq!(user.user().await, None);
}
