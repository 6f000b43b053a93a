//! Chromium and its driver: where they are, and one process of each with a profile of its own.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use libtest_mimic::{Completion, Failed};

/// What a trial needs and where that is looked for.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
const DRIVER: &str = "chromedriver";

/// Why no trial can run in Chromium, if none can.
pub(crate) fn missing() -> Option<String> {
    let is_missing = |what: &str| format!("{what} is missing: scripts/test installs it");
    let browser = browser().is_none().then(|| is_missing("Chromium"));
    browser.or_else(|| on_path(DRIVER).is_none().then(|| is_missing(DRIVER)))
}

/// A trial that cannot run is ignored, but never in CI.
pub(crate) fn ignored(reason: String) -> Result<Completion, Failed> {
    match env::var("CI").is_ok_and(|ci| ci == "true" || ci == "1") {
        true => Err(reason.into()),
        false => Ok(Completion::ignored_with(reason)),
    }
}

pub(crate) fn browser() -> Option<PathBuf> {
    BROWSERS.iter().find_map(|name| on_path(name))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let mut programs = env::split_paths(&folders).map(|folder| folder.join(program));
    programs.find(|program| program.is_file())
}

/// A chromedriver with a folder of its own. Its end, however it comes, ends the browser that it started,
/// because the two talk through a pipe (`--remote-debugging-pipe`). The end of this process, however it
/// comes, ends the driver: the shell around it reads the other end of a pipe, and removes the folder.
pub(crate) struct Driver {
    shell: Child,
    folder: PathBuf,
    pub(crate) url: String,
    pub(crate) is_root: bool,
}

const UNTIL_STDIN_CLOSES: &str = r#"
chromedriver --port=0 &
driver=$!
read -r _
kill -9 $driver
wait
rm -rf "$TMPDIR"
"#;

impl Driver {
    pub(crate) fn start() -> Self {
        let folder = fresh_folder();
        let is_root = fs::metadata(&folder).unwrap().uid() == 0;
        let mut shell = Command::new("sh")
            .args(["-c", UNTIL_STDIN_CLOSES])
            .env("TMPDIR", &folder)
            .process_group(0) // Ctrl-C at the tests must not end the shell before it has cleaned up.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(shell.stdout.take().unwrap()).lines();
        let mut said = said.map_while(Result::ok);
        let port = said.find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("chromedriver says its port");
        // What it says later is read, so that it does not wait for a reader.
        std::thread::spawn(move || said.for_each(drop));
        Self {
            shell,
            folder,
            url: format!("http://127.0.0.1:{port}"),
            is_root,
        }
    }

    pub(crate) fn profile(&self) -> PathBuf {
        self.folder.join("profile")
    }
}

impl Drop for Driver {
    /// Kills the shell's group: shell, driver and browser.
    fn drop(&mut self) {
        let group = format!("-{}", self.shell.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.shell.wait();
        // Processes of the browser that are just ending may still write.
        let mut attempts = 0..100;
        while fs::remove_dir_all(&self.folder).is_err() && attempts.next().is_some() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn fresh_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("pgstore-demo-{}-{number}", std::process::id());
    let folder = env::temp_dir().join(name);
    fs::create_dir(&folder).unwrap();
    folder
}
