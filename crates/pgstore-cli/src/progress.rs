//! What a long command is doing, on stderr: one line that changes on a terminal, lines elsewhere.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pgstore::store::MigrateProgress;

/// How often a line is written where lines stay.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// How many characters the bar has.
const BAR: usize = 30;

/// Writes what a command tells.
pub(crate) struct ProgressLine {
    is_terminal: bool,
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    /// What was told last, and when, where lines stay.
    last: Option<(String, Instant)>,
    has_open_line: bool,
}

impl ProgressLine {
    pub(crate) fn new() -> Self {
        Self {
            is_terminal: io::stderr().is_terminal(),
            written: Mutex::default(),
        }
    }

    /// Writes its first line where lines stay only after some seconds: most commands end before.
    pub(crate) fn after_a_while() -> Self {
        let last = Some((String::new(), Instant::now()));
        let written = Written {
            last,
            has_open_line: false,
        };
        Self {
            written: Mutex::new(written),
            ..Self::new()
        }
    }

    pub(crate) fn tell_of_migration(&self, progress: &MigrateProgress) {
        let (topic, line) = (topic(progress), line(progress, self.is_terminal));
        self.tell(&topic, &line);
    }

    /// A line on another topic than the last one is written at once where lines stay.
    pub(crate) fn tell(&self, topic: &str, line: &str) {
        // No code panics while it holds the lock.
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        // Where there is no stderr, nobody watches.
        if self.is_terminal {
            let _ = write!(io::stderr(), "\r\x1b[K{line}");
            written.has_open_line = true;
            return;
        }
        let is_due = written
            .last
            .as_ref()
            .is_none_or(|(last, when)| last != topic || when.elapsed() >= BETWEEN_LINES);
        if is_due {
            let _ = writeln!(io::stderr(), "{line}");
            written.last = Some((topic.to_owned(), Instant::now()));
        }
    }

    /// Takes the line of a terminal away.
    pub(crate) fn end(&self) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut written.has_open_line) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn topic(progress: &MigrateProgress) -> String {
    match progress {
        MigrateProgress::BuildingIndex { index, .. } => index.clone(),
        MigrateProgress::Distributing => "distributing".to_owned(),
        _ => String::new(),
    }
}

fn line(progress: &MigrateProgress, has_bar: bool) -> String {
    match progress {
        MigrateProgress::WaitingForLock { waited, holder } => {
            let holder = holder.as_deref().unwrap_or("a session that has just ended");
            let seconds = waited.as_secs();
            format!("waiting for the table for {seconds} s: it is in use by {holder}")
        }
        MigrateProgress::BuildingIndex { index, percent } => match percent {
            Some(percent) if has_bar => format!("{} {percent:3} % {index}", bar(*percent)),
            Some(percent) => format!("building {index}: {percent} %"),
            None => format!("building {index}"),
        },
        MigrateProgress::Distributing => "distributing the rows over the workers".to_owned(),
        _ => "migrating".to_owned(),
    }
}

fn bar(percent: u8) -> String {
    let done = BAR * usize::from(percent.min(100)) / 100;
    format!("[{}{}]", "#".repeat(done), " ".repeat(BAR - done))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_waited_for_or_built() {
        let build = |percent| MigrateProgress::BuildingIndex {
            index: "by_key".to_owned(),
            percent,
        };
        assert_eq!(line(&build(Some(50)), false), "building by_key: 50 %");
        assert_eq!(line(&build(None), true), "building by_key");
        let with_bar = line(&build(Some(50)), true);
        assert!(
            with_bar.starts_with("[###############               ]  50 %"),
            "{with_bar}"
        );
        assert_eq!(bar(0).len(), BAR + 2);
        assert_eq!(bar(255), bar(100));
    }
}
