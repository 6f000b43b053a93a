//! A table of Markdown that also reads well in a terminal.

use std::fmt;

/// Rows of text under a heading.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(columns: &[&str]) -> Table {
        Table {
            rows: vec![columns.iter().map(|&column| column.to_owned()).collect()],
        }
    }

    /// Adds a row. Missing cells are empty.
    pub(crate) fn row(&mut self, cells: &[String]) {
        let width = self.rows[0].len();
        let mut cells = cells.to_vec();
        cells.resize(width, String::new());
        self.rows.push(cells);
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, row) in self.rows.iter().enumerate() {
            write!(f, "|")?;
            for (column, cell) in row.iter().enumerate() {
                write!(f, " {cell:<width$} |", width = self.width(column))?;
            }
            writeln!(f)?;
            if number == 0 {
                write!(f, "|")?;
                for column in 0..row.len() {
                    write!(f, "{}|", "-".repeat(self.width(column) + 2))?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["who", "µs"]);
        table.row(&["ours".to_owned(), "1".to_owned()]);
        table.row(&["x".to_owned()]);
        let expected = "| who  | µs |\n|------|----|\n| ours | 1  |\n| x    |    |\n";
        assert_eq!(table.to_string(), expected);
    }
}
