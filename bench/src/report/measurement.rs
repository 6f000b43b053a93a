//! One measurement, and the JSON file of a run.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::work::Work;

/// The medians of one contestant's rounds at one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measurement {
    pub(crate) work: Work,
    pub(crate) callers: usize,
    pub(crate) rows: u32,
    pub(crate) bytes: usize,
    pub(crate) contestant: String,
    pub(crate) ops_per_s: f64,
    pub(crate) client_us: f64,
    pub(crate) server_us: f64,
    pub(crate) connections: usize,
}

/// Writes a list of measurements.
pub(crate) fn write_json(path: &Path, measurements: &[Measurement]) -> Outcome<()> {
    let mut text = serde_json::to_string_pretty(measurements)?;
    text.push('\n');
    Ok(fs::write(path, text)?)
}

/// Reads what [`write_json`] wrote to each of the files.
pub(crate) fn read_json(paths: &[PathBuf]) -> Outcome<Vec<Measurement>> {
    let mut all = Vec::new();
    for path in paths {
        all.extend(serde_json::from_str::<Vec<Measurement>>(
            &fs::read_to_string(path)?,
        )?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_has_the_documented_members_and_reads_back() {
        let measurement = Measurement {
            work: Work::Read,
            callers: 64,
            rows: 1_000_000,
            bytes: 200,
            contestant: "ours-single".to_owned(),
            ops_per_s: 31_000.5,
            client_us: 27.0,
            server_us: 31.0,
            connections: 2,
        };
        let text = serde_json::to_string(&[&measurement]).expect("plain data");
        let expected = r#"[{"work":"read","callers":64,"rows":1000000,"bytes":200,"contestant":"ours-single","ops_per_s":31000.5,"client_us":27.0,"server_us":31.0,"connections":2}]"#;
        assert_eq!(text, expected);
        let read: Vec<Measurement> = serde_json::from_str(&text).expect("what we wrote");
        assert_eq!(read, [measurement]);
    }

    #[test]
    fn each_work_has_its_documented_name() {
        let names = serde_json::to_string(&Work::ALL).expect("plain data");
        assert_eq!(
            names,
            r#"["read","save","insert","mix","http","untouched"]"#
        );
    }
}
