//! The sessions of a run: their keys, their content, and the two tables that hold them.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, header};
use pgstore::wire::{Iv, SecureCookie, gob};
use pgstore::{Keys, SessionId, Values};
use tower_sessions::session::{Id, Record};
use tower_sessions::{SessionStore as _, cookie::time};
use tower_sessions_sqlx_store::{PostgresStore, sqlx::PgPool};

use crate::Outcome;
use crate::server::{Server, run_each};

/// The cookie's name, under which the rows are sealed, too.
pub(crate) const COOKIE: &str = "session";

/// The key that seals cookies and rows.
pub(crate) const HASH_KEY: [u8; 32] = [7; 32];

/// There is no block key, so nothing is encrypted.
const NO_IV: Iv = [0; 16];

/// How many of the sessions are asked for. They are spread evenly over the table.
const VISITORS: u32 = 100_000;

/// How many rows one statement of the fill writes.
const CHUNK: u32 = 10_000;

/// A lifetime.
pub(crate) const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Rows 0 to `rows`, each with a text of `bytes` characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dataset {
    pub(crate) rows: u32,
    pub(crate) bytes: usize,
}

impl Dataset {
    /// How many sessions are asked for.
    pub(crate) fn visitors(self) -> u32 {
        self.rows.min(VISITORS)
    }

    /// The row of a visitor.
    pub(crate) fn row(self, visitor: u32) -> u32 {
        visitor * (self.rows / self.visitors())
    }

    /// The key of each visitor's row.
    pub(crate) fn keys(self) -> Vec<Vec<u8>> {
        let visitors = 0..self.visitors();
        visitors
            .map(|visitor| key(self.row(visitor)).into_bytes())
            .collect()
    }

    /// The headers of each visitor's request.
    pub(crate) fn requests(self) -> Outcome<Vec<HeaderMap>> {
        let visitors = 0..self.visitors();
        visitors
            .map(|visitor| request(&key(self.row(visitor))))
            .collect()
    }

    /// Empties the library's tables and writes every row.
    pub(crate) async fn fill(self, server: &Server) -> Outcome<()> {
        let admin = &server.admin;
        let begin = [
            "SET synchronous_commit = off",
            "TRUNCATE http_sessions, http_sessions_ids",
        ];
        run_each(admin, &begin).await?;
        let data = sealed(&text(self.bytes))?;
        for rows in self.chunks() {
            let keys: Vec<Vec<u8>> = rows.map(|row| key(row).into_bytes()).collect();
            admin.execute(FILL_OURS, &[&keys, &data]).await?;
        }
        let end = [
            "RESET synchronous_commit",
            "VACUUM ANALYZE http_sessions",
            "CHECKPOINT",
        ];
        run_each(admin, &end).await?;
        for keys in self.keys().chunks(WARMED) {
            admin.execute(WARM_OURS, &[&keys]).await?;
        }
        Ok(())
    }

    /// Empties tower-sessions' table and writes every row.
    pub(crate) async fn fill_tower_sessions(self, server: &Server) -> Outcome<()> {
        let admin = &server.admin;
        let begin = [
            "SET synchronous_commit = off",
            "TRUNCATE tower_sessions.session",
        ];
        run_each(admin, &begin).await?;
        let template = Template::of_tower_sessions(server, self.bytes).await?;
        for rows in self.chunks() {
            let ids: Vec<String> = rows.clone().map(|row| tower_id(row).to_string()).collect();
            let records: Vec<Vec<u8>> = rows.map(|row| template.record(tower_id(row))).collect();
            admin.execute(FILL_THEIRS, &[&ids, &records]).await?;
        }
        let end = [
            "RESET synchronous_commit",
            "VACUUM ANALYZE tower_sessions.session",
            "CHECKPOINT",
        ];
        run_each(admin, &end).await?;
        let ids = (0..self.visitors()).map(|visitor| tower_id(self.row(visitor)).to_string());
        for ids in ids.collect::<Vec<_>>().chunks(WARMED) {
            admin.execute(WARM_THEIRS, &[&ids]).await?;
        }
        Ok(())
    }

    fn chunks(self) -> impl Iterator<Item = Range<u32>> {
        let firsts = (0..self.rows).step_by(CHUNK as usize);
        firsts.map(move |first| first..self.rows.min(first + CHUNK))
    }
}

/// Rows of sessions in use, as the library leaves them: a save rounds `expires_on` up by a sixteenth of
/// the lifetime, and later saves keep it as long as it is late enough.
const FILL_OURS: &str = "
    INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on, save_token, saved_on,
                               handle, saved_expires_on)
    SELECT key, $2::bytea, now(), now(), expires_on, 1, now(), encode(key, 'escape'), expires_on
      FROM unnest($1::bytea[]) AS key, LATERAL (
               SELECT now() + interval '30 days' + random() * interval '45 hours'
                      + length(key) * interval '0 s' AS expires_on) AS life";

const FILL_THEIRS: &str = "
    INSERT INTO tower_sessions.session (id, data, expiry_date)
    SELECT id, data, now() + interval '30 days' - random() * interval '45 hours'
      FROM unnest($1::text[], $2::bytea[]) AS filled (id, data)";

/// How many visitors' rows one statement reads, so few that the server looks each up in the index.
const WARMED: usize = 1000;

/// Reads the rows that will be asked for, so that the server has their pages in memory.
const WARM_OURS: &str = "SELECT count(data) FROM http_sessions WHERE key = ANY($1)";

const WARM_THEIRS: &str = "SELECT count(data) FROM tower_sessions.session WHERE id = ANY($1)";

/// How many keys there are.
pub(crate) const KEYS: u64 = 6_u64.pow(9);

/// Has no factor in common with [`KEYS`], so that each row gets a key of its own.
pub(crate) const SPREAD: u64 = 7_654_321;

/// The key of a row: nine digits that pgbench can compute, then padding. Rows that are next to each
/// other in the table have keys far apart, as random IDs would have.
pub(crate) fn key(row: u32) -> String {
    let number = u64::from(row) * SPREAD % KEYS;
    let digits = (0..9).rev().map(|place| {
        let digit = number / 6_u64.pow(place) % 6;
        char::from_digit(digit as u32 + 2, 10).unwrap_or('2')
    });
    let digits: String = digits.collect();
    format!("{digits:A<52}")
}

/// The same row's ID in tower-sessions.
pub(crate) fn tower_id(row: u32) -> Id {
    // A multiplication by an odd number spreads the IDs and keeps them different.
    Id(i128::from(row).wrapping_mul(0x2545_f491_4f6c_dd1d_9e37_79b9_7f4a_7c15))
}

/// The text that makes a session as long as it is asked to be.
pub(crate) fn text(bytes: usize) -> String {
    "x".repeat(bytes)
}

/// The keys of cookies and rows.
pub(crate) fn keys() -> Outcome<Keys> {
    Ok(Keys::from_pairs(&[HASH_KEY])?)
}

/// The codec of cookies and rows.
pub(crate) fn codec() -> Outcome<SecureCookie> {
    Ok(SecureCookie::new(keys()?).max_length(0))
}

/// The values of a session.
pub(crate) fn values(text: &str) -> Outcome<Values> {
    let mut values = Values::new();
    values.insert("user", "ada@example.org")?;
    values.insert("visits", 1_i64)?;
    values.insert("text", text)?;
    Ok(values)
}

/// The column `data` of a session.
pub(crate) fn sealed(text: &str) -> Outcome<Vec<u8>> {
    let gob = values(text)?.encode();
    let sealed = codec()?.seal(COOKIE, &gob, unix_seconds(), NO_IV)?;
    Ok(sealed.into_bytes())
}

/// The headers of a request that brings the cookie of a session.
fn request(key: &str) -> Outcome<HeaderMap> {
    let id = SessionId::parse(key.as_bytes()).ok_or("not a session ID")?;
    let gob = gob::encode_string(id.as_bytes());
    let cookie = codec()?.seal(COOKIE, &gob, unix_seconds(), NO_IV)?;
    let cookie = HeaderValue::try_from(format!("{COOKIE}={cookie}"))?;
    Ok(HeaderMap::from_iter([(header::COOKIE, cookie)]))
}

pub(crate) fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// The bytes of one record of tower-sessions, with the place of its ID.
struct Template {
    bytes: Vec<u8>,
    id: usize,
}

impl Template {
    /// Lets tower-sessions write a record and reads it back: its format stays its own business.
    async fn of_tower_sessions(server: &Server, length: usize) -> Outcome<Template> {
        let store = PostgresStore::new(PgPool::connect(server.url()).await?);
        let id = Id(0x0123_4567_89ab_cdef_1357_9bdf_0246_8ace);
        let data = [
            ("user".to_owned(), "ada@example.org".into()),
            ("visits".to_owned(), 1_i64.into()),
            ("text".to_owned(), text(length).into()),
        ];
        store
            .save(&Record {
                id,
                data: data.into(),
                expiry_date: time::OffsetDateTime::now_utc() + MONTH,
            })
            .await?;
        let query = "DELETE FROM tower_sessions.session RETURNING data";
        let bytes: Vec<u8> = server.admin.query_one(query, &[]).await?.try_get(0)?;
        let marker = id.0.to_be_bytes();
        let place = bytes.windows(16).position(|window| window == marker);
        Ok(Template {
            id: place.ok_or("tower-sessions writes its IDs in another way")?,
            bytes,
        })
    }

    fn record(&self, id: Id) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes[self.id..self.id + 16].copy_from_slice(&id.0.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_row_has_a_key_of_its_own_that_is_a_session_id() {
        let last = 10_000_000;
        for row in [0, 1, 5, 6, 35, 36, 999_999, last] {
            assert!(SessionId::parse(key(row).as_bytes()).is_some());
        }
        assert!(key(0).starts_with("222222222A"));
        assert!(key(1).starts_with("654242623A"));
        let different: HashSet<String> = (0..100_000).chain([last]).map(key).collect();
        assert_eq!(different.len(), 100_001);
    }

    #[test]
    fn visitors_are_spread_over_the_whole_table() {
        let dataset = Dataset {
            rows: 1_000_000,
            bytes: 200,
        };
        assert!(dataset.row(dataset.visitors() - 1) > 900_000);
        let small = Dataset {
            rows: 10,
            ..dataset
        };
        assert_eq!(small.row(9), 9);
    }
}
