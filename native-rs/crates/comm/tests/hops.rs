//! The two hops of an exchange, and what they save.

use std::time::Duration;

use bytes::Bytes;
use lockstep_comm::{CommError, Communicator, Grid, Hop, Op, OpKind, Options, RankError, Sent};
use lockstep_testing::{Random, layouts, op, op_of, options, ranks, ranks_with};

const SIZES: [usize; 7] = [1, 2, 3, 4, 5, 7, 12];

fn shuffle(sequence: u64) -> Op {
    Op { fingerprint: 7, ..op_of(0, sequence, OpKind::Shuffle, "job.ts:3:1") }
}

/// All sizes in all groups.
fn everywhere<F: Future<Output = ()>>(body: impl Fn(Communicator, Grid) -> F + Sync) {
    for size in SIZES {
        for options in layouts(size).into_iter().filter(|options| options.group != Some(0)) {
            ranks_with(size, &options, |comm| {
                let grid = comm.grid().expect("there are groups");
                body(comm, grid)
            });
        }
    }
}

/// From, to and number, then bytes that follow from them.
fn message(from: usize, to: usize, number: u32) -> Bytes {
    let mut random = Random::new((from * 10_007 + to) as u64 + u64::from(number));
    let length = if random.below(10) == 0 { 600_000 } else { random.below(5000) };
    let mut bytes = [from as u32, to as u32, number].map(u32::to_le_bytes).concat();
    bytes.extend((0..length).map(|index| (index * 31 + from + to) as u8));
    bytes.into()
}

/// Sends every rank `count` messages by both hops; returns when all have come.
async fn shuffle_in_two_hops(comm: &Communicator, op: &Op, count: u32) -> Result<(), CommError> {
    let grid = comm.grid().expect("there are groups");
    let (rank, size) = (comm.rank(), comm.size());
    let (across, mut arrived) = comm.exchange_hop(op, Hop::Across)?;
    let (within, mut received) = comm.exchange_hop(op, Hop::Within)?;
    let send = async {
        for number in 0..count {
            for to in 0..size {
                across.send(grid.door(grid.group_of(to)), message(rank, to, number)).await?;
            }
        }
        across.finish().await
    };
    let hand_on = async {
        while let Some(message) = arrived.next().await {
            let message = message?;
            let from = u32::from_le_bytes(message.bytes[..4].try_into().unwrap()) as usize;
            assert_eq!(from, message.from);
            assert!(grid.behind().any(|behind| behind == from));
            let to = u32::from_le_bytes(message.bytes[4..8].try_into().unwrap()) as usize;
            within.send(to, message.bytes.into_bytes()).await?;
        }
        within.finish().await
    };
    let receive = async {
        let mut next = vec![0; size];
        while let Some(received) = received.next().await {
            let bytes = received?.bytes;
            let from = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
            assert!(bytes[..] == message(from, rank, next[from]), "{from} to {rank}: number {}", next[from]);
            next[from] += 1;
        }
        assert_eq!(next, vec![count; size]);
        Ok(())
    };
    tokio::try_join!(send, hand_on, receive).map(drop)
}

#[test]
fn messages_take_two_hops_and_come_whole_and_in_order() {
    everywhere(async |comm, _| {
        shuffle_in_two_hops(&comm, &shuffle(1), 10).await.unwrap();
        // One without messages, and one of the program.
        shuffle_in_two_hops(&comm, &shuffle(2), 0).await.unwrap();
        comm.barrier(&op(3)).await.unwrap();
        let (across, mut arrived) = comm.exchange_hop(&op(4), Hop::Across).unwrap();
        across.finish().await.unwrap();
        assert!(arrived.next().await.is_none());
        let (within, mut received) = comm.exchange_hop(&op(4), Hop::Within).unwrap();
        within.finish().await.unwrap();
        assert!(received.next().await.is_none());
    });
}

#[test]
fn a_message_to_all_reaches_the_ranks_of_the_hop() {
    everywhere(async |comm, grid| {
        for (sequence, hop) in [Hop::Across, Hop::Within].into_iter().enumerate() {
            let (sender, mut receiver) = comm.exchange_hop(&shuffle(sequence as u64), hop).unwrap();
            for length in [10, 100_000, 700_000] {
                assert_eq!(sender.send_all(vec![comm.rank() as u8; length]).await.unwrap(), Sent::Delivered);
            }
            sender.finish().await.unwrap();
            let mut from = Vec::new();
            while let Some(message) = receiver.next().await {
                let message = message.unwrap();
                assert!(message.bytes.iter().all(|&byte| usize::from(byte) == message.from));
                from.push(message.from);
            }
            from.sort_unstable();
            let sources: Vec<usize> = match hop {
                Hop::Across => grid.behind().collect(),
                Hop::Within => grid.members(grid.group()).collect(),
            };
            assert_eq!(from, sources.into_iter().flat_map(|source| [source; 3]).collect::<Vec<_>>());
        }
    });
}

#[test]
fn a_message_past_the_hop_is_an_error() {
    everywhere(async |comm, grid| {
        for (sequence, hop) in [Hop::Across, Hop::Within].into_iter().enumerate() {
            let (sender, mut receiver) = comm.exchange_hop(&shuffle(sequence as u64), hop).unwrap();
            for to in 0..comm.size() + 1 {
                let reached = match hop {
                    Hop::Across => (0..grid.groups()).any(|group| grid.door(group) == to),
                    Hop::Within => grid.members(grid.group()).contains(&to),
                };
                let refused = |error: CommError| matches!(error, CommError::Invalid { from, .. } if from == comm.rank());
                if reached {
                    assert!(sender.reserve(to, 10).await.unwrap().is_some());
                } else {
                    assert!(sender.send(to, vec![1]).await.is_err_and(refused) && sender.reserve(to, 10).await.is_err_and(refused));
                }
            }
            sender.finish().await.unwrap();
            assert!(receiver.next().await.is_none());
        }
    });
}

/// What the ranks of a hop may hold of a sender's memory together is bounded, because they are few; of all ranks it would not be.
#[test]
fn messages_of_a_hop_are_read_in_place_those_to_all_ranks_are_copied() {
    ranks_with(4, &Options { group: Some(2), ..options() }, async |comm| {
        let grid = comm.grid().unwrap();
        let to = comm.rank() ^ 1;
        assert_eq!(grid.group_of(to), grid.group());
        for (sequence, within) in [true, false].into_iter().enumerate() {
            let op = shuffle(sequence as u64);
            let (sender, mut receiver) = if within { comm.exchange_hop(&op, Hop::Within) } else { comm.exchange(&op) }.unwrap();
            sender.send(to, vec![1; 100_000]).await.unwrap();
            sender.finish().await.unwrap();
            let message = receiver.next().await.unwrap().unwrap();
            assert_eq!((message.from, message.bytes.len(), message.bytes.is_lent()), (to, 100_000, within));
            assert!(receiver.next().await.is_none());
        }
    });
}

#[test]
fn there_is_no_hop_without_a_grid() {
    let no_hop = |comm: &Communicator| comm.grid().is_none() && comm.exchange_hop(&shuffle(1), Hop::Within).is_err();
    assert!(no_hop(&Communicator::solo()));
    assert!(ranks(3, async |comm| no_hop(&comm)).into_iter().all(|none| none));
}

#[test]
fn who_wants_no_more_is_heard_of_by_those_that_send_to_it() {
    everywhere(async |comm, grid| {
        for (sequence, hop) in [Hop::Across, Hop::Within].into_iter().enumerate() {
            let (sender, mut receiver) = comm.exchange_hop(&shuffle(sequence as u64), hop).unwrap();
            // Rank 0, then all.
            let closes = |rank| rank == 0;
            if closes(comm.rank()) {
                receiver.close();
            }
            if (hop == Hop::Across && grid.door(0) == 0) || (hop == Hop::Within && grid.group() == 0) {
                while sender.send(0, vec![1]).await.unwrap() == Sent::Delivered {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                assert!(sender.is_closed(0));
            }
            drop(receiver);
            sender.all_closed().await.unwrap();
            assert!(sender.reserve_all(5).await.unwrap().is_none());
            sender.finish().await.unwrap();
        }
        comm.barrier(&op(9)).await.unwrap();
    });
}

#[test]
fn a_sender_dropped_between_the_hops_fails_everybody() {
    for size in [3, 5] {
        let options = Options { group: Some(2), ..options() };
        ranks_with(size, &options, async |comm| {
            let (across, mut arrived) = comm.exchange_hop(&shuffle(1), Hop::Across).unwrap();
            let (within, mut received) = comm.exchange_hop(&shuffle(1), Hop::Within).unwrap();
            across.finish().await.unwrap();
            while let Some(message) = arrived.next().await {
                message.unwrap();
            }
            if comm.rank() == 1 {
                drop(within);
            } else {
                within.finish().await.unwrap();
            }
            // Those that do not wait for rank 1 hear of it at their next step.
            let ended = received.next().await;
            let error = if let Some(Err(error)) = ended { error } else { comm.failed().await };
            assert!(matches!(error, CommError::Remote(RankError { rank: 1, .. })), "{error}");
            comm.recover(&op(9)).await.unwrap();
        });
    }
}

fn boom(rank: usize) -> RankError {
    RankError { rank, message: "boom".into() }
}

fn is_boom(error: &CommError, rank: usize) -> bool {
    matches!(error, CommError::Remote(found) if *found == boom(rank))
}

/// A rank that has sent across but handed nothing on has not contributed: nobody is left waiting for it.
#[test]
fn a_failure_between_the_hops_of_an_exchange_concerns_it() {
    for size in [4, 7] {
        let options = Options { group: Some(3), ..options() };
        ranks_with(size, &options, async |comm| {
            for victim in 0..size {
                let call = victim as u64;
                let op = op_of(call, 1, OpKind::Shuffle, "job.ts:3:1");
                let both = async {
                    let (across, mut arrived) = comm.exchange_hop(&op, Hop::Across)?;
                    across.finish().await?;
                    while let Some(message) = arrived.next().await {
                        message?;
                    }
                    if comm.rank() == victim {
                        comm.fail(boom(victim));
                    }
                    let (within, mut received) = comm.exchange_hop(&op, Hop::Within)?;
                    within.finish().await?;
                    while let Some(message) = received.next().await {
                        message?;
                    }
                    Ok(())
                };
                let grid = comm.grid().unwrap();
                let error = match both.await {
                    Err(error) => error,
                    Ok(()) => {
                        assert_ne!(grid.group(), grid.group_of(victim), "without the part of rank {victim}");
                        comm.failed().await
                    }
                };
                assert!(is_boom(&error, victim), "{error}");
                comm.recover(&op_of(call, 2, OpKind::Recover, "job.ts:4:1")).await.unwrap();
                let all = comm.allgather(&op_of(call, 3, OpKind::Allgather, "job.ts:5:1"), vec![1].into()).await.unwrap();
                assert_eq!(all.len(), size);
            }
        });
    }
}

/// A rank fails, by another of its tasks, while it is in a barrier to which one rank comes when it is known. Where it has done its part
/// (in two hops: handed on) the barrier ends well, where not it fails, and either of them on all ranks.
#[test]
fn a_failure_inside_a_barrier_ends_it_alike_everywhere() {
    let size = 5;
    for group in [0, 1, 2, 3, size] {
        let ended = ranks_with(size, &Options { group: Some(group), ..options() }, async |comm| {
            let mut passed = Vec::new();
            for victim in 0..size {
                let (call, late) = (victim as u64, (victim + 1) % size);
                if comm.rank() == late {
                    // The others hear of it about when this one does.
                    comm.failed().await;
                    tokio::time::sleep(Duration::from_millis(150)).await;
                }
                let fail = async {
                    if comm.rank() == victim {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        comm.fail(boom(victim));
                    }
                };
                let barrier = op_of(call, 1, OpKind::Barrier, "job.ts:3:1");
                let (ended, ()) = tokio::join!(comm.barrier(&barrier), fail);
                assert!(ended.as_ref().is_ok() || ended.as_ref().is_err_and(|error| is_boom(error, victim)), "{ended:?}");
                passed.push(ended.is_ok());
                assert!(is_boom(&comm.failed().await, victim));
                comm.recover(&op_of(call, 2, OpKind::Recover, "job.ts:4:1")).await.unwrap();
                comm.barrier(&op_of(call, 3, OpKind::Barrier, "job.ts:5:1")).await.unwrap();
            }
            passed
        });
        assert!(ended.iter().all(|passed| *passed == ended[0]), "in groups of {group}: {ended:?}");
        // In groups of one all wait across; in one group, as without, each has done its part at once.
        let expected = match group {
            0 | 5 => Some(vec![true; size]),
            1 => Some(vec![false; size]),
            _ => None,
        };
        assert!(expected.is_none_or(|expected| ended[0] == expected), "in groups of {group}: {ended:?}");
    }
}

/// Messages that a rank has sent so far, and to how many others.
fn sent(comm: &Communicator) -> (u64, usize) {
    let stats = comm.stats();
    let others = || stats.iter().filter(|(rank, _)| **rank != comm.rank()).map(|(_, peer)| peer.messages_sent);
    (others().sum(), others().filter(|&messages| messages > 0).count())
}

#[test]
fn a_rank_sends_to_the_doors_and_its_group_only() {
    let count = |size: usize, group: usize| {
        ranks_with(size, &Options { group: Some(group), ..options() }, async |comm| {
            let parts = || (0..comm.size()).map(|to| Some(vec![to as u8; 10].into())).collect();
            comm.barrier(&op(1)).await.unwrap();
            let barrier = sent(&comm);
            comm.allgather(&op(2), vec![1; 100].into()).await.unwrap();
            let allgather = sent(&comm);
            comm.alltoall(&op(3), parts()).await.unwrap();
            let alltoall = sent(&comm);
            comm.broadcast(&op(4), 1, Some(vec![1].into())).await.unwrap();
            comm.gather(&op(5), 1, vec![1].into()).await.unwrap();
            [barrier, allgather, alltoall, sent(&comm)]
        })
    };
    for (size, group) in [(12usize, 3), (16, 4), (17, 4), (13, 5)] {
        let (groups, longest) = (size.div_ceil(group), size.div_ceil(size.div_ceil(group)));
        let most = (groups - 1 + longest - 1) as u64;
        for (rank, [barrier, allgather, alltoall, all]) in count(size, group).into_iter().enumerate() {
            let counts = [barrier, allgather, alltoall].map(|(messages, _)| messages);
            assert!(counts.iter().zip(1..).all(|(&messages, ops)| messages <= ops * most), "rank {rank} of {size}: {counts:?}");
            assert!(all.1 as u64 <= most, "rank {rank} of {size} sends to {} others", all.1);
        }
        for (rank, [barrier, allgather, alltoall, _]) in count(size, 0).into_iter().enumerate() {
            let flat = size as u64 - 1;
            // At a barrier all of them tell rank 0, and it them.
            let told = if rank == 0 { flat } else { 1 };
            assert_eq!([barrier, allgather, alltoall].map(|(messages, _)| messages), [told, told + flat, told + 2 * flat]);
            assert!(flat > most);
        }
    }
}
