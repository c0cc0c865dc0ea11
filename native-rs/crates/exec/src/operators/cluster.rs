//! Rows to where their partition's file is written, so that a partition has few files, however many ranks there are.
//!
//! ```text
//! rank 0   partition 0 ──┬──────► partition 0      the first rows of a key: hash(key) mod partitions, the same on all ranks;
//!          partition 1 ──┤  ┌───► partition 1      past so many bytes of it the rest stays where it is: it makes a large file,
//! rank 1   partition 2 ──┼──┼───► partition 2      and one rank need not write all rows of a heavy key
//!          partition 3 ──┴──┴───► partition 3
//! ```
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Schema;
use arrow::row::{OwnedRow, Row, Rows};
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{Partitioning, PhysicalExpr};
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use lockstep_comm::OpKind;
use lockstep_connectors::{FolderKeys, IcebergKeys};
use lockstep_plan::{Layout, Sink};

use super::{Start, Traffic, plan_methods, streaming};
use crate::exchange::{Exchange, Routed, Router, Shape};
use crate::run::{Ranks, Run};

/// Bytes of a key that are moved, by all sources together and by one.
const ALL: usize = 512 << 20;
const ONE: (usize, usize) = (8 << 20, 64 << 20);

#[derive(Debug, Clone)]
pub struct ClusterExec {
    input: Arc<dyn ExecutionPlan>,
    sink: Arc<Sink>,
    ranks: Ranks,
    exchange: Arc<Exchange>,
    properties: Arc<PlanProperties>,
}

impl ClusterExec {
    /// `sink` [wants](wanted) it.
    pub fn new(input: Arc<dyn ExecutionPlan>, sink: Arc<Sink>, ranks: Ranks, id: u64) -> Self {
        let mut equivalence = input.equivalence_properties().clone();
        equivalence.clear_orderings();
        equivalence.clear_per_partition_constants();
        let properties = streaming(equivalence, Partitioning::UnknownPartitioning(ranks.partitions()));
        let exchange = Arc::new(Exchange::new(id, "ClusterExec", OpKind::Shuffle, Shape::Scatter));
        Self { input, sink, ranks, exchange, properties }
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        Self::new(children.swap_remove(0), self.sink.clone(), self.ranks, self.exchange.id())
    }
}

/// Whether the rows of a sink are to be brought together.
pub fn wanted(sink: &Sink) -> bool {
    layout(sink).map_or(matches!(sink, Sink::WriteIceberg(write) if write.cluster), |layout| layout.cluster)
}

fn layout(sink: &Sink) -> Option<&Layout> {
    match sink {
        Sink::WriteParquet(write) => Some(&write.layout),
        Sink::WriteArrow(write) => Some(&write.layout),
        Sink::WriteCsv(write) => Some(&write.layout),
        Sink::WriteJsonLines(write) => Some(&write.layout),
        _ => None,
    }
}

impl Start for ClusterExec {
    fn id(&self) -> u64 {
        self.exchange.id()
    }

    fn traffic(&self) -> Traffic {
        Traffic::exchange(Shape::Scatter)
    }

    fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>) -> Result<()> {
        let of = self.input.output_partitioning().partition_count();
        let source = |partition: usize| -> Result<_> {
            let router = ClusterRouter {
                keys: Keys::new(&self.sink, &self.schema())?,
                source: partition,
                partitions: self.ranks.partitions(),
                most: (ALL / of).clamp(ONE.0, ONE.1),
                moved: HashMap::new(),
            };
            Ok((partition, self.input.execute(partition, context.clone())?, Box::new(router) as _))
        };
        let sources = self.ranks.local(of).map(source).collect::<Result<Vec<_>>>()?;
        self.exchange.start(run, offset, context, &self.schema(), of, sources)
    }

    fn abandon(&self) {
        self.exchange.abandon();
    }
}

enum Keys {
    Folders(FolderKeys),
    Iceberg(IcebergKeys),
}

impl Keys {
    fn new(sink: &Sink, rows: &Schema) -> Result<Self> {
        Ok(match (sink, layout(sink)) {
            (Sink::WriteIceberg(write), _) => Self::Iceberg(IcebergKeys::new(write, rows)?),
            (_, layout) => Self::Folders(FolderKeys::new(layout.map_or(&[], |layout| &layout.partition_by), rows)?),
        })
    }

    fn of(&self, batch: &RecordBatch) -> Result<Rows> {
        Ok(match self {
            Self::Folders(keys) => keys.of(batch)?,
            Self::Iceberg(keys) => keys.of(batch)?,
        })
    }
}

struct ClusterRouter {
    keys: Keys,
    source: usize,
    partitions: usize,
    /// Bytes of a key that this source moves.
    most: usize,
    moved: HashMap<OwnedRow, usize>,
}

impl Router for ClusterRouter {
    fn route(&mut self, batch: RecordBatch) -> Result<Vec<Routed>> {
        if batch.num_rows() == 0 {
            return Ok(vec![]);
        }
        let keys = self.keys.of(&batch)?;
        let row_bytes = batch.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0)).sum::<usize>() / batch.num_rows() + 1;
        let mut counts: HashMap<Row, (usize, usize)> = HashMap::new();
        for key in &keys {
            counts.entry(key).or_default().1 += 1;
        }
        for (key, (target, rows)) in &mut counts {
            let moved = self.moved.entry(key.owned()).or_default();
            *target = if *moved < self.most { home(key, self.partitions) } else { self.source };
            *moved += *rows * row_bytes;
        }
        let to = keys.iter().map(|key| counts[&key].0 as u32).collect();
        Ok(vec![Routed::each(batch, to)])
    }
}

/// The hasher's keys are fixed.
fn home(key: &Row, partitions: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    hasher.write(key.as_ref());
    (hasher.finish() % partitions as u64) as usize
}

impl DisplayAs for ClusterExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<String> = match (&*self.sink, layout(&self.sink)) {
            (Sink::WriteIceberg(write), _) => write.partition.iter().map(|field| if field.transform == "identity" { field.column.clone() } else { format!("{}({})", field.transform, field.column) }).collect(),
            (_, layout) => layout.map_or_else(Vec::new, |layout| layout.partition_by.clone()),
        };
        write!(f, "ClusterExec: by partition of ({})", columns.join(", "))
    }
}

impl ExecutionPlan for ClusterExec {
    plan_methods!("ClusterExec", [input]);

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.exchange.take(partition)
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.exchange.metrics().clone_inner())
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn batch(keys: impl IntoIterator<Item = i64>) -> RecordBatch {
        let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(keys));
        RecordBatch::try_from_iter([("key", keys.clone()), ("value", keys)]).unwrap()
    }

    fn router(source: usize, most: usize) -> ClusterRouter {
        let keys = FolderKeys::new(&["key".to_owned()], &batch([]).schema()).unwrap();
        ClusterRouter { keys: Keys::Folders(keys), source, partitions: 4, most, moved: HashMap::new() }
    }

    fn places(router: &mut ClusterRouter, rows: RecordBatch) -> HashMap<i64, Vec<usize>> {
        let mut places: HashMap<i64, Vec<usize>> = HashMap::new();
        let routed = router.route(rows).unwrap();
        for (target, piece) in routed.into_iter().flat_map(|routed| routed.by_partition(0..4, 0..1).unwrap()) {
            for key in piece.column(0).as_primitive::<Int64Type>().values() {
                places.entry(*key).or_default().push(target);
            }
        }
        places
    }

    #[test]
    fn rows_of_a_key_meet_whatever_source_they_are_of() {
        let rows = || batch((0..1000).map(|row| row % 50));
        let [one, other] = [0, 3].map(|source| places(&mut router(source, usize::MAX), rows()));
        assert_eq!(one, other);
        assert!(one.values().all(|places| places.len() == 20 && places.iter().all(|place| *place == places[0])));
        assert_eq!(one.values().map(|places| places[0]).collect::<std::collections::HashSet<_>>().len(), 4);
    }

    #[test]
    fn what_is_much_stays() {
        let mut router = router(2, 10_000);
        let home = places(&mut router, batch(vec![7; 600]))[&7][0];
        assert_eq!(places(&mut router, batch(vec![7; 600])), HashMap::from([(7, vec![home; 600])]));
        assert_eq!(places(&mut router, batch(vec![7; 600])), HashMap::from([(7, vec![2; 600])]));
        assert_eq!(places(&mut router, batch([8]))[&8][0], places(&mut router, batch([8]))[&8][0]);
    }
}
