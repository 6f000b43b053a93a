//! `docs/from-go.md` is complete, and what it says is shown.

use crate::support::sources::sources;
use crate::support::{apply, trial};

const TABLE: &str = include_str!("../../docs/from-go.md");

/// What `go doc -all` lists, by the last element of the package's path.
const EXPORTED: &[(&str, &str)] = &[
    (
        "antonlindstrom/pgstore",
        "PGStore PGStore.Codecs PGStore.Options PGStore.Path PGStore.DbPool PGSession PGSession.ID \
         PGSession.Key PGSession.Data PGSession.CreatedOn PGSession.ModifiedOn PGSession.ExpiresOn \
         NewPGStore NewPGStoreFromPool PGStore.Cleanup PGStore.StopCleanup PGStore.Close \
         PGStore.Get PGStore.New PGStore.Save PGStore.MaxAge PGStore.MaxLength",
    ),
    (
        "gorilla/sessions",
        "Session Session.ID Session.Values Session.Options Session.IsNew Session.AddFlash \
         Session.Flashes Session.Name Session.Save Session.Store NewSession Options Options.Path \
         Options.Domain Options.MaxAge Options.Secure Options.HttpOnly Options.Partitioned \
         Options.SameSite NewCookie Store Registry GetRegistry Registry.Get Registry.Save Save \
         MultiError CookieStore NewCookieStore FilesystemStore NewFilesystemStore",
    ),
    (
        "gorilla/securecookie",
        "SecureCookie New SecureCookie.Encode SecureCookie.Decode SecureCookie.MaxAge \
         SecureCookie.MinAge SecureCookie.MaxLength SecureCookie.HashFunc SecureCookie.BlockFunc \
         SecureCookie.SetSerializer Serializer JSONEncoder NopEncoder GobEncoder Codec \
         CodecsFromPairs EncodeMulti DecodeMulti GenerateRandomKey Error Error.IsUsage \
         Error.IsDecode Error.IsInternal Error.Cause MultiError ErrMacInvalid",
    ),
];

/// The rows of a package's table: its three cells each.
fn rows(package: &str) -> Vec<[&'static str; 3]> {
    let section = TABLE.split("\n## ").find(|section| {
        section
            .lines()
            .next()
            .is_some_and(|title| title.ends_with(package))
    });
    let lines = section.expect("the package has a section").lines();
    let cells = lines.filter(|line| line.starts_with("| `")).map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        <[&str; 3]>::try_from(cells).expect("a row has three cells")
    });
    cells.collect()
}

/// What stands between backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[apply(trial)]
async fn every_exported_name_of_go_has_a_row() {
    for (package, names) in EXPORTED {
        let rows = rows(package);
        let listed: Vec<_> = rows.iter().flat_map(|row| quoted(row[0])).collect();
        let exported: Vec<_> = names.split_whitespace().collect();
        for name in &exported {
            assert!(listed.contains(name), "{package}: {name} has no row");
        }
        for name in &listed {
            assert!(exported.contains(name), "{package}: {name} is not exported");
        }
    }
}

#[apply(trial)]
async fn every_row_belongs_to_a_table() {
    let lines: Vec<_> = TABLE.lines().collect();
    for lines in lines.windows(3).filter(|lines| lines[1].starts_with('|')) {
        let is_header = !lines[0].starts_with('|');
        assert!(
            !is_header || lines[2].starts_with("|---"),
            "no table above: {}",
            lines[1]
        );
    }
}

#[apply(trial)]
async fn every_row_names_a_test_that_exists() {
    let sources = sources();
    for (package, _) in EXPORTED {
        for [go, here, shown_by] in rows(package) {
            if here.starts_with("absent") {
                assert_eq!(shown_by, "", "{go} is absent");
                continue;
            }
            let test = quoted(shown_by)
                .next()
                .unwrap_or_else(|| panic!("{go}: shown by no test"));
            assert!(
                sources.contains(&format!("fn {test}(")),
                "{go}: there is no test {test}"
            );
        }
    }
}
