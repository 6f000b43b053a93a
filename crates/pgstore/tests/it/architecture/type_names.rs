//! No type name is defined twice within a crate.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use syn::visit::{self, Visit};

use super::names::{attributes, is_for_tests};
use super::sources::{Source, crates};
use crate::support::{apply, trial};

#[apply(trial)]
async fn no_type_name_is_defined_twice() {
    for (name, sources) in crates() {
        let twice = twice(&sources);
        let list = twice.join("\n");
        assert!(twice.is_empty(), "{name}: {} names:\n{list}", twice.len());
    }
}

#[apply(trial)]
async fn a_type_name_that_is_defined_twice_is_seen() {
    let sources = [
        (
            "a.rs",
            "struct Row; enum Only { Row2 } impl Tr for Row { type Item = u8; }",
        ),
        (
            "b.rs",
            "mod inner { pub trait Row {} } fn f() { type Local = u8; }",
        ),
        (
            "c.rs",
            "pin_project! { pub(super) struct Local { x: u8 } } impl X for Y { type Item = u8; }",
        ),
        (
            "d.rs",
            "#[cfg(test)] mod tests { struct Only; } #[cfg(test)] struct Only;",
        ),
    ];
    let sources = sources.map(|(path, text)| Source::parse(path, text));
    assert_eq!(twice(&sources), ["Local: b.rs, c.rs", "Row: a.rs, b.rs"]);
}

/// Each name that more than one definition has, and the files.
fn twice(sources: &[Source]) -> Vec<String> {
    let mut files = BTreeMap::<String, Vec<String>>::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        let mut types = Types::default();
        types.visit_file(&source.syntax);
        for name in types.names {
            let path = source.path.display().to_string();
            files.entry(name).or_default().push(path);
        }
    }
    let twice = files.into_iter().filter(|(_, files)| files.len() > 1);
    twice
        .map(|(name, files)| format!("{name}: {}", files.join(", ")))
        .collect()
}

/// The types that a source defines. Associated types are none of them.
#[derive(Default)]
pub(super) struct Types {
    pub(super) names: Vec<String>,
}

impl Types {
    fn note_definitions(&mut self, tokens: TokenStream) {
        let words: Vec<_> = tokens.into_iter().map(|token| token.to_string()).collect();
        for pair in words.windows(2) {
            let is_type = ["struct", "enum", "trait", "type", "union"].contains(&pair[0].as_str());
            let is_name = pair[1].starts_with(char::is_uppercase);
            if is_type && is_name {
                self.names.push(pair[1].clone());
            }
        }
    }
}

impl<'ast> Visit<'ast> for Types {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_for_tests(attributes(item)) {
            return;
        }
        let name = match item {
            syn::Item::Struct(item) => Some(&item.ident),
            syn::Item::Enum(item) => Some(&item.ident),
            syn::Item::Trait(item) => Some(&item.ident),
            syn::Item::Type(item) => Some(&item.ident),
            syn::Item::Union(item) => Some(&item.ident),
            _ => None,
        };
        self.names.extend(name.map(ToString::to_string));
        visit::visit_item(self, item);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if item.ident.is_none() {
            self.note_definitions(item.mac.tokens.clone());
        }
    }
}
