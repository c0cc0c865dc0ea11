//! What goes wrong with a database, in our words. Nothing here prints a password: none is in a target's name, and the client's
//! errors, which hold parts of its configuration, are not passed on but for what the server says.
use std::{error::Error, io};

use serde_json::json;
use tokio_postgres::{Error as ClientError, error::{DbError, SqlState}};

use super::target::Target;
use crate::errors::ConnectorError;

const LOGIN: &str = "Set DATABASE_URL, or PGUSER and PGPASSWORD, in the environment, or write a line into ~/.pgpass.";
const AGAIN: &str = "Start the program again when the server is there.";
const AFTER: &str = "Start the program again when it is done.";
const REFUSED: &str = "Mend the query, or the rows that the server stumbles over.";

/// LS2020, LS2021, LS2001: the session was refused, or the server was not there.
pub fn connecting(target: &Target, error: &ClientError) -> ConnectorError {
    let name = target.to_string();
    let detail = json!({ "source": name });
    if let Some(said) = error.as_db_error() {
        let (code, fix) = match *said.code() {
            SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => ("LS2020", LOGIN),
            SqlState::INVALID_CATALOG_NAME => ("LS2001", "Name another database in the URL, or with PGDATABASE."),
            SqlState::TOO_MANY_CONNECTIONS => ("LS2021", "The server has no session left: read with fewer, { connections: 2 }."),
            _ => ("LS2021", "The server says why."),
        };
        return ConnectorError::new(code, format!("{name} refuses a session: {}", said.message()), detail).with_fix(fix);
    }
    if target.password().is_none() && error.source().is_some_and(|cause| cause.to_string().contains("password missing")) {
        let message = format!("{name} asks for a password, and the environment has none");
        return ConnectorError::new("LS2020", message, detail).with_fix(LOGIN);
    }
    let reason = io_cause(error).map_or_else(|| "it does not answer as PostgreSQL does".to_owned(), |error| plain(&error));
    let message = format!("{name} cannot be reached: {reason}");
    ConnectorError::new("LS2021", message, detail).with_fix("Say where it is: DATABASE_URL, or PGHOST and PGPORT.")
}

/// LS2021: there is nothing to encrypt with.
pub fn unencrypted(target: &Target, error: &io::Error) -> ConnectorError {
    ConnectorError::new("LS2021", format!("{target} cannot be reached encrypted: {}", plain(error)), json!({ "source": target.to_string() })).with_fix("Let the server have a certificate, or say how it is reached in DATABASE_URL: sslmode=prefer.")
}

/// A statement of ours that the server refused, or a session that ended. `source`: the table or query as messages name it.
pub fn running(source: &str, error: &ClientError) -> ConnectorError {
    let detail = json!({ "source": source });
    let Some(said) = error.as_db_error() else {
        let reason = io_cause(error).map_or_else(|| "the server ended the session".to_owned(), |error| plain(&error));
        return ConnectorError::new("LS2021", format!("{source}: the connection was lost while it was read: {reason}"), detail).with_fix(AGAIN);
    };
    let message = said.message();
    let (code, what, fix) = match *said.code() {
        SqlState::UNDEFINED_TABLE | SqlState::INVALID_SCHEMA_NAME => ("LS2001", message.to_owned(), "Check the names in the query, and the database."),
        SqlState::INSUFFICIENT_PRIVILEGE => ("LS2020", message.to_owned(), "Give the user SELECT on it."),
        SqlState::LOCK_NOT_AVAILABLE => ("LS2021", format!("another session is changing it, or waits to ({message})"), AFTER),
        SqlState::QUERY_CANCELED => {
            ("LS2021", message.to_owned(), "The server ends what takes longer than its statement_timeout: filter, or let the role have more time (ALTER ROLE … SET statement_timeout).")
        }
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => ("LS2021", format!("the connection was lost while it was read: {message}"), AGAIN),
        SqlState::INVALID_PARAMETER_VALUE if message.contains("snapshot") => ("LS2021", "the session that holds its snapshot has ended: the server was started anew, or ended it".to_owned(), AGAIN),
        _ => ("LS2015", format!("the server refuses it: {message}"), REFUSED),
    };
    ConnectorError::new(code, format!("{source}: {what}"), detail).with_fix(fix)
}

/// The same of a write to `table`, as messages name it.
pub fn writing(table: &str, error: &ClientError) -> ConnectorError {
    let Some(said) = error.as_db_error() else {
        let reason = io_cause(error).map_or_else(|| "the server ended the session".to_owned(), |error| plain(&error));
        return ConnectorError::new("LS2021", format!("{table}: the connection was lost while it was written: {reason}"), json!({ "source": table })).with_fix(AGAIN);
    };
    let message = said.message();
    let (code, what, fix) = match *said.code() {
        SqlState::UNDEFINED_TABLE | SqlState::INVALID_SCHEMA_NAME => ("LS2001", message.to_owned(), "Check the names of schema and table, and the database."),
        SqlState::DUPLICATE_TABLE => ("LS2007", message.to_owned(), "Write with mode \"append\", \"overwrite\" or \"merge\", or drop the table."),
        SqlState::INSUFFICIENT_PRIVILEGE => {
            ("LS2020", message.to_owned(), "Give the user CREATE on its schema, and on the table INSERT, to overwrite also DELETE, to merge UPDATE and SELECT.")
        }
        SqlState::NOT_NULL_VIOLATION => {
            let column = said.column().unwrap_or_default();
            let message = format!("{table}: the column \"{column}\" is required, and a row has null there");
            return ConnectorError::new("LS2003", message, json!({ "source": table, "column": column })).with_fix("Filter these rows out, or give them a value.");
        }
        SqlState::LOCK_NOT_AVAILABLE | SqlState::T_R_DEADLOCK_DETECTED => ("LS2021", format!("another session is changing it ({message})"), AFTER),
        SqlState::QUERY_CANCELED => {
            ("LS2021", message.to_owned(), "The server ends what takes longer than its statement_timeout: let the role have more time (ALTER ROLE … SET statement_timeout).")
        }
        SqlState::DISK_FULL | SqlState::OUT_OF_MEMORY => ("LS2008", format!("the server has no room: {message}"), "Make room on the server, or let it have more memory: it says which."),
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => return lost(table),
        _ => ("LS2015", format!("the server refuses it: {}", with_place(said)), REFUSED),
    };
    ConnectorError::new(code, format!("{table}: {what}"), json!({ "source": table })).with_fix(fix)
}

/// What the server says, and where: "COPY …, line 3, column name" names the table of the write alone, which says nothing to anybody.
fn with_place(said: &DbError) -> String {
    let column = said.where_().and_then(|place| place.lines().next()?.split_once(", column ")).map(|(_, column)| column);
    let [detail, column] = [said.detail().map(|detail| format!(" ({detail})")), column.map(|column| format!(", column {column}"))].map(Option::unwrap_or_default);
    format!("{}{detail}{column}", said.message())
}

/// LS2021: a session that has ended.
pub fn lost(table: &str) -> ConnectorError {
    ConnectorError::new("LS2021", format!("{table}: the connection was lost while it was written"), json!({ "source": table })).with_fix(AGAIN)
}

fn io_cause(error: &ClientError) -> Option<io::Error> {
    let mut cause = error.source();
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref::<io::Error>() {
            return Some(io::Error::new(found.kind(), found.to_string()));
        }
        cause = current.source();
    }
    None
}

fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
