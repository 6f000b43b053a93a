//! SECURITY.md's table: each line of the bar has a test, and each test named there exists.

use crate::support::sources::sources;
use crate::support::{apply, trial};

#[apply(trial)]
async fn every_line_of_the_security_bar_names_tests_that_exist() {
    let security = include_str!("../../../../../SECURITY.md");
    let sources = sources();
    let mut numbers = Vec::new();
    for row in security.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [number, _line, tests] = cells[..] else {
            panic!("a row has three cells: {row}");
        };
        let Ok(number) = number.parse::<usize>() else {
            continue; // The head of the table.
        };
        numbers.push(number);
        let mut named = 0;
        for test in tests.split('`').skip(1).step_by(2) {
            let is_there = sources.contains(&format!("fn {test}("));
            assert!(is_there, "line {number}: there is no test {test}");
            named += 1;
        }
        assert!(named > 0, "line {number} names no test");
    }
    assert_eq!(numbers, (1..=18).collect::<Vec<_>>());
}
