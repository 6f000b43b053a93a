//! No circles between the files of a part.
//!
//! A file points at another if it names an item that the other defines. Declaring a module and
//! re-exporting its items points nowhere, so a `mod.rs` that does no more is on no circle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::modules::Modules;
use super::names::Names;
use super::sources::{LIBRARY, Source, crates};
use crate::support::{apply, trial};

#[apply(trial)]
async fn files_of_a_part_form_no_circles() {
    let mut circles = Vec::new();
    for (name, sources) in crates() {
        // Another crate is small: it is one part.
        let part = |source: &Source| match name.as_str() {
            LIBRARY => source.part().to_owned(),
            name => name.to_owned(),
        };
        let found = circles_in(&sources, part);
        circles.extend(found.into_iter().map(|circle| format!("{name}: {circle}")));
    }
    let list = circles.join("\n");
    assert!(circles.is_empty(), "{} circles:\n{list}", circles.len());
}

#[apply(trial)]
async fn a_circle_is_seen_and_a_transparent_module_is_none() {
    let found = |files: &[(&str, &str)]| {
        let parse = |(path, text): &(&str, &str)| Source::parse(path, text);
        let sources: Vec<_> = files.iter().map(parse).collect();
        circles_in(&sources, |source| source.part().to_owned())
    };
    let of_two = found(&[
        (
            "part/mod.rs",
            "mod a; mod b; pub use a::A; pub(crate) use b::B;",
        ),
        ("part/a.rs", "use super::B; pub struct A(B);"),
        (
            "part/b.rs",
            "pub struct B; fn f() { assert!(crate::part::A::is()); }",
        ),
    ]);
    assert_eq!(of_two, ["part/a.rs (B) → part/b.rs (is) → part/a.rs"]);
    let back_to_the_parent = found(&[
        (
            "part/mod.rs",
            "mod a; use a::f; pub struct Parent; fn g() { f() }",
        ),
        (
            "part/a.rs",
            "use super::Parent; pub fn f() { let _: Parent; }",
        ),
    ]);
    assert_eq!(back_to_the_parent.len(), 1);
    let of_three = found(&[
        ("part/mod.rs", "mod a; mod b; mod c;"),
        ("part/a.rs", "use super::b; fn a() { b::b() }"),
        ("part/b.rs", "pub fn b() { super::c::c() }"),
        ("part/c.rs", "use crate::part::a::*; pub fn c() { a() }"),
    ]);
    assert_eq!(of_three.len(), 1);
    let none = found(&[
        (
            "part/mod.rs",
            "mod a; mod b; pub use a::A; pub use b::B; pub struct Own(u8);",
        ),
        ("part/a.rs", "use super::{B, Own}; pub struct A(B, Own);"),
        (
            "part/b.rs",
            "pub struct B; #[cfg(test)] mod tests { use super::super::A; }",
        ),
        ("other/mod.rs", "use crate::part::A; pub struct Other(A);"),
    ]);
    assert_eq!(none, [""; 0]);
}

/// File to file, with a name that leads there.
type Edges = BTreeMap<usize, BTreeMap<usize, String>>;

/// The shortest circle through each file that is on one, each circle once.
fn circles_in(sources: &[Source], part: impl Fn(&Source) -> String) -> Vec<String> {
    let edges = edges(sources, part);
    let mut circles = BTreeMap::<BTreeSet<usize>, String>::new();
    for start in edges.keys() {
        if let Some(circle) = shortest(&edges, *start) {
            let shown = || show(sources, &edges, &circle);
            let files = circle.iter().copied().collect();
            circles.entry(files).or_insert_with(shown);
        }
    }
    circles.into_values().collect()
}

fn edges(sources: &[Source], part: impl Fn(&Source) -> String) -> Edges {
    let modules = Modules::of(sources);
    let mut edges = Edges::new();
    for (from, source) in sources
        .iter()
        .enumerate()
        .filter(|(_, source)| !source.is_test())
    {
        let mut point = |to: Option<usize>, path: &[String]| {
            if let Some(to) = to
                && to != from
                && part(&sources[to]) == part(source)
            {
                let name = path.last().cloned().unwrap_or_default();
                edges.entry(from).or_default().entry(to).or_insert(name);
            }
        };
        let names = Names::of(source);
        for import in names.imports.iter().filter(|import| import.is_private) {
            let to = match import.name.as_str() {
                "*" => modules.file_of_glob(&import.module, &import.path),
                _ => modules.file_of(&import.module, &import.path),
            };
            point(to, &import.path);
        }
        for written in &names.paths {
            point(
                modules.file_of(&written.module, &written.path),
                &written.path,
            );
        }
    }
    edges
}

/// The shortest way from a file back to itself.
fn shortest(edges: &Edges, start: usize) -> Option<Vec<usize>> {
    let mut ways = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in edges.get(way.last()?).into_iter().flat_map(BTreeMap::keys) {
            if *next == start {
                return Some(way);
            }
            if seen.insert(*next) {
                ways.push_back([way.as_slice(), &[*next]].concat());
            }
        }
    }
    None
}

/// `a.rs (Name) → b.rs (Other) → a.rs`: each file with the name that leads on.
fn show(sources: &[Source], edges: &Edges, circle: &[usize]) -> String {
    let mut shown = String::new();
    for (place, file) in circle.iter().enumerate() {
        let next = circle[(place + 1) % circle.len()];
        let name = &edges[file][&next];
        shown += &format!("{} ({name}) → ", sources[*file].path.display());
    }
    shown + &sources[circle[0]].path.display().to_string()
}
