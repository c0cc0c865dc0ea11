//! What a program can say when it reads JSON Lines.
use lockstep_plan::{ColumnType, JsType, JsonLinesWrite};
use serde::{Deserialize, Serialize};

use crate::{
    errors::{ConnectorError, Result},
    store::StoreOptions,
    text::{Compression, Tolerance},
};

/// `readJsonLines(paths, …)` with the interface the compiler saw.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct JsonLinesRequest {
    /// Files, directories, globs.
    pub paths: Vec<String>,
    /// The interface; empty: no interface, all columns inferred.
    #[serde(default)]
    pub declared: Vec<ColumnType>,
    #[serde(default)]
    pub store: StoreOptions,
    /// Column → type, instead of what its values are. A column named here is there, even if no line has it.
    #[serde(default)]
    pub types: Vec<(String, JsType)>,
    /// The schema has to name all columns, not those of the interface alone: every line is looked at.
    #[serde(default)]
    pub whole: bool,
    /// Bad lines are left out; None: an error.
    #[serde(default)]
    pub tolerance: Option<Tolerance>,
}

impl JsonLinesRequest {
    /// Without what it says of some columns.
    pub fn without(&self, column: impl Fn(&str) -> bool) -> Self {
        let mut other = self.clone();
        other.declared.retain(|declared| !column(&declared.name));
        other.types.retain(|(name, _)| !column(name));
        other
    }

    /// What the program says of a column.
    pub fn said(&self, name: &str) -> Option<JsType> {
        self.types.iter().find(|(column, _)| column == name).map(|(_, js)| *js)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonLinesWriteOptions {
    pub compression: Compression,
}

impl TryFrom<&JsonLinesWrite> for JsonLinesWriteOptions {
    type Error = ConnectorError;

    fn try_from(write: &JsonLinesWrite) -> Result<Self> {
        Ok(Self { compression: Compression::of(&write.compression)? })
    }
}
