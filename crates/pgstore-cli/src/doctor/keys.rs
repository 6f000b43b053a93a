//! The lengths of the keys, if there are any.

use super::checks::CheckName;
use super::finding::Report;
use crate::failure::Failure;
use crate::key_list::KeyArguments;

/// Shorter hash keys can be guessed.
const SHORTEST: usize = 32;

pub(super) fn examine(keys: &KeyArguments, report: &mut Report) -> Result<(), Failure> {
    let list = match keys.read() {
        Err(Failure::NoKeys) => return Ok(()), // Only the application has them, then.
        list => list?,
    };
    if !report.begins(CheckName::Keys) {
        return Ok(());
    }
    if let Err(failure) = list.keys() {
        let mend = "correct the keys: hash[,block,hash,block...] in hexadecimal, as `pgstore keygen` prints them";
        report.add(CheckName::Keys, &failure.one_line(), mend);
        return Ok(());
    }
    for (index, key) in list.hash_keys().enumerate() {
        if key.len() < SHORTEST {
            let problem = format!(
                "the hash key of pair {} has {} bytes and may be guessed: {SHORTEST} are needed",
                index + 1,
                key.len()
            );
            let mend = "pgstore keygen; append its pair, move it to the front, drop the old one \
                        (pgstore keygen --help)";
            report.add(CheckName::Keys, &problem, mend);
        }
    }
    Ok(())
}
