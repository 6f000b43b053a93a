//! Connection strings as libpq reads them, and what is refused.

use std::time::Duration;

use super::super::connect_error::{ConnectError, ConnectErrorKind};
use super::environment::Environment;
use super::given::Given;
use super::host::{Host, Place};
use super::option::Opt;
use super::settings::Settings;
use super::target::Target;
use super::tls::Mode;

/// Option and value, as given.
fn given(text: &str) -> Vec<(&'static str, String)> {
    let given = Given::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let value = |option: &Opt| {
        let value = given.value(*option)?;
        Some((option.name(), value.to_owned()))
    };
    Opt::ALL.iter().filter_map(value).collect()
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let owned = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Environment::Given(std::sync::Arc::new(owned.collect()))
}

fn settings(text: &str) -> Settings {
    Settings::read(text, &environment(&[])).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> ConnectError {
    match Settings::read(text, &environment(&[])) {
        Ok(settings) => panic!("{text}: {settings:?}"),
        Err(error) => error,
    }
}

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
        let found: Vec<_> = given(url)
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
        let found = given(text);
        let found: Vec<_> = found
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_by_name_and_without_a_word_of_the_password() {
    use ConnectErrorKind::{BadValue, Settings, UnknownOption};
    for (text, kind, named) in [
        ("postgres://u:hunter2@host?zzz", Settings, "="),
        (
            "postgres://u:hunter2@host?value1=value2",
            UnknownOption,
            "`value1`",
        ),
        (
            "postgres://u:hunter2@host?colour=hunter2",
            UnknownOption,
            "`colour`",
        ),
        (
            "postgres://u:hunter2@host/db?key=key=value",
            Settings,
            "%3D",
        ),
        (
            "postgres://u:hunter2@host/db?options=-ca=b",
            Settings,
            "%3D",
        ),
        ("postgres://u:hunter2@host?%XXfoo", Settings, "="),
        ("postgres://u:hunter2%zz@host", Settings, "%"),
        ("postgres://u:hunter2%0@host", Settings, "%"),
        ("postgres://u:hunter2%00@host", Settings, "%00"),
        ("postgres://u:hunter2%ff@host", Settings, "UTF-8"),
        ("postgres://u:hunter2@[::1", Settings, "]"),
        ("postgres://u:hunter2@[]", Settings, "["),
        ("postgres://u:hunter2@[::1]z", Settings, "]"),
        ("postgres://u:hunter2@h:99999/d", BadValue, "`port`"),
        ("postgres://u:hunter2@h:0/d", BadValue, "`port`"),
        // Passwords that are not escaped: what libpq would take for a host, a port, a database.
        ("postgres://u:hunter2/x@host/d", Settings, "%2F"),
        ("postgres://u:1/hunter2@host/d", Settings, "%2F"),
        ("postgres://u:x@hunter2@host/d", Settings, "%40"),
        ("postgres://u:x@a/hunter2@host/d", Settings, "%40"),
        ("postgres://u:1/x?hunter2=1@host/d", Settings, "%40"),
        ("password='hunter2", Settings, "quote"),
        ("user=u password=my hunter2", Settings, "keyword=value"),
        (
            "user=u password=my hunter2=1 host=h",
            UnknownOption,
            "`password`",
        ),
        (
            "user=u password='hunter2' colour=red",
            UnknownOption,
            "`colour`",
        ),
        (
            "user=u password=hunter2 sslmode=hunter2",
            BadValue,
            "`sslmode`",
        ),
        ("hunter2", Settings, "keyword=value"),
        ("mysql://u:hunter2@h/d", Settings, "postgres://"),
        ("password=hunter2 host=@abstract", BadValue, "`host`"),
        ("postgres://u:hunter2@%40abstract/d", BadValue, "`host`"),
        ("password=hunter2 hostaddr=db", BadValue, "`hostaddr`"),
        (
            "password=hunter2 host=a,b hostaddr=10.0.0.1",
            BadValue,
            "`hostaddr`",
        ),
        ("password=hunter2 host=a,b,c port=1,2", BadValue, "`port`"),
        (
            "password=hunter2 target_session_attrs=master",
            BadValue,
            "`target_session_attrs`",
        ),
        (
            "password=hunter2 connect_timeout=soon",
            BadValue,
            "`connect_timeout`",
        ),
        (
            "password=hunter2 client_encoding=LATIN1",
            BadValue,
            "`client_encoding`",
        ),
        (
            "password=hunter2 gssencmode=require",
            BadValue,
            "`gssencmode`",
        ),
        (
            "password=hunter2 channel_binding=yes",
            BadValue,
            "`channel_binding`",
        ),
        (
            "password=hunter2 keepalives_idle=1s",
            BadValue,
            "`keepalives_idle`",
        ),
        ("password=hunter2 sslmode=", BadValue, "`sslmode`"),
        (
            "password=hunter2 sslmode=require sslrootcert=system",
            BadValue,
            "`sslmode`",
        ),
        ("service=hunter", UnknownOption, "`service`"),
        ("sslcrl=x", UnknownOption, "`sslcrl`"),
    ] {
        let error = refused(text);
        assert_eq!(error.kind(), kind, "{text}: {error}");
        let told = format!("{error} {error:?}");
        assert!(told.contains(named), "{text}: {told}");
        assert!(!told.contains("hunter2"), "{text}: {told}");
        assert_eq!(error.blame(), crate::wire::Blame::Usage);
    }
}

#[test]
fn hosts_addresses_and_ports_are_paired() {
    let name = |name: &str, port| Host {
        place: Place::Name(name.to_owned()),
        port,
    };
    let address = |ip: &str, name: Option<&str>, port| Host {
        place: Place::Address {
            address: ip.parse().unwrap(),
            name: name.map(str::to_owned),
        },
        port,
    };
    let folder = |path: &str, port| Host {
        place: Place::Folder(path.into()),
        port,
    };
    for (text, expected) in [
        (
            "",
            vec![Host {
                place: Place::UsualFolder,
                port: 5432,
            }],
        ),
        ("host=a,b port=7", vec![name("a", 7), name("b", 7)]),
        ("host=a,b port=7,8", vec![name("a", 7), name("b", 8)]),
        ("host=a,b port=,8", vec![name("a", 5432), name("b", 8)]),
        ("host=/x,b", vec![folder("/x", 5432), name("b", 5432)]),
        ("postgres://%2Fx:5/d", vec![folder("/x", 5)]),
        (
            "postgres://[::1]:5,b/d",
            vec![name("::1", 5), name("b", 5432)],
        ),
        (
            "hostaddr=10.0.0.1,::1",
            vec![address("10.0.0.1", None, 5432), address("::1", None, 5432)],
        ),
        (
            "host=a,b hostaddr=10.0.0.1,",
            vec![address("10.0.0.1", Some("a"), 5432), name("b", 5432)],
        ),
        (
            "host=a,,c",
            vec![
                name("a", 5432),
                Host {
                    place: Place::UsualFolder,
                    port: 5432,
                },
                name("c", 5432),
            ],
        ),
    ] {
        assert_eq!(settings(text).hosts, expected, "{text}");
    }
}

#[test]
fn the_environment_completes_what_is_not_given() {
    let environment = environment(&[
        ("PGHOST", "from-env"),
        ("PGPORT", "7"),
        ("PGUSER", "someone"),
        ("PGDATABASE", "their-db"),
        ("PGPASSWORD", "hunter2"),
        ("PGSSLMODE", "disable"),
        ("PGCONNECT_TIMEOUT", "3"),
        ("PGTARGETSESSIONATTRS", "primary"),
        ("PGAPPNAME", "theirs"),
        ("PGOPTIONS", "-c a=b"),
        ("PGHOSTADDR", ""),
    ]);
    let read = |text: &str| Settings::read(text, &environment).unwrap();
    let settings = read("");
    assert_eq!(settings.hosts[0].to_string(), "from-env:7");
    assert_eq!(settings.tls.mode, Mode::Disable);
    assert_eq!(settings.target, Target::Primary);
    assert_eq!(settings.timeout.or(None), Duration::from_secs(3));
    let config = settings.config_for(&settings.hosts[0]);
    assert_eq!(config.get_user(), Some("someone"));
    assert_eq!(config.get_dbname(), Some("their-db"));
    assert_eq!(config.get_password(), Some(&b"hunter2"[..]));
    assert_eq!(config.get_application_name(), Some("theirs"));
    assert_eq!(config.get_options(), Some("-c a=b"));
    assert!(!format!("{settings:?} {environment:?}").contains("hunter2"));

    // What is given comes first, even if it is empty.
    let settings = read("postgres://me:mine@given:8/db?application_name=&sslmode=prefer");
    let config = settings.config_for(&settings.hosts[0]);
    assert_eq!(settings.hosts[0].to_string(), "given:8");
    assert_eq!(config.get_user(), Some("me"));
    assert_eq!(config.get_password(), Some(&b"mine"[..]));
    assert_eq!(config.get_application_name(), Some("pgstore"));
    assert_eq!(settings.tls.mode, Mode::Prefer);
}

#[test]
fn a_bad_variable_is_named() {
    let environment = environment(&[("PGSSLMODE", "hunter2"), ("PGPASSWORD", "hunter2")]);
    let error = Settings::read("host=h", &environment).unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(
        told.contains("`PGSSLMODE`") && !told.contains("hunter2"),
        "{told}"
    );
}

#[test]
fn defaults_are_libpqs_and_the_database_is_the_users() {
    let settings = settings("user=app");
    let config = settings.config_for(&settings.hosts[0]);
    assert_eq!(config.get_dbname(), Some("app"));
    assert_eq!(config.get_password(), None);
    assert_eq!(settings.tls.mode, Mode::Prefer);
    assert_eq!(settings.target, Target::Any);
    assert!(!settings.shuffle);
}

#[test]
fn the_strings_timeout_comes_first_then_the_programs_then_the_environments() {
    let environment = environment(&[("PGCONNECT_TIMEOUT", "3")]);
    let timeout = |text: &str, program| {
        let settings = Settings::read(text, &environment).unwrap();
        settings.timeout.or(program).as_secs()
    };
    let program = Some(Duration::from_secs(2));
    assert_eq!(timeout("connect_timeout=1", program), 1);
    assert_eq!(timeout("", program), 2);
    assert_eq!(timeout("", None), 3);
    for zero in ["connect_timeout=0", "connect_timeout=-1"] {
        assert_eq!(timeout(zero, None), 5);
        assert_eq!(timeout(zero, program), 2);
    }
}

#[test]
fn the_systems_authorities_demand_verify_full() {
    assert_eq!(settings("sslrootcert=system").tls.mode, Mode::VerifyFull);
    assert_eq!(
        settings("sslrootcert=system sslmode=verify-full").tls.mode,
        Mode::VerifyFull
    );
}

#[test]
fn a_build_without_tls_names_the_feature() {
    let error = ConnectError::no_tls_feature("verify-full");
    assert_eq!(error.kind(), ConnectErrorKind::TlsNotBuilt);
    assert!(error.to_string().contains("feature `tls`"), "{error}");
}

#[test]
fn mutated_strings_are_read_or_refused_and_nothing_panics() {
    let seeds = [
        "postgres://u:p@[::1]:5,b:6/d?sslmode=verify-full&options=-c%20a%3Db",
        r"host='a b' user=x\ y password='p\'q' hostaddr=10.0.0.1,::1 port=1,2",
    ];
    let pieces = [
        "%", "%4", "@", "[", "]", "'", "\\", "=", "&", ",", " ", "ü", "\0", "/", "?", ":",
    ];
    let nothing = environment(&[]);
    for seed in seeds {
        for (index, _) in seed.char_indices() {
            for piece in pieces {
                let inserted = format!("{}{piece}{}", &seed[..index], &seed[index..]);
                let replaced = format!("{}{piece}{}", &seed[..index], &seed[index + 1..]);
                for text in [&seed[..index], &inserted, &replaced] {
                    let _ = Settings::read(text, &nothing);
                }
            }
        }
    }
}
