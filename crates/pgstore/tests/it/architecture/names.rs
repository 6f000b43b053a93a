//! What a source names: paths, literals, reads of the wall clock.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::sources::Source;

/// A path as it is written: segments, and the module that it is written in.
pub(super) struct Written {
    pub(super) module: Vec<String>,
    pub(super) path: Vec<String>,
}

/// A name that a `use` brings into a module.
pub(super) struct Import {
    pub(super) module: Vec<String>,
    /// What it is called here; `*` for a glob.
    pub(super) name: String,
    pub(super) path: Vec<String>,
    pub(super) is_private: bool,
}

/// All that a source names outside its unit tests.
#[derive(Default)]
pub(super) struct Names {
    module: Vec<String>,
    pub(super) paths: Vec<Written>,
    pub(super) imports: Vec<Import>,
    pub(super) reads_of_the_clock: usize,
    pub(super) literals: Vec<String>,
}

impl Names {
    pub(super) fn of(source: &Source) -> Self {
        let mut names = Self {
            module: source.module.clone(),
            ..Self::default()
        };
        names.visit_file(&source.syntax);
        names
    }

    /// The paths and imports that begin with `crate` or `super`, from the crate's root.
    pub(super) fn crate_paths(&self) -> impl Iterator<Item = Vec<String>> {
        let imports = self
            .imports
            .iter()
            .map(|import| (&import.module, &import.path));
        let paths = self
            .paths
            .iter()
            .map(|written| (&written.module, &written.path));
        imports
            .chain(paths)
            .filter_map(|(module, path)| from_root(module, path))
            .filter(|path| !path.is_empty())
    }

    fn note_path(&mut self, path: Vec<String>) {
        let is_clock = path.ends_with(&["SystemTime".to_owned(), "now".to_owned()]);
        self.reads_of_the_clock += usize::from(is_clock);
        let module = self.module.clone();
        self.paths.push(Written { module, path });
    }

    fn note_use(&mut self, prefix: &[String], tree: &syn::UseTree, is_private: bool) {
        let joined = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        let last = |path: &[String]| path.last().cloned().unwrap_or_default();
        let (name, path) = match tree {
            syn::UseTree::Path(path) => {
                return self.note_use(&joined(&path.ident), &path.tree, is_private);
            }
            syn::UseTree::Group(group) => {
                let trees = group.items.iter();
                return trees.for_each(|tree| self.note_use(prefix, tree, is_private));
            }
            syn::UseTree::Name(name) if name.ident == "self" => (last(prefix), prefix.to_vec()),
            syn::UseTree::Name(name) => (name.ident.to_string(), joined(&name.ident)),
            syn::UseTree::Rename(new) if new.ident == "self" => {
                (new.rename.to_string(), prefix.to_vec())
            }
            syn::UseTree::Rename(new) => (new.rename.to_string(), joined(&new.ident)),
            syn::UseTree::Glob(_) => ("*".to_owned(), prefix.to_vec()),
        };
        self.imports.push(Import {
            module: self.module.clone(),
            name,
            path,
            is_private,
        });
    }

    /// What stands between a macro's parentheses is no syntax tree, only tokens.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let mut path = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 && !path.is_empty() {
                        self.note_path(std::mem::take(&mut path));
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                other => {
                    if !path.is_empty() {
                        self.note_path(std::mem::take(&mut path));
                    }
                    colons = 0;
                    self.note_token(other);
                }
            }
        }
        if !path.is_empty() {
            self.note_path(path);
        }
    }

    fn note_token(&mut self, token: TokenTree) {
        match token {
            TokenTree::Group(group) => self.note_tokens(group.stream()),
            TokenTree::Literal(literal) => {
                if let Ok(literal) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    self.literals.push(literal.value());
                }
            }
            _ => {}
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_private = matches!(item.vis, syn::Visibility::Inherited);
        self.note_use(&[], &item.tree, is_private);
    }

    /// Unit tests may do what they like.
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|part| part.ident.to_string());
        self.note_path(names.collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.note_tokens(call.tokens.clone());
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.literals.push(literal.value());
    }

    /// Documentation may show SQL.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

/// A path that begins with `crate`, `self` or `super`, from the crate's root.
pub(super) fn from_root(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let supers = path.iter().take_while(|name| *name == "super").count();
    match path.first().map(String::as_str) {
        Some("crate") => Some(path[1..].to_vec()),
        Some("self") => Some([module, &path[1..]].concat()),
        Some("super") => {
            let base = module.len().saturating_sub(supers);
            Some([&module[..base], &path[supers..]].concat())
        }
        _ => None,
    }
}

/// Whether attributes say `#[cfg(test)]`, alone or among other conditions.
pub(super) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => has_word(list.tokens.clone(), "test"),
        _ => false,
    })
}

/// The attributes of an item that may be for tests alone.
pub(super) fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn has_word(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => has_word(group.stream(), word),
        _ => false,
    })
}
