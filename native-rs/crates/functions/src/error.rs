//! What a kernel throws: JavaScript's own message, and where in the batch.
use std::error::Error;
use std::fmt;

use datafusion::common::DataFusionError;
use datafusion::error::Result;

/// A row function threw, or a value cannot be seen as its JavaScript type.
///
/// Inside a conditional branch the engine evaluates the rows that reach it as a batch of their own, so `row`
/// may be relative to those: [`crate::first_failure`] finds the true row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// LS2004 (an integer past ±2^53), LS2009 (JavaScript throws), LS2015 (not supported).
    pub code: &'static str,
    /// JavaScript's error class: "TypeError", "RangeError", "SyntaxError"; "Error" where JavaScript would not throw.
    pub name: &'static str,
    /// V8's message.
    pub message: String,
    /// The row in the batch that the kernel saw.
    pub row: usize,
    /// The script that threw, by its number in the plan.
    pub script: Option<u32>,
    /// How to mend it; none: what the code says in general.
    pub fix: Option<String>,
}

impl RowError {
    pub(crate) fn type_error<T>(row: usize, message: impl Into<String>) -> Result<T> {
        Self::throw("LS2009", "TypeError", row, message)
    }

    pub(crate) fn range_error<T>(row: usize, message: impl Into<String>) -> Result<T> {
        Self::throw("LS2009", "RangeError", row, message)
    }

    pub(crate) fn syntax_error<T>(row: usize, message: impl Into<String>) -> Result<T> {
        Self::throw("LS2009", "SyntaxError", row, message)
    }

    pub(crate) fn throw<T>(code: &'static str, name: &'static str, row: usize, message: impl Into<String>) -> Result<T> {
        Err(Self::new(code, name, row, message).into())
    }

    pub(crate) fn new(code: &'static str, name: &'static str, row: usize, message: impl Into<String>) -> Self {
        Self { code, name, message: message.into(), row, script: None, fix: None }
    }

    /// What script `function` threw on a row of its batch.
    pub fn script(function: u32, row: usize, message: impl Into<String>) -> DataFusionError {
        Self { script: Some(function), ..Self::new("LS2009", "Error", row, message) }.into()
    }

    /// The row error inside an engine error, however deeply DataFusion or Arrow wrapped it.
    pub fn of(error: &DataFusionError) -> Option<&Self> {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            // `External` and `Shared` hide the boxed error itself and answer with its source.
            cause = match error.downcast_ref::<DataFusionError>() {
                Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
                Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
                Some(DataFusionError::Context(_, inner)) => Some(inner.as_ref()),
                Some(DataFusionError::ArrowError(inner, _)) => Some(inner.as_ref()),
                _ => match error.downcast_ref::<arrow::error::ArrowError>() {
                    Some(arrow::error::ArrowError::ExternalError(inner)) => Some(inner.as_ref()),
                    _ => error.source(),
                },
            };
        }
        None
    }
}

impl From<RowError> for DataFusionError {
    fn from(error: RowError) -> Self {
        Self::External(Box::new(error))
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)
    }
}

impl Error for RowError {}

/// An expression that this version does not run natively.
pub(crate) fn not_supported<T>(message: impl Into<String>) -> Result<T> {
    RowError::throw("LS2015", "Error", 0, message)
}
