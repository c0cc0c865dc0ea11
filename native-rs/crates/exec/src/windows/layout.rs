//! Where the rows of a block stand in their groups.
use std::ops::Range;

use arrow::array::ArrayRef;
use arrow::compute::partition;
use datafusion::common::Result;

/// The rows that are computed, among all that are looked at.
pub struct Layout {
    pub own: Range<usize>,
    pub places: Places,
    /// Of each own row, its place in its group, from 0.
    pub position: Vec<u64>,
    /// Of each own row, the rows of its group.
    pub size: Vec<u64>,
    /// The stretch of neighbours that the last sort found equal, for every row looked at; empty if nobody asks.
    pub runs: Vec<Range<usize>>,
}

pub enum Places {
    /// All rows are own, every group is whole.
    Groups,
    /// One group; the place of every row looked at, ascending.
    Spread(Vec<u64>),
}

impl Layout {
    /// Whole groups, by their keys.
    pub fn groups(rows: usize, keys: &[ArrayRef]) -> Result<Self> {
        let mut layout = Self { own: 0..rows, places: Places::Groups, position: vec![], size: vec![], runs: vec![] };
        for group in stretches(rows, keys)? {
            layout.position.extend(0..group.len() as u64);
            layout.size.extend(std::iter::repeat_n(group.len() as u64, group.len()));
        }
        Ok(layout)
    }

    /// The own rows of a table of `total` rows.
    pub fn spread(own: Range<usize>, places: Vec<u64>, total: u64) -> Self {
        let position = places[own.clone()].to_vec();
        let size = vec![total; own.len()];
        Self { own, places: Places::Spread(places), position, size, runs: vec![] }
    }

    /// Finds equal neighbours within the groups. Without keys a row has no peer.
    pub fn find_runs(&mut self, peers: &[ArrayRef]) -> Result<()> {
        let rows = self.rows();
        let equal = if peers.is_empty() { (0..rows).map(|row| row..row + 1).collect() } else { stretches(rows, peers)? };
        let starts_anew = |row: usize| match &self.places {
            Places::Groups => self.position[row] == 0,
            Places::Spread(places) => places[row] != places[row - 1] + 1,
        };
        let mut runs = Vec::with_capacity(rows);
        for stretch in equal {
            let mut start = stretch.start;
            while start < stretch.end {
                let end = (start + 1..stretch.end).find(|&row| starts_anew(row)).unwrap_or(stretch.end);
                runs.extend(std::iter::repeat_n(start..end, end - start));
                start = end;
            }
        }
        self.runs = runs;
        Ok(())
    }

    fn rows(&self) -> usize {
        match &self.places {
            Places::Groups => self.own.end,
            Places::Spread(places) => places.len(),
        }
    }

    /// The row at `place` of the group of own row `row`. In a spread table it is one of the rows looked at.
    pub fn row_at(&self, row: usize, place: u64) -> usize {
        match &self.places {
            Places::Groups => row - self.position[row] as usize + place as usize,
            Places::Spread(places) => {
                // Most often the neighbourhood is without gaps.
                let here = self.own.start + row;
                let guess = here as i64 + place as i64 - self.position[row] as i64;
                match usize::try_from(guess).ok().filter(|&guess| places.get(guess) == Some(&place)) {
                    Some(guess) => guess,
                    None => places.partition_point(|&other| other < place),
                }
            }
        }
    }

    /// The place in the group of a row looked at, which is in the group of own row `row`.
    pub fn place_of(&self, row: usize, looked_at: usize) -> u64 {
        match &self.places {
            Places::Groups => (looked_at as i64 - row as i64 + self.position[row] as i64) as u64,
            Places::Spread(places) => places[looked_at],
        }
    }

    /// The rows of the group of own row `row` that are without gaps around it: the group, or all own rows.
    pub fn around(&self, row: usize) -> Range<usize> {
        match &self.places {
            Places::Groups => {
                let start = row - self.position[row] as usize;
                start..start + self.size[row] as usize
            }
            Places::Spread(_) => self.own.clone(),
        }
    }

    pub fn is_spread(&self) -> bool {
        matches!(self.places, Places::Spread(_))
    }
}

/// Stretches of equal rows. Without columns all rows are equal.
pub fn stretches(rows: usize, columns: &[ArrayRef]) -> Result<Vec<Range<usize>>> {
    Ok(match (rows, columns.is_empty()) {
        (0, _) => vec![],
        (_, true) => vec![0..rows],
        _ => partition(columns)?.ranges(),
    })
}
