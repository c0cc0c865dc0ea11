//! What goes wrong with a server, in our words, with what it says. No login is in a target's name, nor in what a server says.
use std::{error::Error, io};

use serde_json::json;
use tonic::{Code, Status};

use super::target::Target;
use crate::errors::ConnectorError;

const LOGIN: &str = "Set LOCKSTEP_FLIGHT_TOKEN, or LOCKSTEP_FLIGHT_USER and LOCKSTEP_FLIGHT_PASSWORD, in the environment.";
const AGAIN: &str = "Start the program again when the server is there.";

/// LS2021: nobody answers there, or not with a certificate that is trusted.
pub fn unreachable(target: &Target, error: &io::Error) -> ConnectorError {
    let reason = plain(error);
    let fix = match target.encrypted && reason.contains("certificate") {
        true => "LOCKSTEP_FLIGHT_CA names a file with the certificate of who has signed the server's.",
        false => "Check the URL and the network.",
    };
    ConnectorError::new("LS2021", format!("{target} cannot be reached: {reason}"), json!({ "source": target.to_string() })).with_fix(fix)
}

/// A call that the server refused, or that it could not answer.
pub fn asking(source: &str, target: &Target, status: &Status) -> ConnectorError {
    failed(source, target, status, "the connection was lost while the query was asked for")
}

/// The rows of one of so many endpoints.
pub fn reading(source: &str, target: &Target, status: &Status, (endpoint, all): (usize, usize)) -> ConnectorError {
    let part = format!("{source}, endpoint {} of {all} at {target}", endpoint + 1);
    match status.code() {
        // What was there a moment before.
        Code::NotFound => {
            let message = format!("{part}: {}; the server no longer knows the ticket", said(status));
            ConnectorError::new("LS2021", message, json!({ "source": source })).with_fix("It has expired, or was taken once and is good for once: start the program again, and let the server keep tickets longer.")
        }
        _ => failed(&part, target, status, "the connection was lost while it was read"),
    }
}

fn failed(source: &str, target: &Target, status: &Status, lost: &str) -> ConnectorError {
    let message = said(status);
    // What the connection says, not the server.
    let broken = Error::source(status).is_some();
    let (code, what, fix) = match status.code() {
        Code::Unauthenticated => ("LS2020", format!("{target} refuses access: {message}"), LOGIN),
        Code::PermissionDenied => ("LS2020", format!("{target} refuses it: {message}"), "Give the user the right to read it."),
        _ if broken => ("LS2021", format!("{lost}: {message}"), AGAIN),
        Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded | Code::Aborted => ("LS2021", format!("{lost}: {message}"), AGAIN),
        Code::ResourceExhausted => ("LS2021", format!("the server has no room: {message}"), "Read with fewer connections, { connections: 2 }."),
        Code::Unknown if message.is_empty() || message.contains("grpc-status") => ("LS2021", format!("{lost}: the server ended it without a word"), AGAIN),
        Code::NotFound => ("LS2001", message, "Check the names in the query, and the server."),
        Code::Unimplemented => ("LS2015", format!("{target} does not do this: {message}"), "It must speak Arrow Flight SQL."),
        _ => ("LS2015", format!("the server refuses it: {message}"), "Mend the query, or the rows that the server stumbles over."),
    };
    ConnectorError::new(code, format!("{source}: {what}"), json!({ "source": source })).with_fix(fix)
}

/// In one line, and no longer than one reads.
fn said(status: &Status) -> String {
    let mut causes = Vec::new();
    let mut cause: Option<&dyn Error> = Error::source(status);
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    // The innermost says what happened.
    let text = causes.pop().unwrap_or_else(|| status.message().to_owned());
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Without what only this machine, or the server's, understands.
    let line = [" (os error", ". Detail: "].iter().fold(line.as_str(), |line, from| line.split(from).next().unwrap_or_default());
    match line.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Without Rust's "(os error 2)".
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
