//! `kill -9` of the server while many sessions are being saved, and the server started again on
//! the same data. The store and the sessions' manager are the same all the time.

use std::fmt;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;
use pgstore::testing::TestClock;
use pgstore::{PgStoreOptions, Session, SessionError, SessionManager};
use pgstore_embedded::{Builder, EmbeddedPostgres};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::sync::{Barrier, mpsc};
use tokio::task::JoinSet;

use crate::support::browser::Cookies;
use crate::support::database::client;
use crate::support::secrets::{self, Shown, Told};
use crate::support::{apply, trial};

const ROUNDS: usize = 20;
const SESSIONS: usize = 192;

/// How many saves are under way when the server dies, at least.
const IN_FLIGHT: usize = 64;

/// How long one statement may take, waiting and trying again included.
const DEADLINE: Duration = Duration::from_secs(5);

#[apply(trial)]
async fn a_server_killed_under_saves_keeps_what_was_acknowledged_and_tears_nothing() {
    let server = EmbeddedPostgres::builder().durable();
    let totals = crash(&server, Conduct::Waits, ROUNDS).await;
    println!("{totals}");
    assert!(totals.wrong.is_empty(), "{:#?}", totals.wrong);
    assert!(totals.acknowledged > 0 && totals.failed > 0, "{totals}");
    assert!(totals.least_in_flight >= IN_FLIGHT, "{totals}");
}

#[apply(trial)]
async fn the_check_sees_saves_that_are_acknowledged_before_they_are_done() {
    let server = EmbeddedPostgres::builder().durable();
    let totals = crash(&server, Conduct::Hurries, 5).await;
    println!("acknowledged before it is done: {totals}");
    assert!(totals.is_wrong_with("acknowledged, and lost"), "{totals}");
}

#[apply(trial)]
async fn the_check_sees_commits_that_are_not_on_the_disk() {
    let server = EmbeddedPostgres::builder().durable();
    let server = server.settings(&[("synchronous_commit", "off"), ("wal_writer_delay", "10s")]);
    let totals = crash(&server, Conduct::Waits, 5).await;
    println!("acknowledged before it is on the disk: {totals}");
    assert!(totals.is_wrong_with("acknowledged, and lost"), "{totals}");
}

/// What a request takes for an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conduct {
    /// That its save has ended well.
    Waits,
    /// Wrong: that its save has begun.
    Hurries,
}

/// Kills the server that often, and looks at every session each time.
async fn crash(server: &Builder, conduct: Conduct, rounds: usize) -> Totals {
    let mut crashes = Crashes::of(server).await;
    let mut totals = Totals::default();
    for round in 0..rounds {
        // At another point in the run of acknowledgements each time.
        let first = 1 + round * 3 % IN_FLIGHT;
        let (ends, in_flight) = crashes.kill_and_restart(first, conduct).await;
        crashes.look(round, ends, &mut totals).await;
        totals.rounds += 1;
        totals.least_in_flight = in_flight.min(totals.least_in_flight);
        if !totals.wrong.is_empty() {
            break;
        }
    }
    totals
}

/// What came of all rounds.
struct Totals {
    rounds: usize,
    acknowledged: usize,
    failed: usize,
    /// Of those that failed, how many are written all the same.
    written: usize,
    least_in_flight: usize,
    slowest_recovery: Duration,
    wrong: Vec<String>,
}

impl Default for Totals {
    fn default() -> Self {
        Self {
            rounds: 0,
            acknowledged: 0,
            failed: 0,
            written: 0,
            least_in_flight: SESSIONS,
            slowest_recovery: Duration::ZERO,
            wrong: Vec::new(),
        }
    }
}

impl Totals {
    fn is_wrong_with(&self, what: &str) -> bool {
        self.wrong.iter().any(|wrong| wrong.contains(what))
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rounds, wrong) = (self.rounds, self.wrong.len());
        let (acknowledged, failed) = (self.acknowledged, self.failed);
        write!(f, "{rounds} crashes under {SESSIONS} saves, at least ")?;
        write!(f, "{} of them in flight: ", self.least_in_flight)?;
        write!(f, "{acknowledged} acknowledged, {failed} unavailable ")?;
        write!(f, "({} of them written), {wrong} wrong; ", self.written)?;
        write!(
            f,
            "all read at most {:.1?} after the start",
            self.slowest_recovery
        )
    }
}

/// A server that is killed, and sessions on it.
struct Crashes {
    /// Always there, but while it is started again.
    server: Option<EmbeddedPostgres>,
    sessions: SessionManager,
    browsers: Vec<Browser>,
    /// One whose saves are in nobody's way.
    spare: Browser,
}

/// A session's cookie, and the number that it holds.
#[derive(Clone)]
struct Browser {
    cookies: Cookies,
    n: i64,
}

/// What a request tells while it is handled.
enum Event {
    Begun,
    Ended(usize, Result<HeaderMap, SessionError>),
}

/// How the saves ended, by the sessions' numbers.
type Ends = Vec<Option<Result<HeaderMap, SessionError>>>;

impl Crashes {
    async fn of(server: &Builder) -> Self {
        let server = server.start().unwrap();
        let options = PgStoreOptions::new().deadline(DEADLINE);
        let store = options.connect(server.url()).await.unwrap();
        store.migrate().await.unwrap();
        let keys = secrets::keys(&[b"the hash key of these crashes"]);
        let clock = TestClock::at(1_700_000_000);
        let sessions = SessionManager::builder(store.shown(), keys).clock(clock);
        let sessions = sessions.build().unwrap();
        let mut browsers = Vec::new();
        for _ in 0..=SESSIONS {
            browsers.push(Browser::new(&sessions).await);
        }
        let checkpoint = client(server.url()).await.batch_execute("CHECKPOINT").await;
        checkpoint.expect("what is there so far is on the disk");
        Self {
            server: Some(server),
            spare: browsers.pop().unwrap(),
            sessions,
            browsers,
        }
    }

    /// Changes and saves every session at once, kills the server when all saves have begun and
    /// `first` of them are acknowledged, and starts it again. Says how many were in flight then.
    async fn kill_and_restart(&mut self, first: usize, conduct: Conduct) -> (Ends, usize) {
        // So that all connections stand, and with them the processes to kill.
        self.spare.change_and_save(&self.sessions).await;
        let mut server = self.server.take().unwrap();
        let killer = Killer::of(&server).await;
        let mut saves = Saves::start(self, conduct).await;
        saves
            .until(|saves| saves.begun == SESSIONS && saves.acknowledged() >= first)
            .await;
        let in_flight = SESSIONS - saves.ended();
        killer.kill().await;
        if conduct == Conduct::Hurries {
            saves.until(|_| false).await; // they are not to be done after the restart
        }
        let restarting = tokio::task::spawn_blocking(move || {
            server.kill().unwrap(); // it is dead; this notes it
            server.restart().unwrap();
            server
        });
        saves.until(|_| false).await;
        self.server = Some(restarting.await.unwrap());
        (saves.ends, in_flight)
    }

    /// Reads every session, by the same store, and compares it with what its save was told.
    async fn look(&mut self, round: usize, ends: Ends, totals: &mut Totals) {
        let begun = Instant::now();
        let mut reads = JoinSet::new();
        for (number, browser) in self.browsers.iter().cloned().enumerate() {
            let sessions = self.sessions.clone();
            reads.spawn(async move { (number, browser.read(&sessions).await) });
        }
        let mut found: Vec<_> = reads.join_all().await;
        found.sort_unstable_by_key(|(number, _)| *number);
        totals.slowest_recovery = totals.slowest_recovery.max(begun.elapsed());
        for (((_, found), end), browser) in found.into_iter().zip(ends).zip(&mut self.browsers) {
            let end = end.expect("every save has ended");
            if let Err(why) = browser.compare(&end, found, totals) {
                totals.wrong.push(format!("round {round}: {why}"));
            }
        }
    }
}

impl Browser {
    async fn new(sessions: &SessionManager) -> Self {
        let mut response = HeaderMap::new();
        let session = sessions.get(&HeaderMap::new(), "s").unwrap();
        session.insert("n", 0).unwrap();
        session.insert("text", "0").unwrap();
        sessions.save(&session, &mut response).await.unwrap();
        let cookies = Cookies::none();
        let mut browser = Self { cookies, n: 0 };
        browser.cookies.follow(&response);
        browser
    }

    /// A request's session, read and with one more in it, by `update`, so that twice shows.
    async fn change(&self, sessions: &SessionManager) -> Session {
        let session = sessions.get(&self.cookies.request(), "s").unwrap();
        let n: i64 = session.get("n").await.unwrap().expect("it is there");
        let next = (n + 1).to_string();
        session
            .update("n", |n: Option<i64>| n.unwrap_or(0) + 1)
            .unwrap();
        session.insert("text", &next).unwrap();
        session
    }

    async fn change_and_save(&mut self, sessions: &SessionManager) {
        let session = self.change(sessions).await;
        let mut response = HeaderMap::new();
        sessions.save(&session, &mut response).await.unwrap();
        self.cookies.follow(&response);
    }

    /// The number, which is in the session twice.
    async fn read(&self, sessions: &SessionManager) -> Result<i64, String> {
        let session = sessions.get(&self.cookies.request(), "s").unwrap();
        let read = async { Ok((session.get("n").await?, session.get("text").await?)) };
        match read.await.told() {
            Ok((Some(n), Some(text))) if i64::to_string(&n) == text => Ok(n),
            Ok::<(_, Option<String>), SessionError>(torn) => Err(format!("it holds {torn:?}")),
            Err(error) => Err(format!("not read after the restart: {error:?}")),
        }
    }

    /// Compares what was found with how the save ended, and goes on from there.
    fn compare(
        &mut self,
        end: &Result<HeaderMap, SessionError>,
        found: Result<i64, String>,
        totals: &mut Totals,
    ) -> Result<(), String> {
        let found = found?;
        let saved = found - std::mem::replace(&mut self.n, found);
        match end {
            Ok(response) => {
                totals.acknowledged += 1;
                self.cookies.follow(response);
            }
            Err(_) => totals.failed += 1,
        }
        match (end, saved) {
            (Ok(_), 1) | (Err(_), 0) if is_expected(end) => Ok(()),
            (Err(_), 1) if is_expected(end) => {
                totals.written += 1;
                Ok(())
            }
            (Ok(_), 0) => Err("acknowledged, and lost".to_owned()),
            (end, saved) => Err(format!("saved {saved} times, told {end:?}")),
        }
    }
}

fn is_expected(end: &Result<HeaderMap, SessionError>) -> bool {
    !matches!(end, Err(error) if !error.is_unavailable())
}

/// Every session's save, once all are let go.
struct Saves {
    events: mpsc::UnboundedReceiver<Event>,
    begun: usize,
    ends: Ends,
    _tasks: JoinSet<()>,
}

impl Saves {
    /// Reads the sessions, changes them and lets the saves go.
    async fn start(crashes: &Crashes, conduct: Conduct) -> Self {
        let mut changing = JoinSet::new();
        for (number, browser) in crashes.browsers.iter().cloned().enumerate() {
            let sessions = crashes.sessions.clone();
            changing.spawn(async move { (number, browser.change(&sessions).await) });
        }
        let (sender, events) = mpsc::unbounded_channel();
        let (start, mut tasks) = (Arc::new(Barrier::new(SESSIONS)), JoinSet::new());
        for (number, session) in changing.join_all().await {
            let sessions = crashes.sessions.clone();
            let (start, sender) = (Arc::clone(&start), sender.clone());
            tasks.spawn(async move {
                start.wait().await;
                let tell = |event| sender.send(event).expect("somebody listens");
                tell(Event::Begun);
                let mut response = HeaderMap::new();
                if conduct == Conduct::Hurries {
                    tell(Event::Ended(number, Ok(response.clone())));
                }
                let saved = sessions.save(&session, &mut response).await.told();
                if conduct == Conduct::Waits {
                    tell(Event::Ended(number, saved.map(|()| response)));
                }
            });
        }
        Self {
            events,
            begun: 0,
            ends: (0..SESSIONS).map(|_| None).collect(),
            _tasks: tasks,
        }
    }

    /// Listens until this is so, or until all saves have ended.
    async fn until(&mut self, is_enough: impl Fn(&Self) -> bool) {
        while !is_enough(self) {
            match self.events.recv().await {
                Some(Event::Begun) => self.begun += 1,
                Some(Event::Ended(number, end)) => self.ends[number] = Some(end),
                None => return,
            }
        }
    }

    fn ended(&self) -> usize {
        self.ends.iter().flatten().count()
    }

    fn acknowledged(&self) -> usize {
        self.ends.iter().flatten().filter(|end| end.is_ok()).count()
    }
}

/// A shell that waits for the word to kill all of a server's processes. Killing the first one
/// alone leaves the others at work for as long as they are kept busy.
struct Killer(Child);

impl Killer {
    async fn of(server: &EmbeddedPostgres) -> Self {
        let client = client(server.url()).await;
        let others = "SELECT pid::text FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
        let others = client.query(others, &[]).await.unwrap();
        // Those that come later are among the server's children. One that waits for a lock of a process
        // that was killed would stay for good, and keep the server from starting again.
        let script = "read go; kill -STOP \"$1\"
                      kill -KILL \"$@\" $(cat \"/proc/$1/task/$1/children\") 2>/dev/null";
        let shell = Command::new("/bin/sh")
            .args(["-c", script, "sh"])
            .arg(server.pid().to_string())
            .args(others.iter().map(|row| row.get::<_, String>(0)))
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        Self(shell.expect("there is a shell"))
    }

    async fn kill(mut self) {
        let mut stdin = self.0.stdin.take().expect("it is piped");
        stdin.write_all(b"go\n").await.unwrap();
        // One of the processes may be gone already, so its status tells nothing.
        self.0.wait().await.unwrap();
    }
}
