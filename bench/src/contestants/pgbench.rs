//! pgbench: PostgreSQL's own load generator with the library's statements, prepared.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;

use super::Round;
use super::pool::{INSERT, LOAD, UPDATE};
use crate::dataset::{Dataset, KEYS, SPREAD, sealed, text};
use crate::server::Server;
use crate::work::{Cell, Work};
use crate::{Outcome, cpu};

/// The numbers of clients that are tried, up to the cell's number of callers.
const CLIENTS: [usize; 4] = [8, 16, 32, 64];

/// pgbench, its scripts, and which number of clients was best for each work and number of callers.
pub(crate) struct Pgbench {
    program: PathBuf,
    url: String,
    scripts: PathBuf,
    best: HashMap<(String, usize), usize>,
}

impl Pgbench {
    pub(crate) fn start(server: &Server, url: &str, dataset: Dataset) -> Outcome<Pgbench> {
        let scripts = server.postgres.folder().to_owned();
        let data = String::from_utf8(sealed(&text(dataset.bytes))?)?;
        fs::write(scripts.join("read"), read_script(dataset))?;
        fs::write(scripts.join("save"), save_script(dataset, &data))?;
        fs::write(scripts.join("insert"), insert_script(&data))?;
        Ok(Pgbench {
            program: server.postgres.bin_dir().join("pgbench"),
            url: url.to_owned(),
            scripts,
            best: HashMap::new(),
        })
    }

    /// The best number of clients, if it was found yet.
    pub(crate) fn clients(&self, cell: Cell) -> usize {
        let key = (cell.work.to_string(), cell.callers);
        self.best.get(&key).copied().unwrap_or(0)
    }

    /// Finds the best number of clients.
    pub(crate) async fn prepare(&mut self, cell: Cell) -> Outcome<()> {
        let key = (cell.work.to_string(), cell.callers);
        if !self.best.contains_key(&key) {
            let best = self.find_best(cell).await?;
            self.best.insert(key, best);
        }
        Ok(())
    }

    /// One round with the best number of clients.
    pub(crate) async fn round(&self, cell: Cell, time: Duration) -> Outcome<Round> {
        self.run(cell.work, self.clients(cell), time).await
    }

    async fn find_best(&self, cell: Cell) -> Outcome<usize> {
        let mut best = (0.0, cell.callers.min(CLIENTS[0]));
        for clients in CLIENTS
            .into_iter()
            .filter(|&clients| clients <= cell.callers)
        {
            let round = self.run(cell.work, clients, Duration::from_secs(1)).await?;
            if round.ops_per_s > best.0 {
                best = (round.ops_per_s, clients);
            }
        }
        Ok(best.1)
    }

    async fn run(&self, work: Work, clients: usize, time: Duration) -> Outcome<Round> {
        let mut pgbench = Command::new(&self.program);
        pgbench
            .args(["--no-vacuum", "--protocol=prepared"])
            .arg(format!("--client={clients}"))
            .arg(format!("--jobs={}", clients.min(2)))
            .arg(format!("--time={}", time.as_secs().max(1)));
        for script in scripts(work) {
            pgbench.arg("--file").arg(self.scripts.join(script));
        }
        let before = cpu::of_client();
        let ended = pgbench.arg(&self.url).kill_on_drop(true).output().await?;
        let cpu = cpu::of_client() - before;
        if !ended.status.success() {
            return Err(String::from_utf8_lossy(&ended.stderr).into());
        }
        let (operations, ops_per_s) =
            read_summary(&String::from_utf8_lossy(&ended.stdout)).ok_or("no summary")?;
        Ok(Round {
            operations,
            ops_per_s,
            client_us: cpu.as_secs_f64() * 1e6 / operations.max(1.0),
        })
    }
}

fn scripts(work: Work) -> &'static [&'static str] {
    match work {
        Work::Save => &["save"],
        Work::Insert => &["insert"],
        Work::Mix => &["read@95", "save@5"],
        Work::Read | Work::Http | Work::Untouched => &["read"],
    }
}

/// The number of transactions and the rate without the time to connect.
fn read_summary(output: &str) -> Option<(f64, f64)> {
    let after = |start: &str| {
        let line = output.lines().find_map(|line| line.strip_prefix(start))?;
        let number = line.split([' ', '/']).next()?;
        number.parse::<f64>().ok()
    };
    Some((
        after("number of transactions actually processed: ")?,
        after("tps = ")?,
    ))
}

/// The number behind a visitor's key as `n`, and the digits of the key as `k`, as `dataset::key` has them.
fn choose_visitor(dataset: Dataset) -> String {
    let visitors = dataset.visitors();
    let step = dataset.rows / visitors;
    let last = visitors - 1;
    let mut script = format!("\\set n random(0, {last}) * {step} * {SPREAD} % {KEYS}\n\\set k 0");
    for place in 0..9 {
        let (of_row, of_key) = (6_u64.pow(place), 10_u64.pow(place));
        // Writing to a String cannot fail.
        let _ = write!(script, " + (2 + :n / {of_row} % 6) * {of_key}");
    }
    script.push('\n');
    script
}

const KEY: &str = "convert_to(rpad((:k)::text, 52, 'A'), 'UTF8')";

fn read_script(dataset: Dataset) -> String {
    format!("{}{}", choose_visitor(dataset), statement(LOAD, &[KEY]))
}

fn save_script(dataset: Dataset, data: &str) -> String {
    let data = format!("'{data}'::bytea");
    let update = statement(
        UPDATE,
        &[
            KEY,
            "modified_on",
            &data,
            "created_on",
            "now()",
            "expires_on", // The library's saves keep it, too.
            "1",
            "now()",
            "NULL::bigint",
            "NULL::text",
            "NULL::text",
            "handle",
        ],
    );
    format!("{}{update}", read_script(dataset))
}

fn insert_script(data: &str) -> String {
    let random = "rpad(translate((:a)::text || (:b)::text || (:c)::text, '0189', 'ABCD'), 52, 'A')";
    let key = format!("convert_to({random}, 'UTF8')");
    let data = format!("'{data}'::bytea");
    let insert = statement(
        INSERT,
        &[
            &key,
            &data,
            "now()",
            "now()",
            "(now() + interval '30 days')",
            "1",
            "now()",
            "NULL::bigint",
            "NULL::text",
            "NULL::text",
            random,
        ],
    );
    let draw = "random(100000000000, 999999999999)";
    format!("\\set a {draw}\n\\set b {draw}\n\\set c {draw}\n{insert}")
}

/// A statement without its comments, and with expressions in place of its parameters.
fn statement(sql: &str, parameters: &[&str]) -> String {
    let lines = sql
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"));
    let mut statement = lines.collect::<Vec<_>>().join("\n");
    for (index, parameter) in parameters.iter().enumerate().rev() {
        statement = statement.replace(&format!("${}", index + 1), parameter);
    }
    statement + ";\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_is_replaced_and_comments_go() {
        let sql = "-- the key ($1)\nSELECT $1, $10, $2";
        let mut parameters = ["x"; 10];
        parameters[0] = "a";
        parameters[9] = "j";
        assert_eq!(statement(sql, &parameters), "SELECT a, j, x;\n");
        assert!(!insert_script("data").contains('$'));
    }

    #[test]
    fn the_summary_is_read() {
        let output = "number of transactions actually processed: 1234\nlatency average = 1 ms\n\
                      tps = 410.25 (without initial connection time)\n";
        assert_eq!(read_summary(output), Some((1234.0, 410.25)));
        assert_eq!(read_summary("failed"), None);
    }
}
