//! One connection and one prepared query: what a lone caller can reach at best.

use tokio_postgres::{Client, Statement};

use super::pool::LOAD;
use super::{Answer, InProcess};
use crate::Outcome;
use crate::dataset::Dataset;
use crate::random::Random;
use crate::server::connect;
use crate::work::{Cell, Work};

/// The driver alone. It only reads; several callers share the connection, pipelined.
pub(crate) struct Bare {
    client: Client,
    load: Statement,
    keys: Vec<Vec<u8>>,
}

impl Bare {
    pub(crate) async fn start(url: &str, dataset: Dataset) -> Outcome<Bare> {
        let client = connect(url).await?;
        Ok(Bare {
            load: client.prepare(LOAD).await?,
            client,
            keys: dataset.keys(),
        })
    }

    async fn load(&self, visitor: usize) -> Outcome<()> {
        self.client
            .query_one(&self.load, &[&self.keys[visitor]])
            .await?;
        Ok(())
    }
}

impl InProcess for Bare {
    fn operation<'a>(&'a self, cell: Cell, mut random: Random) -> Answer<'a> {
        let visitor = random.below(self.keys.len());
        match cell.work {
            Work::Read => Box::pin(self.load(visitor)),
            _ => Box::pin(async { Err("only reads".into()) }),
        }
    }
}
