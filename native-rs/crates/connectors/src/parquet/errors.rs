//! arrow-rs' errors and panics → errors that name the file.
use std::{
    cell::Cell,
    io,
    panic::{self, AssertUnwindSafe},
    path::Path,
    sync::Once,
};

use parquet::errors::ParquetError;

use crate::errors::{ConnectorError, Result};

/// An error while reading `file`: ours if one travelled through arrow-rs, else LS2005.
pub fn reading(file: &str, place: &str, error: ParquetError) -> ConnectorError {
    match error {
        ParquetError::External(inner) => match inner.downcast::<ConnectorError>() {
            Ok(known) => *known,
            Err(inner) => match inner.downcast::<io::Error>().map(|error| error.downcast::<ConnectorError>()) {
                Ok(Ok(known)) => known,
                Ok(Err(inner)) => ConnectorError::corrupt(file, format!("{place}: {inner}")),
                Err(inner) => ConnectorError::corrupt(file, format!("{place}: {inner}")),
            },
        },
        other => {
            let text = other.to_string();
            let text = text.split_once(": ").map_or(text.as_str(), |(_, text)| text);
            ConnectorError::corrupt(file, format!("{place}: {text}"))
        }
    }
}

/// An error while writing `path`: LS2008 if the disk said so.
pub fn writing(path: &Path, error: ParquetError) -> ConnectorError {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => match error.downcast::<ConnectorError>() {
                Ok(known) => known,
                Err(error) => ConnectorError::write(path, &error),
            },
            Err(inner) => ConnectorError::write(path, &io::Error::other(inner.to_string())),
        },
        other => ConnectorError::write(path, &io::Error::other(other.to_string())),
    }
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoding step. Damaged bytes can make arrow-rs panic: that is LS2005 too, without a trace on stderr.
pub fn guarded<T>(file: &str, place: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                previous(info);
            }
        }));
    });
    let before = QUIET.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(step));
    QUIET.set(before);
    result.unwrap_or_else(|_| Err(ConnectorError::corrupt(file, format!("{place} cannot be decoded"))))
}
