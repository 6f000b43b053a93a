//! What was found.

use std::collections::BTreeSet;

use pgstore::TableName;
use serde::Serialize;

use super::checks::CheckName;
use crate::failure::flat;
use crate::table::counted;

/// What is wrong, and the SQL, the setting or the command that mends it.
#[derive(Debug, Serialize)]
struct Finding {
    check: CheckName,
    problem: String,
    mend: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Report {
    table: String,
    findings: Vec<Finding>,
    /// The checks that were done.
    checked: BTreeSet<CheckName>,
    #[serde(skip)]
    ignored: Vec<CheckName>,
}

impl Report {
    pub(super) fn new(table: &TableName, ignored: &[CheckName]) -> Self {
        Self {
            table: table.to_string(),
            findings: Vec::new(),
            checked: BTreeSet::new(),
            ignored: ignored.to_vec(),
        }
    }

    /// Whether this check is to be done. It counts as done from now on.
    pub(super) fn begins(&mut self, check: CheckName) -> bool {
        let is_wanted = !self.ignored.contains(&check);
        if is_wanted {
            self.checked.insert(check);
        }
        is_wanted
    }

    pub(super) fn add(&mut self, check: CheckName, problem: &str, mend: &str) {
        let is_wanted = !self.ignored.contains(&check);
        if is_wanted {
            self.findings.push(Finding {
                check,
                problem: flat(problem),
                mend: flat(mend),
            });
        }
    }

    pub(super) fn has_findings(&self) -> bool {
        !self.findings.is_empty()
    }

    pub(super) fn has_found(&self, check: CheckName) -> bool {
        self.findings.iter().any(|finding| finding.check == check)
    }

    pub(super) fn text(&self) -> String {
        let findings = self.findings.iter().map(|finding| {
            let (name, problem, mend) = (finding.check.name(), &finding.problem, &finding.mend);
            format!("{name}: {problem}\n    {mend}\n\n")
        });
        let findings: String = findings.collect();
        let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let found = counted(number(self.findings.len()), "finding");
        let checks = counted(number(self.checked.len()), "check");
        format!("{findings}{}: {found} in {checks}\n", self.table)
    }
}
