//! Who sends what to whom in a collective: arithmetic on ranks, which the collectives follow and by which the scale model counts
//! what they send without any rank being there.

use serde::{Deserialize, Serialize};

use crate::grid::{Grid, Hop, Peers};

/// Past so many ranks one of them hears all and tells all at a barrier: 2 (size − 1) messages, not size (size − 1), of which each may
/// wake a rank that shares its core with others.
const FLAT_BARRIER: usize = 8;

/// That rank.
pub(super) const HUB: usize = 0;

/// Bytes by which a bundle says how long one of its parts is.
pub(super) const LENGTH: usize = 8;

/// A collective, and all of it that is no part's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "collective", rename_all = "camelCase")]
pub enum Collective {
    Barrier,
    Broadcast { root: usize },
    Allgather,
    /// Of numbers that are added up on the way.
    Allreduce,
    Gather { root: usize },
    /// Every rank has a part for every rank or, where they are said, only `from` has or only `to` gets any.
    Alltoall { from: Option<usize>, to: Option<usize> },
}

/// A rank among the others.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub rank: usize,
    pub size: usize,
    /// None: each sends to each.
    pub grid: Option<Grid>,
}

/// What a rank does in a collective.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Sent to other ranks.
    pub messages: u64,
    /// Of their bodies, as parts are long.
    pub bytes: u64,
    /// Bytes that the rank holds at the end: its own parts, what it was sent, what it has bundled.
    pub held: u64,
}

/// One way of parts between ranks: all of a collective (no hop), or one of its two.
#[derive(Clone, Debug, Default)]
pub(crate) struct Step {
    pub hop: Option<Hop>,
    /// The ranks that get what this one sends.
    pub to: Vec<usize>,
    /// Whose parts this rank gets.
    pub from: Vec<usize>,
    /// With this step the rank has done all it does for the collective.
    pub last: bool,
}

impl Step {
    /// Everybody sends to all whom such a step reaches.
    fn among(peers: Peers) -> Self {
        let hop = peers.hop();
        Self { hop, to: peers.targets().collect(), from: peers.sources().collect(), last: hop != Some(Hop::Across) }
    }

    fn hearing(self, from: Vec<usize>) -> Self {
        Self { from, ..self }
    }

    fn telling(self, to: Vec<usize>) -> Self {
        Self { to, ..self }
    }
}

impl Place {
    /// Without a grid: to all others.
    fn flat(self) -> Step {
        Step::among(Peers::All { rank: self.rank, size: self.size })
    }

    pub(super) fn is_hub(self) -> bool {
        self.grid.is_none() && self.size > FLAT_BARRIER && self.rank == HUB
    }

    /// The same as another rank sees it.
    pub fn seen_by(self, rank: usize) -> Self {
        Self { rank, grid: self.grid.map(|grid| grid.seen_by(rank)), ..self }
    }
}

fn across(grid: Grid) -> Step {
    Step::among(Peers::Hop(grid, Hop::Across))
}

fn within(grid: Grid) -> Step {
    Step::among(Peers::Hop(grid, Hop::Within))
}

impl Collective {
    /// What a rank does, in this order; an `Alltoall` is an exchange, not steps.
    pub(crate) fn steps(self, place: Place) -> Vec<Step> {
        match self {
            Self::Barrier => barrier(place),
            Self::Broadcast { root } => broadcast(place, root),
            Self::Allgather | Self::Allreduce => match place.grid {
                None => vec![place.flat()],
                Some(grid) => vec![across(grid), within(grid)],
            },
            Self::Gather { root } => gather(place, root),
            Self::Alltoall { .. } => vec![],
        }
    }

    /// What a rank sends and holds. `part`: how long the part of a rank is: of a broadcast the root's, of an `Alltoall` each that it
    /// has, or, where only one rank has any, each that it gets.
    pub fn cost(self, place: Place, part: &dyn Fn(usize) -> u64) -> Cost {
        if let Self::Alltoall { from, to } = self {
            return alltoall(place, from, to, part);
        }
        let own = match self {
            Self::Broadcast { root } if root != place.rank => 0,
            _ => self.sent(place, None, part),
        };
        let mut cost = Cost { held: own, ..Cost::default() };
        for step in self.steps(place) {
            let sent = self.sent(place, step.hop, part);
            cost.messages += step.to.len() as u64;
            cost.bytes += step.to.len() as u64 * sent;
            cost.held += step.from.iter().map(|from| self.sent(place.seen_by(*from), step.hop, part)).sum::<u64>();
            if step.hop == Some(Hop::Within) && matches!(self, Self::Allgather | Self::Gather { .. }) {
                cost.held += sent;
            }
        }
        cost
    }

    /// How long what a rank sends to each in a step is.
    fn sent(self, place: Place, hop: Option<Hop>, part: &dyn Fn(usize) -> u64) -> u64 {
        match (self, hop, place.grid) {
            (Self::Barrier | Self::Alltoall { .. }, ..) => 0,
            (Self::Broadcast { root }, ..) => part(root),
            (Self::Allgather | Self::Gather { .. }, Some(Hop::Within), Some(grid)) => bundle(grid.behind().map(part)),
            (Self::Allgather | Self::Allreduce | Self::Gather { .. }, ..) => part(place.rank),
        }
    }
}

fn bundle(parts: impl Iterator<Item = u64>) -> u64 {
    parts.map(|part| LENGTH as u64 + part).sum()
}

fn barrier(place: Place) -> Vec<Step> {
    match place.grid {
        None if place.size > FLAT_BARRIER && place.rank != HUB => vec![Step { to: vec![HUB], from: vec![HUB], last: true, hop: None }],
        None => vec![place.flat()],
        Some(grid) => vec![across(grid), within(grid)],
    }
}

fn broadcast(place: Place, root: usize) -> Vec<Step> {
    // The rank that this one has it from, and the step in which it has.
    let (source, last) = match place.grid {
        None => (root, place.flat()),
        Some(grid) => (grid.seen_by(root).door(grid.group()), within(grid)),
    };
    if place.rank != source {
        return vec![last.hearing(vec![source]).telling(vec![])];
    }
    let first = place.grid.map(across).map(|across| match place.rank == root {
        true => across.hearing(vec![]),
        false => across.hearing(vec![root]).telling(vec![]),
    });
    first.into_iter().chain([last.hearing(vec![])]).collect()
}

fn gather(place: Place, root: usize) -> Vec<Step> {
    let is_root = place.rank == root;
    let Some(grid) = place.grid else {
        return vec![if is_root { place.flat().telling(vec![]) } else { Step { to: vec![root], last: true, ..Step::default() } }];
    };
    let home = grid.group_of(root);
    if grid.group() != home {
        return vec![Step { last: true, ..across(grid).hearing(vec![]).telling(vec![grid.door(home)]) }];
    }
    let second = if is_root { within(grid).telling(vec![]) } else { within(grid).hearing(vec![]).telling(vec![root]) };
    vec![across(grid).telling(vec![]), second]
}

/// Each to each only what there is; in two hops a bundle to each door and each member, whatever is in it.
fn alltoall(place: Place, from: Option<usize>, to: Option<usize>, part: &dyn Fn(usize) -> u64) -> Cost {
    let length = |one: usize, other: usize| {
        let there = from.is_none_or(|from| from == one) && to.is_none_or(|to| to == other);
        there.then(|| part(if from.is_some() { other } else { one }))
    };
    let Place { rank, size, grid } = place;
    let all = |parts: &mut dyn Iterator<Item = Option<u64>>| parts.flatten().sum::<u64>();
    let held = all(&mut (0..size).map(|other| length(rank, other)));
    let Some(grid) = grid else {
        let others = || (0..size).filter(|other| *other != rank);
        let sent = || others().filter_map(|other| length(rank, other));
        return Cost { messages: sent().count() as u64, bytes: sent().sum(), held: held + all(&mut others().map(|other| length(other, rank))) };
    };
    let members = || grid.members(grid.group());
    let for_group = |one: usize, group: usize| bundle(grid.members(group).map(|member| length(one, member).unwrap_or(0)));
    let for_member = |door: usize, member: usize| bundle(grid.seen_by(door).behind().map(|one| length(one, member).unwrap_or(0)));
    let across = (0..grid.groups()).filter(|group| *group != grid.group()).map(|group| for_group(rank, group));
    let within = members().filter(|member| *member != rank).map(|member| for_member(rank, member));
    let came = grid.behind().map(|one| for_group(one, grid.group())).sum::<u64>() + members().map(|door| for_member(door, rank)).sum::<u64>();
    let mut cost = Cost { held: held + came, ..Cost::default() };
    for sent in across.chain(within) {
        cost.messages += 1;
        cost.bytes += sent;
    }
    cost
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(size: usize) -> impl Iterator<Item = Vec<Place>> {
        let grids = (1..=size).map(move |groups| Some(Grid::new(0, size, groups))).chain([None]);
        grids.map(move |grid| (0..size).map(|rank| Place { rank: 0, size, grid }.seen_by(rank)).collect())
    }

    /// What one rank sends another in a step, that one waits for, and nothing else.
    #[test]
    fn whoever_is_sent_something_waits_for_it() {
        for places in (1..14).flat_map(places) {
            let size = places.len();
            let rooted = (0..size).flat_map(|root| [Collective::Broadcast { root }, Collective::Gather { root }]);
            for collective in [Collective::Barrier, Collective::Allgather, Collective::Allreduce].into_iter().chain(rooted) {
                let ways = |of: fn(&Step) -> &Vec<usize>, turned: bool| {
                    let mut all = vec![];
                    for place in &places {
                        for step in collective.steps(*place) {
                            all.extend(of(&step).iter().map(|other| if turned { (step.hop.map(|hop| hop as u8), *other, place.rank) } else { (step.hop.map(|hop| hop as u8), place.rank, *other) }));
                        }
                    }
                    all.sort_unstable();
                    all
                };
                assert_eq!(ways(|step| &step.to, false), ways(|step| &step.from, true), "{collective:?} {:?}", places[0].grid);
            }
        }
    }

    /// Ten thousand ranks, a hundred a machine: what no rank may exceed, whatever the collective.
    #[test]
    fn a_rank_of_many_sends_to_a_machine_s_ranks_and_to_each_machine() {
        let (size, machine) = (10_000, 100);
        let grid = Grid::choose(0, size, machine);
        let most = (size / machine + machine) as u64;
        let rooted = [Collective::Broadcast { root: 5_055 }, Collective::Gather { root: 5_055 }];
        for collective in [Collective::Barrier, Collective::Allgather, Collective::Allreduce].into_iter().chain(rooted) {
            for rank in (0..size).step_by(5) {
                let place = Place { rank: 0, size, grid }.seen_by(rank);
                assert!(collective.cost(place, &|_| 8).messages <= most);
            }
        }
        let alltoall = Collective::Alltoall { from: None, to: None };
        assert!(alltoall.cost(Place { rank: 0, size, grid }, &|_| 8).messages <= most);
    }
}
