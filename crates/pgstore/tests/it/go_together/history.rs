//! Every version that a session's row ever had, in order, and what each write did to the one
//! before.

use std::ops::Range;

use pgstore::wire::SecureCookie;
use pgstore::{Keys, SessionId, Values};

use super::NAME;
use crate::support::database::{Database, Key};

/// How many requests of Rust change a session at once.
pub(super) const WRITERS: usize = 8;

/// Under which key a writer of Rust counts, besides `shared`.
pub(super) fn own_key(writer: usize) -> String {
    format!("rust {writer}")
}

/// A row is locked from its change to the commit, so the numbers follow the commits.
const NOTE_ALL: &str = "
    CREATE TABLE history (number bigserial, key bytea, data bytea);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO history (key, data) VALUES (NEW.key, NEW.data);
            RETURN NULL;
        END $$;
    CREATE TRIGGER note AFTER INSERT OR UPDATE ON http_sessions
        FOR EACH ROW EXECUTE FUNCTION note();
";

/// Has the database note every version from now on.
pub(super) async fn note_all(database: &Database) {
    database
        .client()
        .await
        .batch_execute(NOTE_ALL)
        .await
        .unwrap();
}

/// What the writers have counted to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Go alone counts here.
    pub(super) counter: u64,
    /// Every writer of Rust counts here, and each under a key of its own.
    pub(super) shared: u64,
    pub(super) own: [u64; WRITERS],
}

impl Counts {
    fn of(values: &Values) -> Self {
        let count = |key: &str| values.get(key).unwrap().unwrap_or(0);
        let own = std::array::from_fn(|writer| count(&own_key(writer)));
        let (counter, shared) = (count("counter"), count("shared"));
        Self {
            counter,
            shared,
            own,
        }
    }

    /// Counts a write of a writer of Rust.
    pub(super) fn add_one_of(&mut self, writer: usize) {
        self.shared += 1;
        self.own[writer] += 1;
    }

    /// Counts the writes of Rust that others counted.
    pub(super) fn add(&mut self, others: &Self) {
        self.shared += others.shared;
        for (own, other) in self.own.iter_mut().zip(others.own) {
            *own += other;
        }
    }

    fn of_rust(&self) -> (u64, [u64; WRITERS]) {
        (self.shared, self.own)
    }

    /// Whether they are the others' after one write of one writer of Rust, or after none.
    fn continues(&self, before: &Self) -> bool {
        let steps = (0..WRITERS).map(|writer| {
            let mut next = *before;
            next.add_one_of(writer);
            next
        });
        self == before || steps.into_iter().any(|next| *self == next)
    }
}

/// What the versions of one session tell.
#[derive(Debug, Default)]
pub(super) struct History {
    versions: Vec<Counts>,
    /// How many writes of each writer of Rust a save of Go's undid.
    pub(super) overwritten: [u64; WRITERS],
    /// How many saves of Go's undid any.
    pub(super) overwriting: u64,
    /// What must not have happened.
    pub(super) wrongs: Vec<String>,
}

impl History {
    /// Reads it, opening every version with the keys.
    pub(super) async fn of(id: &SessionId, keys: &Keys, database: &Database) -> Self {
        let codec = SecureCookie::new(keys.clone()).max_age(0);
        let sql = "SELECT data FROM history WHERE key = $1 ORDER BY number";
        let rows = database.client().await.query(sql, &[&Key(id)]).await;
        let versions = rows.unwrap().into_iter().map(|row| {
            let data: &[u8] = row.get(0);
            let opened = codec.open(NAME, data, 0, Values::decode);
            Counts::of(&opened.expect("both sides write what opens").value)
        });
        Self::from(versions.collect())
    }

    fn from(versions: Vec<Counts>) -> Self {
        let mut history = Self::default();
        // What the next save of Go's may have read: the versions from its last one on.
        let mut readable = 0..0;
        for (index, pair) in versions.windows(2).enumerate() {
            readable.end = index + 1;
            let [before, after] = [pair[0], pair[1]];
            if before.counter == after.counter {
                history.judge_rust(index, before, after);
            } else {
                history.judge_go(index, before, after, &versions[Range::clone(&readable)]);
                readable.start = index + 1;
            }
        }
        Self {
            versions,
            ..history
        }
    }

    /// A write of Rust adds to the version before it and takes nothing away.
    fn judge_rust(&mut self, index: usize, before: Counts, after: Counts) {
        if !after.continues(&before) {
            self.wrong(index, "a write of Rust undid another", before, after);
        }
    }

    /// A save of Go's counts on, and leaves Rust's counts as it has read them.
    fn judge_go(&mut self, index: usize, before: Counts, after: Counts, readable: &[Counts]) {
        let was_read = |read: &Counts| read.of_rust() == after.of_rust();
        let counts_on = after.counter == before.counter + 1;
        if !counts_on || !readable.iter().any(was_read) {
            self.wrong(
                index,
                "Go's counter or what Go read is not kept",
                before,
                after,
            );
            return;
        }
        for (writer, overwritten) in self.overwritten.iter_mut().enumerate() {
            *overwritten += before.own[writer].saturating_sub(after.own[writer]);
        }
        self.overwriting += u64::from(before.of_rust() != after.of_rust());
    }

    fn wrong(&mut self, index: usize, what: &str, before: Counts, after: Counts) {
        let wrong = format!("version {index}: {what}: {before:?}, then {after:?}");
        self.wrongs.push(wrong);
    }

    /// What the session holds now.
    pub(super) fn last(&self) -> Counts {
        self.versions.last().copied().unwrap_or_default()
    }

    /// Every write that was acknowledged is there, or a save of Go's explains why it is not.
    pub(super) fn check(&mut self, acknowledged: &Counts) {
        let last = self.last();
        for writer in 0..WRITERS {
            let explained = last.own[writer] + self.overwritten[writer];
            if explained != acknowledged.own[writer] {
                let lost = format!(
                    "writer {writer}: {explained} of {} writes are explained",
                    acknowledged.own[writer]
                );
                self.wrongs.push(lost);
            }
        }
        let explained = last.shared + self.overwritten.iter().sum::<u64>();
        if (last.counter, explained) != (acknowledged.counter, acknowledged.shared) {
            self.wrongs.push(format!(
                "{acknowledged:?} were acknowledged, {last:?} are there"
            ));
        }
    }
}
