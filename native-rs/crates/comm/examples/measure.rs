//! Measures the transport on this machine: `cargo run --release -p lockstep-comm --example measure`.
//!
//! One line of JSON per case: round trips of small collectives in microseconds, exchanges in gigabytes per second
//! (bytes sent by all ranks together; every rank sends to every other).

use std::time::{Duration, Instant};

use bytes::Bytes;
use lockstep_comm::{Communicator, Op, OpKind, Options};
use lockstep_testing::{op_of, ranks_with};

fn op(sequence: u64) -> Op {
    op_of(0, sequence, OpKind::Shuffle, "measure.rs:1:1")
}

fn main() {
    for size in [2, 4] {
        latency(size);
        for bytes in [4 << 10, 64 << 10, 1 << 20, 16 << 20] {
            bandwidth(size, bytes);
        }
    }
}

fn slowest(times: Vec<Duration>) -> f64 {
    times.into_iter().max().unwrap_or_default().as_secs_f64()
}

fn latency(size: usize) {
    const ROUNDS: u64 = 20_000;
    for (name, bytes) in [("barrier", 0), ("allgather", 8), ("allgather", 4096)] {
        let seconds = slowest(ranks_with(size, &Options::default(), async |comm| {
            let body = Bytes::from(vec![1; bytes]);
            comm.barrier(&op(0)).await.expect("all are there");
            let start = Instant::now();
            for round in 1..=ROUNDS {
                comm.allgather(&op(round), body.clone()).await.expect("a round");
            }
            start.elapsed()
        }));
        let micros = seconds * 1e6 / ROUNDS as f64;
        println!(r#"{{"case":"{name}","ranks":{size},"bytes":{bytes},"microseconds":{micros:.2}}}"#);
    }
}

fn bandwidth(size: usize, bytes: usize) {
    let messages = (4usize << 30) / bytes / size / (size - 1);
    let run = async |comm: Communicator| {
        let (sender, mut receiver) = comm.exchange(&Op { fingerprint: 1, ..op(3) }).expect("an exchange");
        comm.barrier(&op(2)).await.expect("all are there");
        let start = Instant::now();
        let send = async {
            for _ in 0..messages {
                for to in (0..size).filter(|&to| to != comm.rank()) {
                    let mut slot = sender.reserve(to, bytes).await.expect("room").expect("open");
                    slot.fill(7);
                    slot.commit().await.expect("sent");
                }
                tokio::task::yield_now().await;
            }
            sender.finish().await.expect("finished");
        };
        // Reads each cache line once, as a consumer does.
        let receive = async {
            let mut sum = 0u64;
            while let Some(message) = receiver.next().await {
                sum += message.expect("a message").bytes.iter().step_by(64).map(|&byte| u64::from(byte)).sum::<u64>();
            }
            assert_eq!(sum, 7 * (messages * (size - 1) * bytes.div_ceil(64)) as u64);
        };
        tokio::join!(send, receive);
        start.elapsed()
    };
    let seconds = slowest(ranks_with(size, &Options::default(), run));
    let rate = (messages * bytes * size * (size - 1)) as f64 / seconds / 1e9;
    println!(r#"{{"case":"exchange","ranks":{size},"bytes":{bytes},"gigabytes_per_second":{rate:.2}}}"#);
}
