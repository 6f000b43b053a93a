//! Looks for secrets in a text, in whatever form somebody may have printed them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::ops::Range;

use aho_corasick::AhoCorasick;
use data_encoding::{BASE64, BASE64URL};
use pgstore::SessionId;

use super::known::Known;
use super::views::{LEAST, runs, views};

/// A secret that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Find {
    pub(super) kind: Kind,
    /// How it was printed.
    pub(super) form: &'static str,
    /// The line that it stands in, without it.
    pub(super) line: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Cookie,
    Id,
    Key,
    Password,
    /// What looks like an ID, though nobody noted it.
    Shape,
}

/// Every piece of this length of a secret is looked for, so that half of one is found, too.
const PIECE: usize = 16;

/// How much of the text is looked at at once.
const BLOCK: u64 = 4 << 20;

/// How much of a block is looked at again with the next one: more than an ID takes as a list with
/// a line for each number.
const AGAIN: usize = 16 << 10;

/// How many finds of a block are told: one alone fails the run.
const MOST_IN_A_BLOCK: usize = 1000;

/// Knows what to look for.
#[derive(Debug)]
pub(super) struct Searcher {
    pieces: AhoCorasick,
    /// Whose pieces they are.
    kinds: Vec<Kind>,
}

impl Searcher {
    pub(super) fn new(known: &Known) -> Self {
        let cookies = known.cookies.iter().map(|secret| (Kind::Cookie, secret));
        let ids = known.ids.iter().map(|secret| (Kind::Id, secret));
        let keys = known.keys.iter().map(|secret| (Kind::Key, secret));
        let passwords = known.passwords.iter();
        let passwords = passwords.map(|secret| (Kind::Password, secret));
        let mut pieces = BTreeMap::new();
        for (kind, secret) in cookies.chain(ids).chain(keys).chain(passwords) {
            let (base64, base64url) = (BASE64.encode(secret), BASE64URL.encode(secret));
            for form in [secret, base64.as_bytes(), base64url.as_bytes()] {
                pieces.extend(pieces_of(form).map(|piece| (piece.to_vec(), kind)));
            }
        }
        Self {
            pieces: AhoCorasick::new(pieces.keys()).expect("the secrets fit into memory"),
            kinds: pieces.into_values().collect(),
        }
    }

    /// Looks through all there is to read. What is said in the same words counts once.
    pub(super) fn search(&self, text: &mut impl Read) -> io::Result<BTreeSet<Find>> {
        let (mut finds, mut block) = (BTreeSet::new(), Vec::new());
        while text.by_ref().take(BLOCK).read_to_end(&mut block)? > 0 {
            self.search_block(&block, &mut finds);
            block.drain(..block.len().saturating_sub(AGAIN));
        }
        Ok(finds)
    }

    fn search_block(&self, block: &[u8], finds: &mut BTreeSet<Find>) {
        let plain = self.search_bytes(block);
        let mut found: Vec<_> = plain.map(|(kind, place)| (kind, "plain", place)).collect();
        for view in views(block) {
            let (form, place) = (view.form, view.place);
            let kinds = self.search_bytes(&view.bytes).map(|(kind, _)| kind);
            found.extend(kinds.map(|kind| (kind, form, place.clone())));
        }
        found.truncate(MOST_IN_A_BLOCK);
        let places = found.iter().map(|(_, _, place)| whole_word(block, place));
        let secret: Vec<_> = places.collect();
        for (kind, form, place) in found {
            let line = line_around(block, &place, &secret);
            finds.insert(Find { kind, form, line });
        }
    }

    fn search_bytes(&self, bytes: &[u8]) -> impl Iterator<Item = (Kind, Range<usize>)> {
        let noted = self.pieces.find_iter(bytes);
        let noted = noted.map(|piece| (self.kinds[piece.pattern()], piece.range()));
        let shaped = runs(bytes, is_of_an_id, SessionId::LENGTH).into_iter();
        // Where any ID will do, tests write one letter 52 times.
        let is_drawn = |place: &Range<usize>| {
            let run = &bytes[place.clone()];
            run.iter().any(|byte| *byte != run[0])
        };
        let shaped: Vec<_> = shaped.filter(is_drawn).collect();
        noted.chain(shaped.into_iter().map(|place| (Kind::Shape, place)))
    }
}

/// The pieces of a secret, the last one counted from its end. Fewer bytes than [`LEAST`] are in
/// any text.
fn pieces_of(secret: &[u8]) -> impl Iterator<Item = &[u8]> {
    let last = &secret[secret.len().saturating_sub(PIECE)..];
    let pieces = secret.chunks_exact(PIECE).chain([last]);
    pieces.filter(|piece| piece.len() >= LEAST)
}

fn is_of_an_id(byte: &u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'2'..=b'7')
}

/// A place, and what belongs to the secret there before it and behind it.
fn whole_word(text: &[u8], place: &Range<usize>) -> Range<usize> {
    let goes_on = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/-_=|%\\".contains(byte);
    let before = text[..place.start].iter().rev().take_while(goes_on);
    let after = text[place.end..].iter().take_while(goes_on);
    place.start - before.count()..place.end + after.count()
}

/// The start of the line around a place, without what is secret.
fn line_around(text: &[u8], place: &Range<usize>, secret: &[Range<usize>]) -> String {
    let is_end = |byte: &u8| *byte == b'\n';
    let start = text[..place.start].iter().rposition(is_end);
    let mut at = start.map_or(0, |end| end + 1);
    let mut line = Vec::new();
    while line.len() < 200 && at < text.len() && text[at] != b'\n' {
        match secret.iter().find(|secret| secret.contains(&at)) {
            Some(secret) => {
                line.extend(b"***");
                at = secret.end;
            }
            None => {
                line.push(text[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&line).into_owned()
}
