//! The arrows of ARCHITECTURE.md: which part may import which.

use std::collections::BTreeMap;

use super::names::Names;
use super::sources::{Source, library};
use crate::support::{apply, trial};

/// What `store/` may take of `wire/`: who is to blame for an error, and no codec.
const WIRE_FOR_THE_STORE: &[&str] = &["ErrorClass"];

#[apply(trial)]
async fn every_part_imports_only_what_the_map_allows() {
    let arrows = arrows();
    let mut seen = BTreeMap::<String, usize>::new();
    for source in library() {
        let part = source.part();
        if part == "lib" {
            continue;
        }
        *seen.entry(part.to_owned()).or_default() += 1;
        let allowed = arrows.get(part);
        let allowed = allowed.unwrap_or_else(|| panic!("{part} is not on the map"));
        for path in Names::of(&source).crate_paths() {
            assert!(
                is_allowed(&source, &path, allowed),
                "{} imports crate::{}",
                source.path.display(),
                path.join("::"),
            );
        }
    }
    let on_the_map: Vec<_> = arrows.into_keys().collect();
    let looked_at: Vec<_> = seen.into_keys().collect();
    assert_eq!(looked_at, on_the_map, "every part was looked at");
}

#[apply(trial)]
async fn an_import_against_the_arrows_is_seen() {
    let source = Source::parse(
        "wire/gob/mod.rs",
        "
        use crate::{store::Row, wire};
        use super::super::edge::Edge;
        fn f() { crate::id::x(); g!(crate::name::Name); }
        #[cfg(test)] mod tests { use crate::session::Session; }
        ",
    );
    let paths: Vec<_> = Names::of(&source).crate_paths().collect();
    let joined: Vec<_> = paths.iter().map(|path| path.join("::")).collect();
    let expected = ["store::Row", "wire", "edge::Edge", "id::x", "name::Name"];
    assert_eq!(joined, expected);
    let allowed = ["id".to_owned(), "name".to_owned()];
    let is_refused = |path: &&Vec<String>| !is_allowed(&source, path, &allowed);
    let refused: Vec<_> = paths
        .iter()
        .filter(is_refused)
        .map(|path| &path[0])
        .collect();
    assert_eq!(refused, ["store", "edge"]);
}

fn is_allowed(source: &Source, path: &[String], allowed: &[String]) -> bool {
    let (to, rest) = path.split_first().expect("a path has segments");
    let is_root_export = to.starts_with(char::is_uppercase);
    let is_open = to == source.part() || is_root_export && source.is_test() || allowed.contains(to);
    let name = rest.first().map_or("", String::as_str);
    let is_codec = source.part() == "store" && to == "wire" && !WIRE_FOR_THE_STORE.contains(&name);
    is_open && !is_codec
}

/// Who may import whom: the table of ARCHITECTURE.md. A part is a top-level module of the crate.
fn arrows() -> BTreeMap<String, Vec<String>> {
    let map = include_str!("../../../../../ARCHITECTURE.md");
    let table = map
        .split("| part | may import")
        .nth(1)
        .expect("the map has the table");
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let quoted = |cell: &str| -> Vec<_> {
        let cell = cell.split("(only").next().unwrap_or_default();
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let rows = rows.filter_map(|row| row.trim_matches('|').split_once(" | "));
    let rows = rows.flat_map(|(parts, imports)| {
        quoted(parts)
            .into_iter()
            .map(move |part| (part, quoted(imports)))
    });
    rows.collect()
}
