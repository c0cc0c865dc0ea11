//! Rows to the partition that the hash of their keys says: equal keys meet.
//!
//! ```text
//! rank 0   partition 0 ──┬──────► partition 0      hash(keys) mod partitions, the same
//!          partition 1 ──┤  ┌───► partition 1      on all ranks: the seed is fixed
//! rank 1   partition 2 ──┼──┼───► partition 2
//!          partition 3 ──┴──┴───► partition 3
//! ```
use std::fmt;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::apply_expression_roots;
use datafusion::physical_plan::metrics::{MetricBuilder, MetricsSet};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use lockstep_comm::OpKind;

use super::{Start, Traffic, plan_methods, streaming};
use crate::exchange::{Asked, Exchange, HashRouter, Router, Shape};
use crate::heavy::{Heavy, HeavyRouter, Share};
use crate::run::{Ranks, Run};
use crate::told_keys::Told;

#[derive(Debug, Clone)]
pub struct ShuffleExec {
    input: Arc<dyn ExecutionPlan>,
    keys: Vec<Arc<dyn PhysicalExpr>>,
    ranks: Ranks,
    exchange: Arc<Exchange>,
    /// What other scans are told of the rows.
    told: Option<Arc<Told>>,
    /// What becomes of the rows of heavy keys.
    heavy: Option<(Arc<Heavy>, Share)>,
    /// Nothing is sent before rows are asked for.
    asked: Option<Arc<Asked>>,
    properties: Arc<PlanProperties>,
}

impl ShuffleExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, keys: Vec<Arc<dyn PhysicalExpr>>, ranks: Ranks, id: u64) -> Self {
        let mut equivalence = input.equivalence_properties().clone();
        equivalence.clear_orderings();
        equivalence.clear_per_partition_constants();
        let properties = streaming(equivalence, Partitioning::Hash(keys.clone(), ranks.partitions()));
        let exchange = Arc::new(Exchange::new(id, "ShuffleExec", OpKind::Shuffle, Shape::Scatter));
        Self { input, keys, ranks, exchange, told: None, heavy: None, asked: None, properties }
    }

    /// The same, telling of its rows' keys.
    pub fn telling(&self, told: Arc<Told>) -> Self {
        Self { told: Some(told), ..self.clone() }
    }

    /// The same, with other places for the rows of heavy keys: equal keys meet no more by themselves.
    pub fn sharing(&self, heavy: Arc<Heavy>, share: Share) -> Self {
        Self { heavy: Some((heavy, share)), ..self.clone() }
    }

    /// The same, sending when its rows are asked for. Only where no rank asks for them later because of rows that come of them on another.
    pub fn when_asked(&self) -> Self {
        Self { asked: Some(Arc::default()), ..self.clone() }
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        let with = Self::new(children.swap_remove(0), self.keys.clone(), self.ranks, self.exchange.id());
        Self { told: self.told.clone(), heavy: self.heavy.clone(), asked: self.asked.clone(), ..with }
    }
}

impl Start for ShuffleExec {
    fn id(&self) -> u64 {
        self.exchange.id()
    }

    fn traffic(&self) -> Traffic {
        let sampled = matches!(self.heavy, Some((_, Share::Dealt)));
        Traffic::exchange(Shape::Scatter).and(usize::from(self.told.is_some()) + usize::from(sampled))
    }

    fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>) -> Result<()> {
        let of = self.input.output_partitioning().partition_count();
        let source = |partition: usize| -> Result<_> {
            let time = MetricBuilder::new(self.exchange.metrics()).subset_time("route_time", partition);
            let router = HashRouter::new(self.keys.clone(), self.ranks.partitions(), time);
            Ok((partition, self.input.execute(partition, context.clone())?, self.router(router, partition)))
        };
        let mut sources = self.ranks.local(of).map(source).collect::<Result<Vec<_>>>()?;
        if let Some(told) = &self.told {
            sources = told.begin(run, offset + self.id() + 1, context, sources);
        }
        match &self.heavy {
            Some((heavy, Share::Dealt)) => sources = heavy.sample(run, offset + self.id() + 1, &self.keys, context, self.exchange.metrics(), sources),
            Some((heavy, Share::Copied)) => sources = heavy.hold(run, context, self.exchange.metrics(), sources),
            None => {}
        }
        if let Some(asked) = &self.asked {
            sources = sources.into_iter().map(|(source, rows, router)| (source, asked.source(rows), router)).collect();
        }
        self.exchange.start(run, offset, context, &self.schema(), of, sources)
    }

    fn abandon(&self) {
        self.exchange.abandon();
        if let Some(asked) = &self.asked {
            asked.begin();
        }
    }
}

impl ShuffleExec {
    fn router(&self, hash: HashRouter, source: usize) -> Box<dyn Router> {
        let Some((heavy, share)) = &self.heavy else { return Box::new(hash) };
        let split = MetricBuilder::new(self.exchange.metrics()).counter("rows_split", source);
        Box::new(HeavyRouter::new(hash, heavy.clone(), *share, source, split))
    }
}

impl DisplayAs for ShuffleExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.iter().map(ToString::to_string).collect();
        write!(f, "ShuffleExec: by hash of ({})", keys.join(", "))?;
        match &self.heavy {
            Some((_, Share::Dealt)) => write!(f, ", heavy keys dealt")?,
            Some((_, Share::Copied)) => write!(f, ", heavy keys to all")?,
            None => {}
        }
        if self.asked.is_some() {
            write!(f, ", when asked for")?;
        }
        self.told.as_ref().map_or(Ok(()), |told| write!(f, "{told}"))
    }
}

impl ExecutionPlan for ShuffleExec {
    plan_methods!("ShuffleExec", [input]);

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(&self.keys, f)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.exchange.take(partition)?;
        Ok(match &self.asked {
            Some(asked) => asked.taken(rows),
            None => rows,
        })
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.exchange.metrics().clone_inner())
    }
}
