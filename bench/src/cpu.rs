//! CPU time of the client and of the server, from `/proc`.

use std::fs;
use std::time::Duration;

/// Linux reports CPU time in hundredths of a second to every program.
const TICK: Duration = Duration::from_millis(10);

/// CPU time that this process and the programs it has waited for have used.
pub(crate) fn of_client() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    Stat::parse(&stat).map_or(Duration::ZERO, |stat| stat.own + stat.ended_children)
}

/// CPU time that the server's first process and all its children have used, ended ones included.
///
/// A child that ends moves from its own figure to its parent's, so the sum never loses it.
pub(crate) fn of_server(postmaster: u32) -> Duration {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Duration::ZERO;
    };
    processes
        .filter_map(|process| fs::read_to_string(process.ok()?.path().join("stat")).ok())
        .filter_map(|text| Stat::parse(&text))
        .filter_map(|stat| match stat {
            stat if stat.pid == postmaster => Some(stat.own + stat.ended_children),
            stat if stat.parent == postmaster => Some(stat.own),
            _ => None,
        })
        .sum()
}

/// Memory that this process has resident, in bytes.
pub(crate) fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    pid: u32,
    parent: u32,
    own: Duration,
    ended_children: Duration,
}

impl Stat {
    /// Reads `/proc/<pid>/stat`. The program's name is in parentheses and may contain anything.
    fn parse(text: &str) -> Option<Stat> {
        let pid = text.split_whitespace().next()?.parse().ok()?;
        let (_, after_name) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks = |field: usize| fields.get(field)?.parse::<u32>().ok();
        Some(Stat {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            own: TICK * (ticks(11)? + ticks(12)?),
            ended_children: TICK * (ticks(13)? + ticks(14)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_past_a_name_with_spaces_and_parentheses() {
        let line = "42 (post) gres (x)) S 7 42 42 0 -1 4194304 1 2 3 4 10 20 300 4000 20 0 1 0 5";
        let stat = Stat::parse(line).expect("a stat line");
        assert_eq!((stat.pid, stat.parent), (42, 7));
        assert_eq!(stat.own, Duration::from_millis(300));
        assert_eq!(stat.ended_children, Duration::from_secs(43));
        assert_eq!(Stat::parse("42 (postgres"), None);
    }

    #[test]
    fn this_process_uses_memory() {
        assert!(resident_bytes() > 100_000);
    }
}
