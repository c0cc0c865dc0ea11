//! Several parts as one: their lengths (of each eight bytes, little-endian), then the parts.

use bytes::Bytes;

use super::in_rank_order;
use super::schedule::LENGTH;
use crate::core::Contributions;
use crate::error::{CommError, Result};
use crate::grid::Grid;

/// Length of a part that is not there.
const NONE: u64 = u64::MAX;

pub(super) fn pack<P: AsRef<[u8]>>(parts: impl Iterator<Item = Option<P>> + Clone) -> Bytes {
    let length = |part: &P| part.as_ref().len();
    let body: usize = parts.clone().flatten().map(|part| length(&part)).sum();
    let mut bundle = Vec::with_capacity(LENGTH * parts.clone().count() + body);
    for part in parts.clone() {
        bundle.extend(part.as_ref().map_or(NONE, |part| length(part) as u64).to_le_bytes());
    }
    parts.flatten().for_each(|part| bundle.extend_from_slice(part.as_ref()));
    bundle.into()
}

/// The `count` parts of a bundle that came from `from`, in place.
pub(super) fn unpack(bundle: &Bytes, count: usize, from: usize) -> Result<Vec<Option<Bytes>>> {
    let invalid = CommError::Invalid { from, what: "bundle" };
    let (lengths, _) = bundle.as_chunks::<LENGTH>();
    let lengths = lengths.get(..count).ok_or(invalid.clone())?;
    let mut at = LENGTH * count;
    let mut take = |length: &[u8; LENGTH]| match u64::from_le_bytes(*length) {
        NONE => Some(None),
        length => {
            let end = at.checked_add(usize::try_from(length).ok()?).filter(|&end| end <= bundle.len())?;
            Some(Some(bundle.slice(std::mem::replace(&mut at, end)..end)))
        }
    };
    let parts = lengths.iter().map(&mut take).collect::<Option<Vec<_>>>().ok_or(invalid.clone())?;
    if at == bundle.len() { Ok(parts) } else { Err(invalid) }
}

/// The parts of all ranks, of which the members of a group have bundled those behind them.
pub(super) fn unpack_all(bundles: Contributions, grid: Grid, size: usize) -> Result<Vec<Bytes>> {
    let mut parts = Contributions::new();
    for (door, bundle) in bundles {
        let behind: Vec<usize> = grid.seen_by(door).behind().collect();
        let unpacked = unpack(&bundle.into_bytes(), behind.len(), door)?;
        parts.extend(behind.into_iter().zip(unpacked).filter_map(|(from, part)| Some((from, part?.into()))));
    }
    in_rank_order(parts, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_round_trip_and_are_checked() {
        let parts = [Some(Bytes::from_static(b"abc")), None, Some(Bytes::new()), Some(Bytes::from_static(b"d"))];
        let bundle = pack(parts.iter().map(Option::as_ref));
        assert_eq!(unpack(&bundle, 4, 0).unwrap(), parts);
        assert_eq!(unpack(&pack(std::iter::empty::<Option<Bytes>>()), 0, 0).unwrap(), []);
        for length in 0..bundle.len() {
            assert!(unpack(&bundle.slice(..length), 4, 0).is_err(), "cut to {length}");
        }
        assert!(unpack(&bundle, 3, 0).is_err() && unpack(&bundle, 5, 0).is_err());
        for wrong in [u64::MAX - 1, 1 << 40] {
            let mut bundle = bundle.to_vec();
            bundle[..8].copy_from_slice(&wrong.to_le_bytes());
            assert!(unpack(&bundle.into(), 4, 0).is_err());
        }
    }
}
