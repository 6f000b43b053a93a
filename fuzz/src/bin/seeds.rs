//! Writes the seeds: a folder for each target, under `corpus/` or the folder given.

use std::path::PathBuf;
use std::{env, fs, io};

use pgstore_fuzz::seeds;

fn main() -> io::Result<()> {
    let corpus = env::args_os().nth(1).map_or("corpus".into(), PathBuf::from);
    for (target, seeds) in [
        ("cookie", seeds::cookies()),
        ("gob", seeds::gobs()),
        ("cookie_header", seeds::cookie_headers()),
        ("connection_string", seeds::connection_strings()),
    ] {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        for (nth, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{nth:03}")), seed)?;
        }
        println!("{}: {} seeds", folder.display(), seeds.len());
    }
    Ok(())
}
