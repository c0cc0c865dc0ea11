//! What leaves this rank: in order to each target, as many at once as the window lets.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Outgoing, Progress, Sending, Step, WINDOW, failed};
use crate::transport::{Frame, Inbox, NO_REGION};
use crate::transports::mpi::endpoint::Command;
use crate::transports::mpi::wire::{ASIDE, HEADER, ORDERED, own_frame, what, write_head};

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
                    for step in 1..self.size {
                        self.tell((self.endpoint.rank + step) % self.size, &bytes)?;
                    }
                }
            }
        }
        Ok(busy)
    }

    pub(super) fn tell(&mut self, to: usize, bytes: &Arc<Vec<u8>>) -> Step {
        if self.closed[to] {
            return Ok(());
        }
        // SAFETY: `sends` keeps the bytes until the request is over.
        let request = unsafe { self.calls.send(bytes.as_ptr(), bytes.len(), to, ASIDE, false) }.map_err(failed)?;
        self.sends.push(Sending { request, what: Outgoing::Note(bytes.clone()) });
        self.notes_sent[to] += 1;
        Ok(())
    }

    pub(super) fn post(&mut self, to: usize, mut frame: Frame) -> Step {
        if frame.what == what::CLOSED {
            frame.message = self.notes_sent[to];
        }
        if self.outboxes.contains_key(&to) || !self.has_room(to, &frame) {
            self.outboxes.entry(to).or_default().push_back(frame);
            return Ok(());
        }
        self.send(to, &frame)
    }

    fn has_room(&self, to: usize, frame: &Frame) -> bool {
        frame.region == NO_REGION || self.windows[to] < WINDOW
    }

    fn send(&mut self, to: usize, frame: &Frame) -> Step {
        if frame.region == NO_REGION {
            // One that leaves waits for these of all.
            if self.closed[to] && !matches!(frame.what, what::CLOSED | what::DONE) {
                return Ok(());
            }
            let mut head = Box::new([0; HEADER]);
            write_head(frame, &mut *head);
            // SAFETY: `sends` keeps the head until the request is over.
            let request = unsafe { self.calls.send(head.as_ptr(), HEADER, to, ORDERED, false) }.map_err(failed)?;
            self.sends.push(Sending { request, what: Outgoing::Head(head) });
            return Ok(());
        }
        if self.closed[to] {
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
        self.windows[to] += 1;
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
                self.windows[to] -= 1;
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

    pub(super) fn say_all(&mut self, what: u8) {
        let epoch = self.endpoint.board.common_epoch();
        let frame = own_frame(self.endpoint.rank, what, epoch, None);
        let mut commands = self.endpoint.commands.lock();
        commands.extend((0..self.size).filter(|&to| to != self.endpoint.rank).map(|to| Command::Post { to, frame }));
    }
}
