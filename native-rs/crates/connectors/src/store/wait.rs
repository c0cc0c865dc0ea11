//! Network I/O has threads of its own: a worker that decodes never polls a socket, and a socket is served while all
//! workers decode.
use std::{future::Future, sync::OnceLock};

use tokio::{
    runtime::{Builder, Handle, Runtime, RuntimeFlavor},
    task::JoinHandle,
};

fn network() -> &'static Runtime {
    static NETWORK: OnceLock<Runtime> = OnceLock::new();
    NETWORK.get_or_init(|| {
        let builder = Builder::new_multi_thread().worker_threads(1).thread_name("lockstep-network").enable_all().build();
        builder.expect("a process can start a thread")
    })
}

/// Starts work on the network's thread.
pub fn background<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    network().spawn(work)
}

/// Waits for network work from synchronous code. On a worker of the engine its other tasks go to another thread.
pub fn wait<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let task = background(work);
    let block = || futures::executor::block_on(task).expect("network work is neither cancelled nor does it panic");
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(block),
        _ => block(),
    }
}
