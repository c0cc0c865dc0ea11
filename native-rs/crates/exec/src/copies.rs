//! What an execution copies into databases.
use std::sync::Arc;

use lockstep_connectors::PostgresCopy;
use lockstep_plan::{Plan, Sink};

use crate::engine::Engine;
use crate::error::{EngineError, Result};

/// By sink: where this rank's rows go, if that is a database.
pub type Copies = Vec<Option<Arc<PostgresCopy>>>;

/// None has a session before rows come.
pub fn copies(engine: &Engine, plan: &Plan) -> Result<Copies> {
    let ranks = engine.ranks();
    let copy = |sink: &Sink| match sink {
        Sink::WritePostgres(write) => {
            let copy = PostgresCopy::new(write, ranks.rank, ranks.size, ranks.threads, engine.context().runtime_env().disk_manager.clone());
            Ok(Some(Arc::new(copy.map_err(|error| EngineError::from(error).at(sink.site()))?)))
        }
        _ => Ok(None),
    };
    plan.sinks.iter().map(copy).collect()
}

/// Ends what is copied into databases, now that no execution begins again: so many ranks at a time as there are sessions.
pub async fn copied(engine: &Engine, plan: &Plan, copies: &Copies) -> Result<()> {
    for (sink, copy) in plan.sinks.iter().zip(copies) {
        let Some(copy) = copy else { continue };
        for turn in 0..copy.turns() {
            if turn > 0 {
                engine.barrier(sink.site()).await?;
            }
            copy.finish(turn).await.map_err(|error| EngineError::from(error).at(sink.site()))?;
        }
    }
    Ok(())
}
