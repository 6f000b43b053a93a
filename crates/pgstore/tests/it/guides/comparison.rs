//! `docs/comparison.md`: each cell has a test or a place in a source.

use crate::support::sources::sources;
use crate::support::{apply, trial};

const GUIDE: &str = include_str!("../../../docs/comparison.md");

/// The numbered rows of a part of the guide, as cells.
fn rows(part: &str) -> Vec<Vec<&str>> {
    let lines = part.lines().filter(|line| {
        let rest = line.strip_prefix("| ");
        rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    });
    lines
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

#[apply(trial)]
async fn every_cell_of_the_comparison_is_shown() {
    let (said, shown) = GUIDE.split_once("\n## Where it is shown").unwrap();
    let (said, shown) = (rows(said), rows(shown));
    assert_eq!(said.len(), shown.len());
    for (index, (said, shown)) in said.iter().zip(&shown).enumerate() {
        let number = (index + 1).to_string();
        assert_eq!(said[0].split('.').next(), Some(&*number));
        assert_eq!(shown[0], number);
        assert_eq!((said.len(), shown.len()), (6, 6), "row {number}");
        assert!(shown.iter().all(|cell| !cell.is_empty()), "row {number}");
    }
}

#[apply(trial)]
async fn every_test_that_the_comparison_names_exists() {
    let sources = sources();
    let (_, shown) = GUIDE.split_once("\n## Where it is shown").unwrap();
    for row in rows(shown) {
        let tests: Vec<_> = row[1].split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "row {}", row[0]);
        for test in tests {
            let found = sources.contains(&format!("fn {test}("));
            assert!(found, "row {}: there is no test {test}", row[0]);
        }
    }
}
