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
    /// After `CLOSED` of all: whatever the sender sent has been taken. Who has heard it of all may end MPI; before that its
    /// library may still owe somebody the receipt of a message.
    pub const DONE: u8 = 130;
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
    /// The sender failed in `epoch`.
    Failure { epoch: u32, record: Vec<u8> },
    /// The sender has left all epochs before `epoch`.
    Epoch { epoch: u32 },
    /// Are you there, and where?
    Ask,
    /// Yes.
    Here,
    /// These ranks do not respond.
    Silent { ranks: Vec<u32> },
}

impl Note {
    pub fn encode(&self) -> Vec<u8> {
        let (kind, number, rest) = match self {
            Self::Failure { epoch, record } => (0, *epoch, record.clone()),
            Self::Epoch { epoch } => (1, *epoch, Vec::new()),
            Self::Ask => (2, 0, Vec::new()),
            Self::Here => (3, 0, Vec::new()),
            Self::Silent { ranks } => (4, ranks.len() as u32, ranks.iter().flat_map(|rank| rank.to_le_bytes()).collect()),
        };
        [&[kind], &number.to_le_bytes()[..], &rest].concat()
    }

    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        let (number, rest) = rest.split_first_chunk::<4>()?;
        let number = u32::from_le_bytes(*number);
        match kind {
            0 => Some(Self::Failure { epoch: number, record: rest.to_vec() }),
            1 => Some(Self::Epoch { epoch: number }),
            2 => Some(Self::Ask),
            3 => Some(Self::Here),
            4 => {
                let (ranks, rest) = rest.as_chunks::<4>();
                (ranks.len() == number as usize && rest.is_empty())
                    .then(|| Self::Silent { ranks: ranks.iter().map(|&rank| u32::from_le_bytes(rank)).collect() })
            }
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
        let failure = Note::Failure { epoch: 3, record: vec![1, 2, 3] };
        for note in [failure, Note::Epoch { epoch: u32::MAX }, Note::Ask, Note::Here, Note::Silent { ranks: vec![7, 8] }] {
            assert_eq!(Note::decode(&note.encode()), Some(note));
        }
        assert_eq!((Note::decode(&[]), Note::decode(&[9, 0, 0, 0, 0])), (None, None));
        assert_eq!(Note::decode(&[4, 2, 0, 0, 0, 7, 0, 0, 0]), None);
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
