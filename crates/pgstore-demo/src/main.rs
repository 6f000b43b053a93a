//! The demo: run `scripts/demo`, then open the URL that it prints. Ctrl-C stops it.
//!
//! - `DATABASE_URL`: the PostgreSQL to use. Without it, the demo starts a throwaway one.
//! - `SESSION_KEYS`: hexadecimal, `hash[,block,hash,block…]`. Without it, the demo makes keys.
//! - `PORT`: the port to listen on, 3000 by default. 0 takes any free one.

use std::error::Error;
use std::process::ExitCode;

use pgstore_demo::{Demo, Figures, database, keys, listener, serve};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let (keys, listener) = (keys()?, listener().await?);
    let figures = Figures::record()?;
    let demo = Demo::open(database()?, keys, figures).await?;
    serve(demo, listener).await
}

/// An error and its causes, in one line.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
