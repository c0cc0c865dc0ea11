//! The ranks in groups, so that what goes to all goes in two hops.
//!
//! ```text
//!   rank i of group a ──across──► door of group b: (b, i mod its length) ──within──► rank j of group b
//! ```
//!
//! With groups of about √size ranks a rank has about 2 · √size others to speak to, not size.

use std::iter::StepBy;
use std::ops::Range;

/// Up to so many ranks each sends to each.
const FLAT: usize = 64;

/// The ranks of a job in groups of consecutive ranks, whose sizes differ by at most 1. Arithmetic only: nothing is stored
/// per rank, and all ranks agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    rank: usize,
    size: usize,
    groups: usize,
}

/// The two ways that make a path from any rank to any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// From a rank to the doors of all groups.
    Across,
    /// From a door to the members of its group.
    Within,
}

impl Grid {
    /// `size` ranks in `groups` groups (at least one, at most one a rank), seen by `rank`.
    pub fn new(rank: usize, size: usize, groups: usize) -> Self {
        Self { rank, size, groups: groups.clamp(1, size.max(1)) }
    }

    /// The grid of `size` ranks of which `local` share a machine, in groups of so many ranks; of 0 there is none, of `None` it is
    /// [chosen](Self::choose).
    pub fn of(group: Option<usize>, rank: usize, size: usize, local: usize) -> Option<Self> {
        match group {
            None => Self::choose(rank, size, local),
            Some(0) => None,
            Some(length) => Some(Self::new(rank, size, size.div_ceil(length))),
        }
    }

    /// The grid of `size` ranks of which `local` share a machine; `None` up to 64 ranks.
    ///
    /// A group is the whole number of machines next to √size ranks, or where a machine has more than √size, one of as many
    /// parts of it: where the numbers divide, groups end where machines end. A rank has (groups − 1) + (its group − 1) others
    /// to send to, never more than a machine has ranks and the job has machines.
    pub fn choose(rank: usize, size: usize, local: usize) -> Option<Self> {
        if size <= FLAT {
            return None;
        }
        let (local, root) = (local.clamp(1, size), (size as f64).sqrt());
        let nearest = |ratio: f64| (ratio.round() as usize).max(1);
        let groups = if (local as f64) < root {
            size.div_ceil(local * nearest(root / local as f64))
        } else {
            size.div_ceil(local) * nearest(local as f64 / root)
        };
        Some(Self::new(rank, size, groups))
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// How many ranks the longest group has.
    pub fn longest(&self) -> usize {
        self.size.div_ceil(self.groups)
    }

    /// The group of this rank.
    pub fn group(&self) -> usize {
        self.group_of(self.rank)
    }

    /// The group of a rank.
    pub fn group_of(&self, rank: usize) -> usize {
        // Inverse of `members`: the last group that begins at or before the rank.
        ((rank + 1) * self.groups - 1) / self.size
    }

    /// The ranks of a group.
    pub fn members(&self, group: usize) -> Range<usize> {
        group * self.size / self.groups..(group + 1) * self.size / self.groups
    }

    /// The rank of `group` that takes what this rank has for its members, and hands it on: the one at this rank's place in
    /// its own group, modulo the other's length. Of this rank's own group: this rank.
    pub fn door(&self, group: usize) -> usize {
        let members = self.members(group);
        members.start + self.place() % members.len()
    }

    /// The ranks whose door to this rank's group is this rank, in their order; this rank is among them.
    pub fn behind(&self) -> impl Iterator<Item = usize> + use<> {
        let grid = *self;
        (0..grid.groups).flat_map(move |group| grid.behind_in(group))
    }

    /// The same grid as another rank sees it.
    pub fn seen_by(&self, rank: usize) -> Self {
        Self { rank, ..*self }
    }

    /// This rank's place in its group.
    fn place(&self) -> usize {
        self.rank - self.members(self.group()).start
    }

    /// The ranks of a group whose door to this rank's group is this rank.
    fn behind_in(&self, group: usize) -> StepBy<Range<usize>> {
        let members = self.members(group);
        (members.start + self.place()..members.end).step_by(self.members(self.group()).len())
    }
}

/// Who sends to whom in one operation, as one rank sees it: each to each, or one hop of the grid. A rank may always send to
/// itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Peers {
    All { rank: usize, size: usize },
    Hop(Grid, Hop),
}

impl Peers {
    pub fn rank(&self) -> usize {
        match self {
            Self::All { rank, .. } | Self::Hop(Grid { rank, .. }, _) => *rank,
        }
    }

    pub fn hop(&self) -> Option<Hop> {
        match self {
            Self::All { .. } => None,
            Self::Hop(_, hop) => Some(*hop),
        }
    }

    /// The other ranks to which this one sends. Begins after it, so that not everybody sends to rank 0 first.
    pub fn targets(self) -> impl Iterator<Item = usize> {
        let next = move |step| match self {
            Self::All { rank, size } => (rank + step) % size,
            Self::Hop(grid, Hop::Across) => grid.door((grid.group() + step) % grid.groups),
            Self::Hop(grid, Hop::Within) => {
                let members = grid.members(grid.group());
                members.start + (grid.place() + step) % members.len()
            }
        };
        (1..self.count()).map(next)
    }

    /// The other ranks that send to this one.
    pub fn sources(self) -> impl Iterator<Item = usize> {
        let next = move |(step, target): (usize, usize)| match self {
            Self::Hop(grid, Hop::Across) => grid.behind_in((grid.group() + 1 + step) % grid.groups),
            Self::All { .. } | Self::Hop(_, Hop::Within) => (target..target + 1).step_by(1),
        };
        self.targets().enumerate().flat_map(next)
    }

    pub fn sends_to(&self, to: usize) -> bool {
        match self {
            Self::All { size, .. } => to < *size,
            Self::Hop(grid, Hop::Across) => to < grid.size && grid.door(grid.group_of(to)) == to,
            Self::Hop(grid, Hop::Within) => grid.members(grid.group()).contains(&to),
        }
    }

    pub fn receives_from(&self, from: usize) -> bool {
        match self {
            Self::Hop(grid, Hop::Across) => from < grid.size && grid.seen_by(from).door(grid.group()) == grid.rank,
            Self::All { .. } | Self::Hop(_, Hop::Within) => self.sends_to(from),
        }
    }

    /// Ranks to which this one sends, itself included.
    pub fn count(&self) -> usize {
        match self {
            Self::All { size, .. } => *size,
            Self::Hop(grid, Hop::Across) => grid.groups,
            Self::Hop(grid, Hop::Within) => grid.members(grid.group()).len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All numbers of groups; of many ranks every seventh.
    fn grids(size: usize) -> impl Iterator<Item = Grid> {
        (1..=size).step_by(if size < 80 { 1 } else { 7 }).map(move |groups| Grid::new(0, size, groups))
    }

    #[test]
    fn groups_are_consecutive_and_of_nearly_equal_size() {
        for grid in (1..200).flat_map(grids) {
            let lengths: Vec<usize> = (0..grid.groups()).map(|group| grid.members(group).len()).collect();
            let (shortest, longest) = (lengths.iter().min().unwrap(), lengths.iter().max().unwrap());
            assert!(*shortest > 0 && longest - shortest <= 1, "{grid:?}: {lengths:?}");
            let all: Vec<usize> = (0..grid.groups()).flat_map(|group| grid.members(group)).collect();
            assert_eq!(all, (0..grid.size).collect::<Vec<_>>());
            for group in 0..grid.groups() {
                assert!(grid.members(group).all(|rank| grid.group_of(rank) == group), "{grid:?}");
            }
        }
    }

    /// Every rank is behind exactly one door of each group, which is the one it sends to.
    #[test]
    fn there_is_one_path_between_any_two_ranks() {
        for grid in (1..200).flat_map(grids) {
            let mut doors = vec![0; grid.size];
            for rank in 0..grid.size {
                let grid = grid.seen_by(rank);
                let group = grid.group();
                assert_eq!(grid.door(group), rank);
                for from in grid.behind() {
                    assert_eq!(grid.seen_by(from).door(group), rank, "{grid:?}");
                    doors[from] += 1;
                }
            }
            assert_eq!(doors, vec![grid.groups(); grid.size]);
        }
    }

    #[test]
    fn those_behind_a_door_are_in_order() {
        for grid in (1..60).flat_map(grids) {
            for rank in 0..grid.size {
                let behind: Vec<usize> = grid.seen_by(rank).behind().collect();
                assert!(behind.is_sorted() && behind.contains(&rank), "{grid:?}: {behind:?}");
            }
        }
    }

    #[test]
    fn targets_and_sources_are_each_others_inverse() {
        for size in 1..60 {
            for groups in 1..=size {
                for hop in [None, Some(Hop::Across), Some(Hop::Within)] {
                    let peers = |rank| match hop {
                        None => Peers::All { rank, size },
                        Some(hop) => Peers::Hop(Grid::new(rank, size, groups), hop),
                    };
                    let (mut sent, mut received) = (Vec::new(), Vec::new());
                    for rank in 0..size {
                        let peers = peers(rank);
                        assert_eq!(peers.targets().count() + 1, peers.count());
                        sent.extend(peers.targets().map(|to| (rank, to)));
                        received.extend(peers.sources().map(|from| (from, rank)));
                        for other in 0..size {
                            assert_eq!(peers.sends_to(other), other == rank || peers.targets().any(|to| to == other));
                            assert_eq!(peers.receives_from(other), other == rank || peers.sources().any(|from| from == other));
                        }
                        assert!(!peers.sends_to(size) && !peers.receives_from(size));
                        assert!(peers.targets().chain(peers.sources()).all(|other| other != rank));
                    }
                    sent.sort_unstable();
                    received.sort_unstable();
                    assert_eq!(sent, received, "{size} ranks in {groups} groups, {hop:?}");
                }
            }
        }
    }

    #[test]
    fn a_rank_has_no_more_peers_than_a_machine_ranks_and_the_job_machines() {
        for local in 1..=256 {
            for machines in 1..=10_000 / local {
                let size = local * machines;
                let Some(grid) = Grid::choose(0, size, local) else {
                    assert!(size <= FLAT);
                    continue;
                };
                let longest = (0..grid.groups()).map(|group| grid.members(group).len()).max().unwrap();
                let peers = grid.groups() - 1 + longest - 1;
                assert!(peers <= local + machines, "{machines} machines of {local}: {} groups, {longest}", grid.groups());
                assert!(peers as f64 <= 2.5 * (size as f64).sqrt(), "{machines} machines of {local}: {peers} peers");
                // A machine's last rank is a group's last, where groups are machines or parts of them.
                let parts = (local as f64) >= (size as f64).sqrt();
                let whole = |machine: usize| grid.group_of(machine * local) > grid.group_of(machine * local - 1);
                assert!(!parts || (1..machines).all(whole), "{machines} machines of {local}");
            }
        }
    }

    #[test]
    fn irregular_places_have_a_grid_too() {
        for size in 1..300 {
            for local in 0..400 {
                let grid = Grid::choose(size - 1, size, local);
                assert_eq!(grid.is_some(), size > FLAT);
                assert!(grid.is_none_or(|grid| (1..=size).contains(&grid.groups())));
            }
        }
    }
}
