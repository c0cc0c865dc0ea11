//! Who a process is to a server: of the environment alone, and in no type that prints.
use base64::{Engine, prelude::BASE64_STANDARD};
use tonic::metadata::{Ascii, MetadataValue};

use super::target::{variable, wrong};
use crate::errors::Result;

/// The header `authorization`.
pub type Authorization = MetadataValue<Ascii>;

pub enum Login {
    Nobody,
    /// What goes with every call.
    Token(Authorization),
    /// What a handshake makes a token of.
    Password(Authorization),
}

impl Login {
    /// `LOCKSTEP_FLIGHT_TOKEN`, or `LOCKSTEP_FLIGHT_USER` and `LOCKSTEP_FLIGHT_PASSWORD`. LS2015: both, or what no header can hold.
    pub fn of_environment() -> Result<Self> {
        let login = [variable("LOCKSTEP_FLIGHT_USER"), variable("LOCKSTEP_FLIGHT_PASSWORD")];
        match (variable("LOCKSTEP_FLIGHT_TOKEN"), login) {
            (None, [None, None]) => Ok(Self::Nobody),
            (Some(token), [None, None]) => Ok(Self::Token(header(&format!("Bearer {token}"))?)),
            (None, [Some(user), password]) => {
                let login = BASE64_STANDARD.encode(format!("{user}:{}", password.unwrap_or_default()));
                Ok(Self::Password(header(&format!("Basic {login}"))?))
            }
            (None, [None, Some(_)]) => Err(wrong("LOCKSTEP_FLIGHT_PASSWORD stands alone in the environment: LOCKSTEP_FLIGHT_USER says whose it is")),
            (Some(_), _) => Err(wrong("the environment has LOCKSTEP_FLIGHT_TOKEN, and LOCKSTEP_FLIGHT_USER or LOCKSTEP_FLIGHT_PASSWORD: leave one of the two logins")),
        }
    }
}

fn header(text: &str) -> Result<Authorization> {
    let mut header: Authorization = text.parse().map_err(|_| wrong("LOCKSTEP_FLIGHT_TOKEN has a character that no header can hold"))?;
    header.set_sensitive(true);
    Ok(header)
}
