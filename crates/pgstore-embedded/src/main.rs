//! A throwaway PostgreSQL server until Ctrl-C or the end of the input; prints its URL and folder.

use std::error::Error;
use std::io;

use pgstore_embedded::EmbeddedPostgres;

fn main() -> Result<(), Box<dyn Error>> {
    let server = EmbeddedPostgres::start()?;
    println!("{}\n{}", server.url(), server.folder().display());
    io::copy(&mut io::stdin(), &mut io::sink())?;
    server.stop()?;
    Ok(())
}
