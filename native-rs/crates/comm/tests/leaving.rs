//! A rank that leaves in order: what it sent arrives, and who waits for it is told.

use std::time::Duration;

use bytes::Bytes;
use lockstep_comm::{CommError, Op, OpKind};
use lockstep_testing::{layouts, op, op_of, ranks, ranks_with};

fn shuffle(call: u64, sequence: u64) -> Op {
    Op { fingerprint: 7, ..op_of(call, sequence, OpKind::Shuffle, "job.ts:3:1") }
}

#[test]
fn who_waits_for_a_rank_that_left_is_told() {
    ranks(3, async |comm| {
        comm.barrier(&op(1)).await.unwrap();
        if comm.rank() == 1 {
            comm.close();
            assert!(matches!(comm.barrier(&op(2)).await, Err(CommError::Closed)));
            return;
        }
        assert!(matches!(comm.barrier(&op(2)).await, Err(CommError::Left { .. })));
        let (sender, mut receiver) = comm.exchange(&op(3)).unwrap();
        sender.finish().await.ok();
        assert!(matches!(receiver.next().await, Some(Err(CommError::Left { .. }))));
    });
}

/// Of one in two hops also those that wait for it behind another rank.
#[test]
fn all_who_need_the_part_of_a_rank_that_left_name_it() {
    for (size, options) in [3, 7, 12].into_iter().flat_map(|size| layouts(size).into_iter().map(move |options| (size, options))) {
        for (gone, sequence) in [0, 1].into_iter().flat_map(|gone| (1..5).map(move |sequence| (gone, sequence))) {
            let told = ranks_with(size, &options, async |comm| {
                comm.barrier(&op(0)).await.unwrap();
                if comm.rank() == gone {
                    return None;
                }
                let (op, part) = (op(sequence), || Bytes::from_static(b"part"));
                let ended = match sequence {
                    1 => comm.barrier(&op).await,
                    2 => comm.allgather(&op, part()).await.map(drop),
                    3 => comm.gather(&op, 2, part()).await.map(drop),
                    _ => comm.broadcast(&op, gone, None).await.map(drop),
                };
                Some(ended.map_err(|error| error.to_string()))
            });
            for (rank, told) in told.into_iter().enumerate().filter(|(rank, _)| *rank != gone) {
                // Those that only send to the root of a gather do not need it; whether they hand on for it is the grid's affair.
                let unconcerned = sequence == 3 && rank != 2 && told == Some(Ok(()));
                let named = told == Some(Err(format!("rank {gone} has left the job")));
                assert!(named || unconcerned, "rank {rank} of {size} in groups of {:?}: {told:?}", options.group);
            }
        }
    }
}

#[test]
fn what_the_root_broadcast_before_it_left_reaches_all() {
    for options in layouts(7) {
        ranks_with(7, &options, async |comm| {
            let bytes = (comm.rank() == 0).then(|| Bytes::from_static(b"goodbye"));
            assert_eq!(comm.broadcast(&op(1), 0, bytes).await.unwrap(), "goodbye");
        });
    }
}

#[test]
fn who_comes_late_to_what_a_rank_left_has_not_diverged() {
    ranks(3, async |comm| {
        comm.barrier(&op(1)).await.unwrap();
        if comm.rank() == 1 {
            return;
        }
        if comm.rank() == 2 {
            // Rank 0 has given up the barrier by then, and the exchange.
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let left = comm.barrier(&op(2)).await;
        assert!(matches!(left, Err(CommError::Left { rank: 1 })), "{left:?}");
        let (sender, mut receiver) = comm.exchange(&op(3)).unwrap();
        sender.send(2 - comm.rank(), vec![1]).await.ok();
        sender.finish().await.ok();
        let message = receiver.next().await.unwrap().map(|message| message.from);
        assert!(matches!(message, Err(CommError::Left { rank: 1 }) | Ok(0 | 2)), "{message:?}");
        drop((sender, receiver));
        if comm.rank() == 0 {
            tokio::time::sleep(Duration::from_millis(1000)).await;
        }
    });
}

#[test]
fn what_a_rank_sent_before_it_left_arrives() {
    ranks(2, async |comm| {
        let (sender, mut receiver) = comm.exchange(&shuffle(0, 1)).unwrap();
        if comm.rank() == 1 {
            for number in 0..3000u32 {
                sender.send(0, number.to_le_bytes().to_vec()).await.unwrap();
            }
            sender.finish().await.unwrap();
            return;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        sender.finish().await.unwrap();
        let mut count = 0;
        while let Some(message) = receiver.next().await {
            assert_eq!(message.unwrap().bytes[..], u32::to_le_bytes(count));
            count += 1;
        }
        assert_eq!(count, 3000);
    });
}
