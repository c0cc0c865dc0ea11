//! What the transport calls.

use std::sync::Arc;
use std::time::Instant;

use super::{Body, Core, Operation, wake};
use crate::collectives::Mailbox;
use crate::error::{CommError, RankError, Result};
use crate::exchange::Exchange;
use crate::operation::Primitive;
use crate::shared_bytes::SharedBytes;
use crate::transport::{Frame, Inbox, NO_REGION, what};

impl Core {
    /// Finds the open operation a frame belongs to and hands the body over.
    fn dispatch(&self, frame: &Frame, body: Option<SharedBytes>) -> Result<()> {
        let from = frame.from as usize;
        let invalid = |what| CommError::Invalid { from, what };
        let identity = frame.identity;
        let primitive = Primitive::from_wire(identity.primitive).ok_or(invalid("primitive"))?;
        if !identity.valid() || from >= self.size {
            return Err(invalid("identity"));
        }
        let peers = self.peers(identity.hop()).ok_or(invalid("hop"))?;
        let known = if frame.what == what::REFUSE { peers.sends_to(from) } else { peers.receives_from(from) };
        if !known {
            return Err(invalid("message from a rank that sends none here"));
        }
        if self.state.lock().epoch < frame.epoch {
            // The sender saw that all ranks, this one included, have left the old epoch.
            self.read_news();
        }
        let mut state = self.state.lock();
        if frame.epoch < state.epoch {
            drop(state);
            drop(body);
            return Ok(());
        }
        if frame.epoch > state.epoch {
            return Err(invalid("epoch"));
        }
        if state.check(identity.key()).is_err() {
            drop(state);
            drop(body);
            return Ok(());
        }
        if !state.operations.contains_key(&identity.key())
            && let Some(&ended) = state.ended.get(&identity.key())
        {
            // A refusal may come after the end, and so may all that was sent to an operation which a rank's leaving has
            // ended here before its time. Anything else means that the sender is elsewhere.
            let late = frame.what == what::REFUSE || state.gone || !state.left.is_empty();
            drop(state);
            if !(late && ended.agrees(&identity)) {
                self.diverged(ended.divergence(self.rank, &identity, from));
            }
            return Ok(());
        }
        // Before the rank itself can have been heard to leave: others who miss it send their parts all the same.
        state.gone |= frame.what == what::GONE;
        let operation = state.operations.entry(identity.key()).or_insert_with(|| Operation {
            identity,
            witness: from,
            entered: None,
            suspects: Vec::new(),
            body: if primitive == Primitive::Exchange {
                Body::Exchange(Exchange::new(peers))
            } else {
                Body::Mailbox(Mailbox::default())
            },
        });
        let twice = matches!(&operation.body, Body::Mailbox(mailbox) if mailbox.has(from));
        if twice || !operation.identity.agrees(&identity) {
            let divergence = operation.identity.divergence(operation.witness, &identity, from);
            drop(state);
            self.diverged(divergence);
            return Ok(());
        }
        match &mut operation.body {
            Body::Mailbox(mailbox) => {
                let bytes = body.as_deref().unwrap_or_default();
                let waker = mailbox.arrived(frame, bytes)?;
                drop(state);
                wake(waker.into_iter().collect());
            }
            Body::Exchange(exchange) => {
                let exchange = exchange.clone();
                drop(state);
                exchange.arrived(self, frame, body)?;
                if exchange.ended() {
                    self.leave(&identity, frame.epoch);
                }
            }
        }
        Ok(())
    }
}

impl Inbox for Core {
    fn deliver(&self, frame: &Frame, body: Option<SharedBytes>) {
        self.traffic.received(frame.from as usize, frame.length, frame.at == 0 && frame.region != NO_REGION);
        if let Err(error) = self.dispatch(frame, body) {
            self.broken(error);
        }
    }

    fn news(&self) {
        self.read_news();
    }

    fn room(&self) {
        let wakers = std::mem::take(&mut self.state.lock().room_waiters);
        wake(wakers);
    }

    fn died(&self, rank: usize) {
        self.fail(CommError::RankDied { rank });
    }

    fn silent(&self, ranks: &[usize]) {
        // This one does respond, but is not heard, perhaps because of another of them.
        let others: Vec<usize> = ranks.iter().copied().filter(|&rank| rank != self.rank).collect();
        self.fail(CommError::Silent { ranks: if others.is_empty() { ranks.to_vec() } else { others } });
    }

    fn left(&self, rank: usize) {
        let mut wakers = Vec::new();
        {
            let mut state = self.state.lock();
            state.left.insert(rank);
            for operation in state.operations.values_mut() {
                match &mut operation.body {
                    Body::Mailbox(mailbox) => wakers.extend(mailbox.take_waker()),
                    Body::Exchange(exchange) if exchange.waits_for(rank) => exchange.fail(&CommError::Left { rank }, &mut wakers),
                    Body::Exchange(_) => {}
                }
            }
            wakers.append(&mut state.failure_waiters);
        }
        wake(wakers);
    }

    fn broken(&self, error: CommError) {
        // Fatal here; the others learn it as this rank's failure.
        let told = CommError::Remote(RankError { rank: self.rank, message: error.to_string() });
        self.fail_after(told, None);
        self.fail_after(error, None);
    }

    fn tick(&self, now: Instant) -> Option<Instant> {
        let exchanges: Vec<Arc<Exchange>> = {
            let state = self.state.lock();
            let exchange = |operation: &Operation| match &operation.body {
                Body::Exchange(exchange) => Some(exchange.clone()),
                Body::Mailbox(_) => None,
            };
            state.operations.values().filter_map(exchange).collect()
        };
        let pressed = exchanges.iter().filter_map(|exchange| exchange.relieve(self, now)).min();
        [pressed, self.look(now), self.bury(now)].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;
    use crate::operation::{Identity, Op, OpKind};
    use crate::spill::SpillArea;
    use crate::transports::solo::Solo;

    fn core() -> Arc<Core> {
        let core = Core::new(0, 3, SpillArea::new(std::env::temp_dir(), 0));
        let solo = Solo::new(&core);
        let _ = core.transport.set(solo);
        core
    }

    fn frame(primitive: Primitive, what: u8) -> Frame {
        let op = Op { call: 1, sequence: 2, kind: OpKind::Shuffle, site: "a.ts:1:1".into(), fingerprint: 3 };
        let identity = Identity::new(&op, primitive, None, None);
        Frame { from: 1, epoch: 0, region: 0, what, unused: [0; 3], message: 0, total: 4, at: 0, offset: 0, length: 4, identity }
    }

    /// What became of the rank: nothing, or what it fails with.
    fn after(frame: Frame, body: Option<&[u8]>) -> Option<String> {
        let core = core();
        core.deliver(&frame, body.map(SharedBytes::copied));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        match core.poll_failed(&mut cx) {
            std::task::Poll::Ready(error) => Some(error.to_string()),
            std::task::Poll::Pending => None,
        }
    }

    #[test]
    fn frames_that_no_rank_sends_are_refused() {
        let data = frame(Primitive::Exchange, what::DATA);
        assert_eq!(after(data, Some(b"abcd")), None);
        let refused = |frame, body: Option<&[u8]>| after(frame, body).is_some_and(|text| text.contains("invalid message from rank"));
        assert!(refused(Frame { from: 3, ..data }, Some(b"abcd")), "no such rank");
        assert!(refused(Frame { epoch: 1, ..data }, Some(b"abcd")), "an epoch nobody is in");
        assert!(refused(Frame { total: 3, ..data }, Some(b"abcd")), "longer than the message");
        assert!(refused(Frame { at: u64::MAX, ..data }, Some(b"abcd")), "past the end");
        assert!(refused(Frame { what: 9, ..data }, Some(b"abcd")), "unknown kind");
        assert!(refused(data, None), "no body");
        let (mut primitive, mut kind) = (data, data);
        primitive.identity.primitive = 77;
        kind.identity.kind = 77;
        assert!(refused(primitive, Some(b"abcd")), "unknown primitive");
        assert!(refused(kind, Some(b"abcd")), "unknown operation");
        let part = frame(Primitive::Barrier, what::COLLECTIVE);
        assert_eq!(after(part, Some(b"abcd")), None);
        assert!(refused(Frame { at: 1, ..part }, Some(b"abcd")), "past the end");
        assert!(refused(Frame { total: u64::MAX, ..part }, Some(b"abcd")), "more than memory");
    }

    #[test]
    fn frames_of_a_hop_come_from_its_ranks_only() {
        let taken = |from, what, hop, grid: Option<Grid>| {
            let core = Core::new(0, 5, SpillArea::new(std::env::temp_dir(), 0));
            let solo = Solo::new(&core);
            let _ = (core.transport.set(solo), core.grid.set(grid));
            let mut frame = Frame { from, ..frame(Primitive::Exchange, what) };
            frame.identity.hop = hop;
            core.deliver(&frame, Some(SharedBytes::copied(b"abcd")));
            core.poll_failed(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_pending()
        };
        // Ranks 0, 1 and 2, 3, 4: behind rank 0 are ranks 2 and 4, of which it sends to rank 2.
        let grid = Some(Grid::new(0, 5, 2));
        for what in [what::DATA, what::FINISH, what::REFUSE] {
            for (hop, known) in [(0, vec![1, 2, 3, 4]), (1, if what == what::REFUSE { vec![2] } else { vec![2, 4] }), (2, vec![1])] {
                let heard: Vec<u32> = (1..5).filter(|&from| taken(from, what, hop, grid)).collect();
                assert_eq!(heard, known, "hop {hop}");
            }
            assert!(!taken(2, what, 1, None) && !taken(2, what, 3, grid), "no such hop");
        }
    }

    #[test]
    fn a_message_after_the_end_is_refused() {
        let core = core();
        core.deliver(&Frame { region: NO_REGION, ..frame(Primitive::Exchange, what::FINISH) }, None);
        core.deliver(&frame(Primitive::Exchange, what::DATA), Some(SharedBytes::copied(b"abcd")));
        assert!(core.enter_exchange(&Op { call: 1, sequence: 2, kind: OpKind::Shuffle, site: "a.ts:1:1".into(), fingerprint: 3 }, None).is_err());
    }
}
