//! What collectives take on so many ranks, computed without them: who sends how many messages, of how many bytes.
use lockstep_comm::{Collective, Grid, Place};
use serde::{Deserialize, Serialize};

use crate::error::{EngineError, Result};

/// A collective as JSON has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "collective", rename_all = "camelCase")]
pub enum Named {
    Barrier,
    Broadcast { root: usize },
    Allgather,
    Allreduce,
    Gather { root: usize },
    Alltoall { from: Option<usize>, to: Option<usize> },
}

impl From<Collective> for Named {
    fn from(collective: Collective) -> Self {
        match collective {
            Collective::Barrier => Self::Barrier,
            Collective::Broadcast { root } => Self::Broadcast { root },
            Collective::Allgather => Self::Allgather,
            Collective::Allreduce => Self::Allreduce,
            Collective::Gather { root } => Self::Gather { root },
            Collective::Alltoall { from, to } => Self::Alltoall { from, to },
        }
    }
}

impl From<Named> for Collective {
    fn from(named: Named) -> Self {
        match named {
            Named::Barrier => Self::Barrier,
            Named::Broadcast { root } => Self::Broadcast { root },
            Named::Allgather => Self::Allgather,
            Named::Allreduce => Self::Allreduce,
            Named::Gather { root } => Self::Gather { root },
            Named::Alltoall { from, to } => Self::Alltoall { from, to },
        }
    }
}

/// A collective that a rank has been through.
#[derive(Debug, Serialize)]
pub struct Recorded {
    #[serde(flatten)]
    pub collective: Named,
    /// For what.
    pub kind: String,
    /// Where the program has it; empty where it does not stand there.
    pub site: String,
    /// Bytes of the parts that the rank has seen.
    pub parts: Vec<u64>,
}

/// As JSON.
pub(crate) fn recorded(all: &[lockstep_comm::Recorded]) -> Result<String> {
    let all = all.iter().map(|one| Recorded { collective: one.collective.into(), kind: one.kind.to_string(), site: one.site.to_string(), parts: one.parts.clone() });
    serde_json::to_string(&all.collect::<Vec<_>>()).map_err(|error| EngineError::bug(error.to_string()))
}

/// Collectives, each on all ranks.
#[derive(Debug, Deserialize)]
pub struct Request {
    pub ranks: usize,
    /// Ranks that share a machine.
    pub local: usize,
    /// Ranks of a group, 0: each sends to each; None: as so many ranks have them.
    #[serde(default)]
    pub group: Option<usize>,
    pub collectives: Vec<Scheduled>,
}

#[derive(Debug, Deserialize)]
pub struct Scheduled {
    #[serde(flatten)]
    pub collective: Named,
    /// Bytes of each rank's part; one where they are alike.
    pub parts: Parts,
    /// How often it happens.
    #[serde(default = "once")]
    pub times: u64,
}

fn once() -> u64 {
    1
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Parts {
    Alike(u64),
    Each(Vec<u64>),
}

impl Parts {
    fn of(&self, rank: usize) -> u64 {
        match self {
            Self::Alike(length) => *length,
            Self::Each(lengths) => match &lengths[..] {
                [of_all] => *of_all,
                by_rank => by_rank.get(rank).copied().unwrap_or(0),
            },
        }
    }
}

/// What each rank takes for all of them.
#[derive(Debug, Serialize)]
pub struct Schedule {
    pub groups: usize,
    /// Of the longest group.
    #[serde(rename = "groupRanks")]
    pub group_ranks: usize,
    /// By rank: messages to others, and bytes of them.
    pub messages: Vec<u64>,
    pub bytes: Vec<u64>,
    /// Bytes that a rank holds at the most for one of them.
    pub held: u64,
}

/// `request`: JSON of a [`Request`]; JSON of a [`Schedule`].
pub fn schedule(request: &str) -> Result<String> {
    let request: Request = serde_json::from_str(request).map_err(|error| EngineError::bug(format!("a schedule that cannot be read: {error}")))?;
    let size = request.ranks.max(1);
    let grid = match request.group {
        None => Grid::choose(0, size, request.local),
        Some(0) => None,
        Some(length) => Some(Grid::new(0, size, size.div_ceil(length))),
    };
    let (groups, group_ranks) = grid.map_or((1, size), |grid| (grid.groups(), grid.longest()));
    let (mut messages, mut bytes, mut held) = (vec![0; size], vec![0; size], 0);
    for Scheduled { collective, parts, times } in &request.collectives {
        let collective = Collective::from(*collective);
        for rank in 0..size {
            let cost = collective.cost(Place { rank, size, grid: grid.map(|grid| grid.seen_by(rank)) }, &|rank| parts.of(rank));
            messages[rank] += times * cost.messages;
            bytes[rank] += times * cost.bytes;
            held = held.max(cost.held);
        }
    }
    serde_json::to_string(&Schedule { groups, group_ranks, messages, bytes, held }).map_err(|error| EngineError::bug(error.to_string()))
}
