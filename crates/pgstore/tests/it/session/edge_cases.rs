//! Where two rare things meet: a take and a lost answer, an end and a save, a rotation and another
//! owner.

use std::time::Duration;

use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};
use pgstore::store::Fault;
use pgstore::{
    CookieName, OnOutage, Session, SessionError, SessionManagerBuilder, Store, StoreErrorKind,
};

use super::Lab;
use crate::support::app::{App, NOW, Told, Visitor};

use crate::support::{apply, trial};

impl Lab {
    async fn flashes(&self) -> Vec<String> {
        let flashes = self.session().get("_flash").await;
        flashes.unwrap().unwrap_or_default()
    }
}

#[apply(trial)]
async fn a_rotated_id_does_not_lead_to_a_session_whose_logout_is_under_way() {
    let app = App::new();
    let mut user = app.log_in().await;
    let late = user.clone();
    user.request(|s| async move { s.rotate_gently() })
        .await
        .unwrap();
    let session = user.session();
    session.destroy().unwrap();
    app.store.fail_with(Some(StoreErrorKind::Unavailable));
    assert!(user.save(&session).await.1.is_err());
    app.store.fail_with(None);
    let session = late.session();
    assert_eq!(session.get::<String>("user").await.unwrap(), None);
}

#[apply(trial)]
async fn a_maximal_age_like_the_applications_replaces_one_of_the_sessions_own() {
    let app = App::with(|sessions| sessions.max_age(Duration::from_secs(1000)));
    let mut browser = app.log_in().await;
    browser
        .request(|session| async move { session.set_max_age(80_000) })
        .await
        .unwrap();
    browser
        .request(|session| async move { session.set_max_age(1000) })
        .await
        .unwrap();
    app.pass(1001);
    assert_eq!(browser.user().await, None);
}

#[apply(trial)]
async fn a_touch_that_never_answers_fails_nothing() {
    let settings = |sessions: SessionManagerBuilder| {
        let sessions = sessions.save_deadline(Duration::from_millis(50));
        sessions.max_age(Duration::from_secs(1000))
    };
    let mut lab = Lab::with(settings).await;
    lab.app.clock.advance(Duration::from_secs(500));
    let session = lab.session();
    session.get::<String>("user").await.unwrap();
    lab.faults().every("update", Fault::NeverAnswers);
    assert_eq!(lab.save(&session).await.unwrap(), Told::Nothing);
    assert_eq!(lab.app.sessions.stats().touches_failed, 1);
}

#[apply(trial)]
async fn a_logout_after_a_take_of_unknown_fate_needs_no_read() {
    let mut lab = Lab::new().await;
    let session = lab.session();
    session.get::<String>("user").await.unwrap();
    lab.faults().once("update", Fault::LosesTheAnswer);
    lab.faults()
        .every("load", Fault::Fails(StoreErrorKind::Unavailable));
    assert!(session.flashes::<String>().await.is_err());
    session.destroy().unwrap();
    assert_eq!(lab.save(&session).await.unwrap(), Told::Remove);
    assert_eq!(lab.rows(), 0);
}

#[apply(trial)]
async fn messages_of_a_take_of_unknown_fate_come_back() {
    let mut lab = Lab::new().await;
    for discards in [true, false] {
        let session = lab.session();
        session.get::<String>("user").await.unwrap();
        lab.faults().once("update", Fault::LosesTheAnswer);
        lab.faults()
            .every("load", Fault::Fails(StoreErrorKind::Unavailable));
        assert!(session.flashes::<String>().await.is_err());
        lab.faults().mend();
        if discards {
            session.discard_changes();
        }
        lab.save(&session).await.unwrap();
        assert_eq!(lab.flashes().await, ["hello"]);
    }
}

#[apply(trial)]
async fn messages_of_a_take_that_was_dropped_come_back() {
    use axum::body::Body;
    use http::{Request, Response};
    use tower::{Layer, ServiceExt, service_fn};
    let lab = Lab::new().await;
    let layer = pgstore::SessionLayer::new(&lab.app.sessions, "s").unwrap();
    let service = layer.layer(service_fn(|request: Request<Body>| async move {
        let session = request.extensions().get::<Session>().unwrap().clone();
        session.flashes::<String>().await.unwrap();
        Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
    }));
    let request = Request::builder().header(COOKIE, lab.cookies.header().unwrap());
    let request = request.body(Body::empty()).unwrap();
    let load = lab.app.store.hold();
    let task = tokio::spawn(service.oneshot(request));
    load.reached().await;
    let update = lab.app.store.hold();
    // Its effect comes, its answer does not.
    lab.faults().once("update", Fault::LosesTheAnswer);
    load.release();
    update.reached().await;
    let settle = lab.app.store.hold();
    update.release();
    settle.reached().await;
    task.abort();
    let _ = task.await;
    settle.release();
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if lab.flashes().await == ["hello"] {
            return;
        }
    }
    panic!("the message is lost");
}

#[apply(trial)]
async fn putting_messages_back_makes_no_session() {
    let app = App::new();
    let mut browser = app.log_in().await;
    browser
        .request(|session| async move { session.add_flash("hello") })
        .await
        .unwrap();
    let session = browser.session();
    assert_eq!(session.flashes::<String>().await.unwrap(), ["hello"]);
    browser
        .clone()
        .request(|session| async move { session.destroy() })
        .await
        .unwrap();
    session.discard_changes();
    let (told, result) = browser.save(&session).await;
    assert_eq!((told, app.store.len()), (Told::Nothing, 0));
    result.unwrap();
}

#[apply(trial)]
async fn putting_messages_back_into_a_session_that_ends_meanwhile_is_no_failure() {
    let lab = Lab::new().await;
    let session = lab.session();
    assert_eq!(session.flashes::<String>().await.unwrap(), ["hello"]);
    session.discard_changes();
    let id = lab.session().id().await.unwrap().unwrap();
    let load = lab.app.store.hold();
    let (sessions, own) = (lab.app.sessions.clone(), session.clone());
    let saving = tokio::spawn(async move {
        let mut response = HeaderMap::new();
        let result = sessions.save(&own, &mut response).await;
        (response, result)
    });
    load.reached().await;
    let update = lab.app.store.hold();
    load.release();
    update.reached().await;
    lab.faults().inner().delete(&id).await.unwrap();
    update.release();
    let (response, result) = saving.await.unwrap();
    assert!(result.is_ok(), "{result:?}");
    assert!(!response.contains_key(SET_COOKIE));
}

#[apply(trial)]
async fn a_rotation_that_changes_the_owner_leads_nobody_on() {
    let app = App::new();
    let mut user = app.log_in().await;
    let mut late = user.clone();
    user.request(|session| async move {
        session.rotate_gently()?;
        session.set_owner("grace")
    })
    .await
    .unwrap();
    assert_eq!(late.read().await, (None, Told::Nothing));

    let name = CookieName::new("s").unwrap();
    let app = App::with(|sessions| sessions.owner_from(name, "user"));
    let mut user = app.log_in().await;
    let mut late = user.clone();
    user.request(|session| async move {
        session.rotate_gently()?;
        session.insert("user", "grace")
    })
    .await
    .unwrap();
    assert_eq!(late.read().await, (None, Told::Nothing));
}

#[apply(trial)]
async fn a_session_that_is_destroyed_while_it_is_saved_is_deleted() {
    let lab = Lab::new().await;
    let session = lab.session();
    session.get::<String>("user").await.unwrap();
    session.insert("n", 1).unwrap();
    let update = lab.app.store.hold();
    let (sessions, own) = (lab.app.sessions.clone(), session.clone());
    let saving = tokio::spawn(async move {
        let mut response = HeaderMap::new();
        let result = sessions.save(&own, &mut response).await;
        (response, result)
    });
    update.reached().await;
    let elsewhere = lab.elsewhere();
    let other = elsewhere.session(&lab.cookies.request());
    other.insert("m", 1).unwrap();
    elsewhere.save(&other).await;
    session.destroy().unwrap();
    update.release();
    let (response, result) = saving.await.unwrap();
    let is_removed = response.contains_key(SET_COOKIE);
    assert_eq!((result.is_ok() && is_removed, lab.rows()), (true, 0));
}

#[apply(trial)]
async fn a_job_that_reads_writes_nothing() {
    let mut lab = Lab::new().await;
    let handle = {
        let session = lab.session();
        let handle = session.handle().await.unwrap();
        lab.save(&session).await.unwrap();
        handle
    };
    lab.app.clock.advance(Duration::from_secs(20 * 24 * 3600));
    let job = lab
        .app
        .sessions
        .by_handle("s", &handle)
        .await
        .unwrap()
        .unwrap();
    job.get::<String>("user").await.unwrap();
    lab.app.store.calls();
    lab.save(&job).await.unwrap();
    assert!(lab.app.store.calls().is_empty());
}

#[apply(trial)]
async fn a_job_during_an_outage_is_an_error_and_not_an_ended_session() {
    let mut lab = Lab::with(|sessions| sessions.on_outage(OnOutage::Anonymous)).await;
    let session = lab.session();
    let handle = session.handle().await.unwrap();
    lab.save(&session).await.unwrap();
    lab.faults()
        .once("load", Fault::Fails(StoreErrorKind::Unavailable));
    let job = lab.app.sessions.by_handle("s", &handle).await;
    assert!(job.is_err(), "{job:?}");
}

#[apply(trial)]
async fn a_renewed_session_begins_anew_whatever_its_values_say() {
    let app = App::with(|sessions| sessions.absolute_timeout(Duration::from_secs(100)));
    let mut browser = Visitor::of(&app);
    let began = pgstore::go::Time::new(NOW, 0);
    browser
        .request(|session| async move {
            session.insert("created_on", began)?;
            session.insert("user", "ada")
        })
        .await
        .unwrap();
    app.pass(90);
    browser.request(|s| async move { s.renew() }).await.unwrap();
    app.pass(20);
    assert_eq!(browser.user().await.as_deref(), Some("ada"));
}

#[apply(trial)]
async fn a_logout_that_is_refused_clears_the_cookie_and_goes_on() {
    let app = App::new();
    let mut browser = app.log_in().await;
    let session = browser.session();
    session.destroy().unwrap();
    app.store.fail_with(Some(StoreErrorKind::Forbidden));
    let (told, result) = browser.save(&session).await;
    let Err(SessionError::Store(error)) = result else {
        panic!("{result:?}");
    };
    assert_eq!(error.kind(), StoreErrorKind::Forbidden);
    assert_eq!(told, Told::Remove);
    assert_eq!(app.sessions.stats().logouts_taken_over, 1);
}

#[apply(trial)]
async fn marking_the_current_session_looks_at_it() {
    let app = App::new();
    let mut browser = app.log_in().await;
    browser
        .request(|session| async move { session.set_owner("ada") })
        .await
        .unwrap();
    let session = browser.session();
    app.sessions
        .sessions_of("ada", Some(&session))
        .await
        .unwrap();
    let mut response = HeaderMap::new();
    app.sessions.save(&session, &mut response).await.unwrap();
    assert!(response.contains_key(http::header::VARY));
}

#[apply(trial)]
async fn messages_come_back_also_when_a_save_before_was_of_unknown_fate() {
    let mut lab = Lab::new().await;
    let session = lab.session();
    assert_eq!(session.flashes::<String>().await.unwrap(), ["hello"]);
    session.insert("n", 1).unwrap();
    session.insert("m", 1).unwrap();
    lab.faults().once("update", Fault::LosesTheAnswer);
    lab.faults()
        .every("load", Fault::Fails(StoreErrorKind::Unavailable));
    assert!(lab.save(&session).await.is_err());
    lab.faults().mend();
    session.discard_changes();
    lab.save(&session).await.unwrap();
    assert_eq!(lab.flashes().await, ["hello"]);
}

/// What a request is called, what it does, and what that asks the store.
type Request = (&'static str, Handler, &'static [&'static str]);

type Handler = fn(Session) -> std::pin::Pin<Box<dyn Future<Output = ()>>>;

#[apply(trial)]
async fn typical_requests_cost_what_they_should() {
    let mut lab = Lab::new().await;
    let table: [Request; 8] = [
        ("leaves alone", |_| Box::pin(async {}), &[]),
        (
            "reads",
            |s| Box::pin(async move { drop(s.get::<String>("user").await.unwrap()) }),
            &["load"],
        ),
        (
            "writes",
            |s| Box::pin(async move { s.insert("n", 1).unwrap() }),
            &["load", "update"],
        ),
        (
            "takes",
            |s| Box::pin(async move { drop(s.flashes::<String>().await.unwrap()) }),
            &["load", "update"],
        ),
        (
            "takes none",
            |s| Box::pin(async move { drop(s.flashes::<String>().await.unwrap()) }),
            &["load"],
        ),
        (
            "rotates",
            |s| Box::pin(async move { s.rotate_gently().unwrap() }),
            &["load", "rename"],
        ),
        (
            "renews",
            |s| Box::pin(async move { s.renew().unwrap() }),
            &["load", "rename"],
        ),
        (
            "ends",
            |s| Box::pin(async move { s.destroy().unwrap() }),
            &["delete"],
        ),
    ];
    for (what, handler, calls) in table {
        let session = lab.session();
        handler(session.clone()).await;
        lab.save(&session).await.unwrap();
        assert_eq!(lab.app.store.calls(), calls, "{what}");
    }
}
