//! What options mean: pairs of hosts and ports, priorities, defaults, values that are refused.

use std::time::Duration;

use super::{read, read_in, refused};
use crate::host::Place;
use crate::{Config, ConfigBuilder, ConfigError, Host, SslMode, TargetSessionAttrs};

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
        assert_eq!(read(text).hosts, expected, "{text}");
    }
}

#[test]
fn the_environment_completes_what_is_not_given() {
    let variables = [
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
    ];
    let config = read_in(&variables, "").unwrap();
    assert_eq!(config.hosts()[0].to_string(), "from-env:7");
    assert_eq!(config.ssl_mode(), SslMode::Disable);
    assert_eq!(config.target_session_attrs(), TargetSessionAttrs::Primary);
    assert_eq!(config.connect_timeout(), Duration::from_secs(3));
    let driver = config.driver_config(&config.hosts()[0]);
    assert_eq!(driver.get_user(), Some("someone"));
    assert_eq!(driver.get_dbname(), Some("their-db"));
    assert_eq!(driver.get_password(), Some(&b"hunter2"[..]));
    assert_eq!(driver.get_application_name(), Some("theirs"));
    assert_eq!(driver.get_options(), Some("-c a=b"));
    let builder = Config::builder().environment(variables);
    assert!(!format!("{config:?} {builder:?}").contains("hunter2"));

    // The connection string has priority, even with an empty value.
    let text = "postgres://me:mine@given:8/db?application_name=&sslmode=prefer";
    let builder = builder.fallback_application_name("fallback");
    let config = builder.parse(text).unwrap();
    let driver = config.driver_config(&config.hosts()[0]);
    assert_eq!(config.hosts()[0].to_string(), "given:8");
    assert_eq!(driver.get_user(), Some("me"));
    assert_eq!(driver.get_password(), Some(&b"mine"[..]));
    assert_eq!(driver.get_application_name(), Some("fallback"));
    assert_eq!(config.ssl_mode(), SslMode::Prefer);
}

#[test]
fn a_bad_value_is_told_by_the_name_of_its_option_or_variable() {
    for (text, expected) in [
        ("postgres://u@h:99999/d", "port"),
        ("postgres://u@h:0/d", "port"),
        ("host=a,b,c port=1,2", "port"),
        ("host=@abstract", "host"),
        ("host='a b'", "host"),
        ("host=/run/a=b", "host"),
        ("postgres://u@%40abstract/d", "host"),
        ("hostaddr=db", "hostaddr"),
        ("host=a,b hostaddr=10.0.0.1", "hostaddr"),
        ("target_session_attrs=master", "target_session_attrs"),
        ("load_balance_hosts=yes", "load_balance_hosts"),
        ("connect_timeout=soon", "connect_timeout"),
        ("client_encoding=LATIN1", "client_encoding"),
        ("gssencmode=require", "gssencmode"),
        ("channel_binding=yes", "channel_binding"),
        ("keepalives_idle=1s", "keepalives_idle"),
        ("sslsni=yes", "sslsni"),
        ("sslmode=hunter2", "sslmode"),
        ("sslmode=", "sslmode"),
        ("sslmode=require sslrootcert=system", "sslmode"),
    ] {
        assert_invalid(&refused(text), expected);
    }
    let variables = [("PGSSLMODE", "hunter2"), ("PGPASSWORD", "hunter2")];
    assert_invalid(&read_in(&variables, "host=h").unwrap_err(), "PGSSLMODE");
    let variables = [("PGPORT", "hunter2")];
    assert_invalid(&read_in(&variables, "host=h").unwrap_err(), "PGPORT");
}

fn assert_invalid(error: &ConfigError, expected: &str) {
    match error {
        ConfigError::InvalidValue { name, .. } => assert_eq!(*name, expected),
        other => panic!("{expected}: {other}"),
    }
    let told = error.to_string();
    assert!(told.contains(&format!("`{expected}`")), "{told}");
}

#[test]
fn the_programs_target_counts_for_several_hosts_that_nothing_is_said_of() {
    let target = |variables: &[(&str, &str)], text: &str| {
        let builder = Config::builder()
            .environment(variables.iter().copied())
            .fallback_target_session_attrs(TargetSessionAttrs::ReadWrite);
        builder.parse(text).unwrap().target_session_attrs()
    };
    let primary = [("PGTARGETSESSIONATTRS", "primary")];
    assert_eq!(target(&[], "host=a,b"), TargetSessionAttrs::ReadWrite);
    assert_eq!(target(&[], "host=a"), TargetSessionAttrs::Any);
    assert_eq!(target(&primary, "host=a,b"), TargetSessionAttrs::Primary);
    assert_eq!(
        target(&primary, "host=a,b target_session_attrs=any"),
        TargetSessionAttrs::Any
    );
}

#[test]
fn defaults_are_libpqs_and_the_database_is_the_users() {
    let config = read("user=app");
    let driver = config.driver_config(&config.hosts()[0]);
    assert_eq!(driver.get_dbname(), Some("app"));
    assert_eq!(driver.get_password(), None);
    assert_eq!(driver.get_application_name(), None);
    assert_eq!(config.ssl_mode(), SslMode::Prefer);
    assert_eq!(config.target_session_attrs(), TargetSessionAttrs::Any);
    assert!(!config.shuffles);
}

#[test]
fn the_strings_timeout_comes_first_then_the_programs_then_the_environments() {
    let environment = Config::builder().environment([("PGCONNECT_TIMEOUT", "3")]);
    let program = environment.clone().connect_timeout(Duration::from_secs(2));
    let seconds = |builder: &ConfigBuilder, text: &str| {
        let config = builder.parse(text).unwrap();
        config.connect_timeout().as_secs()
    };
    assert_eq!(seconds(&program, "connect_timeout=1"), 1);
    assert_eq!(seconds(&program, ""), 2);
    assert_eq!(seconds(&environment, ""), 3);
    for zero in ["connect_timeout=0", "connect_timeout=-1"] {
        assert_eq!(seconds(&environment, zero), 5);
        assert_eq!(seconds(&program, zero), 2);
    }
}

#[cfg(feature = "tls-no-provider")]
#[test]
fn the_systems_authorities_demand_verify_full() {
    for text in [
        "sslrootcert=system",
        "sslrootcert=system sslmode=verify-full",
    ] {
        assert_eq!(read(text).ssl_mode(), SslMode::VerifyFull);
    }
}

#[test]
fn a_build_without_tls_names_the_feature() {
    let mode = SslMode::VerifyFull;
    let error = ConfigError::TlsNotBuilt { mode };
    let told = error.to_string();
    assert!(
        told.contains("`sslmode=verify-full`") && told.contains("`tls-ring`"),
        "{told}"
    );
    let expected = cfg!(not(feature = "tls-no-provider")).then_some(error);
    assert_eq!(read_in(&[], "sslmode=verify-full").err(), expected);
    assert_eq!(read("sslmode=prefer").ssl_mode(), SslMode::Prefer);
}

#[test]
fn a_silent_peer_is_noticed_by_default_and_0_leaves_it_to_the_system() {
    let seconds = |number| Some(Duration::from_secs(number));
    let driver = |text: &str| {
        let config = read(text);
        config.driver_config(&config.hosts()[0])
    };
    let default = driver("host=h");
    assert!(default.get_keepalives());
    assert_eq!(default.get_keepalives_idle(), Duration::from_secs(10));
    assert_eq!(
        default.get_keepalives_interval(),
        seconds(3).as_ref().copied()
    );
    assert_eq!(default.get_keepalives_retries(), Some(3));
    assert_eq!(default.get_tcp_user_timeout(), seconds(5).as_ref());
    let system = "host=h keepalives_idle=0 keepalives_interval=0 keepalives_count=0 \
                  tcp_user_timeout=0";
    let system = driver(system);
    assert_eq!(system.get_keepalives_idle(), Duration::from_secs(7200));
    assert_eq!(system.get_keepalives_interval(), None);
    assert_eq!(system.get_keepalives_retries(), None);
    assert_eq!(system.get_tcp_user_timeout(), None);
}
