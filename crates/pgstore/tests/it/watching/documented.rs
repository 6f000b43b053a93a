//! The metrics that the manual lists.

use std::collections::{BTreeMap, BTreeSet};

/// A row of the manual's table.
pub(super) struct Documented {
    pub(super) kind: &'static str,
    pub(super) unit: Option<&'static str>,
    pub(super) labels: BTreeSet<&'static str>,
}

/// The table of `docs/operations.md`, by name.
pub(super) fn metrics() -> BTreeMap<&'static str, Documented> {
    let manual = include_str!("../../../docs/operations.md");
    let table = manual.split("| metric | kind, unit |").nth(1);
    let table = table.expect("the manual has the table");
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.map(row).collect()
}

fn row(line: &'static str) -> (&'static str, Documented) {
    let cells: Vec<_> = line.split('|').map(str::trim).collect();
    let [_, name, kind, labels, meaning, _, _] = cells[..] else {
        panic!("a row has five cells: {line}");
    };
    assert!(!meaning.is_empty(), "{line}");
    let (kind, unit) = match kind.split_once(", ") {
        Some((kind, unit)) => (kind, Some(unit)),
        None => (kind, None),
    };
    let documented = Documented {
        kind,
        unit,
        labels: quoted(labels).collect(),
    };
    (quoted(name).next().expect("a name"), documented)
}

/// What stands between backquotes.
pub(super) fn quoted(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split('`').skip(1).step_by(2)
}
