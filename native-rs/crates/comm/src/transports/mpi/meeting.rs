//! That all ranks are of one build, before anything else is believed: rank 0 compares and answers.

use std::mem::size_of;
use std::time::Duration;

use super::calls::{Calls, Probed, Result};
use super::wire::MEETING;
use crate::transport::Frame;

/// Changes with what travels.
const PROTOCOL: u32 = 2;
const PAUSE: Duration = Duration::from_micros(100);

/// Returns when all ranks have been compared; the same error on all of them where they differ.
pub(super) fn meet(calls: &dyn Calls, rank: usize, size: usize, arena: usize, build: &str) -> Result<()> {
    let own = format!("protocol {PROTOCOL}, frames of {} bytes, {arena} bytes for messages, build {build:?}", size_of::<Frame>());
    if rank != 0 {
        send(calls, 0, own.as_bytes())?;
        let verdict = receive(calls)?.1;
        return if verdict.is_empty() { Ok(()) } else { Err(String::from_utf8_lossy(&verdict).into_owned()) };
    }
    let mut verdict = String::new();
    for _ in 1..size {
        let (from, theirs) = receive(calls)?;
        if verdict.is_empty() && theirs != own.as_bytes() {
            let theirs = String::from_utf8_lossy(&theirs);
            verdict = format!("the ranks do not match: rank 0 has {own}; rank {from} has {theirs}");
        }
    }
    for to in 1..size {
        send(calls, to, verdict.as_bytes())?;
    }
    if verdict.is_empty() { Ok(()) } else { Err(verdict) }
}

fn send(calls: &dyn Calls, to: usize, bytes: &[u8]) -> Result<()> {
    // SAFETY: the bytes outlive the request, which is awaited.
    let mut request = unsafe { calls.send(bytes.as_ptr(), bytes.len(), to, MEETING, false) }?;
    while !calls.test(&mut request)? {
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

fn receive(calls: &dyn Calls) -> Result<(usize, Vec<u8>)> {
    let probed: Probed = loop {
        match calls.probe(MEETING)? {
            Some(probed) => break probed,
            None => std::thread::sleep(PAUSE),
        }
    };
    let (from, mut bytes) = (probed.from, vec![0; probed.length]);
    // SAFETY: the buffer is as long as the message and outlives the request, which is awaited.
    let mut request = unsafe { calls.receive(probed, bytes.as_mut_ptr()) }?;
    while !calls.test(&mut request)? {
        std::thread::sleep(PAUSE);
    }
    Ok((from, bytes))
}
