//! A rank that leaves in order: what it sent arrives, and who waits for it is told.

use std::time::Duration;

use lockstep_comm::{CommError, Op, OpKind};
use lockstep_testing::{op, op_of, ranks};

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
