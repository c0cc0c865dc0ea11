//! Every collective on few and more ranks, each to each and in two hops.

use bytes::Bytes;
use lockstep_comm::{Communicator, OpKind, Options};
use lockstep_testing::{layouts, op, op_of, options, over_mpi, ranks, ranks_with};

const SIZES: [usize; 7] = [1, 2, 3, 4, 5, 7, 12];

/// All sizes in all layouts.
fn everywhere<F: Future<Output = ()>>(body: impl Fn(Communicator, usize) -> F + Sync) {
    for size in SIZES {
        for options in layouts(size) {
            ranks_with(size, &options, |comm| body(comm, size));
        }
    }
}

fn body(rank: usize, length: usize) -> Bytes {
    (0..length).map(|index| (rank * 31 + index) as u8).collect()
}

#[test]
fn broadcast_from_every_root() {
    everywhere(async |comm, size| {
        for (sequence, length) in [0, 1, 5000, if size > 3 { 600_000 } else { 3_000_000 }].into_iter().enumerate() {
            for root in 0..size {
                let bytes = (comm.rank() == root).then(|| body(root, length));
                let received = comm.broadcast(&op((sequence * size + root) as u64), root, bytes).await.unwrap();
                assert_eq!(received, body(root, length));
            }
        }
    });
}

#[test]
fn allgather_and_gather_are_in_rank_order() {
    everywhere(async |comm, size| {
        let mut sequence = 0;
        let mut next = || {
            sequence += 1;
            op(sequence)
        };
        for length in [0, 1, 100, if size > 3 { 100_000 } else { 700_000 }] {
            let own = body(comm.rank(), length + comm.rank());
            let expected: Vec<Bytes> = (0..size).map(|rank| body(rank, length + rank)).collect();
            assert_eq!(comm.allgather(&next(), own.clone()).await.unwrap(), expected);
            for root in 0..size {
                let gathered = comm.gather(&next(), root, own.clone()).await.unwrap();
                assert_eq!(gathered, (comm.rank() == root).then(|| expected.clone()));
            }
        }
    });
}

#[test]
fn alltoall_hands_every_part_to_its_rank() {
    everywhere(async |comm, size| {
        for (sequence, length) in [0, 1, 700_000 / size, 20_000_000 / (size * size)].into_iter().enumerate() {
            let from = comm.rank();
            // Nothing for the rank before this one.
            let part = |from: usize, to: usize| ((to + 1) % size != from).then(|| body(from * size + to, length + to));
            let received = comm.alltoall(&op(sequence as u64), (0..size).map(|to| part(from, to)).collect()).await.unwrap();
            assert_eq!(received, (0..size).map(|other| part(other, from)).collect::<Vec<_>>());
        }
    });
}

#[test]
fn nobody_leaves_a_barrier_before_all_have_come() {
    // One clock for all processes of a machine.
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        (time.tv_sec, time.tv_nsec)
    };
    for (size, options) in SIZES.into_iter().flat_map(|size| layouts(size).into_iter().map(move |options| (size, options))) {
        let times = ranks_with(size, &options, async |comm| {
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
            assert!(last_came <= first_left, "round {round} of {size} ranks in groups of {:?}", options.group);
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
    everywhere(async |comm, size| {
        let at = |sequence| lockstep_comm::Op { fingerprint: 5, ..op_of(1, sequence, OpKind::Allgather, "job.ts:1:1") };
        let one = async |sequence: u64| comm.allgather(&at(sequence), vec![sequence as u8].into()).await.unwrap().len();
        // Different orders on different ranks.
        let (a, b) = if comm.rank() == 0 {
            tokio::join!(one(1), one(2))
        } else {
            tokio::join!(one(2), one(1))
        };
        assert_eq!((a, b), (size, size));
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
    for group in [0, 5] {
        ranks_with(24, &Options { group: Some(group), ..options() }, async |comm| {
            for round in 0..20u64 {
                let all = comm.allgather(&op(round), vec![comm.rank() as u8].into()).await.unwrap();
                assert_eq!(all.concat(), (0..24).collect::<Vec<u8>>());
            }
        });
    }
}

/// With more ranks than send each to each, and nothing said of groups.
#[test]
fn many_ranks_have_a_grid() {
    if over_mpi() {
        // Too many processes; tests/mpi.rs has who decides there.
        return;
    }
    let options = Options { arena_bytes: 1 << 20, ..options() };
    let groups = ranks_with(100, &options, async |comm| {
        let all = comm.allgather(&op(0), vec![comm.rank() as u8].into()).await.unwrap();
        assert_eq!(all.concat(), (0..comm.size() as u8).collect::<Vec<u8>>());
        comm.barrier(&op(1)).await.unwrap();
        comm.grid().map(|grid| grid.groups())
    });
    assert_eq!(groups, [Some(10); 100]);
}
