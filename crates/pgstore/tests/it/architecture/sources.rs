//! The parsed sources of the crates that are checked.

use std::fs;
use std::path::{Path, PathBuf};

/// The crate whose parts are on the map of ARCHITECTURE.md.
pub(super) const LIBRARY: &str = "pgstore";

/// Not checked: the server for tests, and the demo, whose routes and handlers name each other. They
/// depend on no internals of others, and nothing that users run depends on them.
const UNCHECKED: [&str; 2] = ["pgstore-demo", "pgstore-embedded"];

/// One source file.
pub(super) struct Source {
    /// Relative to the crate's `src`.
    pub(super) path: PathBuf,
    /// `wire/gob/mod.rs` is `wire::gob`, `wire/keys.rs` is `wire::keys`, `lib.rs` the root. Without it,
    /// `main.rs` is.
    pub(super) module: Vec<String>,
    pub(super) syntax: syn::File,
}

impl Source {
    pub(super) fn parse(path: &str, text: &str) -> Self {
        let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let path = PathBuf::from(path);
        let module = module_of(&path);
        Self {
            path,
            module,
            syntax,
        }
    }

    /// The top-level module that it belongs to: `lib` for the root itself.
    pub(super) fn part(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }

    /// Whether it holds unit tests alone.
    pub(super) fn is_test(&self) -> bool {
        self.module.iter().any(|name| name == "tests")
    }
}

/// The name and the sources of each crate under `crates/`, but for the unchecked ones.
pub(super) fn crates() -> Vec<(String, Vec<Source>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let entries = fs::read_dir(root).expect("the folder is readable");
    let names = entries.map(|entry| entry.expect("the entry is readable").path());
    let mut folders: Vec<_> = names
        .filter(|path| path.join("Cargo.toml").is_file())
        .collect();
    folders.sort();
    let name = |folder: &Path| {
        folder
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    let named = folders.iter().map(|folder| (name(folder), folder));
    let checked = named.filter(|(name, _)| !UNCHECKED.contains(&name.as_str()));
    checked
        .map(|(name, folder)| (name, read(&folder.join("src"))))
        .collect()
}

pub(super) fn library() -> Vec<Source> {
    let mut crates = crates().into_iter();
    let (_, sources) = crates
        .find(|(name, _)| name == LIBRARY)
        .expect("it is here");
    sources
}

/// The files under a folder with this extension, in the order of their paths.
pub(super) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            files.extend(self::files(&path, extension));
        } else if path.extension().is_some_and(|its| its == extension) {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn read(folder: &Path) -> Vec<Source> {
    let files = files(folder, "rs");
    assert!(!files.is_empty(), "{} has sources", folder.display());
    let parse = |path: &PathBuf| {
        let text = fs::read_to_string(path).expect("the file is readable");
        let path = path.strip_prefix(folder).expect("it lies in the folder");
        Source::parse(&path.to_string_lossy(), &text)
    };
    let mut sources: Vec<_> = files.iter().map(parse).collect();
    if !folder.join("lib.rs").is_file() {
        make_root("main", &mut sources);
    }
    sources
}

/// Of a program without a library, `main.rs` is the root.
fn make_root(name: &str, sources: &mut [Source]) {
    for source in sources {
        if source.module == [name] {
            source.module.clear();
        }
    }
}

fn module_of(path: &Path) -> Vec<String> {
    let path = path.with_extension("");
    let names = path.iter().map(|name| name.to_string_lossy().into_owned());
    names
        .filter(|name| name != "mod" && name != "lib")
        .collect()
}
