//! Streaming all-to-all: every rank sends to every rank while it receives.
//!
//! ```text
//!   sender (any task) ──region in the sender's arena──► queue of the receiver ──next()──► consumer
//!                                                         │ nobody reads, the sender is out of memory
//!                                                         └──► heap, then an unlinked file; the region goes back
//! ```
//!
//! A sender waits only for memory of its own arena. What waits unread here is moved out of the arenas when a sender needs
//! the room and the consumer has not read for a while; what the consumer holds is limited to half of an arena. So a
//! sender always goes on, whatever the consumers do: a plan in the shape of a diamond cannot lock up.

mod receiver;
mod sender;
mod state;

pub use receiver::{ExchangeReceiver, Message};
pub use sender::{ExchangeSender, Payload, Sent, WriteSlot};
pub(crate) use state::Exchange;
