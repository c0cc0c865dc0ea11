//! Window functions over a block of rows: whole groups, or this rank's part of a table that is one group.
//!
//! ```text
//! rows of a block, evaluated together            one table over all ranks
//!
//!   group a ┐                                    rank 0  … own rows … ─┐ edge rows, totals
//!   group a │ every group whole                  rank 1  … own rows … ─┼─► every rank
//!   group b │                                    rank 2  … own rows … ─┘
//! ```
//! In the second case a rank sees its own rows between the others' *edge rows*: those that a frame, an offset or a filling
//! from another rank can reach. What lies beyond is known by its totals: numbers of rows, states of aggregates.
mod aggregates;
mod block;
mod edges;
mod frames;
mod groups;
mod layout;
mod parts;
mod values;

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion::common::ScalarValue;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use lockstep_plan::WindowFunction;

pub use edges::Edges;
pub use frames::RowsFrame;
pub use groups::Groups;
pub use parts::{PartReader, PartWriter};

/// What a window computes; columns are places among `reads`.
#[derive(Debug)]
pub struct Windows {
    pub specs: Vec<WindowSpec>,
    /// The input columns that windows read.
    pub reads: Vec<usize>,
    pub keys: Vec<usize>,
    /// Columns equal in rows that the last sort found equal.
    pub peers: Vec<usize>,
}

/// One column that a window computes. Columns of the input are given by their places among those that windows read.
#[derive(Debug, Clone)]
pub struct WindowSpec {
    pub field: Arc<Field>,
    pub call: WindowCall,
}

#[derive(Debug, Clone)]
pub enum WindowCall {
    Function(FunctionCall),
    /// Of the frame's rows; without one, of the group's.
    Aggregate { expr: Arc<AggregateFunctionExpr>, frame: Option<AggregateFrame> },
}

#[derive(Debug, Clone)]
pub struct FunctionCall {
    pub function: WindowFunction,
    pub arg: Option<usize>,
    /// Offset of lag and lead, n of nthValue, buckets of ntile.
    pub number: f64,
    /// What stands in where no row is chosen, in the argument's type.
    pub default: Option<ScalarValue>,
    pub frame: RowsFrame,
}

#[derive(Debug, Clone)]
pub enum AggregateFrame {
    Rows(RowsFrame),
    /// Rows are sorted by the float64 column `on`, those without a value (null; there is no NaN) first.
    Range { on: usize, preceding: f64, following: f64 },
}

impl WindowCall {
    pub fn peers(&self) -> bool {
        use WindowFunction as F;
        match self {
            Self::Function(call) => {
                let ranks = matches!(call.function, F::Rank | F::AvgRank | F::DenseRank | F::PercentRank | F::CumeDist | F::Ntile);
                ranks || call.frame.peers
            }
            Self::Aggregate { frame: Some(AggregateFrame::Rows(frame)), .. } => frame.peers,
            Self::Aggregate { .. } => false,
        }
    }
}

impl fmt::Display for WindowSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.call {
            WindowCall::Function(call) => write!(f, "{:?}", call.function),
            WindowCall::Aggregate { expr, .. } => write!(f, "{}", expr.fun().name()),
        }
    }
}
