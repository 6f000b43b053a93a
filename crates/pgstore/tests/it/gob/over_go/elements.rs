//! Elements keep the fields that Rust does not know, and get those of no other element.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{int, over};
use crate::gob::go_named::{fields, text};
use crate::support::{apply, go_trial};

fn item(id: i64, secret: &str) -> Value {
    json!({"t": "main.Item", "fields": [["ID", int(id)], ["Secret", text(secret)]]})
}

/// Go: Item, without the secret.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
struct Item {
    #[serde(rename = "ID")]
    id: i64,
}

fn cart() -> Value {
    let two = json!([item(1, "secret-of-1"), item(2, "secret-of-2")]);
    json!({"t": "main.Cart", "fields": [
        ["Items", {"t": "[]main.Item", "v": two}],
        ["ByDay", {"t": "map[string][]main.Item", "entries":
            [[text("mon"), {"t": "[]main.Item", "v": two}]]}],
        ["Pair", {"t": "[2]main.Item", "v": two}],
        ["Any", {"t": "[]interface {}", "v": two}],
    ]})
}

#[apply(go_trial)]
async fn no_element_gets_the_hidden_fields_of_another() {
    let two = [item(2, "secret-of-2")];
    for (new, expected) in [
        (vec![Item { id: 2 }], json!(two)),
        (vec![Item { id: 3 }], json!([item(3, "")])),
        (
            vec![Item { id: 2 }, Item { id: 1 }],
            json!([item(2, "secret-of-2"), item(1, "secret-of-1")]),
        ),
        (
            vec![Item { id: 0 }, Item { id: 1 }, Item { id: 2 }],
            json!([item(0, ""), item(1, "secret-of-1"), item(2, "secret-of-2")]),
        ),
        // Which of the two is it?
        (
            vec![Item { id: 1 }, Item { id: 1 }],
            json!([item(1, ""), item(1, "")]),
        ),
    ] {
        let written = json!({"Items": new, "ByDay": {"mon": new}, "Any": new});
        let read = over(&cart(), &written).await;
        let read = fields(&read);
        assert_eq!(read["Items"]["v"], expected, "{new:?}");
        assert_eq!(read["ByDay"]["entries"][0][1]["v"], expected, "{new:?}");
        assert_eq!(read["Any"]["v"], expected, "{new:?}");
        let untouched = cart()["fields"][2][1]["v"].clone();
        assert_eq!(read["Pair"]["v"], untouched, "{new:?}");
    }
    let read = over(&cart(), &json!({"Pair": [Item { id: 2 }, Item { id: 3 }]})).await;
    assert_eq!(
        fields(&read)["Pair"]["v"],
        json!([item(2, "secret-of-2"), item(3, "")])
    );
}

#[apply(go_trial)]
async fn elements_that_read_alike_keep_their_places_while_nothing_changes() {
    let twins = json!({"t": "main.Cart", "fields": [
        ["Items", {"t": "[]main.Item", "v": [item(1, "a"), item(1, "b")]}],
    ]});
    let read = over(&twins, &json!({"Items": [{"ID": 1}, {"ID": 1}]})).await;
    assert_eq!(
        fields(&read)["Items"]["v"],
        json!([item(1, "a"), item(1, "b")])
    );
    let read = over(&twins, &json!({"Items": [{"ID": 1}]})).await;
    assert_eq!(fields(&read)["Items"]["v"], json!([item(1, "")]));
}

#[apply(go_trial)]
async fn an_element_gets_the_type_of_no_other_element() {
    let token = json!({"t": "main.Token", "fields": [["ID", int(2)], ["Secret", text("t")]]});
    let go = json!({"t": "main.Cart", "fields": [
        ["Any", {"t": "[]interface {}", "v": [item(1, "s"), token]}],
    ]});
    let read = over(&go, &json!({"Any": [{"ID": 2}]})).await;
    assert_eq!(fields(&read)["Any"]["v"], json!([token]));
    let read = over(&go, &json!({"Any": [{"ID": 3}]})).await;
    let anything = &fields(&read)["Any"]["v"][0];
    assert_eq!(anything["t"], "map[string]interface {}");
}
