//! The one error of this crate: a run-time code of ARCHITECTURE.md, a message for people, details for programs.
use std::{fmt, io, path::Path};

use datafusion::error::DataFusionError;
use serde::Serialize;
use serde_json::{Value, json};

pub type Result<T, E = ConnectorError> = std::result::Result<T, E>;

/// What went wrong with an input or an output. `code` is one of the `LS2…` run-time codes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConnectorError {
    pub code: &'static str,
    /// Names path, column, row or line.
    pub message: String,
    /// `file`, `column`, `row`, `line`, … by name.
    pub detail: Value,
    /// How to mend it, as a sentence; none: what the code says in general.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl ConnectorError {
    pub fn new(code: &'static str, message: impl Into<String>, detail: Value) -> Self {
        Self { code, message: message.into(), detail, fix: None }
    }

    pub fn with_fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// LS2005: the bytes of `file` are not what its format promises.
    pub fn corrupt(file: &str, what: impl fmt::Display) -> Self {
        let message = format!("{file} is damaged or not complete: {what}");
        Self::new("LS2005", message, json!({ "file": file }))
    }

    /// LS2019: `file` is another than the one that was listed.
    pub fn changed(file: &str) -> Self {
        let message = format!("{file} was changed after the program opened it");
        Self::new("LS2019", message, json!({ "file": file }))
    }

    /// LS2018: `file` is whole, but no `format`.
    pub fn another_format(file: &str, format: &str, reader: &str) -> Self {
        let message = format!("{file} is no {format} file; {reader}");
        Self::new("LS2018", message, json!({ "file": file }))
    }

    /// LS2008: `path` cannot be written.
    pub fn write(path: &Path, error: &io::Error) -> Self {
        let path = path.display().to_string();
        let reason = match error.kind() {
            io::ErrorKind::StorageFull => "no space left on the disk".to_owned(),
            io::ErrorKind::QuotaExceeded => "the disk quota is used up".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
            _ => plain(error),
        };
        Self::new("LS2008", format!("cannot write {path}: {reason}"), json!({ "path": path, "reason": reason }))
    }

    /// LS2001: `file` was listed but cannot be read.
    pub fn read(file: &str, error: &io::Error) -> Self {
        let message = format!("cannot read {file}: {}", plain(error));
        Self::new("LS2001", message, json!({ "file": file }))
    }

    /// LS2015: something this version does not do.
    pub fn unsupported(message: impl Into<String>, detail: Value) -> Self {
        Self::new("LS2015", message, detail)
    }

    /// The connector error inside an engine error, however deeply wrapped.
    pub fn find(error: &DataFusionError) -> Option<&Self> {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(current) = cause {
            if let Some(found) = current.downcast_ref::<Self>() {
                return Some(found);
            }
            // An Arc or Box hides its content from `downcast_ref`: look through both by hand.
            cause = match current.downcast_ref::<DataFusionError>() {
                Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
                Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
                Some(DataFusionError::Context(_, inner)) => Some(inner.as_ref()),
                _ => current.source(),
            };
        }
        None
    }
}

/// An `io::Error` without Rust's "(os error 2)".
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

impl fmt::Display for ConnectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConnectorError {}

impl From<ConnectorError> for DataFusionError {
    fn from(error: ConnectorError) -> Self {
        Self::External(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_through_engine_wrapping() {
        let error = ConnectorError::corrupt("a.parquet", "no footer");
        let wrapped = DataFusionError::from(error.clone()).context("scan");
        let shared = DataFusionError::Shared(std::sync::Arc::new(wrapped));
        assert_eq!(ConnectorError::find(&shared), Some(&error));
        assert_eq!(ConnectorError::find(&DataFusionError::Plan("x".into())), None);
    }
}
