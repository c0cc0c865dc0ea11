//! Plan → logical → physical → distributed.
//!
//! 1. [`order`] decides which tables must keep their order.
//! 2. [`logical`] builds one DataFusion plan a stage; leaves describe the whole input.
//! 3. DataFusion plans for ranks × threads partitions; partition i belongs to rank ⌊i / threads⌋.
//! 4. [`rules`], the last of which turns every repartition, coalesce and collected build side into an exchange.
//!
//! Everything here is a function of what rank 0 broadcast (datasets, plan), so all ranks get equal plans.
pub mod distribute;
mod divide_groups;
pub mod joins;
mod joins_in_turn;
mod heavy_keys;
mod key_filters;
pub mod leaf;
pub mod lift_sorts;
pub mod logical;
pub mod nodes;
pub mod order;
mod own_sorts;
pub mod physical;
pub mod sort_groups;
pub mod stages;
mod text_keys;
mod top_rows;
pub mod window_node;

use std::str::FromStr;
use std::sync::Arc;

use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::combine_partial_final_agg::CombinePartialFinalAggregate;
use datafusion::physical_optimizer::ensure_requirements::EnsureRequirements;
use datafusion::physical_optimizer::output_requirements::OutputRequirements;
use datafusion::physical_optimizer::projection_pushdown::ProjectionPushdown;
use lockstep_comm::Grid;

pub use stages::{Planner, Stage, StageOutput};

use crate::error::EngineError;
use crate::run::Ranks;
use crate::specialise;

/// What can be left out, so that a run shows what it gains: `lockstep run --without specialise`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Optimisation {
    /// Operators specialised by domains: [`crate::specialise`].
    Specialise,
    /// Keys of one side of a join told to the scan of the other: [`key_filters`].
    Keys,
    /// Rows of heavy keys dealt over partitions: [`heavy_keys`].
    Heavy,
}

impl Optimisation {
    const ALL: [(&str, Self); 3] = [("specialise", Self::Specialise), ("keys", Self::Keys), ("heavy", Self::Heavy)];
}

impl FromStr for Optimisation {
    type Err = EngineError;

    /// LS2015 for another name.
    fn from_str(name: &str) -> Result<Self, EngineError> {
        let found = Self::ALL.iter().find(|(own, _)| *own == name);
        found.map(|(_, optimisation)| *optimisation).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(own, _)| *own).collect();
            EngineError::new("LS2015", format!("there is no optimisation {name:?} to run without; there are: {}", names.join(", ")))
        })
    }
}

type Rule = Arc<dyn PhysicalOptimizerRule + Send + Sync>;

/// How a plan is executed. One that gives up is executed in a later way, which promises less and takes longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Operators specialised by domains take the place of general ones.
    Specialised,
    General,
    /// Joins sort both sides and groups their rows, which spills, where a hash table might not fit the memory.
    Merging,
}

/// The ranks for which plans are chosen, as a rule those there are.
#[derive(Debug, Clone, Copy)]
pub struct ChosenFor {
    pub ranks: Ranks,
    /// None: each sends to each.
    pub grid: Option<Grid>,
}

impl ChosenFor {
    /// Ranks that are not there, on machines as there are many.
    pub fn absent(ranks: Ranks) -> Self {
        Self { ranks, grid: Grid::choose(0, ranks.size, MACHINE) }
    }
}

/// Ranks of a machine, where nobody has said how many; the grid of many has about as many groups whatever it is.
const MACHINE: usize = 64;

/// What an execution may decide by the rows that it sees.
#[derive(Debug, Clone, Copy)]
pub struct Adapt {
    pub keys: bool,
    pub heavy: bool,
    /// However small tables are; else where it is worth its messages.
    pub always: bool,
}

impl Adapt {
    pub fn new(without: &[Optimisation], always: bool) -> Self {
        let with = |optimisation| !without.contains(&optimisation);
        Self { keys: with(Optimisation::Keys), heavy: with(Optimisation::Heavy), always }
    }
}

/// The physical rules, in order. Not DataFusion's list: its dynamic filters, limits and answers from statistics
/// must not cross an exchange, and its join selection knows nothing of ranks.
///
/// `chosen_for`: what joins cost on so many ranks decides.
pub fn rules(ranks: Ranks, chosen_for: ChosenFor, way: Way, adapt: Adapt) -> Vec<Rule> {
    let specialised = way == Way::Specialised;
    let mut rules: Vec<Rule> = vec![
        // Keeps the order of the whole result wanted while the rules below drop what nobody wants.
        Arc::new(OutputRequirements::new_add_mode()),
        // Decides which joins need their inputs partitioned: before the rule that partitions them.
        Arc::new(joins::ChooseJoin::new(chosen_for, way)),
        // Inserts the repartitions, merges and sorts that operators ask for.
        Arc::new(EnsureRequirements::new()),
        // The rule before has moved sorts down.
        Arc::new(lift_sorts::LiftSorts),
        // A partial aggregation with nothing between it and the final one is one aggregation.
        Arc::new(CombinePartialFinalAggregate::new()),
        // After the repartitions are placed, so that columns not needed above one do not travel.
        Arc::new(ProjectionPushdown::new()),
        Arc::new(OutputRequirements::new_remove_mode()),
    ];
    if way == Way::Merging {
        rules.push(Arc::new(sort_groups::SortGroups));
    }
    if specialised {
        // Sees DataFusion's own operators at their final places; what it puts there is distributed like the rest.
        rules.push(Arc::new(specialise::Specialise::new(ranks)));
    }
    // No rule after this one may move anything across an exchange.
    rules.push(Arc::new(distribute::Distribute::new(ranks)));
    // What it keeps of a partition must fit the memory.
    if way != Way::Merging {
        rules.push(Arc::new(top_rows::TopRows));
    }
    rules.push(Arc::new(own_sorts::OwnSorts));
    if way == Way::Merging {
        rules.push(Arc::new(joins_in_turn::JoinsInTurn));
    }
    // Where both sides are sorted and merged, joins are to take little memory.
    if way != Way::Merging && adapt.keys {
        // Sees which build sides are sent through an exchange, and what stands between a join and the scan below.
        rules.push(Arc::new(key_filters::KeyFilters::new(chosen_for.ranks, adapt.always)));
    }
    if way != Way::Merging && adapt.heavy {
        rules.push(Arc::new(heavy_keys::HeavyKeys::new(ranks, adapt.always)));
    }
    // Sees the group-bys that are left to DataFusion, and where their input is in order.
    rules.push(Arc::new(text_keys::TextKeys));
    rules.push(Arc::new(divide_groups::DivideGroups));
    if specialised {
        // Looks for build sides that are collected on every rank: where, the rule before decides.
        rules.push(Arc::new(specialise::LookUp));
    }
    rules
}
