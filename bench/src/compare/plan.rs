//! Which cells are measured, on which datasets.

use crate::arguments::CompareArguments;
use crate::dataset::Dataset;
use crate::work::{Cell, Work};

const CALLERS: [usize; 4] = [1, 16, 64, 256];

const MILLION: u32 = 1_000_000;

/// The datasets in the order in which they are filled, each with its cells.
///
/// Without lists of its own, a full run varies one thing at a time around 64 callers, 1 million rows
/// and 200 bytes. The first saves of a dataset come last, since they add rows.
pub(super) fn plan(arguments: &CompareArguments) -> Vec<(Dataset, Vec<Cell>)> {
    let lists = [
        !arguments.callers.is_empty(),
        !arguments.rows.is_empty(),
        !arguments.bytes.is_empty(),
    ];
    let mut plan = match lists.contains(&true) {
        true => products(arguments),
        false => usual(arguments),
    };
    for (_, cells) in &mut plan {
        cells.retain(|cell| arguments.work.is_empty() || arguments.work.contains(&cell.work));
        cells.sort_by_key(|cell| cell.work == Work::Insert);
    }
    plan.retain(|(_, cells)| !cells.is_empty());
    plan
}

/// Every number of callers with every number of rows and bytes.
fn products(arguments: &CompareArguments) -> Vec<(Dataset, Vec<Cell>)> {
    let callers = or(&arguments.callers, 64);
    let mut plan = Vec::new();
    for rows in or(&arguments.rows, MILLION) {
        for bytes in or(&arguments.bytes, 200) {
            plan.push(on(rows, bytes, &callers, &Work::ALL));
        }
    }
    plan
}

fn or<T: Clone>(list: &[T], default: T) -> Vec<T> {
    match list {
        [] => vec![default],
        list => list.to_vec(),
    }
}

fn usual(arguments: &CompareArguments) -> Vec<(Dataset, Vec<Cell>)> {
    let mut plan = arguments.size.pick(smoke(), quick(), full());
    if arguments.large {
        let work = [Work::Read, Work::Save];
        plan.push(on(10 * MILLION, 200, &[64], &work));
    }
    plan
}

fn smoke() -> Vec<(Dataset, Vec<Cell>)> {
    vec![on(1_000, 200, &[4], &Work::ALL)]
}

fn quick() -> Vec<(Dataset, Vec<Cell>)> {
    let (dataset, mut cells) = on(MILLION, 200, &[64], &Work::ALL);
    cells.push(Cell {
        work: Work::Read,
        callers: 1,
        rows: MILLION,
        bytes: 200,
    });
    vec![(dataset, cells)]
}

fn full() -> Vec<(Dataset, Vec<Cell>)> {
    let stored = &Work::ALL[..5];
    vec![
        on(MILLION, 200, &CALLERS, &Work::ALL),
        on(10_000, 200, &[64], stored),
        on(100_000, 1_000, &[64], stored),
        on(100_000, 3_000, &[64], stored),
    ]
}

/// All cells of one dataset.
fn on(rows: u32, bytes: usize, callers: &[usize], work: &[Work]) -> (Dataset, Vec<Cell>) {
    let mut cells = Vec::new();
    for &work in work {
        for &callers in callers {
            let cell = Cell {
                work,
                callers,
                rows,
                bytes,
            };
            cells.push(cell);
            if work == Work::Untouched {
                cells.push(Cell { bytes: 0, ..cell });
            }
        }
    }
    (Dataset { rows, bytes }, cells)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::{Arguments, Command};

    fn plan_of(options: &[&str]) -> Vec<(Dataset, Vec<Cell>)> {
        let arguments = ["bench", "compare"].iter().chain(options);
        match Arguments::parse_from(arguments).command {
            Command::Compare(arguments) => plan(&arguments),
            _ => Vec::new(),
        }
    }

    #[test]
    fn first_saves_come_last_since_they_add_rows() {
        for (_, cells) in plan_of(&[]) {
            let first = cells.iter().position(|cell| cell.work == Work::Insert);
            let first = first.expect("every dataset has them");
            assert!(cells[first..].iter().all(|cell| cell.work == Work::Insert));
        }
    }

    #[test]
    fn lists_are_multiplied_and_work_is_chosen() {
        let plan = plan_of(&["--callers=1,2", "--rows=10,20,30", "--work=read"]);
        assert_eq!(plan.len(), 3);
        assert!(plan.iter().all(|(_, cells)| cells.len() == 2));
        assert!(plan.iter().all(|(dataset, _)| dataset.bytes == 200));
    }

    #[test]
    fn untouched_requests_come_with_a_cookie_and_without() {
        let plan = plan_of(&["--quick", "--work=untouched"]);
        let with: Vec<bool> = plan[0].1.iter().map(|cell| cell.has_cookie()).collect();
        assert_eq!(with, [true, false]);
    }
}
