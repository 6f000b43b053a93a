//! What stands in one place alone: reads of the wall clock, and SQL.

use super::names::Names;
use super::sources::{Source, crates};
use crate::support::{apply, trial};

#[apply(trial)]
async fn the_wall_clock_is_read_in_one_place() {
    for (name, sources) in crates() {
        for source in sources {
            let reads = Names::of(&source).reads_of_the_clock;
            let allowed = usize::from(source.part() == "clock");
            let path = source.path.display();
            assert_eq!(reads, allowed, "SystemTime::now in {name}: {path}");
        }
    }
}

#[apply(trial)]
async fn sql_lives_in_sql_files() {
    for (name, sources) in crates() {
        for source in sources {
            let literals = Names::of(&source).literals;
            let sql = literals.iter().find(|literal| is_sql(literal));
            let path = source.path.display();
            assert!(sql.is_none(), "SQL in {name}: {path}: {sql:?}");
        }
    }
}

#[apply(trial)]
async fn a_read_of_the_clock_and_sql_are_seen() {
    let source = Source::parse(
        "sample.rs",
        r#"
        fn f() { let _ = std::time::SystemTime::now(); g("SELECT 1 FROM http_sessions"); }
        fn i() { assert!(SystemTime::now() > x); }
        fn h() { format!("DELETE FROM {}", 1); }
        "#,
    );
    let names = Names::of(&source);
    assert_eq!(names.reads_of_the_clock, 2);
    let sql = names.literals.iter().filter(|literal| is_sql(literal));
    assert_eq!(sql.count(), 2);
}

fn is_sql(text: &str) -> bool {
    let mut words = text.split_whitespace().map(str::to_ascii_uppercase);
    match words.next().as_deref() {
        Some("SELECT" | "DELETE") => words.any(|word| word == "FROM"),
        Some("INSERT") => words.next().as_deref() == Some("INTO"),
        Some("UPDATE") => words.any(|word| word == "SET"),
        // Text that migrations are searched for is no statement yet.
        Some("CREATE" | "ALTER") => words.any(|word| word == "ON" || word == "TABLE"),
        Some("DROP" | "SET" | "BEGIN" | "LOCK") => words.next().is_some(),
        Some("WITH") => words.any(|word| word == "AS"),
        _ => false,
    }
}
