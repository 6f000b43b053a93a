//! `pgstore keygen`: a fresh pair of keys.

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use data_encoding::HEXLOWER;

use crate::failure::Failure;

/// Print a fresh hash key and block key in hexadecimal, and both as SESSION_KEYS takes them.
///
/// The three lines are assignments, fit for an env file and for `inspect --keys-file`.
///
/// To rotate keys while nodes are replaced one by one, without logging anybody out:
/// (1) append the new pair to SESSION_KEYS on every node, Go ones too;
/// (2) when all have it, move the new pair to the front on every node;
/// (3) after the longest lifetime of any session (30 days by default), drop the old pair.
#[derive(Debug, Args)]
pub(crate) struct Keygen {
    /// Bytes of the hash key, which signs: 32 to 128.
    #[arg(long, value_name = "BYTES", default_value_t = 32, value_parser = hash_bytes())]
    hash_bytes: u16,

    /// Bytes of the block key, which encrypts: 16, 24 or 32 for AES-128, AES-192 or AES-256; 0
    /// for none, which leaves the values readable to everyone who can read the table.
    #[arg(long, value_name = "BYTES", default_value = "32", value_parser = block_bytes())]
    block_bytes: u16,
}

fn hash_bytes() -> clap::builder::RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(32..=128)
}

fn block_bytes() -> impl clap::builder::TypedValueParser<Value = u16> {
    PossibleValuesParser::new(["0", "16", "24", "32"]).try_map(|bytes| bytes.parse::<u16>())
}

impl Keygen {
    pub(crate) fn run(&self) -> Result<String, Failure> {
        let hash_key = random_hex(self.hash_bytes)?;
        if self.block_bytes == 0 {
            return Ok(format!("HASH_KEY={hash_key}\nSESSION_KEYS={hash_key}\n"));
        }
        let block_key = random_hex(self.block_bytes)?;
        Ok(format!(
            "HASH_KEY={hash_key}\nBLOCK_KEY={block_key}\nSESSION_KEYS={hash_key},{block_key}\n"
        ))
    }
}

fn random_hex(bytes: u16) -> Result<String, Failure> {
    let mut key = vec![0; usize::from(bytes)];
    getrandom::fill(&mut key).map_err(Failure::Randomness)?;
    Ok(HEXLOWER.encode(&key))
}
