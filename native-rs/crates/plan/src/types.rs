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
    /// Lists of these, `list<item: …>`; an element may be null.
    #[serde(rename = "number[]")]
    Numbers,
    #[serde(rename = "string[]")]
    Strings,
    #[serde(rename = "boolean[]")]
    Booleans,
    #[serde(rename = "bigint[]")]
    Bigints,
    #[serde(rename = "date[]")]
    Dates,
}

impl JsType {
    /// The type of a list's elements; None of a scalar.
    pub fn element(self) -> Option<Self> {
        match self {
            Self::Numbers => Some(Self::Number),
            Self::Strings => Some(Self::String),
            Self::Booleans => Some(Self::Boolean),
            Self::Bigints => Some(Self::Bigint),
            Self::Dates => Some(Self::Date),
            Self::Number | Self::String | Self::Boolean | Self::Bigint | Self::Date => None,
        }
    }

    /// Lists of this type; None of lists, which a list does not hold.
    pub fn list(self) -> Option<Self> {
        match self {
            Self::Number => Some(Self::Numbers),
            Self::String => Some(Self::Strings),
            Self::Boolean => Some(Self::Booleans),
            Self::Bigint => Some(Self::Bigints),
            Self::Date => Some(Self::Dates),
            Self::Numbers | Self::Strings | Self::Booleans | Self::Bigints | Self::Dates => None,
        }
    }
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
