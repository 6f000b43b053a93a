//! Revoking all sessions of an owner against what they are doing.

use super::{Round, Scene, at_once, check, run, run_until_lost, save};
use crate::support::browser::Cookies;
use crate::support::careless::StoreDefect;
use crate::support::{apply, trial};

const SESSIONS: usize = 8;

#[apply(trial)]
async fn revoking_all_wins_against_saves() {
    let scene = Scene::new().await;
    run("revoking against saves", || revoke(&scene, false)).await;
}

#[apply(trial)]
async fn revoking_all_loses_where_updates_insert() {
    let scene = Scene::without(StoreDefect::AnUpdateInserts).await;
    run_until_lost("revoking against saves", || revoke(&scene, false)).await;
}

#[apply(trial)]
async fn revoking_all_wins_against_new_ids() {
    let scene = Scene::new().await;
    run("revoking against new IDs", || revoke(&scene, true)).await;
}

#[apply(trial)]
async fn a_new_id_escapes_where_revoking_looks_once() {
    let scene = Scene::without(StoreDefect::ARevocationLooksOnce).await;
    run_until_lost("revoking against new IDs", || revoke(&scene, true)).await;
}

/// Eight sessions each save, or get a new ID, while all of them are revoked.
async fn revoke(scene: &Scene, with_new_ids: bool) -> Round {
    let mut cookies = Vec::new();
    for _ in 0..SESSIONS {
        cookies.push(scene.log_in().await);
    }
    let results = at_once(SESSIONS + 1, |number, barrier| {
        let sessions = scene.node(number);
        let mut cookie = cookies.get(number).cloned().unwrap_or(Cookies::none());
        async move {
            if number == SESSIONS {
                barrier.wait().await;
                sessions.revoke_all("ada").await.unwrap();
                return cookie;
            }
            let session = sessions.get(&cookie.request(), "s").unwrap();
            session.get::<String>("user").await.unwrap();
            match with_new_ids {
                true => session.renew().unwrap(),
                false => session.insert("n", number).unwrap(),
            }
            barrier.wait().await;
            // Whether it comes before or after, it must not live on.
            let _ = save(&sessions, &session, &mut cookie).await;
            cookie
        }
    })
    .await;
    let rows = scene.rows().await;
    check(rows == 0, || format!("{rows} rows afterwards"))?;
    for cookie in &results {
        let user = scene.user(cookie).await;
        check(user.is_none(), || "a session lives on".to_owned())?;
    }
    Ok(())
}

#[apply(trial)]
async fn ending_all_other_sessions_spares_the_current_one_against_new_ids() {
    let scene = Scene::new().await;
    run("ending the others against new IDs", || end_others(&scene)).await;
}

/// Eight sessions get new IDs while the first one ends all others.
async fn end_others(scene: &Scene) -> Round {
    let mut cookies = Vec::new();
    for _ in 0..SESSIONS {
        cookies.push(scene.log_in().await);
    }
    let results = at_once(SESSIONS + 1, |number, barrier| {
        let sessions = scene.node(number);
        let mut cookie = cookies[number % SESSIONS].clone();
        async move {
            let session = sessions.get(&cookie.request(), "s").unwrap();
            session.get::<String>("user").await.unwrap();
            if number == SESSIONS {
                barrier.wait().await;
                sessions.revoke_all_except(&session).await.unwrap();
                return cookie;
            }
            match number % 2 {
                0 => session.renew().unwrap(),
                _ => session.rotate_gently().unwrap(),
            }
            barrier.wait().await;
            let saved = save(&sessions, &session, &mut cookie).await;
            assert!(number > 0 || saved.is_ok(), "{saved:?}");
            cookie
        }
    })
    .await;
    let client = scene.database.client().await;
    let rows = "SELECT count(*) FROM http_sessions WHERE owner = 'ada'";
    let rows: i64 = client.query_one(rows, &[]).await.unwrap().get(0);
    check(rows == 1, || format!("{rows} rows afterwards"))?;
    let mut alive = 0;
    for cookie in &results {
        alive += usize::from(scene.user(cookie).await.is_some());
    }
    check(alive >= 1, || "the current session has ended".to_owned())?;
    let clear = "DELETE FROM http_sessions";
    client.batch_execute(clear).await.unwrap();
    Ok(())
}
