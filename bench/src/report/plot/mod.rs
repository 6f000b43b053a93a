//! Plots of a run as SVG.

mod bars;
mod lines;

use std::error::Error;
use std::fs;
use std::path::Path;

use plotters::prelude::*;

use super::Measurement;
use crate::Outcome;
use crate::work::Work;

use bars::{Part, bars};
use lines::lines;

const SIZE: (u32, u32) = (800, 360);

/// The size of axis labels and legends.
const TEXT: (&str, i32) = ("sans-serif", 13);

const COLOURS: [RGBColor; 8] = [
    RGBColor(0x1f, 0x77, 0xb4),
    RGBColor(0xd6, 0x27, 0x28),
    RGBColor(0x2c, 0xa0, 0x2c),
    RGBColor(0x94, 0x67, 0xbd),
    RGBColor(0xff, 0x7f, 0x0e),
    RGBColor(0x8c, 0x56, 0x4b),
    RGBColor(0x17, 0xbe, 0xcf),
    RGBColor(0x7f, 0x7f, 0x7f),
];

/// What the plotting crate answers. Its errors are not `Send`.
type Drawn = Result<(), Box<dyn Error>>;

/// How many callers the bars are about, if there are several.
const USUAL_CALLERS: usize = 64;

/// Draws for each kind of work the rates and the CPU time at 64 callers, and the rates by number of
/// callers, if the run has several.
pub(crate) fn plots(measurements: &[Measurement], folder: &Path) -> Outcome<()> {
    fs::create_dir_all(folder)?;
    for work in Work::ALL {
        let of_work = measurements.iter().filter(|one| one.work == work);
        let of_work: Vec<&Measurement> = of_work.filter(|one| one.bytes > 0).collect();
        if let Some(usual) = usual(&of_work) {
            plots_of(usual, &of_work, folder).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// One measurement at the usual number of callers.
fn usual<'a>(measurements: &[&'a Measurement]) -> Option<&'a Measurement> {
    let usual = measurements.iter().find(|one| one.callers == USUAL_CALLERS);
    usual.or(measurements.first()).copied()
}

fn plots_of(usual: &Measurement, of_work: &[&Measurement], folder: &Path) -> Drawn {
    let work = usual.work;
    let same_data = |one: &&Measurement| one.rows == usual.rows && one.bytes == usual.bytes;
    let of_data: Vec<&Measurement> = of_work.iter().copied().filter(same_data).collect();
    let same_callers = |one: &&Measurement| one.callers == usual.callers;
    let of_cell: Vec<&Measurement> = of_data.iter().copied().filter(same_callers).collect();
    let at = format!(
        "{work}, {} callers, {} rows, {} B",
        usual.callers, usual.rows, usual.bytes
    );
    let rates: [Part; 1] = [("operations", |one| one.ops_per_s)];
    let times: [Part; 2] = [
        ("client", |one| one.client_us),
        ("server", |one| one.server_us),
    ];
    let file = |kind: &str| folder.join(format!("{work}-{kind}.svg"));
    let title = format!("{at}: operations per second");
    bars(&file("rate"), &title, &of_cell, &rates)?;
    let title = format!("{at}: µs of CPU time per operation");
    bars(&file("cpu"), &title, &of_cell, &times)?;
    if of_data.len() > of_cell.len() {
        let (rows, bytes) = (usual.rows, usual.bytes);
        let title = format!("{work}, {rows} rows, {bytes} B: operations per second");
        lines(&file("callers"), &title, &of_data)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_work_gets_bars_and_several_numbers_of_callers_a_line() {
        let one = |work, callers| Measurement {
            work,
            callers,
            rows: 10,
            bytes: 200,
            contestant: "ours-batched".to_owned(),
            ops_per_s: 1_000.0,
            client_us: 1.0,
            server_us: 2.0,
            connections: 4,
        };
        let run = [
            one(Work::Read, 64),
            one(Work::Read, 256),
            one(Work::Save, 64),
        ];
        let folder = std::env::temp_dir().join(format!("pgstore-bench-{}", std::process::id()));
        plots(&run, &folder).expect("plots");
        let mut drawn: Vec<String> = fs::read_dir(&folder)
            .expect("the folder")
            .map(|file| {
                file.expect("a file")
                    .file_name()
                    .into_string()
                    .expect("a name")
            })
            .collect();
        drawn.sort();
        fs::remove_dir_all(&folder).expect("removed");
        let expected = [
            "read-callers.svg",
            "read-cpu.svg",
            "read-rate.svg",
            "save-cpu.svg",
            "save-rate.svg",
        ];
        assert_eq!(drawn, expected);
    }
}
