//! One word, one meaning: no name is a word that the glossary of ARCHITECTURE.md replaced.
//!
//! Names are those of types, variants, functions, fields, constants, modules, files and SQL
//! columns. Prose and local variables are free.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

use super::modules::defined_by;
use super::sources::{Source, crates, files};
use crate::support::{apply, trial};

/// Words that no name may have among its words, each with what to say in its place.
const ANYWHERE: &[(&str, &str)] = &[
    ("blame", "ErrorClass"),
    ("foreign", "peer written"),
    ("foreigner", "peer written"),
    ("foreigners", "PeerWritten"),
    ("honoured_until", "previous_grace_until"),
    ("is_past_its_time", "is_expired"),
    ("mark", "save token"),
    ("no_randomness", "RngError"),
    ("retired_key", "previous_key"),
    ("retired_until", "previous_until"),
    ("verb", "Statement"),
    ("verbs", "Statement"),
];

/// Names of types, modules and files.
const OF_TYPES: &[(&str, &str)] = &[
    ("about", "metadata"),
    ("alone", "Dedicated"),
    ("arrival", "Lookup"),
    ("bad_handle", "InvalidHandle"),
    ("bad_table_name", "InvalidTableName"),
    ("bad_text", "InvalidText"),
    ("corners", "edge_cases"),
    ("cuts", "connection_loss"),
    ("doubt", "in_doubt"),
    ("facts", "RowMeta"),
    ("fate", "Change, or Retry"),
    ("gate", "InFlight"),
    ("given", "raw_options"),
    ("inside", "InFlightGuard"),
    ("job", "Background, or Snapshot"),
    ("left", "ConnectionState"),
    ("line", "ConnectionTask"),
    ("lines", "ConnectionSource"),
    ("link", "Executor"),
    ("misuse", "api_misuse"),
    ("numbers", "stats"),
    ("ours", "RowExtras"),
    ("over", "Replaces"),
    ("presented", "CookieId"),
    ("receipt", "CoveredChanges"),
    ("settle", "resolve"),
    ("slot", "PoolSlot"),
    ("slots", "Pool"),
    ("special", "go_times"),
    ("stuck", "Hung"),
    ("tried", "Outcome"),
    ("usable", "Reusable"),
    ("useless", "Broken"),
    ("verdict", "Resolution"),
    ("words", "key_value"),
];

/// Names of functions and fields.
const OF_FUNCTIONS: &[(&str, &str)] = &[
    ("judge", "classify"),
    ("ours", "extras"),
    ("settle", "resolve"),
];

#[apply(trial)]
async fn no_name_is_a_word_that_was_replaced() {
    let mut found = BTreeSet::new();
    for (name, sources) in crates() {
        let words = sources.iter().flat_map(replaced_in);
        found.extend(words.map(|word| format!("{name}/src/{word}")));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (path, text) in texts(root, &root.join("tests"), "rs") {
        found.extend(replaced_in(&Source::parse(&path, &text)));
    }
    for (path, text) in texts(root, root, "sql") {
        let words = replaced_in_sql(&text).into_iter();
        found.extend(words.map(|word| format!("{path}: {word}")));
    }
    let list: Vec<_> = found.iter().map(String::as_str).collect();
    let list = list.join("\n");
    assert!(found.is_empty(), "{} names:\n{list}", found.len());
}

#[apply(trial)]
async fn a_word_that_was_replaced_is_seen() {
    let source = Source::parse(
        "part/link.rs",
        "
        //! A link, a gate: prose is free.
        mod about;
        struct Ours { mark: u8, slot: u8 }
        enum Which { Foreign, Over, Overall }
        trait UpdateVerb { fn judge(&self); }
        fn takes_no_blame() { let settle = 1; }
        const VERDICTS: u8 = 0;
        fn is_in_doubt() {}
        fn benchmark() {}
        #[apply(trial)] async fn a_save_is_known_by_its_mark() {}
        pin_project! { struct Gate { retired_key: u8 } }
        ",
    );
    let words: Vec<_> = replaced_in(&source).collect();
    let expected = [
        "link (say Executor)",
        "about (say metadata)",
        "Ours (say RowExtras)",
        "mark (say save token)",
        "Foreign (say peer written)",
        "Over (say Replaces)",
        "UpdateVerb (say Statement)",
        "judge (say classify)",
        "takes_no_blame (say ErrorClass)",
        "a_save_is_known_by_its_mark (say save token)",
        "Gate (say InFlight)",
    ];
    let expected = expected.map(|word| format!("part/link.rs: {word}"));
    assert_eq!(words, expected);
    let sql = "-- The mark of the save.\nUPDATE t SET mark = $1 WHERE retired_key = 'mark'";
    assert_eq!(
        replaced_in_sql(sql),
        ["mark (say save token)", "retired_key (say previous_key)"]
    );
}

/// Files and their texts, by their paths from the root.
fn texts(root: &Path, folder: &Path, extension: &str) -> Vec<(String, String)> {
    let texts = files(folder, extension).into_iter().map(|path| {
        let text = fs::read_to_string(&path).expect("the file is readable");
        let path = path.strip_prefix(root).expect("it lies under the root");
        (path.to_string_lossy().into_owned(), text)
    });
    texts.collect()
}

fn replaced_in(source: &Source) -> impl Iterator<Item = String> {
    let mut defined = Defined::default();
    let path = source.path.with_extension("");
    let names = path.iter().rev().map(|name| name.to_string_lossy());
    let own = names.filter(|name| name != "mod" && name != "lib").take(1);
    let own = own.map(|name| (Kind::Type, name.into_owned()));
    defined.names.extend(own);
    defined.visit_file(&source.syntax);
    let path = source.path.display().to_string();
    let names = defined.names.into_iter();
    let replaced = names.filter_map(|(kind, name)| match kind {
        Kind::Type => say_instead(&name, OF_TYPES),
        Kind::Function => say_instead(&name, OF_FUNCTIONS),
    });
    replaced.map(move |word| format!("{path}: {word}"))
}

fn replaced_in_sql(text: &str) -> Vec<String> {
    let code = text.lines().filter_map(|line| line.split("--").next());
    let outside_quotes = code.flat_map(|line| line.split('\'').step_by(2));
    let is_between = |c: char| !c.is_alphanumeric() && c != '_';
    let words = outside_quotes.flat_map(|text| text.split(is_between));
    words.filter_map(|word| say_instead(word, &[])).collect()
}

/// `name (say …)` if the name has a word of [`ANYWHERE`], or is one of `whole`.
fn say_instead(name: &str, whole: &[(&str, &str)]) -> Option<String> {
    let words = format!("_{}_", snake(name));
    let has = |(word, _): &&(&str, &str)| words.contains(&format!("_{word}_"));
    let is = |(word, _): &&(&str, &str)| words.trim_matches('_') == *word;
    let found = ANYWHERE.iter().find(has);
    let found = found.or_else(|| whole.iter().find(is));
    found.map(|(_, instead)| format!("{name} (say {instead})"))
}

/// `UpdateVerb` is `update_verb`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut before = '_';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
        before = c;
    }
    snake
}

#[derive(Clone, Copy)]
enum Kind {
    /// A type, a variant or a module.
    Type,
    /// A function, a field, a constant or a macro.
    Function,
}

/// The names that a source defines.
#[derive(Default)]
struct Defined {
    names: Vec<(Kind, String)>,
}

impl Defined {
    fn note(&mut self, kind: Kind, name: &syn::Ident) {
        self.names.push((kind, name.to_string()));
    }
}

impl<'ast> Visit<'ast> for Defined {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        match item {
            syn::Item::Const(item) => self.note(Kind::Function, &item.ident),
            syn::Item::Enum(item) => self.note(Kind::Type, &item.ident),
            syn::Item::Mod(item) => self.note(Kind::Type, &item.ident),
            syn::Item::Static(item) => self.note(Kind::Function, &item.ident),
            syn::Item::Struct(item) => self.note(Kind::Type, &item.ident),
            syn::Item::Trait(item) => self.note(Kind::Type, &item.ident),
            syn::Item::Type(item) => self.note(Kind::Type, &item.ident),
            syn::Item::Union(item) => self.note(Kind::Type, &item.ident),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.note(Kind::Type, &variant.ident);
        visit::visit_variant(self, variant);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if let Some(name) = &field.ident {
            self.note(Kind::Function, name);
        }
        visit::visit_field(self, field);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.note(Kind::Function, &signature.ident);
        visit::visit_signature(self, signature);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if let Some(name) = &item.ident {
            self.note(Kind::Function, name);
        } else if let Some(name) = defined_by(item) {
            self.names.push((Kind::Type, name));
        }
    }
}
