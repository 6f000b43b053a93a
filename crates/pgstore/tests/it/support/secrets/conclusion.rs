//! What the search says about a run: one line, and whether the run has failed.

use std::fmt;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Conclusion};

use super::capture::{Captured, Records, captured};
use super::known::{Known, known};
use super::search::{Find, Searcher};
use super::shown::{DEBUG, ERROR};

/// How many finds are told.
const MOST_TOLD: usize = 20;

/// Searches what this run's trials had said, and tells the result on standard error.
pub(crate) fn conclude(arguments: &Arguments, conclusion: &Conclusion) -> ExitCode {
    if arguments.list {
        return ExitCode::SUCCESS;
    }
    let (known, mut captured) = (known(), captured());
    let finds = Searcher::new(&known).search(&mut captured.file);
    let finds: Vec<_> = finds.expect("the capture is read").into_iter().collect();
    let missing = if is_whole(arguments) {
        missing(&known, &captured.records)
    } else {
        Vec::new() // A few trials alone may have nothing to hide.
    };
    eprintln!("{}", Told(&known, &captured, &finds, &missing));
    if conclusion.has_failed() || (finds.is_empty() && missing.is_empty()) {
        conclusion.exit_code()
    } else {
        ExitCode::FAILURE
    }
}

/// Whether all trials ran.
fn is_whole(arguments: &Arguments) -> bool {
    let is_filtered = arguments.filter.is_some() || !arguments.skip.is_empty();
    !is_filtered && !arguments.ignored
}

/// What a search would be worth nothing without.
pub(super) fn missing(known: &Known, records: &Records) -> Vec<&'static str> {
    let said = |source| records.keys().any(|name| name.starts_with(source));
    let needed = [
        (!known.cookies.is_empty(), "no cookie was noted"),
        (!known.ids.is_empty(), "no ID was noted"),
        (!known.keys.is_empty(), "no key was noted"),
        (!known.passwords.is_empty(), "no password was noted"),
        (said("pgstore"), "no event of the library was heard"),
        (said("tokio_postgres"), "no record of the driver was heard"),
        (said("rustls"), "no record of the TLS library was heard"),
        (said(DEBUG), "no Debug output was heard"),
        (said(ERROR), "no error was heard"),
    ];
    let lacking = needed.into_iter().filter(|(is_there, _)| !is_there);
    lacking.map(|(_, lack)| lack).collect()
}

struct Told<'a>(&'a Known, &'a Captured, &'a [Find], &'a [&'static str]);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(known, captured, finds, missing) = self;
        let records: u64 = captured.records.values().sum();
        let megabytes = captured.file.metadata().map_or(0, |file| file.len()) / 1_000_000;
        write!(
            f,
            "searched {megabytes} MB in {records} logs, errors and Debug outputs for {} cookies, \
             {} IDs, {} keys and {} passwords: ",
            known.cookies.len(),
            known.ids.len(),
            known.keys.len(),
            known.passwords.len(),
        )?;
        match finds.len() {
            0 => write!(f, "none found")?,
            count => write!(f, "FOUND IN {count} PLACES")?,
        }
        for Find { kind, form, line } in finds.iter().take(MOST_TOLD) {
            write!(f, "\n    {kind:?} ({form}) in: {line}")?;
        }
        missing
            .iter()
            .try_for_each(|lack| write!(f, "\n    FAILED: {lack}"))
    }
}
