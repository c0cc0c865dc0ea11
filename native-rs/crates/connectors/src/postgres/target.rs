//! Where a database is, by libpq's names: the URL of the program, else `DATABASE_URL`, and what they leave out from
//! `PGSERVICE`'s file and the `PG…` variables. The password is never a part of it: every process takes its own from its environment.
use std::{collections::BTreeMap, env, fmt, fs, path::PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::errors::{ConnectorError, Result};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// A name, an address, or the folder of a Unix socket.
    pub host: String,
    pub port: u16,
    pub user: String,
    pub database: String,
    pub tls: Tls,
}

/// libpq's `sslmode`, as far as it is told apart here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tls {
    /// `disable`.
    Off,
    /// `prefer`, and what is so if nothing is said: encrypted where the server can.
    Preferred,
    /// `require`: encrypted, with whoever answers.
    Unverified,
    /// `verify-ca`, `verify-full`: with the host that the certificate names.
    Verified,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.starts_with('/') {
            true => write!(f, "postgres:///{} ({})", self.database, self.host),
            false => write!(f, "postgres://{}:{}/{}", self.host, self.port, self.database),
        }
    }
}

impl Target {
    /// LS2015: a URL that is none, or with a password in it, which is not printed.
    pub fn find(url: Option<&str>) -> Result<Self> {
        let given = match url {
            Some(url) => parse(url, false)?,
            None => of_environment()?,
        };
        let service = service(given.get("service"))?;
        let said = |name: &str, variable: &str| given.get(name).or_else(|| service.get(name)).cloned().or_else(|| variable_of(variable));
        let user = said("user", "PGUSER").or_else(|| variable_of("USER")).unwrap_or_else(|| "postgres".to_owned());
        let port = said("port", "PGPORT").unwrap_or_else(|| "5432".to_owned());
        let port = port.parse().map_err(|_| wrong(&format!("\"{port}\" is no port")))?;
        let tls = match said("sslmode", "PGSSLMODE").as_deref() {
            Some("disable") => Tls::Off,
            None | Some("allow" | "prefer") => Tls::Preferred,
            Some("require") => Tls::Unverified,
            Some("verify-ca" | "verify-full") => Tls::Verified,
            Some(other) => return Err(wrong(&format!("sslmode \"{other}\" is not one of disable, allow, prefer, require, verify-ca, verify-full"))),
        };
        Ok(Self {
            host: said("host", "PGHOST").unwrap_or_else(|| "localhost".to_owned()),
            port,
            database: said("dbname", "PGDATABASE").unwrap_or_else(|| user.clone()),
            user,
            tls,
        })
    }

    /// What this process's environment has for it.
    pub fn password(&self) -> Option<String> {
        let url = of_environment().unwrap_or_default();
        let here = |name: &str, is: &str| url.get(name).is_none_or(|said| said == is);
        // The URL of another database has the password of another.
        let own = || url.get("password").filter(|_| here("host", &self.host) && here("user", &self.user) && here("port", &self.port.to_string()));
        own().cloned().or_else(|| service(url.get("service")).ok()?.get("password").cloned()).or_else(|| variable_of("PGPASSWORD")).or_else(|| self.of_file())
    }

    /// A line of `~/.pgpass`: `host:port:database:user:password`.
    fn of_file(&self) -> Option<String> {
        let home = || Some(PathBuf::from(variable_of("HOME")?).join(".pgpass"));
        let path = variable_of("PGPASSFILE").map(PathBuf::from).or_else(home)?;
        let host = if self.host.starts_with('/') { "localhost" } else { &self.host };
        let wanted = [host, &self.port.to_string(), &self.database, &self.user];
        fs::read_to_string(path).ok()?.lines().find_map(|line| {
            let fields = fields(line)?;
            let (password, names) = fields.split_last()?;
            let fits = names.len() == wanted.len() && names.iter().zip(wanted).all(|(name, is)| name == "*" || name == is);
            fits.then(|| password.clone())
        })
    }
}

fn variable_of(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn of_environment() -> Result<BTreeMap<String, String>> {
    variable_of("DATABASE_URL").map_or_else(|| Ok(BTreeMap::new()), |url| parse(&url, true))
}

/// A URL's parts by libpq's names. `secret`: it may hold a password.
fn parse(url: &str, secret: bool) -> Result<BTreeMap<String, String>> {
    let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
    // Of what is not understood nothing is printed: it may hold a password.
    let rest = rest.ok_or_else(|| wrong("the URL of a database begins with postgres://"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (place, ""),
    };
    let mut parts = BTreeMap::new();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    for (name, value) in [("host", host), ("port", port), ("user", user), ("password", password), ("dbname", database)] {
        if !value.is_empty() {
            parts.insert(name.to_owned(), decoded(value).ok_or_else(|| wrong("the URL of a database has a % that stands for no character"))?);
        }
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parts.insert(name.to_owned(), decoded(value).ok_or_else(|| wrong("the URL of a database has a % that stands for no character"))?);
    }
    if !secret && (parts.contains_key("password") || parts.get("dbname").is_some_and(|name| name.contains('@'))) {
        return Err(wrong("the URL holds a password; it is taken from the environment alone: PGPASSWORD, DATABASE_URL or ~/.pgpass"));
    }
    Ok(parts)
}

/// `%2F` and its like.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(others.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &others[2..];
        } else {
            bytes.push(*first);
            rest = others;
        }
    }
    String::from_utf8(bytes).ok()
}

/// What the file of services says of the one that is named.
fn service(name: Option<&String>) -> Result<BTreeMap<String, String>> {
    let Some(name) = name.cloned().or_else(|| variable_of("PGSERVICE")) else { return Ok(BTreeMap::new()) };
    let home = || Some(PathBuf::from(variable_of("HOME")?).join(".pg_service.conf"));
    let system = || Some(PathBuf::from(variable_of("PGSYSCONFDIR")?).join("pg_service.conf"));
    let paths = match variable_of("PGSERVICEFILE") {
        Some(path) => vec![PathBuf::from(path)],
        None => home().into_iter().chain(system()).collect(),
    };
    let texts = paths.iter().filter_map(|path| fs::read_to_string(path).ok());
    let found = texts.map(|text| section(&text, &name)).find(|found| !found.is_empty());
    found.ok_or_else(|| wrong(&format!("PGSERVICE: no file of services has [{name}]")))
}

/// `name=value` lines below `[heading]`.
fn section(text: &str, heading: &str) -> BTreeMap<String, String> {
    let mut inside = false;
    let mut found = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if let Some(title) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = title == heading;
        } else if let Some((name, value)) = line.split_once('=').filter(|_| inside && !line.starts_with('#')) {
            found.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
    found
}

/// The fields of a line, which are separated by colons; a backslash takes the next character as it is.
fn fields(line: &str) -> Option<Vec<String>> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            // What is behind the fourth is the password.
            ':' if fields.len() < 5 => fields.push(String::new()),
            '\\' => fields.last_mut()?.extend(characters.next()),
            other => fields.last_mut()?.push(other),
        }
    }
    (fields.len() == 5).then_some(fields)
}

fn wrong(message: &str) -> ConnectorError {
    ConnectorError::unsupported(message, json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let parts = parse("postgresql://ann%40x@db.example:5433/sales%20eu?sslmode=require", false).unwrap();
        let found: Vec<_> = parts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, [("dbname", "sales eu"), ("host", "db.example"), ("port", "5433"), ("sslmode", "require"), ("user", "ann@x")]);
        assert_eq!(parse("postgres://[::1]:5433/x", false).unwrap()["host"], "::1");
        assert_eq!(parse("postgres://%2Frun%2Fpg/x", false).unwrap()["host"], "/run/pg");
        assert!(parse("postgres://", false).unwrap().is_empty());
        assert_eq!(parse("postgres://ann:planted@host/x", true).unwrap()["password"], "planted");
    }

    #[test]
    fn a_password_in_the_program_is_refused_unprinted() {
        for url in ["postgres://ann:planted@host/x", "postgres://host/x?password=planted", "postgres://ann:pla/planted@host/x", "mysql://ann:planted@host", "planted", "postgres://%planted"] {
            let error = Target::find(Some(url)).unwrap_err();
            assert_eq!(error.code, "LS2015", "{url}");
            assert!(!format!("{error:?}").contains("planted"), "{error:?}");
        }
    }

    #[test]
    fn files_of_passwords_and_services() {
        assert_eq!(fields(r"db\:1:5432:*:ann:a:b\\c").unwrap(), ["db:1", "5432", "*", "ann", r"a:b\c"]);
        assert!(fields("# comment").is_none() && fields("a:b:c").is_none());
        let text = "# x\n[a]\nhost=one\n[b]\nhost = two\nuser=ann\n";
        assert_eq!(section(text, "b").into_iter().collect::<Vec<_>>(), [("host".to_owned(), "two".to_owned()), ("user".to_owned(), "ann".to_owned())]);
    }
}
