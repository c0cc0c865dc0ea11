//! The state one rank shares between its tasks and its communication thread: which operations are open, what arrived
//! for them, and whether the group has failed.
//!
//! | | |
//! |---|---|
//! | `operations` | entering and leaving, contributions |
//! | `sending`    | regions, frames |
//! | `inbox`      | what the transport calls: a frame finds its operation |
//! | `failing`    | failures, epochs |
//! | `watch`      | where the other ranks are, when something waits for long |

mod failing;
mod inbox;
mod operations;
mod sending;
mod watch;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::Instant;

use parking_lot::Mutex;

use crate::collectives::{Mailbox, Place};
use crate::error::CommError;
use crate::exchange::Exchange;
use crate::failure::{After, Failure};
use crate::grid::{Grid, Hop, Peers};
use crate::operation::{Identity, Key};
use crate::shared_bytes::Pins;
use crate::spill::SpillArea;
use crate::stats::Traffic;
use crate::transport::Transport;

pub(crate) use operations::{Contributions, Entered};
pub(crate) use watch::LOOK_AGAIN;

pub(crate) struct Core {
    pub transport: OnceLock<Arc<dyn Transport>>,
    pub rank: usize,
    pub size: usize,
    /// Set before the first frame arrives: known when all ranks have met.
    pub grid: OnceLock<Option<Grid>>,
    pub spill: SpillArea,
    pub traffic: Traffic,
    pub pins: Pins,
    messages: AtomicU64,
    /// Entered so far.
    pub operations: AtomicU64,
    state: Mutex<State>,
}

struct State {
    epoch: u32,
    /// Answers the operations it concerns until `recover`.
    failure: Option<Failure>,
    /// The last operation of the program to which this rank has contributed all it does.
    contributed: After,
    /// What ranks announced in this epoch.
    announced: BTreeMap<usize, CommError>,
    operations: HashMap<Key, Operation>,
    ended: HashMap<Key, Identity>,
    ended_order: VecDeque<Key>,
    /// Ranks that have left in order.
    left: BTreeSet<usize>,
    /// Somebody has said that a rank is gone.
    gone: bool,
    room_waiters: Vec<Waker>,
    failure_waiters: Vec<Waker>,
    /// This rank has announced the next epoch.
    recovering: bool,
    /// What was announced in the epoch before this one, by rank.
    survived: Vec<CommError>,
    look_at: Option<Instant>,
    /// A sender was dropped unfinished: when to fail for it, and its identity.
    orphan: Option<(Instant, Identity)>,
    /// By rank that was waited for: how often it was asked in vain for a sign of life, and the last sign.
    silence: BTreeMap<usize, (u32, u32)>,
}

struct Operation {
    identity: Identity,
    /// The rank whose identity it is: this one once it has entered.
    witness: usize,
    entered: Option<Instant>,
    /// Ranks seen past this operation by the last look.
    suspects: Vec<usize>,
    body: Body,
}

enum Body {
    Mailbox(Mailbox),
    Exchange(Arc<Exchange>),
}

impl Operation {
    /// The ranks that still have to send something.
    fn missing(&self) -> Vec<usize> {
        match &self.body {
            Body::Mailbox(mailbox) => mailbox.missing().collect(),
            Body::Exchange(exchange) => exchange.missing(),
        }
    }

    fn fail(&mut self, error: &CommError, wakers: &mut Vec<Waker>) {
        match &mut self.body {
            Body::Mailbox(mailbox) => wakers.extend(mailbox.take_waker()),
            Body::Exchange(exchange) => exchange.fail(error, wakers),
        }
    }
}

fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        waker.wake();
    }
}

/// Leaves a waker once, however often its task polls.
pub(crate) fn park(wakers: &mut Vec<Waker>, waker: &Waker) {
    if !wakers.iter().any(|parked| parked.will_wake(waker)) {
        wakers.push(waker.clone());
    }
}

impl Core {
    pub fn new(rank: usize, size: usize, spill: SpillArea) -> Arc<Self> {
        Arc::new(Self {
            transport: OnceLock::new(),
            rank,
            size,
            grid: OnceLock::new(),
            spill,
            traffic: Traffic::default(),
            pins: Pins::default(),
            messages: AtomicU64::new(0),
            operations: AtomicU64::new(0),
            state: Mutex::new(State {
                epoch: 0,
                failure: None,
                contributed: None,
                announced: BTreeMap::new(),
                operations: HashMap::new(),
                ended: HashMap::new(),
                ended_order: VecDeque::new(),
                left: BTreeSet::new(),
                gone: false,
                room_waiters: Vec::new(),
                failure_waiters: Vec::new(),
                recovering: false,
                survived: Vec::new(),
                look_at: None,
                orphan: None,
                silence: BTreeMap::new(),
            }),
        })
    }

    pub fn grid(&self) -> Option<Grid> {
        self.grid.get().copied().flatten()
    }

    /// Where this rank stands among the others.
    pub fn place(&self) -> Place {
        Place { rank: self.rank, size: self.size, grid: self.grid() }
    }

    /// Who sends to whom in an operation of that hop; `None` where there is no grid for it.
    pub fn peers(&self, hop: Option<Hop>) -> Option<Peers> {
        match hop {
            None => Some(Peers::All { rank: self.rank, size: self.size }),
            Some(hop) => self.grid().map(|grid| Peers::Hop(grid, hop)),
        }
    }

    /// The other ranks that this one sends to: all, or those of both hops.
    pub fn near(&self) -> Vec<usize> {
        let hops = if self.grid().is_some() { vec![Some(Hop::Across), Some(Hop::Within)] } else { vec![None] };
        hops.into_iter().filter_map(|hop| self.peers(hop)).flat_map(Peers::targets).collect()
    }

    /// How many ranks may hold memory of one sender in place, as operations of that hop may; `None`: they may not. Where there
    /// is a grid it is those of both hops, and what goes from each to each is copied.
    pub fn holders(&self, hop: Option<Hop>) -> Option<usize> {
        match (self.grid(), hop) {
            (None, _) => Some(self.size),
            (Some(_), None) => None,
            (Some(grid), Some(_)) => Some(grid.groups() + grid.members(grid.group()).len() + 1),
        }
    }

    pub fn transport(&self) -> &Arc<dyn Transport> {
        self.transport.get().expect("the transport is set before the core is handed out")
    }
}
