//! The rows of a kept table that lie on this rank, read by JavaScript so many at a time.
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::sorts::sort::SortExec;
use futures::TryStreamExt;

use super::Engine;
use crate::error::{EngineError, Result};
use crate::operators::SortRowsExec;
use crate::planner::order::Order;
use crate::sinks::to_ipc;
use crate::spool::SpoolExec;

/// What is left to read.
pub struct RankRows {
    schema: SchemaRef,
    /// The columns the program sees.
    visible: Vec<usize>,
    stream: SendableRecordBatchStream,
    /// Of the batch that was read last.
    rest: Option<RecordBatch>,
}

impl Engine {
    /// The rows of a kept table that was dealt in steps (`Node::Rebalance`), as far as they lie on this rank, in table order. They stay
    /// there until the last reader and the spool are gone.
    pub fn rank_rows(&self, spool: u32) -> Result<RankRows> {
        let missing = || EngineError::bug(format!("the rows of spool {spool}, which was not dealt"));
        let kept = self.spools.lock().get(&spool).cloned().ok_or_else(missing)?;
        let Order::Position(position) = kept.order.clone() else { return Err(missing()) };
        let schema = kept.schema.clone();
        let visible = kept.visible.iter().map(|name| schema.index_of(name)).collect::<Result<Vec<_>, _>>().map_err(DataFusionError::from)?;
        let scan = SpoolExec::try_new(spool, kept, (0..schema.fields().len()).collect(), self.ranks)?;
        let ordering = LexOrdering::from([PhysicalSortExpr::new_default(col(&position, &schema)?)]);
        let sort = SortExec::new(ordering, Arc::new(scan)).with_preserve_partitioning(true);
        let sorted = SortRowsExec::of(&sort).ok_or_else(missing)?;
        let stream = sorted.execute(self.ranks.rank * self.ranks.threads, self.context())?;
        Ok(RankRows { schema: Arc::new(schema.project(&visible).map_err(DataFusionError::from)?), visible, stream, rest: None })
    }
}

impl RankRows {
    /// The next rows, so many or those that are left, as an Arrow IPC stream.
    pub async fn next(&mut self, rows: usize) -> Result<Vec<u8>> {
        let (mut batches, mut missing) = (vec![], rows);
        while missing > 0 {
            let next = match self.rest.take() {
                Some(rest) => Some(rest),
                None => self.stream.try_next().await?.map(|batch| batch.project(&self.visible)).transpose().map_err(DataFusionError::from)?,
            };
            let Some(batch) = next else { break };
            let taken = missing.min(batch.num_rows());
            if taken < batch.num_rows() {
                self.rest = Some(batch.slice(taken, batch.num_rows() - taken));
            }
            batches.push(batch.slice(0, taken));
            missing -= taken;
        }
        to_ipc(&self.schema, &batches)
    }
}
