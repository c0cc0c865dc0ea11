//! DataFusion's optimizer and physical planner, fixed so that planning is deterministic and stops at ranks.
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::config::SessionConfig;
use datafusion::execution::memory_pool::MemoryLimit;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::OptimizerRule;
use datafusion::optimizer::common_subexpr_eliminate::CommonSubexprEliminate;
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};

use super::nodes::PlacePlanner;
use super::window_node::WindowPlanner;
use super::{Adapt, ChosenFor, Way, rules};
use crate::pool::LEAST;
use crate::progress::Progress;
use crate::run::Ranks;

/// Rows of a batch.
pub const BATCH_ROWS: usize = 8192;

/// Memory for which a batch has one row: an operator that holds a group of each row of a batch takes hundreds of bytes a row.
const LIMIT_OF_ROW: usize = 4096;

/// Rows of the batches that scans and DataFusion's operators give. Where memory is short, what a rank needs whatever the data must be a
/// small part of it.
fn batch_rows(limit: &MemoryLimit) -> usize {
    match limit {
        &MemoryLimit::Finite(limit) => (limit / LIMIT_OF_ROW).clamp(BATCH_ROWS / 16, BATCH_ROWS),
        _ => BATCH_ROWS,
    }
}

/// `progress`: told by the scans of this rank.
pub fn session(ranks: Ranks, chosen_for: ChosenFor, runtime: Arc<RuntimeEnv>, progress: Arc<Progress>, way: Way, adapt: Adapt) -> SessionState {
    let limit = runtime.memory_pool.memory_limit();
    let mut config =
        SessionConfig::new().with_target_partitions(ranks.partitions()).with_batch_size(batch_rows(&limit)).with_extension(progress);
    let options = config.options_mut();
    options.optimizer.enable_round_robin_repartition = false;
    options.optimizer.repartition_file_scans = false;
    options.optimizer.enable_dynamic_filter_pushdown = false;
    options.optimizer.prefer_existing_sort = false;
    options.optimizer.repartition_sorts = true;
    options.execution.planning_concurrency = 1;
    if let MemoryLimit::Finite(limit) = limit {
        // What a sort sets aside for merging must fit a small limit too.
        options.execution.sort_spill_reservation_bytes = (limit / LEAST).min(10 << 20);
    }
    // The compiler has pushed filters and pruned columns. What is left to DataFusion is what needs its expressions:
    // filters must not move (a fallible row function may not run on rows that an earlier filter dropped).
    let logical: Vec<Arc<dyn OptimizerRule + Send + Sync>> =
        vec![Arc::new(CommonSubexprEliminate::new()), Arc::new(OptimizeProjections::new())];
    SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_optimizer_rules(logical)
        .with_physical_optimizer_rules(rules(ranks, chosen_for, way, adapt))
        .build()
}

/// The distributed physical plan.
pub async fn physical(plan: &LogicalPlan, session: &SessionState) -> Result<Arc<dyn ExecutionPlan>> {
    let optimized = session.optimize(plan)?;
    DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(PlacePlanner), Arc::new(WindowPlanner)])
        .create_physical_plan(&optimized, session)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_small_where_memory_is() {
        let rows = [0, 5 << 20, 32 << 20, 1 << 40].map(|limit| batch_rows(&MemoryLimit::Finite(limit)));
        assert_eq!(rows, [512, 1280, BATCH_ROWS, BATCH_ROWS]);
        assert_eq!(batch_rows(&MemoryLimit::Infinite), BATCH_ROWS);
    }
}
