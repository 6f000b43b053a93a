//! Takes steps out of a program as long as it still fails.

use super::program::Step;
use super::run::Run;

/// The shortest program found that fails, and how it fails.
pub(super) async fn shrink(
    run: &mut Run,
    mut program: Vec<Step>,
    mut what: String,
) -> (Vec<Step>, String) {
    let mut length = program.len() / 2;
    while length > 0 {
        let mut start = 0;
        while start < program.len() {
            let end = (start + length).min(program.len());
            let mut shorter = program.clone();
            shorter.drain(start..end);
            match run.program(&shorter).await {
                Err(fails) => (program, what) = (shorter, fails),
                Ok(()) => start = end,
            }
        }
        length /= 2;
    }
    (program, what)
}
