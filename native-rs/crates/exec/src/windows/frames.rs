//! Frames as places in a group.
use super::layout::Layout;

/// Rows around the current one; None: all of the group on that side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowsFrame {
    pub before: Option<u64>,
    pub after: Option<u64>,
    pub peers: bool,
}

impl RowsFrame {
    /// The group.
    pub const WHOLE: Self = Self { before: None, after: None, peers: false };

    /// First and last place + 1 of the frame of an own row.
    pub fn places(&self, layout: &Layout, row: usize) -> (u64, u64) {
        let (position, size) = (layout.position[row], layout.size[row]);
        let first = self.before.map_or(0, |before| position.saturating_sub(before));
        let last = self.after.map_or(size, |after| position.saturating_add(after).saturating_add(1).min(size));
        if !self.peers {
            return (first, last);
        }
        let run = |place: u64| &layout.runs[layout.row_at(row, place)];
        let first = if self.before.is_none() { 0 } else { layout.place_of(row, run(first).start) };
        let last = if self.after.is_none() { size } else { layout.place_of(row, run(last - 1).end - 1) + 1 };
        (first, last)
    }
}
