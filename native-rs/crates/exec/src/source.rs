//! Where a plan's leaves come from: opened files and tables of databases, literal tables, kept tables.
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::create_physical_expr;
use lockstep_connectors::{Dataset, Pruner, Relation, Selection};

use crate::error::{EngineError, Result};
use crate::operators::{MemoryExec, QueryExec, ScanExec};
use crate::planner::leaf::Leaf;
use crate::planner::logical::{Built, leaf};
use crate::planner::order::Order;
use crate::run::Ranks;
use crate::spool::{Spool, SpoolExec};

#[derive(Clone)]
pub enum Source {
    Dataset(Arc<Dataset>),
    Relation(Arc<dyn Relation>),
    /// What a source of the program's has given each rank.
    Rows(Arc<Spool>),
    /// Of the program; `hash` is that of its bytes.
    Table { table: RecordBatch, hash: u64 },
}

impl Source {
    /// A leaf of these columns; `id` is the dataset's number for messages, `eager`: pages of however small row groups are judged.
    pub fn scan(self, id: u32, columns: &[String], position: Option<&str>, filter: Option<&Expr>, ranks: Ranks, eager: bool) -> Result<Built> {
        let partitions = ranks.partitions();
        let order = position.map_or(Order::Natural, |name| Order::Position(name.to_owned()));
        let (names, number) = (columns.to_vec(), position.map(str::to_owned));
        let (read, rows) = match self {
            Source::Dataset(dataset) => {
                let missing = |name: &&String| dataset.schema.field_with_name(name).is_err();
                if let Some(name) = columns.iter().find(missing) {
                    return Err(EngineError::bug(format!("dataset {id} has no column {name}")));
                }
                let scan = dataset.scan_schema(columns, &Default::default());
                let pruner = filter.map(|filter| pruner(filter, &scan)).transpose()?.flatten().map(|pruner| Arc::new(pruner.eager(eager)));
                let keep = pruner.as_ref().map(|pruner| pruner.groups(&dataset));
                let rows = dataset.rows;
                let schema = Arc::new(with_position(&scan, position));
                let read = Leaf::new(schema, move |projection| {
                    let (columns, position) = chosen(&names, number.as_deref(), projection);
                    let columns = columns.into_iter().map(|index| names[index].clone()).collect();
                    Ok(Arc::new(ScanExec::new(dataset.clone(), columns, position, partitions, keep.as_deref()).pruned(pruner.clone())))
                });
                (read, rows)
            }
            Source::Relation(relation) => {
                if let Some(name) = columns.iter().find(|name| relation.schema().field_with_name(name).is_err()) {
                    return Err(EngineError::bug(format!("dataset {id} has no column {name}")));
                }
                let rows = relation.below(partitions);
                let condition = filter.and_then(|filter| relation.condition(filter));
                let whole = Selection { columns: names.clone(), condition: condition.clone(), limit: None, position: number.clone() };
                let read = Leaf::new(whole.schema(relation.as_ref()), move |projection| {
                    let (columns, position) = chosen(&names, number.as_deref(), projection);
                    let columns = columns.into_iter().map(|index| names[index].clone()).collect();
                    let selection = Selection { columns, condition: condition.clone(), limit: None, position };
                    Ok(Arc::new(QueryExec::new(relation.clone(), selection, ranks)))
                });
                (read, rows)
            }
            Source::Rows(spool) => {
                let find = |name: &String| spool.schema.index_of(name).map_err(|error| EngineError::bug(error.to_string()));
                let indices = columns.iter().map(find).collect::<Result<Vec<_>>>()?;
                let scan = spool.schema.project(&indices).map_err(|error| EngineError::bug(error.to_string()))?;
                let (rows, place) = (spool.rows, spool.schema.fields().len() - 1);
                let whole = Arc::new(with_position(&scan, position));
                let read = Leaf::new(whole.clone(), move |projection| {
                    let (columns, position) = chosen(&names, number.as_deref(), projection);
                    // The position stands last in both.
                    let called: Vec<usize> = columns.iter().copied().chain(position.is_some().then_some(names.len())).collect();
                    let held = columns.into_iter().map(|index| indices[index]).chain(position.is_some().then_some(place)).collect();
                    Ok(Arc::new(SpoolExec::called(id, spool.clone(), held, Arc::new(whole.project(&called)?), ranks)))
                });
                (read, rows)
            }
            Source::Table { table, .. } => {
                let indices = columns.iter().map(|name| table.schema_ref().index_of(name)).collect::<Result<Vec<_>, _>>();
                let indices = indices.map_err(|error| EngineError::bug(error.to_string()))?;
                let scan = table.schema_ref().project(&indices).map_err(|error| EngineError::bug(error.to_string()))?;
                let rows = table.num_rows() as u64;
                let read = Leaf::new(Arc::new(with_position(&scan, position)), move |projection| {
                    let (columns, position) = chosen(&names, number.as_deref(), projection);
                    let columns: Vec<usize> = columns.into_iter().map(|index| indices[index]).collect();
                    Ok(Arc::new(MemoryExec::try_new(&table, &columns, position.as_deref(), partitions)?))
                });
                (read, rows)
            }
        };
        leaf(read, columns.to_vec(), order, rows.max(1), vec![])
    }
}

/// What a filter of some columns of a scan says of rows of which only bounds are known; None: nothing.
pub fn pruner(filter: &Expr, scan: &SchemaRef) -> Result<Option<Pruner>> {
    let bound = DFSchema::try_from(scan.as_ref().clone())?;
    let filter = create_physical_expr(filter, &bound, &ExecutionProps::new(), &PhysicalPlanningContext::default())?;
    Ok(Pruner::new(&filter, scan))
}

/// A kept table as a leaf.
pub fn spool_leaf(id: u32, spool: Arc<Spool>, ranks: Ranks) -> Result<Built> {
    let (visible, order, below, peers) = (spool.visible.clone(), spool.order.clone(), spool.below, spool.peers.clone());
    let all = spool.schema.fields().len();
    let read = Leaf::new(spool.schema.clone(), move |projection| {
        let columns = projection.cloned().unwrap_or_else(|| (0..all).collect());
        Ok(Arc::new(SpoolExec::try_new(id, spool.clone(), columns, ranks)?))
    });
    leaf(read, visible, order, below, peers)
}

fn with_position(schema: &Schema, position: Option<&str>) -> Schema {
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    fields.extend(position.map(|name| Arc::new(Field::new(name, DataType::Int64, false))));
    Schema::new(fields)
}

/// The columns of a projection, and the position if it is in it; it stands last in the schema.
fn chosen(names: &[String], position: Option<&str>, projection: Option<&Vec<usize>>) -> (Vec<usize>, Option<String>) {
    let all: Vec<usize> = (0..names.len() + usize::from(position.is_some())).collect();
    let chosen = projection.unwrap_or(&all);
    let columns = chosen.iter().copied().filter(|&index| index < names.len()).collect();
    (columns, position.filter(|_| chosen.contains(&names.len())).map(str::to_owned))
}
