//! Where the machine keeps PostgreSQL's server binaries.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::StartError;

/// The variable that names the folder of the binaries. If it is set, no other folder is looked in.
const VARIABLE: &str = "PGSTORE_POSTGRES_BIN";

/// The folder that holds `initdb` and `postgres`: the one that the variable names, or the first of the
/// places below that does.
pub(crate) fn bin_dir() -> Result<PathBuf, StartError> {
    match env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) {
        Some(folder) => first_of(vec![PathBuf::from(folder)]),
        None => first_of(candidates()),
    }
}

/// The first of these folders that holds `initdb` and `postgres`.
pub(crate) fn first_of(folders: Vec<PathBuf>) -> Result<PathBuf, StartError> {
    let found = folders.iter().find(|folder| holds_server(folder)).cloned();
    found.ok_or(StartError::NotInstalled { searched: folders })
}

fn holds_server(folder: &Path) -> bool {
    ["initdb", "postgres"]
        .iter()
        .all(|program| folder.join(program).is_file())
}

fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = pg_config().into_iter().collect();
    folders.extend(search_path());
    folders.extend(well_known());
    folders.dedup();
    folders
}

/// What `pg_config` says. It belongs to the client's headers: there may be no server beside it.
fn pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output
        .status
        .success()
        .then(|| PathBuf::from(text.trim_end()))
}

fn search_path() -> Vec<PathBuf> {
    env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default()
}

/// Packages of a versioned folder each, outside `PATH`; the newest first within a pattern.
fn well_known() -> Vec<PathBuf> {
    [
        ("/usr/lib/postgresql", "", "bin"),         // Debian, Ubuntu
        ("/usr", "pgsql-", "bin"),                  // RHEL, Fedora: postgresql.org's packages
        ("/usr/libexec", "postgresql", ""),         // Alpine
        ("/usr/lib", "postgresql", "bin"),          // openSUSE
        ("/opt/homebrew/opt", "postgresql", "bin"), // Homebrew on Apple silicon
        ("/usr/local/opt", "postgresql", "bin"),    // Homebrew on Intel
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ]
    .into_iter()
    .flat_map(|(parent, prefix, below)| versions(Path::new(parent), prefix, below))
    .collect()
}

/// The folders `parent/prefix*/below`, the highest version first.
fn versions(parent: &Path, prefix: &str, below: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix)).collect();
    names.sort_by_key(|name| std::cmp::Reverse(version(name)));
    names
        .iter()
        .map(|name| parent.join(name).join(below))
        .collect()
}

/// The numbers in a folder's name: `postgresql@17` is 17, `9.6` is 9, 6.
fn version(name: &str) -> Vec<u32> {
    name.split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_found_by_number_not_by_letter() {
        let parent = env::temp_dir().join(format!("pgstore-locate-{}", std::process::id()));
        for name in [
            "postgresql@9.6",
            "postgresql@17",
            "postgresql@16",
            "other@18",
        ] {
            fs::create_dir_all(parent.join(name)).expect("a folder of our own");
        }
        let found = versions(&parent, "postgresql", "bin");
        fs::remove_dir_all(&parent).expect("our own folder");
        assert_eq!(found[0], parent.join("postgresql@17/bin"));
        assert_eq!(found[2], parent.join("postgresql@9.6/bin"));
        assert_eq!(found.len(), 3);
    }
}
