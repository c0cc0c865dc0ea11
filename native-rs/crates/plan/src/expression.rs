use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ColumnType, JsType};

/// A row function's body: a typed tree with JavaScript's semantics.
///
/// `and`, `or`, `nullish` and `if` evaluate a branch only on the rows that select it. Every node carries the
/// JavaScript type of its value; null may appear wherever the source column was nullable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub enum Expression {
    /// A column of the input, seen as `type`.
    Column {
        name: String,
        #[serde(rename = "type")]
        js: JsType,
    },
    Literal {
        #[serde(rename = "type")]
        js: JsType,
        value: Literal,
    },
    /// A function of the catalogue (`lockstep-functions`), named as in JavaScript: "add", "Math.floor",
    /// "string.slice", "date.getUTCMonth". Arguments are evaluated on every row that reaches the call.
    Call {
        function: String,
        args: Vec<Expression>,
        #[serde(rename = "type")]
        js: JsType,
    },
    If {
        test: Box<Expression>,
        then: Box<Expression>,
        #[serde(rename = "else")]
        otherwise: Box<Expression>,
        #[serde(rename = "type")]
        js: JsType,
    },
    /// `left && right`: right is evaluated where left is truthy; the value is JavaScript's.
    And {
        left: Box<Expression>,
        right: Box<Expression>,
        #[serde(rename = "type")]
        js: JsType,
    },
    /// `left || right`
    Or {
        left: Box<Expression>,
        right: Box<Expression>,
        #[serde(rename = "type")]
        js: JsType,
    },
    /// `left ?? right`
    Nullish {
        left: Box<Expression>,
        right: Box<Expression>,
        #[serde(rename = "type")]
        js: JsType,
    },
    /// `const name = value; body`
    Let { name: String, value: Box<Expression>, body: Box<Expression> },
    Local {
        name: String,
        #[serde(rename = "type")]
        js: JsType,
    },
    /// A row function that only V8 can run: called per batch over the named columns.
    /// `function` is the runtime's id of the callback, `source` what `explain` prints.
    Script {
        function: u32,
        columns: Vec<ColumnType>,
        source: String,
        #[serde(rename = "type")]
        js: JsType,
    },
}

/// A literal as JSON has it. Numbers that JSON lacks are strings: "NaN", "Infinity", "-Infinity", "-0".
/// A bigint is a decimal string, a date its time value in milliseconds ("NaN": an invalid date). A number that takes
/// more than 15 digits, or an exponent past ±22, is a string too: JSON parsers lose its last bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(untagged)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub enum Literal {
    Null,
    Boolean(bool),
    Number(f64),
    String(String),
}

/// A number where no other literal stands, as `Literal` has it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[serde(try_from = "Literal", into = "Literal")]
#[ts(export, export_to = "../../../plan/index.d.ts", type = "number | string")]
pub struct ExactNumber(pub f64);

impl TryFrom<Literal> for ExactNumber {
    type Error = String;

    fn try_from(literal: Literal) -> Result<Self, String> {
        match literal {
            Literal::Number(value) => Ok(Self(value)),
            Literal::String(text) => text.parse().map(Self).map_err(|_| format!("{text:?} is no number")),
            other => Err(format!("{other:?} is no number")),
        }
    }
}

impl From<ExactNumber> for Literal {
    fn from(ExactNumber(value): ExactNumber) -> Self {
        Self::String(value.to_string())
    }
}

impl Expression {
    /// The JavaScript type of the value.
    pub fn js_type(&self) -> JsType {
        match self {
            Self::Column { js, .. }
            | Self::Literal { js, .. }
            | Self::Call { js, .. }
            | Self::If { js, .. }
            | Self::And { js, .. }
            | Self::Or { js, .. }
            | Self::Nullish { js, .. }
            | Self::Local { js, .. }
            | Self::Script { js, .. } => *js,
            Self::Let { body, .. } => body.js_type(),
        }
    }
}
