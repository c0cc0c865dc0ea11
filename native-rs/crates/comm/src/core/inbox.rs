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
            drop(state);
            // A refusal may come after the end; anything else means that the sender is elsewhere.
            if !(frame.what == what::REFUSE && ended.agrees(&identity)) {
                self.diverged(ended.divergence(self.rank, &identity, from));
            }
            return Ok(());
        }
        let operation = state.operations.entry(identity.key()).or_insert_with(|| Operation {
            identity,
            witness: from,
            entered: None,
            suspects: Vec::new(),
            body: if primitive == Primitive::Exchange {
                Body::Exchange(Exchange::new(self.rank, self.size))
            } else {
                Body::Mailbox(Mailbox::new(self.size))
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

    fn silent(&self, rank: usize) {
        self.fail(CommError::Silent { rank });
    }

    fn left(&self, rank: usize) {
        let mut wakers = Vec::new();
        {
            let mut state = self.state.lock();
            state.left[rank] = true;
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
