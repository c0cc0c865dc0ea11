//! Lines that are left out where the program says so (`onBadRow`): found when the dataset is opened, so that its rows stay counted.
use serde::{Deserialize, Serialize};

use crate::errors::{ConnectorError, Result};

/// What a program says of lines that cannot be read.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Tolerance {
    /// So many are left out, one more is an error.
    #[serde(default)]
    pub most: Option<u64>,
    /// They are wanted, not only their number.
    #[serde(default)]
    pub kept: bool,
}

/// A line that is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRow {
    pub file: String,
    pub line: u64,
    pub text: String,
    pub reason: String,
}

/// The lines of a dataset that are left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct BadRows {
    pub count: u64,
    /// In order, or the first alone.
    pub rows: Vec<BadRow>,
}

impl BadRows {
    /// `reason`: of the line, with its place in front. LS2006 past what is tolerated.
    pub fn add(&mut self, tolerance: Tolerance, file: &str, line: u64, text: &[u8], reason: &str) -> Result<()> {
        self.count += 1;
        if tolerance.kept || self.rows.is_empty() {
            let reason = reason.strip_prefix(&format!("{file}, line {line}: ")).unwrap_or(reason).to_owned();
            let ends = text.iter().rev().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            let text = String::from_utf8_lossy(&text[..text.len() - ends]).into_owned();
            self.rows.push(BadRow { file: file.to_owned(), line, text, reason });
        }
        match tolerance.most {
            Some(most) if self.count > most => {
                let BadRow { file, line, reason, .. } = &self.rows[0];
                let detail = serde_json::json!({ "file": file, "line": line });
                Err(ConnectorError::new("LS2006", format!("more than {most} bad rows; the first is {file}, line {line}: {reason}"), detail).with_fix("Mend the lines, or let more of them be left out: `maxBadRows`."))
            }
            _ => Ok(()),
        }
    }
}

/// Which lines of a group are left out, by their numbers in it, while it is read from front to end.
#[derive(Debug, Clone, Default)]
pub struct LeftOut {
    lines: Vec<u32>,
    next: usize,
    at: u32,
}

impl LeftOut {
    pub fn of(lines: &[u32]) -> Self {
        Self { lines: lines.to_vec(), ..Self::default() }
    }

    /// Whether the next line is one.
    pub fn next(&mut self) -> bool {
        let out = self.lines.get(self.next) == Some(&self.at);
        self.next += usize::from(out);
        self.at += 1;
        out
    }
}
