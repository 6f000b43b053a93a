//! The direct API: sessions from headers and into headers, without middleware.

use std::collections::HashMap;
use std::time::Duration;

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use pgstore::store::SpyStore;
use pgstore::testing::TestClock;
use pgstore::{
    ConfigError, CookieError, CookieOptions, GoPeer, MaxAge, Session, SessionError, SessionManager,
    SessionManagerBuilder, Store, StoreErrorKind, Timestamp, go,
};

use crate::support::browser::next_request;
use crate::support::database::Database;
use crate::support::secrets::{self, Shown, Told};
use crate::support::{apply, trial};

const NOW: i64 = 1_700_000_000;

fn builder(store: &SpyStore) -> SessionManagerBuilder {
    let keys = secrets::keys(&[b"the hash key of this file"]);
    SessionManager::builder(store.clone(), keys).clock(TestClock::at(NOW))
}

fn manager(store: &SpyStore) -> SessionManager {
    builder(store).build().unwrap().shown()
}

#[apply(trial)]
async fn the_originals_example_works_line_by_line() {
    let database = Database::fresh().await;
    let keys = secrets::keys(&[b"the hash key of this file"]);
    let sessions = SessionManager::builder(database.store().await, keys)
        .build()
        .unwrap()
        .shown();

    let mut response = HeaderMap::new();
    let session = sessions.get(&HeaderMap::new(), "session-key").unwrap();
    session.insert("foo", "bar").unwrap();
    sessions.save(&session, &mut response).await.unwrap();

    let request = next_request(&response);
    let session = sessions.get(&request, "session-key").unwrap();
    assert_eq!(
        session.get::<String>("foo").await.unwrap().as_deref(),
        Some("bar")
    );

    let mut response = HeaderMap::new();
    session.set_max_age(-1).unwrap();
    sessions.save(&session, &mut response).await.unwrap();
    assert!(
        response[SET_COOKIE]
            .to_str()
            .unwrap()
            .starts_with("session-key=; ")
    );

    let session = sessions.get(&request, "session-key").unwrap();
    assert!(session.is_new().await.unwrap());
}

// Go: IsNew is never cleared, so there this makes two rows.
#[apply(trial)]
async fn a_session_saved_twice_is_one_row() {
    let store = SpyStore::default();
    let sessions = manager(&store);
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    let mut response = HeaderMap::new();
    session.insert("n", 1).unwrap();
    sessions.save(&session, &mut response).await.unwrap();
    session.insert("n", 2).unwrap();
    sessions.save(&session, &mut response).await.unwrap();
    sessions.save(&session, &mut response).await.unwrap();
    assert_eq!(store.calls(), ["insert", "update"]);
    assert!(!session.is_new().await.unwrap());
    let session = sessions.get(&next_request(&response), "s").unwrap();
    assert_eq!(session.get::<i64>("n").await.unwrap(), Some(2));
}

#[apply(trial)]
async fn what_failed_to_be_saved_is_saved_by_the_next_attempt() {
    let store = SpyStore::default();
    let sessions = manager(&store);
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    session.insert("n", 1).unwrap();
    let mut response = HeaderMap::new();
    store.inner().fail_with(Some(StoreErrorKind::Unavailable));
    let error = sessions
        .save(&session, &mut response)
        .await
        .told()
        .unwrap_err();
    assert!(error.is_unavailable());
    assert!(!response.contains_key(SET_COOKIE));
    store.inner().fail_with(None);
    sessions.save(&session, &mut response).await.unwrap();
    assert!(response.contains_key(SET_COOKIE));
}

#[apply(trial)]
async fn a_name_that_is_no_token_is_refused() {
    let sessions = manager(&SpyStore::default());
    let error = sessions.get(&HeaderMap::new(), "a b").told().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("invalid character in the cookie name \"a b\"")
    );
}

#[apply(trial)]
async fn options_are_a_sessions_own() {
    let sessions = manager(&SpyStore::default());
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    session
        .set_options(CookieOptions::go().path("/app").max_age(60))
        .unwrap();
    session.insert("n", 1).unwrap();
    let mut response = HeaderMap::new();
    sessions.save(&session, &mut response).await.unwrap();
    let set_cookie = response[SET_COOKIE].to_str().unwrap();
    assert!(set_cookie.ends_with("; Path=/app; Expires=Tue, 14 Nov 2023 22:14:20 GMT; Max-Age=60"));
    let other = sessions.get(&HeaderMap::new(), "s").unwrap();
    assert_eq!(
        other.options(),
        CookieOptions::default().max_age(30 * 24 * 60 * 60)
    );
}

#[apply(trial)]
async fn the_id_is_known_once_the_session_is_stored() {
    let sessions = manager(&SpyStore::default());
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    assert_eq!(session.id().await.unwrap(), None);
    session.insert("n", 1).unwrap();
    let mut response = HeaderMap::new();
    sessions.save(&session, &mut response).await.unwrap();
    let id = session.id().await.unwrap();
    assert!(id.is_some());
    let again = sessions.get(&next_request(&response), "s").unwrap();
    assert_eq!(again.id().await.unwrap(), id);
    assert_eq!(again.name(), "s");
    again.renew().unwrap();
    sessions.save(&again, &mut response).await.unwrap();
    assert_ne!(again.id().await.unwrap(), id);
}

#[apply(trial)]
async fn the_special_keys_set_the_rows_times_by_the_rule_of_the_later() {
    let store = SpyStore::default();
    let sessions = builder(&store).max_age(Duration::from_secs(100));
    let sessions = sessions.build().unwrap();
    for (special, expected, latest) in [
        (NOW + 500, NOW + 500, NOW + 500),
        (NOW + 50, NOW + 100, NOW + 106),
    ] {
        let session = sessions.get(&HeaderMap::new(), "s").unwrap();
        let at = |seconds| go::Time::from(std::time::UNIX_EPOCH + Duration::from_secs(seconds));
        session
            .insert("expires_on", at(special.try_into().unwrap()))
            .unwrap();
        session.insert("created_on", at(1_000_000_000)).unwrap();
        sessions
            .save(&session, &mut HeaderMap::new())
            .await
            .unwrap();
        let row = row_of(&store, &session).await;
        assert!(row.expires_on >= Timestamp::from_unix_seconds(expected));
        assert!(row.expires_on.unix_seconds() <= latest, "{row:?}");
        assert_eq!(row.created_on, Timestamp::from_unix_seconds(1_000_000_000));
        assert_eq!(row.modified_on, Timestamp::from_unix_seconds(NOW));
    }
}

async fn row_of(store: &SpyStore, session: &Session) -> pgstore::store::Row {
    use pgstore::Store;
    let id = session.id().await.unwrap().unwrap();
    store
        .load(&id, Timestamp::from_unix_seconds(NOW))
        .await
        .unwrap()
        .into_row()
        .unwrap()
}

// Go: panics on such an `expires_on`.
#[apply(trial)]
async fn a_special_key_without_a_time_is_an_error_that_names_it() {
    let store = SpyStore::default();
    let sessions = manager(&store);
    for key in ["expires_on", "created_on"] {
        for no_time in ["tomorrow", "2030-01-01T00:00:00Z"] {
            let session = sessions.get(&HeaderMap::new(), "s").unwrap();
            session.insert(key, no_time).unwrap();
            let error = sessions
                .save(&session, &mut HeaderMap::new())
                .await
                .told()
                .unwrap_err();
            assert!(matches!(error, SessionError::Value(_)));
            assert!(error.to_string().contains(key), "{error}");
            assert_eq!(store.calls(), [""; 0]);
        }
    }
}

#[apply(trial)]
async fn several_sessions_are_saved_by_one_call() {
    let store = SpyStore::default();
    let manager = manager(&store);
    let sessions = manager.sessions(&HeaderMap::new());
    sessions.get("b").unwrap().insert("n", 1).unwrap();
    sessions.get("a").unwrap().insert("n", 2).unwrap();
    let mut response = HeaderMap::new();
    manager.save_all(&sessions, &mut response).await.unwrap();
    let names: Vec<_> = response
        .get_all(SET_COOKIE)
        .iter()
        .map(|c| c.as_bytes()[0])
        .collect();
    assert_eq!(names, b"ab");
    let sessions = manager.sessions(&next_request(&response));
    assert_eq!(
        sessions.get("b").unwrap().get::<i64>("n").await.unwrap(),
        Some(1)
    );
    assert_eq!(
        sessions.get("a").unwrap().get::<i64>("n").await.unwrap(),
        Some(2)
    );
}

#[apply(trial)]
async fn two_tasks_may_use_one_session() {
    let store = SpyStore::default();
    let sessions = manager(&store);
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    let tasks = (0..50).map(|n| {
        let session = session.clone();
        tokio::spawn(async move {
            session.get::<i64>("n").await.unwrap();
            session.insert(format!("key {n}"), n).unwrap();
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    sessions
        .save(&session, &mut HeaderMap::new())
        .await
        .unwrap();
    assert_eq!(session.values().await.unwrap().len(), 50);
    assert_eq!(store.calls(), ["insert"]);
}

#[apply(trial)]
async fn a_lower_maximal_age_ends_older_sessions() {
    let (store, clock) = (SpyStore::default(), TestClock::at(NOW));
    let builder = builder(&store).clock(clock.clone());
    let sessions = builder.clone().build().unwrap();
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    session.insert("n", 1).unwrap();
    let mut response = HeaderMap::new();
    sessions.save(&session, &mut response).await.unwrap();
    clock.advance(Duration::from_secs(61));
    let lower = builder.max_age(Duration::from_secs(60));
    let lower = lower.build().unwrap();
    let request = next_request(&response);
    assert!(!sessions.get(&request, "s").unwrap().is_new().await.unwrap());
    assert!(lower.get(&request, "s").unwrap().is_new().await.unwrap());
    assert_eq!(
        lower.get(&request, "s").unwrap().options().clone(),
        lower_options()
    );
}

fn lower_options() -> CookieOptions {
    CookieOptions::default().max_age(MaxAge::For(Duration::from_secs(60)))
}

#[apply(trial)]
async fn a_save_that_was_cut_off_is_made_up_for_by_the_next_one() {
    let store = SpyStore::default();
    let sessions = manager(&store);
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    session.insert("n", 1).unwrap();
    let mut response = HeaderMap::new();
    sessions.save(&session, &mut response).await.unwrap();

    session.renew().unwrap();
    session.insert("n", 2).unwrap();
    let old = session.id().await.unwrap().unwrap();
    let held = store.hold();
    {
        let mut response = HeaderMap::new();
        let save = sessions.save(&session, &mut response);
        tokio::select! {
            biased;
            _ = save => panic!("the store holds it"),
            () = held.reached() => {}
        }
    }
    held.release();
    let mut response = HeaderMap::new();
    sessions.save(&session, &mut response).await.unwrap();
    assert!(
        response.contains_key(SET_COOKIE),
        "the browser learns the new ID"
    );
    assert_ne!(session.id().await.unwrap().unwrap(), old);
    let again = sessions.get(&next_request(&response), "s").unwrap();
    assert_eq!(again.get::<i64>("n").await.unwrap(), Some(2));
}

#[apply(trial)]
async fn a_renewal_during_a_save_is_not_lost() {
    let store = SpyStore::default();
    let sessions = manager(&store);
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    session.insert("n", 1).unwrap();
    sessions
        .save(&session, &mut HeaderMap::new())
        .await
        .unwrap();
    let old = session.id().await.unwrap();

    session.insert("n", 2).unwrap();
    let held = store.hold();
    let mut response = HeaderMap::new();
    let renew = async {
        held.reached().await;
        session.renew().unwrap();
        held.release();
    };
    let (saved, ()) = tokio::join!(sessions.save(&session, &mut response), renew);
    saved.unwrap();
    sessions.save(&session, &mut response).await.unwrap();
    assert_ne!(session.id().await.unwrap(), old);
    assert!(response.contains_key(SET_COOKIE));
    assert_eq!(store.calls(), ["insert", "update", "rename"]);
}

#[apply(trial)]
async fn a_change_during_a_save_is_for_the_next_one() {
    let store = SpyStore::default();
    let sessions = manager(&store);
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    session.insert("n", 1).unwrap();
    let held = store.hold();
    let mut response = HeaderMap::new();
    let change = async {
        held.reached().await;
        session.insert("n", 2).unwrap();
        held.release();
    };
    let (saved, ()) = tokio::join!(sessions.save(&session, &mut response), change);
    saved.unwrap();
    let other = sessions.get(&next_request(&response), "s").unwrap();
    assert_eq!(other.get::<i64>("n").await.unwrap(), Some(1));
    sessions
        .save(&session, &mut HeaderMap::new())
        .await
        .unwrap();
    let other = sessions.get(&next_request(&response), "s").unwrap();
    assert_eq!(other.get::<i64>("n").await.unwrap(), Some(2));
}

#[apply(trial)]
async fn options_of_a_failed_save_are_in_the_next_ones_cookie() {
    let store = SpyStore::default();
    let sessions = manager(&store);
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    session.insert("n", 1).unwrap();
    sessions
        .save(&session, &mut HeaderMap::new())
        .await
        .unwrap();
    session.set_max_age(3600).unwrap();
    let mut response = HeaderMap::new();
    store.inner().fail_with(Some(StoreErrorKind::Unavailable));
    sessions
        .save(&session, &mut response)
        .await
        .told()
        .unwrap_err();
    store.inner().fail_with(None);
    sessions.save(&session, &mut response).await.unwrap();
    assert!(
        response[SET_COOKIE]
            .to_str()
            .unwrap()
            .contains("Max-Age=3600;")
    );
}

/// Saves the session of a request after so many seconds, and returns its cookie if there is one.
async fn saved_after(
    sessions: &SessionManager,
    clock: &TestClock,
    request: &HeaderMap,
    seconds: u64,
) -> Option<String> {
    clock.advance(Duration::from_secs(seconds));
    let session = sessions.get(request, "s").unwrap();
    session
        .update("n", |n: Option<i64>| n.unwrap_or(0) + 1)
        .unwrap();
    let mut response = HeaderMap::new();
    sessions.save(&session, &mut response).await.unwrap();
    Some(response.get(SET_COOKIE)?.to_str().unwrap().to_owned())
}

#[apply(trial)]
async fn the_cookie_follows_a_maximal_age_of_its_own() {
    let clock = TestClock::at(NOW);
    let hour = CookieOptions::default().max_age(3600);
    let sessions = builder(&SpyStore::default())
        .clock(clock.clone())
        .cookie_options(hour)
        .build()
        .unwrap();
    let first = saved_after(&sessions, &clock, &HeaderMap::new(), 0)
        .await
        .unwrap();
    let cookie = HeaderValue::from_str(first.split(';').next().unwrap()).unwrap();
    let request = HeaderMap::from_iter([(COOKIE, cookie)]);
    assert_eq!(saved_after(&sessions, &clock, &request, 449).await, None);
    let renewed = saved_after(&sessions, &clock, &request, 1).await.unwrap();
    assert!(
        renewed.contains("Max-Age=3600;"),
        "an eighth of the hour has passed"
    );
}

// Go: a session's own Options.MaxAge holds for one save, and stands in expires_on alone.
#[apply(trial)]
async fn a_row_of_another_lifetime_gets_its_cookie_again() {
    let (store, clock) = (SpyStore::default(), TestClock::at(NOW));
    let sessions = builder(&store).clock(clock.clone());
    let sessions = sessions.build().unwrap();
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    session.insert("n", 1).unwrap();
    let mut response = HeaderMap::new();
    sessions.save(&session, &mut response).await.unwrap();
    let row = row_of(&store, &session).await;
    let by_go = pgstore::store::Row {
        modified_on: row.modified_on.plus(Duration::from_micros(1)),
        expires_on: row.modified_on.plus(Duration::from_secs(600)),
        extras: pgstore::store::RowExtras::default(),
        ..row.clone()
    };
    let id = session.id().await.unwrap().unwrap();
    let written = store.update(&id, row.modified_on, &by_go).await.unwrap();
    assert_eq!(written, pgstore::store::Written::Saved);
    let again = saved_after(&sessions, &clock, &next_request(&response), 1)
        .await
        .unwrap();
    assert!(
        again.contains("Max-Age=2592000;"),
        "the browser keeps it as long as the row lives"
    );
}

#[apply(trial)]
async fn the_order_of_settings_does_not_matter() {
    let (day, options) = (Duration::from_secs(86_400), CookieOptions::default());
    let one = builder(&SpyStore::default())
        .max_age(day)
        .cookie_options(options.clone());
    let other = builder(&SpyStore::default())
        .cookie_options(options)
        .max_age(day);
    for sessions in [one, other] {
        let sessions = sessions.build().unwrap();
        let clock = TestClock::at(NOW);
        let cookie = saved_after(&sessions, &clock, &HeaderMap::new(), 0)
            .await
            .unwrap();
        assert!(cookie.contains("Max-Age=86400;"), "{cookie}");
    }
}

#[apply(trial)]
async fn a_negative_maximal_age_for_all_is_refused() {
    let options = CookieOptions::default().max_age(-1);
    let sessions = builder(&SpyStore::default()).cookie_options(options);
    let error = sessions.build().told().unwrap_err();
    assert!(matches!(error, ConfigError::Cookie(CookieError::Deletes)));
}

#[apply(trial)]
async fn a_cookie_fits_whatever_length_rows_may_have() {
    let store = SpyStore::default();
    let sessions = builder(&store).max_length(150);
    let sessions = sessions.build().unwrap();
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    session.insert("n", 1).unwrap();
    let mut response = HeaderMap::new();
    sessions.save(&session, &mut response).await.unwrap();
    let session = sessions.get(&next_request(&response), "s").unwrap();
    assert_eq!(session.get::<i64>("n").await.unwrap(), Some(1));
}

#[apply(trial)]
async fn types_that_go_has_not_registered_are_refused_with_the_line_it_lacks() {
    let store = SpyStore::default();
    let sessions = builder(&store).go_peer(GoPeer::registered(["time.Time"]));
    let sessions = sessions.build().unwrap();
    let now = std::time::UNIX_EPOCH;
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    session.get::<i64>("n").await.unwrap();
    session.insert("at", now).unwrap();
    let error = session
        .insert("map", HashMap::from([("a", 1)]))
        .told()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("gob.Register(map[string]interface{}{})"),
        "{error}"
    );
    sessions
        .save(&session, &mut HeaderMap::new())
        .await
        .unwrap();

    let unread = sessions.get(&HeaderMap::new(), "s").unwrap();
    unread.add_flash(HashMap::from([("a", 1)])).unwrap();
    let error = sessions
        .save(&unread, &mut HeaderMap::new())
        .await
        .told()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("gob.Register(map[string]interface{}{})"),
        "{error}"
    );
    assert_eq!(store.calls(), ["insert"]);
}

#[apply(trial)]
async fn an_update_of_another_type_or_one_that_panics_changes_nothing() {
    let sessions = manager(&SpyStore::default());
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    session.insert("name", "ada").unwrap();
    session.get::<String>("name").await.unwrap();
    let error = session
        .update("name", |n: Option<i64>| n.unwrap_or(0))
        .told()
        .unwrap_err();
    assert!(matches!(error, SessionError::Value(_)));
    let error = session.update("name", |_: Option<String>| -> String { panic!("expected") });
    assert!(matches!(
        error.told().unwrap_err(),
        SessionError::UpdatePanicked
    ));
    assert_eq!(
        session.get::<String>("name").await.unwrap().as_deref(),
        Some("ada")
    );
}

#[apply(trial)]
async fn errors_of_reading_show_nothing_of_the_value() {
    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[allow(dead_code, reason = "only its name counts")]
        known: Option<bool>,
    }
    #[derive(Debug, serde::Deserialize)]
    enum Choice {
        #[allow(dead_code, reason = "only its name counts")]
        Known,
    }
    let sessions = manager(&SpyStore::default());
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    session.insert("text", "topsecret").unwrap();
    session
        .insert("map", HashMap::from([("topsecret", "topsecret")]))
        .unwrap();
    let errors = [
        session.get::<i64>("text").await.told().unwrap_err(),
        session.get::<Choice>("text").await.told().unwrap_err(),
        session
            .get::<std::net::IpAddr>("text")
            .await
            .told()
            .unwrap_err(),
        session.get::<Strict>("map").await.told().unwrap_err(),
        session.get::<Vec<bool>>("map").await.told().unwrap_err(),
    ];
    for error in errors {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("topsecret"), "{shown}");
    }
}

#[apply(trial)]
async fn a_session_ends_in_time_after_a_node_whose_clock_was_ahead() {
    let (store, clock) = (SpyStore::default(), TestClock::at(NOW));
    let behind = builder(&store).clock(clock.clone());
    let ahead = behind.clone().clock(TestClock::at(NOW + 100));
    let [behind, ahead] = [behind, ahead].map(|sessions| sessions.build().unwrap());
    let session = ahead.get(&HeaderMap::new(), "s").unwrap();
    session.insert("n", 1).unwrap();
    let mut response = HeaderMap::new();
    ahead.save(&session, &mut response).await.unwrap();

    let request = next_request(&response);
    let session = behind.get(&request, "s").unwrap();
    session.insert("n", 2).unwrap();
    session.set_max_age(60).unwrap();
    behind.save(&session, &mut HeaderMap::new()).await.unwrap();
    clock.advance(Duration::from_secs(101));
    assert!(behind.get(&request, "s").unwrap().is_new().await.unwrap());
}

#[apply(trial)]
async fn a_session_destroyed_while_it_is_read_stays_empty() {
    let store = SpyStore::default();
    let sessions = manager(&store);
    let session = sessions.get(&HeaderMap::new(), "s").unwrap();
    session.insert("n", 1).unwrap();
    let mut response = HeaderMap::new();
    sessions.save(&session, &mut response).await.unwrap();

    let session = sessions.get(&next_request(&response), "s").unwrap();
    let held = store.hold();
    let destroy = async {
        held.reached().await;
        session.destroy().unwrap();
        held.release();
    };
    let (read, ()) = tokio::join!(session.get::<i64>("n"), destroy);
    assert_eq!(read.unwrap(), None);
    assert!(session.is_new().await.unwrap());
    sessions
        .save(&session, &mut HeaderMap::new())
        .await
        .unwrap();
    assert_eq!(store.calls(), ["insert", "load", "delete"]);
}

#[apply(trial)]
async fn a_flash_taken_by_two_requests_takes_no_later_one_with_it() {
    let sessions = manager(&SpyStore::default());
    let first = sessions.get(&HeaderMap::new(), "s").unwrap();
    first.add_flash("saved").unwrap();
    let mut response = HeaderMap::new();
    sessions.save(&first, &mut response).await.unwrap();
    let request = next_request(&response);

    let takers = [(); 2].map(|()| sessions.get(&request, "s").unwrap());
    for taker in &takers {
        taker.is_new().await.unwrap();
    }
    assert_eq!(takers[0].flashes::<String>().await.unwrap(), ["saved"]);
    assert!(takers[1].flashes::<String>().await.unwrap().is_empty());
    sessions
        .save(&takers[0], &mut HeaderMap::new())
        .await
        .unwrap();
    let adder = sessions.get(&request, "s").unwrap();
    adder.add_flash("deleted").unwrap();
    sessions.save(&adder, &mut HeaderMap::new()).await.unwrap();
    sessions
        .save(&takers[1], &mut HeaderMap::new())
        .await
        .unwrap();
    let last = sessions.get(&request, "s").unwrap();
    assert_eq!(last.flashes::<String>().await.unwrap(), ["deleted"]);
}

#[apply(trial)]
async fn what_was_cleared_is_not_shown_as_a_flash() {
    let sessions = manager(&SpyStore::default());
    let first = sessions.get(&HeaderMap::new(), "s").unwrap();
    first.add_flash("cleared").unwrap();
    let mut response = HeaderMap::new();
    sessions.save(&first, &mut response).await.unwrap();
    let request = next_request(&response);

    for discard in [Session::clear, |session: &Session| session.remove("_flash")] {
        let session = sessions.get(&request, "s").unwrap();
        discard(&session).unwrap();
        session.add_flash("new").unwrap();
        assert_eq!(session.flashes::<String>().await.unwrap(), ["new"]);
    }
}
