//! Plots of a run as SVG.

use std::error::Error;
use std::fs;
use std::path::Path;

use plotters::prelude::*;

use super::Measurement;
use crate::Outcome;
use crate::work::Work;

const SIZE: (u32, u32) = (720, 360);
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x1f, 0x77, 0xb4),
    RGBColor(0xd6, 0x27, 0x28),
    RGBColor(0x2c, 0xa0, 0x2c),
    RGBColor(0x94, 0x67, 0xbd),
    RGBColor(0xff, 0x7f, 0x0e),
    RGBColor(0x7f, 0x7f, 0x7f),
];

/// Draws for each kind of work the rates and the CPU time at the busiest usual cell, and the rates by
/// number of callers if the run has several.
pub(crate) fn plots(measurements: &[Measurement], folder: &Path) -> Outcome<()> {
    fs::create_dir_all(folder)?;
    for work in Work::ALL {
        let of_work = measurements
            .iter()
            .filter(|one| one.work == work && one.bytes > 0);
        let of_work: Vec<&Measurement> = of_work.collect();
        let Some(cell) = of_work
            .iter()
            .find(|one| one.callers == 64)
            .or(of_work.first())
        else {
            continue;
        };
        let (rows, bytes) = (cell.rows, cell.bytes);
        let of_table = of_work
            .iter()
            .filter(|one| one.rows == rows && one.bytes == bytes);
        let of_table: Vec<&Measurement> = of_table.copied().collect();
        let of_cell = of_table.iter().filter(|one| one.callers == cell.callers);
        let of_cell: Vec<&Measurement> = of_cell.copied().collect();
        let at = format!("{work}: {} callers, {rows} rows, {bytes} B", cell.callers);
        draw(bars(
            &folder.join(format!("{work}-rate.svg")),
            &format!("{at}: operations per second"),
            &of_cell,
            &[("operations", |one| one.ops_per_s)],
        ))?;
        draw(bars(
            &folder.join(format!("{work}-cpu.svg")),
            &format!("{at}: CPU µs per operation"),
            &of_cell,
            &[
                ("client", |one| one.client_us),
                ("server", |one| one.server_us),
            ],
        ))?;
        if of_table.len() > of_cell.len() {
            let title = format!("{work}, {rows} rows, {bytes} B: operations per second");
            draw(by_callers(
                &folder.join(format!("{work}-callers.svg")),
                &title,
                &of_table,
            ))?;
        }
    }
    Ok(())
}

type Drawn = Result<(), Box<dyn Error>>;
type Part = (&'static str, fn(&Measurement) -> f64);

/// The plotting crate's errors are not `Send`; their text is enough.
fn draw(drawn: Drawn) -> Outcome<()> {
    drawn.map_err(|error| error.to_string().into())
}

/// One bar for each contestant, of one part or two on top of each other.
fn bars(path: &Path, title: &str, contestants: &[&Measurement], parts: &[Part]) -> Drawn {
    let sum = |one: &Measurement| parts.iter().map(|(_, part)| part(one)).sum::<f64>();
    let highest = contestants.iter().map(|one| sum(one)).fold(1e-9, f64::max);
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(28)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..contestants.len() as f64, 0.0..highest * 1.1)?;
    let names = |place: &f64| {
        let index = contestants
            .iter()
            .enumerate()
            .find(|(index, _)| (*index as f64 + 0.5 - place).abs() < 0.01);
        index.map_or_else(String::new, |(_, one)| one.contestant.clone())
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(contestants.len() * 2 + 1)
        .x_label_formatter(&names)
        .draw()?;
    let mut floors = vec![0.0; contestants.len()];
    for ((name, part), colour) in parts.iter().zip(COLOURS) {
        let rectangles =
            contestants
                .iter()
                .zip(&mut floors)
                .enumerate()
                .map(|(index, (one, floor))| {
                    let (low, left) = (*floor, index as f64);
                    *floor += part(one);
                    Rectangle::new([(left + 0.15, low), (left + 0.85, *floor)], colour.filled())
                });
        let series = chart.draw_series(rectangles.collect::<Vec<_>>())?;
        if parts.len() > 1 {
            series.label(*name).legend(move |(x, y)| {
                Rectangle::new([(x, y - 5), (x + 10, y + 5)], colour.filled())
            });
        }
    }
    if parts.len() > 1 {
        chart
            .configure_series_labels()
            .border_style(BLACK.mix(0.3))
            .background_style(WHITE)
            .draw()?;
    }
    Ok(root.present()?)
}

/// One line for each contestant.
fn by_callers(path: &Path, title: &str, measurements: &[&Measurement]) -> Drawn {
    let highest = measurements
        .iter()
        .map(|one| one.ops_per_s)
        .fold(1.0, f64::max);
    let most = measurements
        .iter()
        .map(|one| one.callers)
        .max()
        .unwrap_or(1);
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d((1.0..most as f64).log_scale(), 0.0..highest * 1.1)?;
    chart.configure_mesh().x_desc("callers").draw()?;
    let mut names: Vec<&str> = Vec::new();
    for one in measurements {
        if !names.contains(&&*one.contestant) {
            names.push(&one.contestant);
        }
    }
    for (name, colour) in names.into_iter().zip(COLOURS) {
        let mut points: Vec<(f64, f64)> = measurements
            .iter()
            .filter(|one| one.contestant == name)
            .map(|one| (one.callers as f64, one.ops_per_s))
            .collect();
        points.sort_by(|left, right| left.0.total_cmp(&right.0));
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(3))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .border_style(BLACK.mix(0.3))
        .background_style(WHITE)
        .draw()?;
    Ok(root.present()?)
}
