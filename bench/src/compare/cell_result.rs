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
    allocations: Vec<(Name, f64)>,
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
            allocations: Vec::new(),
        }
    }

    /// Notes why a contestant does not take part.
    pub(super) fn lacks(&mut self, name: Name, reason: &'static str) {
        if !self.lacking.contains(&(name, reason)) {
            self.lacking.push((name, reason));
        }
    }

    /// Notes how many allocations an operation takes, if that was counted.
    pub(super) fn allocates(&mut self, name: Name, allocations: Option<f64>) {
        self.allocations
            .extend(allocations.map(|count| (name, count)));
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

    fn rounds(&self, name: Name) -> Option<&Rounds> {
        self.contestants.iter().find(|rounds| rounds.name == name)
    }

    /// How many times as fast ours is as another, round by round.
    fn ratio(&self, other: &Rounds) -> Option<Ratio> {
        Ratio::of(&self.rounds(Name::OursBatched)?.rates(), &other.rates())
    }

    /// What a layer adds to the service inside it.
    fn over_inner(&self, rounds: &Rounds) -> Option<String> {
        let inner = self
            .rounds(Name::Inner)
            .filter(|inner| inner.name != rounds.name)?;
        let time = rounds.measurement(self.cell).client_us - inner.measurement(self.cell).client_us;
        let allocations = self.allocations_of(rounds.name)? - self.allocations_of(Name::Inner)?;
        Some(format!("{time:.2} µs, {allocations:.0} allocations"))
    }

    fn allocations_of(&self, name: Name) -> Option<f64> {
        let found = self.allocations.iter().find(|(other, _)| *other == name);
        found.map(|(_, count)| *count)
    }
}

impl CellResult {
    fn line(&self, rounds: &Rounds) -> [String; 7] {
        let medians = rounds.measurement(self.cell);
        let remark = rounds.name.remark(self.cell.work).map(str::to_owned);
        let remarks = self
            .over_inner(rounds)
            .map(|more| format!("over inner: {more}"));
        let remarks: Vec<String> = remarks.into_iter().chain(remark).collect();
        [
            medians.contestant,
            rate(medians.ops_per_s),
            self.ratio(rounds).map_or_else(String::new, ratio),
            format!("{:.1}", medians.client_us),
            format!("{:.1}", medians.server_us),
            medians.connections.to_string(),
            remarks.join("; "),
        ]
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
            "remark",
        ]);
        for rounds in self.sorted() {
            table.row(&self.line(rounds));
        }
        write!(f, "{table}")?;
        for (name, reason) in &self.lacking {
            write!(f, "\nLeft out: {name}, which {reason}.")?;
        }
        writeln!(f)
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
