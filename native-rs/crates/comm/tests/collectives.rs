//! Every collective on 1, 2, 3 and 7 ranks.

use bytes::Bytes;
use lockstep_comm::{Communicator, OpKind};
use lockstep_testing::{op, op_of, ranks};

const SIZES: [usize; 4] = [1, 2, 3, 7];

fn body(rank: usize, length: usize) -> Bytes {
    (0..length).map(|index| (rank * 31 + index) as u8).collect()
}

#[test]
fn broadcast_from_every_root() {
    for size in SIZES {
        for length in [0, 1, 5000, 3_000_000] {
            ranks(size, async |comm| {
                for root in 0..size {
                    let bytes = (comm.rank() == root).then(|| body(root, length));
                    let received = comm.broadcast(&op(root as u64), root, bytes).await.unwrap();
                    assert_eq!(received, body(root, length));
                }
            });
        }
    }
}

#[test]
fn allgather_and_gather_are_in_rank_order() {
    for size in SIZES {
        ranks(size, async |comm| {
            for (sequence, length) in [0, 1, 100, 700_000].into_iter().enumerate() {
                let own = body(comm.rank(), length + comm.rank());
                let expected: Vec<Bytes> = (0..size).map(|rank| body(rank, length + rank)).collect();
                assert_eq!(comm.allgather(&op(2 * sequence as u64), own.clone()).await.unwrap(), expected);
                let root = sequence % size;
                let gathered = comm.gather(&op(2 * sequence as u64 + 1), root, own).await.unwrap();
                assert_eq!(gathered, (comm.rank() == root).then_some(expected));
            }
        });
    }
}

#[test]
fn alltoall_hands_every_part_to_its_rank() {
    for size in SIZES {
        for length in [0, 1, 700_000, 40_000_000 / (size * size)] {
            ranks(size, async |comm| {
                let from = comm.rank();
                // Nothing for the rank before this one.
                let part = |from: usize, to: usize| ((to + 1) % size != from).then(|| body(from * size + to, length + to));
                let received = comm.alltoall(&op(0), (0..size).map(|to| part(from, to)).collect()).await.unwrap();
                assert_eq!(received, (0..size).map(|other| part(other, from)).collect::<Vec<_>>());
            });
        }
    }
}

#[test]
fn nobody_leaves_a_barrier_before_all_have_come() {
    // One clock for all processes of a machine.
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        (time.tv_sec, time.tv_nsec)
    };
    for size in SIZES {
        let times = ranks(size, async |comm| {
            let mut times = Vec::new();
            for round in 0..50 {
                let came = now();
                comm.barrier(&op(round)).await.unwrap();
                times.push((came, now()));
            }
            times
        });
        for round in 0..50 {
            let last_came = times.iter().map(|times| times[round].0).max();
            let first_left = times.iter().map(|times| times[round].1).min();
            assert!(last_came <= first_left, "round {round} of {size} ranks");
        }
    }
}

#[test]
fn a_slow_rank_is_waited_for() {
    ranks(3, async |comm| {
        for round in 0..3 {
            if comm.rank() as u64 == round {
                tokio::time::sleep(std::time::Duration::from_millis(120)).await;
            }
            let all = comm.allgather(&op(round), vec![comm.rank() as u8].into()).await.unwrap();
            assert_eq!(all.concat(), [0, 1, 2]);
        }
    });
}

#[test]
fn operations_of_a_plan_may_overlap() {
    ranks(3, async |comm| {
        let at = |sequence| lockstep_comm::Op { fingerprint: 5, ..op_of(1, sequence, OpKind::Allgather, "job.ts:1:1") };
        let one = async |sequence: u64| comm.allgather(&at(sequence), vec![sequence as u8].into()).await.unwrap().len();
        // Different orders on different ranks.
        let (a, b) = if comm.rank() == 0 {
            tokio::join!(one(1), one(2))
        } else {
            tokio::join!(one(2), one(1))
        };
        assert_eq!((a, b), (3, 3));
    });
}

#[test]
fn solo_needs_nobody() {
    let comm = Communicator::solo();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        comm.barrier(&op(0)).await.unwrap();
        assert_eq!(comm.broadcast(&op(1), 0, Some(Bytes::from_static(b"x"))).await.unwrap(), "x");
        assert_eq!(comm.allgather(&op(2), Bytes::from_static(b"y")).await.unwrap(), ["y"]);
        assert_eq!(comm.gather(&op(3), 0, Bytes::from_static(b"z")).await.unwrap().unwrap(), ["z"]);
    });
}

#[test]
fn many_small_collectives_in_a_row() {
    ranks(2, async |comm| {
        for round in 0..20_000u64 {
            let all = comm.allgather(&op(round), round.to_le_bytes().to_vec().into()).await.unwrap();
            assert_eq!(all[0], all[1]);
        }
    });
}

#[test]
fn more_ranks_than_cores() {
    ranks(24, async |comm| {
        for round in 0..20u64 {
            let all = comm.allgather(&op(round), vec![comm.rank() as u8].into()).await.unwrap();
            assert_eq!(all.concat(), (0..24).collect::<Vec<u8>>());
        }
    });
}
