//! Where an execution's rows go on this rank that a database takes: to its sessions, or into files for it.
use std::sync::Arc;

use lockstep_connectors::{PostgresCopy, SnowflakeFiles};
use lockstep_plan::{Plan, Sink};

use crate::engine::Engine;
use crate::error::{EngineError, Result};

/// A database's sink on this rank; its partitions share it.
#[derive(Debug, Clone)]
pub enum Copy {
    Postgres(Arc<PostgresCopy>),
    Snowflake(Arc<SnowflakeFiles>),
}

/// By sink: none is of a database that has none.
pub type Copies = Vec<Option<Copy>>;

/// None has a session before rows come.
pub fn copies(engine: &Engine, plan: &Plan) -> Result<Copies> {
    let ranks = engine.ranks();
    let copy = |sink: &Sink| {
        let copy = match sink {
            Sink::WritePostgres(write) => {
                let disk = engine.context().runtime_env().disk_manager.clone();
                PostgresCopy::new(write, ranks.rank, ranks.size, ranks.threads, disk).map(|copy| Copy::Postgres(Arc::new(copy)))
            }
            Sink::WriteSnowflake(write) => SnowflakeFiles::new(write, ranks.rank, &engine.temporary).map(|files| Copy::Snowflake(Arc::new(files))),
            _ => return Ok(None),
        };
        copy.map(Some).map_err(|error| EngineError::from(error).at(sink.site()))
    };
    plan.sinks.iter().map(copy).collect()
}

/// Ends what goes to databases, now that no execution begins again: of sessions so many ranks at a time as there are.
pub async fn copied(engine: &Engine, plan: &Plan, copies: &Copies) -> Result<()> {
    for (sink, copy) in plan.sinks.iter().zip(copies) {
        match copy {
            None => {}
            Some(Copy::Snowflake(files)) => files.keep(),
            Some(Copy::Postgres(copy)) => {
                for turn in 0..copy.turns() {
                    if turn > 0 {
                        engine.barrier(sink.site()).await?;
                    }
                    copy.finish(turn).await.map_err(|error| EngineError::from(error).at(sink.site()))?;
                }
            }
        }
    }
    Ok(())
}
