//! Many ranks as threads of one process, over an MPI that counts: what they send when one fails, when they go on, and when they leave.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Progress;
use crate::collectives;
use crate::communicator::Communicator;
use crate::core::Core;
use crate::error::{CommError, RankError};
use crate::footprint;
use crate::grid::{Grid, Hop};
use crate::operation::{Op, OpKind, Primitive};
use crate::spill::SpillArea;
use crate::transport::{Limits, Transport};
use crate::transports::mpi::arena::Arena;
use crate::transports::mpi::board::Board;
use crate::transports::mpi::calls::fake::{Fake, Network};
use crate::transports::mpi::endpoint::{Endpoint, Waker};
use crate::transports::mpi::meeting::{Terms, meet};
use crate::transports::mpi::pool::Pool;

const ARENA: usize = 1 << 20;

/// A rank before its communication thread runs.
fn placed(rank: usize, size: usize, grid: Option<Grid>, network: &Arc<Network>) -> (Arc<Core>, Arc<Endpoint>, Progress) {
    let core = Core::new(rank, size, SpillArea::new(std::env::temp_dir(), 1 << 20));
    let limits = Limits { fragment: ARENA / 8 - 256, smallest_fragment: ARENA / 1024, pinned_bytes: ARENA / 2, pinned_count: size, looks: 100, spin: Duration::ZERO };
    let endpoint = Arc::new(Endpoint {
        rank,
        limits,
        arena: Arena::new(ARENA, || {}).unwrap(),
        pool: Pool::new(ARENA, || {}),
        board: Board::default(),
        commands: Mutex::default(),
        position: Mutex::default(),
        asked: Mutex::default(),
        nudged: AtomicBool::new(false),
        closing: AtomicBool::new(false),
        waker: Waker::new(),
        thread: Mutex::default(),
        core: Arc::downgrade(&core),
    });
    let transport: Arc<dyn Transport> = endpoint.clone();
    let _ = (core.transport.set(transport), core.grid.set(grid));
    let progress = Progress::new(Box::new(Fake::new(rank, size, network)), endpoint.clone(), &core, Duration::ZERO);
    (core, endpoint, progress)
}

fn rank(rank: usize, size: usize, grid: Option<Grid>, network: &Arc<Network>) -> Communicator {
    let (core, endpoint, progress) = placed(rank, size, grid, network);
    let waker = endpoint.waker.clone();
    let run = move || {
        waker.set_thread();
        progress.run();
    };
    *endpoint.thread.lock() = Some(std::thread::spawn(run));
    Communicator::over(core, endpoint)
}

fn op(sequence: u64) -> Op {
    Op { call: 0, sequence, kind: OpKind::Barrier, site: "job.ts:1:1".into(), fingerprint: 0 }
}

/// Runs on every rank, each a thread.
fn on_all<T: Send>(ranks: &[Communicator], body: impl Fn(&Communicator) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = ranks.iter().map(|comm| scope.spawn(|| body(comm))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// What a rank allocates when it has taken its place and is in a collective and both hops of an exchange: bytes for each rank that it
/// speaks to, none for others.
#[test]
fn nothing_is_allocated_for_ranks_that_are_not_spoken_to() {
    let held = |size: usize, machine: usize| {
        let grid = Grid::choose(0, size, machine);
        let network = Arc::default();
        let (held, _rank) = footprint::of(|| {
            let (core, endpoint, progress) = placed(0, size, grid, &network);
            for (at, step) in collectives::Collective::Allgather.steps(core.place()).into_iter().enumerate() {
                std::mem::forget(core.enter(&op(at as u64), Primitive::Allgather, None, step.hop, step.from).unwrap());
            }
            let exchange = Op { fingerprint: 1, ..op(9) };
            let hops = [Hop::Across, Hop::Within].map(|hop| core.enter_exchange(&exchange, Some(hop)).unwrap());
            (core, endpoint, progress, hops)
        });
        let grid = grid.unwrap();
        (held, grid.groups() + grid.longest())
    };
    // As many spoken to, or ten times as many, of ten, a hundred or ten thousand times as many ranks.
    let (few, near) = held(100, 10);
    for (size, machine) in [(1_000, 30), (10_000, 100), (1_000_000, 1_000)] {
        let (many, spoken) = held(size, machine);
        let each = (many as f64 - few as f64) / (spoken - near) as f64;
        assert!(each < 200.0, "{size} ranks: {many} bytes, {few} of 100 ranks: {each} bytes for each of {spoken}");
    }
}

#[test]
fn whatever_all_are_to_hear_goes_in_two_hops() {
    for (size, groups) in [(4, 1), (36, 6), (50, 7)] {
        let (network, grid) = (Arc::default(), (groups > 1).then(|| Grid::new(0, size, groups)));
        let ranks: Vec<Communicator> = (0..size).map(|at| rank(at, size, grid.map(|grid| grid.seen_by(at)), &network)).collect();
        let others = groups - 1 + size.div_ceil(groups) - 1;
        let all_sent = |what: &str, times: usize| {
            // What a rank of its own accord sends or gets; one that only hands on does no more.
            std::thread::sleep(Duration::from_millis(100));
            for rank in 0..size {
                let (messages, partners) = network.take_most(rank);
                assert!(messages <= times * others && partners <= others, "{what}: rank {rank} of {size} in {groups} groups: {messages} messages, {partners} others, of {others}");
            }
            network.forget();
        };
        on_all(&ranks, |comm| futures::executor::block_on(comm.barrier(&op(1))).unwrap());
        all_sent("a barrier", 1);

        let failing = size - 1;
        ranks[failing].fail(RankError { rank: failing, message: "no".into() });
        let heard = on_all(&ranks, |comm| futures::executor::block_on(comm.failed()).to_string());
        assert!(heard.iter().all(|error| error.contains("no")), "{heard:?}");
        all_sent("a failure", 1);

        let reported = on_all(&ranks, |comm| futures::executor::block_on(collectives::recover(comm.core(), &op(2))).unwrap());
        for errors in reported {
            assert!(matches!(&errors[..], [CommError::Remote(error)] if error.rank == failing), "{errors:?}");
        }
        all_sent("recovery", 1);

        // All fail at once, each of another error: then the errors are as many as the ranks, and only these.
        on_all(&ranks, |comm| comm.fail(RankError { rank: comm.rank(), message: "all".into() }));
        let reported = on_all(&ranks, |comm| futures::executor::block_on(collectives::recover(comm.core(), &op(3))).unwrap());
        assert!(reported.iter().all(|errors| errors.len() == reported[0].len()), "the same list on every rank");
        network.forget();
        on_all(&ranks, |comm| futures::executor::block_on(comm.barrier(&op(4))).unwrap());
        network.forget();

        let began = Instant::now();
        on_all(&ranks, Communicator::close);
        assert!(began.elapsed() < Duration::from_secs(8), "ranks end before they are ended");
        // Closed, the word of who is behind, done, all done.
        all_sent("a goodbye", 4);
    }
}

/// Who recovers first leaves at once: nobody takes it to be missing where it has said all it had to.
#[test]
fn who_leaves_after_a_recovery_has_not_left_before_it() {
    for round in 0..20 {
        let (size, groups) = [(3, 2), (5, 3), (12, 4)][round % 3];
        let (network, grid) = (Arc::default(), Grid::new(0, size, groups));
        let ranks: Vec<Communicator> = (0..size).map(|at| rank(at, size, Some(grid.seen_by(at)), &network)).collect();
        ranks[round % size].fail(RankError { rank: round % size, message: "no".into() });
        let reported = on_all(&ranks, |comm| {
            futures::executor::block_on(comm.failed());
            let reported = futures::executor::block_on(collectives::recover(comm.core(), &op(1)));
            comm.close();
            reported.map(|errors| errors.len()).map_err(|error| error.to_string())
        });
        assert_eq!(reported, vec![Ok(1); size], "{size} ranks in {groups} groups");
    }
}

#[test]
fn ranks_that_do_not_match_all_hear_why_and_rank_0_hears_of_few() {
    for (size, odd) in [(3, Some(2)), (100, Some(57)), (100, None), (400, None)] {
        let network = Arc::default();
        let meeting = |rank: usize| {
            let terms = Terms { arena: ARENA, build: if Some(rank) == odd { "b" } else { "a" }, group: None };
            meet(&Fake::new(rank, size, &network), rank, size, 7, &terms)
        };
        let meeting = &meeting;
        let answers: Vec<_> = std::thread::scope(|scope| {
            let start = |rank| std::thread::Builder::new().stack_size(64 << 10).spawn_scoped(scope, move || meeting(rank)).unwrap();
            let threads: Vec<_> = (0..size).map(start).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        match odd {
            None => assert!(answers.iter().all(|answer| *answer == Ok(7))),
            Some(odd) => assert!(answers.iter().all(|answer| answer.as_ref().unwrap_err().contains(&format!("rank {odd} has "))), "{:?}", answers[0]),
        }
        let most = (0..size).map(|rank| network.take_most(rank).0).max().unwrap();
        assert!(size <= 64 || most <= 2 * (size as f64).sqrt().ceil() as usize, "{most} messages of one of {size} ranks");
    }
}
