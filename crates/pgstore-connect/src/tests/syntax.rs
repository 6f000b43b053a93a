//! What connection strings mean, and how they can be malformed.

use super::{options, refused};
use crate::ConfigError::{Syntax, UnknownOption, UnsupportedOption};
use crate::SyntaxError;

/// As `src/interfaces/libpq/t/001_uri.pl` has them, PostgreSQL's own test of its parser.
#[test]
fn urls_mean_what_they_mean_to_libpq() {
    for (url, expected) in [
        (
            "postgresql://uri-user:secret@host:12345/db",
            "host=host port=12345 dbname=db user=uri-user password=secret",
        ),
        (
            "postgresql://uri-user@host:12345/db",
            "host=host port=12345 dbname=db user=uri-user",
        ),
        (
            "postgresql://uri-user@host/db",
            "host=host dbname=db user=uri-user",
        ),
        (
            "postgresql://host:12345/db",
            "host=host port=12345 dbname=db",
        ),
        ("postgresql://host/db", "host=host dbname=db"),
        (
            "postgresql://uri-user@host:12345/",
            "host=host port=12345 user=uri-user",
        ),
        ("postgresql://uri-user@host/", "host=host user=uri-user"),
        ("postgresql://uri-user@", "user=uri-user"),
        ("postgresql://host:12345/", "host=host port=12345"),
        ("postgresql://host:12345", "host=host port=12345"),
        ("postgresql://host/", "host=host"),
        ("postgresql://host", "host=host"),
        ("postgresql://", ""),
        ("postgresql://?hostaddr=127.0.0.1", "hostaddr=127.0.0.1"),
        (
            "postgresql://example.com?hostaddr=63.1.2.4",
            "host=example.com hostaddr=63.1.2.4",
        ),
        ("postgresql://%68ost/", "host=host"),
        (
            "postgresql://host/db?user=uri-user",
            "host=host dbname=db user=uri-user",
        ),
        (
            "postgresql://host/db?user=uri-user&port=12345",
            "host=host port=12345 dbname=db user=uri-user",
        ),
        (
            "postgresql://host/db?u%73er=someotheruser&port=12345",
            "host=host port=12345 dbname=db user=someotheruser",
        ),
        (
            "postgresql://host:12345?user=uri-user",
            "host=host port=12345 user=uri-user",
        ),
        ("postgresql://host?user=uri-user", "host=host user=uri-user"),
        ("postgresql://host?", "host=host"),
        (
            "postgresql://[::1]:12345/db",
            "host=::1 port=12345 dbname=db",
        ),
        ("postgresql://[::1]/db", "host=::1 dbname=db"),
        ("postgresql://[2001:db8::1234]/", "host=2001:db8::1234"),
        ("postgresql://[200z:db8::1234]/", "host=200z:db8::1234"),
        ("postgresql://[::1]", "host=::1"),
        ("postgres://", ""),
        ("postgres:///", ""),
        ("postgres:///db", "dbname=db"),
        ("postgres://uri-user@/db", "dbname=db user=uri-user"),
        (
            "postgres://?host=/path/to/socket/dir",
            "host=/path/to/socket/dir",
        ),
        ("postgres://@host", "host=host"),
        ("postgres://host:/", "host=host"),
        ("postgres://:12345/", "port=12345"),
        (
            "postgres://otheruser@?host=/no/such/directory",
            "host=/no/such/directory user=otheruser",
        ),
        (
            "postgres://otheruser@/?host=/no/such/directory",
            "host=/no/such/directory user=otheruser",
        ),
        (
            "postgres://otheruser@:12345?host=/no/such/socket/path",
            "host=/no/such/socket/path port=12345 user=otheruser",
        ),
        (
            "postgres://otheruser@:12345/db?host=/path/to/socket",
            "host=/path/to/socket port=12345 dbname=db user=otheruser",
        ),
        (
            "postgres://:12345/db?host=/path/to/socket",
            "host=/path/to/socket port=12345 dbname=db",
        ),
        (
            "postgres://%2Fvar%2Flib%2Fpostgresql/dbname",
            "host=/var/lib/postgresql dbname=dbname",
        ),
        (
            "postgres://a,b:2,[::1]:3/db",
            "host=a,b,::1 port=,2,3 dbname=db",
        ),
        ("postgres://h?ssl=true", "host=h sslmode=require"),
        ("postgres://h?user=a&user=b", "host=h user=b"),
        (
            "postgres://u:a:b%40%2F%25@h",
            "host=h user=u password=a:b@/%",
        ),
        (
            "postgres://h?user=a+b&password=",
            "host=h user=a+b password=",
        ),
    ] {
        let found: Vec<_> = options(url)
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(found.join(" "), expected, "{url}");
    }
}

#[test]
fn keywords_mean_what_they_mean_to_libpq() {
    for (text, expected) in [
        ("", vec![]),
        (" host = h  port\t=\n5 ", vec![("host", "h"), ("port", "5")]),
        (
            "user='a b' dbname=''",
            vec![("dbname", ""), ("user", "a b")],
        ),
        (r"password='it\'s \\ it'", vec![("password", r"it's \ it")]),
        (r"password=a\ b\'c\\d", vec![("password", r"a b'c\d")]),
        ("user='a'host=b", vec![("host", "b"), ("user", "a")]),
        ("user=a'b", vec![("user", "a'b")]),
        ("user= host=b", vec![("user", "host=b")]),
        ("host=a host=b", vec![("host", "b")]),
        (
            "options='-c search_path=a -c b=c'",
            vec![("options", "-c search_path=a -c b=c")],
        ),
        ("password=münchen=1", vec![("password", "münchen=1")]),
    ] {
        let found = options(text);
        let found: Vec<_> = found
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn what_cannot_be_read_has_its_reason() {
    use SyntaxError as Reason;
    for (text, reason) in [
        ("postgres://u:p@host?zzz", Reason::MissingEquals),
        ("postgres://u:p@host?%XXfoo", Reason::MissingEquals),
        (
            "postgres://u:p@host/db?key=key=value",
            Reason::UnescapedEquals,
        ),
        (
            "postgres://u:p@host/db?options=-ca=b",
            Reason::UnescapedEquals,
        ),
        ("postgres://u:p%zz@host", Reason::InvalidEscape),
        ("postgres://u:p%0@host", Reason::InvalidEscape),
        ("postgres://u:p%00@host", Reason::ZeroByte),
        ("host=h\0", Reason::ZeroByte),
        ("postgres://u:p%ff@host", Reason::NotUtf8),
        ("postgres://u:p@[::1", Reason::UnclosedBracket),
        ("postgres://u:p@[]", Reason::EmptyBrackets),
        ("postgres://u:p@[::1]z", Reason::TextAfterBracket),
        // Passwords without escapes: what libpq takes for a host, a port, a database.
        ("postgres://u:p/x@host/d", Reason::UnescapedAt),
        ("postgres://u:1/p@host/d", Reason::UnescapedAt),
        ("postgres://u:x@p@host/d", Reason::UnescapedAt),
        ("postgres://u:x@a/p@host/d", Reason::UnescapedAt),
        ("postgres://u:1/x?p=1@host/d", Reason::UnescapedAt),
        ("password='p", Reason::UnclosedQuote),
        ("user=u password=my p", Reason::NeitherUrlNorKeywords),
        ("p", Reason::NeitherUrlNorKeywords),
        ("mysql://u:p@h/d", Reason::NeitherUrlNorKeywords),
        ("\"postgres://u:p@h/d\"", Reason::NeitherUrlNorKeywords),
        ("host=hpassword=p", Reason::PasswordInsideValue),
        ("user= password=p", Reason::PasswordInsideValue),
    ] {
        assert_eq!(refused(text), Syntax(reason), "{text}");
    }
}

#[test]
fn options_are_told_apart_without_repeating_one_that_is_unknown() {
    for (text, error) in [
        ("postgres://h?value1=value2", UnknownOption { position: 1 }),
        (
            "postgres://h?user=u&colour=p",
            UnknownOption { position: 2 },
        ),
        ("postgres://h?ssl=p", UnknownOption { position: 1 }),
        (
            "user=u password=my p=1 host=h",
            UnknownOption { position: 3 },
        ),
        (
            "user=u password='p' colour=red",
            UnknownOption { position: 3 },
        ),
        (
            "\"postgres://u:p@h/d?sslmode=disable\"",
            UnknownOption { position: 1 },
        ),
        (
            "DATABASE_URL=postgres://u:p@h/d",
            UnknownOption { position: 1 },
        ),
        ("service=p", UnsupportedOption { option: "service" }),
        (
            "postgres://h?sslcrl=x",
            UnsupportedOption { option: "sslcrl" },
        ),
    ] {
        assert_eq!(refused(text), error, "{text}");
    }
}
