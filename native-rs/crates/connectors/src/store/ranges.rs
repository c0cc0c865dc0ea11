//! What is fetched of an object: ranges put together where a gap costs less than a request, cut where one request would
//! be slower than several.
use std::{
    collections::BTreeMap,
    fmt,
    ops::Range,
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared, join_all},
};
use parking_lot::Mutex;
use tokio::task::AbortHandle;

use super::{remote::Object, wait::{background, wait}};
use crate::errors::{ConnectorError, Result};

/// Bytes between two ranges that are fetched rather than asked for by a request of their own.
const GAP: u64 = 1 << 20;
/// Bytes of a request, about: longer ones cost time, shorter ones requests.
const PIECE: u64 = 16 << 20;

/// The requests for `ranges`: in order, none overlaps another.
pub fn coalesced(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_by_key(|range| range.start);
    let mut runs: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match runs.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(GAP) => last.end = last.end.max(range.end),
            _ => runs.push(range),
        }
    }
    let cut = |run: Range<u64>| {
        let pieces = ((run.end - run.start + PIECE / 2) / PIECE).max(1);
        let at = move |piece: u64| run.start + u64::try_from(u128::from(run.end - run.start) * u128::from(piece) / u128::from(pieces)).expect("within the run");
        (0..pieces).map(move |piece| at(piece)..at(piece + 1)).collect::<Vec<_>>()
    };
    runs.into_iter().flat_map(cut).collect()
}

type Arrival = Shared<BoxFuture<'static, Result<Bytes>>>;

/// A request under way or its answer. Dropped, it is given up.
struct Piece {
    end: u64,
    arrival: Arrival,
    task: AbortHandle,
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is held of one object; shared by all who read it.
#[derive(Clone)]
pub struct Pieces {
    object: Arc<Object>,
    /// By first byte; none overlaps another.
    held: Arc<Mutex<BTreeMap<u64, Piece>>>,
    /// Why bytes did not come: a decoder passes on the text of an error at best.
    failed: Arc<Mutex<Option<ConnectorError>>>,
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.object.name)
    }
}

impl Pieces {
    pub fn new(object: Object) -> Self {
        Self { object: Arc::new(object), held: Arc::default(), failed: Arc::default() }
    }

    /// Asks for what is not held of `ranges`.
    pub fn request(&self, ranges: Vec<Range<u64>>) {
        let mut held = self.held.lock();
        let missing: Vec<Range<u64>> = ranges.into_iter().flat_map(|range| missing(&held, range)).collect();
        for run in coalesced(missing) {
            // Putting ranges together may have closed a gap that is held.
            for range in self::missing(&held, run) {
                let object = self.object.clone();
                let asked = range.clone();
                let task = background(async move { object.get(asked).await });
                let abort = task.abort_handle();
                let name = self.object.name.clone();
                let arrival = task.map(move |done| done.unwrap_or_else(|_| Err(ConnectorError::corrupt(&name, "reading it was given up"))));
                held.insert(range.start, Piece { end: range.end, arrival: arrival.boxed().shared(), task: abort });
            }
        }
    }

    /// Waits until `ranges` are here; an error is told by whoever reads the bytes.
    pub fn arrived(&self, ranges: &[Range<u64>]) -> impl Future<Output = ()> + Send + use<> {
        let held = self.held.lock();
        let waited: Vec<Arrival> = ranges.iter().flat_map(|range| overlapping(&held, range)).map(|(_, piece)| piece.arrival.clone()).collect();
        join_all(waited).map(|_| ())
    }

    /// Where the bytes that are held from `offset` on end; None: it is not held.
    pub fn held_until(&self, offset: u64) -> Option<u64> {
        let held = self.held.lock();
        held.range(..=offset).next_back().map(|(_, piece)| piece.end).filter(|end| *end > offset)
    }

    /// The bytes of a range; what is not held is fetched, and waited for.
    pub fn bytes(&self, range: Range<u64>) -> Result<Bytes> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        self.request(vec![range.clone()]);
        let parts: Vec<(u64, Arrival)> = {
            let held = self.held.lock();
            overlapping(&held, &range).map(|(start, piece)| (*start, piece.arrival.clone())).collect()
        };
        let mut all = BytesMut::new();
        let single = parts.len() == 1;
        for (start, arrival) in parts {
            let bytes = match arrival.peek() {
                Some(done) => done.clone(),
                None => wait(arrival),
            };
            let bytes = bytes.inspect_err(|error| *self.failed.lock() = Some(error.clone()))?;
            let from = range.start.saturating_sub(start) as usize;
            let to = ((range.end - start) as usize).min(bytes.len());
            if single {
                return Ok(bytes.slice(from..to));
            }
            all.extend_from_slice(&bytes[from..to]);
        }
        Ok(all.freeze())
    }

    /// The error of the last bytes that did not come.
    pub fn failure(&self) -> Option<ConnectorError> {
        self.failed.lock().clone()
    }

    /// Lets go of what lies before `offset` altogether.
    pub fn release(&self, offset: u64) {
        self.held.lock().retain(|_, piece| piece.end > offset);
    }

    /// Lets go of what lies within a range.
    pub fn forget(&self, range: &Range<u64>) {
        self.held.lock().retain(|start, piece| *start < range.start || piece.end > range.end);
    }
}

fn overlapping<'a>(held: &'a BTreeMap<u64, Piece>, range: &Range<u64>) -> impl Iterator<Item = (&'a u64, &'a Piece)> {
    let first = held.range(..=range.start).next_back().map_or(range.start, |(start, _)| *start);
    let start = range.start;
    held.range(first..range.end.max(first)).filter(move |(_, piece)| piece.end > start)
}

fn missing(held: &BTreeMap<u64, Piece>, range: Range<u64>) -> Vec<Range<u64>> {
    let mut gaps = Vec::new();
    let mut at = range.start;
    for (start, piece) in overlapping(held, &range) {
        if *start > at {
            gaps.push(at..*start);
        }
        at = at.max(piece.end);
    }
    if at < range.end {
        gaps.push(at..range.end);
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ranges_are_one_request_and_long_ones_several() {
        let mib = 1 << 20;
        assert_eq!(coalesced(vec![5..5, 10..20, 0..10, 15..30]), [0..30]);
        assert_eq!(coalesced(vec![0..10, 10 + GAP..20 + GAP]), [0..20 + GAP]);
        assert_eq!(coalesced(vec![0..10, 11 + GAP..20 + GAP]), [0..10, 11 + GAP..20 + GAP]);
        assert_eq!(coalesced(vec![0..23 * mib]).len(), 1);
        assert_eq!(coalesced(vec![0..40 * mib]).len(), 3);
        let pieces = coalesced(vec![7..7 + 33 * mib]);
        assert!(pieces.windows(2).all(|pair| pair[0].end == pair[1].start) && pieces.iter().all(|piece| piece.end - piece.start < PIECE * 3 / 2));
        assert_eq!((pieces[0].start, pieces[pieces.len() - 1].end), (7, 7 + 33 * mib));
    }
}
