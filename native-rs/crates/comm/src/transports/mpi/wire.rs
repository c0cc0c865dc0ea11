//! What travels between two ranks: in order, frames with their bodies behind them; out of band, short notes.

use std::mem::size_of;

use crate::operation::{Identity, Words};
use crate::transport::Frame;

/// Messages in the order of `post`, one tag so that MPI keeps it.
pub(super) const ORDERED: i32 = 1;
/// Notes, received whatever waits in the other stream.
pub(super) const ASIDE: i32 = 2;
/// Who is there, before anything else.
pub(super) const MEETING: i32 = 3;

/// Bytes before a body: a frame, padded so that the body is aligned as the buffer is.
pub(super) const HEADER: usize = 256;
const _: () = assert!(size_of::<Frame>() <= HEADER);

/// Frames of the transport's own in the ordered stream; `transport::what` has the others.
pub(super) mod what {
    /// The answer to `Note::Ask`: where the sender is. In order, so that all it sent before has arrived.
    pub const POSITION: u8 = 128;
    /// The sender sends nothing of a program any more.
    pub const CLOSED: u8 = 129;
    /// After `CLOSED` of all: whatever the sender sent has been taken. To the doors of other groups.
    pub const DONE: u8 = 130;
    /// So it is with all behind the sender. To its group: who has heard it of all members may end MPI; before that its library may still
    /// owe somebody the receipt of a message.
    pub const ALL_DONE: u8 = 131;
}

pub(super) type Head = [u8; HEADER];

pub(super) fn write_head(frame: &Frame, head: &mut [u8]) {
    // SAFETY: a frame is plain data of this size without padding (16 bytes, five words, an identity of words).
    let bytes = unsafe { std::slice::from_raw_parts(std::ptr::from_ref(frame).cast::<u8>(), size_of::<Frame>()) };
    head[..bytes.len()].copy_from_slice(bytes);
}

pub(super) fn read_head(head: &[u8]) -> Option<Frame> {
    let bytes = head.get(..size_of::<Frame>())?;
    // SAFETY: as many bytes as a frame has, and a frame is valid for any bits.
    Some(unsafe { bytes.as_ptr().cast::<Frame>().read_unaligned() })
}

/// What is said out of band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// A rank failed in `epoch`.
    Failure { rank: u32, epoch: u32, record: Vec<u8> },
    /// The sender has left all epochs before `epoch`.
    Epoch { epoch: u32 },
    /// All behind the sender have.
    Vouched { epoch: u32 },
    /// These ranks, behind the sender, have said `CLOSED`, in this epoch or before.
    Closed { epoch: u32, ranks: Vec<u32> },
    /// Are you there, and where?
    Ask,
    /// Yes.
    Here,
    /// These ranks do not respond, says a rank.
    Silent { rank: u32, ranks: Vec<u32> },
}

impl Note {
    pub fn encode(&self) -> Vec<u8> {
        let list = |ranks: &[u32]| ranks.iter().flat_map(|rank| rank.to_le_bytes()).collect::<Vec<_>>();
        let (kind, number, rest) = match self {
            Self::Failure { rank, epoch, record } => (0, *epoch, [&rank.to_le_bytes()[..], record].concat()),
            Self::Epoch { epoch } => (1, *epoch, Vec::new()),
            Self::Ask => (2, 0, Vec::new()),
            Self::Here => (3, 0, Vec::new()),
            Self::Silent { rank, ranks } => (4, *rank, list(ranks)),
            Self::Vouched { epoch } => (5, *epoch, Vec::new()),
            Self::Closed { epoch, ranks } => (6, *epoch, list(ranks)),
        };
        [&[kind], &number.to_le_bytes()[..], &rest].concat()
    }

    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        let (number, rest) = rest.split_first_chunk::<4>()?;
        let number = u32::from_le_bytes(*number);
        let list = || {
            let (ranks, rest) = rest.as_chunks::<4>();
            rest.is_empty().then(|| ranks.iter().map(|&rank| u32::from_le_bytes(rank)).collect::<Vec<_>>())
        };
        match kind {
            0 => {
                let (rank, record) = rest.split_first_chunk::<4>()?;
                Some(Self::Failure { rank: u32::from_le_bytes(*rank), epoch: number, record: record.to_vec() })
            }
            1 => Some(Self::Epoch { epoch: number }),
            2 => Some(Self::Ask),
            3 => Some(Self::Here),
            4 => Some(Self::Silent { rank: number, ranks: list()? }),
            5 => Some(Self::Vouched { epoch: number }),
            6 => Some(Self::Closed { epoch: number, ranks: list()? }),
            _ => None,
        }
    }
}

/// A frame of the transport's own.
pub(super) fn own_frame(from: usize, what: u8, epoch: u32, identity: Option<Identity>) -> Frame {
    let identity = identity.unwrap_or_else(|| Identity::from_words(Words::default()));
    Frame {
        from: from as u32,
        epoch,
        region: crate::transport::NO_REGION,
        what,
        unused: [0; 3],
        message: 0,
        total: 0,
        at: 0,
        offset: 0,
        length: 0,
        identity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Op, OpKind, Primitive};

    #[test]
    fn notes_round_trip() {
        let failure = Note::Failure { rank: 9, epoch: 3, record: vec![1, 2, 3] };
        let closed = Note::Closed { epoch: 1, ranks: vec![3, 4] };
        for note in [failure, closed, Note::Epoch { epoch: u32::MAX }, Note::Vouched { epoch: 2 }, Note::Ask, Note::Here, Note::Silent { rank: 1, ranks: vec![7, 8] }] {
            assert_eq!(Note::decode(&note.encode()), Some(note));
        }
        assert_eq!((Note::decode(&[]), Note::decode(&[9, 0, 0, 0, 0])), (None, None));
        assert_eq!((Note::decode(&[6, 2, 0, 0, 0, 7, 0, 0]), Note::decode(&[4, 2, 0, 0, 0, 7, 0, 0])), (None, None));
    }

    #[test]
    fn heads_round_trip() {
        let op = Op { call: 1, sequence: 2, kind: OpKind::Shuffle, site: "a.ts:1:1".into(), fingerprint: 3 };
        let frame = own_frame(5, what::POSITION, 9, Some(Identity::new(&op, Primitive::Exchange, None, None)));
        let mut head = [0; HEADER];
        write_head(&frame, &mut head);
        let back = read_head(&head).unwrap();
        assert_eq!((back.from, back.what, back.epoch, back.identity.site()), (5, what::POSITION, 9, "a.ts:1:1".into()));
        assert!(read_head(&head[1..200]).is_none());
    }
}
