//! The identity of an operation: what every message carries, so that ranks at different statements notice.

use std::fmt;
use std::sync::Arc;

use crate::error::{Divergence, Side};
use crate::grid::Hop;

/// One communicating operation of the program. Ranks that run the same statements make equal `Op`s.
///
/// `(call, sequence)` identifies it and must be used once. Operations with `fingerprint` 0 stand in the program itself:
/// a rank enters them one after the other, in the order of `(call, sequence)`, of one in two hops the hop across first. Those
/// with a plan's fingerprint may run concurrently, but have ended on a rank before that rank enters a later operation of the
/// program.
#[derive(Clone, Debug)]
pub struct Op {
    /// The annotated call, counted from the start of the job.
    pub call: u64,
    /// The operation within the call.
    pub sequence: u64,
    pub kind: OpKind,
    /// Source position, `file:line:column`.
    pub site: Arc<str>,
    /// Hash of the physical plan the operation belongs to, or 0.
    pub fingerprint: u64,
}

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$of])* $variant),* }

        impl $name {
            const ALL: &[Self] = &[$(Self::$variant),*];

            pub(crate) fn from_wire(byte: u8) -> Option<Self> {
                Self::ALL.get(usize::from(byte)).copied()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text),* })
            }
        }
    };
}

kinds! {
    /// What the operation is for, in the words of messages to the user.
    OpKind {
        Call = "call",
        Open = "open",
        Plan = "plan",
        Barrier = "barrier",
        Broadcast = "broadcast",
        Allgather = "allgather",
        Gather = "gather",
        Alltoall = "alltoall",
        Shuffle = "shuffle",
        Collect = "collect",
        Sample = "sample",
        Write = "write",
        Commit = "commit",
        Recover = "recover",
        /// Of a call: all ranks tell how it ended.
        Settle = "end of call",
    }
}

kinds! {
    /// The function of [`crate::Communicator`] that was called.
    Primitive {
        Barrier = "barrier",
        Broadcast = "broadcast",
        Allgather = "allgather",
        Gather = "gather",
        Exchange = "exchange",
        Recover = "recover",
        Allreduce = "allreduce",
    }
}

/// Bytes of the site that travel.
const SITE: usize = 152;

/// Call, sequence, hop: in the order in which a rank enters operations of the program.
pub(crate) type Key = (u64, u64, u8);

/// An `Op` as it travels: plain data without pointers.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Identity {
    pub call: u64,
    pub sequence: u64,
    pub fingerprint: u64,
    /// Hash of the whole site, the primitive, the root and the hop.
    pub agreement: u64,
    pub kind: u8,
    pub primitive: u8,
    /// 0: each to each; 1: across; 2: within.
    pub hop: u8,
    site_length: u8,
    unused: [u8; 4],
    site: [u8; SITE],
}

/// An identity as machine words, for shared memory.
pub(crate) type Words = [u64; std::mem::size_of::<Identity>() / 8];

impl Identity {
    pub fn words(&self) -> Words {
        // SAFETY: both are plain data of the same size without padding (five words, then bytes that fill 19 more).
        unsafe { std::mem::transmute(*self) }
    }

    pub fn from_words(words: Words) -> Self {
        // SAFETY: as above; an Identity is valid for any bits.
        unsafe { std::mem::transmute(words) }
    }

    pub fn new(op: &Op, primitive: Primitive, root: Option<usize>, hop: Option<Hop>) -> Self {
        let hop = match hop {
            None => 0,
            Some(Hop::Across) => 1,
            Some(Hop::Within) => 2,
        };
        let mut agreement = Fnv::default();
        agreement.write(op.site.as_bytes());
        agreement.write(&[op.kind as u8, primitive as u8, hop]);
        agreement.write(&root.map_or(u64::MAX, |root| root as u64).to_le_bytes());
        let bytes = op.site.as_bytes();
        let mut start = bytes.len().saturating_sub(SITE);
        while !op.site.is_char_boundary(start) {
            start += 1;
        }
        let kept = &bytes[start..];
        let mut site = [0; SITE];
        site[..kept.len()].copy_from_slice(kept);
        Self {
            call: op.call,
            sequence: op.sequence,
            fingerprint: op.fingerprint,
            agreement: agreement.0,
            kind: op.kind as u8,
            primitive: primitive as u8,
            hop,
            site_length: kept.len() as u8,
            unused: [0; 4],
            site,
        }
    }

    /// The key under which operations of different ranks meet.
    pub fn key(&self) -> Key {
        (self.call, self.sequence, self.hop)
    }

    /// The hop, if it is one of two.
    pub fn hop(&self) -> Option<Hop> {
        match self.hop {
            1 => Some(Hop::Across),
            2 => Some(Hop::Within),
            _ => None,
        }
    }

    /// Whether both sides are at the same operation; the key is equal already.
    pub fn agrees(&self, other: &Self) -> bool {
        self.agreement == other.agreement && self.fingerprint == other.fingerprint
    }

    pub fn valid(&self) -> bool {
        OpKind::from_wire(self.kind).is_some()
            && Primitive::from_wire(self.primitive).is_some()
            && self.hop <= 2
            && usize::from(self.site_length) <= SITE
    }

    pub fn site(&self) -> String {
        String::from_utf8_lossy(&self.site[..usize::from(self.site_length).min(SITE)]).into_owned()
    }

    pub fn side(&self, rank: usize) -> Side {
        Side {
            rank,
            kind: OpKind::from_wire(self.kind).unwrap_or(OpKind::Plan),
            primitive: Primitive::from_wire(self.primitive).unwrap_or(Primitive::Exchange),
            call: self.call,
            sequence: self.sequence,
            site: self.site(),
            fingerprint: self.fingerprint,
        }
    }

    /// For `debug`.
    pub fn describe(&self) -> String {
        let side = self.side(0);
        let Side { kind, primitive, call, sequence, site, .. } = side;
        let hop = match self.hop() {
            None => "",
            Some(Hop::Across) => ", across",
            Some(Hop::Within) => ", within",
        };
        format!("{kind} ({primitive}{hop}) #{call}.{sequence} {site}")
    }

    pub fn divergence(&self, rank: usize, other: &Self, other_rank: usize) -> Divergence {
        Divergence { here: self.side(rank), there: other.side(other_rank) }
    }
}

/// FNV-1a: the same on every rank and platform.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(site: &str) -> Op {
        Op { call: 1, sequence: 2, kind: OpKind::Shuffle, site: site.into(), fingerprint: 3 }
    }

    #[test]
    fn a_long_site_is_cut_at_its_front_but_compared_whole() {
        let long = format!("é{}", "x".repeat(SITE));
        let a = Identity::new(&op(&long), Primitive::Exchange, None, None);
        assert_eq!(a.site(), "x".repeat(SITE));
        let b = Identity::new(&op(&format!("e{}", "x".repeat(SITE))), Primitive::Exchange, None, None);
        assert!(!a.agrees(&b));
        assert!(a.agrees(&Identity::new(&op(&long), Primitive::Exchange, None, None)));
        assert!(!a.agrees(&Identity::new(&op(&long), Primitive::Broadcast, Some(0), None)));
        let hops = [None, Some(Hop::Across), Some(Hop::Within)].map(|hop| Identity::new(&op(&long), Primitive::Exchange, None, hop));
        assert!(hops.is_sorted_by_key(Identity::key) && !hops[1].agrees(&hops[2]));
    }
}
