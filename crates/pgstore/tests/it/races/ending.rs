//! A logout against saves under way.

use pgstore::SessionError;

use super::{Round, Scene, at_once, check, run, run_until_lost, save};
use crate::support::browser::Cookies;
use crate::support::careless::StoreDefect;
use crate::support::{apply, trial};

const NAME: &str = "a logout against 100 saves";

#[apply(trial)]
async fn a_logout_wins_against_a_hundred_saves() {
    let scene = Scene::new().await;
    run(NAME, || log_out(&scene)).await;
    println!("{} saves found it gone", scene.sum(|stats| stats.gone));
}

#[apply(trial)]
async fn a_logout_loses_where_updates_insert() {
    let scene = Scene::without(StoreDefect::AnUpdateInserts).await;
    run_until_lost(NAME, || log_out(&scene)).await;
}

async fn log_out(scene: &Scene) -> Round {
    const SAVES: usize = 100;
    let cookie = scene.log_in().await;
    let results = at_once(SAVES + 1, |number, barrier| {
        let sessions = scene.node(number);
        let session = sessions.get(&cookie.request(), "s").unwrap();
        async move {
            session.get::<String>("user").await.unwrap();
            match number {
                0 => session.destroy().unwrap(),
                _ => session.insert(format!("key {number}"), number).unwrap(),
            }
            barrier.wait().await;
            let mut cookie = Cookies::none();
            let saved = save(&sessions, &session, &mut cookie).await;
            (number, saved, cookie)
        }
    })
    .await;
    for (number, saved, cookie) in results {
        let is_gone = number != 0 && matches!(saved, Err(SessionError::Gone));
        check(saved.is_ok() || is_gone, || format!("{number}: {saved:?}"))?;
        check(cookie == Cookies::none(), || {
            format!("{number} sets a cookie")
        })?;
    }
    let (rows, user) = (scene.rows().await, scene.user(&cookie).await);
    check(rows == 0, || format!("{rows} rows afterwards"))?;
    check(user.is_none(), || format!("it reads as {user:?}"))
}
