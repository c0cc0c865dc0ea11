//! MPI between threads of a test: messages are there at once, and counted.

use std::collections::{HashMap, VecDeque};
use std::ffi::c_int;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Calls, Probed, Request, Result};

/// What its ranks have sent each other.
#[derive(Default)]
pub(in crate::transports::mpi) struct Network {
    /// By receiver and tag: sender and message, in the order sent.
    waiting: Mutex<HashMap<(usize, c_int), VecDeque<(usize, Vec<u8>)>>>,
    /// By sender and receiver.
    sent: Mutex<HashMap<(usize, usize), usize>>,
}

impl Network {
    /// How many messages a rank has sent and received since the last time, whichever is more, and to or from how many others.
    pub fn take_most(&self, rank: usize) -> (usize, usize) {
        let sent = self.sent.lock();
        let of = |mine: fn(&(usize, usize)) -> usize| {
            let all: Vec<usize> = sent.iter().filter(|(way, _)| mine(way) == rank).map(|(_, count)| *count).collect();
            (all.iter().sum::<usize>(), all.len())
        };
        let (out, into) = (of(|way| way.0), of(|way| way.1));
        (out.0.max(into.0), out.1.max(into.1))
    }

    pub fn forget(&self) {
        self.sent.lock().clear();
    }
}

pub(in crate::transports::mpi) struct Fake {
    pub rank: usize,
    pub size: usize,
    pub network: Arc<Network>,
    /// Matched by `probe`, by their numbers.
    pub probed: Mutex<HashMap<usize, Vec<u8>>>,
}

impl Fake {
    pub fn new(rank: usize, size: usize, network: &Arc<Network>) -> Self {
        Self { rank, size, network: network.clone(), probed: Mutex::default() }
    }
}

impl Calls for Fake {
    fn version(&self) -> String {
        "none".into()
    }

    fn init(&self) -> Result<()> {
        Ok(())
    }

    fn rank(&self) -> Result<usize> {
        Ok(self.rank)
    }

    fn size(&self) -> Result<usize> {
        Ok(self.size)
    }

    unsafe fn send(&self, buffer: *const u8, length: usize, to: usize, tag: c_int, _matched: bool) -> Result<Request> {
        // SAFETY: as the caller says.
        let bytes = unsafe { std::slice::from_raw_parts(buffer, length) }.to_vec();
        *self.network.sent.lock().entry((self.rank, to)).or_default() += 1;
        self.network.waiting.lock().entry((to, tag)).or_default().push_back((self.rank, bytes));
        Ok(Request(0))
    }

    unsafe fn receive(&self, probed: Probed, buffer: *mut u8) -> Result<Request> {
        let bytes = self.probed.lock().remove(&probed.message).ok_or("nothing was probed")?;
        // SAFETY: as the caller says, for the length that the probe told.
        unsafe { buffer.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(Request(0))
    }

    fn probe(&self, tag: c_int) -> Result<Option<Probed>> {
        let found = self.network.waiting.lock().get_mut(&(self.rank, tag)).and_then(VecDeque::pop_front);
        let mut probed = self.probed.lock();
        Ok(found.map(|(from, bytes)| {
            let (length, message) = (bytes.len(), (0..).find(|number| !probed.contains_key(number)).expect("a number"));
            probed.insert(message, bytes);
            Probed { from, length, message }
        }))
    }

    fn test(&self, _request: &mut Request) -> Result<bool> {
        Ok(true)
    }

    fn finalize(&self) -> Result<()> {
        Ok(())
    }

    fn abort(&self, _code: c_int) {}
}
