//! Seven situations in which some callers could make all others wait.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::Scene;
use crate::Outcome;
use crate::random::Random;
use crate::server::{Server, connect};

/// What happens while others use their sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Situation {
    LockedRow,
    DeviceLists,
    LargeRevocation,
    OneSession,
    TimedOut,
    WritersLost,
    FirstRows,
}

impl Situation {
    pub(crate) const ALL: [Situation; 7] = [
        Situation::LockedRow,
        Situation::DeviceLists,
        Situation::LargeRevocation,
        Situation::OneSession,
        Situation::TimedOut,
        Situation::WritersLost,
        Situation::FirstRows,
    ];

    /// Writes the rows that it needs.
    pub(crate) async fn prepare(self, server: &Server, scene: &Scene) -> Outcome<()> {
        let rows: i32 = match self {
            Situation::DeviceLists => scene.size.pick(100, 10_000, 10_000),
            Situation::LargeRevocation => scene.size.pick(100, 50_000, 200_000),
            _ => return Ok(()),
        };
        let admin = &server.admin;
        admin.execute(OWNED, &[&rows, &self.owner()]).await?;
        Ok(admin.batch_execute("VACUUM ANALYZE http_sessions").await?)
    }

    fn owner(self) -> &'static str {
        match self {
            Situation::LargeRevocation => "robot to revoke",
            _ => "robot to list",
        }
    }

    /// Does it, for a while, and tells what became of it.
    pub(crate) async fn disturb(self, scene: Scene, time: Duration) -> Outcome<String> {
        match self {
            Situation::LockedRow => one_save_a_second(&scene, time).await,
            Situation::DeviceLists => device_lists(&scene, self.owner(), time).await,
            Situation::LargeRevocation => revoke(&scene, self.owner()).await,
            Situation::OneSession => many_saves(&scene, scene.size.pick(20, 1_000, 1_000)).await,
            Situation::TimedOut => {
                let stranger = lock_row(&scene).await?;
                let told = many_saves(&scene, scene.size.pick(5, 2_000, 2_000)).await;
                stranger.batch_execute("ROLLBACK").await?;
                told
            }
            Situation::WritersLost => lose_writers(&scene, time).await,
            Situation::FirstRows => first_rows(&scene, time).await,
        }
    }
}

impl fmt::Display for Situation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Situation::LockedRow => "one save a second to a row that a stranger has locked",
            Situation::DeviceLists => "ten device lists of 10,000 sessions at a time",
            Situation::LargeRevocation => "200,000 sessions of one owner are revoked",
            Situation::OneSession => "1,000 saves to one session",
            Situation::TimedOut => "2,000 saves wait for a locked row until they time out",
            Situation::WritersLost => "the write connections are lost and new ones are refused",
            Situation::FirstRows => "64 callers write first rows",
        })
    }
}

const OWNED: &str = "
    INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on, save_token, saved_on,
                               owner, handle, saved_expires_on)
    SELECT convert_to(rpad(translate(number || $2, '01 ', 'AB'), 52, 'A'), 'UTF8'),
           convert_to(repeat('x', 400), 'UTF8'), now(), now(), now() + interval '20 days', 1, now(),
           $2, number || $2, now() + interval '20 days'
      FROM generate_series(1, $1::integer) AS number, (SELECT $2::text) AS owner";

/// A stranger's transaction that holds the row. The lock ends with the connection.
async fn lock_row(scene: &Scene) -> Outcome<tokio_postgres::Client> {
    let stranger = connect(&scene.url).await?;
    stranger.batch_execute("BEGIN").await?;
    let lock = "SELECT FROM http_sessions WHERE key = $1 FOR UPDATE";
    let key = scene.ours.key(scene.locked_visitor()).into_bytes();
    stranger.query(lock, &[&key]).await?;
    Ok(stranger)
}

async fn one_save_a_second(scene: &Scene, time: Duration) -> Outcome<String> {
    let stranger = lock_row(scene).await?;
    let begun = Instant::now();
    let mut saves = JoinSet::new();
    while begun.elapsed() < time {
        saves.spawn(save(scene.clone()));
        tokio::time::sleep(time.min(Duration::from_secs(1))).await;
    }
    stranger.batch_execute("ROLLBACK").await?;
    Ok(count(saves).await)
}

async fn save(scene: Scene) -> bool {
    let visitor = scene.locked_visitor();
    let mut random = Random::new();
    scene.ours.save(visitor, &mut random).await.is_ok()
}

async fn many_saves(scene: &Scene, saves: usize) -> Outcome<String> {
    let begun = Instant::now();
    let saves = (0..saves).map(|_| save(scene.clone())).collect();
    Ok(format!(
        "{} in {:.1} s",
        count(saves).await,
        begun.elapsed().as_secs_f64()
    ))
}

async fn count(callers: JoinSet<bool>) -> String {
    let all = callers.join_all().await;
    let done = all.iter().filter(|&&done| done).count();
    format!("{done} of {} succeeded", all.len())
}

async fn device_lists(scene: &Scene, owner: &'static str, time: Duration) -> Outcome<String> {
    let begun = Instant::now();
    let mut lists = JoinSet::new();
    for _ in 0..10 {
        let ours = Arc::clone(&scene.ours);
        lists.spawn(async move {
            let mut listed = 0_u32;
            while begun.elapsed() < time {
                match ours.sessions().sessions_of(owner, None).await {
                    Ok(_) => listed += 1,
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
            listed
        });
    }
    let listed: u32 = lists.join_all().await.into_iter().sum();
    Ok(format!("{listed} lists"))
}

async fn revoke(scene: &Scene, owner: &str) -> Outcome<String> {
    let begun = Instant::now();
    let revoked = scene.ours.sessions().revoke_all(owner).await;
    let time = begun.elapsed().as_secs_f64();
    Ok(match revoked {
        Ok(sessions) => format!("{sessions} revoked in {time:.1} s"),
        Err(error) => format!("failed after {time:.1} s: {error}"),
    })
}

/// Ends the server processes that run updates, and refuses new connections meanwhile.
async fn lose_writers(scene: &Scene, time: Duration) -> Outcome<String> {
    let elsewhere = &scene.elsewhere;
    elsewhere
        .batch_execute("ALTER DATABASE postgres ALLOW_CONNECTIONS false")
        .await?;
    let ended = elsewhere.query_one(END_WRITERS, &[]).await;
    tokio::time::sleep(time / 2).await;
    elsewhere
        .batch_execute("ALTER DATABASE postgres ALLOW_CONNECTIONS true")
        .await?;
    let ended: i64 = ended?.try_get(0)?;
    Ok(format!(
        "{ended} connections ended, none to be had for {:.1} s",
        time.as_secs_f64() / 2.0
    ))
}

const END_WRITERS: &str = "
    SELECT count(pg_terminate_backend(pid))
      FROM pg_stat_activity
     WHERE datname = 'postgres' AND application_name = 'pgstore'
       AND query LIKE '%UPDATE %'";

async fn first_rows(scene: &Scene, time: Duration) -> Outcome<String> {
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..64 {
        let ours = Arc::clone(&scene.ours);
        callers.spawn(async move {
            let mut written = 0_u32;
            while begun.elapsed() < time && ours.insert(200).await.is_ok() {
                written += 1;
            }
            written
        });
    }
    let written: u32 = callers.join_all().await.into_iter().sum();
    Ok(format!("{written} rows"))
}
