//! New IDs against requests with the old one.

use pgstore::SessionError;

use super::{Round, Scene, at_once, check, run, run_until_lost, save};
use crate::support::browser::Cookies;
use crate::support::careless::StoreDefect;
use crate::support::{apply, trial};

const REQUESTS: usize = 20;

#[apply(trial)]
async fn of_twenty_rotations_at_the_same_time_one_id_lives_and_nobody_is_logged_out() {
    let scene = Scene::new().await;
    run("20 rotations", || rotate(&scene)).await;
}

#[apply(trial)]
async fn two_ids_live_where_a_new_id_is_two_statements() {
    let scene = Scene::without(StoreDefect::ANewIdIsTwoStatements).await;
    run_until_lost("20 rotations", || rotate(&scene)).await;
}

/// Twenty tabs of one browser, whose cookie is the one that was set last.
async fn rotate(scene: &Scene) -> Round {
    let before = scene.rows().await;
    let cookie = scene.log_in().await;
    let results = at_once(REQUESTS, |number, barrier| {
        let sessions = scene.node(number);
        let session = sessions.get(&cookie.request(), "s").unwrap();
        let mut cookie = cookie.clone();
        async move {
            session.get::<String>("user").await.unwrap();
            match number % 2 {
                0 => session.rotate_gently().unwrap(),
                _ => session.insert(format!("key {number}"), number).unwrap(),
            }
            barrier.wait().await;
            let saved = save(&sessions, &session, &mut cookie).await;
            (saved, cookie)
        }
    })
    .await;
    let rows = scene.rows().await - before;
    check(rows == 1, || format!("{rows} IDs live"))?;
    for (number, (saved, cookie)) in results.into_iter().enumerate() {
        check(saved.is_ok(), || format!("{number}: {saved:?}"))?;
        let user = scene.user(&cookie).await;
        check(user.is_some(), || format!("{number} is logged out"))?;
    }
    Ok(())
}

#[apply(trial)]
async fn a_login_among_twenty_requests_leaves_one_id_and_its_cookie() {
    let scene = Scene::new().await;
    run("a login among 20 requests", || {
        log_in_among_requests(&scene)
    })
    .await;
}

#[apply(trial)]
async fn requests_undo_a_login_where_nobody_remembers_the_old_id() {
    let scene = Scene::without(StoreDefect::NoIdIsRemembered).await;
    run_until_lost("a login among 20 requests", || {
        log_in_among_requests(&scene)
    })
    .await;
}

/// The other requests come with the old cookie: before the login, at the same time and after it.
async fn log_in_among_requests(scene: &Scene) -> Round {
    let before = scene.rows().await;
    let old = scene.log_in().await;
    let results = at_once(REQUESTS + 1, |number, barrier| {
        let sessions = scene.node(number);
        let session = sessions.get(&old.request(), "s").unwrap();
        let mut cookie = old.clone();
        async move {
            if number % 2 == 0 {
                session.get::<String>("user").await.unwrap();
            }
            match number {
                0 => session.renew().unwrap(),
                _ => session.insert(format!("key {number}"), number).unwrap(),
            }
            barrier.wait().await;
            let saved = save(&sessions, &session, &mut cookie).await;
            (number, saved, cookie)
        }
    })
    .await;
    let mut new = old.clone();
    for (number, saved, cookie) in results {
        let is_late = number != 0 && matches!(saved, Err(SessionError::Gone));
        check(saved.is_ok() || is_late, || format!("{number}: {saved:?}"))?;
        match number {
            0 => new = cookie,
            _ => check(cookie == old, || format!("{number} sets a cookie"))?,
        }
    }
    let rows = scene.rows().await - before;
    check(rows == 1, || format!("{rows} IDs live"))?;
    let (user, by_old) = (scene.user(&new).await, scene.user(&old).await);
    check(user.is_some(), || "the user is logged out".to_owned())?;
    check(by_old.is_none(), || "the old ID lives".to_owned())
}

#[apply(trial)]
async fn nobody_with_the_old_cookie_gets_into_a_login() {
    let scene = Scene::new().await;
    run("a login against replays", || log_in_against_replays(&scene)).await;
}

#[apply(trial)]
async fn an_attacker_gets_in_where_the_old_id_leads_to_the_new_one() {
    let scene = Scene::without(StoreDefect::ALoginKeepsTheOldId).await;
    run_until_lost("a login against replays", || log_in_against_replays(&scene)).await;
}

/// The victim logs in over a session whose cookie an attacker has planted and keeps sending.
async fn log_in_against_replays(scene: &Scene) -> Round {
    let planted = {
        let (session, mut cookie) = (scene.session(&Cookies::none()), Cookies::none());
        session.insert("cart", "apples").unwrap();
        scene.save(&session, &mut cookie).await.unwrap();
        cookie
    };
    let results = at_once(REQUESTS + 1, |number, barrier| {
        let (sessions, mut cookie) = (scene.node(number), planted.clone());
        async move {
            barrier.wait().await;
            let session = sessions.get(&cookie.request(), "s").unwrap();
            if number == 0 {
                session.renew().unwrap();
                session.insert("secret", "the victim's").unwrap();
                let saved = save(&sessions, &session, &mut cookie).await;
                return (cookie, saved.is_ok());
            }
            let mut seen = false;
            for _ in 0..3 {
                let session = sessions.get(&cookie.request(), "s").unwrap();
                seen |= session.contains("secret").await.unwrap();
                let _ = save(&sessions, &session, &mut cookie).await;
            }
            (cookie, seen)
        }
    })
    .await;
    // All end in their own time: the victim is the one whose cookie is another.
    let seen = results.iter().filter(|(_, seen)| *seen).count();
    check(seen == 1, || {
        format!("{} replays saw the victim's values", seen - 1)
    })?;
    let secret = scene.session(&planted).contains("secret").await.unwrap();
    check(!secret, || "the planted cookie leads to them".to_owned())
}
