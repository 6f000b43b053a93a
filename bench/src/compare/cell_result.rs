//! The rounds of all contestants at one cell, as a table and as measurements.

use std::fmt;

use crate::contestants::Name;
use crate::report::{Measurement, Table};
use crate::statistics::{Ratio, median};
use crate::work::Cell;

/// One round of one contestant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) ops_per_s: f64,
    pub(super) client_us: f64,
    pub(super) server_us: f64,
}

/// What a cell gave.
#[derive(Debug)]
pub(super) struct CellResult {
    cell: Cell,
    contestants: Vec<Rounds>,
    lacking: Vec<(Name, &'static str)>,
}

#[derive(Debug)]
struct Rounds {
    name: Name,
    connections: usize,
    samples: Vec<Sample>,
}

impl CellResult {
    pub(super) fn new(cell: Cell) -> CellResult {
        CellResult {
            cell,
            contestants: Vec::new(),
            lacking: Vec::new(),
        }
    }

    /// Notes why a contestant does not take part.
    pub(super) fn lacks(&mut self, name: Name, reason: &'static str) {
        if !self.lacking.contains(&(name, reason)) {
            self.lacking.push((name, reason));
        }
    }

    /// Adds a contestant's next round.
    pub(super) fn add(&mut self, name: Name, sample: Sample, connections: usize) {
        let found = self
            .contestants
            .iter_mut()
            .find(|rounds| rounds.name == name);
        match found {
            Some(rounds) => rounds.samples.push(sample),
            None => self.contestants.push(Rounds {
                name,
                connections,
                samples: vec![sample],
            }),
        }
    }

    /// Each contestant's medians.
    pub(super) fn measurements(&self) -> Vec<Measurement> {
        let contestants = self.sorted().into_iter();
        contestants
            .map(|rounds| rounds.measurement(self.cell))
            .collect()
    }

    fn sorted(&self) -> Vec<&Rounds> {
        let order = |rounds: &&Rounds| Name::ALL.iter().position(|&name| name == rounds.name);
        let mut sorted: Vec<&Rounds> = self.contestants.iter().collect();
        sorted.sort_by_key(order);
        sorted
    }

    /// How many times as fast ours is as another, round by round.
    fn ratio(&self, other: &Rounds) -> Option<Ratio> {
        let ours = self
            .contestants
            .iter()
            .find(|rounds| rounds.name == Name::OursBatched)?;
        Ratio::of(&ours.rates(), &other.rates())
    }
}

impl Rounds {
    fn rates(&self) -> Vec<f64> {
        self.figures(|sample| sample.ops_per_s)
    }

    fn figures(&self, figure: impl Fn(&Sample) -> f64) -> Vec<f64> {
        self.samples.iter().map(figure).collect()
    }

    fn measurement(&self, cell: Cell) -> Measurement {
        Measurement {
            work: cell.work,
            callers: cell.callers,
            rows: cell.rows,
            bytes: cell.bytes,
            contestant: self.name.to_string(),
            ops_per_s: median(&self.rates()),
            client_us: median(&self.figures(|sample| sample.client_us)),
            server_us: median(&self.figures(|sample| sample.server_us)),
            connections: self.connections,
        }
    }
}

impl fmt::Display for CellResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n", self.cell)?;
        let mut table = Table::new(&[
            "contestant",
            "ops/s",
            "ours-batched / it (min–max)",
            "client µs",
            "server µs",
            "connections",
            "differs",
        ]);
        for rounds in self.sorted() {
            let medians = rounds.measurement(self.cell);
            table.row(&[
                medians.contestant,
                rate(medians.ops_per_s),
                self.ratio(rounds).map_or_else(String::new, ratio),
                format!("{:.1}", medians.client_us),
                format!("{:.1}", medians.server_us),
                medians.connections.to_string(),
                rounds.name.remark().unwrap_or_default().to_owned(),
            ]);
        }
        for (name, reason) in &self.lacking {
            let dash = || "–".to_owned();
            let reason = (*reason).to_owned();
            table.row(&[
                name.to_string(),
                dash(),
                dash(),
                dash(),
                dash(),
                dash(),
                reason,
            ]);
        }
        write!(f, "{table}")
    }
}

/// A rate with three digits or more.
fn rate(ops_per_s: f64) -> String {
    match ops_per_s {
        rate if rate >= 10_000.0 => format!("{:.1}k", rate / 1000.0),
        rate => format!("{rate:.0}"),
    }
}

fn ratio(ratio: Ratio) -> String {
    format!("{:.2} ({:.2}–{:.2})", ratio.median, ratio.min, ratio.max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::Work;

    #[test]
    fn a_measurement_is_the_median_of_its_rounds() {
        let mut result = CellResult::new(Cell {
            work: Work::Read,
            callers: 64,
            rows: 10,
            bytes: 200,
        });
        for (rate, theirs) in [(300.0, 100.0), (100.0, 100.0), (200.0, 400.0)] {
            for (name, ops_per_s) in [(Name::Go, theirs), (Name::OursBatched, rate)] {
                let sample = Sample {
                    ops_per_s,
                    client_us: 1.0,
                    server_us: 2.0,
                };
                result.add(name, sample, 2);
            }
        }
        result.lacks(Name::Inner, "keeps no sessions");
        let measurements = result.measurements();
        assert_eq!(measurements[0].contestant, "ours-batched");
        assert!((measurements[0].ops_per_s - 200.0).abs() < 1e-9);
        let table = result.to_string();
        assert!(table.contains("1.00 (0.50–3.00)"), "{table}");
        assert!(table.contains("keeps no sessions"), "{table}");
    }
}
