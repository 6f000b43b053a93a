//! Opens texts that are dear to open, one call of `open_once` for each. `scripts/opening-cost` runs it under
//! callgrind, which counts the instructions of each call.
//!
//! `opening-cost CHARACTERS` opens the corpus within that length and prints one name a line, in the order of
//! the calls; with `-`, it opens gobs that it reads in hex, one a line. `opening-cost search CHARACTERS ROUNDS` looks for dearer texts, by the time that they take, and
//! prints the dearest gobs in hex.

#[path = "../../../crates/pgstore/tests/it/gob/build.rs"]
mod build;
mod chance;
mod corpus;
mod search;
mod text;

use std::env;
use std::process::ExitCode;

use text::Texts;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [characters] => match characters.parse() {
            Ok(characters) => open_all(characters, corpus::gobs),
            Err(_) => return usage(),
        },
        [characters, "-"] => match characters.parse() {
            Ok(characters) => open_all(characters, |_| corpus::given()),
            Err(_) => return usage(),
        },
        ["search", characters, rounds] => match (characters.parse(), rounds.parse()) {
            (Ok(characters), Ok(rounds)) => search::search(characters, rounds),
            _ => return usage(),
        },
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: opening-cost CHARACTERS [-] | opening-cost search CHARACTERS ROUNDS");
    ExitCode::from(2)
}

fn open_all<G: Iterator<Item = (String, Vec<u8>)>>(characters: usize, gobs: fn(usize) -> G) {
    let texts = Texts::within(characters);
    for (name, gob) in gobs(texts.most()) {
        let Some(text) = texts.seal(&gob) else {
            continue;
        };
        texts.open_once(&text);
        println!("{name}");
    }
}
