//! A Go program with the lines that errors print can load the session.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use data_encoding::HEXLOWER;
use pgstore::wire::Draft;
use pgstore::{GoPeer, ValueErrorKind, Values, go, go::Named};
use serde::Serialize;
use serde_json::json;

use super::named::User;
use crate::support::go::go_tool;
use crate::support::secrets::Told;
use crate::support::{apply, go_trial};

/// A module, because the import path is part of the names of its types.
const MODULE: &str = "module github.com/acme/app\n\ngo 1.19\n";

const MODELS: &str = "package models\n\ntype User struct {\n\tID   int64\n\tName string\n}\n";

/// With the argument `with`, it registers the types in the lines.
const MAIN: &str = r#"package main

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"fmt"
	"os"
	"time"

	"github.com/acme/app/models"
)

type User models.User

type Profile models.User

type Role string

func register() {
	// LINES
}

func main() {
	gob.Register([]interface{}{}) // as gorilla/sessions does
	if os.Args[1] == "with" {
		register()
	}
	data, err := hex.DecodeString(os.Args[2])
	if err != nil {
		panic(err)
	}
	values := map[interface{}]interface{}{}
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&values); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(holds(values["k"]))
}

func holds(value interface{}) string {
	switch v := value.(type) {
	case User:
		return "User " + v.Name
	case *Profile:
		return "*Profile " + v.Name
	case models.User:
		return "models.User " + v.Name
	case []User:
		return "[]User " + v[0].Name
	case Role:
		return "Role " + string(v)
	case time.Time:
		return "time.Time " + v.UTC().Format(time.RFC3339)
	case time.Duration:
		return "time.Duration " + v.String()
	case map[string]interface{}:
		return fmt.Sprint("map ", v)
	case map[string]string:
		return fmt.Sprint("strings ", v)
	}
	return fmt.Sprintf("%T", value)
}
"#;

/// A value with a type that Go must register, and what its type assertion returns.
struct Case {
    draft: Draft,
    holds: &'static str,
}

fn case<T: Serialize + ?Sized>(value: &T, holds: &'static str) -> Case {
    let draft = Draft::new("k", value).unwrap();
    Case { draft, holds }
}

fn cases() -> Vec<Case> {
    let ada = User {
        id: 7,
        name: "Ada".into(),
    };
    let minute = go::Duration::from_nanoseconds(60_000_000_000);
    let path = "github.com/acme/app/models.User";
    vec![
        case(&Named::new("main.User", &ada), "User Ada"),
        case(&Named::new("*main.Profile", &ada), "*Profile Ada"),
        case(&Named::new(path, &ada), "models.User Ada"),
        case(&Named::new("[]main.User", &[&ada]), "[]User Ada"),
        case(&Named::new("main.Role", "admin"), "Role admin"),
        case(&SystemTime::UNIX_EPOCH, "time.Time 1970-01-01T00:00:00Z"),
        case(&minute, "time.Duration 1m0s"),
        case(&json!({"a": [1, "b"]}), "map map[a:[1 b]]"),
        case(
            &Named::new("map[string]string", &json!({"a": "b"})),
            "strings map[a:b]",
        ),
    ]
}

impl Case {
    fn line(&self) -> String {
        let go = GoPeer::registered::<String>([]);
        let error = Values::new()
            .put_for("k", &self.draft, &go)
            .told()
            .unwrap_err();
        match error.kind() {
            ValueErrorKind::Unregistered { line, .. } => line.clone(),
            _ => panic!("{error}"),
        }
    }

    fn gob(&self) -> String {
        let mut values = Values::new();
        values.put("k", &self.draft);
        HEXLOWER.encode(&values.encode())
    }
}

#[apply(go_trial)]
async fn the_printed_lines_make_a_go_program_load_the_session() {
    let cases = cases();
    let lines: Vec<_> = cases.iter().map(Case::line).collect();
    let program = build(&lines.join("\n\t"));
    for (case, line) in cases.iter().zip(&lines) {
        let without = run(&program, "without", &case.gob());
        assert!(without.contains("name not registered"), "{line}: {without}");
        assert_eq!(run(&program, "with", &case.gob()), case.holds, "{line}");
    }
}

/// Builds the program with these lines.
fn build(lines: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-lines");
    fs::create_dir_all(folder.join("models")).unwrap();
    let files = [
        ("go.mod", MODULE.to_owned()),
        ("models/models.go", MODELS.to_owned()),
        ("main.go", MAIN.replace("// LINES", lines)),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    let mut build = Command::new(go_tool());
    build.args(["build", "-buildvcs=false", "-o", "app", "."]);
    let output = build.current_dir(&folder).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{lines}\n{complaint}");
    folder.join("app")
}

fn run(program: &Path, with: &str, gob: &str) -> String {
    let output = Command::new(program).args([with, gob]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
