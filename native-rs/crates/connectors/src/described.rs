//! What travels between ranks of inputs that one of them has opened: a description, and behind it the footers of remote files, which only
//! one rank reads.
use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    dataset::DataFile,
    errors::{ConnectorError, Result},
    parquet::Footers,
};

/// What footers say of files that stand together.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Described {
    pub(crate) files: Vec<DataFile>,
    #[serde(skip)]
    pub(crate) footers: Footers,
}

impl Described {
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        packed(self, &self.footers)
    }

    /// The inverse of [`Self::to_bytes`].
    pub fn from_bytes(bytes: &Bytes) -> Result<Self> {
        let (described, footers): (Self, Footers) = unpacked(bytes)?;
        Ok(Self { footers, ..described })
    }

    /// As it came back from the others, with the footers that this rank has parsed.
    pub fn with_footers_of(self, own: Self) -> Self {
        Self { footers: own.footers, ..self }
    }

    /// Of the files of all parts, which stand in their order.
    pub(crate) fn joined(parts: Vec<Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.files.extend(part.files);
            all.footers.extend(&part.footers);
        }
        all
    }
}

pub(crate) fn packed(description: &impl Serialize, footers: &Footers) -> Result<Vec<u8>> {
    let bug = |error: serde_json::Error| ConnectorError::new("LS2099", error.to_string(), Value::Null);
    let text = serde_json::to_vec(description).map_err(bug)?;
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text);
    footers.append_to(&mut bytes);
    Ok(bytes)
}

/// The inverse of [`packed`].
pub(crate) fn unpacked<T: DeserializeOwned>(bytes: &Bytes) -> Result<(T, Footers)> {
    let bug = |error: &str| ConnectorError::new("LS2099", format!("a description of files that cannot be read: {error}"), Value::Null);
    let (length, _) = bytes.split_first_chunk::<8>().ok_or_else(|| bug("it is cut off"))?;
    let end = usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|length| length.checked_add(8)).filter(|end| *end <= bytes.len());
    let end = end.ok_or_else(|| bug("it is cut off"))?;
    let description = serde_json::from_slice(&bytes[8..end]).map_err(|error| bug(&error.to_string()))?;
    Ok((description, Footers::from_bytes(bytes.slice(end..))))
}
