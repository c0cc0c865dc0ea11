//! LS2006, LS2004: a line that cannot be read, by file and number.
use serde_json::json;

use crate::errors::ConnectorError;

/// A line whose shape is wrong.
pub fn bad_line(file: &str, line: u64, what: &str) -> ConnectorError {
    let message = format!("{file}, line {line}: {what}");
    ConnectorError::new("LS2006", message, json!({ "file": file, "line": line }))
}

/// Why a line is no row that has bytes of another encoding.
pub const NOT_UTF8: &str = "the line is not UTF-8";

/// LS2006 of such a line.
pub fn not_utf8(file: &str, line: u64) -> ConnectorError {
    bad_line(file, line, NOT_UTF8).with_fix(
        "Write the file as UTF-8: iconv -f LATIN1 -t UTF-8 (WINDOWS-1252 for what comes from Windows). A few such lines are left out with `onBadRow: \"skip\"`.",
    )
}

/// A column's name as a key of an object in a program.
pub fn as_key(name: &str) -> String {
    let plain = |(at, c): (usize, char)| c == '_' || c == '$' || c.is_ascii_alphabetic() || at > 0 && c.is_ascii_digit();
    if !name.is_empty() && name.chars().enumerate().all(plain) { name.to_owned() } else { json!(name).to_string() }
}

/// Why a value is none of its column.
#[derive(Debug, Clone, Copy)]
pub enum Wrong {
    /// What it should have been.
    Not(&'static str),
    /// An integer that a number cannot hold exactly.
    Loses,
}

/// A value that its column's type cannot hold; LS2004 for an integer past 2^53. What to do about the others is the format's to say.
pub fn bad_value(file: &str, line: u64, column: &str, value: &[u8], wrong: Wrong) -> ConnectorError {
    let text = String::from_utf8_lossy(value);
    let shown: String = text.chars().take(60).collect();
    let cut = if shown.len() < text.len() { "…" } else { "" };
    let (code, what) = match wrong {
        Wrong::Not(expected) => ("LS2006", format!("which is not {expected}")),
        Wrong::Loses => ("LS2004", "an integer past ±2^53 that a number cannot hold exactly".to_owned()),
    };
    let message = format!("{file}, line {line}: column {column} has \"{shown}{cut}\", {what}");
    let error = ConnectorError::new(code, message, json!({ "file": file, "line": line, "column": column, "value": shown }));
    match wrong {
        Wrong::Not(_) => error,
        Wrong::Loses => {
            let key = as_key(column);
            error.with_fix(format!("Read the column as bigint: `types: {{ {key}: \"bigint\" }}` in the reader and `{key}: bigint` in the interface."))
        }
    }
}
