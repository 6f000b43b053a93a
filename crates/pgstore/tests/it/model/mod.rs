//! Random programs of requests, run on real stores and on a model of what each browser may see.
//!
//! A program is a list of steps in one order: requests begin, act and are saved, responses are lost,
//! IDs change, sessions end, time passes, clocks differ, statements get lost. After every step the real
//! thing is compared with the model (`truth.rs`). A failure is shrunk to the steps that it takes.
//! Each defect that was found once is brought back (`defects.rs`), and must be found.
//!
//! `PGSTORE_PROGRAMS=20000 scripts/test -p pgstore --test it -- model::programs` runs more programs, and
//! `PGSTORE_SEED` begins elsewhere.

mod defects;
mod program;
mod request;
mod run;
mod shrink;
mod truth;
mod world;

use libtest_mimic::{Failed, Trial};

use defects::Defect;
use run::Run;

use crate::support::{apply, trial, trials};

/// How many programs run unless `PGSTORE_PROGRAMS` says so.
const PROGRAMS: u64 = 400;

/// Within how many programs a defect must be found.
const PROGRAMS_TO_FIND_A_DEFECT: u64 = 2_000;

/// The first seed unless `PGSTORE_SEED` says so.
const SEED: u64 = 1;

fn setting(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(default, |set| set.parse().expect("it is a number"))
}

#[apply(trial)]
async fn programs_agree_with_the_model() {
    let (first, count) = (
        setting("PGSTORE_SEED", SEED),
        setting("PGSTORE_PROGRAMS", PROGRAMS),
    );
    let mut run = Run::new(None).await;
    for seed in first..first + count {
        let program = program::program(seed);
        if let Err(what) = run.program(&program).await {
            let (shrunk, what) = shrink::shrink(&mut run, program, what).await;
            panic!("seed {seed}: {what}\n{shrunk:#?}");
        }
    }
    println!("from seed {first}: {:?}", run.counts);
}

#[apply(trials)]
fn each_defect_is_found() -> Vec<Trial> {
    let trial = |defect: Defect| {
        let name = format!("model::each_defect_is_found::{}", defect.name());
        Trial::test(name, move || {
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(find(defect)).map_err(Failed::from)
        })
    };
    Defect::ALL.map(trial).into()
}

async fn find(defect: Defect) -> Result<(), String> {
    let mut run = Run::new(Some(defect)).await;
    for seed in 0..PROGRAMS_TO_FIND_A_DEFECT {
        let program = program::program(seed);
        if let Err(what) = run.program(&program).await {
            let length = program.len();
            let (shrunk, _) = shrink::shrink(&mut run, program, what.clone()).await;
            println!(
                "{defect:?}: found by program {seed} in {length} steps, and in {} of them: {what}",
                shrunk.len()
            );
            return Ok(());
        }
    }
    Err(format!(
        "{defect:?}: not found in {PROGRAMS_TO_FIND_A_DEFECT} programs"
    ))
}
