//! Errors reach everybody, whatever they wait for; after `recover` the group goes on.

use std::time::{Duration, Instant};

use lockstep_comm::{CommError, Communicator, Op, OpKind, Options, RankError};
use lockstep_testing::{Random, layouts, op, op_of, ranks, ranks_with};

fn shuffle(call: u64, sequence: u64) -> Op {
    Op { fingerprint: 7, ..op_of(call, sequence, OpKind::Shuffle, "job.ts:3:1") }
}

fn boom(rank: usize) -> RankError {
    RankError { rank, message: format!("{{\"code\":\"LS2009\",\"message\":\"boom on {rank}\"}}") }
}

fn is_boom(error: &CommError, rank: usize) -> bool {
    matches!(error, CommError::Remote(found) if *found == boom(rank))
}

/// Each to each, and in groups.
fn sizes<const N: usize>(sizes: [usize; N]) -> impl Iterator<Item = (usize, Options)> {
    sizes.into_iter().flat_map(|size| layouts(size).into_iter().map(move |options| (size, options)))
}

#[test]
fn an_error_ends_whatever_waits() {
    for (size, options) in sizes([1, 2, 3, 7]) {
        ranks_with(size, &options, async |comm| {
            let failing = size - 1;
            comm.barrier(&op(0)).await.unwrap();
            let (sender, mut receiver) = comm.exchange(&shuffle(0, 2)).unwrap();
            // The failure finds all ranks in the exchange, and leaves this barrier alone.
            comm.barrier(&op(1)).await.unwrap();
            let (plan, late) = (Op { fingerprint: 7, ..op(3) }, Op { fingerprint: 7, ..op(4) });
            let fill = async {
                // Nobody reads: waits for memory, or for the window to itself.
                loop {
                    if let Err(error) = sender.send((comm.rank() + 1) % size, vec![1; 100_000]).await {
                        return error;
                    }
                    tokio::task::yield_now().await;
                }
            };
            let fail = async {
                tokio::time::sleep(Duration::from_millis(150)).await;
                if comm.rank() == failing {
                    comm.fail(boom(failing));
                }
                comm.failed().await
            };
            let collect = async {
                if comm.rank() == failing && size > 1 {
                    return comm.failed().await;
                }
                match comm.barrier(&plan).await {
                    Err(error) => error,
                    Ok(()) => comm.failed().await,
                }
            };
            let (a, b, c) = tokio::join!(fill, fail, collect);
            for error in [a, b, c] {
                assert!(is_boom(&error, failing), "{error}");
            }
            let later = [
                receiver.next().await.unwrap().map(drop).unwrap_err(),
                comm.barrier(&late).await.unwrap_err(),
                comm.exchange(&shuffle(0, 9)).map(drop).unwrap_err(),
                sender.finish().await.unwrap_err(),
            ];
            assert!(later.iter().all(|error| is_boom(error, failing)));
            drop((sender, receiver));
            let reported = comm.recover(&op(100)).await.unwrap();
            assert_eq!(reported.len(), 1);
            assert!(is_boom(&reported[0], failing));
            assert_eq!(comm.allgather(&op(101), vec![1].into()).await.unwrap().len(), size);
        });
    }
}

/// Rank 2 waits for rank 0 while the memory is full of an exchange that it has not come to, and that has failed already.
#[test]
fn what_nobody_will_read_keeps_no_room() {
    ranks(3, async |comm| {
        let gather = op_of(0, 0, OpKind::Gather, "job.ts:1:1");
        if comm.rank() == 0 {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        if comm.rank() == 1 {
            comm.gather(&gather, 2, vec![1; 1000].into()).await.unwrap();
            let (sender, _receiver) = comm.exchange(&shuffle(0, 1)).unwrap();
            let flood = async {
                loop {
                    sender.send(2, vec![1; 100_000]).await.unwrap();
                }
            };
            // Not long enough for what waits to be set aside.
            let _ = tokio::time::timeout(Duration::from_millis(50), flood).await;
            comm.fail(boom(1));
        } else {
            let gathered = tokio::time::timeout(Duration::from_secs(10), comm.gather(&gather, 2, vec![1; 1000].into()));
            gathered.await.expect("the gather ends").unwrap();
        }
        assert!(is_boom(&comm.failed().await, 1));
        comm.recover(&op(100)).await.unwrap();
    });
}

/// Many rounds of: an exchange under way, one or more ranks fail at a random moment, everybody recovers.
#[test]
fn fail_and_recover_again_and_again() {
    for (size, options) in sizes([2, 3, 7]) {
        ranks_with(size, &options, async |comm| {
            let mut agreed = Random::new(size as u64);
            for round in 0..20 {
                let failing: Vec<usize> = (0..size).filter(|_| agreed.below(size) == 0).collect();
                let after = agreed.below(40);
                let result = run_until(&comm, round, failing.contains(&comm.rank()).then_some(after)).await;
                // Exactly the failed rounds fail, everywhere.
                let reported = match result {
                    Ok(()) => Vec::new(),
                    Err(_) => comm.recover(&op_of(round, 1000, OpKind::Recover, "job.ts:9:1")).await.unwrap(),
                };
                assert_eq!(reported.is_empty(), failing.is_empty(), "round {round}: {reported:?}");
                for error in reported {
                    assert!(failing.iter().any(|&rank| is_boom(&error, rank)), "{error}");
                }
            }
        });
    }
}

async fn run_until(comm: &Communicator, call: u64, fail_after: Option<usize>) -> Result<(), CommError> {
    let (sender, mut receiver) = comm.exchange(&shuffle(call, 1))?;
    let send = async {
        for number in 0..60 {
            if fail_after == Some(number) {
                comm.fail(boom(comm.rank()));
            }
            for to in 0..comm.size() {
                sender.send(to, vec![call as u8; 20_000]).await?;
            }
            tokio::task::yield_now().await;
        }
        sender.finish().await
    };
    let receive = async {
        let mut count = 0;
        while let Some(message) = receiver.next().await {
            assert!(message?.bytes.iter().all(|&byte| byte == call as u8), "a message of another round");
            count += 1;
        }
        assert_eq!(count, 60 * comm.size());
        Ok(())
    };
    let (sent, received) = tokio::join!(send, receive);
    sent.and(received)?;
    // An operation of the program: who has come here has not failed before, so all pass or none does.
    comm.barrier(&op_of(call, 2, OpKind::Barrier, "job.ts:4:1")).await
}

/// Rank 1 fails just after it has passed a barrier that others may not have noticed yet: they pass it too.
#[test]
fn all_ranks_fail_at_the_same_statement() {
    for (size, options) in sizes([3, 5, 12]) {
        ranks_with(size, &options, async |comm| {
            for call in 0..100 {
                for sequence in 0..3 {
                    comm.barrier(&op_of(call, sequence, OpKind::Barrier, "job.ts:1:1")).await.unwrap();
                }
                if comm.rank() == call as usize % size {
                    comm.fail(boom(comm.rank()));
                }
                comm.barrier(&op_of(call, 3, OpKind::Barrier, "job.ts:2:1")).await.unwrap_err();
                comm.recover(&op_of(call, 4, OpKind::Recover, "job.ts:3:1")).await.unwrap();
            }
        });
    }
}

#[test]
fn an_abort_ends_what_a_failure_leaves_alone() {
    ranks(2, async |comm| {
        if comm.rank() == 0 {
            let wait = async { comm.barrier(&op(1)).await.unwrap_err() };
            let abort = async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                comm.abort(boom(0));
            };
            assert!(is_boom(&tokio::join!(wait, abort).0, 0));
        } else {
            assert!(is_boom(&comm.failed().await, 0));
        }
        comm.recover(&op(2)).await.unwrap();
    });
}

#[test]
fn all_ranks_get_the_same_list_of_errors() {
    let lists = ranks(7, async |comm| {
        comm.fail(boom(comm.rank()));
        comm.recover(&op(1)).await.unwrap().iter().map(CommError::to_string).collect::<Vec<_>>()
    });
    let expected: Vec<String> = (0..7).map(|rank| CommError::Remote(boom(rank)).to_string()).collect();
    assert!(lists.iter().all(|list| *list == expected), "{lists:?}");
}

#[test]
fn a_sender_dropped_unfinished_fails_everybody() {
    ranks(3, async |comm| {
        let (sender, mut receiver) = comm.exchange(&shuffle(0, 1)).unwrap();
        comm.barrier(&op(0)).await.unwrap();
        if comm.rank() == 1 {
            drop(sender);
        } else {
            sender.finish().await.ok();
        }
        while let Some(message) = receiver.next().await {
            let Err(CommError::Remote(error)) = message else { continue };
            assert_eq!(error.rank, 1);
            assert!(error.message.contains("job.ts:3:1"));
            return;
        }
        panic!("the exchange ended well");
    });
}

#[test]
fn messages_kept_over_a_failure_stay_whole() {
    ranks(2, async |comm| {
        let other = 1 - comm.rank();
        let (sender, mut receiver) = comm.exchange(&shuffle(0, 1)).unwrap();
        sender.send(other, vec![comm.rank() as u8 + 5; 50_000]).await.unwrap();
        let kept = receiver.next().await.unwrap().unwrap();
        comm.barrier(&op(2)).await.unwrap();
        comm.fail(boom(comm.rank()));
        drop((sender, receiver));
        comm.recover(&op(3)).await.unwrap();
        let (sender, mut receiver) = comm.exchange(&shuffle(1, 1)).unwrap();
        for _ in 0..100 {
            sender.send(other, vec![0; 500_000]).await.unwrap();
            receiver.next().await.unwrap().unwrap();
        }
        assert!(kept.bytes.iter().all(|&byte| byte == other as u8 + 5));
        sender.finish().await.unwrap();
    });
}

// ---- divergence ----------------------------------------------------------------------------------------------------

/// Every rank reports the divergence, and the text names both operations.
fn diverge(size: usize, body: impl AsyncFn(&Communicator) -> Result<(), CommError> + Sync, names: &[&str]) {
    // A reference of an async closure has no nameable future: each rank drives it itself.
    let run = async |comm: Communicator| {
        let started = Instant::now();
        let result = body(&comm).await;
        // Who was done before the others noticed learns it at its next step.
        let error = match result {
            Err(error) => error,
            Ok(()) => comm.failed().await,
        };
        assert!(matches!(error, CommError::Diverged(_)), "{error}");
        let text = error.to_string();
        comm.recover(&op_of(9, 0, OpKind::Recover, "end")).await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(5));
        text
    };
    for (size, options) in sizes([size]) {
        for text in ranks_with(size, &options, &run) {
            assert!(names.iter().all(|name| text.contains(name)), "in groups of {:?}: {text}", options.group);
        }
    }
}

#[test]
fn different_operations_are_named() {
    let shuffle = op_of(1, 12, OpKind::Shuffle, "orders.ts:41:3");
    let reduce = op_of(1, 12, OpKind::Allgather, "orders.ts:44:3");
    let body = async |comm: &Communicator| {
        if comm.rank() == 1 {
            let (sender, mut receiver) = comm.exchange(&shuffle)?;
            sender.finish().await?;
            receiver.next().await.map_or(Ok(()), |message| message.map(drop))
        } else {
            comm.allgather(&reduce, vec![1].into()).await.map(drop)
        }
    };
    diverge(3, body, &["shuffle", "orders.ts:41:3", "allgather", "orders.ts:44:3", "rank 1"]);
}

#[test]
fn different_sites_plans_and_roots_are_named() {
    let site = async |comm: &Communicator| {
        let site = if comm.rank() == 0 { "a.ts:1:1" } else { "b.ts:2:2" };
        comm.barrier(&op_of(1, 1, OpKind::Barrier, site)).await
    };
    diverge(2, site, &["a.ts:1:1", "b.ts:2:2"]);
    let plan = async |comm: &Communicator| {
        let op = Op { fingerprint: 10 + comm.rank() as u64, ..op_of(1, 1, OpKind::Allgather, "a.ts:1:1") };
        comm.barrier(&op).await
    };
    diverge(2, plan, &["plans differ"]);
    let root = async |comm: &Communicator| {
        comm.broadcast(&op_of(1, 1, OpKind::Broadcast, "a.ts:1:1"), comm.rank(), None).await.map(drop)
    };
    // Both are roots: nobody waits here; the messages cross.
    diverge(2, root, &["arguments differ"]);
}

#[test]
fn an_operation_left_out_by_one_rank_is_noticed() {
    let body = async |comm: &Communicator| {
        if comm.rank() != 2 {
            comm.barrier(&op_of(1, 1, OpKind::Commit, "left-out.ts:1:1")).await?;
        }
        comm.barrier(&op_of(1, 2, OpKind::Barrier, "next.ts:2:2")).await
    };
    diverge(3, body, &["left-out.ts:1:1", "next.ts:2:2", "rank 2"]);
}

#[test]
fn a_rank_that_waits_for_the_next_call_too_early_is_noticed() {
    // Rank 0 is inside call 1; rank 1 has left it and waits for what rank 0 broadcasts next.
    let body = async |comm: &Communicator| {
        if comm.rank() == 0 {
            let (sender, mut receiver) = comm.exchange(&Op { call: 1, ..shuffle(1, 4) })?;
            sender.finish().await?;
            receiver.next().await.map_or(Ok(()), |message| message.map(drop))
        } else {
            comm.broadcast(&op_of(2, 0, OpKind::Call, "main.ts:7:1"), 0, None).await.map(drop)
        }
    };
    diverge(2, body, &["job.ts:3:1", "main.ts:7:1"]);
}

#[test]
fn the_same_operation_twice_is_noticed() {
    let body = async |comm: &Communicator| {
        let op = op_of(1, 1, OpKind::Allgather, "a.ts:1:1");
        let (first, second) = tokio::join!(comm.allgather(&op, vec![1].into()), comm.allgather(&op, vec![2].into()));
        first.and(second).map(drop)
    };
    diverge(2, body, &["a.ts:1:1"]);
    // One after the other: all ranks agree, and are wrong alike.
    let again = async |comm: &Communicator| {
        let op = op_of(1, 1, OpKind::Allgather, "a.ts:1:1");
        comm.allgather(&op, vec![1].into()).await?;
        comm.allgather(&op, vec![2].into()).await.map(drop)
    };
    diverge(2, again, &["a.ts:1:1"]);
    let exchanges = async |comm: &Communicator| {
        for _ in 0..2 {
            let (sender, mut receiver) = comm.exchange(&shuffle(1, 1))?;
            sender.finish().await?;
            receiver.next().await.map_or(Ok(()), |message| message.map(drop))?;
        }
        Ok(())
    };
    diverge(2, exchanges, &["job.ts:3:1"]);
}

#[test]
fn a_long_wait_is_no_divergence() {
    ranks(3, async |comm| {
        // Ranks 1 and 2 wait for the call while rank 0 is busy elsewhere for longer than the looks.
        if comm.rank() == 0 {
            tokio::time::sleep(Duration::from_millis(1800)).await;
        }
        comm.broadcast(&op_of(1, 0, OpKind::Call, "call"), 0, Some(vec![1].into())).await.unwrap();
        if comm.rank() == 1 {
            tokio::time::sleep(Duration::from_millis(1500)).await;
        }
        let (sender, mut receiver) = comm.exchange(&shuffle(1, 1)).unwrap();
        sender.finish().await.unwrap();
        assert!(receiver.next().await.is_none());
        comm.barrier(&op_of(1, 2, OpKind::Barrier, "end")).await.unwrap();
    });
}
