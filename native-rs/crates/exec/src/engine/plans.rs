//! Plans: for this job's ranks, and as they would be for others.
use std::sync::Arc;
use std::time::Instant;

use datafusion::execution::session_state::SessionState;
use lockstep_comm::Grid;
use lockstep_functions::ScriptHost;
use lockstep_plan::Plan;

use super::open::Opened;
use super::{Engine, parse};
use crate::error::{EngineError, Result};
use crate::execute;
use crate::model::Model;
use crate::planner::{ChosenFor, Way};
use crate::planner::physical::session;
use crate::planner::stages::{Planner, Stages};
use crate::run::Ranks;
use crate::source::spool_leaf;

impl Engine {
    /// The distributed physical plan as text: one tree a stage. `ranks`: as it would be on so many, of as many threads.
    pub async fn explain(&self, plan: &str, ranks: Option<usize>) -> Result<String> {
        let Some(size) = ranks else { return Ok(execute::text(&self.plan(&parse(plan)?, None, self.first).await?)) };
        let ranks = Ranks { rank: 0, size, ..self.ranks };
        let session = session(ranks, ChosenFor::absent(ranks), self.env.clone(), Arc::default(), self.first, self.adapt);
        Ok(execute::text(&self.plan_for(&session, self.first, ranks, &parse(plan)?, None).await?))
    }

    /// The [`Model`] of a plan as executions here are planned, on so many ranks, of which `local` share a machine, as JSON.
    pub async fn model(&self, plan: &str, size: usize, local: usize) -> Result<String> {
        let ranks = Ranks { rank: 0, size, ..self.ranks };
        let session = session(ranks, self.chosen_for, self.env.clone(), Arc::default(), self.first, self.adapt);
        let (started, plan) = (Instant::now(), parse(plan)?);
        let stages = self.plan_for(&session, self.first, ranks, &plan, None).await?;
        let grid = if size == self.ranks.size { self.comm.grid() } else { Grid::choose(0, size, local) };
        let model = Model::new(&stages, ranks, grid, started.elapsed().as_secs_f64());
        serde_json::to_string(&model).map_err(|error| EngineError::bug(error.to_string()))
    }

    /// The columns of the table that the first sink of a plan sees: `[{ name, type }]`.
    pub async fn schema_of(&self, plan: &str) -> Result<String> {
        execute::schema(&self.plan(&parse(plan)?, None, Way::General).await?)
    }

    pub(crate) async fn plan(&self, plan: &Plan, scripts: Option<&Arc<dyn ScriptHost>>, way: Way) -> Result<Stages> {
        self.plan_for(&self.sessions[way as usize], way, self.ranks, plan, scripts).await
    }

    async fn plan_for(&self, session: &SessionState, way: Way, ranks: Ranks, plan: &Plan, scripts: Option<&Arc<dyn ScriptHost>>) -> Result<Stages> {
        let filled = |id: u32| {
            let spool = self.spools.lock().get(&id).cloned();
            spool.map(|spool| spool_leaf(id, spool, ranks))
        };
        Planner { session, sources: &Opened { engine: self, ranks }, scripts, ranks, way, filled: &filled }.stages(plan).await
    }
}
