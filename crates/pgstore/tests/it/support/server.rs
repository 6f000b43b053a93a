//! Which server a trial runs on: a friendly one, or one where every setting is odd.

use std::cell::Cell;
use std::sync::OnceLock;

use pgstore_embedded::{EmbeddedPostgres, StartError};
use tokio::runtime::{Builder, Runtime};

use super::pooler::Kind;

/// The coordinator of a Citus cluster, for trials of distributed tables. No package registry has Citus, so
/// it has to be built from its source.
pub(crate) const CITUS_URL: &str = "PGSTORE_CITUS_URL";

/// Who serves the databases of a trial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Server {
    /// `DATABASE_URL`, or an embedded server with its defaults.
    #[default]
    Friendly,
    /// The same with [`ODD`] settings, and messages in German where the machine can.
    Hostile,
    /// [`CITUS_URL`]: tables are distributed over the workers of a cluster.
    Distributed,
}

/// Settings that change what SQL means or how the server answers.
const ODD: [(&str, &str); 7] = [
    ("TimeZone", "America/New_York"),
    ("DateStyle", "SQL,DMY"),
    ("IntervalStyle", "sql_standard"),
    ("standard_conforming_strings", "off"),
    ("bytea_output", "escape"),
    ("default_transaction_isolation", "serializable"),
    ("transform_null_equals", "on"),
];

thread_local! {
    /// The server of the trials that this thread lists, or of the one that it runs.
    static CURRENT: Cell<Server> = const { Cell::new(Server::Friendly) };
}

impl Server {
    pub(crate) fn current() -> Self {
        CURRENT.get()
    }

    /// Lists trials, or runs one, on this server.
    pub(crate) fn within<T>(self, task: impl FnOnce() -> T) -> T {
        struct Before(Server);
        impl Drop for Before {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _before = Before(CURRENT.replace(self));
        task()
    }

    /// A runtime all of whose threads know that they are about this server.
    pub(crate) fn runtime(self) -> Runtime {
        Builder::new_multi_thread()
            .enable_all()
            .on_thread_start(move || CURRENT.set(self))
            .build()
            .expect("the runtime starts")
    }

    /// `store::rows::…` is `store::hostile::rows::…` on the other server.
    pub(crate) fn name(self, trial: &str) -> String {
        match self {
            Self::Friendly => trial.to_owned(),
            Self::Hostile if trial.starts_with("store::hostile::") => trial.to_owned(),
            Self::Hostile => trial.replacen("store::", "store::hostile::", 1),
            Self::Distributed => format!("citus::{trial}"),
        }
    }

    pub(crate) fn url(self) -> &'static str {
        static GIVEN: OnceLock<Option<String>> = OnceLock::new();
        static CITUS: OnceLock<String> = OnceLock::new();
        if self == Self::Distributed {
            let given = || std::env::var(CITUS_URL).expect("the trial is ignored without it");
            return CITUS.get_or_init(given);
        }
        match GIVEN.get_or_init(|| std::env::var("DATABASE_URL").ok()) {
            Some(url) => url,
            None => self.embedded().url(),
        }
    }

    /// The port of a server of our own, for a pooler before it.
    pub(crate) fn port(self) -> u16 {
        let is_given = std::env::var_os("DATABASE_URL").is_some();
        assert!(!is_given, "set PGSTORE_POOLER or DATABASE_URL, not both");
        self.embedded().port()
    }

    fn embedded(self) -> &'static EmbeddedPostgres {
        static FRIENDLY: OnceLock<EmbeddedPostgres> = OnceLock::new();
        static HOSTILE: OnceLock<EmbeddedPostgres> = OnceLock::new();
        match self {
            Self::Friendly => FRIENDLY.get_or_init(|| start(roomy().start())),
            Self::Hostile => HOSTILE.get_or_init(start_hostile),
            Self::Distributed => unreachable!("it is given"),
        }
    }

    /// Whether the server goes with this process, so that nothing on it has to be tidied up.
    pub(crate) fn goes_with_us(self) -> bool {
        self != Self::Distributed && std::env::var_os("DATABASE_URL").is_none()
    }

    /// What a connection has to ask for, on a server that is not ours to configure.
    pub(crate) fn options(self) -> String {
        if self != Self::Hostile || std::env::var_os("DATABASE_URL").is_none() {
            return String::new();
        }
        let options = ODD.iter().map(|(name, value)| format!(" -c{name}={value}"));
        options.collect()
    }
}

/// In German, by way of gettext, which asks for a locale of any kind but C; else in English.
fn start_hostile() -> EmbeddedPostgres {
    let odd = roomy().settings(&ODD);
    let german = |locale| {
        let builder = odd.clone().env("LANGUAGE", "de");
        builder.setting("lc_messages", locale).start().ok()
    };
    let mut locales = ["de_DE.UTF-8", "C.UTF-8", "en_US.UTF-8"].into_iter();
    let server = locales.find_map(german);
    server.unwrap_or_else(|| start(odd.start()))
}

/// A pooler keeps connections to the databases of earlier trials for a while.
fn roomy() -> pgstore_embedded::Builder {
    let builder = EmbeddedPostgres::builder();
    match Kind::wanted() {
        None => builder,
        Some(_) => builder.setting("max_connections", "500"),
    }
}

fn start(server: Result<EmbeddedPostgres, StartError>) -> EmbeddedPostgres {
    server.expect("PostgreSQL starts")
}
