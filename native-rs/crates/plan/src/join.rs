//! Joins.
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::expression::Expression;
use crate::node::{NodeId, Site};

/// Null keys match nothing; without keys every left row matches every right row. Of these pairs the condition keeps those
/// that it holds of. Order: left rows, within one the right rows; then unmatched left rows, then unmatched right rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct Join {
    pub left: NodeId,
    pub right: NodeId,
    #[serde(rename = "type")]
    pub join_type: JoinType,
    pub on: Vec<JoinKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub condition: Option<JoinCondition>,
    /// The output columns, `_1` / `_2` suffixes already resolved. Empty for semi and anti: the left columns.
    pub columns: Vec<JoinColumn>,
    pub site: Site,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub enum JoinType {
    Inner,
    Left,
    Right,
    Full,
    /// Left rows, each once and where it was; the right rows' keys are distinct.
    Lookup,
    Semi,
    Anti,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct JoinKey {
    pub left: Expression,
    pub right: Expression,
}

/// Left rows, each once and where it was, each with the right row of its `by` keys that is nearest in `on`: of the last that is not
/// above it (of several equal ones the last in table order), or of the first that is not below it. Null keys and nulls in `on` match
/// nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct AsofJoin {
    pub left: NodeId,
    pub right: NodeId,
    /// Columns of numbers or of dates.
    pub on: JoinKey,
    pub by: Vec<JoinKey>,
    pub strategy: AsofStrategy,
    /// The farthest that a match may be, as JavaScript sees it: in milliseconds between dates. Reads no column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tolerance: Option<Expression>,
    pub columns: Vec<JoinColumn>,
    pub site: Site,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub enum AsofStrategy {
    Backward,
    Forward,
    /// The nearer of both; of two equally near the one that is not above.
    Nearest,
}

/// A condition on a left and a right row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct JoinCondition {
    pub expression: Expression,
    /// What it reads of both sides, under which names.
    pub columns: Vec<JoinColumn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub enum JoinSide {
    Left,
    Right,
    /// Of a full join: the left column of that name where there is a left row, else the right one.
    Both,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct JoinColumn {
    pub side: JoinSide,
    pub from: String,
    #[serde(rename = "as")]
    pub name: String,
}
