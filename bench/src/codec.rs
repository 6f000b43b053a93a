//! Sealing and opening rows without a database.

use std::hint::black_box;
use std::time::{Duration, Instant};

use pgstore::Values;

use crate::Outcome;
use crate::arguments::Size;
use crate::dataset::{COOKIE, codec, sealed, text, unix_seconds, values};
use crate::report::Table;
use crate::statistics::median;

/// Prints nanoseconds for each step and size.
pub(crate) fn run(size: &Size) -> Outcome<()> {
    let time = Duration::from_millis(size.pick(2, 50, 300));
    let mut table = Table::new(&[
        "text",
        "encode",
        "decode",
        "seal",
        "open",
        "open and decode",
    ]);
    for bytes in [200, 1_000, 3_000] {
        table.row(&line(bytes, time)?);
    }
    println!("Nanoseconds on one core; the median of 7 rounds.\n\n{table}");
    Ok(())
}

fn line(bytes: usize, time: Duration) -> Outcome<Vec<String>> {
    let (codec, now) = (codec()?, unix_seconds());
    let values = values(&text(bytes))?;
    let (gob, sealed) = (values.encode(), sealed(&text(bytes))?);
    let nanoseconds = [
        measure(time, || drop(black_box(values.encode()))),
        measure(time, || drop(black_box(Values::decode(&gob)))),
        measure(time, || {
            drop(black_box(codec.seal(COOKIE, &gob, now, [0; 16])))
        }),
        measure(time, || {
            let opened = codec.open(COOKIE, &sealed, now, |bytes| Ok(bytes.len()));
            black_box(opened.is_ok());
        }),
        measure(time, || {
            black_box(codec.open(COOKIE, &sealed, now, Values::decode).is_ok());
        }),
    ];
    let mut cells = vec![format!("{bytes} B")];
    cells.extend(nanoseconds.map(|nanoseconds| format!("{nanoseconds:.0}")));
    Ok(cells)
}

/// The median over 7 rounds of the nanoseconds that one call takes.
fn measure(time: Duration, step: impl Fn()) -> f64 {
    let round = || {
        let begun = Instant::now();
        let mut calls = 0_u32;
        while begun.elapsed() < time {
            (0..100).for_each(|_| step());
            calls += 100;
        }
        begun.elapsed().as_nanos() as f64 / f64::from(calls)
    };
    let rounds: Vec<f64> = (0..7).map(|_| round()).collect();
    median(&rounds)
}
