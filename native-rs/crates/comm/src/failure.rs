//! How a failure travels: a record that means the same on every rank.
//!
//! A failure says after which operation of the program it happened. Operations up to that one have all they need from
//! the failed rank, so they end well everywhere, even where the failure is heard of first. So all ranks fail at the same
//! statement, and the same `catch` takes the error on all of them.

use crate::error::{CommError, Divergence, RankError, Side};
use crate::operation::{Key, OpKind, Primitive};

/// No record is longer.
pub(crate) const RECORD_LIMIT: usize = RankError::MESSAGE_LIMIT + 64;

/// Call and sequence of the last operation a failure leaves alone, both hops of it; `None` leaves none alone.
pub(crate) type After = Option<(u64, u64)>;

#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub error: CommError,
    pub after: After,
}

impl Failure {
    pub fn concerns(&self, (call, sequence, _): Key) -> bool {
        !self.error.recoverable() || Some((call, sequence)) > self.after
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![u8::from(self.after.is_some())];
        let (call, sequence) = self.after.unwrap_or_default();
        number(&mut out, call);
        number(&mut out, sequence);
        out.extend(encode(&self.error));
        out
    }

    /// What `record` says; `None` where it says nothing sensible.
    pub fn decode(record: &[u8]) -> Option<Self> {
        let (&known, mut rest) = record.split_first()?;
        let key = (take_number(&mut rest)?, take_number(&mut rest)?);
        Some(Self { error: decode(rest)?, after: (known == 1).then_some(key) })
    }
}

const REMOTE: u8 = 0;
const DIVERGED: u8 = 1;
const SYSTEM: u8 = 2;

/// A recoverable error as bytes.
fn encode(error: &CommError) -> Vec<u8> {
    let mut out = Vec::new();
    match error {
        CommError::Diverged(divergence) => {
            out.push(DIVERGED);
            side(&mut out, &divergence.here);
            side(&mut out, &divergence.there);
        }
        CommError::Remote(RankError { rank, message }) => remote(&mut out, *rank, message),
        CommError::System { what, source } => {
            out.push(SYSTEM);
            number(&mut out, source.raw_os_error().unwrap_or_default() as u64);
            out.extend_from_slice(what.as_bytes());
        }
        other => remote(&mut out, 0, &other.to_string()),
    }
    out
}

fn remote(out: &mut Vec<u8>, rank: usize, message: &str) {
    out.push(REMOTE);
    number(out, rank as u64);
    let mut end = message.len().min(RankError::MESSAGE_LIMIT);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    out.extend_from_slice(&message.as_bytes()[..end]);
}

fn number(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn side(out: &mut Vec<u8>, side: &Side) {
    out.extend([side.kind as u8, side.primitive as u8]);
    for value in [side.rank as u64, side.call, side.sequence, side.fingerprint, side.site.len() as u64] {
        number(out, value);
    }
    out.extend_from_slice(side.site.as_bytes());
}

fn decode(record: &[u8]) -> Option<CommError> {
    let (&tag, mut rest) = record.split_first()?;
    match tag {
        REMOTE => {
            let rank = take_number(&mut rest)? as usize;
            Some(CommError::Remote(RankError { rank, message: String::from_utf8_lossy(rest).into_owned() }))
        }
        SYSTEM => {
            let code = take_number(&mut rest)? as i32;
            let what = String::from_utf8_lossy(rest);
            Some(CommError::system(&what, std::io::Error::from_raw_os_error(code)))
        }
        DIVERGED => {
            let here = take_side(&mut rest)?;
            let there = take_side(&mut rest)?;
            Some(CommError::Diverged(Box::new(Divergence { here, there })))
        }
        _ => None,
    }
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let (head, tail) = rest.split_first_chunk::<8>()?;
    *rest = tail;
    Some(u64::from_le_bytes(*head))
}

fn take_side(rest: &mut &[u8]) -> Option<Side> {
    let (&[kind, primitive], tail) = rest.split_first_chunk::<2>()?;
    *rest = tail;
    let rank = take_number(rest)? as usize;
    let call = take_number(rest)?;
    let sequence = take_number(rest)?;
    let fingerprint = take_number(rest)?;
    let length = usize::try_from(take_number(rest)?).ok()?;
    let (site, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(Side {
        rank,
        kind: OpKind::from_wire(kind)?,
        primitive: Primitive::from_wire(primitive)?,
        call,
        sequence,
        site: String::from_utf8_lossy(site).into_owned(),
        fingerprint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_round_trip() {
        let error = CommError::Remote(RankError { rank: 3, message: "schön".into() });
        let failure = Failure { error: error.clone(), after: Some((1, 2)) };
        let back = Failure::decode(&failure.encode()).unwrap();
        assert_eq!((back.error.to_string(), back.after), (error.to_string(), Some((1, 2))));
        assert!(!back.concerns((1, 2, 2)) && back.concerns((1, 3, 0)) && back.concerns((2, 0, 0)));
        let error = CommError::system("rank 1: cannot write", std::io::Error::from_raw_os_error(28));
        assert_eq!(decode(&encode(&error)).unwrap().to_string(), error.to_string());
        let at = |rank, kind| Side {
            rank,
            kind,
            primitive: Primitive::Exchange,
            call: 1,
            sequence: 2,
            site: "a.ts:1:2".into(),
            fingerprint: 9,
        };
        let error = CommError::Diverged(Box::new(Divergence { here: at(0, OpKind::Shuffle), there: at(1, OpKind::Barrier) }));
        let record = encode(&error);
        assert_eq!(decode(&record).unwrap().to_string(), error.to_string());
        for cut in 0..record.len() {
            assert!(decode(&record[..cut]).is_none());
        }
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let error = CommError::Remote(RankError { rank: 0, message: "é".repeat(RankError::MESSAGE_LIMIT) });
        let Some(CommError::Remote(back)) = decode(&encode(&error)) else { panic!("not remote") };
        assert_eq!(back.message.len(), RankError::MESSAGE_LIMIT);
    }
}
