//! One bar for each contestant.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::{COLOURS, Drawn, SIZE, TEXT};
use crate::report::Measurement;

/// A part of a bar: its name in the legend, and its height.
pub(super) type Part = (&'static str, fn(&Measurement) -> f64);

/// The shares of its place that a bar leaves free on each side.
const GAP: f64 = 0.15;

/// Draws a bar for each contestant, of one part or of several on top of each other.
pub(super) fn bars(
    path: &Path,
    title: &str,
    contestants: &[&Measurement],
    parts: &[Part],
) -> Drawn {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    draw(&root, title, contestants, parts)?;
    Ok(root.present()?)
}

fn draw(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    title: &str,
    contestants: &[&Measurement],
    parts: &[Part],
) -> Drawn {
    let sum = |one: &Measurement| parts.iter().map(|(_, part)| part(one)).sum::<f64>();
    let highest = contestants.iter().map(|one| sum(one)).fold(1e-9, f64::max);
    let mut chart = ChartBuilder::on(root)
        .caption(title, ("sans-serif", 17))
        .margin(12)
        .x_label_area_size(28)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..contestants.len() as f64, 0.0..highest * 1.1)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(contestants.len() * 2 + 1)
        .max_light_lines(0)
        .x_label_formatter(&|place| name_at(contestants, *place))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .label_style(TEXT)
        .draw()?;
    let mut floors = vec![0.0; contestants.len()];
    for ((name, part), colour) in parts.iter().zip(COLOURS) {
        let bars = contestants.iter().zip(&mut floors).enumerate();
        let bars = bars.map(|(index, (one, floor))| {
            let (left, low) = (index as f64, *floor);
            *floor += part(one);
            let corners = [(left + GAP, low), (left + 1.0 - GAP, *floor)];
            Rectangle::new(corners, colour.filled())
        });
        chart
            .draw_series(bars.collect::<Vec<_>>())?
            .label(*name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], colour.filled()));
    }
    if parts.len() > 1 {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .border_style(BLACK.mix(0.3))
            .background_style(WHITE)
            .label_font(TEXT)
            .draw()?;
    }
    Ok(())
}

/// The contestant in the middle of whose bar this place is, or nothing.
fn name_at(contestants: &[&Measurement], place: f64) -> String {
    let middle = |index: usize| index as f64 + 0.5;
    let mut bars = contestants.iter().enumerate();
    let found = bars.find(|(index, _)| (middle(*index) - place).abs() < 0.01);
    found.map_or_else(String::new, |(_, one)| one.contestant.clone())
}
