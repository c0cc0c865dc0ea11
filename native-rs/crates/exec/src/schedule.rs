//! What collectives take on so many ranks, computed without them: who sends how many messages, of how many bytes.
use lockstep_comm::{Collective, Grid, Place};
use serde::{Deserialize, Serialize};

use crate::error::{EngineError, Result};

/// A collective that a rank has been through.
#[derive(Serialize)]
struct Recorded<'a> {
    #[serde(flatten)]
    collective: Collective,
    /// For what.
    kind: String,
    /// Where the program has it; empty where it does not stand there.
    site: &'a str,
    /// Bytes of the parts that the rank has seen.
    parts: &'a [u64],
}

/// As JSON.
pub(crate) fn recorded(all: &[lockstep_comm::Recorded]) -> Result<String> {
    let all = all.iter().map(|one| Recorded { collective: one.collective, kind: one.kind.to_string(), site: &one.site, parts: &one.parts });
    serde_json::to_string(&all.collect::<Vec<_>>()).map_err(|error| EngineError::bug(error.to_string()))
}

/// Collectives, each on all ranks.
#[derive(Deserialize)]
struct Request {
    ranks: usize,
    /// Ranks that share a machine.
    local: usize,
    /// Ranks of a group, 0: each sends to each; None: as so many ranks have them.
    #[serde(default)]
    group: Option<usize>,
    collectives: Vec<Scheduled>,
}

#[derive(Deserialize)]
struct Scheduled {
    #[serde(flatten)]
    collective: Collective,
    /// Bytes of each rank's part; one where they are alike.
    parts: Parts,
    /// How often it happens.
    #[serde(default = "once")]
    times: u64,
}

fn once() -> u64 {
    1
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Parts {
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
#[derive(Serialize)]
struct Schedule {
    groups: usize,
    /// Of the longest group.
    #[serde(rename = "groupRanks")]
    group_ranks: usize,
    /// By rank: messages to others, and bytes of them.
    messages: Vec<u64>,
    bytes: Vec<u64>,
    /// Bytes that a rank holds at the most for one of them.
    held: u64,
}

/// `request`: JSON of a `Request`; JSON of a `Schedule`.
pub fn schedule(request: &str) -> Result<String> {
    let request: Request = serde_json::from_str(request).map_err(|error| EngineError::bug(format!("a schedule that cannot be read: {error}")))?;
    let size = request.ranks.max(1);
    let grid = Grid::of(request.group, 0, size, request.local);
    let first = Place { rank: 0, size, grid };
    let (groups, group_ranks) = grid.map_or((1, size), |grid| (grid.groups(), grid.longest()));
    let (mut messages, mut bytes, mut held) = (vec![0; size], vec![0; size], 0);
    for Scheduled { collective, parts, times } in &request.collectives {
        for rank in 0..size {
            let cost = collective.cost(first.seen_by(rank), &|rank| parts.of(rank));
            messages[rank] += times * cost.messages;
            bytes[rank] += times * cost.bytes;
            held = held.max(cost.held);
        }
    }
    serde_json::to_string(&Schedule { groups, group_ranks, messages, bytes, held }).map_err(|error| EngineError::bug(error.to_string()))
}
