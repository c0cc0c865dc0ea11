//! What every rank says and every rank waits for all to have said, in two hops, so that nobody hears it of each.
//!
//! ```text
//!   rank ─► the doors of other groups;  a door, once all behind it have said it ─► the members of its group
//! ```
//!
//! All ranks have said it when all members of this rank's group have vouched for those behind them. Without a grid there is one group, of
//! which all are members, and behind a rank is only itself.

use std::collections::HashMap;

use crate::grid::{Grid, Hop, Peers};

/// The other ranks to which this one says it, by hop.
pub(super) fn others(grid: Grid, hop: Hop) -> impl Iterator<Item = usize> {
    Peers::Hop(grid, hop).targets()
}

/// How far ranks are: a number that only grows.
pub(super) struct Roll {
    /// Said by those behind this rank, itself included.
    behind: HashMap<usize, u32>,
    /// Vouched for by the members of its group, itself included, for those behind them.
    members: HashMap<usize, u32>,
    /// How many there are of both.
    counts: (usize, usize),
}

impl Roll {
    pub fn new(grid: Grid) -> Self {
        Self { behind: HashMap::new(), members: HashMap::new(), counts: (grid.behind().count(), grid.members(grid.group()).len()) }
    }

    /// A rank behind this one is so far; the number that this one vouches for to its group, where it has grown.
    pub fn said(&mut self, rank: usize, number: u32) -> Option<u32> {
        let before = least(&self.behind, self.counts.0);
        self.behind.insert(rank, number);
        let now = least(&self.behind, self.counts.0);
        (now > before).then_some(now)
    }

    pub fn vouched(&mut self, member: usize, number: u32) {
        self.members.insert(member, number);
    }

    /// How far all ranks are.
    pub fn all(&self) -> u32 {
        least(&self.members, self.counts.1)
    }
}

/// 0 until all have said something.
fn least(said: &HashMap<usize, u32>, of: usize) -> u32 {
    if said.len() < of { 0 } else { said.values().copied().min().unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranks say it in some order, and what they say travels in some order: all hear it when all have said it, and not before.
    #[test]
    fn all_hear_it_when_all_have_said_it() {
        for (size, groups) in [(1, 1), (5, 1), (5, 2), (12, 4), (13, 4), (7, 7)] {
            let grids: Vec<Grid> = (0..size).map(|rank| Grid::new(rank, size, groups)).collect();
            let mut rolls: Vec<Roll> = grids.iter().map(|grid| Roll::new(*grid)).collect();
            let mut messages = vec![0; size];
            for turn in 0..size {
                let rank = turn * 5 % size;
                let rank = if size % 5 == 0 { turn } else { rank };
                assert!(rolls.iter().all(|roll| roll.all() == 0));
                let doors: Vec<usize> = others(grids[rank], Hop::Across).chain([rank]).collect();
                messages[rank] += doors.len() - 1;
                for door in doors {
                    if let Some(number) = rolls[door].said(rank, 3) {
                        let members: Vec<usize> = others(grids[door], Hop::Within).collect();
                        messages[door] += members.len();
                        members.into_iter().chain([door]).for_each(|member| rolls[member].vouched(door, number));
                    }
                }
            }
            assert!(rolls.iter().all(|roll| roll.all() == 3), "{size} ranks in {groups} groups");
            let most = groups - 1 + size.div_ceil(groups) - 1;
            assert!(messages.iter().all(|messages| *messages <= most));
        }
    }
}
