//! Saves of unknown fate: the random save token that they write, or not, tells.

use http::HeaderMap;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use pgstore::store::{Fault, FaultyStore, MemoryStore, SpyStore, StoreErrorKind};
use pgstore::wire::Keys;
use pgstore::{Session, SessionError, SessionManager};

use crate::support::{apply, trial};

/// A session manager on a store in which calls and answers get lost.
struct Scene {
    store: SpyStore<FaultyStore>,
    sessions: SessionManager,
    cookie: HeaderValue,
}

impl Scene {
    async fn new() -> Self {
        let store = SpyStore::new(FaultyStore::<MemoryStore>::default());
        let keys = Keys::from_pairs(&[b"secret-key"]).unwrap();
        let sessions = SessionManager::new(store.clone(), keys);
        let mut scene = Self {
            store,
            sessions,
            cookie: HeaderValue::from_static(""),
        };
        let session = scene.session();
        session.insert("n", &0).unwrap();
        scene.save(&session).await.unwrap();
        scene.store.calls();
        scene
    }

    fn session(&self) -> Session {
        let request = HeaderMap::from_iter([(COOKIE, self.cookie.clone())]);
        self.sessions.get(&request, "s").unwrap()
    }

    async fn save(&mut self, session: &Session) -> Result<(), SessionError> {
        let mut response = HeaderMap::new();
        self.sessions.save(session, &mut response).await?;
        if let Some(cookie) = response.get(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookie = HeaderValue::from_str(pair).unwrap();
        }
        Ok(())
    }

    fn faults(&self) -> &FaultyStore {
        self.store.inner()
    }

    /// How many rows there are.
    fn rows(&self) -> usize {
        self.faults().inner().len()
    }

    async fn stored(&self) -> Option<i64> {
        self.session().get("n").await.unwrap()
    }
}

fn add_one(session: &Session) {
    session
        .update("n", |n: Option<i64>| n.unwrap_or(0) + 1)
        .unwrap();
}

/// What is done to a session, and what the store is asked for it.
type Change = (&'static str, fn(&Session));

const CHANGES: [Change; 3] = [
    ("update", |_| {}),
    ("rename", |session| session.renew().unwrap()),
    ("rename", |session| session.rotate_gently().unwrap()),
];

#[apply(trial)]
async fn a_save_whose_answer_was_lost_is_found_by_its_save_token() {
    for (method, change) in CHANGES {
        let mut scene = Scene::new().await;
        let session = scene.session();
        add_one(&session);
        change(&session);
        scene.faults().once(method, Fault::LosesTheAnswer);
        scene.save(&session).await.unwrap();
        assert_eq!(scene.stored().await, Some(1));
        assert_eq!(scene.rows(), 1);
        scene.save(&session).await.unwrap();
        assert_eq!(scene.stored().await, Some(1), "{method}: it is saved");
    }
}

#[apply(trial)]
async fn a_save_that_was_lost_on_its_way_is_done_again() {
    for (method, change) in CHANGES {
        let mut scene = Scene::new().await;
        let session = scene.session();
        add_one(&session);
        change(&session);
        scene.faults().once(method, Fault::LosesTheCall);
        scene.save(&session).await.unwrap();
        assert_eq!(scene.stored().await, Some(1));
        assert_eq!(scene.rows(), 1);
        let calls = scene.store.calls();
        let tries = calls.iter().filter(|call| **call == method).count();
        assert_eq!(tries, 2, "{calls:?}");
    }
}

#[apply(trial)]
async fn a_save_that_is_lost_every_time_is_given_up_and_not_called_a_conflict() {
    let mut scene = Scene::new().await;
    let session = scene.session();
    add_one(&session);
    scene.faults().every("update", Fault::LosesTheCall);
    let error = scene.save(&session).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    let calls = scene.store.calls();
    let tries = calls.iter().filter(|call| **call == "update").count();
    assert_eq!(tries, 3);
    scene.faults().mend();
    scene.save(&session).await.unwrap();
    assert_eq!(scene.stored().await, Some(1));
}

#[apply(trial)]
async fn a_first_row_is_tried_again_under_a_fresh_id_only() {
    for (fault, tries) in [(Fault::LosesTheAnswer, 1), (Fault::LosesTheCall, 2)] {
        let mut scene = Scene::new().await;
        scene.cookie = HeaderValue::from_static("");
        let session = scene.session();
        add_one(&session);
        scene.faults().once("insert", fault);
        scene.save(&session).await.unwrap();
        assert_eq!(scene.stored().await, Some(1));
        assert_eq!(scene.rows(), 2, "this one, and that of the scene");
        let calls = scene.store.calls();
        let inserts = calls.iter().filter(|call| **call == "insert").count();
        assert_eq!(inserts, tries);
    }
}

#[apply(trial)]
async fn a_save_that_others_wrote_over_is_not_done_again() {
    let mut scene = Scene::new().await;
    let session = scene.session();
    session.get::<i64>("n").await.unwrap();
    add_one(&session);
    scene.faults().once("update", Fault::LosesTheAnswer);
    // The update is on its way; what asks for its fate waits.
    let update = scene.store.hold();
    let (sessions, extras) = (scene.sessions.clone(), session.clone());
    let saving = tokio::spawn(async move {
        let mut response = HeaderMap::new();
        sessions.save(&extras, &mut response).await
    });
    update.reached().await;
    let settling = scene.store.hold();
    update.release();
    settling.reached().await;
    // Now somebody else writes over it.
    let other = scene.session();
    add_one(&other);
    scene.save(&other).await.unwrap();
    settling.release();
    let error = saving.await.unwrap().unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    assert_eq!(scene.stored().await, Some(2), "each once");
    // Nor is it when it is saved again.
    assert!(scene.save(&session).await.unwrap_err().is_unavailable());
    assert_eq!(scene.stored().await, Some(2));
}

#[apply(trial)]
async fn saving_again_after_an_outage_does_nothing_twice() {
    for (fault, saved) in [(Fault::LosesTheAnswer, 1), (Fault::LosesTheCall, 0)] {
        let mut scene = Scene::new().await;
        let session = scene.session();
        session.get::<i64>("n").await.unwrap();
        add_one(&session);
        scene.faults().once("update", fault);
        let away = Fault::Fails(StoreErrorKind::Unavailable);
        scene.faults().every("load", away);
        assert!(scene.save(&session).await.unwrap_err().is_unavailable());
        scene.faults().mend();
        assert_eq!(scene.stored().await, Some(saved));
        add_one(&session);
        scene.save(&session).await.unwrap();
        assert_eq!(scene.stored().await, Some(2), "each once");
    }
}

#[apply(trial)]
async fn a_renewal_of_unknown_fate_is_found_by_the_next_save() {
    let mut scene = Scene::new().await;
    let session = scene.session();
    add_one(&session);
    session.renew().unwrap();
    session.get::<i64>("n").await.unwrap();
    scene.faults().once("rename", Fault::LosesTheAnswer);
    let away = Fault::Fails(StoreErrorKind::Unavailable);
    scene.faults().every("load", away);
    assert!(scene.save(&session).await.unwrap_err().is_unavailable());
    scene.faults().mend();
    let before = scene.cookie.clone();
    scene.save(&session).await.unwrap();
    assert_ne!(scene.cookie, before, "the browser is told of the new ID");
    assert_eq!(scene.stored().await, Some(1));
}

#[apply(trial)]
async fn a_logout_whose_answer_was_lost_is_made_up_for() {
    let mut scene = Scene::new().await;
    let session = scene.session();
    session.destroy().unwrap();
    scene.faults().once("delete", Fault::LosesTheAnswer);
    assert!(scene.save(&session).await.unwrap_err().is_unavailable());
    assert_eq!(scene.rows(), 0);
    assert_eq!(scene.sessions.stats().logouts_taken_over, 1);
}

#[apply(trial)]
async fn a_store_that_never_answers_is_an_error_in_time() {
    let mut scene = Scene::new().await;
    scene.sessions = scene
        .sessions
        .clone()
        .save_deadline(std::time::Duration::from_millis(50));
    for change in [
        (|session: &Session| add_one(session)) as fn(&Session),
        |session| session.renew().unwrap(),
        |session| session.destroy().unwrap(),
    ] {
        let session = scene.session();
        change(&session);
        for method in ["update", "rename", "delete"] {
            scene.faults().every(method, Fault::NeverAnswers);
        }
        let error = scene.save(&session).await.unwrap_err();
        assert!(error.is_unavailable(), "{error:?}");
        scene.faults().mend();
    }
    assert_eq!(scene.sessions.stats().logouts_taken_over, 1);
}

#[apply(trial)]
async fn a_save_cut_off_by_its_deadline_is_settled_by_the_next_one() {
    let mut scene = Scene::new().await;
    scene.sessions = scene
        .sessions
        .clone()
        .save_deadline(std::time::Duration::from_millis(50));
    let session = scene.session();
    session.get::<i64>("n").await.unwrap();
    add_one(&session);
    scene.faults().once("update", Fault::NeverAnswers);
    assert!(scene.save(&session).await.unwrap_err().is_unavailable());
    scene.save(&session).await.unwrap();
    assert_eq!(scene.stored().await, Some(1));
}
