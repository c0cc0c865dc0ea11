//! Rows dealt to the ranks by their place in the table, so that each has as many as another.
//!
//! ```text
//! partition 0 ─ buffer, count ┐                       ┌► rows 0..n/3 ──────► partition 0     of n rows to 3 partitions; with steps,
//! partition 1 ─ buffer, count ┼─ agree on all counts ─┼► rows n/3..2n/3 ───► partition 1     so of each step's rows, to the ranks
//! partition 2 ─ buffer, count ┘  then number and deal └► rows 2n/3.. ──────► partition 2
//! ```
//! What comes from several sources comes in no order: the number is a column, by which it can be sorted.
use std::fmt;
use std::sync::{Arc, OnceLock};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{Distribution, EquivalenceProperties, LexOrdering, OrderingRequirements, Partitioning, PhysicalExpr};
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::StreamExt;
use lockstep_comm::OpKind;

use super::row_number::numbered;
use super::slice::Counted;
use super::{Start, Traffic, plan_methods, streaming};
use crate::exchange::{Exchange, Routed, Router, Shape};
use crate::run::{Ranks, Run};

#[derive(Debug, Clone)]
pub struct DealExec {
    input: Arc<dyn ExecutionPlan>,
    name: String,
    step: Option<u64>,
    ordering: Option<LexOrdering>,
    counted: Arc<Counted>,
    /// Once the plan is distributed.
    exchange: Option<Arc<Exchange>>,
    properties: Arc<PlanProperties>,
}

impl DealExec {
    /// `input` comes in table order, which is `ordering` unless it is the files', as one partition or, once distributed, as
    /// a sequence of them. `name`: of the column of numbers, from 0.
    pub fn new(input: Arc<dyn ExecutionPlan>, name: &str, step: Option<u64>, ordering: Option<LexOrdering>, partitions: usize) -> Self {
        let mut fields: Vec<_> = input.schema().fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(name, DataType::Int64, false)));
        let equivalence = EquivalenceProperties::new(Arc::new(Schema::new(fields)));
        let properties = streaming(equivalence, Partitioning::UnknownPartitioning(partitions));
        Self { input, name: name.to_owned(), step, ordering, counted: Arc::default(), exchange: None, properties }
    }

    /// The same with two numbers in the plan, `id` for the counts and `id` + 1 for the rows.
    pub fn distributed(&self, ranks: Ranks, id: u64) -> Self {
        let properties = streaming(self.properties.equivalence_properties().clone(), Partitioning::UnknownPartitioning(ranks.partitions()));
        let exchange = Some(Arc::new(Exchange::new(id + 1, "DealExec", OpKind::Shuffle, Shape::Scatter)));
        Self { counted: Arc::new(Counted::new(id)), exchange, properties, ..self.clone() }
    }

    fn with_children(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        Self { input: children.swap_remove(0), ..self.clone() }
    }

    fn exchange(&self) -> Result<&Exchange> {
        self.exchange.as_deref().ok_or_else(|| internal_datafusion_err!("the plan is not distributed"))
    }
}

impl Start for DealExec {
    fn id(&self) -> u64 {
        self.counted.id()
    }

    fn traffic(&self) -> Traffic {
        Traffic::exchange(Shape::Scatter).and(1)
    }

    fn start(&self, run: &Arc<Run>, offset: u64, context: &Arc<TaskContext>) -> Result<()> {
        self.counted.start(&self.input, None, run, offset, context)?;
        let of = self.input.output_partitioning().partition_count();
        let source = |partition: usize| -> Result<_> {
            let total: Arc<OnceLock<u64>> = Arc::default();
            let (known, schema) = (total.clone(), self.schema());
            let rows = self.counted.stream(partition, move |rows, before, total| {
                let mut next = before as i64;
                let _ = known.set(total);
                rows.map(move |batch| numbered(batch?, &mut next, &schema)).boxed()
            })?;
            let rows = RecordBatchStreamAdapter::new(self.schema(), rows);
            Ok((partition, Box::pin(rows) as _, Box::new(Dealer { step: self.step, ranks: run.ranks, total }) as _))
        };
        let sources = run.ranks.local(of).map(source).collect::<Result<Vec<_>>>()?;
        self.exchange()?.start(run, offset, context, &self.schema(), of, sources)
    }

    fn abandon(&self) {
        self.counted.abandon();
        self.exchange.iter().for_each(|exchange| exchange.abandon());
    }
}

struct Dealer {
    step: Option<u64>,
    ranks: Ranks,
    /// Rows of the table; known when the first of them comes.
    total: Arc<OnceLock<u64>>,
}

impl Router for Dealer {
    fn route(&mut self, batch: RecordBatch) -> Result<Vec<Routed>> {
        let total = *self.total.get().ok_or_else(|| internal_datafusion_err!("rows before their number is known"))?;
        let numbers = batch.column(batch.num_columns() - 1).as_primitive::<Int64Type>();
        let to = numbers.values().iter().map(|number| partition_of(*number as u64, total, self.step, self.ranks) as u32).collect();
        Ok(vec![Routed::each(batch, to)])
    }
}

/// Where a row goes: of the table, or of its step, which the last rows need not fill, the ranks' parts stand in rank order. A step's
/// rows are read one after another, and need one partition of a rank.
fn partition_of(number: u64, total: u64, step: Option<u64>, ranks: Ranks) -> usize {
    let share = |number: u64, of: u64, parts: usize| (u128::from(number) * parts as u128 / u128::from(of.max(1))) as usize;
    let Some(step) = step else { return share(number, total, ranks.partitions()) };
    let first = number - number % step;
    share(number - first, step.min(total - first), ranks.size) * ranks.threads
}

impl DisplayAs for DealExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(step) => write!(f, "DealExec: {} in steps of {step}", self.name),
            None => write!(f, "DealExec: {}", self.name),
        }
    }
}

impl ExecutionPlan for DealExec {
    plan_methods!("DealExec", [input]);

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition]
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.ordering.clone().map(OrderingRequirements::from)]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.exchange()?.take(partition)
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.exchange.as_deref().map_or_else(|| self.counted.metrics().clone_inner(), |exchange| exchange.metrics().clone_inner()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dealt(total: u64, step: Option<u64>, ranks: Ranks) -> Vec<usize> {
        (0..total).map(|number| partition_of(number, total, step, ranks)).collect()
    }

    #[test]
    fn everybody_gets_as_much_as_another_in_order() {
        let ranks = Ranks { rank: 0, size: 3, threads: 2 };
        assert_eq!(dealt(7, None, ranks), [0, 0, 1, 2, 3, 4, 5]);
        assert_eq!(dealt(2, None, ranks), [0, 3]);
        assert!(dealt(1000, None, ranks).is_sorted());
        for partition in 0..6 {
            let rows = dealt(1000, None, ranks).into_iter().filter(|&of| of == partition).count();
            assert!((166..=167).contains(&rows));
        }
    }

    #[test]
    fn each_step_is_dealt_by_itself_and_the_last_one_may_be_short() {
        let ranks = Ranks { rank: 0, size: 2, threads: 2 };
        assert_eq!(dealt(7, Some(4), ranks), [0, 0, 2, 2, 0, 0, 2]);
        assert_eq!(dealt(3, Some(1), ranks), [0, 0, 0]);
        assert_eq!(dealt(3, Some(100), ranks), [0, 0, 2]);
    }
}
