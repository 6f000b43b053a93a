//! Go reads structs that Rust writes under Go's names, and values that Rust writes over Go's.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use pgstore::wire::SecureCookie;
use pgstore::{Keys, Values, go, go::GoType, go::Named};
use serde::Serialize;
use serde_json::{Value, json};

use super::bytes::session;
use super::named::{Account, Addr, User, full_account};
use crate::support::go::{describe, securecookie};
use crate::support::{apply, go_trial};

/// Go's answer to a session with this value.
pub(super) async fn ask(values: &Values) -> Value {
    let question = json!({"id": 0, "kind": "map", "hex": HEXLOWER.encode(&values.encode())});
    let answer = describe(&[question]).await.remove(0);
    assert_eq!(answer["ok"], true, "{answer}");
    answer["value"]["entries"][0][1].clone()
}

pub(super) async fn written<T: Serialize + ?Sized>(value: &T) -> Value {
    let mut values = Values::new();
    values.insert("k", value).unwrap();
    ask(&values).await
}

/// The fields of a struct by name.
pub(super) fn fields(value: &Value) -> BTreeMap<&str, &Value> {
    let fields = value["fields"].as_array().expect("it is a struct");
    fields
        .iter()
        .map(|field| (field[0].as_str().unwrap(), &field[1]))
        .collect()
}

pub(super) fn text(value: &str) -> Value {
    json!({"t": "string", "v": value})
}

fn addr(city: &str) -> Value {
    json!({"t": "main.Addr", "fields": [["City", text(city)]]})
}

fn is_full(account: &Value) {
    assert_eq!(account["t"], "main.Account");
    let fields = fields(account);
    let int = |value: &str| json!({"t": "int", "v": value});
    assert_eq!(*fields["ID"], int("-7"));
    assert_eq!(*fields["Login"], text("ada"));
    assert_eq!(*fields["Quota"], json!({"t": "uint64", "v": "5"}));
    assert_eq!(fields["Ratio"]["v"], "0.5");
    assert_eq!(fields["Secret"]["hex"], "00ff");
    assert_eq!(
        fields["Since"]["v"]["rfc3339"],
        "2023-11-14T22:13:20.000000005Z"
    );
    assert_eq!(
        *fields["TTL"],
        json!({"t": "time.Duration", "v": "90000000000"})
    );
    assert_eq!(fields["Roles"]["v"], json!([text("x"), text("y")]));
    assert_eq!(*fields["Home"], addr("Rome"));
    assert_eq!(fields["Work"]["ptr"], addr("Nice"));
    assert_eq!(fields["Places"]["v"], json!([addr("Oslo"), addr("")]));
    assert_eq!(fields["Limits"]["entries"], json!([[text("a"), int("1")]]));
    assert_eq!(fields["Groups"]["entries"][0][1]["v"], json!([text("m")]));
    assert_eq!(
        fields["Visited"]["entries"],
        json!([[int("2024"), text("Bern")]])
    );
    let three = json!({"t": "int64", "v": "3"});
    assert_eq!(fields["Labels"]["entries"], json!([[text("n"), three]]));
    assert_eq!(*fields["Extra"], text("more"));
    assert_eq!(fields["List"]["v"][1], json!({"t": "int64", "v": "2"}));
}

#[apply(go_trial)]
async fn go_reads_a_struct_under_an_import_path() {
    is_full(&written(&full_account().as_go()).await);
}

#[apply(go_trial)]
async fn go_reads_a_struct_of_zeros() {
    let zero = written(&Account::default().as_go()).await;
    assert_eq!(zero["t"], "main.Account");
    let fields = fields(&zero);
    assert_eq!(fields["ID"]["v"], "0");
    assert_eq!(*fields["Work"], json!({"t": "nil"}));
    assert_eq!(fields["Roles"]["v"], json!([]));

    #[derive(Default, Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Nothing {
        name: Option<String>,
        tags: Vec<String>,
    }
    let user = written(&Named::new("main.User", &Nothing::default())).await;
    assert_eq!(user["t"], "main.User");
}

#[apply(go_trial)]
async fn go_reads_structs_at_any_depth() {
    let user = User {
        id: 7,
        name: "Ada".into(),
    };
    let list = written(&(user.as_go(), BTreeMap::from([("u", user.as_go())]))).await;
    assert_eq!(list["t"], "[]interface {}");
    assert_eq!(*fields(&list["v"][0])["Name"], text("Ada"));
    assert_eq!(list["v"][1]["entries"][0][1]["t"], "main.User");

    let slice = written(&Named::new("[]main.User", &[user, User::default()])).await;
    assert_eq!(
        (&slice["t"], &slice["v"][1]["t"]),
        (&json!("[]main.User"), &json!("main.User"))
    );
}

/// Go: Profile in `interop/go/types.go`, which contains itself.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Profile {
    nick: &'static str,
    friend: Option<Box<Profile>>,
    home: Option<Addr>,
}

fn profile(nick: &'static str, friend: Option<Profile>) -> Profile {
    let friend = friend.map(Box::new);
    let home = friend.is_none().then(|| Addr {
        city: "Rome".into(),
    });
    Profile { nick, friend, home }
}

#[apply(go_trial)]
async fn go_reads_a_struct_under_a_pointers_name() {
    let mut values = Values::new();
    for chain in [
        profile("ada", None),
        profile("ada", Some(profile("bob", Some(profile("cy", None))))),
    ] {
        // The second profile is written over the first.
        values
            .insert("k", Named::new("*main.Profile", &chain))
            .unwrap();
        let ada = ask(&values).await;
        assert_eq!(ada["t"], "*main.Profile");
        let ada = fields(&ada["ptr"]);
        assert_eq!(*ada["Nick"], text("ada"));
        if chain.friend.is_some() {
            let bob = fields(&ada["Friend"]["ptr"]);
            assert_eq!(fields(&bob["Friend"]["ptr"])["Home"]["ptr"], addr("Rome"));
        }
    }
}

#[apply(go_trial)]
async fn go_reads_other_kinds_under_their_names() {
    let minute = go::Duration::from_nanoseconds(60_000_000_000);
    assert_eq!(
        written(&minute).await,
        json!({"t": "time.Duration", "v": "60000000000"})
    );
    let role = written(&Named::new("main.Role", "admin")).await;
    assert_eq!(role, json!({"t": "main.Role", "v": "admin"}));
    let level = written(&Named::new("main.Level", &3)).await;
    assert_eq!(level, json!({"t": "main.Level", "v": "3"}));
    let labels = written(&Named::new("main.Labels", &["a"])).await;
    assert_eq!(labels["t"], "main.Labels");
    let strings = BTreeMap::from([("a", "b")]);
    let strings = written(&Named::new("map[string]string", &strings)).await;
    assert_eq!(strings["t"], "map[string]string");
    let anything = BTreeMap::from([("a", go::Any("b"))]);
    let settings = written(&Named::new("main.Settings", &anything)).await;
    assert_eq!(settings["t"], "main.Settings");
}

/// The session that Go writes for a described value.
pub(super) async fn of_go(value: &Value) -> Values {
    let session = json!({"t": "map[interface {}]interface {}", "entries": [[text("k"), value]]});
    let question = json!({"op": "encode", "name": "s", "keys": ["01"], "value": session});
    let answer = securecookie(&[question]).await.remove(0);
    let sealed = answer["text"].as_str().expect("Go writes it");
    let codec = SecureCookie::new(Keys::from_hex("01").unwrap()).max_age(0);
    let opened = codec.open("s", sealed.as_bytes(), 0, Values::decode);
    opened.unwrap().value
}

#[apply(go_trial)]
async fn rust_reads_and_rewrites_a_struct_that_go_wrote() {
    let ours = written(&full_account().as_go()).await;
    let mut values = of_go(&ours).await;
    assert_eq!(values.value("k").unwrap().go_type_name(), Account::GO_NAME);
    let account: Account = values.get("k").unwrap().unwrap();
    assert_eq!(account, full_account());
    values.insert("k", account.as_go()).unwrap();
    is_full(&ask(&values).await);
}

#[apply(go_trial)]
async fn a_field_only_go_knows_survives_rust() {
    let mut values = session("more/split_depth1");
    let bob = User {
        id: 8,
        name: "Bob".into(),
    };
    values.insert("u", bob.as_go()).unwrap();
    let user = ask(&values).await;
    let fields = fields(&user);
    assert_eq!(
        (fields["Name"], &fields["Tags"]["v"]),
        (&text("Bob"), &json!([text("x"), text("y")]))
    );
}

#[apply(go_trial)]
async fn a_field_that_go_gets_later_has_its_type() {
    // An older Go program wrote a User with only an ID. Rust adds the field that a newer one declares.
    #[derive(Serialize)]
    struct Old {
        #[serde(rename = "ID")]
        id: i64,
    }
    let mut values = Values::new();
    values
        .insert("k", Named::new("main.User", &Old { id: 7 }))
        .unwrap();
    let news = json!({"Name": "Ada", "Admin": true, "Tags": ["x"]});
    values.insert("k", &news).unwrap();
    let user = ask(&values).await;
    let fields = fields(&user);
    assert_eq!(
        (&fields["ID"]["v"], fields["Name"]),
        (&json!("7"), &text("Ada"))
    );
    assert_eq!(fields["Tags"]["v"], json!([text("x")]));
}
