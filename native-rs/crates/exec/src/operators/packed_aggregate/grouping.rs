//! What a packed group-by computes.

use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::physical_expr::PhysicalExpr;

use crate::packed::{AggregateKind, ArgKind, KeyLayout, PartitionAggregator, SumOverflow};
use crate::specialise;

/// High bits of the key that number the partitions: enough to share out evenly, few enough to fill chunks.
pub const RADIX_BITS: u32 = 9;

/// Partitions of all ranks that get any: more would have nothing to do.
pub const MOST_PARTITIONS: usize = 1 << RADIX_BITS;

/// What is grouped by what.
#[derive(Debug)]
pub struct Grouping {
    /// In the order of the layout: the order of the output.
    pub keys: Vec<Arc<dyn PhysicalExpr>>,
    pub layout: KeyLayout,
    /// Output key column → place in the layout.
    pub places: Vec<usize>,
    pub args: Vec<(Arc<dyn PhysicalExpr>, ArgKind)>,
    pub aggregates: Vec<AggregateKind>,
}

impl Grouping {
    pub fn aggregator(&self, low_bits: u32) -> PartitionAggregator {
        let kinds = self.args.iter().map(|(_, kind)| *kind).collect();
        PartitionAggregator::new(low_bits, self.aggregates.clone(), kinds)
    }

    /// Bits of a key below its partition's number.
    pub fn low_bits(&self) -> u32 {
        self.layout.bits().saturating_sub(RADIX_BITS)
    }
}

/// The general operator says where, in its own words, if it overflows too.
pub fn overflow(error: SumOverflow) -> DataFusionError {
    specialise::general(&error.to_string())
}
