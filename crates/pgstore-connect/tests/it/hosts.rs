//! Several hosts: which one is taken, and what is told when none can be.

use std::time::Duration;

use pgstore_connect::{Config, ConnectError, Connector};
use pgstore_embedded::EmbeddedPostgres;

use crate::doubles::{Behaviour, Double};
use crate::servers::{with_tls, without_tls};
use crate::{ask, closed_port, connect, connected, is, refused, told};

/// The port of the server that was connected to.
async fn port_of(text: &str) -> Result<u16, ConnectError> {
    let (client, task) = connect(text).await?;
    let port = ask(&client, "SHOW port").await.parse().unwrap();
    assert_eq!(task.host().port(), port);
    Ok(port)
}

#[tokio::test]
async fn the_first_host_that_answers_is_taken() {
    let (first, second) = (with_tls().port(), without_tls().port());
    let closed = closed_port();
    for (ports, expected) in [
        (format!("{closed},{first},{second}"), first),
        (format!("{second},{first},{closed}"), second),
    ] {
        let text = format!("host=127.0.0.1,127.0.0.1,127.0.0.1 port={ports} user=postgres");
        assert_eq!(port_of(&text).await.unwrap(), expected);
    }
    let text = format!(
        "host=nowhere.invalid,127.0.0.1 port={second} user=postgres load_balance_hosts=random"
    );
    assert_eq!(port_of(&text).await.unwrap(), second);
}

#[tokio::test]
async fn the_session_attributes_choose_among_the_hosts() {
    let (writable, read_only) = (with_tls().port(), without_tls().port());
    let both = format!("host=127.0.0.1,127.0.0.1 port={read_only},{writable} user=postgres");
    for (wanted, expected) in [
        ("any", read_only),
        ("read-write", writable),
        ("read-only", read_only),
        ("primary", read_only),
        ("prefer-standby", read_only),
    ] {
        let found = port_of(&format!("{both} target_session_attrs={wanted}")).await;
        assert_eq!(found.unwrap(), expected, "{wanted}");
    }
    let (error, told) = refused(&format!("{both} target_session_attrs=standby")).await;
    assert_eq!(error.attempts().len(), 2);
    assert!(error.attempts().iter().all(is!(WrongTarget)), "{told}");
    let url = format!(
        "postgres://postgres@127.0.0.1:{read_only},127.0.0.1:{writable}/?target_session_attrs=read-write"
    );
    assert_eq!(port_of(&url).await.unwrap(), writable);
}

#[tokio::test]
async fn a_standby_is_told_from_a_primary() {
    let standby = tokio::task::spawn_blocking(|| {
        let builder = EmbeddedPostgres::builder().file("standby.signal", "");
        builder.start().unwrap()
    });
    let standby = standby.await.unwrap();
    let (there, here) = (standby.port(), with_tls().port());
    let both = format!("host=127.0.0.1,127.0.0.1 port={here},{there} user=postgres");
    for (wanted, expected) in [
        ("any", here),
        ("primary", here),
        ("read-write", here),
        ("read-only", there),
        ("standby", there),
        ("prefer-standby", there),
    ] {
        let found = port_of(&format!("{both} target_session_attrs={wanted}")).await;
        assert_eq!(found.unwrap(), expected, "{wanted}");
    }
    standby.stop().unwrap();
}

#[tokio::test]
async fn when_all_hosts_fail_each_is_heard() {
    let (port, closed) = (with_tls().port(), closed_port());
    let text = format!(
        "host=127.0.0.1,nowhere.invalid,127.0.0.1 port={closed},1,{port} user=postgres \
         password=hunter2 dbname=none"
    );
    let (error, told) = refused(&text).await;
    assert!(
        matches!(error, ConnectError::AllHostsFailed { .. }),
        "{told}"
    );
    let [first, second, third] = error.attempts() else {
        panic!("{told}");
    };
    assert!(is!(NotListening)(first) && is!(UnknownHost)(second) && is!(NoDatabase)(third));
    let words = error.to_string();
    for word in [&format!("127.0.0.1:{closed}"), "nowhere.invalid:1", "3D000"] {
        assert!(words.contains(word), "{words}");
    }
}

#[tokio::test]
async fn a_refused_password_ends_the_search() {
    let (first, second) = (with_tls().port(), without_tls().port());
    let text = format!("host=127.0.0.1,127.0.0.1 port={first},{second} user=app password=hunter2");
    let (error, told) = refused(&text).await;
    assert!(
        matches!(error, ConnectError::PasswordRefused { .. }),
        "{told}"
    );
    assert_eq!(
        error.host().unwrap().to_string(),
        format!("127.0.0.1:{first}")
    );
}

#[tokio::test]
async fn a_silent_host_takes_its_time_and_no_more() {
    let silence = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = silence.local_addr().unwrap().port();
    let port = with_tls().port();
    let text = format!("host=127.0.0.1,127.0.0.1 port={silent},{port} user=postgres");
    let begun = std::time::Instant::now();
    assert_eq!(
        port_of(&format!("{text} connect_timeout=1")).await.unwrap(),
        port
    );
    assert!(begun.elapsed() < Duration::from_secs(4));

    let timeout = Duration::from_millis(50);
    let config = Config::builder()
        .environment::<String, String>([])
        .connect_timeout(timeout)
        .parse(&format!(
            "host=127.0.0.1 port={silent} user=u password=hunter2"
        ))
        .unwrap();
    let error = config.connect().await.unwrap_err();
    let is_late = matches!(&error, ConnectError::Timeout { after, .. } if *after == timeout);
    assert!(is_late, "{}", told(&error));
}

#[tokio::test]
async fn a_silent_host_costs_a_head_start_and_the_one_that_was_taken_is_tried_first() {
    let silent = Double::of(Behaviour::Silence).await;
    let (silent, port) = (silent.port(), with_tls().port());
    let text = format!("host=127.0.0.1,127.0.0.1 port={silent},{port} user=postgres");
    let connector = Connector::new(Config::builder().parse(&text).unwrap());
    let begun = std::time::Instant::now();
    let (_client, task) = connector.connect().await.unwrap();
    assert_eq!(task.host().port(), port);
    let first = begun.elapsed();
    assert!(first >= Duration::from_millis(250), "{first:?}");
    assert!(first < Duration::from_secs(3), "{first:?}");
    // It is not asked again.
    let mut quick = 0;
    for _ in 0..20 {
        let begun = std::time::Instant::now();
        let (_client, task) = connector.connect().await.unwrap();
        assert_eq!(task.host().port(), port);
        quick += u32::from(begun.elapsed() < Duration::from_millis(250));
    }
    assert!(quick > 10, "{quick}");
}

#[tokio::test]
async fn a_demoted_host_is_tried_after_the_others() {
    let (first, second) = (with_tls().port(), without_tls().port());
    let text = format!("host=127.0.0.1,127.0.0.1 port={first},{second} user=postgres");
    let connector = Connector::new(Config::builder().parse(&text).unwrap());
    let (_client, task) = connector.connect().await.unwrap();
    assert_eq!(task.host().port(), first);
    connector.demote(task.host());
    let (_client, task) = connector.connect().await.unwrap();
    assert_eq!(task.host().port(), second);
    connected(&text).await;
}

#[tokio::test]
async fn a_server_that_starts_later_is_waited_for() {
    let starting = tokio::task::spawn_blocking(|| EmbeddedPostgres::start().unwrap());
    let mut server = starting.await.unwrap();
    let text = format!("host=127.0.0.1 port={} user=postgres", server.port());
    let connector = Connector::new(Config::builder().parse(&text).unwrap());
    server.kill().unwrap();
    while connector.connect().await.is_ok() {} // Its last processes take a moment to end.
    let short = Duration::from_millis(300);
    let error = connector.connect_within(short).await.unwrap_err();
    assert!(error.may_pass(), "{error:?}");

    let starting = tokio::task::spawn_blocking(move || {
        server.restart().unwrap();
        server
    });
    connector
        .connect_within(Duration::from_secs(30))
        .await
        .unwrap();
    starting.await.unwrap().stop().unwrap();
}

#[tokio::test]
async fn what_time_does_not_mend_is_told_at_once() {
    let text = crate::servers::bare("user=app password=hunter2");
    let connector = Connector::new(Config::builder().parse(&text).unwrap());
    let begun = std::time::Instant::now();
    let error = connector
        .connect_within(Duration::from_secs(60))
        .await
        .unwrap_err();
    assert!(!error.may_pass(), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}
