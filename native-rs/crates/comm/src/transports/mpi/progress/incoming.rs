//! What arrives: notes at once; frames in the order of each sender, while there is room for their bodies.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{BATCH, Progress, RECEIVING, Receiving, Step, failed};
use crate::error::CommError;
use crate::grid::Hop;
use crate::shared_bytes::{AlignedBuffer, SharedBytes};
use crate::transport::{Frame, Inbox, NO_REGION};
use crate::transports::mpi::calls::Probed;
use crate::transports::mpi::pool::Arrived;
use crate::transports::mpi::wire::{ASIDE, HEADER, Note, ORDERED, own_frame, read_head, what};

impl Progress {
    pub(super) fn receive_notes(&mut self) -> Step<bool> {
        let (mut busy, mut news) = (false, false);
        while let Some(probed) = self.calls.probe(ASIDE).map_err(failed)? {
            let from = self.sender(&probed)?;
            let bytes = self.read_now(probed)?;
            *self.notes_received.entry(from).or_default() += 1;
            let note = Note::decode(&bytes).ok_or(CommError::Invalid { from, what: "note" })?;
            busy = true;
            let endpoint = self.endpoint.clone();
            match note {
                Note::Failure { rank, epoch, ref record } => {
                    endpoint.board.set_failure(self.known(from, rank)?, epoch, record.clone());
                    self.hand_note_on(from, rank, &bytes)?;
                    news = true;
                }
                Note::Epoch { epoch } => news |= self.heard_epoch(from, epoch)?,
                Note::Vouched { epoch } => {
                    self.epochs.vouched(from, epoch);
                    news |= self.reach_epoch();
                }
                Note::Closed { epoch, ranks } => {
                    let ranks = ranks.into_iter().map(|rank| self.known(from, rank)).collect::<Step<Vec<_>>>()?;
                    self.closings.push((epoch, ranks));
                }
                Note::Ask => {
                    // The position first: what was posted before it was announced is then among the commands.
                    let position = *endpoint.position.lock();
                    self.take_commands()?;
                    self.tell(from, &Arc::new(Note::Here.encode()))?;
                    if let Some((epoch, identity)) = position {
                        self.post(from, own_frame(endpoint.rank, what::POSITION, epoch, Some(identity)))?;
                    }
                }
                Note::Here => {}
                Note::Silent { rank, ranks } => {
                    self.hand_note_on(from, rank, &bytes)?;
                    let ranks: Vec<usize> = ranks.into_iter().map(|rank| rank as usize).filter(|&rank| rank < self.size).collect();
                    if let Some(core) = self.core.upgrade() {
                        core.silent(&ranks);
                    }
                }
            }
        }
        if news && let Some(core) = self.core.upgrade() {
            core.news();
        }
        Ok(busy)
    }

    /// A rank that another one names.
    fn known(&self, from: usize, rank: u32) -> Step<usize> {
        Some(rank as usize).filter(|rank| *rank < self.size).ok_or(CommError::Invalid { from, what: "rank" })
    }

    /// What a rank of another group has for all, this one tells its own.
    fn hand_note_on(&mut self, from: usize, rank: u32, bytes: &[u8]) -> Step {
        if from == rank as usize && self.grid.group_of(from) != self.grid.group() {
            self.tell_hop(Hop::Within, &Arc::new(bytes.to_vec()), false)?;
        }
        Ok(())
    }

    /// A rank behind this one, or this one, has left all epochs before; whether all have.
    pub(super) fn heard_epoch(&mut self, rank: usize, epoch: u32) -> Step<bool> {
        let Some(epoch) = self.epochs.said(rank, epoch) else { return Ok(false) };
        self.epochs.vouched(self.endpoint.rank, epoch);
        self.tell_hop(Hop::Within, &Arc::new(Note::Vouched { epoch }.encode()), false)?;
        Ok(self.reach_epoch())
    }

    fn reach_epoch(&self) -> bool {
        let (common, board) = (self.epochs.all(), &self.endpoint.board);
        let reached = common > board.common_epoch();
        if reached {
            board.set_common_epoch(common);
        }
        reached
    }

    /// Takes note of those that have closed in an epoch that all have reached: before it, who leaves would be taken to be missing there.
    pub(super) fn hear_closings(&mut self) {
        let common = self.endpoint.board.common_epoch();
        let (heard, early) = std::mem::take(&mut self.closings).into_iter().partition(|(epoch, _)| *epoch <= common);
        self.closings = early;
        let heard: Vec<(u32, Vec<usize>)> = heard;
        heard.into_iter().flat_map(|(_, ranks)| ranks).for_each(|rank| self.heard_closed(rank));
    }

    fn heard_closed(&mut self, rank: usize) {
        if self.closed.insert(rank) && let Some(core) = self.core.upgrade() {
            core.left(rank);
        }
    }

    /// The rank a message is from; it gave a sign of life.
    fn sender(&self, probed: &Probed) -> Step<usize> {
        let from = probed.from;
        if from >= self.size {
            return Err(CommError::Invalid { from, what: "rank" });
        }
        self.endpoint.board.hear(from);
        self.endpoint.asked.lock().remove(&from);
        Ok(from)
    }

    /// Receives a short message at once.
    fn read_now(&self, probed: Probed) -> Step<Vec<u8>> {
        let mut bytes = vec![0; probed.length];
        // SAFETY: the buffer is as long as the message and outlives the request.
        let mut request = unsafe { self.calls.receive(probed, bytes.as_mut_ptr()) }.map_err(failed)?;
        while !self.calls.test(&mut request).map_err(failed)? {
            std::hint::spin_loop();
        }
        Ok(bytes)
    }

    pub(super) fn receive_frames(&mut self) -> Step<bool> {
        let mut busy = false;
        for _ in 0..BATCH {
            let Some(probed) = self.next_probed()? else { break };
            if !self.begin_receive(probed)? {
                break;
            }
            busy = true;
            // Short messages are there already.
            self.deliver_arrived()?;
        }
        busy |= self.deliver_arrived()?;
        busy |= self.deliver_early()?;
        Ok(busy)
    }

    fn next_probed(&mut self) -> Step<Option<Probed>> {
        if let Some(parked) = self.parked.take() {
            return Ok(Some(parked));
        }
        if self.receiving.len() >= RECEIVING {
            return Ok(None);
        }
        self.calls.probe(ORDERED).map_err(failed)
    }

    /// `false`: there is no room; the message waits, and all behind it.
    fn begin_receive(&mut self, probed: Probed) -> Step<bool> {
        let (from, length) = (self.sender(&probed)?, probed.length);
        if length < HEADER {
            return Err(CommError::Invalid { from, what: "short message" });
        }
        let Some(room) = self.endpoint.pool.admit(length) else {
            // Consumers that do not read are made to set aside what waits.
            if self.next_tick.is_none() {
                self.endpoint.nudged.store(true, Ordering::SeqCst);
            }
            self.parked = Some(probed);
            return Ok(false);
        };
        // SAFETY: MPI writes all of it before the request is over, and it is not read before.
        let mut buffer = unsafe { AlignedBuffer::try_unfilled(length) }.ok_or(CommError::Invalid { from, what: "length" })?;
        // SAFETY: the buffer is as long as the message; `receiving` keeps it until the request is over.
        let request = unsafe { self.calls.receive(probed, buffer.as_mut_pointer()) }.map_err(failed)?;
        self.receiving.push_back(Receiving { from, request, done: false, message: Some((buffer, room)) });
        Ok(true)
    }

    /// Hands on what has arrived, in the order of each sender.
    fn deliver_arrived(&mut self) -> Step<bool> {
        let mut ready = Vec::new();
        for index in 0..self.receiving.len() {
            let receiving = &mut self.receiving[index];
            if !receiving.done {
                receiving.done = self.calls.test(&mut receiving.request).map_err(failed)?;
            }
            let from = receiving.from;
            let first = !self.receiving.iter().take(index).any(|earlier| earlier.from == from && earlier.message.is_some());
            let receiving = &mut self.receiving[index];
            if receiving.done && first && let Some((buffer, room)) = receiving.message.take() {
                ready.push((from, buffer, room));
            }
        }
        self.receiving.retain(|receiving| receiving.message.is_some());
        let busy = !ready.is_empty();
        for (from, buffer, room) in ready {
            let frame = read_head(&buffer).filter(|frame| frame.from as usize == from);
            let frame = frame.ok_or(CommError::Invalid { from, what: "head" })?;
            let body = (frame.region != NO_REGION).then(|| buffer.len() - HEADER);
            if frame.length != body.unwrap_or_default() as u64 {
                return Err(CommError::Invalid { from, what: "length" });
            }
            self.hand_on(frame, body.map(|_| Arrived::body(buffer, room)))?;
        }
        Ok(busy)
    }

    fn hand_on(&mut self, frame: Frame, body: Option<SharedBytes>) -> Step {
        let from = frame.from as usize;
        if self.is_early(&frame) || self.early.iter().any(|(earlier, _)| earlier.from == frame.from) {
            self.early.push_back((frame, body));
            return Ok(());
        }
        let core = self.core.upgrade();
        match (frame.what, core) {
            (what::POSITION, _) => self.endpoint.board.set_position(from, frame.epoch, frame.identity),
            (what::CLOSED, _) => {
                self.heard_closed(from);
                if self.grid.group_of(from) != self.grid.group() {
                    self.to_tell.push(from);
                }
            }
            (what::DONE, _) => self.heard_done(from),
            (what::ALL_DONE, _) => self.done.vouched(from, 1),
            (_, Some(core)) => core.deliver(&frame, body),
            (_, None) => {}
        }
        Ok(())
    }

    /// Whether the sender has heard what this rank is about to hear: that all have left an epoch; or, where it leaves,
    /// whether what it has said about the reason is still on the way.
    fn is_early(&self, frame: &Frame) -> bool {
        frame.epoch > self.endpoint.board.common_epoch()
            || (frame.what == what::CLOSED && frame.message > 0 && self.notes_received.get(&(frame.from as usize)).is_none_or(|received| *received < frame.message))
    }

    fn deliver_early(&mut self) -> Step<bool> {
        let waiting = std::mem::take(&mut self.early);
        let before = waiting.len();
        for (frame, body) in waiting {
            self.hand_on(frame, body)?;
        }
        Ok(self.early.len() < before)
    }
}
