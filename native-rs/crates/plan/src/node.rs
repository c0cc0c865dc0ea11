use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Aggregate, ArrowWrite, AsofJoin, Bins, ColumnType, CsvWrite, ExactNumber, Expression, IcebergWrite, Join, JsonLinesWrite, NamedAggregate, ParquetWrite, PostgresWrite, SnowflakeWrite, StoreOptions};

/// Index into [`Plan::nodes`]. An input always stands before its consumer.
pub type NodeId = usize;

/// A place in the user's source: `file:line:column`, for errors, headers and profiles.
pub type Site = String;

/// One execution: a DAG of table operators and what leaves it. All sinks run together, so a node with
/// several consumers is computed once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct Plan {
    /// The annotated function, e.g. `src/job.ts#monthlyTrips`.
    pub function: String,
    pub nodes: Vec<Node>,
    pub sinks: Vec<Sink>,
}

/// A table operator. Arquero's semantics (see ARCHITECTURE.md, "Semantics"); columns are resolved by the compiler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "op", rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub enum Node {
    /// Columns of an opened dataset (Parquet, CSV, JSON Lines or a literal table), in the order given.
    /// `filter` is a pushed conjunction: it prunes row groups by statistics and is applied to rows as well.
    Scan {
        /// The id that `openParquet`, `openArrow`, `openCsv`, `openJsonLines` or `registerTable` returned on this rank.
        dataset: u32,
        columns: Vec<ColumnType>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        filter: Option<Expression>,
        site: Site,
    },
    Filter { input: NodeId, predicate: Expression, site: Site },
    /// Adds columns, or replaces columns of the same name in place. All expressions see the input row.
    Derive { input: NodeId, columns: Vec<NamedExpression>, site: Site },
    Window(Window),
    /// Chooses, orders and renames columns.
    Select { input: NodeId, columns: Vec<SelectColumn>, site: Site },
    Join(Join),
    AsofJoin(AsofJoin),
    Aggregate(Aggregate),
    /// Stable; ascending puts null and NaN first, descending last.
    Sort { input: NodeId, keys: Vec<SortKey>, site: Site },
    /// Rows start..end of the table in its order, or of each group; negative counts from the end, as `Array.slice`.
    Slice {
        input: NodeId,
        #[ts(type = "number")]
        start: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        end: Option<i64>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<NamedExpression>>")]
        keys: Vec<NamedExpression>,
        site: Site,
    },
    /// Rows of all inputs one after another; columns by the first input's names, absent ones null.
    Concat { inputs: Vec<NodeId>, site: Site },
    /// For each row, one for each element of its lists, which stand side by side: the shorter end in nulls. The elements and
    /// their place, from 0, are columns, in place of those of the same name or behind the others.
    Unroll {
        input: NodeId,
        lists: Vec<NamedExpression>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        index: Option<String>,
        /// At most so many elements of each row.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        limit: Option<u64>,
        site: Site,
    },
    /// The first row, in table order, of each distinct key; or the last one.
    Dedupe {
        input: NodeId,
        keys: Vec<Expression>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[ts(optional, as = "Option<bool>")]
        last: bool,
        site: Site,
    },
    /// The same rows in the same order, every rank with as many of them as another. With `step`, that many rows after so many
    /// are dealt evenly: of rows 0..step each rank has its part, of rows step..2·step, and so on.
    Rebalance {
        input: NodeId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        step: Option<u64>,
        site: Site,
    },
    /// A table kept for later executions of the same call: computed by the first that needs it, read by the others.
    Spool { input: NodeId, spool: u32, site: Site },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct NamedExpression {
    pub name: String,
    pub expression: Expression,
}

/// Adds columns, or replaces columns of the same name in place, as a derive; some are computed from other rows of the
/// group, too. Without keys the table is one group. All expressions see the input row; the rows stay in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct Window {
    pub input: NodeId,
    pub keys: Vec<NamedExpression>,
    pub columns: Vec<WindowColumn>,
    pub site: Site,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct WindowColumn {
    pub name: String,
    pub value: WindowValue,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub enum WindowValue {
    /// Of the row alone.
    Row { expression: Expression },
    Function {
        function: WindowFunction,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        arg: Option<Expression>,
        /// Read no column: lag and lead have an offset and a default value, nthValue n, ntile its buckets, fillDown and
        /// fillUp a default value.
        parameters: Vec<Expression>,
        /// Of firstValue, lastValue and nthValue; absent: the group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        frame: Option<Frame>,
    },
    /// The lower boundary of the row's bin, of the bins of its group; `offset`: so many bins further up. Of null, null.
    Bin { arg: Expression, bins: Bins, offset: ExactNumber },
    /// Of the rows in the frame; without one, of the group.
    Aggregate {
        aggregate: NamedAggregate,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        frame: Option<Frame>,
    },
}

/// Peers are rows that the last sort found equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub enum WindowFunction {
    /// int64, as the ranks and ntile; the means and shares are float64.
    RowNumber,
    Rank,
    AvgRank,
    DenseRank,
    PercentRank,
    CumeDist,
    Ntile,
    Lag,
    Lead,
    FirstValue,
    LastValue,
    NthValue,
    FillDown,
    FillUp,
}

/// The rows a window sees. Bounds are numbers, and read no column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub enum Frame {
    /// From `start` (≤ 0) to `end` (≥ 0) rows from the current one; ±Infinity: all. `peers`: and the peers of the rows at
    /// its ends.
    Rows { start: Expression, end: Expression, peers: bool },
    /// Those whose `on` is from `preceding` below the row's to `following` above it. Null and NaN see each other.
    Range { on: Expression, preceding: Expression, following: Expression },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct SelectColumn {
    pub from: String,
    #[serde(rename = "as")]
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub struct SortKey {
    pub expression: Expression,
    pub descending: bool,
}

/// What leaves a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "op", rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, export_to = "../../../plan/index.d.ts")]
pub enum Sink {
    /// The number of rows, on every rank.
    Count { input: NodeId, site: Site },
    /// The rows as Arrow IPC stream bytes, in table order, on every rank or on rank 0 alone.
    Collect {
        input: NodeId,
        /// More rows than this are an error naming the limit.
        #[ts(type = "number")]
        limit: u64,
        everywhere: bool,
        site: Site,
    },
    /// Fills the spool that `input` (a [`Node::Spool`]) names.
    Materialize { input: NodeId, site: Site },
    WriteParquet(ParquetWrite),
    WriteArrow(ArrowWrite),
    WriteCsv(CsvWrite),
    WriteJsonLines(JsonLinesWrite),
    WriteIceberg(IcebergWrite),
    WritePostgres(PostgresWrite),
    WriteSnowflake(SnowflakeWrite),
}

/// Writes a directory of part files, staged; it becomes visible when the outermost call commits.
impl Node {
    /// The nodes this one reads.
    pub fn inputs(&self) -> Vec<NodeId> {
        match self {
            Self::Scan { .. } => vec![],
            Self::Join(join) => vec![join.left, join.right],
            Self::AsofJoin(join) => vec![join.left, join.right],
            Self::Concat { inputs, .. } => inputs.clone(),
            Self::Aggregate(aggregate) => vec![aggregate.input],
            Self::Window(window) => vec![window.input],
            Self::Filter { input, .. }
            | Self::Derive { input, .. }
            | Self::Select { input, .. }
            | Self::Sort { input, .. }
            | Self::Slice { input, .. }
            | Self::Unroll { input, .. }
            | Self::Dedupe { input, .. }
            | Self::Rebalance { input, .. }
            | Self::Spool { input, .. } => vec![*input],
        }
    }

    /// Where the program says it.
    pub fn site(&self) -> &Site {
        match self {
            Self::Join(join) => &join.site,
            Self::AsofJoin(join) => &join.site,
            Self::Aggregate(aggregate) => &aggregate.site,
            Self::Window(window) => &window.site,
            Self::Scan { site, .. }
            | Self::Filter { site, .. }
            | Self::Derive { site, .. }
            | Self::Select { site, .. }
            | Self::Sort { site, .. }
            | Self::Slice { site, .. }
            | Self::Concat { site, .. }
            | Self::Unroll { site, .. }
            | Self::Dedupe { site, .. }
            | Self::Rebalance { site, .. }
            | Self::Spool { site, .. } => site,
        }
    }
}

impl Sink {
    /// The node this sink reads.
    pub fn input(&self) -> NodeId {
        match self {
            Self::Count { input, .. } | Self::Collect { input, .. } | Self::Materialize { input, .. } => *input,
            Self::WriteParquet(write) => write.input,
            Self::WriteArrow(write) => write.input,
            Self::WriteCsv(write) => write.input,
            Self::WriteJsonLines(write) => write.input,
            Self::WriteIceberg(write) => write.input,
            Self::WritePostgres(write) => write.input,
            Self::WriteSnowflake(write) => write.input,
        }
    }

    /// The place of files that is this write's alone, and how it is reached; None where no file is written, or each rank keeps its own.
    pub fn place(&self) -> Option<(&str, &StoreOptions)> {
        match self {
            Self::Count { .. } | Self::Collect { .. } | Self::Materialize { .. } | Self::WritePostgres(_) | Self::WriteSnowflake(_) => None,
            Self::WriteParquet(write) => Some((&write.staging, &write.store)),
            Self::WriteArrow(write) => Some((&write.staging, &write.store)),
            Self::WriteCsv(write) => Some((&write.staging, &write.store)),
            Self::WriteJsonLines(write) => Some((&write.staging, &write.store)),
            Self::WriteIceberg(write) => Some((&write.folder, &write.store)),
        }
    }

    /// Where the program says it.
    pub fn site(&self) -> &Site {
        match self {
            Self::Count { site, .. } | Self::Collect { site, .. } | Self::Materialize { site, .. } => site,
            Self::WriteParquet(write) => &write.site,
            Self::WriteArrow(write) => &write.site,
            Self::WriteCsv(write) => &write.site,
            Self::WriteJsonLines(write) => &write.site,
            Self::WriteIceberg(write) => &write.site,
            Self::WritePostgres(write) => &write.site,
            Self::WriteSnowflake(write) => &write.site,
        }
    }
}
