//! Pieces of the connection string in what a server answers.

/// The longest name that PostgreSQL keeps, in bytes.
const LONGEST_NAME: usize = 63;

/// The message with the name of an option in place of its value, wherever the server repeats one. A
/// piece of a password may have slipped into any option.
pub(crate) fn without_values(message: &str, values: &[(&'static str, String)]) -> String {
    let mut hidden = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(next) = rest.chars().next() {
        let begins = !hidden.ends_with(is_of_a_word);
        match longest(rest, values).filter(|_| begins) {
            Some((option, length)) => {
                hidden += &format!("<{option}>");
                rest = &rest[length..];
            }
            None => {
                hidden.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    hidden
}

/// The longest value that the text begins with, by its option and its length.
fn longest(text: &str, values: &[(&'static str, String)]) -> Option<(&'static str, usize)> {
    let begun = values.iter().filter_map(|(option, value)| {
        let whole = begins_with(text, value).then_some(value.len());
        let length = whole.or_else(|| {
            let mut cuts = (0..=LONGEST_NAME.min(value.len())).rev();
            let cut = cuts.find(|cut| value.is_char_boundary(*cut))?;
            begins_with(text, &value[..cut]).then_some(cut)
        });
        Some((*option, length?))
    });
    begun.max_by_key(|(_, length)| *length)
}

fn begins_with(text: &str, value: &str) -> bool {
    let after = text.strip_prefix(value).filter(|_| !value.is_empty());
    after.is_some_and(|after| !after.starts_with(is_of_a_word) || !value.ends_with(is_of_a_word))
}

fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_replaced_by_the_names_of_their_options() {
        let long = "x".repeat(80);
        let values = |texts: &[(&'static str, &str)]| {
            let texts = texts.iter();
            let owned = texts.map(|(option, text)| (*option, (*text).to_owned()));
            owned.collect::<Vec<_>>()
        };
        let app = values(&[("user", "app"), ("dbname", "app-db"), ("options", "")]);
        for (message, values, expected) in [
            (
                "role \"app\" may not use \"app-db\", application \"mapp\"",
                &app,
                "role \"<user>\" may not use \"<dbname>\", application \"mapp\"",
            ),
            ("« app » n’existe pas", &app, "« <user> » n’existe pas"),
            (
                &format!("database \"{}\" does not exist", &long[..63]),
                &values(&[("dbname", &long)]),
                "database \"<dbname>\" does not exist",
            ),
            ("user", &values(&[("dbname", "user")]), "<dbname>"),
            ("", &app, ""),
        ] {
            assert_eq!(without_values(message, values), expected);
        }
    }
}
