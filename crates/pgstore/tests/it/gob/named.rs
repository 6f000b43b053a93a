//! Values under a Go program's own names, and the types that a Go program must register.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use pgstore::wire::{Draft, View};
use pgstore::{
    ErrorClass, GoPeer, Key, ValueError, ValueErrorKind, Values,
    go::{self, Any, GoType, Named},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::bytes::{go_type, saved, session};
use crate::support::secrets::Told;
use crate::support::{apply, trial};

/// Go: Account in `interop/go/types.go`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Account {
    #[serde(rename = "ID")]
    pub(super) id: i64,
    pub(super) login: String,
    pub(super) quota: u32,
    pub(super) ratio: f32,
    #[serde(with = "serde_bytes")]
    pub(super) secret: Vec<u8>,
    pub(super) since: Option<SystemTime>,
    #[serde(rename = "TTL")]
    pub(super) ttl: go::Duration,
    pub(super) roles: Vec<String>,
    pub(super) home: Addr,
    pub(super) work: Option<Addr>,
    pub(super) places: Vec<Addr>,
    pub(super) limits: BTreeMap<String, i64>,
    pub(super) groups: BTreeMap<String, Vec<String>>,
    pub(super) visited: BTreeMap<i64, String>,
    pub(super) labels: BTreeMap<String, Any<i64>>,
    pub(super) extra: Option<Any<String>>,
    pub(super) list: Vec<Any<i64>>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Addr {
    pub(super) city: String,
}

impl GoType for Account {
    const GO_NAME: &'static str = "github.com/acme/app/models.Account";
}

impl GoType for Addr {
    const GO_NAME: &'static str = "main.Addr";
}

/// Go: User in `interop/go/types.go`, with some of its fields.
#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct User {
    #[serde(rename = "ID")]
    pub(super) id: i64,
    pub(super) name: String,
}

impl GoType for User {
    const GO_NAME: &'static str = "main.User";
}

pub(super) fn full_account() -> Account {
    let city = |name: &str| Addr { city: name.into() };
    let text = |text: &str| text.to_owned();
    Account {
        id: -7,
        login: text("ada"),
        quota: 5,
        ratio: 0.5,
        secret: vec![0, 255],
        since: Some(SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 5)),
        ttl: go::Duration::from_nanoseconds(90_000_000_000),
        roles: vec![text("x"), text("y")],
        home: city("Rome"),
        work: Some(city("Nice")),
        places: vec![city("Oslo"), Addr::default()],
        limits: [(text("a"), 1)].into(),
        groups: [(text("g"), vec![text("m")]), (text("h"), vec![])].into(),
        visited: [(2024, text("Bern"))].into(),
        labels: [(text("n"), Any(3))].into(),
        extra: Some(Any(text("more"))),
        list: vec![Any(1), Any(2)],
    }
}

fn with<T: Serialize + ?Sized>(value: &T) -> Values {
    let mut values = Values::new();
    values.insert("k", value).unwrap();
    saved(&values)
}

#[apply(trial)]
async fn a_struct_under_a_name_reads_back() {
    for account in [full_account(), Account::default()] {
        let values = with(&account.as_go());
        assert_eq!(go_type(&values, "k"), Account::GO_NAME);
        assert_eq!(values.get::<Account>("k").unwrap(), Some(account));
    }
}

#[apply(trial)]
async fn the_fields_have_the_types_that_go_declares() {
    let values = with(&full_account().as_go());
    let View::Struct(fields) = values.value("k").unwrap().node().view() else {
        panic!("it is a struct");
    };
    let named = fields
        .iter()
        .filter_map(|(name, node)| Some((name, node.go_type_name()?)));
    assert_eq!(named.collect::<Vec<_>>(), [("Extra", "string")]);
    // A value of unknown type has no field. Zeros have a field but are not sent.
    let values = with(&Account::default().as_go());
    let View::Struct(fields) = values.value("k").unwrap().node().view() else {
        panic!("it is a struct");
    };
    let names: Vec<_> = fields
        .iter()
        .map(|(name, node)| (name, node.is_sent()))
        .collect();
    let zeros = ["ID", "Login", "Quota", "Ratio", "Secret", "TTL"].map(|name| (name, false));
    assert_eq!(names, [&zeros[..], &[("Home", true)]].concat());
}

#[apply(trial)]
async fn other_formats_see_the_value_alone() {
    let addr = Addr {
        city: "Rome".into(),
    };
    let json = serde_json::to_value((addr.as_go(), Any(1), go::Duration::from_nanoseconds(5)));
    assert_eq!(json.unwrap(), json!([{"City": "Rome"}, 1, 5]));
    assert_eq!(
        format!("{:?}", addr.as_go()),
        "Named { name: \"main.Addr\", .. }"
    );
}

const USER: &str = "more/split_depth1";

#[apply(trial)]
async fn the_name_decides_what_is_written_over() {
    let bob = User {
        id: 8,
        name: "Bob".into(),
    };
    let mut values = session(USER);
    values.insert("u", bob.as_go()).unwrap();
    assert_eq!(
        saved(&values).get::<serde_json::Value>("u").unwrap(),
        Some(json!({"ID": 8, "Name": "Bob", "Admin": true, "Tags": ["x", "y"]}))
    );
    values.insert("u", Named::new("main.Guest", &bob)).unwrap();
    let guest = saved(&values);
    assert_eq!(go_type(&guest, "u"), "main.Guest");
    assert_eq!(
        guest.get::<serde_json::Value>("u").unwrap(),
        Some(json!({"ID": 8, "Name": "Bob"}))
    );
    // A value without a name keeps the existing type.
    values
        .insert(
            "u",
            &User {
                id: 9,
                name: "Cy".into(),
            },
        )
        .unwrap();
    assert_eq!(go_type(&values, "u"), "main.Guest");
    values.insert("u", "text").unwrap();
    values.insert("u", bob.as_go()).unwrap();
    assert_eq!(go_type(&values, "u"), "main.User");
}

#[apply(trial)]
async fn names_go_at_any_depth() {
    let rome = Addr {
        city: "Rome".into(),
    };
    let values = with(&(
        rome.as_go(),
        BTreeMap::from([("a", rome.as_go())]),
        None::<i64>,
    ));
    let View::List(list) = values.value("k").unwrap().node().view() else {
        panic!("it is a list");
    };
    let names: Vec<_> = list.iter().map(|node| node.go_type_name()).collect();
    assert_eq!(
        names,
        [Some("main.Addr"), Some("map[string]interface {}"), None]
    );

    let places = [
        rome.clone(),
        Addr {
            city: "Oslo".into(),
        },
    ];
    let values = with(&Named::new("[]main.Addr", &places));
    assert_eq!(go_type(&values, "k"), "[]main.Addr");
    assert_eq!(values.get::<Vec<Addr>>("k").unwrap().unwrap(), places);
    // The elements of such a slice have no names, so a value with another name does not fit.
    let mut values = values;
    values.insert("k", &[rome.as_go()]).unwrap();
    assert_eq!(go_type(&values, "k"), "[]main.Addr");
    values
        .insert("k", &[Named::new("main.Base", &rome)])
        .unwrap();
    assert_eq!(go_type(&values, "k"), "[]interface {}");
}

#[apply(trial)]
async fn other_kinds_have_names_too() {
    let name = |values: &Values| go_type(values, "k");
    assert_eq!(name(&with(&Named::new("main.Role", "admin"))), "main.Role");
    assert_eq!(name(&with(&Named::new("main.Level", &3_i8))), "main.Level");
    let strings = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    let values = with(&Named::new("map[string]string", &strings));
    assert_eq!(values.get("k").unwrap(), Some(strings));
    let numbers = BTreeMap::from([(5_i64, "V".to_owned())]);
    let values = with(&Named::new("map[int]string", &numbers));
    assert_eq!(values.get("k").unwrap(), Some(numbers));
    let none = BTreeMap::<String, String>::new();
    assert_eq!(
        name(&with(&Named::new("map[string]string", &none))),
        "map[string]string"
    );
    let values = with(&Named::new("[3]int8", &[1, 2, 3]));
    assert_eq!(values.get("k").unwrap(), Some([1, 2, 3]));
    assert_eq!(
        name(&with(&Named::new("[]time.Time", &[SystemTime::UNIX_EPOCH]))),
        "[]time.Time"
    );
}

#[apply(trial)]
async fn a_duration_has_its_go_type() {
    let minute = go::Duration::try_from(Duration::from_secs(60)).unwrap();
    let mut values = with(&minute);
    assert_eq!(go_type(&values, "k"), "time.Duration");
    assert_eq!(values.get::<i64>("k").unwrap(), Some(60_000_000_000));
    assert_eq!(go_type(&with(&[minute]), "k"), "[]interface {}");
    let go = session("more/duration").get::<go::Duration>("d").unwrap();
    assert_eq!(
        go.map(Duration::try_from),
        Some(Ok(Duration::from_secs(90)))
    );
    values.insert("k", go::Int(5)).unwrap();
    assert_eq!(go_type(&values, "k"), "time.Duration");
}

fn refusal<T: Serialize + ?Sized>(value: &T) -> ValueErrorKind {
    let mut values = Values::new();
    let error = values.insert("k", value).told().unwrap_err();
    assert_eq!((error.key(), error.class()), (Some("k"), ErrorClass::Usage));
    assert!(values.is_empty());
    error.kind().clone()
}

#[apply(trial)]
async fn bad_names_are_usage_errors() {
    for name in ["", " main.User", "main.User\n"] {
        let user = User::default();
        let kind = ValueErrorKind::BadGoName { name };
        assert_eq!(refusal(&Named::new(name, &user)), kind);
        assert_eq!(refusal(&[[Named::new(name, &user)]]), kind);
        assert_eq!(refusal(&Any(Named::new(name, &user))), kind);
    }
}

#[apply(trial)]
async fn a_struct_that_go_could_not_match_is_a_usage_error() {
    #[derive(Serialize)]
    struct Lower {
        name: &'static str,
    }
    let lower = Lower { name: "ada" };
    let kind = refusal(&Named::new("main.User", &lower));
    assert!(kind.to_string().contains("PascalCase"), "{kind}");
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Upper {
        inner: Lower,
    }
    assert_eq!(
        refusal(&Named::new("main.User", &Upper { inner: lower })),
        kind
    );
}

#[apply(trial)]
async fn a_value_that_contradicts_its_name_is_a_usage_error() {
    let kind = |name| ValueErrorKind::NotOfGoType { name };
    assert_eq!(refusal(&Named::new("int8", &300)), kind("int8"));
    assert_eq!(refusal(&Named::new("[]string", &[1])), kind("[]string"));
    assert_eq!(refusal(&Named::new("[3]int", &[1])), kind("[3]int"));
    let user = User::default();
    assert_eq!(refusal(&Named::new("time.Time", &user)), kind("time.Time"));
    let twice = Named::new("main.User", &user);
    assert_eq!(refusal(&Named::new("main.User", &twice)), kind("main.User"));
    let name = "main.Labels";
    assert_eq!(
        refusal(&Named::new(name, &Vec::<String>::new())),
        ValueErrorKind::GoTypeUnknown { name }
    );
    assert_eq!(
        refusal(&Named::new(name, &None::<String>)),
        ValueErrorKind::None
    );
}

/// Puts a value in place of the existing one.
fn put<T: Serialize + ?Sized>(
    values: &mut Values,
    key: &str,
    value: &T,
    go: &GoPeer,
) -> Result<(), ValueError> {
    let before = values.encode();
    let draft = Draft::new(key, value).unwrap();
    let result = values.put_for(key, &draft, go);
    if result.is_err() {
        assert_eq!(values.encode(), before, "an error changes nothing");
    }
    result
}

/// The name and the line of the error.
fn lacking<T: Serialize + ?Sized>(value: &T, go: &GoPeer) -> (String, String) {
    let error = put(&mut Values::new(), "k", value, go).told().unwrap_err();
    assert_eq!((error.key(), error.class()), (Some("k"), ErrorClass::Usage));
    let ValueErrorKind::Unregistered { name, line } = error.kind() else {
        panic!("{error}");
    };
    assert!(error.to_string().contains(line), "{error}");
    (name.clone(), line.clone())
}

fn nothing_registered() -> GoPeer {
    GoPeer::registered::<String>([])
}

#[apply(trial)]
async fn without_a_go_program_everything_may_be_written() {
    assert!(matches!(GoPeer::default(), GoPeer::None));
    put(
        &mut Values::new(),
        "k",
        &full_account().as_go(),
        &GoPeer::None,
    )
    .unwrap();
}

#[apply(trial)]
async fn types_that_every_go_program_knows_are_allowed() {
    macro_rules! allowed {
        ($($value:expr),* $(,)?) => {$(
            put(&mut Values::new(), "k", &$value, &nothing_registered()).unwrap();
        )*};
    }
    allowed! {
        true, 1_i8, 1_i16, 1_i32, 1_i64, 1_u8, 1_u16, 1_u32, 1_u64, 0.5_f32, 0.5_f64,
        go::Int(1), go::Uint(1), "text", 'c', [1_u8], [1_i8], [1_i64], [go::Int(1)], [1_u16],
        [0.5_f32], [true], ["a"], (1, "two", None::<bool>, [[1]]), Vec::<String>::new(),
        Named::new("uintptr", &1_u8), Named::new("[]complex64", &[(0.5, 1.5)]),
    }
}

#[apply(trial)]
async fn types_that_the_go_program_has_not_registered_are_refused() {
    let go = nothing_registered();
    let pair = |name: &str, line: &str| (name.to_owned(), line.to_owned());
    assert_eq!(
        lacking(&SystemTime::UNIX_EPOCH, &go),
        pair("time.Time", "gob.Register(time.Time{})")
    );
    assert_eq!(
        lacking(&json!({"a": 1}), &go),
        pair(
            "map[string]interface {}",
            "gob.Register(map[string]interface{}{})"
        )
    );
    assert_eq!(
        lacking(&Account::default().as_go(), &go),
        pair(
            "github.com/acme/app/models.Account",
            "gob.Register(models.Account{})  // github.com/acme/app/models.Account"
        )
    );
    assert_eq!(
        lacking(&Named::new("*main.Profile", &User::default()), &go),
        pair(
            "*main.Profile",
            "gob.Register(&Profile{})  // in package main"
        )
    );
    let error = put(&mut Values::new(), "k", &go::Duration::default(), &go)
        .told()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "session value \"k\": the Go program has not registered time.Duration and could not read \
         the session; add this line to it, and the name to GoPeer::registered: \
         gob.Register(time.Duration(0))"
    );
    let go = GoPeer::registered(["time.Time", "map[string]interface {}"]);
    put(&mut Values::new(), "k", &SystemTime::UNIX_EPOCH, &go).unwrap();
    // Fields of a struct have types without names. Values of interface type have names.
    assert_eq!(
        lacking(&json!([{"a": {}}]), &nothing_registered()).0,
        "map[string]interface {}"
    );
    let go = GoPeer::registered([Account::GO_NAME]);
    put(&mut Values::new(), "k", &full_account().as_go(), &go).unwrap();
    let deep = Event {
        detail: Any(SystemTime::UNIX_EPOCH),
    };
    let go = GoPeer::registered(["main.Event"]);
    assert_eq!(
        lacking(&Named::new("main.Event", &deep), &go).0,
        "time.Time"
    );
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    detail: Any<SystemTime>,
}

#[apply(trial)]
async fn types_that_the_existing_value_has_are_allowed() {
    let go = nothing_registered();
    let mut values = session(USER);
    put(&mut values, "u", &json!({"Name": "Bob"}), &go).unwrap();
    put(&mut values, "u", &User::default().as_go(), &go).unwrap();
    assert_eq!(go_type(&values, "u"), "main.User");
    put(&mut values, "u", &json!({"ID": "no"}), &go)
        .told()
        .unwrap_err();
    put(&mut values, "other", &User::default().as_go(), &go)
        .told()
        .unwrap_err();
    let mut values = session("gob/struct_complex");
    let when = json!({"When": "1970-01-01T00:00:00Z", "New": [1], "Any": "text"});
    put(&mut values, "c", &when, &go).unwrap();
    put(&mut values, "c", &json!({"Any": {}}), &go)
        .told()
        .unwrap_err();
}

#[apply(trial)]
async fn elements_and_keys_are_checked_too() {
    let go = nothing_registered();
    let mut values = Values::new();
    let text = Draft::new("_flash", "saved").unwrap();
    values.push_for("_flash", &text, &go).unwrap();
    let user = Draft::new("_flash", User::default().as_go()).unwrap();
    let before = values.encode();
    let error = values.push_for("_flash", &user, &go).told().unwrap_err();
    assert!(matches!(error.kind(), ValueErrorKind::Unregistered { .. }));
    assert_eq!(values.encode(), before);
    values.push("_flash", &user).unwrap();
    values.push_for("_flash", &user, &go).unwrap();

    let role = Key::named("main.Role", "admin").unwrap();
    let yes = Draft::new("k", true).unwrap();
    let error = values.put_for(&role, &yes, &go).told().unwrap_err();
    assert!(
        error.to_string().contains("gob.Register(Role(\"\"))"),
        "{error}"
    );
    values.put(&role, &yes);
    values.put_for(&role, &yes, &go).unwrap();
}
