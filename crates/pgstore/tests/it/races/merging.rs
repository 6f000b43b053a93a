//! Writers of one session at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pgstore::Session;

use super::{Round, Scene, at_once, check, run, run_until_lost, save};
use crate::support::browser::Cookies;
use crate::support::{apply, trial};

const WRITERS: usize = 50;

#[apply(trial)]
async fn fifty_writers_of_different_keys_lose_nothing() {
    let scene = Scene::new().await;
    run("50 writers of 50 keys", || different_keys(&scene)).await;
    println!(
        "{} saves were done again",
        scene.sum(|stats| stats.replayed)
    );
}

#[apply(trial)]
async fn fifty_writers_of_different_keys_lose_some_without_the_guard() {
    let scene = Scene::unguarded().await;
    run_until_lost("50 writers of 50 keys", || different_keys(&scene)).await;
}

/// All have read the session before the first one saves.
async fn write_all(scene: &Scene, cookie: &Cookies, change: fn(usize, &Session)) {
    at_once(WRITERS, |number, barrier| {
        let sessions = scene.node(number);
        let session = sessions.get(&cookie.request(), "s").unwrap();
        async move {
            session.get::<String>("user").await.unwrap();
            change(number, &session);
            barrier.wait().await;
            save(&sessions, &session, &mut Cookies::none())
                .await
                .unwrap();
        }
    })
    .await;
}

async fn different_keys(scene: &Scene) -> Round {
    let cookie = scene.log_in().await;
    let insert = |number, session: &Session| {
        session.insert(format!("key {number}"), number).unwrap();
    };
    write_all(scene, &cookie, insert).await;
    let values = scene.session(&cookie).values().await.unwrap();
    let found = values.len() - 1;
    check(found == WRITERS, || {
        format!("{found} of {WRITERS} are there")
    })
}

#[apply(trial)]
async fn fifty_updates_of_one_number_add_up() {
    let scene = Scene::new().await;
    run("50 × update(+1)", || one_number(&scene)).await;
    println!(
        "{} saves were done again",
        scene.sum(|stats| stats.replayed)
    );
}

#[apply(trial)]
async fn fifty_updates_of_one_number_do_not_add_up_without_the_guard() {
    let scene = Scene::unguarded().await;
    run_until_lost("50 × update(+1)", || one_number(&scene)).await;
}

async fn one_number(scene: &Scene) -> Round {
    let cookie = scene.log_in().await;
    let add_one = |_, session: &Session| {
        let add_one = |visits: Option<usize>| visits.unwrap_or(0) + 1;
        session.update("visits", add_one).unwrap();
    };
    write_all(scene, &cookie, add_one).await;
    let found = scene.session(&cookie).get::<usize>("visits").await.unwrap();
    check(found == Some(WRITERS), || format!("it is {found:?}"))
}

#[apply(trial)]
async fn each_of_fifty_messages_is_shown_to_one_of_those_who_take_them() {
    let scene = Scene::new().await;
    run("50 messages, 4 takers", || messages(&scene)).await;
}

#[apply(trial)]
async fn messages_are_shown_twice_or_never_without_the_guard() {
    let scene = Scene::unguarded().await;
    run_until_lost("50 messages, 4 takers", || messages(&scene)).await;
}

async fn messages(scene: &Scene) -> Round {
    const TAKERS: usize = 4;
    let cookie = scene.log_in().await;
    let added = Arc::new(AtomicUsize::new(0));
    let shown = at_once(WRITERS + TAKERS, |number, barrier| {
        let (sessions, cookie) = (scene.node(number), cookie.clone());
        let added = Arc::clone(&added);
        async move {
            barrier.wait().await;
            let mut shown = Vec::new();
            if number < WRITERS {
                let session = sessions.get(&cookie.request(), "s").unwrap();
                session.add_flash(number).unwrap();
                save(&sessions, &session, &mut Cookies::none())
                    .await
                    .unwrap();
                added.fetch_add(1, Ordering::SeqCst);
                return shown;
            }
            loop {
                let all_are_there = added.load(Ordering::SeqCst) == WRITERS;
                let session = sessions.get(&cookie.request(), "s").unwrap();
                shown.extend(session.flashes::<usize>().await.unwrap());
                save(&sessions, &session, &mut Cookies::none())
                    .await
                    .unwrap();
                if all_are_there {
                    return shown;
                }
            }
        }
    })
    .await;
    let mut shown = shown.concat();
    shown.sort_unstable();
    let each_once = shown.iter().copied().eq(0..WRITERS);
    check(each_once, || {
        format!("{} were shown: {shown:?}", shown.len())
    })
}
