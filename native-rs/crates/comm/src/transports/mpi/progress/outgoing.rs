//! What leaves this rank: in order to each target, as many at once as the window lets.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::roll::others;
use super::{Outgoing, Progress, Sending, Step, TOGETHER, WINDOW, failed};
use crate::grid::Hop;
use crate::transport::{Frame, Inbox, NO_REGION};
use crate::transports::mpi::endpoint::Command;
use crate::transports::mpi::wire::{ASIDE, HEADER, Note, ORDERED, own_frame, what, write_head};

impl Progress {
    pub(super) fn take_commands(&mut self) -> Step<bool> {
        let commands = std::mem::take(&mut *self.endpoint.commands.lock());
        let busy = !commands.is_empty();
        for command in commands {
            match command {
                Command::Post { to, frame } => self.post(to, frame)?,
                Command::Tell { to, note } => self.tell(to, &Arc::new(note.encode()))?,
                Command::TellAll { note } => {
                    let bytes = Arc::new(note.encode());
                    self.tell_hop(Hop::Across, &bytes, false)?;
                    self.tell_hop(Hop::Within, &bytes, false)?;
                }
                Command::Epoch { epoch } => {
                    self.tell_hop(Hop::Across, &Arc::new(Note::Epoch { epoch }.encode()), false)?;
                    if self.heard_epoch(self.endpoint.rank, epoch)? && let Some(core) = self.core.upgrade() {
                        core.news();
                    }
                }
            }
        }
        Ok(busy)
    }

    /// To the other ranks of a hop; `leaving`: those that have closed wait for it as well.
    pub(super) fn tell_hop(&mut self, hop: Hop, bytes: &Arc<Vec<u8>>, leaving: bool) -> Step {
        for to in others(self.grid, hop) {
            if leaving || !self.closed.contains(&to) {
                self.tell_now(to, bytes)?;
            }
        }
        Ok(())
    }

    pub(super) fn tell(&mut self, to: usize, bytes: &Arc<Vec<u8>>) -> Step {
        if self.closed.contains(&to) { Ok(()) } else { self.tell_now(to, bytes) }
    }

    fn tell_now(&mut self, to: usize, bytes: &Arc<Vec<u8>>) -> Step {
        // SAFETY: `sends` keeps the bytes until the request is over.
        let request = unsafe { self.calls.send(bytes.as_ptr(), bytes.len(), to, ASIDE, false) }.map_err(failed)?;
        self.sends.push(Sending { request, what: Outgoing::Note(bytes.clone()) });
        *self.notes_sent.entry(to).or_default() += 1;
        Ok(())
    }

    pub(super) fn post(&mut self, to: usize, mut frame: Frame) -> Step {
        if frame.what == what::CLOSED {
            frame.message = self.notes_sent.get(&to).copied().unwrap_or(0);
        }
        if self.outboxes.contains_key(&to) || !self.has_room(to, &frame) {
            self.outboxes.entry(to).or_default().push_back(frame);
            return Ok(());
        }
        self.send(to, &frame)
    }

    fn has_room(&self, to: usize, frame: &Frame) -> bool {
        frame.region == NO_REGION || self.windows.get(&to).is_none_or(|under_way| *under_way < WINDOW)
    }

    fn send(&mut self, to: usize, frame: &Frame) -> Step {
        if frame.region == NO_REGION {
            // One that leaves waits for these of all.
            if self.closed.contains(&to) && !matches!(frame.what, what::CLOSED | what::DONE | what::ALL_DONE) {
                return Ok(());
            }
            let mut head = Box::new([0; HEADER]);
            write_head(frame, &mut *head);
            // SAFETY: `sends` keeps the head until the request is over.
            let request = unsafe { self.calls.send(head.as_ptr(), HEADER, to, ORDERED, false) }.map_err(failed)?;
            self.sends.push(Sending { request, what: Outgoing::Head(head) });
            return Ok(());
        }
        if self.closed.contains(&to) {
            self.endpoint.arena.release(frame.region);
            return Ok(());
        }
        let start = self.endpoint.arena.message(frame.region).as_ptr();
        let (mut head, length) = ([0; HEADER], HEADER + frame.length as usize);
        write_head(frame, &mut head);
        // A region has one frame, whatever the targets: where it is on its way already, the head stands there.
        // SAFETY: the head's place belongs to the published region; reading it is sound, for the arena is initialised.
        unsafe {
            if std::slice::from_raw_parts(start, HEADER) != head {
                start.copy_from_nonoverlapping(head.as_ptr(), HEADER);
            }
        }
        // SAFETY: the region is published: unchanged until it is released, which is when the request is over.
        let request = unsafe { self.calls.send(start, length, to, ORDERED, true) }.map_err(failed)?;
        *self.windows.entry(to).or_default() += 1;
        self.sends.push(Sending { request, what: Outgoing::Region { region: frame.region, to } });
        Ok(())
    }

    pub(super) fn test_sends(&mut self) -> Step<bool> {
        let (mut busy, mut index) = (false, 0);
        while let Some(sending) = self.sends.get_mut(index) {
            if !self.calls.test(&mut sending.request).map_err(failed)? {
                index += 1;
                continue;
            }
            busy = true;
            if let Outgoing::Region { region, to } = self.sends.swap_remove(index).what {
                self.windows.entry(to).and_modify(|under_way| *under_way -= 1);
                self.endpoint.arena.release(region);
            }
        }
        let targets: Vec<usize> = self.outboxes.keys().copied().collect();
        for to in targets {
            while let Some(frame) = self.outboxes.get(&to).and_then(VecDeque::front).copied() {
                if !self.has_room(to, &frame) {
                    break;
                }
                self.outboxes.get_mut(&to).map(VecDeque::pop_front);
                self.send(to, &frame)?;
                busy = true;
            }
            if self.outboxes.get(&to).is_some_and(VecDeque::is_empty) {
                self.outboxes.remove(&to);
            }
        }
        Ok(busy)
    }

    /// Tasks that wait for memory of the arena are told that some has come back.
    pub(super) fn give_room(&self) -> bool {
        let arena = &self.endpoint.arena;
        if !arena.wanted.load(Ordering::SeqCst) || !arena.take_returned() {
            return false;
        }
        arena.wanted.store(false, Ordering::SeqCst);
        if let Some(core) = self.core.upgrade() {
            core.room();
        }
        true
    }

    /// A frame of the transport's own to the other ranks of a hop, behind what this one has for them.
    pub(super) fn say(&mut self, what: u8, hop: Hop) {
        let epoch = self.endpoint.board.common_epoch();
        let frame = own_frame(self.endpoint.rank, what, epoch, None);
        self.endpoint.commands.lock().extend(others(self.grid, hop).map(|to| Command::Post { to, frame }));
    }

    /// A rank behind this one, or this one, has nothing under way any more.
    pub(super) fn heard_done(&mut self, rank: usize) {
        if self.done.said(rank, 1).is_some() {
            self.done.vouched(self.endpoint.rank, 1);
            self.say(what::ALL_DONE, Hop::Within);
        }
    }

    /// Tells this rank's group which ranks behind it have closed: all at once when they are the last, else now and then. They hear it also
    /// where they have closed themselves: they wait for it.
    pub(super) fn tell_closed(&mut self, now: Instant) -> Step {
        let last = || self.grid.behind().all(|rank| self.closed.contains(&rank));
        if self.to_tell.is_empty() || !(now.saturating_duration_since(self.told) > TOGETHER || last()) {
            return Ok(());
        }
        self.told = now;
        let ranks = std::mem::take(&mut self.to_tell).into_iter().map(|rank| rank as u32).collect();
        let epoch = self.endpoint.board.common_epoch();
        self.tell_hop(Hop::Within, &Arc::new(Note::Closed { epoch, ranks }.encode()), true)
    }
}
