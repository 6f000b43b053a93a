//! Nothing of a connection string is repeated where it may be a piece of the password, however the
//! string is mangled.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::read_in;
use crate::error::without_values;
use crate::tls::{LoadedTls, Roots};
use crate::{Config, ConnectError, Connector, Host, SslMode, TargetSessionAttrs};

/// Without a repeated piece, so that a part of it is found wherever it is cut.
const SECRET: &str = "QwErTyUiOpAsDfGhJkLzXcVb";

/// Asking the operating system for its user would take most of the time.
const USER: &[(&str, &str)] = &[("PGUSER", "someone")];

/// The secret is searched for in pieces of this length. A mistake in its middle leaves twelve
/// letters together on one side, and so a whole piece.
const PIECE: usize = 6;

fn seeds() -> Vec<String> {
    [
        "postgres://u:SECRET@h/d",
        "postgresql://u:SECRET@[::1]:5432,10.0.0.1:6/d?sslmode=disable&connect_timeout=5",
        "postgres://u@h/d?password=SECRET&sslrootcert=/x&sslmode=verify-full",
        "postgres://u@h/d?sslcert=/x&password=SECRET&passfile=/y",
        "host=h port=5432 user=u password=SECRET dbname=d",
        "host=h user='u' password='SECRET' options='-c a=b'",
        "sslrootcert='/x' password=SECRET options='-c a=b' sslmode=verify-ca",
        "passfile=/x password=SECRET hostaddr=10.0.0.1 sslmode=prefer",
        "postgres://u:SECRET@h/d?search_path=a&statement_timeout=5s&binary_parameters=yes",
        "host=h user=u password=SECRET search_path='a, b' app.x=1 timezone=UTC",
    ]
    .map(|seed| seed.replace("SECRET", SECRET))
    .to_vec()
}

const PIECES: [&str; 27] = [
    "%", "%4", "%00", "@", "[", "]", "'", "\"", "\\", "=", "==", "&", ",", " ", "  ", "\n", "\t",
    "\u{a0}", "ü", "\0", "/", "//", "?", ":", "::", "#", ";",
];

/// The string with one mistake in it.
fn mangled(text: &str) -> Vec<String> {
    let mut mangled = whole(text);
    let ends = text
        .char_indices()
        .map(|(index, c)| (index, index + c.len_utf8()));
    for (start, end) in ends {
        let (before, after) = (&text[..start], &text[end..]);
        mangled.push(before.to_owned());
        mangled.push(text[start..].to_owned());
        mangled.push(format!("{before}{after}"));
        for piece in PIECES {
            mangled.push(format!("{before}{piece}{}", &text[start..]));
            mangled.push(format!("{before}{piece}{after}"));
        }
    }
    mangled
}

/// What env files, shells and hurry do to a string.
fn whole(text: &str) -> Vec<String> {
    let bare = text.trim_start_matches("postgresql://");
    let bare = bare.trim_start_matches("postgres://");
    vec![
        text.to_owned(),
        format!("\"{text}\""),
        format!("'{text}'"),
        format!("`{text}`"),
        format!("DATABASE_URL={text}"),
        format!("DATABASE_URL=\"{text}\""),
        format!("export DATABASE_URL='{text}'"),
        format!("url = {text}"),
        format!(" {text}"),
        format!("{text}\r\n"),
        format!("\u{feff}{text}"),
        format!("psql {text}"),
        format!("jdbc:{text}"),
        format!("mysql://{bare}"),
        format!("postgres:{bare}"),
        format!("POSTGRES://{bare}"),
        format!("https://{bare}"),
        format!("{text} {text}"),
        format!("{text}{text}"),
        text.replace('&', "&amp;"),
        text.replace('&', ";"),
        text.replace(':', "%3A"),
        text.replace('@', "%40"),
        text.replace(' ', ""),
        text.replace(' ', ";"),
        text.replace('=', ": "),
        text.replace('=', ":"),
        text.replace('\'', "\""),
        text.replace('\'', ""),
        text.to_uppercase().replace(&SECRET.to_uppercase(), SECRET),
    ]
}

/// All that this crate can say about a connection string before a server answers.
fn said_about(text: &str) -> String {
    let config = match read_in(USER, text) {
        Ok(config) => config,
        Err(error) => return format!("{error} {error:?} {:?}", ConnectError::from(error.clone())),
    };
    let mut said = format!("{config:?} {:?}", Connector::new(config.clone()));
    for host in config.hosts() {
        said += &format!(" {host:?}");
        for error in errors(host) {
            said += &format!(" {error:?}"); // It contains what `Display` says.
        }
    }
    said + &said_about_files(&config)
}

fn said_about_files(config: &Config) -> String {
    let names_files = config.tls.certificate.is_some()
        || config.tls.key.is_some()
        || matches!(config.tls.roots, Roots::File(_));
    if !names_files {
        return String::new(); // Loading takes most of the time.
    }
    match LoadedTls::load(&config.tls) {
        Ok(_) => String::new(),
        Err(error) => format!("{error} {error:?}"),
    }
}

/// Every failure without an answer.
fn errors(host: &Host) -> Vec<ConnectError> {
    let source = Arc::new(io::Error::from(io::ErrorKind::Other));
    let host = || host.clone();
    let source = || Arc::clone(&source);
    let (mode, wanted) = (SslMode::Require, TargetSessionAttrs::Standby);
    let after = Duration::from_secs(5);
    let mut errors = vec![
        ConnectError::UnknownHost {
            host: host(),
            source: source(),
        },
        ConnectError::NotListening {
            host: host(),
            source: source(),
        },
        ConnectError::Unreachable {
            host: host(),
            source: source(),
        },
        ConnectError::Closed { host: host() },
        ConnectError::Timeout {
            host: host(),
            after,
        },
        ConnectError::NoTls { host: host(), mode },
        ConnectError::UntrustedCertificate {
            host: host(),
            source: source(),
        },
        ConnectError::WrongCertificateName {
            host: host(),
            source: source(),
        },
        ConnectError::Tls {
            host: host(),
            source: source(),
        },
        ConnectError::ChannelBinding { host: host() },
        ConnectError::PasswordMissing { host: host() },
        ConnectError::WrongTarget {
            host: host(),
            wanted,
        },
        ConnectError::UnsupportedCertificate {
            host: host(),
            source: source(),
        },
        ConnectError::NoCommonAlgorithm {
            host: host(),
            source: source(),
        },
    ];
    let both = |first: &ConnectError, second: &ConnectError| {
        ConnectError::in_both_modes(&host(), SslMode::Prefer, first.clone(), second.clone())
    };
    errors.push(both(&errors[8], &errors[3]));
    errors.push(ConnectError::of_hosts(errors.clone()));
    errors
}

fn shows_the_secret(said: &str) -> bool {
    let mut starts = (0..SECRET.len()).step_by(PIECE);
    starts.any(|start| said.contains(&SECRET[start..start + PIECE]))
}

#[test]
fn no_mistake_in_a_connection_string_makes_its_password_show() {
    let (mut read, mut refused) = (0_u32, 0_u32);
    for seed in seeds() {
        for text in mangled(&seed) {
            let said = said_about(&text);
            assert!(!shows_the_secret(&said), "{text}\n{said}");
            match read_in(USER, &text) {
                Ok(_) => read += 1,
                Err(_) => refused += 1,
            }
        }
    }
    // Both ways were gone often.
    assert!(
        read > 1000 && refused > 1000,
        "{read} read, {refused} refused"
    );
}

/// Several mistakes at once, by a fixed row of random numbers. A host may then be the secret: hosts
/// are told, so their names are taken out of what is said before it is searched.
#[test]
fn several_mistakes_show_nothing_but_hosts() {
    let (mut chance, mut read) = (Chance(0x9e37_79b9_7f4a_7c15), 0_u32);
    let seeds: Vec<_> = seeds().iter().flat_map(|seed| whole(seed)).collect();
    for _ in 0..60_000 {
        let mut text = seeds[chance.below(seeds.len())].clone();
        for _ in 0..1 + chance.below(4) {
            text = chance.mistake(&text);
        }
        let mut said = said_about(&text);
        if let Ok(config) = read_in(USER, &text) {
            read += 1;
            for host in config.hosts() {
                said = said.replace(&format!("{host:?}"), "");
                said = said.replace(&host.to_string(), "");
            }
            said += &said_by_a_server(&config);
        }
        assert!(!shows_the_secret(&said), "{text}\n{said}");
    }
    assert!(read > 1000, "{read} read");
}

/// What a server that repeats all it was sent makes of it.
fn said_by_a_server(config: &Config) -> String {
    let driver = config.driver_config(&config.hosts()[0]);
    let whole = [
        driver.get_user(),
        driver.get_dbname(),
        driver.get_application_name(),
    ];
    // The server repeats words of `options`, and a value without its escapes.
    let is_between = |c: char| c.is_whitespace() || c == '=' || c == '\\';
    let words = driver.get_options().unwrap_or_default().split(is_between);
    let sent = whole.into_iter().flatten().chain(words);
    let messages = sent.map(|text| format!("\"{text}\" is wrong"));
    let hidden = messages.map(|message| without_values(&message, &config.values()));
    hidden.collect::<Vec<_>>().join("\n")
}

/// xorshift64, for the same mistakes in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % bound.max(1)
    }

    /// A place between two characters.
    fn place(&mut self, text: &str) -> usize {
        let places: Vec<_> = text.char_indices().map(|(place, _)| place).collect();
        places.get(self.below(places.len())).copied().unwrap_or(0)
    }

    /// A character that separates parts of the string, where mistakes hurt most.
    fn separator(&mut self, text: &str) -> usize {
        let separators: Vec<_> = text
            .char_indices()
            .filter(|(_, c)| !c.is_alphanumeric())
            .map(|(place, _)| place)
            .collect();
        separators
            .get(self.below(separators.len()))
            .copied()
            .unwrap_or(0)
    }

    fn mistake(&mut self, text: &str) -> String {
        let place = match self.below(2) {
            0 => self.place(text),
            _ => self.separator(text),
        };
        let (before, after) = text.split_at(place);
        let rest = after.get(1..).unwrap_or_default();
        let piece = PIECES[self.below(PIECES.len())];
        match self.below(8) {
            0 => before.to_owned(),
            1 => after.to_owned(),
            2 => format!("{before}{rest}"),
            3 => format!("{before}{piece}{after}"),
            4 => format!("{before}{piece}{rest}"),
            5 => format!("{after}{before}"),
            6 => format!("{before}{after}{after}"),
            _ => {
                // Two separators change places.
                let other = self.separator(text);
                let mut chars: Vec<char> = text.chars().collect();
                let index = |byte: usize| text[..byte].chars().count();
                if !chars.is_empty() {
                    chars.swap(index(place), index(other));
                }
                chars.into_iter().collect()
            }
        }
    }
}

#[test]
fn the_search_finds_a_secret_that_shows() {
    let said = said_about(&format!("host={SECRET}"));
    assert!(shows_the_secret(&said));
    for cut in 1..SECRET.len() {
        let (before, after) = SECRET.split_at(cut);
        assert!(shows_the_secret(&format!("{before}@{after}")));
    }
    assert!(!shows_the_secret("another text"));
}
