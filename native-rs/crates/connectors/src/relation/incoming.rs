//! What a session gives, on its way to who decodes it. A task of the network's thread takes a turn, copies, and hands on.
//!
//! A turn ends whatever becomes of the rows: where who asks is slow, and another reader waits for a turn, what comes goes aside, into a
//! file. So no reader waits for one whose rows another is to take first.
use std::{future::Future, sync::Arc};

use bytes::Bytes;
use datafusion::execution::disk_manager::DiskManager;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{aside::Aside, turns::Turns};
use crate::{
    errors::{ConnectorError, Result},
    store::background,
};

/// Messages of the usual size that wait to be decoded.
pub const BLOCKS: usize = 16;

pub enum Message {
    /// What follows is this span's.
    Span(usize),
    Block(Bytes),
    Failed(ConnectorError),
    Done,
}

/// The messages of the task that copies, which ends with this, and its session with it.
pub struct Incoming {
    messages: mpsc::Receiver<Message>,
    task: JoinHandle<()>,
}

impl Incoming {
    /// `copy` has a session's turn until it is done; `most` messages wait to be decoded.
    pub fn start<C: Future<Output = Result<Hand>> + Send>(turns: Turns, disk: Arc<DiskManager>, most: usize, copy: impl FnOnce(Hand) -> C + Send + 'static) -> Self {
        let (sender, messages) = mpsc::channel(most);
        let task = background(async move {
            let turn = turns.take().await;
            let copied = copy(Hand { sender: sender.clone(), turns, disk, aside: None }).await;
            drop(turn);
            let ended = match copied {
                Ok(hand) => hand.replay().await,
                Err(error) => Err(error),
            };
            // A reader that is gone needs to know nothing.
            drop(sender.send(ended.map_or_else(Message::Failed, |()| Message::Done)).await);
        });
        Self { messages, task }
    }

    /// None: the task ended without a word.
    pub async fn next(&mut self) -> Option<Message> {
        self.messages.recv().await
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes what is copied.
pub struct Hand {
    sender: mpsc::Sender<Message>,
    turns: Turns,
    disk: Arc<DiskManager>,
    aside: Option<Aside>,
}

impl Hand {
    /// To the reader, or, where it has enough and another waits for this turn, aside.
    pub async fn on(&mut self, message: Message) -> Result<()> {
        let aside = match &mut self.aside {
            Some(aside) => aside,
            None => {
                tokio::select! {
                    biased;
                    place = self.sender.reserve() => {
                        // A reader that is gone has stopped this.
                        if let Ok(place) = place {
                            place.send(message);
                        }
                        return Ok(());
                    }
                    () = self.turns.wanted() => {}
                }
                self.aside.insert(Aside::new(&self.disk)?)
            }
        };
        match &message {
            Message::Span(number) => aside.put(*number as u64 + 1, &[]),
            Message::Block(bytes) => aside.put(0, bytes),
            _ => Ok(()),
        }
    }

    async fn replay(self) -> Result<()> {
        let Some(aside) = self.aside else { return Ok(()) };
        for entry in aside.entries()? {
            let message = match entry? {
                (0, bytes) => Message::Block(bytes),
                (number, _) => Message::Span(number as usize - 1),
            };
            if self.sender.send(message).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}
