//! What ranks have sent in a collective, beside what its schedule says without them: every message, every byte, of every rank.

use bytes::Bytes;
use lockstep_comm::{Collective, Communicator, Cost, Options, Place};
use lockstep_testing::{layouts, op, over_mpi, ranks_with};

const SIZES: [usize; 6] = [1, 2, 4, 7, 8, 16];

/// Of no rank as long as another's.
fn part(rank: usize) -> u64 {
    (rank * rank * 37 + 3) as u64
}

fn bytes(length: u64) -> Bytes {
    vec![7; length as usize].into()
}

fn sent(comm: &Communicator) -> (u64, u64) {
    let others = comm.stats().into_iter().filter(|(rank, _)| *rank != comm.rank());
    others.fold((0, 0), |(messages, bytes), (_, peer)| (messages + peer.messages_sent, bytes + peer.bytes_sent))
}

async fn enter(comm: &Communicator, sequence: u64, collective: Collective) {
    let (op, size, rank) = (op(sequence), comm.size(), comm.rank());
    let own = bytes(part(rank));
    match collective {
        Collective::Barrier => comm.barrier(&op).await.unwrap(),
        Collective::Broadcast { root } => drop(comm.broadcast(&op, root, (rank == root).then_some(own)).await.unwrap()),
        Collective::Allgather => drop(comm.allgather(&op, own).await.unwrap()),
        Collective::Allreduce => {
            let sums = comm.allreduce(&op, &[rank as u64, 1, u64::MAX]).await.unwrap();
            assert_eq!(sums, [(size * (size - 1) / 2) as u64, size as u64, (size as u64).wrapping_neg()]);
        }
        Collective::Gather { root } => drop(comm.gather(&op, root, own).await.unwrap()),
        Collective::Alltoall { from, to } => {
            let length = |other: usize| {
                let there = from.is_none_or(|from| from == rank) && to.is_none_or(|to| to == other);
                there.then(|| bytes(part(if from.is_some() { other } else { rank })))
            };
            drop(comm.alltoall(&op, (0..size).map(length).collect()).await.unwrap());
        }
    }
}

fn collectives(size: usize) -> Vec<Collective> {
    let roots = [0, size / 2, size - 1];
    let rooted = roots.into_iter().flat_map(|root| {
        let only = |from, to| Collective::Alltoall { from, to };
        [Collective::Broadcast { root }, Collective::Gather { root }, only(Some(root), None), only(None, Some(root))]
    });
    [Collective::Barrier, Collective::Allgather, Collective::Allreduce, Collective::Alltoall { from: None, to: None }].into_iter().chain(rooted).collect()
}

#[test]
fn ranks_send_what_the_schedule_says() {
    // Over MPI every rank is a process.
    for size in SIZES.into_iter().filter(|size| *size < 8 || !over_mpi()) {
        let wider = (size == 16).then(|| Options { group: Some(4), ..lockstep_testing::options() });
        for options in layouts(size).into_iter().chain(wider) {
            let counted = ranks_with(size, &options, async |comm| {
                let (place, mut counted) = (Place { rank: comm.rank(), size, grid: comm.grid() }, vec![]);
                for (sequence, collective) in collectives(size).into_iter().enumerate() {
                    let before = sent(&comm);
                    enter(&comm, sequence as u64, collective).await;
                    let after = sent(&comm);
                    let Cost { messages, bytes, .. } = collective.cost(place, &|rank| if collective == Collective::Allreduce { 24 } else { part(rank) });
                    counted.push(((after.0 - before.0, after.1 - before.1), (messages, bytes)));
                }
                counted
            });
            for (rank, counted) in counted.into_iter().enumerate() {
                for ((real, scheduled), collective) in counted.into_iter().zip(collectives(size)) {
                    assert_eq!(real, scheduled, "messages and bytes of rank {rank} of {size} in groups of {:?}: {collective:?}", options.group);
                }
            }
        }
    }
}

#[test]
fn what_a_rank_records_is_what_was_entered() {
    for size in [2, 4, 7] {
        for options in layouts(size) {
            let recorded = ranks_with(size, &options, async |comm| {
                comm.record();
                for (sequence, collective) in collectives(size).into_iter().enumerate() {
                    enter(&comm, sequence as u64, collective).await;
                }
                comm.recorded(|all| all.iter().map(|one| (format!("{:?}", one.collective), one.parts.clone())).collect::<Vec<_>>())
            });
            let all: Vec<u64> = (0..size).map(part).collect();
            for ((name, parts), collective) in recorded[0].iter().zip(collectives(size)) {
                match collective {
                    Collective::Barrier => assert!(parts.is_empty()),
                    Collective::Allreduce => assert_eq!(*parts, [24]),
                    Collective::Broadcast { root } => assert_eq!(*parts, [part(root)]),
                    Collective::Allgather | Collective::Gather { root: 0 } | Collective::Alltoall { from: None, to: None | Some(0) } => assert_eq!(*parts, all),
                    Collective::Gather { .. } => assert_eq!(*parts, [part(0)]),
                    Collective::Alltoall { from: Some(0), .. } => assert_eq!(*parts, all),
                    // Two ranks see no difference between one that sends all and one that gets all.
                    Collective::Alltoall { .. } if size == 2 => assert_eq!(*parts, [0, part(0)]),
                    Collective::Alltoall { .. } => assert_eq!(*parts, [part(0)]),
                }
                assert!(size == 2 || *name == format!("{collective:?}"), "{name} of {collective:?}");
            }
        }
    }
}
