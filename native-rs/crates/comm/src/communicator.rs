use std::collections::BTreeMap;
use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::collectives::{self, Collective};
use crate::core::Core;
use crate::error::{CommError, RankError, Result};
use crate::exchange::{ExchangeReceiver, ExchangeSender};
use crate::grid::{Grid, Hop};
use crate::operation::{Op, OpKind};
use crate::spill::SpillArea;
use crate::stats::PeerTraffic;
use crate::transport::Transport;
use crate::transports::solo::Solo;

/// One rank's place in the group. Clones are the same place; the last one dropped leaves the group.
#[derive(Clone)]
pub struct Communicator {
    handle: Arc<Handle>,
}

struct Handle {
    core: Arc<Core>,
    recorded: OnceLock<Mutex<Vec<Recorded>>>,
}

/// A collective that has ended on a rank that records them.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub collective: Collective,
    pub kind: OpKind,
    /// Where the program has it.
    pub site: Arc<str>,
    /// Lengths of the parts that this rank has seen: of an allgather, and of a gather at its root, of all ranks in their order; of an
    /// alltoall those that it has got or, where it had them all, has sent; else its own, or the one that it was given or has sent.
    pub parts: Vec<u64>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.core.transport().close();
    }
}

impl Communicator {
    /// The group of one rank: no transport, no sockets, no threads.
    pub fn solo() -> Self {
        let core = Core::new(0, 1, SpillArea::new(std::env::temp_dir(), 256 << 20));
        let solo = Solo::new(&core);
        Self::over(core, solo)
    }

    pub(crate) fn over(core: Arc<Core>, transport: Arc<dyn Transport>) -> Self {
        // A transport with a thread has set itself before it started the thread.
        core.transport.get_or_init(|| transport);
        Self { handle: Arc::new(Handle { core, recorded: OnceLock::new() }) }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.handle.core
    }

    /// This rank, from 0.
    pub fn rank(&self) -> usize {
        self.core().rank
    }

    /// Number of ranks.
    pub fn size(&self) -> usize {
        self.core().size
    }

    /// The groups of ranks, where what goes to all ranks goes in two hops.
    pub fn grid(&self) -> Option<Grid> {
        self.core().grid()
    }

    /// From now on [`recorded`](Self::recorded) has every collective.
    pub fn record(&self) {
        self.handle.recorded.get_or_init(Mutex::default);
    }

    /// What `look` says of the collectives that have ended here since `record`, in their order.
    pub fn recorded<T>(&self, look: impl FnOnce(&[Recorded]) -> T) -> T {
        match self.handle.recorded.get() {
            Some(recorded) => look(&recorded.lock()),
            None => look(&[]),
        }
    }

    fn note(&self, op: &Op, collective: Collective, parts: impl FnOnce() -> Vec<u64>) {
        if let Some(recorded) = self.handle.recorded.get() {
            recorded.lock().push(Recorded { collective, kind: op.kind, site: op.site.clone(), parts: parts() });
        }
    }

    /// Completes when every rank has called it.
    pub async fn barrier(&self, op: &Op) -> Result<()> {
        collectives::barrier(self.core(), op).await?;
        self.note(op, Collective::Barrier, Vec::new);
        Ok(())
    }

    /// The root's bytes on every rank. `bytes` is read on the root only.
    pub async fn broadcast(&self, op: &Op, root: usize, bytes: Option<Bytes>) -> Result<Bytes> {
        let bytes = collectives::broadcast(self.core(), op, root, bytes).await?;
        self.note(op, Collective::Broadcast { root }, || lengths(std::slice::from_ref(&bytes)));
        Ok(bytes)
    }

    /// Every rank's bytes on every rank, in rank order.
    pub async fn allgather(&self, op: &Op, bytes: Bytes) -> Result<Vec<Bytes>> {
        let all = collectives::allgather(self.core(), op, bytes).await?;
        self.note(op, Collective::Allgather, || lengths(&all));
        Ok(all)
    }

    /// The sums of all ranks' numbers, of which each has as many, on every rank.
    pub async fn allreduce(&self, op: &Op, values: &[u64]) -> Result<Vec<u64>> {
        let sums = collectives::allreduce(self.core(), op, values).await?;
        self.note(op, Collective::Allreduce, || vec![8 * values.len() as u64]);
        Ok(sums)
    }

    /// Every rank's bytes on the root, in rank order; `None` elsewhere.
    pub async fn gather(&self, op: &Op, root: usize, bytes: Bytes) -> Result<Option<Vec<Bytes>>> {
        let own = bytes.len() as u64;
        let all = collectives::gather(self.core(), op, root, bytes).await?;
        self.note(op, Collective::Gather { root }, || all.as_deref().map_or(vec![own], lengths));
        Ok(all)
    }

    /// `parts[rank]` is for that rank; what the ranks had for this one, in rank order. A rank may have nothing for another.
    pub async fn alltoall(&self, op: &Op, parts: Vec<Option<Bytes>>) -> Result<Vec<Option<Bytes>>> {
        let sent = self.handle.recorded.get().map(|_| lengths_of(&parts));
        let received = collectives::alltoall(self, op, parts).await?;
        if let Some(sent) = sent {
            let (collective, parts) = seen(self.rank(), &sent, &lengths_of(&received));
            self.note(op, collective, || parts);
        }
        Ok(received)
    }

    /// A stream of messages from every rank to every rank, also where there is a grid. Both halves work at once and in different
    /// tasks.
    pub fn exchange(&self, op: &Op) -> Result<(ExchangeSender, ExchangeReceiver)> {
        self.open(op, None)
    }

    /// As `exchange`, among the ranks of one hop of the grid. Across: sends to [`Grid::door`] of any group, receives from
    /// [`Grid::behind`]. Within: sends to the members of this rank's group, and receives from them. Whoever opens one hop
    /// opens the other with the same `Op`: after it or, with a plan's fingerprint, at once. An error without a grid.
    pub fn exchange_hop(&self, op: &Op, hop: Hop) -> Result<(ExchangeSender, ExchangeReceiver)> {
        self.open(op, Some(hop))
    }

    fn open(&self, op: &Op, hop: Option<Hop>) -> Result<(ExchangeSender, ExchangeReceiver)> {
        let core = self.core();
        let (exchange, identity, epoch) = core.enter_exchange(op, hop)?;
        let sender = ExchangeSender::new(core.clone(), exchange.clone(), identity, epoch);
        Ok((sender, ExchangeReceiver::new(core.clone(), exchange, identity, epoch)))
    }

    /// Tells every rank, out of band: pending and later operations, here too, end with this error until `recover`.
    ///
    /// Operations of the program (fingerprint 0) to which this rank has contributed still end well on all ranks, so that
    /// all fail at the same statement. Of an operation in two hops a rank has contributed when it has done its part of both:
    /// one that fails in between, by another of its tasks, ends the operation for all who still wait in it.
    pub fn fail(&self, error: RankError) {
        self.core().fail(CommError::Remote(error));
    }

    /// As `fail`, but nothing that is pending ends well: for interrupts, where no program goes on after it.
    pub fn abort(&self, error: RankError) {
        self.core().fail_after(CommError::Remote(error), None);
    }

    /// Completes when this or another rank has failed or died.
    pub async fn failed(&self) -> CommError {
        poll_fn(|cx| self.core().poll_failed(cx)).await
    }

    /// Leaves the failed state together. Every rank calls it after its tasks of the failed operations have ended, and
    /// gets the same list: what the ranks reported, in rank order. Fails where a rank is dead.
    pub async fn recover(&self, op: &Op) -> Result<Vec<CommError>> {
        collectives::recover(self.core(), op).await
    }

    /// Messages and bytes so far to and from each rank with which this one has had to do.
    pub fn stats(&self) -> BTreeMap<usize, PeerTraffic> {
        self.core().traffic.read()
    }

    /// Operations that this rank has entered so far; one of two hops is one, at its hop across.
    pub fn operations(&self) -> u64 {
        self.core().operations.load(Ordering::Relaxed)
    }

    /// Bytes that waited in files because nobody read them.
    pub fn spilled(&self) -> u64 {
        self.core().spill.written()
    }

    /// Leaves the group: operations here end with [`CommError::Closed`], those of others that wait for this rank with
    /// [`CommError::Left`].
    pub fn close(&self) {
        self.core().fail(CommError::Closed);
        self.core().transport().close();
    }
}

fn lengths(parts: &[Bytes]) -> Vec<u64> {
    parts.iter().map(|part| part.len() as u64).collect()
}

/// None: no part.
fn lengths_of(parts: &[Option<Bytes>]) -> Vec<Option<u64>> {
    parts.iter().map(|part| part.as_ref().map(|part| part.len() as u64)).collect()
}

/// What an alltoall was, as far as one rank sees, and the lengths of its parts: where this rank has sent all and got none but its own, it
/// alone has sent any; and the other way round.
fn seen(rank: usize, sent: &[Option<u64>], received: &[Option<u64>]) -> (Collective, Vec<u64>) {
    let of = |parts: &[Option<u64>]| -> Vec<u64> { parts.iter().map(|part| part.unwrap_or(0)).collect() };
    let others = |parts: &[Option<u64>]| parts.iter().enumerate().filter(|(other, part)| *other != rank && part.is_some()).map(|(other, _)| other).collect::<Vec<_>>();
    // Of two ranks the other one is all others.
    let all = |others: &[usize]| others.len() > usize::from(sent.len() > 2);
    match (&others(sent)[..], &others(received)[..]) {
        (to, []) if all(to) => (Collective::Alltoall { from: Some(rank), to: None }, of(sent)),
        ([], from) if all(from) => (Collective::Alltoall { from: None, to: Some(rank) }, of(received)),
        (&[to], []) => (Collective::Alltoall { from: None, to: Some(to) }, of(&sent[to..=to])),
        ([], &[from]) => (Collective::Alltoall { from: Some(from), to: None }, of(&received[from..=from])),
        _ => (Collective::Alltoall { from: None, to: None }, of(received)),
    }
}

/// Limits of a rank's communication.
#[derive(Clone, Debug)]
pub struct Options {
    /// What must be equal on all ranks (bundle, addon, platform), as text for the message when it is not.
    pub build: String,
    /// How long ranks wait for each other at the start.
    pub timeout: std::time::Duration,
    /// How long a rank that is waited for may give no sign of life. A rank that computes gives one.
    pub patience: std::time::Duration,
    /// Ranks of a group: what goes to all goes in two hops. 0: each sends to each. `None`: [`Grid::choose`] decides. Equal on
    /// all ranks.
    pub group: Option<usize>,
    /// Memory for messages this rank sends; taken step by step. So little that it is used again while it is warm: memory that a
    /// process touches first costs more than waiting for a reader.
    pub arena_bytes: usize,
    /// Heap for messages that nobody reads, before they go to a file.
    pub spill_memory: usize,
    /// Where such files are made (they have no name).
    pub spill_directory: PathBuf,
}

impl Options {
    /// The grid of a job of which `local` ranks share a machine.
    pub(crate) fn grid(&self, rank: usize, size: usize, local: usize) -> Option<Grid> {
        Grid::of(self.group, rank, size, local)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            build: String::new(),
            timeout: std::time::Duration::from_secs(30),
            patience: std::time::Duration::from_secs(60),
            group: None,
            arena_bytes: 16 << 20,
            spill_memory: 64 << 20,
            spill_directory: std::env::temp_dir(),
        }
    }
}
