use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The type a value has when JavaScript looks at it. `null` is a value of every nullable type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub enum JsType {
    /// float64. An integer column looked at as a number is checked: past ±2^53 it is an error.
    Number,
    /// Well-formed UTF-8 in memory, UTF-16 in every observable way (length, indices, order).
    String,
    Boolean,
    /// int64.
    Bigint,
    /// timestamp(ms, UTC).
    Date,
}

/// What the program's interface says of a source column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct ColumnType {
    pub name: String,
    #[serde(rename = "type")]
    pub js: JsType,
    /// False: a null found while reading is an error that names file, column and row.
    pub nullable: bool,
}
