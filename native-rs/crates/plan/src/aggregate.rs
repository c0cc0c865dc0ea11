//! Group-by and aggregates.
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::expression::{ExactNumber, Expression};
use crate::node::{NamedExpression, NodeId, Site};

/// Groups in order of first appearance when that is observed. No keys: one row, whatever the input.
/// A key's column keeps the key's type; -0 and 0 are one key, NaN is one key, distinct from null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct Aggregate {
    pub input: NodeId,
    pub keys: Vec<NamedExpression>,
    pub aggregates: Vec<NamedAggregate>,
    pub site: Site,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct NamedAggregate {
    pub name: String,
    pub function: AggregateFunction,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub arg: Option<Expression>,
    /// Of `quantile`: 0 is the smallest value, 1 the largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub fraction: Option<ExactNumber>,
    /// Of `bins`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub bins: Option<Bins>,
    /// Of the covariances and `corr`: the values that those of `arg` are paired with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub other: Option<Expression>,
    /// It is of these rows of the group alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub filter: Option<Expression>,
}

/// How values are binned: into at most `maxbins` of a width of a power of ten, a half or a fifth of one, no less than `minstep`; or of
/// a width of `step`. They begin at multiples of it, or, where they are not `nice`, with the least value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct Bins {
    pub maxbins: ExactNumber,
    pub nice: bool,
    pub minstep: ExactNumber,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub step: Option<ExactNumber>,
}

impl NamedAggregate {
    /// What it is of, at most two values a row.
    pub fn arguments(&self) -> impl Iterator<Item = &Expression> {
        self.arg.iter().chain(&self.other)
    }
}

/// Every aggregate but `count` (rows), `invalid`, `first` and `last` skips null and NaN; of nothing, all but the counts and lists are null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub enum AggregateFunction {
    /// Rows of the group: int64.
    Count,
    /// Values that are not null or NaN: int64.
    Valid,
    /// Values that are null or NaN: int64.
    Invalid,
    /// Distinct values, null and NaN counted as one value each: int64.
    Distinct,
    Sum,
    Mean,
    Min,
    Max,
    /// Of a sample: divided by n − 1. The `p` forms are of a population: divided by n. All are null of fewer than two values.
    Variance,
    Stdev,
    Variancep,
    Stdevp,
    Median,
    /// Interpolated between the two values around its fraction.
    Quantile,
    /// The first value in table order.
    Any,
    /// The value of the first row in table order, and of the last, null or not.
    First,
    Last,
    /// The value that comes most often; of several the first in table order.
    Mode,
    /// Rounded at each step, but never too large or too small on the way.
    Product,
    /// Of the rows that have both values; divided by n − 1, the `p` form by n. Null of fewer than two pairs.
    Covariance,
    Covariancep,
    /// Pearson's correlation.
    Corr,
    /// The least and the greatest boundary of bins for the values, and their width, as a list of three; of nothing, NaN, NaN and the width,
    /// with a filter null.
    Bins,
    /// The values in table order, as a list. Of nothing: an empty list.
    ArrayAgg,
    /// The distinct values in the order of their first rows, as a list. Of nothing: an empty list.
    ArrayAggDistinct,
}

impl AggregateFunction {
    /// Whether the answer depends on the order of the rows.
    pub fn sees_order(self) -> bool {
        matches!(self, Self::Any | Self::First | Self::Last | Self::Mode | Self::ArrayAgg | Self::ArrayAggDistinct)
    }
}
