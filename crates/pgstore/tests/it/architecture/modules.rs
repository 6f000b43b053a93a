//! Which file defines the item that a path leads to.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Names, from_root, is_for_tests};
use super::sources::Source;

type Path = Vec<String>;

/// The modules of a crate, by their paths from its root.
pub(super) struct Modules {
    modules: BTreeMap<Path, Module>,
}

#[derive(Default)]
struct Module {
    /// The file it stands in, by its place among the sources.
    file: usize,
    items: BTreeSet<String>,
    /// Imported names and where they come from. A re-export is an import like any other: what it
    /// leads to is defined elsewhere.
    imports: Vec<(String, Path)>,
}

/// How many imports a path may lead through.
const MOST_STEPS: usize = 16;

impl Modules {
    pub(super) fn of(sources: &[Source]) -> Self {
        let mut modules = BTreeMap::new();
        for (file, source) in sources.iter().enumerate() {
            add(&mut modules, file, &source.module, &source.syntax.items);
        }
        for source in sources {
            for import in Names::of(source).imports {
                if let Some(module) = modules.get_mut(&import.module) {
                    module.imports.push((import.name, import.path));
                }
            }
        }
        Self { modules }
    }

    /// The file with the item that a path names, as written in a module. A module is no item.
    pub(super) fn file_of(&self, module: &[String], path: &[String]) -> Option<usize> {
        self.find(module, path, MOST_STEPS)
    }

    /// The file of the module that a glob opens, if it defines anything.
    pub(super) fn file_of_glob(&self, module: &[String], path: &[String]) -> Option<usize> {
        let path = self.absolute(module, path, MOST_STEPS)?;
        let opened = self.modules.get(&path)?;
        (!opened.items.is_empty()).then_some(opened.file)
    }

    fn find(&self, module: &[String], path: &[String], steps: usize) -> Option<usize> {
        let absolute = self.absolute(module, path, steps)?;
        self.locate(&absolute, steps.checked_sub(1)?)
    }

    /// The path from the crate's root. `None` if it leads out of the crate, or nowhere.
    fn absolute(&self, module: &[String], path: &[String], steps: usize) -> Option<Path> {
        let steps = steps.checked_sub(1)?;
        if let Some(path) = from_root(module, path) {
            return Some(path);
        }
        let (first, rest) = path.split_first()?;
        let here = self.modules.get(module)?;
        let child = [module, std::slice::from_ref(first)].concat();
        if self.modules.contains_key(&child) {
            return Some([&child, rest].concat());
        }
        let (_, target) = here.imports.iter().find(|(name, _)| name == first)?;
        if target.first() == Some(first) {
            return None; // An import of another crate's item, or of a crate.
        }
        let target = self.absolute(module, target, steps)?;
        Some([&target, rest].concat())
    }

    fn locate(&self, path: &[String], steps: usize) -> Option<usize> {
        let is_module = |length: &usize| self.modules.contains_key(&path[..*length]);
        let length = (0..=path.len()).rev().find(is_module)?;
        let (module, rest) = path.split_at(length);
        let (item, after) = rest.split_first()?;
        let here = &self.modules[module];
        if here.items.contains(item) {
            return Some(here.file);
        }
        let by_name = here.imports.iter().filter(|(name, _)| name == item);
        let by_name = by_name.map(|(_, target)| [target, after].concat());
        let globs = here.imports.iter().filter(|(name, _)| name == "*");
        let globs = globs.map(|(_, target)| [target, rest].concat());
        by_name
            .chain(globs)
            .find_map(|target| self.find(module, &target, steps))
    }
}

fn add(modules: &mut BTreeMap<Path, Module>, file: usize, module: &[String], items: &[syn::Item]) {
    let mut here = Module {
        file,
        ..Module::default()
    };
    for item in items {
        if let syn::Item::Mod(inner) = item
            && let Some((_, items)) = &inner.content
            && !is_for_tests(&inner.attrs)
        {
            add(
                modules,
                file,
                &[module, &[inner.ident.to_string()]].concat(),
                items,
            );
        }
        here.items.extend(name_of(item));
    }
    modules.insert(module.to_vec(), here);
}

fn name_of(item: &syn::Item) -> Option<String> {
    let name = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Macro(item) => return defined_by(item),
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// `macro_rules! name` defines a macro, `pin_project! { struct Name }` a type.
pub(super) fn defined_by(item: &syn::ItemMacro) -> Option<String> {
    if let Some(name) = &item.ident {
        return Some(name.to_string());
    }
    let words = item.mac.tokens.clone().into_iter();
    let mut words = words.map(|token| token.to_string());
    words.find(|word| word == "struct" || word == "enum")?;
    words.next()
}
