//! Chunks of a result, from the store in which they stand: by the client that object stores' client uses.
use std::{env, error::Error, sync::OnceLock, time::Duration};

use bytes::Bytes;
use reqwest::{Client, StatusCode, redirect::Policy};
use serde_json::json;

use super::schema::SnowflakeRelation;
use crate::errors::{ConnectorError, Result};

const CONNECT: Duration = Duration::from_secs(20);
/// A chunk has some tens of megabytes.
const LONGEST: u64 = 1 << 30;
/// Without a byte.
const SILENCE: Duration = Duration::from_secs(60);

/// One a process: chunks come over the same connections.
fn client() -> std::result::Result<&'static Client, String> {
    static CLIENT: OnceLock<std::result::Result<Client, String>> = OnceLock::new();
    // Elsewhere the key that opens a chunk is nobody's business.
    CLIENT.get_or_init(|| Client::builder().redirect(Policy::none()).connect_timeout(CONNECT).read_timeout(SILENCE).build().map_err(|error| plain(&error))).as_ref().map_err(Clone::clone)
}

/// The bytes of a part, whole: one that is cut off is asked for again. LS2021
pub async fn fetch(relation: &SnowflakeRelation, part: usize, url: &str) -> Result<Bytes> {
    let retries = env::var("LOCKSTEP_STORE_RETRIES").ok().and_then(|retries| retries.parse().ok()).unwrap_or(8);
    let mut pause = Duration::from_millis(100);
    for attempt in 0_u32.. {
        let failed = match once(relation, url).await {
            Ok(bytes) => return Ok(bytes),
            Err(failed) => failed,
        };
        if attempt >= retries || !failed.again {
            let fix = if failed.expired { "Snowflake keeps results for some hours: start the program again." } else { "Check the network; then start the program again." };
            let message = format!("{}: the connection was lost while it was read: {}", relation.part_name(part), failed.reason);
            return Err(ConnectorError::new("LS2021", message, json!({ "source": relation.name })).with_fix(fix));
        }
        // Ranks that failed together do not come back together.
        tokio::time::sleep(pause.mul_f64(0.5 + (part % 16) as f64 / 32.0)).await;
        pause = (pause * 2).min(Duration::from_secs(4));
    }
    unreachable!("the attempts end")
}

struct Failed {
    reason: String,
    again: bool,
    expired: bool,
}

async fn once(relation: &SnowflakeRelation, url: &str) -> std::result::Result<Bytes, Failed> {
    let broken = |reason: String| Failed { reason, again: true, expired: false };
    let mut request = client().map_err(broken)?.get(url);
    for (name, value) in &relation.headers {
        request = request.header(name, value);
    }
    let answer = request.send().await.map_err(|error| broken(plain(&error)))?;
    let status = answer.status();
    if status != StatusCode::OK {
        let busy = status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
        let expired = matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
        return Err(Failed { reason: format!("the store of the result answers with status {}", status.as_u16()), again: busy, expired });
    }
    if let Some(length) = answer.content_length().filter(|length| *length > LONGEST) {
        return Err(Failed { reason: format!("it says to have {length} bytes"), again: false, expired: false });
    }
    answer.bytes().await.map_err(|error| broken(plain(&error)))
}

/// The innermost cause: the outer ones print the URL, which opens the chunk.
fn plain(error: &reqwest::Error) -> String {
    let mut cause: Option<&dyn Error> = error.source();
    let mut said = if error.is_timeout() { "no answer in time".to_owned() } else { "it broke".to_owned() };
    while let Some(inner) = cause {
        said = inner.to_string();
        cause = inner.source();
    }
    said.split(" (os error").next().unwrap_or_default().to_lowercase()
}
