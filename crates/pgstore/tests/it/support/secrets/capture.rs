//! All that was said, in a file without a name: it is gone when this process is.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, OnceLock};

static CAPTURE: OnceLock<Mutex<Capture>> = OnceLock::new();

/// How often each source has said something.
pub(super) type Records = BTreeMap<String, u64>;

struct Capture {
    file: BufWriter<File>,
    records: Records,
}

/// The capture as it is when the last trial has ended.
pub(super) struct Captured {
    pub(super) file: File,
    pub(super) records: Records,
}

/// Makes the file.
pub(super) fn open() {
    let file = BufWriter::with_capacity(1 << 16, nameless_file());
    let records = BTreeMap::new();
    CAPTURE.get_or_init(|| Mutex::new(Capture { file, records }));
}

fn nameless_file() -> File {
    let name = format!("heard-{}.log", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(true);
    let file = options.open(&path).expect("the capture's file is made");
    // Where a file in use cannot be removed, it stays behind.
    let _ = fs::remove_file(path);
    file
}

/// Keeps what a source has said.
pub(crate) fn heard(source: &str, said: impl fmt::Display) {
    let Some(capture) = CAPTURE.get() else {
        return;
    };
    // Before the lock: what is displayed may itself have something to say.
    let line = format!("{source}: {said}\n");
    let mut capture = capture.lock().unwrap();
    capture
        .file
        .write_all(line.as_bytes())
        .expect("the capture is written");
    match capture.records.get_mut(source) {
        Some(records) => *records += 1,
        None => _ = capture.records.insert(source.to_owned(), 1),
    }
}

/// All of it. To be called once, when nobody speaks any more: it moves the place in the file.
pub(super) fn captured() -> Captured {
    let capture = CAPTURE.get().expect("main() watches");
    let mut capture = capture.lock().unwrap();
    capture.file.flush().expect("the capture is written");
    let mut file = capture.file.get_ref();
    file.seek(SeekFrom::Start(0)).expect("the capture is read");
    Captured {
        file: file.try_clone().expect("the capture is read"),
        records: capture.records.clone(),
    }
}
