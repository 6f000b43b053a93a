//! What the database has of this session: the row’s columns, and the values in it.

use askama::Template;
use pgstore::Session;
use tokio_postgres::Row;

use crate::client::ClientError;
use crate::demo::App;
use crate::page::PageError;

/// Longer values are cut.
const LONGEST_VALUE: usize = 80;

#[derive(Template)]
#[template(path = "stored.html")]
pub(crate) struct StoredSection {
    columns: Vec<Column>,
    values: Vec<Value>,
    row_bytes: i32,
}

struct Column {
    name: &'static str,
    content: String,
    note: &'static str,
}

struct Value {
    key: String,
    go_type: String,
    text: String,
}

impl StoredSection {
    /// The row of this session, and of no other.
    pub(crate) async fn of(app: &App, session: &Session) -> Result<Self, PageError> {
        let handle = session.handle().await?;
        let sql = include_str!("sql/row_of_session.sql");
        let rows = app.client.query(sql, &[&handle.as_str()]).await?;
        let row = rows.first();
        let mut columns = row.map_or(Ok(Vec::new()), columns)?;
        if row.is_some() {
            let note =
                "the session’s public name, for lists such as your devices; it opens nothing";
            columns.push(column("handle", handle.to_string(), note));
        }
        Ok(Self {
            columns,
            values: values(session).await?,
            row_bytes: row
                .map_or(Ok(0), |row| row.try_get("row_bytes"))
                .map_err(ClientError::from)?,
        })
    }
}

fn columns(row: &Row) -> Result<Vec<Column>, ClientError> {
    let text = |name| {
        row.try_get::<_, Option<String>>(name)
            .map(Option::unwrap_or_default)
    };
    let utc = |name| text(name).map(|time| format!("{time} UTC"));
    let bytes = |name| {
        row.try_get::<_, Option<i32>>(name)
            .map(Option::unwrap_or_default)
    };
    let max_age = match row.try_get::<_, Option<i64>>("max_age")? {
        Some(0) => "0: until the browser closes".to_owned(),
        Some(seconds) => format!("{seconds} seconds"),
        None => "NULL: the application’s".to_owned(),
    };
    Ok(vec![
        column("id", text("id")?, "the row’s number; it stays at a login"),
        column(
            "key",
            format!(
                "{} bytes, SHA-256 {}…",
                bytes("key_bytes")?,
                text("key_fingerprint")?
            ),
            "the secret ID, which the cookie carries; a login makes a new one",
        ),
        column(
            "data",
            format!("{}… ({} bytes)", text("data_start")?, bytes("data_bytes")?),
            "the values, encrypted and signed with your keys",
        ),
        column("created_on", utc("created_on")?, "when you logged in"),
        column(
            "modified_on",
            utc("modified_on")?,
            "also the row’s version: a save that finds another one merges",
        ),
        column(
            "expires_on",
            utc("expires_on")?,
            "moves as you use the session",
        ),
        column("max_age", max_age, "“remember me” sets it"),
        column(
            "owner",
            text("owner")?,
            "what lists of devices and revocations go by",
        ),
        column("label", text("label")?, "how you recognise the device"),
    ])
}

fn column(name: &'static str, content: String, note: &'static str) -> Column {
    Column {
        name,
        content,
        note,
    }
}

async fn values(session: &Session) -> Result<Vec<Value>, PageError> {
    let values = session.values().await?;
    let shown = values.iter().filter_map(|(key, value)| {
        let (key, value) = (key?.node().text(), value?);
        let text = match key.as_str() {
            "_csrf" => "secret: all CSRF tokens of your pages are made from it".to_owned(),
            _ => shortened(value.node().text()),
        };
        let go_type = value.go_type_name().to_owned();
        Some(Value { key, go_type, text })
    });
    Ok(shown.collect())
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
