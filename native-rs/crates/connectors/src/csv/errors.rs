//! LS2006: a line that cannot be read, by file and number.
use serde_json::json;

use crate::errors::ConnectorError;

/// A record whose shape is wrong.
pub fn bad_line(file: &str, line: u64, what: &str) -> ConnectorError {
    let message = format!("{file}, line {line}: {what}");
    ConnectorError::new("LS2006", message, json!({ "file": file, "line": line }))
}

/// A value that its column's type cannot hold.
pub fn bad_value(file: &str, line: u64, column: &str, value: &[u8], expected: &str) -> ConnectorError {
    let text = String::from_utf8_lossy(value);
    let shown: String = text.chars().take(60).collect();
    let cut = if shown.len() < text.len() { "…" } else { "" };
    let message = format!("{file}, line {line}: column {column} has \"{shown}{cut}\", which is not {expected}");
    ConnectorError::new("LS2006", message, json!({ "file": file, "line": line, "column": column, "value": shown }))
}
