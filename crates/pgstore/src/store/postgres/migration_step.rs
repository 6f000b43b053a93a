//! One statement of a migration, and what it makes.

use super::table_name::TableName;

/// One statement of a migration, and what it makes.
#[derive(Clone, Copy, Debug)]
pub(super) struct MigrationStep {
    /// One statement without a semicolon, for the table `http_sessions`.
    pub(super) sql: &'static str,
    pub(super) makes: Made,
}

/// What a statement makes. The catalogue tells whether it is there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Made {
    /// Columns of a table, and the table if there is none.
    Columns(Relation, &'static [NewColumn]),
    Index(NewIndex),
    /// Storage parameters of a table, as far as it has none of that name. They only make it faster,
    /// so a table is complete without them.
    Settings(NewSettings),
}

/// The tables that the migrations make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Sessions,
    EarlierIds,
}

impl Relation {
    /// The name in the files.
    pub(super) fn written_as(self) -> &'static str {
        match self {
            Self::Sessions => "http_sessions",
            Self::EarlierIds => "http_sessions_ids",
        }
    }

    /// The name as SQL, quoted.
    pub(super) fn quoted(self, table: &TableName) -> String {
        match self {
            Self::Sessions => table.quoted(),
            Self::EarlierIds => table.quoted_ids(),
        }
    }
}

/// A column that a migration makes.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewColumn {
    pub(super) name: &'static str,
    /// Its type, or `None` if any type will do.
    pub(super) of_type: Option<&'static str>,
}

/// An index that a migration makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewIndex {
    /// The table that it is on.
    pub(super) relation: Relation,
    /// Its name for the table `http_sessions`.
    pub(super) name: &'static str,
    /// Its first column. An index with the same first column counts, whatever its name.
    pub(super) column: &'static str,
    /// Its second column. An index without it counts, too.
    pub(super) then: Option<&'static str>,
    /// Whether it leaves out rows in which the column is NULL.
    pub(super) is_partial: bool,
    /// Whether a new table needs no such index, because its primary key is one.
    pub(super) is_implied: bool,
    /// The condition of an index that has only the rows that meet it. It counts only if it is
    /// partial: the primary key has the same first column.
    pub(super) condition: Option<&'static str>,
    /// The statement that makes it.
    pub(super) sql: &'static str,
}

/// Storage parameters that a migration sets.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewSettings {
    pub(super) relation: Relation,
    /// Their names and values.
    pub(super) list: &'static [(&'static str, &'static str)],
    /// The statement that makes them all.
    sql: &'static str,
}

impl MigrationStep {
    pub(super) fn is_implied(&self) -> bool {
        matches!(self.makes, Made::Index(index) if index.is_implied)
    }

    pub(super) const fn columns(
        sql: &'static str,
        relation: Relation,
        columns: &'static [NewColumn],
    ) -> Self {
        let makes = Made::Columns(relation, columns);
        Self { sql, makes }
    }

    pub(super) const fn settings(
        sql: &'static str,
        relation: Relation,
        list: &'static [(&'static str, &'static str)],
    ) -> Self {
        let makes = Made::Settings(NewSettings {
            relation,
            list,
            sql,
        });
        Self { sql, makes }
    }

    pub(super) const fn index(index: NewIndex) -> Self {
        let (sql, makes) = (index.sql, Made::Index(index));
        Self { sql, makes }
    }
}

impl NewColumn {
    pub(super) const fn new(name: &'static str, of_type: Option<&'static str>) -> Self {
        Self { name, of_type }
    }
}

impl NewSettings {
    /// The statement that makes those of them whose names `wants` accepts, if there are any.
    pub(super) fn statement(&self, wants: impl Fn(&str) -> bool) -> Option<String> {
        let wanted = self.list.iter().filter(|(name, _)| wants(name));
        let texts: Vec<_> = wanted
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        let (head, _) = without_heading(self.sql).split_once('(')?;
        (!texts.is_empty()).then(|| format!("{head}({})", texts.join(", ")))
    }
}

impl NewIndex {
    /// The statement that makes it without blocking writers. It cannot run in a transaction.
    pub(super) fn concurrently(&self) -> String {
        without_heading(self.sql).replacen("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1)
    }

    /// The statement that makes it and blocks writers meanwhile.
    pub(super) fn at_once(&self) -> &'static str {
        without_heading(self.sql)
    }

    /// Its name without the table's.
    pub(super) fn suffix(&self) -> &'static str {
        let of_table = self.name.strip_prefix(self.relation.written_as());
        of_table.unwrap_or(self.name).trim_start_matches('_')
    }

    /// The statement that makes the index of a partitioned table, without those of its partitions.
    pub(super) fn on_the_whole(&self) -> String {
        without_heading(self.sql).replacen(" ON ", " ON ONLY ", 1)
    }

    /// The statement that makes the part of a partition with rows, without blocking writers. The
    /// names are SQL.
    pub(super) fn on_a_partition(&self, part: &str, partition: &str) -> String {
        self.for_a_partition(self.concurrently(), part, partition)
    }

    /// The same for a partition that has partitions itself.
    pub(super) fn on_a_partitioned_partition(&self, part: &str, partition: &str) -> String {
        self.for_a_partition(self.on_the_whole(), part, partition)
    }

    fn for_a_partition(&self, statement: String, part: &str, partition: &str) -> String {
        let of_table = format!("{} (", self.relation.written_as());
        let statement = statement.replacen(self.name, part, 1);
        statement.replacen(&of_table, &format!("{partition} ("), 1)
    }
}

/// The statement without the comment before it, as operators see it in `pg_stat_activity`.
pub(super) fn without_heading(sql: &str) -> &str {
    let mut rest = sql.trim_end();
    while let Some((_, after)) = rest.split_once('\n').filter(|_| rest.starts_with("--")) {
        rest = after;
    }
    rest
}
