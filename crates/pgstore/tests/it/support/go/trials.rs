//! The helper itself, tried against the peer.

use pgstore_embedded::EmbeddedPostgres;
use serde_json::{Value, json};

use super::{GoPeer, describe, securecookie};
use crate::support::{apply, go_trial};

#[apply(go_trial)]
async fn go_describes_a_gob() {
    let questions = [
        json!({ "id": 1, "kind": "string", "hex": "060c0003616263" }),
        json!({ "id": 2, "kind": "string", "hex": "060a0003616263" }),
    ];
    let answers = describe(&questions).await;
    assert_eq!(answers[0]["value"], json!({ "t": "string", "v": "abc" }));
    assert_eq!(answers[1]["ok"], false);
}

#[apply(go_trial)]
async fn go_opens_what_go_sealed() {
    let value = json!({ "t": "string", "v": "abc" });
    let keys = json!(["0102", "404142434445464748494a4b4c4d4e4f"]);
    let seal = json!({ "op": "encode", "name": "session-key", "keys": keys, "value": value });
    let sealed = &securecookie(&[seal]).await[0];
    let open = json!({ "op": "decode", "name": "session-key", "keys": keys, "kind": "string",
        "text": sealed["text"] });
    assert_eq!(securecookie(&[open]).await[0]["value"], value);
}

#[apply(go_trial)]
async fn go_serves_a_session() {
    let server = EmbeddedPostgres::start().expect("PostgreSQL starts");
    let go = GoPeer::serve(server.url(), "0102,404142434445464748494a4b4c4d4e4f").await;

    let login = go.post_form("/login", "user=ada", None).await;
    assert_eq!(login.status, 200, "{login:?}");
    let cookie = login.cookie("session-key").expect("a new session");
    let counted = go.post("/counter", &Value::Null, Some(&cookie)).await;
    assert_eq!(counted.json["counter"], 1);

    let session = go.get("/session", Some(&cookie)).await;
    assert_eq!(session.json["new"], false);
    assert_eq!(session.value("user")["v"], "ada");
    assert_eq!(session.value("counter")["t"], "int");
    assert_eq!(go.assert("counter", "int", Some(&cookie)).await.status, 200);
    assert_eq!(
        go.assert("counter", "int64", Some(&cookie)).await.status,
        409
    );
}
