//! Texts in columns, for a terminal.

use unicode_width::UnicodeWidthStr as _;

/// Lines of cells; the columns are as wide as their widest cell.
pub(crate) struct Table {
    lines: Vec<Vec<String>>,
    /// The columns whose cells stand on the right: numbers.
    numbers: &'static [usize],
}

impl Table {
    pub(crate) fn new(numbers: &'static [usize]) -> Self {
        let lines = Vec::new();
        Self { lines, numbers }
    }

    pub(crate) fn line<const N: usize>(&mut self, cells: [&str; N]) {
        self.lines
            .push(cells.iter().map(|cell| plain(cell)).collect());
    }

    pub(crate) fn text(&self) -> String {
        let columns = self.lines.iter().map(Vec::len).max().unwrap_or_default();
        let widest = |column| {
            let cells = self.lines.iter().filter_map(|line| line.get(column));
            cells
                .map(|cell: &String| cell.width())
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(widest).collect();
        let mut text = String::new();
        for line in &self.lines {
            let cells = line.iter().zip(&widths).enumerate();
            let cells: Vec<_> = cells
                .map(|(column, (cell, width))| self.padded(column, cell, *width))
                .collect();
            text.push_str(cells.join("  ").trim_end());
            text.push('\n');
        }
        text
    }

    fn padded(&self, column: usize, cell: &str, width: usize) -> String {
        let space = " ".repeat(width - cell.width());
        match self.numbers.contains(&column) {
            true => space + cell,
            false => cell.to_owned() + &space,
        }
    }
}

/// A cell without what a terminal would obey: users choose labels.
fn plain(cell: &str) -> String {
    let is_shown = |c: char| !c.is_control() && !is_invisible(c);
    let shown = cell
        .chars()
        .map(|c| if is_shown(c) { c } else { '\u{fffd}' });
    shown.collect()
}

/// Marks that change the direction of the text around them, and line separators.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "1 session", "2 sessions".
pub(crate) fn counted(number: u64, one: &str) -> String {
    let many = if number == 1 { "" } else { "s" };
    format!("{number} {one}{many}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_on_a_terminal() {
        let mut table = Table::new(&[1]);
        table.line(["手机", "1", "a"]);
        table.line(["phone", "1,000", ""]);
        assert_eq!(table.text(), "手机       1  a\nphone  1,000\n");
    }

    #[test]
    fn a_cell_commands_no_terminal() {
        let mut table = Table::new(&[]);
        table.line(["a\x1b[2Jb\nc\u{202e}d\u{9b}"]);
        assert_eq!(table.text(), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}\n");
    }

    #[test]
    fn thousands_are_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1234567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
