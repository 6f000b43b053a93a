//! The keys to open with: from arguments in their order, a file or the environment.

use std::env;
use std::fmt;
use std::fs;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use pgstore::Keys;

use crate::failure::Failure;
use crate::go_key;

/// Where the keys come from. Written by hand, as the order of two options counts.
pub(crate) struct KeyArguments {
    given: Vec<KeyArgument>,
    file: Option<PathBuf>,
}

/// A key, as it is given.
enum KeyArgument {
    Hash(String),
    Block(String),
}

const HASH_KEY: &str = "hash-key";
const BLOCK_KEY: &str = "block-key";
const KEYS_FILE: &str = "keys-file";

impl KeyArguments {
    /// The arguments, or else the file, or else `SESSION_KEYS`.
    pub(crate) fn read(&self) -> Result<KeyList, Failure> {
        let text = match &self.file {
            _ if !self.given.is_empty() => paired(&self.given)?,
            Some(file) => of_file(&fs::read_to_string(file).map_err(Failure::KeysFile)?)?,
            None => from_environment()?,
        };
        if text.trim().is_empty() {
            return Err(Failure::NoKeys);
        }
        Ok(KeyList(text))
    }
}

/// The keys of a file. If none of its lines is SESSION_KEYS=, those with HASH_KEY= and BLOCK_KEY= count.
fn of_file(text: &str) -> Result<String, Failure> {
    let given = |line: &str| {
        let hash = line.strip_prefix("HASH_KEY=");
        let block = line.strip_prefix("BLOCK_KEY=");
        let hash = hash.map(|key| KeyArgument::Hash(key.to_owned()));
        hash.or_else(|| block.map(|key| KeyArgument::Block(key.to_owned())))
    };
    let given: Vec<_> = text.lines().filter_map(given).collect();
    match given.is_empty() || text.lines().any(|line| line.starts_with(ASSIGNMENT)) {
        true => Ok(text.to_owned()),
        false => paired(&given),
    }
}

/// Each block key belongs to the hash key right before it.
fn paired(given: &[KeyArgument]) -> Result<String, Failure> {
    let mut pairs: Vec<(String, Option<String>)> = Vec::new();
    for key in given {
        match (key, pairs.last_mut()) {
            (KeyArgument::Hash(hash), _) => pairs.push((hex(hash, "--hash-key")?, None)),
            (KeyArgument::Block(block), _) if block.is_empty() => {
                return Err(Failure::EmptyBlockKey);
            }
            (KeyArgument::Block(block), Some((_, of_pair @ None))) => {
                *of_pair = Some(hex(block, "--block-key")?);
            }
            (KeyArgument::Block(_), _) => return Err(Failure::LoneBlockKey),
        }
    }
    let pairs = pairs
        .iter()
        .map(|(hash, block)| format!("{hash},{}", block.as_deref().unwrap_or_default()));
    Ok(pairs.collect::<Vec<_>>().join(","))
}

fn hex(key: &str, option: &'static str) -> Result<String, Failure> {
    let bytes = go_key::parse(key).ok_or(Failure::NotAKey(option))?;
    Ok(HEXLOWER.encode(&bytes))
}

fn from_environment() -> Result<String, Failure> {
    match env::var("SESSION_KEYS") {
        Ok(text) => Ok(text),
        Err(env::VarError::NotPresent) => Err(Failure::NoKeys),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::KeysNotUnicode),
    }
}

/// Keys as `SESSION_KEYS` holds them: `hash[,block,hash,block…]` in hexadecimal.
pub(crate) struct KeyList(String);

impl KeyList {
    pub(crate) fn keys(&self) -> Result<Keys, Failure> {
        Ok(Keys::from_hex(self.text())?)
    }

    /// The hash keys alone, raw.
    pub(crate) fn hash_keys(&self) -> impl Iterator<Item = Vec<u8>> {
        let keys = self.text().split(',').step_by(2);
        keys.filter_map(|key| HEXLOWER_PERMISSIVE.decode(key.trim().as_bytes()).ok())
    }

    /// A file may also hold what `keygen` prints.
    fn text(&self) -> &str {
        let assigned = |line: &'_ str| line.starts_with(ASSIGNMENT);
        let line = self.0.lines().find(|line| assigned(line));
        line.map_or(&self.0, |line| &line[ASSIGNMENT.len()..])
    }
}

const ASSIGNMENT: &str = "SESSION_KEYS=";

impl Args for KeyArguments {
    fn augment_args(command: Command) -> Command {
        let key = |name, help| {
            let key = Arg::new(name)
                .long(name)
                .value_name("KEY")
                .action(ArgAction::Append);
            key.help(help)
        };
        let block_help = "The block key that belongs to the --hash-key right before it";
        let file = Arg::new(KEYS_FILE)
            .long(KEYS_FILE)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .conflicts_with_all([HASH_KEY, BLOCK_KEY])
            .help(
                "A file with the keys: as SESSION_KEYS has them, as keygen prints them, or lines \
                 with HASH_KEY= and BLOCK_KEY= in any form that --hash-key takes",
            );
        command
            .arg(key(
                HASH_KEY,
                "A hash key, in hexadecimal, as base64:…, as text:…, or as it stands in Go code: \
                 []byte(\"…\"), []byte{…}. Several are tried in their order. Without any, the keys \
                 are those of --keys-file or of the environment variable SESSION_KEYS \
                 (hash[,block,hash,block…] in hexadecimal), which `ps` does not show",
            ))
            .arg(key(BLOCK_KEY, block_help))
            .arg(file)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for KeyArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let hash = placed(matches, HASH_KEY).map(|(place, key)| (place, KeyArgument::Hash(key)));
        let block = placed(matches, BLOCK_KEY).map(|(place, key)| (place, KeyArgument::Block(key)));
        let mut given: Vec<_> = hash.chain(block).collect();
        given.sort_by_key(|(place, _)| *place);
        Ok(Self {
            given: given.into_iter().map(|(_, key)| key).collect(),
            file: matches.get_one(KEYS_FILE).cloned(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The values of an option and where they stood.
fn placed<'a>(matches: &'a ArgMatches, name: &str) -> impl Iterator<Item = (usize, String)> + 'a {
    let places = matches.indices_of(name).into_iter().flatten();
    let values = matches.get_many::<String>(name).into_iter().flatten();
    places.zip(values.cloned())
}

impl fmt::Debug for KeyArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyArguments").finish_non_exhaustive()
    }
}
