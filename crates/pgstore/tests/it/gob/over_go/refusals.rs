//! What Go's declared types cannot take is refused before anything is written.

use pgstore::wire::Draft;
use pgstore::{GoPeer, ValueErrorKind, go, go::Named};
use serde::Serialize;
use serde_json::{Value, json};

use super::over;
use crate::gob::go_named::{ask, fields, of_go, text};
use crate::support::{apply, go_trial};

/// What Go declares of the types in `interop/go/over.go`.
fn peer() -> GoPeer {
    let registered = [
        "main.Small",
        "main.Drawing",
        "main.Sealed",
        "main.Homes",
        "[]main.Shape",
    ];
    GoPeer::registered(registered)
        .declaring([
            (
                "main.Small",
                "struct { Count int8; Size uint16; Ratio float32; Times []int16; Level main.Level }",
            ),
            ("main.Level", "int8"),
            ("main.Shape", "interface { Area() float64 }"),
            ("main.Drawing", "struct { Main main.Shape; All []main.Shape }"),
            ("main.Sealed", "struct { Name string; Box main.Even }"),
            ("main.Even", "gob.GobEncoder"),
            ("main.Homes", "struct { Home main.Place; Work main.Place }"),
            (
                "main.Place",
                "struct { Street string; City string; Tags []string; Near *main.Place }",
            ),
        ])
        .unwrap()
}

/// Writes over Go's value, or under the name of its type. Go reads what is written.
async fn put<T: Serialize>(go: &Value, value: T) -> Result<Value, ValueErrorKind> {
    let mut values = of_go(go).await;
    let before = values.encode();
    let draft = Draft::new("k", value).unwrap();
    match values.put_for("k", &draft, &peer()) {
        Ok(()) => Ok(ask(&values).await),
        Err(error) => {
            assert_eq!(values.encode(), before, "an error changes nothing");
            Err(error.kind().clone())
        }
    }
}

fn refused_field(put: Result<Value, ValueErrorKind>) -> String {
    match put {
        Err(ValueErrorKind::RefusedByGo { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

#[apply(go_trial)]
async fn numbers_that_do_not_fit_gos_fields_are_refused() {
    let small = json!({"t": "main.Small", "fields": [["Count", {"t": "int8", "v": "1"}]]});
    for (field, value) in [
        ("Count", json!(300)),
        ("Size", json!(70_000)),
        ("Ratio", json!(1e300)),
        ("Ratio", json!(0.1)),
        ("Times", json!([1, 40_000])),
        ("Level", json!(-129)),
    ] {
        let refused = put(&small, &json!({field: value})).await;
        assert_eq!(refused_field(refused), field);
    }
    let fits = json!({"Count": -128, "Size": 65_535, "Ratio": 0.5, "Times": [32_767], "Level": 3});
    let read = put(&small, &fits).await.unwrap();
    assert_eq!(fields(&read)["Size"]["v"], "65535");

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Small {
        count: i64,
    }
    let fresh = put(&small, Named::new("main.Small", &Small { count: 300 })).await;
    assert_eq!(refused_field(fresh), "Count");
}

fn square(side: f64) -> Value {
    let side = json!({"t": "float64", "bits64_hex": format!("{:016x}", side.to_bits()), "v": side.to_string()});
    json!({"t": "main.Square", "fields": [["Side", side]]})
}

#[apply(go_trial)]
async fn an_interface_with_methods_takes_only_types_that_it_has() {
    let shapes = json!({"t": "[]main.Shape", "v": [square(2.0)]});
    // The name of the slice shows it, also without a declaration.
    let read = over(&shapes, &json!([1, 2])).await;
    assert_eq!(read["t"], "[]uint64");
    let read = over(&shapes, &json!([{"Side": 3.0}])).await;
    assert_eq!(read["v"], json!([square(3.0)]));

    let drawing = json!({"t": "main.Drawing", "fields": [["All", shapes]]});
    let refused = put(&drawing, &json!({"Main": 1})).await;
    assert_eq!(refused_field(refused), "Main");
    let refused = put(&drawing, &json!({"All": ["text"]})).await;
    assert_eq!(refused_field(refused), "All");
    let read = put(&drawing, &json!({"All": [{"Side": 2.0}, {"Side": 3.0}]})).await;
    assert_eq!(fields(&read.unwrap())["All"]["v"][1], square(3.0));
}

#[apply(go_trial)]
async fn a_marshaler_takes_only_bytes_that_are_said_to_be_its_own() {
    let sealed = json!({"t": "main.Sealed", "fields": [
        ["Name", text("a")],
        ["Box", {"t": "main.Even", "gob_encoder_hex": "6f6b0102"}],
    ]});
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Sealed<T> {
        name: &'static str,
        r#box: T,
    }
    let with = |bytes: &'static [u8]| Sealed {
        name: "b",
        r#box: serde_bytes::Bytes::new(bytes),
    };
    for bytes in [&b"ok"[..], b"odd", b""] {
        assert!(put(&sealed, with(bytes)).await.is_err(), "{bytes:?}");
    }
    let read = put(&sealed, with(b"ok\x01\x02")).await.unwrap();
    assert_eq!(*fields(&read)["Name"], text("b"));
    let marshaled = Sealed {
        name: "c",
        r#box: go::Marshaled(b"ok\x03\x04"),
    };
    let read = put(&sealed, marshaled).await.unwrap();
    assert_eq!(fields(&read)["Box"]["gob_encoder_hex"], "6f6b0304");
}

#[apply(go_trial)]
async fn two_rust_structs_for_one_go_struct_are_refused_where_go_has_declared_it() {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct StreetOnly {
        street: &'static str,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct CityOnly {
        city: &'static str,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct TwoHomes {
        home: StreetOnly,
        work: CityOnly,
    }
    let homes = TwoHomes {
        home: StreetOnly { street: "a" },
        work: CityOnly { city: "b" },
    };
    let go = json!({"t": "string", "v": "old"});
    let refused = put(&go, Named::new("main.Homes", &homes)).await;
    assert_eq!(refused_field(refused), "Work");
}
