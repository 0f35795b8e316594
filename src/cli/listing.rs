//! A list for people or for programs: aligned columns, or JSON.

use serde_json::{Value, json};
use tranship_frontend::diagnostic::render::one_line;

/// The output format of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum ListingFormat {
    /// Aligned columns.
    #[default]
    Human,
    /// A JSON object.
    Json,
}

/// Rows in both formats.
pub(super) struct RowListing {
    name: &'static str,
    rows: Vec<Vec<String>>,
    values: Vec<Value>,
}

impl RowListing {
    /// An empty list; `name` is its key in JSON.
    pub(super) fn new(name: &'static str) -> Self {
        RowListing { name, rows: Vec::new(), values: Vec::new() }
    }

    /// Adds a row: its columns, and its JSON value.
    pub(super) fn push(&mut self, columns: Vec<String>, value: Value) {
        self.rows.push(columns);
        self.values.push(value);
    }

    /// The text to print.
    pub(super) fn print(self, format: ListingFormat) -> String {
        match format {
            ListingFormat::Json => format!("{:#}\n", json!({ self.name: self.values })),
            ListingFormat::Human => self.columns(),
        }
    }

    fn columns(&self) -> String {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..count).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{:width$}", one_line(cell)));
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_nothing_trails() {
        let mut listing = RowListing::new("things");
        listing.push(vec!["a".into(), "long".into(), String::new()], json!({ "name": "a" }));
        listing.push(vec!["bcd".into(), "x".into(), "end".into()], json!({ "name": "bcd" }));
        assert_eq!(listing.columns(), "a    long\nbcd  x     end\n");
    }

    #[test]
    fn a_name_takes_one_line() {
        let mut listing = RowListing::new("things");
        listing.push(vec!["a\nerror: forged\u{1b}[31m".into()], json!({}));
        assert_eq!(listing.columns(), "a error: forged\u{fffd}[31m\n");
    }
}
