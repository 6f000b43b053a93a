//! One request through the proxy, and what is found afterwards.

use std::time::{Duration, Instant};

use http::HeaderMap;
use pgstore::testing::TestClock;
use pgstore::wire::SecureCookie;
use pgstore::{Keys, PgStore, PgStoreOptions, SessionManager, Values};
use tokio_postgres::Client;

use super::outcome::{Content, Cookie, Outcome, Resolution, Told};
use super::request::{Answer, Conduct, NAME, Nodes, Operation, answer, set_up};
use crate::support::browser::Cookies;
use crate::support::database::Database;
use crate::support::proxy::{Cut, How, Message, Proxy};
use crate::support::secrets::{self, Shown, Told as _};

const NOW: i64 = 1_700_000_000;

/// How long one statement may take, waiting and trying again included.
const DEADLINE: Duration = Duration::from_secs(2);

/// The same where every case waits for it.
const DEADLINE_OF_SILENCE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) operation: Operation,
    pub(super) start: Start,
    pub(super) conduct: Conduct,
    pub(super) cut: Option<Cut>,
}

/// What the store has done before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// The same for another session: its connections stand and know the statements.
    Warm,
    /// Nothing, not even connected.
    Cold,
}

/// A place for one case after the other.
pub(super) struct Bench {
    database: Database,
    /// A connection past the proxy, and sessions over another one.
    client: Client,
    direct: SessionManager,
}

/// What the browser sends next, and what its session holds.
struct Next {
    cookies: Cookies,
    expected: Content,
}

/// The store behind the proxy, and the request that goes there.
struct Setting {
    proxy: Proxy,
    nodes: Nodes,
    cookies: Cookies,
}

impl Bench {
    pub(super) async fn new() -> Self {
        let database = Database::fresh().await;
        let direct = manager(database.store().await);
        let client = database.client().await;
        Self {
            database,
            client,
            direct,
        }
    }

    /// Runs a case without a cut, and returns the messages it took.
    pub(super) async fn count(&self, case: Case) -> Vec<Message> {
        let setting = self.set_up(case).await;
        setting.proxy.arm(None);
        setting.undisturbed(case).await.unwrap();
        setting.proxy.seen()
    }

    /// Runs a case with its cut, and says how long the request took.
    pub(super) async fn run(&self, case: Case) -> (Resolution, Duration) {
        let setting = self.set_up(case).await;
        setting.proxy.arm(case.cut);
        let begun = Instant::now();
        let answer = setting.answer(case).await;
        let took = begun.elapsed();
        let resolution = match answer {
            Ok(answer) => self.classify(case, &setting, &answer).await,
            Err(why) => Err(why),
        };
        let wrong = |why| Resolution::Wrong(format!("{case:?}: {why}"));
        (resolution.unwrap_or_else(wrong), took)
    }

    async fn classify(
        &self,
        case: Case,
        setting: &Setting,
        answer: &Answer,
    ) -> Result<Resolution, String> {
        setting.proxy.settled().await?;
        if case.operation == Operation::Logout {
            self.emptied().await?;
        }
        let outcome = self.outcome(case, setting, answer).await;
        let resolution = outcome.resolution(case.operation);
        if matches!(resolution, Resolution::Wrong(_)) {
            return Err(format!("{outcome:?}, {:?}", answer.result));
        }
        let next = Next {
            cookies: after(&setting.cookies, &answer.response),
            expected: outcome.by_response,
        };
        let mut went_on = self.go_on(case, setting, &next).await;
        if went_on.is_err() && case.is_silence() && resolution == Resolution::Done {
            // Nothing told the store that its connection is silent. Now something has.
            went_on = self.go_on(case, setting, &next).await;
        }
        went_on.map(|()| resolution)
    }

    /// Waits until no row is left.
    async fn emptied(&self) -> Result<(), String> {
        let begun = Instant::now();
        while !self.rows().await.is_empty() {
            if begun.elapsed() > DEADLINE {
                return Err("the row is still there".to_owned());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    async fn set_up(&self, case: Case) -> Setting {
        let url = self.database.url();
        let proxy = Proxy::before(&url).await;
        let options = PgStoreOptions::new().deadline(case.deadline());
        let store = options.connect_lazily(&proxy.url(&url)).unwrap();
        let mut setting = Setting {
            proxy,
            nodes: Nodes {
                one: manager(store),
                other: self.direct.clone(),
            },
            cookies: Cookies::none(),
        };
        if case.start == Start::Warm {
            self.warm_up(case, &mut setting).await;
        }
        let all = "DELETE FROM http_sessions";
        self.client.execute(all, &[]).await.unwrap();
        setting.cookies = self.fresh_session(case.operation).await;
        setting
    }

    /// Does the same for other sessions, until it works: on a busy machine it may take longer than
    /// a short deadline.
    async fn warm_up(&self, case: Case, setting: &mut Setting) {
        for _ in 0..10 {
            setting.cookies = self.fresh_session(case.operation).await;
            if setting.undisturbed(case).await.is_ok() {
                return;
            }
        }
        panic!("{case:?}: it does not work without a cut");
    }

    /// The cookies that the operation's request needs: none, or one that opens a session.
    async fn fresh_session(&self, operation: Operation) -> Cookies {
        let mut response = HeaderMap::new();
        if operation != Operation::Insert {
            let session = self.direct.get(&HeaderMap::new(), NAME).unwrap();
            set_up(&session).unwrap();
            self.direct.save(&session, &mut response).await.unwrap();
        }
        after(&Cookies::none(), &response)
    }

    async fn outcome(&self, case: Case, setting: &Setting, answer: &Answer) -> Outcome {
        let after = after(&setting.cookies, &answer.response);
        Outcome {
            told: Told::of(answer, case.operation),
            cookie: Cookie::of(&answer.response),
            rows: self.rows().await,
            by_request: self.content(&setting.cookies).await,
            by_response: self.content(&after).await,
        }
    }

    /// Every row there is, whether anybody knows its ID or not.
    async fn rows(&self) -> Vec<Content> {
        let all = "SELECT data, count(*) OVER (PARTITION BY key) FROM http_sessions";
        let rows = self.client.query(all, &[]).await.unwrap();
        let open = |data: &[u8]| codec().open(NAME, data, NOW, Values::decode).unwrap();
        let content = |row: &tokio_postgres::Row| match row.get::<_, i64>(1) {
            1 => Content::of(&open(row.get(0)).value),
            _ => Content::Doubled,
        };
        let mut rows: Vec<_> = rows.iter().map(content).collect();
        rows.sort_unstable();
        rows
    }

    async fn content(&self, cookies: &Cookies) -> Content {
        let session = self.direct.get(&cookies.request(), NAME).unwrap();
        Content::of(&session.values().await.unwrap())
    }

    /// The browser's next request, through the same store: it reads what is there, and its save
    /// holds.
    async fn go_on(&self, case: Case, setting: &Setting, next: &Next) -> Result<(), String> {
        let ends = matches!(case.operation, Operation::Delete | Operation::Logout);
        let (cookies, expected) = match next.expected {
            // Nothing to go on with, or nothing for long.
            expected if ends || expected == Content::Nothing => (Cookies::none(), Content::Nothing),
            expected => (next.cookies.clone(), expected),
        };
        let session = setting.nodes.one.get(&cookies.request(), NAME).unwrap();
        let read = session.values().await.told();
        let read = read.map_err(|error| format!("the next request: {error:?}"))?;
        if Content::of(&read) != expected {
            return Err(format!("the next request reads {:?}", Content::of(&read)));
        }
        session.insert("next", true).unwrap();
        let mut response = HeaderMap::new();
        let saved = setting.nodes.one.save(&session, &mut response).await.told();
        saved.map_err(|error| format!("the next save: {error:?}"))?;
        let after = after(&cookies, &response);
        let after = self.direct.get(&after.request(), NAME).unwrap();
        match after.get("next").await {
            Ok(Some(true)) => Ok(()),
            other => Err(format!("after the next save: {other:?}")),
        }
    }
}

impl Case {
    fn is_silence(&self) -> bool {
        self.cut.is_some_and(|cut| cut.how == How::Silence)
    }

    fn deadline(&self) -> Duration {
        match self.is_silence() {
            true => DEADLINE_OF_SILENCE,
            false => DEADLINE,
        }
    }
}

impl Setting {
    /// Answers a request that nothing comes in the way of.
    async fn undisturbed(&self, case: Case) -> Result<(), String> {
        let conduct = match case.conduct {
            Conduct::ClaimsSuccess | Conduct::Repeats => Conduct::Honest, // and so patient
            conduct => conduct,
        };
        let answer = self.answer(Case { conduct, ..case }).await?;
        let ended = answer.result.map(drop);
        ended.map_err(|error| format!("{error:?}"))
    }

    /// Answers the request, in time and without a panic.
    async fn answer(&self, case: Case) -> Result<Answer, String> {
        let (nodes, request) = (self.nodes.clone(), self.cookies.request());
        let answering = tokio::spawn(answer(nodes, request, case.operation, case.conduct));
        // One deadline for reading, one for saving, one for looking what became of it.
        match tokio::time::timeout(3 * case.deadline(), answering).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(panicked)) => Err(panicked.to_string()),
            Err(_) => Err("it hangs".to_owned()),
        }
    }
}

/// What a browser with these cookies has after a response.
fn after(cookies: &Cookies, response: &HeaderMap) -> Cookies {
    let mut cookies = cookies.clone();
    cookies.follow(response);
    cookies
}

fn manager(store: PgStore) -> SessionManager {
    let sessions = SessionManager::builder(store.shown(), keys());
    sessions.clock(TestClock::at(NOW)).build().unwrap()
}

fn codec() -> SecureCookie {
    SecureCookie::new(keys())
}

fn keys() -> Keys {
    secrets::keys(&[b"the hash key of these losses"])
}
