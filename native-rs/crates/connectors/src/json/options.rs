//! What a program can say when it reads JSON Lines.
use lockstep_plan::{ColumnType, JsType};
use serde::{Deserialize, Serialize};

use crate::store::StoreOptions;

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
}

impl JsonLinesRequest {
    /// What the program says of a column.
    pub fn said(&self, name: &str) -> Option<JsType> {
        self.types.iter().find(|(column, _)| column == name).map(|(_, js)| *js)
    }
}
