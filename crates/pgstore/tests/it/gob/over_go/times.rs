//! Times are recognised wherever Go met their type first.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use pgstore::go;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::gob::bytes::go_type;
use crate::gob::go_named::{ask, fields, of_go, text};
use crate::support::{apply, go_trial};

fn time(unix: i64) -> Value {
    json!({"t": "time.Time", "v": {"unix": unix, "utc": true}})
}

fn unix(time: &Value) -> i64 {
    time["v"]["unix"].as_i64().expect("it is a time")
}

fn second(unix: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(unix)
}

/// Go: Trashed.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Trashed {
    deleted_at: Option<SystemTime>,
    seen: BTreeMap<String, SystemTime>,
    slots: [go::Time; 2],
    plain: SystemTime,
}

#[apply(go_trial)]
async fn a_time_is_recognised_wherever_go_met_its_type_first() {
    let go = json!({"t": "main.Trashed", "fields": [
        ["ID", {"t": "int64", "v": "7"}],
        ["DeletedAt", {"t": "*time.Time", "ptr": time(1_700_000_000)}],
        ["Seen", {"t": "map[string]time.Time", "entries": [[text("a"), time(5)]]}],
        ["Slots", {"t": "[2]time.Time", "v": [time(6), time(7)]}],
        ["Plain", time(8)],
    ]});
    let mut values = of_go(&go).await;
    let mut trashed: Trashed = values.get("k").unwrap().unwrap();
    let expected = Trashed {
        deleted_at: Some(second(1_700_000_000)),
        seen: [("a".to_owned(), second(5))].into(),
        slots: [go::Time::new(6, 0), go::Time::new(7, 0)],
        plain: second(8),
    };
    assert_eq!(trashed, expected);
    let json: Value = values.get("k").unwrap().unwrap();
    assert_eq!(json["DeletedAt"], "2023-11-14T22:13:20Z");

    trashed.deleted_at = Some(second(9));
    trashed.seen.insert("b".into(), second(10));
    trashed.slots[1] = go::Time::new(11, 0);
    values.insert("k", &trashed).unwrap();
    assert_eq!(go_type(&values, "k"), "main.Trashed");
    let read = ask(&values).await;
    let read = fields(&read);
    assert_eq!(read["ID"]["v"], "7");
    assert_eq!(unix(&read["DeletedAt"]["ptr"]), 9);
    assert_eq!(unix(&read["Seen"]["entries"][1][1]), 10);
    assert_eq!(unix(&read["Slots"]["v"][1]), 11);
    assert_eq!(unix(read["Plain"]), 8);
}

#[apply(go_trial)]
async fn a_pointer_to_a_time_that_is_nil_reads_as_none_and_takes_a_time() {
    let go = json!({"t": "main.Trashed", "fields": [["ID", {"t": "int64", "v": "7"}]]});
    let mut values = of_go(&go).await;
    #[derive(Deserialize, Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Deleted {
        deleted_at: Option<SystemTime>,
    }
    let mut deleted: Deleted = values.get("k").unwrap().unwrap();
    assert_eq!(deleted.deleted_at, None);
    deleted.deleted_at = Some(second(9));
    values.insert("k", &deleted).unwrap();
    let read = ask(&values).await;
    assert_eq!(unix(&fields(&read)["DeletedAt"]["ptr"]), 9);
}
