//! Opaque sessions: the sessions of other crates, in the same kind of table.

use std::time::Duration;

use pgstore::opaque::{OpaqueContent, OpaqueSessions};
use pgstore::store::Written;
use pgstore::testing::TestClock;
use tokio::task::JoinSet;

use crate::support::database::Database;
use crate::support::secrets::fresh_id;
use crate::support::{apply, trial_on_both_servers};

const NOW: i64 = 1_700_000_000;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Opaque sessions, their clock, and an ID of none.
async fn sessions(database: &Database) -> (OpaqueSessions, TestClock, String) {
    let clock = TestClock::at(NOW);
    let sessions = OpaqueSessions::new(database.store().await, "a-crate");
    (sessions.clock(clock.clone()), clock, secret_id())
}

/// An ID that the suite searches its logs for.
fn secret_id() -> String {
    String::from_utf8(fresh_id().as_bytes().to_vec()).unwrap()
}

fn content(sessions: &OpaqueSessions, data: &str) -> OpaqueContent {
    OpaqueContent {
        data: data.as_bytes().to_vec(),
        expires_on: sessions.now().plus(HOUR),
        owner: None,
    }
}

#[apply(trial_on_both_servers)]
async fn an_opaque_session_is_created_saved_extended_and_ended() {
    let database = Database::fresh().await;
    let (sessions, clock, id) = sessions(&database).await;
    let first = content(&sessions, "first");
    assert_eq!(sessions.load(&id).await.unwrap(), None);
    assert_eq!(
        sessions.create(&id, first.clone()).await.unwrap(),
        Written::Saved
    );
    assert_eq!(sessions.load(&id).await.unwrap(), Some(first));

    clock.advance(HOUR / 2);
    let second = OpaqueContent {
        owner: Some("ada".to_owned()),
        ..content(&sessions, "second")
    };
    assert_eq!(
        sessions.save(&id, second.clone()).await.unwrap(),
        Written::Saved
    );
    assert_eq!(sessions.load(&id).await.unwrap(), Some(second.clone()));

    let later = sessions.now().plus(2 * HOUR);
    assert_eq!(sessions.extend(&id, later).await.unwrap(), Written::Saved);
    let extended = OpaqueContent {
        expires_on: later,
        ..second.clone()
    };
    assert_eq!(sessions.load(&id).await.unwrap(), Some(extended));

    sessions.delete(&id).await.unwrap();
    assert_eq!(sessions.load(&id).await.unwrap(), None);
    assert_eq!(sessions.save(&id, second).await.unwrap(), Written::Missed);
    assert_eq!(sessions.extend(&id, later).await.unwrap(), Written::Missed);
    assert_eq!(sessions.load(&id).await.unwrap(), None);
}

#[apply(trial_on_both_servers)]
async fn an_opaque_session_that_has_expired_stays_so() {
    let database = Database::fresh().await;
    let (sessions, clock, id) = sessions(&database).await;
    let created = sessions.create(&id, content(&sessions, "it")).await;
    assert_eq!(created.unwrap(), Written::Saved);
    clock.advance(HOUR);
    assert_eq!(sessions.load(&id).await.unwrap(), None);
    let (late, later) = (content(&sessions, "late"), sessions.now().plus(HOUR));
    assert_eq!(sessions.save(&id, late).await.unwrap(), Written::Missed);
    assert_eq!(sessions.extend(&id, later).await.unwrap(), Written::Missed);
    assert_eq!(sessions.sweep().await.unwrap(), 0); // the margin of clocks
    clock.advance(HOUR);
    assert_eq!(sessions.sweep().await.unwrap(), 1);
}

#[apply(trial_on_both_servers)]
async fn of_creations_of_one_opaque_id_at_once_one_succeeds() {
    let database = Database::fresh().await;
    let (sessions, _, id) = sessions(&database).await;
    let mut creations = JoinSet::new();
    for number in 0..50 {
        let (sessions, id) = (sessions.clone(), id.clone());
        creations.spawn(async move {
            let content = content(&sessions, &number.to_string());
            sessions.create(&id, content).await.unwrap()
        });
    }
    let outcomes = creations.join_all().await;
    let saved = outcomes.iter().filter(|one| **one == Written::Saved);
    assert_eq!(saved.count(), 1);
}

#[apply(trial_on_both_servers)]
async fn of_a_hundred_saves_that_race_a_deletion_none_revives_the_opaque_session() {
    let database = Database::fresh().await;
    let (sessions, ..) = sessions(&database).await;
    for _ in 0..5 {
        let id = secret_id();
        let created = sessions.create(&id, content(&sessions, "0")).await;
        assert_eq!(created.unwrap(), Written::Saved);
        let mut calls = JoinSet::new();
        for number in 0..100 {
            let (sessions, id) = (sessions.clone(), id.clone());
            calls.spawn(async move {
                if number == 50 {
                    return sessions.delete(&id).await.unwrap();
                }
                let content = content(&sessions, &number.to_string());
                let _either = sessions.save(&id, content).await.unwrap();
            });
        }
        calls.join_all().await;
        assert_eq!(sessions.load(&id).await.unwrap(), None);
    }
}

#[apply(trial_on_both_servers)]
async fn an_opaque_session_is_hidden_from_other_crates_and_listed_for_its_owner() {
    let database = Database::fresh().await;
    let store = database.store().await;
    let [one, other] = ["one", "other"].map(|name| OpaqueSessions::new(store.clone(), name));
    let id = secret_id();
    for sessions in [&one, &other] {
        let content = OpaqueContent {
            owner: Some("ada".to_owned()),
            ..content(sessions, "it")
        };
        assert_eq!(sessions.create(&id, content).await.unwrap(), Written::Saved);
    }
    one.delete(&id).await.unwrap();
    assert_eq!(one.load(&id).await.unwrap(), None);
    assert!(other.load(&id).await.unwrap().is_some());

    let listed = one.sessions_of("ada", None).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(other.revoke_all_except("ada", &id).await.unwrap(), 0);
    assert!(other.revoke("ada", &listed[0].handle).await.unwrap());
    assert_eq!(other.revoke_all("ada").await.unwrap(), 0);
}
