//! Owners and labels as text of the database, whose encoding may lack some of their characters.
//!
//! A text that has such characters is stored as in SQL's `U&'…'`, with the marker in front: `U&\4F60` is
//! U+4F60. So is a text that begins like the marker, so that no two texts are stored alike.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Write as _};

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

const MARKER: &str = "U&";

/// Which texts are escaped, if they have characters beyond ASCII.
///
/// An owner is only escaped if the encoding lacks one of its characters, whatever else a statement carries:
/// sessions are looked up by their owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Texts {
    AsTheyAre,
    LabelsInAscii,
    AllInAscii,
}

/// An owner or a label as a parameter. Its `Debug` shows nothing, because the driver logs parameters.
pub(super) struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    pub(super) fn owner(owner: &'a str, texts: Texts) -> Self {
        Self::of(owner, texts == Texts::AllInAscii)
    }

    pub(super) fn label(label: &'a str, texts: Texts) -> Self {
        Self::of(label, texts != Texts::AsTheyAre)
    }

    fn of(text: &'a str, is_in_ascii: bool) -> Self {
        let is_escaped = text.starts_with(MARKER) || (is_in_ascii && !text.is_ascii());
        Self(match is_escaped {
            true => Cow::Owned(escaped(text)),
            false => Cow::Borrowed(text),
        })
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl ToSql for Text<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TEXT
    }

    to_sql_checked!();
}

/// The text that was stored.
pub(super) fn unescaped(stored: String) -> String {
    let text = stored.strip_prefix(MARKER).and_then(unescape);
    text.unwrap_or(stored)
}

fn escaped(text: &str) -> String {
    let mut escaped = String::from(MARKER);
    for character in text.chars() {
        // Writing to a String cannot fail.
        let _ = match (character, u32::from(character)) {
            ('\\', _) => escaped.write_str(r"\\"),
            (_, ..=0x7f) => escaped.write_char(character),
            (_, code @ ..=0xffff) => write!(escaped, r"\{code:04X}"),
            (_, code) => write!(escaped, r"\+{code:06X}"),
        };
    }
    escaped
}

/// `None` for a text that [`escaped`] does not make.
fn unescape(escaped: &str) -> Option<String> {
    let (mut text, mut rest) = (String::with_capacity(escaped.len()), escaped);
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let (digits, skipped) = match escape.as_bytes().first()? {
            b'\\' => (0, 1),
            b'+' => (6, 1),
            _ => (4, 0),
        };
        let code = escape.get(skipped..skipped + digits)?;
        text.push(match digits {
            0 => '\\',
            _ => char::from_u32(u32::from_str_radix(code, 16).ok()?)?,
        });
        rest = &escape[skipped + digits..];
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(text: &str, is_in_ascii: bool) -> String {
        Text::of(text, is_in_ascii).0.into_owned()
    }

    #[test]
    fn what_is_stored_is_read_again() {
        for text in [
            "",
            "ada",
            "é",
            "你好, ada",
            "🦀\\4F60",
            "U&",
            "U&\\4F60",
            "\\",
            "U&\u{10ffff}",
        ] {
            for is_in_ascii in [false, true] {
                assert_eq!(unescaped(stored(text, is_in_ascii)), text, "{text}");
            }
            assert!(stored(text, true).is_ascii(), "{text}");
        }
        assert_eq!(stored("你 é", true), r"U&\4F60 \00E9");
        assert_eq!(stored("🦀", true), r"U&\+01F980");
    }

    #[test]
    fn an_owner_stays_as_it_is_where_only_a_label_needs_escapes() {
        for (texts, escaped) in [
            (Texts::AsTheyAre, [false, false]),
            (Texts::LabelsInAscii, [false, true]),
            (Texts::AllInAscii, [true, true]),
        ] {
            let stored = [Text::owner("é", texts), Text::label("é", texts)];
            assert_eq!(stored.map(|text| text.0.is_ascii()), escaped, "{texts:?}");
        }
    }

    #[test]
    fn no_two_texts_are_stored_alike() {
        let as_it_is = stored(r"U&\4F60", false);
        assert_ne!(as_it_is, stored("你", true));
    }

    #[test]
    fn what_others_have_written_is_read_as_it_is() {
        for text in [
            r"U&\",
            r"U&\4F6",
            r"U&\D800",
            r"U&\+11000",
            r"U&\é000",
            "U and",
            "U",
        ] {
            assert_eq!(unescaped(text.to_owned()), text);
        }
    }

    #[test]
    fn the_driver_logs_nothing_of_a_text() {
        assert_eq!(format!("{:?}", Text::of("alice", false)), "..");
    }
}
