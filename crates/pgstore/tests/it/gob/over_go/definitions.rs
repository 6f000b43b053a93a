//! One Go type has one definition, whatever the values of its fields are.

use std::collections::BTreeMap;

use pgstore::wire::Draft;
use pgstore::{ValueErrorKind, Values, go::Named};
use serde::Serialize;
use serde_json::{Value, json};

use super::over;
use crate::gob::bytes::go_type;
use crate::gob::go_named::{ask, fields, text, written};
use crate::support::{apply, go_trial};

/// Go: Place, with fields that may be empty.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Place {
    street: Option<&'static str>,
    city: Option<&'static str>,
    tags: Vec<&'static str>,
    near: Option<Box<Place>>,
}

/// Go: Homes.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Homes {
    home: Place,
    work: Place,
    second: Option<Place>,
    others: Vec<Place>,
    by_name: BTreeMap<&'static str, Place>,
}

fn street(street: &'static str) -> Place {
    Place {
        street: Some(street),
        ..Place::default()
    }
}

fn city(city: &'static str) -> Place {
    Place {
        city: Some(city),
        ..Place::default()
    }
}

/// Checks a place that Go read.
fn is_place(place: &Value, street: &str, city: &str, tags: &[&str]) {
    let place = fields(place);
    assert_eq!(
        (place["Street"], place["City"]),
        (&text(street), &text(city))
    );
    let tags: Vec<_> = tags.iter().map(|tag| text(tag)).collect();
    assert_eq!(place["Tags"]["v"], json!(tags));
}

fn homes() -> Homes {
    Homes {
        home: street("a"),
        work: city("b"),
        second: Some(Place {
            tags: vec!["t"],
            near: Some(Box::new(city("c"))),
            ..Place::default()
        }),
        others: vec![city("d"), street("e")],
        by_name: [("f", street("f")), ("g", city("g"))].into(),
    }
}

fn are_homes(read: &Value) {
    assert_eq!(read["t"], "main.Homes");
    let read = fields(read);
    is_place(read["Home"], "a", "", &[]);
    is_place(read["Work"], "", "b", &[]);
    is_place(&read["Second"]["ptr"], "", "", &["t"]);
    let near = &fields(&read["Second"]["ptr"])["Near"]["ptr"];
    is_place(near, "", "c", &[]);
    is_place(&read["Others"]["v"][0], "", "d", &[]);
    is_place(&read["Others"]["v"][1], "e", "", &[]);
    is_place(&read["ByName"]["entries"][0][1], "f", "", &[]);
    is_place(&read["ByName"]["entries"][1][1], "", "g", &[]);
}

#[apply(go_trial)]
async fn one_go_struct_in_many_fields_has_one_definition() {
    are_homes(&written(&Named::new("main.Homes", &homes())).await);
    // Each type once: the recursive one, too.
    let mut values = Values::new();
    values
        .insert("k", Named::new("main.Homes", &homes()))
        .unwrap();
    let gob = values.encode();
    let streets = gob.windows(6).filter(|bytes| bytes == b"Street").count();
    assert_eq!(streets, 1);
}

#[apply(go_trial)]
async fn fields_that_an_older_go_program_lacks_have_one_definition_too() {
    let older = json!({"t": "main.Homes", "fields": []});
    are_homes(&over(&older, &homes()).await);
    // The stream's type is that of a program that had no such fields.
    let mut values = Values::new();
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Older {
        new: u8,
    }
    values
        .insert("k", Named::new("main.Homes", &Older { new: 1 }))
        .unwrap();
    values.insert("k", homes()).unwrap();
    assert_eq!(go_type(&values, "k"), "main.Homes");
    are_homes(&ask(&values).await);
}

#[apply(go_trial)]
async fn a_recursive_type_has_one_definition() {
    let chain = Place {
        near: Some(Box::new(Place {
            near: Some(Box::new(street("c"))),
            ..city("b")
        })),
        tags: vec!["t"],
        ..Place::default()
    };
    let read = written(&Named::new("main.Place", &chain)).await;
    is_place(&read, "", "", &["t"]);
    let near = fields(&read)["Near"]["ptr"].clone();
    is_place(&near, "", "b", &[]);
    is_place(&fields(&near)["Near"]["ptr"], "c", "", &[]);
}

#[apply(go_trial)]
async fn a_struct_whose_values_disagree_about_a_field_is_a_usage_error() {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Holder {
        one: Item2,
        other: Item2,
    }
    #[derive(Serialize)]
    #[serde(rename = "Item", rename_all = "PascalCase")]
    struct Item2 {
        value: Value,
    }
    let holder = Holder {
        one: Item2 { value: json!(1) },
        other: Item2 { value: json!("a") },
    };
    let error = Draft::new("k", Named::new("main.Holder", &holder)).unwrap_err();
    let expected = ValueErrorKind::NotOneGoType {
        name: "main.Holder",
        rust_struct: "Item",
        field: "Value".into(),
    };
    assert_eq!(*error.kind(), expected);
}
