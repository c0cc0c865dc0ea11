//! LS2006, LS2004: a line that cannot be read, by file and number.
use serde_json::json;

use crate::errors::ConnectorError;

/// A line whose shape is wrong.
pub fn bad_line(file: &str, line: u64, what: &str) -> ConnectorError {
    let message = format!("{file}, line {line}: {what}");
    ConnectorError::new("LS2006", message, json!({ "file": file, "line": line }))
}

/// Why a value is none of its column.
#[derive(Debug, Clone, Copy)]
pub enum Wrong {
    /// What it should have been.
    Not(&'static str),
    /// An integer that a number cannot hold exactly.
    Loses,
}

/// A value that its column's type cannot hold; LS2004 for an integer past 2^53.
pub fn bad_value(file: &str, line: u64, column: &str, value: &[u8], wrong: Wrong) -> ConnectorError {
    let text = String::from_utf8_lossy(value);
    let shown: String = text.chars().take(60).collect();
    let cut = if shown.len() < text.len() { "…" } else { "" };
    let (code, what) = match wrong {
        Wrong::Not(expected) => ("LS2006", format!("which is not {expected}")),
        Wrong::Loses => ("LS2004", "an integer past ±2^53 that a number cannot hold exactly".to_owned()),
    };
    let message = format!("{file}, line {line}: column {column} has \"{shown}{cut}\", {what}");
    ConnectorError::new(code, message, json!({ "file": file, "line": line, "column": column, "value": shown }))
}
