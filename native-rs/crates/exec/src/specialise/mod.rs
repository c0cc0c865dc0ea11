//! Operators specialised by domains: what the statistics, the expressions and the small tables of a plan promise
//! about values, used instead of hashing and sorting.
//!
//! Every promise is guarded while rows are read. Where one does not hold, the general operator takes over: for a
//! batch ([`memo`]), from the build side on ([`lookup_join`]), or for the whole execution ([`GENERAL`]).
pub mod codes;
pub mod domain;
mod entries;
pub mod lookup_join;
pub mod memo;
pub mod packed_aggregate;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::config::ConfigOptions;
use datafusion::error::DataFusionError;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;

use crate::error::EngineError;
use crate::run::Ranks;

/// The code of an error that no user sees: run the plan again without this module.
pub const GENERAL: &str = "general";

/// Gives up specialised execution.
pub fn general(reason: &str) -> DataFusionError {
    EngineError::new(GENERAL, format!("specialised operators gave up: {reason}")).into()
}

/// What can be decided before exchanges are placed.
#[derive(Debug)]
pub struct Specialise {
    ranks: Ranks,
}

impl Specialise {
    pub fn new(ranks: Ranks) -> Self {
        Self { ranks }
    }
}

impl PhysicalOptimizerRule for Specialise {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        // Memos and codes first: their domains are the keys' domains.
        packed_aggregate::pack_aggregates(codes::filter_codes(memo::memoise(plan)?)?, self.ranks)
    }

    fn name(&self) -> &str {
        "specialise"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// What is decided where a collected build side is known to be one.
#[derive(Debug)]
pub struct LookUp;

impl PhysicalOptimizerRule for LookUp {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        lookup_join::look_up_joins(plan)
    }

    fn name(&self) -> &str {
        "look-up"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
