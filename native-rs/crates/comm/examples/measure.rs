//! Measures a transport: `cargo run --release -p lockstep-comm --example measure -- 2 4` the local one with so many ranks, started by
//! `mpirun -n 2 target/release/examples/measure` MPI, with as many ranks as there are. `npm run bench -- shuffle` compares both.
//!
//! One line of JSON per case: round trips of small collectives in microseconds, exchanges in gigabytes per second
//! (bytes sent by all ranks together; every rank sends to every other).

use std::time::{Duration, Instant};

use bytes::Bytes;
use lockstep_comm::{Communicator, Op, OpKind, Options, mpi};
use lockstep_testing::{op_of, ranks_with};

fn op(call: u64, sequence: u64) -> Op {
    op_of(call, sequence, OpKind::Shuffle, "measure.rs:1:1")
}

/// The sizes of the messages whose rate is measured.
const BYTES: [usize; 4] = [4 << 10, 64 << 10, 1 << 20, 16 << 20];

fn main() {
    let number = |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok()?.parse::<usize>().ok());
    let rank = number(&["OMPI_COMM_WORLD_RANK", "PMI_RANK"]);
    let size = number(&["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"]);
    if let (Some(rank), Some(size)) = (rank, size) {
        return over_mpi(rank, size);
    }
    let sizes: Vec<usize> = std::env::args().skip(1).map(|size| size.parse().expect("numbers of ranks")).collect();
    for size in if sizes.is_empty() { vec![2, 4] } else { sizes } {
        for (name, bytes) in COLLECTIVES {
            let times = ranks_with(size, &Options::default(), async |comm| latency(&comm, 0, bytes).await.as_secs_f64());
            print_latency(name, size, bytes, slowest(times));
        }
        for bytes in BYTES {
            let times = ranks_with(size, &Options::default(), async |comm| bandwidth(&comm, 0, bytes).await.as_secs_f64());
            print_bandwidth(size, bytes, slowest(times));
        }
    }
}

/// One group for all cases: MPI starts once in a process. Rank 0 prints the slowest rank's time.
fn over_mpi(rank: usize, size: usize) {
    let comm = mpi::connect(rank, size, size, &Options::default()).expect("the ranks meet");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime starts");
    runtime.block_on(async {
        let mut call = 0;
        for (name, bytes) in COLLECTIVES {
            let time = agree(&comm, call + 1, latency(&comm, call, bytes).await).await;
            call += 2;
            if rank == 0 {
                print_latency(name, size, bytes, time);
            }
        }
        for bytes in BYTES {
            let time = agree(&comm, call + 1, bandwidth(&comm, call, bytes).await).await;
            call += 2;
            if rank == 0 {
                print_bandwidth(size, bytes, time);
            }
        }
    });
}

async fn agree(comm: &Communicator, call: u64, time: Duration) -> f64 {
    let own = Bytes::from(time.as_secs_f64().to_le_bytes().to_vec());
    let all = comm.allgather(&op(call, 0), own).await.expect("times");
    let seconds = |bytes: &Bytes| f64::from_le_bytes(bytes[..].try_into().expect("eight bytes"));
    all.iter().map(seconds).fold(0.0, f64::max)
}

fn slowest(times: Vec<f64>) -> f64 {
    times.into_iter().fold(0.0, f64::max)
}

/// Many ranks share the cores.
fn rounds(size: usize) -> u64 {
    20_000 / size as u64
}

const COLLECTIVES: [(&str, usize); 3] = [("barrier", 0), ("allgather", 8), ("allgather", 4096)];

async fn latency(comm: &Communicator, call: u64, bytes: usize) -> Duration {
    let body = Bytes::from(vec![1; bytes]);
    comm.barrier(&op(call, 0)).await.expect("all are there");
    let start = Instant::now();
    for round in 1..=rounds(comm.size()) {
        match bytes {
            0 => comm.barrier(&op(call, round)).await,
            _ => comm.allgather(&op(call, round), body.clone()).await.map(drop),
        }
        .expect("a round");
    }
    start.elapsed()
}

fn print_latency(name: &str, size: usize, bytes: usize, seconds: f64) {
    let micros = seconds * 1e6 / rounds(size) as f64;
    println!(r#"{{"case":"{name}","ranks":{size},"bytes":{bytes},"microseconds":{micros:.2}}}"#);
}

/// Messages of `bytes` from each rank to each other: 2 GiB in all.
fn messages(size: usize, bytes: usize) -> usize {
    (2usize << 30) / bytes / size / (size - 1)
}

async fn bandwidth(comm: &Communicator, call: u64, bytes: usize) -> Duration {
    let (size, messages) = (comm.size(), messages(comm.size(), bytes));
    let (sender, mut receiver) = comm.exchange(&Op { fingerprint: 1, ..op(call, 3) }).expect("an exchange");
    comm.barrier(&op(call, 2)).await.expect("all are there");
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
}

fn print_bandwidth(size: usize, bytes: usize, seconds: f64) {
    let rate = (messages(size, bytes) * bytes * size * (size - 1)) as f64 / seconds / 1e9;
    println!(r#"{{"case":"exchange","ranks":{size},"bytes":{bytes},"gigabytes_per_second":{rate:.2}}}"#);
}
