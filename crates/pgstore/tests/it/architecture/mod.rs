//! What the sources must look like: the arrows of ARCHITECTURE.md, no circles, one meaning a word.
//!
//! Each check has a trial that shows it a sample of what it forbids.

mod arrows;
mod circles;
mod doc_examples;
mod modules;
mod names;
mod places;
mod replaced_words;
mod sources;
mod type_names;
mod types_of_others;
