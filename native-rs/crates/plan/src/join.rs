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
