//! A plan in stages: a table with several consumers is a stage of its own, and so is what each sink reads.
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::compute::{CastOptions, SortOptions};
use arrow::datatypes::DataType;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_expr::expressions::{CastExpr, Column};
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use lockstep_connectors::parse_type;
use lockstep_functions::ScriptHost;
use lockstep_plan::{FileSort, Node, NodeId, Plan, Sink};

use super::Way;
use super::leaf::Leaf;
use super::logical::{Builder, Built, Sources, leaf};
use super::order::{Want, of_sink, unique, wants};
use super::physical::physical;
use crate::error::Result;
use crate::operators::{ClusterExec, DividedAggregateExec, LookupJoinExec, PackedAggregateExec, SemiFilterExec, SharedExec, SharedTable, SortRowsExec, as_start, starters, wants_cluster};
use crate::run::Ranks;
use crate::spool::Filling;
use crate::trace::Trace;

/// A physical plan whose output goes to one place.
pub struct Stage {
    pub plan: Arc<dyn ExecutionPlan>,
    pub output: StageOutput,
    /// Added to the numbers of the plan's exchanges, so that they differ from other stages'.
    pub offset: u64,
}

pub enum StageOutput {
    /// Consumed by later stages and spools.
    Shared(Arc<SharedTable>),
    /// Every batch goes to each of these sinks, by index.
    Sinks(Vec<usize>),
}

/// A spool to fill while the stages run.
pub struct Fill {
    pub spool: u32,
    pub node: NodeId,
    pub table: Arc<SharedTable>,
    pub consumer: usize,
    pub filling: Filling,
}

/// What one execution runs, in an order in which every stage's inputs come before it.
pub struct Stages {
    pub stages: Vec<Stage>,
    pub fills: Vec<Fill>,
    /// Operation numbers used.
    pub operations: u64,
}

pub struct Planner<'a> {
    pub session: &'a SessionState,
    pub sources: &'a dyn Sources,
    /// Who runs the plan's scripts; none: the plan is only shown.
    pub scripts: Option<&'a Arc<dyn ScriptHost>>,
    pub ranks: Ranks,
    pub way: Way,
    /// The table of a spool that an earlier execution filled.
    pub filled: &'a (dyn Fn(u32) -> Option<Result<Built>> + Sync),
}

impl Planner<'_> {
    pub async fn stages(&self, plan: &Plan) -> Result<Stages> {
        let mut builder = Builder::new(plan, wants(plan), unique(plan), self.sources, self.scripts, self.way);
        let mut stages = Stages { stages: vec![], fills: vec![], operations: 0 };
        for (id, node) in plan.nodes.iter().enumerate() {
            if let Node::Spool { spool, .. } = node
                && let Some(table) = (self.filled)(*spool)
            {
                builder.leaves.insert(id, table?);
            }
        }
        let groups = groups(plan);
        let consumers = consumers(plan, &groups, &builder);
        for (id, node) in plan.nodes.iter().enumerate() {
            let unfilled = matches!(node, Node::Spool { .. });
            if builder.leaves.contains_key(&id) || consumers[id] == 0 || (consumers[id] == 1 && !unfilled) {
                continue;
            }
            let built = builder.build(id)?;
            let physical = self.physical(&built.plan).await.map_err(|error| error.at(node.site()))?;
            let table = self.share(id, &physical)?;
            if let Node::Spool { spool, .. } = node {
                let filling = Filling {
                    schema: physical.schema(),
                    order: built.order.clone(),
                    peers: built.peers.clone(),
                    below: built.below,
                    visible: built.visible.clone(),
                    partitions: physical.output_partitioning().partition_count(),
                };
                let (table, consumer) = (table.clone(), table.consumer());
                stages.fills.push(Fill { spool: *spool, node: id, table, consumer, filling });
            }
            builder.leaves.insert(id, shared_leaf(table.clone(), &built)?);
            stages.push(physical, StageOutput::Shared(table));
        }
        for (id, sinks) in groups {
            let ordered = sinks.iter().any(|&sink| of_sink(&plan.sinks[sink]) >= Want::Order);
            let site = plan.sinks[sinks[0]].site();
            let root = builder.root(id, ordered).map_err(|error| error.at(site))?;
            let physical = self.physical(&root).await.map_err(|error| error.at(site))?;
            stages.push(self.arranged(physical, &plan.sinks[sinks[0]])?, StageOutput::Sinks(sinks));
        }
        Ok(stages)
    }

    async fn physical(&self, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(physical(plan, self.session).await?)
    }

    /// The rows as a sink's files want them: those of a partition together, and sorted.
    fn arranged(&self, mut plan: Arc<dyn ExecutionPlan>, sink: &Sink) -> Result<Arc<dyn ExecutionPlan>> {
        let partitions = plan.output_partitioning().partition_count();
        // Rows that are to stay in the table's order come from everywhere in it.
        if wants_cluster(sink) && partitions > 1 && of_sink(sink) < Want::Order {
            let id = last(&plan);
            plan = Arc::new(ClusterExec::new(plan, Arc::new(sink.clone()), self.ranks, id));
        }
        let schema = plan.schema();
        let key = |sort: &FileSort| {
            let options = SortOptions { descending: sort.descending, nulls_first: sort.nulls_first };
            let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new_with_schema(&sort.column, &schema)?);
            // Files are sorted by what stands in them; what cannot be converted the writer refuses.
            let stored = match written_type(sink, &sort.column)? {
                Some(to) if to != column.data_type(&schema)? => Arc::new(CastExpr::new(column, to, Some(CastOptions { safe: true, ..CastOptions::default() }))),
                _ => column,
            };
            Ok(PhysicalSortExpr::new(stored, options))
        };
        let keys = file_sort(sink).iter().map(key).collect::<Result<Vec<_>>>()?;
        let sort = LexOrdering::new(keys).and_then(|ordering| SortRowsExec::of(&SortExec::new(ordering, plan.clone()).with_preserve_partitioning(true)));
        Ok(sort.map_or(plan, |sort| Arc::new(sort) as _))
    }

    fn share(&self, id: NodeId, plan: &Arc<dyn ExecutionPlan>) -> Result<Arc<SharedTable>> {
        let statistics = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new())?;
        Ok(SharedTable::new(id, plan.schema(), plan.output_partitioning().partition_count(), statistics))
    }
}

impl Stages {
    /// Whether an operator can give up at run time.
    pub fn guarded(&self) -> bool {
        self.some(&|plan| plan.is::<PackedAggregateExec>())
    }

    /// Whether a side of a join, the states of groups, or the first rows of a sorted table must fit the memory: [`Way::Merging`] does without.
    pub fn hold(&self) -> bool {
        let joins = |plan: &Arc<dyn ExecutionPlan>| plan.is::<HashJoinExec>() || plan.is::<LookupJoinExec>() || plan.is::<SemiFilterExec>();
        let top = |plan: &Arc<dyn ExecutionPlan>| plan.downcast_ref::<SortExec>().is_some_and(|sort| sort.fetch().is_some());
        self.some(&|plan| joins(plan) || top(plan) || plan.is::<AggregateExec>() || plan.is::<DividedAggregateExec>())
    }

    fn some(&self, wanted: &dyn Fn(&Arc<dyn ExecutionPlan>) -> bool) -> bool {
        fn found(plan: &Arc<dyn ExecutionPlan>, wanted: &dyn Fn(&Arc<dyn ExecutionPlan>) -> bool) -> bool {
            wanted(plan) || plan.children().into_iter().any(|child| found(child, wanted))
        }
        self.stages.iter().any(|stage| found(&stage.plan, wanted))
    }

    /// Has every operator's work timed.
    pub fn watch(&mut self, trace: &Arc<Trace>) -> Result<()> {
        let mut operators = 0;
        for stage in &mut self.stages {
            stage.plan = trace.watch(stage.plan.clone(), &mut operators)?;
        }
        Ok(())
    }

    fn push(&mut self, plan: Arc<dyn ExecutionPlan>, output: StageOutput) {
        let offset = self.operations;
        self.operations += last(&plan);
        self.stages.push(Stage { plan, output, offset });
    }
}

/// Behind the numbers of a plan's operators, each of which uses at most two.
fn last(plan: &Arc<dyn ExecutionPlan>) -> u64 {
    starters(plan).iter().filter_map(|plan| as_start(plan).map(|start| start.id() + 2)).max().unwrap_or(0)
}

fn file_sort(sink: &Sink) -> &[FileSort] {
    match sink {
        Sink::WriteParquet(write) => &write.sort,
        Sink::WriteArrow(write) => &write.sort,
        Sink::WriteIceberg(write) => &write.sort,
        _ => &[],
    }
}

/// What a column is in the files, where the sink says it.
fn written_type(sink: &Sink, column: &str) -> Result<Option<DataType>> {
    let text = match sink {
        Sink::WriteParquet(write) => write.types.get(column),
        Sink::WriteArrow(write) => write.types.get(column),
        Sink::WriteIceberg(write) => write.columns.iter().find(|written| written.name == column).map(|written| &written.data_type),
        _ => None,
    };
    Ok(text.map(|text| parse_type(text)).transpose()?)
}

/// Sinks by the node they read; they see the same stream, but those whose rows are arranged for them. A spool's own sink is its filling.
fn groups(plan: &Plan) -> Vec<(NodeId, Vec<usize>)> {
    let mut groups: BTreeMap<(NodeId, Option<usize>), Vec<usize>> = BTreeMap::new();
    for (index, sink) in plan.sinks.iter().enumerate() {
        if !matches!(sink, Sink::Materialize { .. }) {
            let alone = wants_cluster(sink) || !file_sort(sink).is_empty();
            groups.entry((sink.input(), alone.then_some(index))).or_default().push(index);
        }
    }
    groups.into_iter().map(|((id, _), sinks)| (id, sinks)).collect()
}

/// How many read each node. Nodes below a leaf that is there already are not read.
fn consumers(plan: &Plan, groups: &[(NodeId, Vec<usize>)], builder: &Builder<'_>) -> Vec<usize> {
    let mut consumers = vec![0; plan.nodes.len()];
    groups.iter().for_each(|(id, _)| consumers[*id] += 1);
    for sink in &plan.sinks {
        if let Sink::Materialize { input, .. } = sink {
            consumers[*input] += 1;
        }
    }
    for id in (0..plan.nodes.len()).rev() {
        if consumers[id] > 0 && !builder.leaves.contains_key(&id) {
            let node = &plan.nodes[id];
            // To scan again takes less than to keep what was read.
            let times = |input: NodeId| if matches!(plan.nodes[input], Node::Scan { .. }) { 1 } else { builder.reads(node) };
            node.inputs().into_iter().for_each(|input| consumers[input] += times(input));
        }
    }
    consumers
}

/// A leaf that reads a shared table; every scan of it is a consumer.
fn shared_leaf(table: Arc<SharedTable>, built: &Built) -> Result<Built> {
    let schema = table.schema().clone();
    let all = schema.fields().len();
    let read = Leaf::new(schema, move |projection| {
        let columns = projection.cloned().unwrap_or_else(|| (0..all).collect());
        Ok(Arc::new(SharedExec::try_new(table.clone(), table.consumer(), columns)?))
    });
    leaf(read, built.visible.clone(), built.order.clone(), built.below, built.peers.clone())
}
