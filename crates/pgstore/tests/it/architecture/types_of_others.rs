//! Which types of other crates the public API names. A new major version of such a crate is one of ours.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};

use super::names::{Names, attributes, is_for_tests};
use super::sources::{Source, library};
use crate::support::{apply, trial};

/// The crates whose types may be in the public API, and their types there.
const ALLOWED: &[(&str, &[&str])] = &[
    ("bytes", &["Bytes"]),
    ("deadpool_postgres", &["Pool"]),
    (
        "http",
        &[
            "Extensions",
            "HeaderMap",
            "HeaderValue",
            "Method",
            "Request",
            "Response",
            "StatusCode",
            "Uri",
        ],
    ),
    ("http_body", &["Body"]),
    ("pgstore_connect", &["ConnectError"]),
    ("serde", &["DeserializeOwned", "Serialize"]),
    ("tower_service", &["Service"]),
];

#[apply(trial)]
async fn the_public_api_names_only_the_types_of_other_crates_that_are_listed() {
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    library()
        .iter()
        .for_each(|source| found.extend(of_others(source)));
    let is_listed = |(from, name): &(String, String)| {
        let listed = ALLOWED.iter().filter(|(one, _)| one == from);
        listed
            .into_iter()
            .any(|(_, names)| names.contains(&name.as_str()))
    };
    let new: Vec<_> = found.iter().filter(|one| !is_listed(one)).collect();
    assert!(
        new.is_empty(),
        "in the public API, but not in the list: {new:?}"
    );
    let is_found = |(from, name): (&str, &str)| found.contains(&(from.to_owned(), name.to_owned()));
    let listed = ALLOWED
        .iter()
        .flat_map(|(from, names)| names.iter().map(move |name| (*from, *name)));
    let gone: Vec<_> = listed.filter(|one| !is_found(*one)).collect();
    assert!(
        gone.is_empty(),
        "in the list, but not in the public API: {gone:?}"
    );
}

#[apply(trial)]
async fn types_of_other_crates_are_seen_in_each_kind_of_public_item() {
    let source = Source::parse(
        "sample.rs",
        r#"
        use http::{HeaderMap, Uri as Address};
        use std::fmt::Debug;
        use crate::name::CookieName;
        pub struct A { pub headers: HeaderMap, pub name: CookieName, hidden: bytes::Bytes }
        pub struct Hidden(bytes::Bytes);
        pub enum B { One(serde::de::Error) }
        pub trait C { fn c(&self) -> Address; }
        pub fn d<T: tower_layer::Layer<u8>>(_: T) {}
        pub type E = Vec<Option<deadpool_postgres::Pool>>;
        pub(crate) fn internal(_: bytes::Buf) {}
        impl A { pub fn f(&self) -> impl Debug + use<> {} fn g(&self, _: bytes::Buf) {} }
        impl C for A { fn c(&self) -> aes::Aes128 {} }
        #[cfg(test)] mod tests { pub fn h(_: bytes::Buf) {} }
        "#,
    );
    let found: Vec<_> = of_others(&source)
        .into_iter()
        .map(|(from, name)| format!("{from}::{name}"))
        .collect();
    let expected = [
        "deadpool_postgres::Pool",
        "http::HeaderMap",
        "http::Uri",
        "serde::Error",
        "tower_layer::Layer",
    ];
    assert_eq!(found, expected);
}

/// The types of other crates in the public items of a source: crate and name.
fn of_others(source: &Source) -> BTreeSet<(String, String)> {
    let imports = Names::of(source).imports.into_iter();
    let mut public = Public {
        imports: imports.map(|import| (import.name, import.path)).collect(),
        is_public: false,
        found: BTreeSet::new(),
    };
    public.visit_file(&source.syntax);
    public.found
}

struct Public {
    imports: BTreeMap<String, Vec<String>>,
    /// Whether what is visited now is part of a public item.
    is_public: bool,
    found: BTreeSet<(String, String)>,
}

impl Public {
    fn within(&mut self, is_public: bool, visit: impl FnOnce(&mut Self)) {
        let outside = std::mem::replace(&mut self.is_public, is_public);
        visit(self);
        self.is_public = outside;
    }

    fn note(&mut self, path: &[String]) {
        let Some(first) = path.first() else { return };
        let path = match self.imports.get(first) {
            Some(import) => [import.as_slice(), &path[1..]].concat(),
            None => path.to_vec(),
        };
        let is_of_others = |from: &String| {
            let own = ["crate", "self", "super", "std", "core", "alloc"];
            from.starts_with(char::is_lowercase) && !own.contains(&from.as_str())
        };
        if let [from, .., name] = path.as_slice()
            && is_of_others(from)
        {
            self.found.insert((from.clone(), name.clone()));
        }
    }
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

impl<'ast> Visit<'ast> for Public {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_for_tests(attributes(item)) {
            return;
        }
        let is_public = match item {
            syn::Item::Enum(item) => is_public(&item.vis),
            syn::Item::Fn(item) => is_public(&item.vis),
            syn::Item::Struct(item) => is_public(&item.vis),
            syn::Item::Trait(item) => is_public(&item.vis),
            syn::Item::Type(item) => is_public(&item.vis),
            _ => false,
        };
        self.within(is_public, |public| visit::visit_item(public, item));
    }

    /// Traits of others say themselves what their methods take.
    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if item.trait_.is_none() {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, method: &'ast syn::ImplItemFn) {
        let is_public = is_public(&method.vis);
        self.within(is_public, |public| public.visit_signature(&method.sig));
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.visit_signature(&function.sig);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.visit_generics(&item.generics);
        for field in &item.fields {
            let is_public = self.is_public && is_public(&field.vis);
            self.within(is_public, |public| public.visit_type(&field.ty));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if self.is_public {
            let names = path.segments.iter().map(|part| part.ident.to_string());
            self.note(&names.collect::<Vec<_>>());
        }
        visit::visit_path(self, path);
    }

    fn visit_block(&mut self, _: &'ast syn::Block) {}

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}
