//! Where a server is.
use std::{env, fmt};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::errors::{ConnectorError, Result};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub encrypted: bool,
    /// Without the brackets of an IPv6 address.
    pub host: String,
    pub port: u16,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.encrypted { "grpc+tls" } else { "grpc" }, self.authority())
    }
}

impl Target {
    /// Of the program, else of the environment. LS2015: a URL that is none, or has more than a server in it, which is not printed.
    pub fn find(url: Option<&str>) -> Result<Self> {
        match url.map(str::to_owned).or_else(|| variable("LOCKSTEP_FLIGHT_URL")) {
            Some(url) => Self::parse(&url),
            None => Err(wrong("nothing says where the server of Flight SQL is: { url: \"grpc+tls://host:port\" }, or LOCKSTEP_FLIGHT_URL in the environment")),
        }
    }

    /// `grpc://host:port`, `grpc+tcp://…` or `grpc+tls://…`.
    pub fn parse(url: &str) -> Result<Self> {
        // Of what is not understood nothing is printed: it may hold a password.
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong(FORM))?;
        let encrypted = match scheme {
            "grpc+tls" => true,
            "grpc" | "grpc+tcp" => false,
            _ => return Err(wrong(FORM)),
        };
        if rest.contains(['@', '?', '#']) {
            return Err(wrong("the URL of a server of Flight SQL has host and port alone; a token, or user and password, are taken from the environment: LOCKSTEP_FLIGHT_TOKEN, or LOCKSTEP_FLIGHT_USER and LOCKSTEP_FLIGHT_PASSWORD"));
        }
        let place = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = place.rsplit_once(':').ok_or_else(|| wrong(FORM))?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match port.parse() {
            Ok(port) if !host.is_empty() && !host.contains('/') => Ok(Self { encrypted, host: host.to_owned(), port }),
            _ => Err(wrong(FORM)),
        }
    }

    /// `host:port`
    pub fn authority(&self) -> String {
        if self.host.contains(':') { format!("[{}]:{}", self.host, self.port) } else { format!("{}:{}", self.host, self.port) }
    }
}

const FORM: &str = "the URL of a server of Flight SQL is grpc+tls://host:port, or grpc://host:port where nothing is encrypted";

/// What the environment says, if it says something.
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

pub fn wrong(message: &str) -> ConnectorError {
    ConnectorError::unsupported(message, json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let printed = |url: &str| Target::parse(url).unwrap().to_string();
        assert_eq!(printed("grpc://db.example:31337"), "grpc://db.example:31337");
        assert_eq!(printed("grpc+tcp://127.0.0.1:1/"), "grpc://127.0.0.1:1");
        assert_eq!(printed("grpc+tls://[::1]:443"), "grpc+tls://[::1]:443");
        for url in ["grpc://host", "grpc://:1", "grpc://host:x", "grpc://host:70000", "http://host:1", "host:1", "grpc://a/b:1", "grpc+unix:///tmp/x"] {
            assert_eq!(Target::parse(url).unwrap_err().code, "LS2015", "{url}");
        }
    }

    #[test]
    fn a_password_in_the_program_is_refused_unprinted() {
        for url in ["grpc://ann:planted@host:1", "grpc://planted@host:1", "grpc+tls://host:1/?token=planted", "http://ann:planted@host:1", "planted"] {
            let error = Target::parse(url).unwrap_err();
            assert_eq!(error.code, "LS2015", "{url}");
            assert!(!format!("{error:?}").contains("planted"), "{error:?}");
        }
    }
}
