//! Every public method of the main types has an example that compiles.

use syn::visit::{self, Visit};

use super::names::{attributes, is_for_tests};
use super::sources::{Source, library};
use crate::support::{apply, trial};

/// The types that an application calls.
const TYPES: &[&str] = &[
    "CookieOptions",
    "PgStore",
    "Session",
    "SessionLayer",
    "SessionManager",
    "SessionManagerBuilder",
    "Sessions",
    "Typed",
];

/// What may stand behind the opening fence of an example that is compiled.
const COMPILED: &[&str] = &["", "rust", "no_run", "should_panic"];

#[apply(trial)]
async fn every_public_method_of_the_main_types_has_an_example() {
    let lacking: Vec<_> = library().iter().flat_map(without_example).collect();
    let list = lacking.join("\n");
    assert!(lacking.is_empty(), "{} without:\n{list}", lacking.len());
}

#[apply(trial)]
async fn a_public_method_without_an_example_is_seen() {
    let source = Source::parse(
        "sample.rs",
        r#"
        impl Session {
            /// Has one.
            ///
            /// ```
            /// f();
            /// ```
            pub fn shown(&self) {}
            /// ```no_run
            /// f();
            /// ```
            pub async fn compiled(&self) {}
            /// ```ignore
            /// f();
            /// ```
            pub fn ignored(&self) {}
            /// ```text
            /// f();
            /// ```
            pub async fn text(&self) {}
            /// None.
            pub fn bare(&self) {}
            pub(crate) fn internal(&self) {}
            fn private(&self) {}
        }
        impl<T> super::Typed<T> { pub fn view(&self) {} }
        impl Clone for Session { fn clone(&self) {} }
        impl Other { pub fn other(&self) {} }
        #[cfg(test)] mod tests { impl Session { pub fn test(&self) {} } }
        "#,
    );
    let expected = [
        "Session::ignored",
        "Session::text",
        "Session::bare",
        "Typed::view",
    ];
    let expected = expected.map(|method| format!("sample.rs: {method}"));
    assert_eq!(without_example(&source), expected);
}

fn without_example(source: &Source) -> Vec<String> {
    let mut lacking = Lacking::default();
    lacking.visit_file(&source.syntax);
    let path = source.path.display();
    let methods = lacking.methods.iter();
    methods.map(|method| format!("{path}: {method}")).collect()
}

#[derive(Default)]
struct Lacking {
    methods: Vec<String>,
}

impl<'ast> Visit<'ast> for Lacking {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let Some(name) = name_of(&item.self_ty) else {
            return;
        };
        if item.trait_.is_some() || !TYPES.contains(&name.as_str()) {
            return;
        }
        for inner in &item.items {
            if let syn::ImplItem::Fn(method) = inner
                && matches!(method.vis, syn::Visibility::Public(_))
                && !has_example(&method.attrs)
            {
                self.methods.push(format!("{name}::{}", method.sig.ident));
            }
        }
    }
}

fn name_of(own: &syn::Type) -> Option<String> {
    match own {
        syn::Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

/// Whether the documentation has a fenced block that is compiled.
fn has_example(attributes: &[syn::Attribute]) -> bool {
    let lines: Vec<_> = attributes.iter().filter_map(doc_line).collect();
    let fences = lines
        .iter()
        .filter_map(|line| line.trim().strip_prefix("```"));
    let mut openings = fences.step_by(2);
    openings.any(|tags| tags.split(',').all(|tag| COMPILED.contains(&tag.trim())))
}

fn doc_line(attribute: &syn::Attribute) -> Option<String> {
    let syn::Meta::NameValue(meta) = &attribute.meta else {
        return None;
    };
    match &meta.value {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(line),
            ..
        }) if meta.path.is_ident("doc") => Some(line.value()),
        _ => None,
    }
}
