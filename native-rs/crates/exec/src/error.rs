//! The one error that leaves the engine: a run-time code, a message for people, a place in the user's source.
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use lockstep_comm::CommError;
use lockstep_connectors::ConnectorError;
use lockstep_functions::RowError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub type Result<T, E = EngineError> = std::result::Result<T, E>;

/// What the binding throws as JSON. `code` is one of the `LS2…` run-time codes of ARCHITECTURE.md.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct EngineError {
    pub code: String,
    pub message: String,
    /// `file:line:column` of the operation in the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The rank where it happened first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
    /// How to mend it; none: what the code says in general.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl EngineError {
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), site: None, rank: None, detail: Value::Null, fix: None }
    }

    /// LS2015: something this version does not do.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new("LS2015", message)
    }

    /// LS2010 from what the memory pool says: `… Failed to allocate additional 1.2 MB for HashJoinInput[0] with 10.0 MB
    /// already allocated for this reservation - 3.0 MB remain available for the total memory pool: fair(pool_size: …)`.
    fn memory(said: &str) -> Self {
        let last = said.rsplit_once("Failed to allocate ").map_or(said, |(_, last)| last);
        let between = |start: &str, end: &str| Some(last.split_once(start)?.1.split_once(end)?.0.trim());
        let operator = between(" for ", " with ").map(|name| name.split(['[', '#']).next().unwrap_or(name));
        let parts = (operator, between("additional ", " for "), between(" with ", " already"), between("pool_size: ", ")"));
        let message = match parts {
            (Some(operator), Some(need), Some(held), Some(limit)) => format!(
                "{operator} needs {need} more memory than the {held} it holds, beyond the limit of {limit} a rank; run \
                 with more ranks or a larger --memory"
            ),
            _ => format!("the memory limit of a rank is reached: {said}; run with more ranks or a larger --memory"),
        };
        Self { detail: json!({ "said": said }), ..Self::new("LS2010", message) }
    }

    /// LS2099: our mistake.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new("LS2099", message)
    }

    pub fn at(mut self, site: &str) -> Self {
        self.site.get_or_insert_with(|| site.to_owned());
        self
    }

    pub fn on(mut self, rank: usize) -> Self {
        self.rank.get_or_insert(rank);
        self
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an error is plain data")
    }

    /// Reads what [`Self::to_json`] wrote; any other text is a bug's message.
    pub fn from_json(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_| Self::bug(text))
    }
}

impl From<EngineError> for DataFusionError {
    fn from(error: EngineError) -> Self {
        Self::External(Box::new(error))
    }
}

impl From<ConnectorError> for EngineError {
    fn from(error: ConnectorError) -> Self {
        Self { detail: error.detail, fix: error.fix, ..Self::new(error.code, error.message) }
    }
}

impl From<CommError> for EngineError {
    fn from(error: CommError) -> Self {
        crate::run::from_comm(error)
    }
}

impl From<DataFusionError> for EngineError {
    fn from(error: DataFusionError) -> Self {
        if let Some(found) = find::<EngineError>(&error) {
            return found.clone();
        }
        if let Some(found) = ConnectorError::find(&error) {
            return found.clone().into();
        }
        if let Some(found) = RowError::of(&error) {
            let mut detail = json!({ "name": found.name, "row": found.row });
            if let Some(script) = found.script {
                detail["script"] = script.into();
            }
            return Self { detail, fix: found.fix.clone(), ..Self::new(found.code, found.message.clone()) };
        }
        if let Some(found) = find::<CommError>(&error) {
            return found.clone().into();
        }
        if let DataFusionError::ResourcesExhausted(message) = error.find_root() {
            return Self::memory(message);
        }
        // Inputs and outputs have errors of their own: what is left is the spill folder.
        match io_error(&error) {
            Some(said) => Self::new("LS2008", format!("the spill folder cannot be written: {said}")),
            None => Self::bug(error.find_root().strip_backtrace()),
        }
    }
}

/// What the operating system said, however an error of it is wrapped: Arrow's IPC keeps the text alone.
fn io_error(error: &DataFusionError) -> Option<String> {
    let said = match (find::<std::io::Error>(error), find::<ArrowError>(error)) {
        (Some(found), _) => found.to_string(),
        (_, Some(ArrowError::IoError(said, _))) => said.clone(),
        _ => return None,
    };
    // Rust's "(os error 28)" and Arrow's "IO error: " help nobody.
    let said = said.split(" (os error").next().unwrap_or_default();
    Some(said.trim_start_matches("Io error: ").trim_start_matches("IO error: ").to_lowercase())
}

/// The error of type `E` inside an engine error, however deeply wrapped.
fn find<E: std::error::Error + 'static>(error: &DataFusionError) -> Option<&E> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref::<E>() {
            return Some(found);
        }
        // `External` and `Shared` hide the boxed error itself and answer with its source.
        cause = match current.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::Context(_, inner)) => Some(inner.as_ref()),
            _ => current.source(),
        };
    }
    None
}
