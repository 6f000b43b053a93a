//! The sessions table's name, and its substitution in SQL.

use std::fmt;

/// The table's name in `sql/` and `migrations/`.
const WRITTEN_AS: &str = "http_sessions";

/// What the name of the sessions table itself has after [`WRITTEN_AS`].
const NONE: &str = "";

/// What the name of the table of earlier IDs has after [`WRITTEN_AS`].
const IDS: &str = "_ids";

/// The name of the sessions table, with or without a schema.
///
/// Without one, the connection's `search_path` decides, as it does for a peer in Go.
///
/// ```
/// use pgstore::TableName;
///
/// assert_eq!(TableName::default().to_string(), "http_sessions");
/// assert_eq!(TableName::parse("web.sessions")?.to_string(), "web.sessions");
/// assert!(TableName::parse("sessions; DROP TABLE users").is_err());
/// # Ok::<(), pgstore::InvalidTableName>(())
/// ```
// Go: pgstore.go uses http_sessions only, so a table shared with it must keep that name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableName {
    schema: Option<String>,
    table: String,
}

impl TableName {
    /// The longest name that leaves room for `_ids_session_idx` in PostgreSQL's 63 bytes.
    const LONGEST: usize = 46;

    /// Reads `table` or `schema.table`.
    ///
    /// Each part is 1 to 46 ASCII letters, digits and underscores and does not begin with a
    /// digit. Upper and lower case differ, as in quoted identifiers.
    ///
    /// ```
    /// use pgstore::TableName;
    ///
    /// let table = TableName::parse("web.sessions")?;
    /// # Ok::<(), pgstore::InvalidTableName>(())
    /// ```
    ///
    /// # Errors
    /// When `name` is not such a name.
    pub fn parse(name: &str) -> Result<Self, InvalidTableName> {
        let (schema, table) = match name.split_once('.') {
            Some((schema, table)) => (Some(schema), table),
            None => (None, name),
        };
        if ![schema.unwrap_or("public"), table]
            .into_iter()
            .all(is_plain)
        {
            return Err(InvalidTableName);
        }
        Ok(Self {
            schema: schema.map(str::to_owned),
            table: table.to_owned(),
        })
    }

    /// Replaces `http_sessions`, and the names that begin with it, in SQL: for statements of your own
    /// about a table of any name.
    ///
    /// The name is put in as a quoted identifier, also where it stands within a string.
    ///
    /// ```
    /// use pgstore::TableName;
    ///
    /// let sql = "SELECT count(*) FROM http_sessions JOIN http_sessions_ids USING (key)";
    /// assert_eq!(
    ///     TableName::parse("web.logins")?.put_into(sql),
    ///     r#"SELECT count(*) FROM "web"."logins" JOIN "web"."logins_ids" USING (key)"#,
    /// );
    /// # Ok::<(), pgstore::InvalidTableName>(())
    /// ```
    #[must_use]
    pub fn put_into(&self, sql: &str) -> String {
        let mut text = String::with_capacity(sql.len() + 64);
        let mut rest = sql;
        while let Some(start) = rest.find(WRITTEN_AS) {
            let (before, from) = rest.split_at(start);
            let suffix = &from[WRITTEN_AS.len()..];
            let end = suffix.find(|c| !is_identifier(c)).unwrap_or(suffix.len());
            text.push_str(before);
            text.push_str(&self.identifier(&suffix[..end]));
            rest = &suffix[end..];
        }
        text.push_str(rest);
        text
    }

    /// The name as SQL, quoted.
    pub(crate) fn quoted(&self) -> String {
        self.identifier(NONE)
    }

    /// The name of the table of earlier IDs as SQL, quoted.
    pub(crate) fn quoted_ids(&self) -> String {
        self.put_into(&format!("{WRITTEN_AS}{IDS}"))
    }

    /// The name of the table of earlier IDs, for messages.
    pub(crate) fn of_earlier_ids(&self) -> String {
        format!("{self}{IDS}")
    }

    /// The schema, if one was given, and the table.
    pub(crate) fn parts(&self) -> (Option<&str>, &str) {
        (self.schema.as_deref(), &self.table)
    }

    /// The table itself, that of earlier IDs, or an index, which is named without a schema.
    fn identifier(&self, suffix: &str) -> String {
        let name = format!("\"{}{suffix}\"", self.table);
        match &self.schema {
            Some(schema) if [NONE, IDS].contains(&suffix) => format!("\"{schema}\".{name}"),
            _ => name,
        }
    }
}

impl Default for TableName {
    /// `http_sessions`, the table of Go's pgstore.
    fn default() -> Self {
        Self {
            schema: None,
            table: WRITTEN_AS.to_owned(),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.table)
    }
}

/// The text is not a [`TableName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a table name: it takes `table` or `schema.table`, each 1 to 46 ASCII letters, digits \
     and underscores that do not begin with a digit"
)]
#[non_exhaustive]
pub struct InvalidTableName;

fn is_plain(part: &str) -> bool {
    (1..=TableName::LONGEST).contains(&part.len())
        && part.chars().all(is_identifier)
        && !part.starts_with(|c: char| c.is_ascii_digit())
}

fn is_identifier(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_goes_in_for_the_table_and_its_indexes() {
        let web = TableName::parse("web.sessions").unwrap();
        assert_eq!(
            web.put_into("CREATE INDEX http_sessions_key_idx ON http_sessions (key)"),
            r#"CREATE INDEX "sessions_key_idx" ON "web"."sessions" (key)"#
        );
        assert_eq!(
            web.put_into("INDEX http_sessions_ids_until_idx ON http_sessions_ids (until)"),
            r#"INDEX "sessions_ids_until_idx" ON "web"."sessions_ids" (until)"#
        );
        assert_eq!(
            TableName::default().put_into("DELETE FROM http_sessions"),
            r#"DELETE FROM "http_sessions""#
        );
    }

    #[test]
    fn only_plain_identifiers_are_names() {
        for bad in [
            "", ".", "a.", ".a", "a.b.c", "1a", "a b", "a\"b", "a;b", "ä", "a-b",
        ] {
            assert_eq!(TableName::parse(bad), Err(InvalidTableName), "{bad}");
        }
        assert!(TableName::parse(&"a".repeat(46)).is_ok());
        assert!(TableName::parse(&"a".repeat(47)).is_err());
    }
}
