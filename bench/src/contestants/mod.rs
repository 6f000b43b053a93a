//! Who is compared: our library, other stores, and the bare database.

mod bare;
mod go;
mod in_process;
mod inner;
mod ours;
mod pgbench;
mod pool;
mod tower_sessions;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use pgstore::{PgStoreOptions, StatementNames, StatementStrategy};

use crate::Outcome;
use crate::dataset::Dataset;
use crate::server::Server;
use crate::work::{Cell, Work};

pub(crate) use in_process::InProcess;
pub(crate) use ours::Ours;

use bare::Bare;
use go::Go;
use in_process::Answer;
use inner::Inner;
use pgbench::Pgbench;
use pool::Pool;
use tower_sessions::TowerSessions;

/// How many connections the contestants with a pool have: sqlx's default.
pub(crate) const POOL: usize = 10;

/// The contestants. Of ours there is one for each way in which the library sends its statements; a new
/// way is one variant here and one line in [`Contestant::start`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// The library as it is by default: the statements of waiting callers go out as one
    OursBatched,
    /// The library with a statement for each caller
    OursSingle,
    /// The library as behind a pooler: no statement has a name
    OursUnnamed,
    TowerSessions,
    /// One query for each request over deadpool-postgres
    Pool,
    /// One prepared query over one connection
    Bare,
    Pgbench,
    Go,
    /// The service inside the middleware
    Inner,
}

impl Name {
    pub(crate) const ALL: [Name; 9] = [
        Name::OursBatched,
        Name::OursSingle,
        Name::OursUnnamed,
        Name::TowerSessions,
        Name::Pool,
        Name::Bare,
        Name::Pgbench,
        Name::Go,
        Name::Inner,
    ];

    /// Why it cannot do this work.
    pub(crate) fn lacks(self, work: Work) -> Option<&'static str> {
        match (self, work) {
            (Name::Pool | Name::Pgbench, Work::Http | Work::Untouched) => Some("has no middleware"),
            (Name::Bare, Work::Read) => None,
            (Name::Bare, _) => Some("only reads"),
            (Name::Go, Work::Http | Work::Untouched) => Some("is no tower middleware"),
            (Name::Inner, Work::Untouched) => None,
            (Name::Inner, _) => Some("keeps no sessions"),
            (Name::OursSingle | Name::OursUnnamed, Work::Untouched) => {
                Some("is the same as ours-batched here: no statement is sent")
            }
            _ => None,
        }
    }

    /// What it does less or more than ours in the same work.
    pub(crate) fn remark(self, work: Work) -> Option<&'static str> {
        Some(match (self, work) {
            (Name::OursBatched | Name::Inner, _) => return None,
            (Name::OursSingle, _) => "a statement for each caller",
            (Name::OursUnnamed, _) => "its statements have no names",
            (Name::TowerSessions, Work::Read) => "no signed cookie",
            (Name::TowerSessions, Work::Untouched | Work::Http) => "unsigned cookie",
            (Name::TowerSessions, Work::Insert) => {
                "no cookie; a transaction that asks first whether the ID is free"
            }
            (Name::TowerSessions, _) => "no signed cookie, no version guard: the last save wins",
            (Name::Pool, Work::Read) => "rows only: nothing is opened or decoded",
            (Name::Pool, Work::Mix) => "rows only, no middleware",
            (Name::Pool, _) => "rows only: nothing is opened or decoded; what is saved is sealed",
            (Name::Bare, _) => "rows only; one connection, pipelined",
            (Name::Pgbench, Work::Read) => "rows only; at its best client count",
            (Name::Pgbench, Work::Insert) => "rows only; at its best client count",
            (Name::Pgbench, Work::Mix) => {
                "rows only, no guard, no middleware; at its best client count"
            }
            (Name::Pgbench, _) => "rows only, no version guard; at its best client count",
            (Name::Go, Work::Save | Work::Mix) => "no version guard: the last save wins",
            (Name::Go, _) => return None,
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Name::OursBatched => "ours-batched",
            Name::OursSingle => "ours-single",
            Name::OursUnnamed => "ours-unnamed",
            Name::TowerSessions => "tower-sessions",
            Name::Pool => "pool",
            Name::Bare => "bare",
            Name::Pgbench => "pgbench",
            Name::Go => "go",
            Name::Inner => "inner",
        })
    }
}

/// What one round of one contestant gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) operations: f64,
    pub(crate) ops_per_s: f64,
    /// CPU time of the client for each operation, in microseconds.
    pub(crate) client_us: f64,
}

/// A contestant that is ready for one dataset.
pub(crate) enum Contestant {
    InProcess(Arc<dyn InProcess>),
    Pgbench(Pgbench),
    Go(Box<Go>),
}

impl Contestant {
    /// Prepares a contestant. An error says why it cannot take part.
    pub(crate) async fn start(name: Name, server: &Server, dataset: Dataset) -> Outcome<Self> {
        let url = &server.url_as(&name.to_string());
        let options = PgStoreOptions::new();
        Ok(match name {
            Name::OursBatched => Self::in_process(Ours::start(url, dataset, options).await?),
            Name::OursSingle => {
                let options = options.strategy(StatementStrategy::OnePerCaller);
                Self::in_process(Ours::start(url, dataset, options).await?)
            }
            Name::OursUnnamed => {
                let options = options.statement_names(StatementNames::Unnamed);
                Self::in_process(Ours::start(url, dataset, options).await?)
            }
            Name::TowerSessions => Self::in_process(TowerSessions::start(url, dataset).await?),
            Name::Pool => Self::in_process(Pool::start(url, dataset)?),
            Name::Bare => Self::in_process(Bare::start(url, dataset).await?),
            Name::Inner => Self::in_process(Inner::start(dataset)?),
            Name::Pgbench => Self::Pgbench(Pgbench::start(server, url, dataset)?),
            Name::Go => Self::Go(Box::new(Go::start(url, dataset).await?)),
        })
    }

    fn in_process(contestant: impl InProcess) -> Self {
        Self::InProcess(Arc::new(contestant))
    }

    /// Does what must be done once before the rounds of a cell.
    pub(crate) async fn prepare(&mut self, cell: Cell) -> Outcome<()> {
        match self {
            Self::Pgbench(pgbench) => pgbench.prepare(cell).await,
            Self::InProcess(_) | Self::Go(_) => Ok(()),
        }
    }

    /// One round of this work.
    pub(crate) async fn round(&mut self, cell: Cell, time: Duration) -> Outcome<Round> {
        match self {
            Self::InProcess(contestant) => in_process::round(contestant, cell, time).await,
            Self::Pgbench(pgbench) => pgbench.round(cell, time).await,
            Self::Go(go) => go.round(cell, time).await,
        }
    }

    /// Heap allocations of one operation, for work that waits for nothing.
    pub(crate) fn allocations(&self, cell: Cell) -> Outcome<Option<f64>> {
        match self {
            Self::InProcess(contestant) if cell.work == Work::Untouched => {
                in_process::allocations(contestant.as_ref(), cell).map(Some)
            }
            Self::InProcess(_) | Self::Pgbench(_) | Self::Go(_) => Ok(None),
        }
    }

    /// How many connections it has open, or had in its last round.
    pub(crate) async fn connections(
        &self,
        name: Name,
        server: &Server,
        cell: Cell,
    ) -> Outcome<usize> {
        match self {
            Self::Pgbench(pgbench) => Ok(pgbench.clients(cell)),
            Self::InProcess(_) | Self::Go(_) => server.connections_of(&name.to_string()).await,
        }
    }
}
