//! One line for each contestant.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::{COLOURS, Drawn, SIZE, TEXT};
use crate::report::Measurement;

/// Draws the rates by number of callers.
pub(super) fn lines(path: &Path, title: &str, measurements: &[&Measurement]) -> Drawn {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    draw(&root, title, measurements)?;
    Ok(root.present()?)
}

fn draw(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    title: &str,
    measurements: &[&Measurement],
) -> Drawn {
    let rates = measurements.iter().map(|one| one.ops_per_s);
    let callers = measurements.iter().map(|one| one.callers);
    let (highest, most) = (rates.fold(1.0, f64::max), callers.max().unwrap_or(1));
    let mut chart = ChartBuilder::on(root)
        .caption(title, ("sans-serif", 17))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d((1.0..most as f64).log_scale(), 0.0..highest * 1.1)?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .x_desc("callers")
        .x_label_formatter(&|callers| format!("{callers:.0}"))
        .y_label_formatter(&|rate| format!("{rate:.0}"))
        .label_style(TEXT)
        .draw()?;
    for (name, colour) in names(measurements).into_iter().zip(COLOURS) {
        let style = colour.stroke_width(2);
        let points = points(measurements, name);
        chart
            .draw_series(LineSeries::new(points, style).point_size(3))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .border_style(BLACK.mix(0.3))
        .background_style(WHITE.mix(0.8))
        .label_font(TEXT)
        .draw()?;
    Ok(())
}

/// Each contestant once, in the order of the run.
fn names<'a>(measurements: &[&'a Measurement]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for one in measurements {
        if !names.contains(&&*one.contestant) {
            names.push(&one.contestant);
        }
    }
    names
}

/// A contestant's rates by number of callers.
fn points(measurements: &[&Measurement], name: &str) -> Vec<(f64, f64)> {
    let of_contestant = measurements.iter().filter(|one| one.contestant == name);
    let mut points: Vec<(f64, f64)> = of_contestant
        .map(|one| (one.callers as f64, one.ops_per_s))
        .collect();
    points.sort_by(|left, right| left.0.total_cmp(&right.0));
    points
}
