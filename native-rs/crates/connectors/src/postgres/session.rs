//! A session with a server. Its socket is served by the network's thread.
use std::{fmt::Write, time::Duration};

use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, SimpleQueryMessage, config::SslMode};

use super::{
    errors,
    target::{Target, Tls},
    tls::Connector,
};
use crate::errors::{ConnectorError, Result};

const CONNECT: Duration = Duration::from_secs(20);

/// What makes texts of values, and the order of rows, the same in every session, and in plain Node's (`connectors/postgres/session.ts`).
const SETTINGS: &[(&str, &str)] = &[
    ("datestyle", "ISO"),
    ("timezone", "UTC"),
    ("intervalstyle", "postgres"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("standard_conforming_strings", "on"),
    ("synchronize_seqscans", "off"),
    ("max_parallel_workers_per_gather", "0"),
    // The session that holds the snapshot locks what it read as well: who waits to change it stands before its readers.
    ("lock_timeout", "10000"),
    // Where the server has it: it notices that nobody is there any more while it computes, too.
    ("client_connection_check_interval", "1000"),
    // The session that holds the snapshot waits for the program.
    ("idle_in_transaction_session_timeout", "0"),
    // The session that commits waits for the rows.
    ("idle_session_timeout", "0"),
];

pub struct Session {
    client: Client,
    /// Dropped with the session, and the socket with it: the server ends what it does for it.
    connection: Option<JoinHandle<()>>,
}

impl Session {
    /// LS2020, LS2021, LS2001.
    pub async fn open(target: &Target) -> Result<Self> {
        let mut config = Config::new();
        config.host(&target.host).port(target.port).user(&target.user).dbname(&target.database);
        config.application_name("lockstep").connect_timeout(CONNECT);
        config.ssl_mode(match target.tls {
            _ if target.host.starts_with('/') => SslMode::Disable,
            Tls::Off => SslMode::Disable,
            Tls::Preferred => SslMode::Prefer,
            Tls::Unverified | Tls::Verified => SslMode::Require,
        });
        if let Some(password) = target.password() {
            config.password(password);
        }
        let connector = Connector::new(target.tls == Tls::Verified).map_err(|error| errors::unencrypted(target, &error))?;
        let (client, connection) = config.connect(connector).await.map_err(|error| errors::connecting(target, &error))?;
        // What becomes of it shows in the answers to the client.
        let connection = tokio::spawn(async move { drop(connection.await) });
        let session = Self { client, connection: Some(connection) };
        let mut set = String::from("SELECT ");
        for (index, (name, value)) in SETTINGS.iter().enumerate() {
            write!(set, "{}(SELECT set_config(name, '{value}', false) FROM pg_settings WHERE name = '{name}')", if index > 0 { ", " } else { "" }).expect("a string grows");
        }
        session.client.simple_query(&set).await.map_err(|error| errors::connecting(target, &error))?;
        Ok(session)
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    pub async fn run(&self, source: &str, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).await.map_err(|error| errors::running(source, &error))
    }

    /// Rows of texts.
    pub async fn rows(&self, source: &str, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        let messages = self.client.simple_query(sql).await.map_err(|error| errors::running(source, &error))?;
        Ok(rows_of(&messages))
    }

    /// The one value that a statement gives.
    pub async fn value(&self, source: &str, sql: &str) -> Result<Option<String>> {
        Ok(self.rows(source, sql).await?.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    /// Says goodbye; the server need not find out.
    pub async fn end(mut self) {
        let connection = self.connection.take();
        drop(self);
        if let Some(connection) = connection {
            drop(tokio::time::timeout(Duration::from_secs(2), connection).await);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.abort();
        }
    }
}

/// The rows of an answer, as texts.
pub fn rows_of(messages: &[SimpleQueryMessage]) -> Vec<Vec<Option<String>>> {
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect()),
        _ => None,
    });
    rows.collect()
}

/// The error of an answer that no server gives.
pub fn odd(source: &str) -> ConnectorError {
    ConnectorError::corrupt(source, "the server answers in a way that is none of PostgreSQL's")
}
