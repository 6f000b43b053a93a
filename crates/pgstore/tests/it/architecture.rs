//! The arrows of ARCHITECTURE.md, read off the sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::support::{apply, trial};

/// Who may import whom: the table of ARCHITECTURE.md. A part is a top-level module of the crate.
fn arrows() -> BTreeMap<String, Vec<String>> {
    let map = include_str!("../../../../ARCHITECTURE.md");
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

/// What `store/` may take of `wire/`: who is to blame for an error, and no codec.
const WIRE_FOR_THE_STORE: &[&str] = &["ErrorClass"];

#[apply(trial)]
async fn every_part_imports_only_what_the_map_allows() {
    let arrows = arrows();
    let mut seen = BTreeMap::<String, usize>::new();
    for source in sources() {
        if source.part == "lib" {
            continue;
        }
        *seen.entry(source.part.clone()).or_default() += 1;
        let allowed = arrows.get(&source.part);
        let allowed = allowed.unwrap_or_else(|| panic!("{} is not on the map", source.part));
        for path in &source.names.crate_paths {
            let (to, rest) = path.split_first().expect("a path has segments");
            let is_own = *to == source.part;
            let is_root_export = to.chars().next().is_some_and(char::is_uppercase);
            assert!(
                is_own || is_root_export && source.is_test || allowed.contains(to),
                "{} imports crate::{}",
                source.path.display(),
                path.join("::"),
            );
            if source.part == "store" && to == "wire" {
                let name = rest.first().map_or("", String::as_str);
                assert!(
                    WIRE_FOR_THE_STORE.contains(&name),
                    "store imports wire::{name}"
                );
            }
        }
    }
    let on_the_map: Vec<_> = arrows.into_keys().collect();
    assert_eq!(
        seen.into_keys().collect::<Vec<_>>(),
        on_the_map,
        "every part was looked at"
    );
}

#[apply(trial)]
async fn the_wall_clock_is_read_in_one_place() {
    for source in sources() {
        let reads = source.names.reads_of_the_clock;
        let allowed = if source.part == "clock" { 1 } else { 0 };
        assert_eq!(
            reads,
            allowed,
            "SystemTime::now in {}",
            source.path.display()
        );
    }
}

#[apply(trial)]
async fn sql_lives_in_sql_files() {
    for source in sources() {
        for literal in &source.names.literals {
            assert!(
                !is_sql(literal),
                "SQL in {}: {literal:?}",
                source.path.display()
            );
        }
    }
}

/// The checks above can fail: each finds what it looks for where it is put before it.
#[apply(trial)]
async fn the_checks_see_what_they_forbid() {
    let file = syn::parse_file(
        r#"
        use crate::{store::Row, wire};
        use super::super::edge::Edge;
        fn f() { let _ = std::time::SystemTime::now(); g("SELECT 1 FROM http_sessions"); crate::id::x(); }
        fn i() { assert!(SystemTime::now() > x); }
        fn h() { format!("DELETE FROM {}", 1); }
        "#,
    );
    let mut names = Names::within(&["wire".to_owned(), "gob".to_owned()]);
    names.visit_file(&file.expect("the sample parses"));
    let paths: Vec<_> = names
        .crate_paths
        .iter()
        .map(|path| path.join("::"))
        .collect();
    assert_eq!(paths, ["store::Row", "wire", "edge::Edge", "id::x"]);
    assert_eq!(names.reads_of_the_clock, 2);
    assert_eq!(
        names
            .literals
            .iter()
            .filter(|literal| is_sql(literal))
            .count(),
        2
    );
}

fn is_sql(text: &str) -> bool {
    let mut words = text.split_whitespace().map(str::to_ascii_uppercase);
    match words.next().as_deref() {
        Some("SELECT" | "DELETE") => words.any(|word| word == "FROM"),
        Some("INSERT") => words.next().as_deref() == Some("INTO"),
        Some("UPDATE") => words.any(|word| word == "SET"),
        // Text that migrations are searched for is no statement yet.
        Some("CREATE" | "ALTER") => words.any(|word| word == "ON" || word == "TABLE"),
        Some("DROP" | "SET" | "BEGIN" | "LOCK") => words.next().is_some(),
        Some("WITH") => words.any(|word| word == "AS"),
        _ => false,
    }
}

struct Source {
    path: PathBuf,
    /// The top-level module it belongs to.
    part: String,
    is_test: bool,
    names: Names,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    collect(&root, &root, &mut sources);
    assert!(sources.len() > 20, "the sources were found");
    sources
}

fn collect(folder: &Path, root: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            collect(&path, root, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(source(path, root));
        }
    }
}

fn source(path: PathBuf, root: &Path) -> Source {
    let text = fs::read_to_string(&path).expect("the file is readable");
    let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let module = module_of(path.strip_prefix(root).expect("it lies under the root"));
    let mut names = Names::within(&module);
    names.visit_file(&file);
    let part = module.first().cloned().unwrap_or_else(|| "lib".to_owned());
    let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
    Source {
        path,
        part,
        is_test,
        names,
    }
}

/// `wire/gob/mod.rs` is `wire::gob`, `wire/keys.rs` is `wire::keys`, `lib.rs` the root.
fn module_of(path: &Path) -> Vec<String> {
    let path = path.with_extension("");
    let names = path.iter().map(|name| name.to_string_lossy().into_owned());
    names
        .filter(|name| name != "mod" && name != "lib")
        .collect()
}

/// What a source names that the rules are about.
struct Names {
    module: Vec<String>,
    crate_paths: Vec<Vec<String>>,
    reads_of_the_clock: usize,
    literals: Vec<String>,
}

impl Names {
    fn within(module: &[String]) -> Self {
        let module = module.to_vec();
        Self {
            module,
            crate_paths: Vec::new(),
            reads_of_the_clock: 0,
            literals: Vec::new(),
        }
    }

    /// Notes a path that leads to another part of the crate, with `crate` and `super` resolved.
    fn note(&mut self, path: &[String]) {
        let supers = path
            .iter()
            .take_while(|segment| *segment == "super")
            .count();
        let resolved = match path.first().map(String::as_str) {
            Some("crate") => path[1..].to_vec(),
            Some("super") => {
                let base = self.module.len().saturating_sub(supers);
                [&self.module[..base], &path[supers..]].concat()
            }
            _ => return,
        };
        if !resolved.is_empty() {
            self.crate_paths.push(resolved);
        }
    }

    fn note_tokens(&mut self, tokens: TokenStream) {
        let text = tokens.to_string().replace(' ', "");
        self.reads_of_the_clock += text.matches("SystemTime::now").count();
        self.note_literals(tokens);
    }

    fn note_literals(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.note_literals(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(literal) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.literals.push(literal.value());
                    }
                }
                _ => {}
            }
        }
    }

    fn note_use(&mut self, prefix: &[String], tree: &syn::UseTree) {
        let joined = |name: String| [prefix, &[name]].concat();
        match tree {
            syn::UseTree::Path(path) => {
                self.note_use(&joined(path.ident.to_string()), &path.tree);
            }
            syn::UseTree::Name(name) if name.ident == "self" => self.note(prefix),
            syn::UseTree::Name(name) => self.note(&joined(name.ident.to_string())),
            syn::UseTree::Rename(rename) => self.note(&joined(rename.ident.to_string())),
            syn::UseTree::Glob(_) => self.note(prefix),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.note_use(prefix, tree);
                }
            }
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.note_use(&[], &item.tree);
    }

    /// Unit tests may do what they like.
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.ident == "tests" {
            return;
        }
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path
            .segments
            .iter()
            .map(|part| part.ident.to_string())
            .collect();
        if segments.ends_with(&["SystemTime".to_owned(), "now".to_owned()]) {
            self.reads_of_the_clock += 1;
        }
        self.note(&segments);
        visit::visit_path(self, path);
    }

    /// What stands between a macro's parentheses is no syntax tree, only tokens.
    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.note_tokens(call.tokens.clone());
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.literals.push(literal.value());
    }

    /// Documentation may show SQL.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}
