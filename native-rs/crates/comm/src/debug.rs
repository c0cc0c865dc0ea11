//! `LOCKSTEP_DEBUG=comm`: what this rank enters, leaves, waits for and hears, on standard error.

use std::io::Write;
use std::sync::LazyLock;
use std::time::Instant;

static STARTED: LazyLock<Option<Instant>> = LazyLock::new(|| {
    let topics = std::env::var("LOCKSTEP_DEBUG").unwrap_or_default();
    topics.split(',').any(|topic| topic == "comm").then(Instant::now)
});

/// Prints one line when asked for; `text` is made only then.
pub(crate) fn debug(rank: usize, text: impl FnOnce() -> String) {
    if let Some(started) = *STARTED {
        let line = format!("{:9.3} ms  rank {rank}: {}\n", started.elapsed().as_secs_f64() * 1e3, text());
        // One write a line: the ranks share one standard error. Nobody needs the line more than the run.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}
