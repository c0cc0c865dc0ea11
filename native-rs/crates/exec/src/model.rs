//! The scale model: what a plan is on so many ranks, computed without them.
use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use lockstep_comm::Grid;
use lockstep_connectors::Chunk;
use serde::Serialize;

use crate::exchange::{HELD, Shape, buffered, full};
use crate::operators::{ScanExec, as_start};
use crate::planner::stages::Stages;
use crate::profile;
use crate::run::Ranks;

/// Operations of every execution beside its operators': all agree on the plan and on its end, and rank 0 is told what it took.
const OPERATIONS: usize = 3;

/// A plan on so many ranks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    pub ranks: usize,
    pub threads: usize,
    /// Of the grid: groups, and ranks of the longest; 1 and all of them where each sends to each.
    pub groups: usize,
    pub group_ranks: usize,
    /// What planning took, which every rank does.
    pub plan_seconds: f64,
    /// In which ranks speak to each other. In each a rank sends a message to each that it speaks to, (groups − 1) + (group ranks − 1)
    /// at most, and more where there is more than a message holds.
    pub operations: usize,
    /// Bytes of rows that a message holds at least, where there are so many for one rank.
    pub message: usize,
    /// Top down, as profiles have them.
    pub operators: Vec<OperatorModel>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperatorModel {
    pub stage: usize,
    pub depth: usize,
    pub name: String,
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan: Option<ScanModel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<ExchangeModel>,
    /// Operations in which all ranks tell all something.
    pub agreements: usize,
}

/// Who reads what of an input.
#[derive(Debug, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ScanModel {
    /// Pieces of files: of a Parquet file row groups or parts of them.
    pub chunks: usize,
    pub rows: u64,
    /// Of the rank that reads most.
    pub most_rows: u64,
    /// Ranks that read anything.
    pub reading: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeModel {
    pub shape: Shape,
    /// Bytes that wait at most to be sent, on a rank.
    pub buffers: usize,
    /// Messages of a rank, as long as no task has more for another rank than a message holds; fewer where it has nothing for some.
    pub messages: usize,
}

impl Model {
    pub fn new(stages: &Stages, ranks: Ranks, grid: Option<Grid>, plan_seconds: f64) -> Self {
        let (groups, group_ranks) = grid.map_or((1, ranks.size), |grid| (grid.groups(), grid.longest()));
        let mut operators = vec![];
        for (stage, plan) in stages.stages.iter().enumerate() {
            walk(stage, 0, &plan.plan, ranks, (groups, group_ranks), &mut operators);
        }
        let operations: usize = operators.iter().map(|operator| operator.agreements + usize::from(operator.exchange.is_some())).sum();
        Self { ranks: ranks.size, threads: ranks.threads, groups, group_ranks, plan_seconds, operations: OPERATIONS + operations, message: full(groups).min(full(group_ranks)), operators }
    }
}

fn walk(stage: usize, depth: usize, plan: &Arc<dyn ExecutionPlan>, ranks: Ranks, (groups, group_ranks): (usize, usize), list: &mut Vec<OperatorModel>) {
    let line = profile::line(plan);
    let (name, detail) = line.split_once(": ").unwrap_or((&line, ""));
    let traffic = as_start(plan).map(|start| start.traffic()).unwrap_or_default();
    let exchange = traffic.exchange.map(|shape| {
        let tasks = if traffic.one_task { 1 } else { ranks.threads };
        ExchangeModel::new(shape, tasks, (groups, group_ranks))
    });
    let scan = plan.downcast_ref::<ScanExec>().map(|scan| ScanModel::new(scan.parts(), ranks));
    list.push(OperatorModel { stage, depth, name: name.to_owned(), detail: detail.to_owned(), scan, exchange, agreements: traffic.agreements });
    plan.children().into_iter().for_each(|child| walk(stage, depth + 1, child, ranks, (groups, group_ranks), list));
}

impl ExchangeModel {
    /// `tasks`: those of a rank that send; with a grid of several groups a relay sends as well.
    fn new(shape: Shape, tasks: usize, (groups, group_ranks): (usize, usize)) -> Self {
        let (across, within) = (buffered(groups), buffered(group_ranks));
        // All that is gathered goes one way.
        let most = if shape == Shape::Gather { 1 } else { usize::MAX };
        let (others, members) = ((groups - 1).min(most), (group_ranks - 1).min(most));
        // Each source for the other groups, and for its own with the relay, or, of several, each and the relay; a relay's rows wait to
        // be divided.
        let (buffers, messages) = match groups {
            1 => (tasks * within, tasks * members),
            _ if tasks == 1 => (across + within + HELD, others + members),
            _ => (tasks * (across + within + HELD) + within + HELD, tasks * (others + members) + members),
        };
        Self { shape, buffers, messages }
    }
}

impl ScanModel {
    /// `parts`: the chunks of each partition of all ranks.
    fn new(parts: &[Vec<Chunk>], ranks: Ranks) -> Self {
        let rows = |parts: &[Vec<Chunk>]| parts.iter().flatten().map(|chunk| chunk.rows).sum::<u64>();
        let by_rank = || parts.chunks(ranks.threads).map(rows);
        Self {
            chunks: parts.iter().map(Vec::len).sum(),
            rows: rows(parts),
            most_rows: by_rank().max().unwrap_or(0),
            reading: by_rank().filter(|rows| *rows > 0).count(),
        }
    }
}
