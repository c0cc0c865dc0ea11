//! The exchange: any sizes, any consumers.

use std::collections::HashMap;

use bytes::Bytes;
use lockstep_comm::{Communicator, ExchangeReceiver, ExchangeSender, Op, OpKind, Sent};
use lockstep_testing::{Random, layouts, op_of, options, ranks, ranks_with};

fn shuffle(sequence: u64) -> Op {
    Op { fingerprint: 7, ..op_of(0, sequence, OpKind::Shuffle, "job.ts:3:1") }
}

/// A message that says who sent it as which number, so that order and content can be checked.
fn message(from: usize, number: u64, length: usize) -> Bytes {
    let mut random = Random::new(from as u64 * 1_000_003 + number);
    let mut bytes = Vec::with_capacity(length + 8);
    bytes.extend(number.to_le_bytes());
    while bytes.len() < length {
        bytes.extend(random.bits().to_le_bytes());
    }
    bytes.truncate(length.max(8));
    bytes.into()
}

async fn receive_all(mut receiver: ExchangeReceiver) -> HashMap<usize, Vec<u64>> {
    let mut numbers: HashMap<usize, Vec<u64>> = HashMap::new();
    while let Some(received) = receiver.next().await {
        let received = received.unwrap();
        let number = u64::from_le_bytes(received.bytes[..8].try_into().unwrap());
        assert!(received.bytes[..] == message(received.from, number, received.bytes.len()));
        numbers.entry(received.from).or_default().push(number);
    }
    numbers
}

fn length(random: &mut Random) -> usize {
    match random.below(10) {
        0 => 8,
        1..=6 => random.below(20_000),
        7 | 8 => random.below(300_000),
        _ => random.below(1_500_000),
    }
}

async fn send_random(sender: ExchangeSender, comm: &Communicator, messages: u64, seed: u64) -> Vec<u64> {
    let mut random = Random::new(seed + comm.rank() as u64);
    let mut numbers = vec![0; comm.size()];
    for _ in 0..messages {
        let to = random.below(comm.size());
        let bytes = message(comm.rank(), numbers[to], length(&mut random));
        let sent = if random.below(2) == 0 {
            let mut slot = sender.reserve(to, bytes.len()).await.unwrap().unwrap();
            slot.copy_from_slice(&bytes);
            slot.commit().await.unwrap()
        } else {
            let cut = random.below(bytes.len());
            sender.send(to, vec![bytes.slice(..cut), bytes.slice(cut..)]).await.unwrap()
        };
        assert_eq!(sent, Sent::Delivered);
        numbers[to] += 1;
    }
    sender.finish().await.unwrap();
    numbers
}

#[test]
fn all_to_all_of_random_sizes_keeps_content_and_order() {
    for (size, options) in [1, 2, 3, 7].into_iter().flat_map(|size| layouts(size).into_iter().map(move |options| (size, options))) {
        let results = ranks_with(size, &options, async |comm| {
            let (sender, receiver) = comm.exchange(&shuffle(1)).unwrap();
            tokio::join!(send_random(sender, &comm, 150, 42), receive_all(receiver))
        });
        for (to, (_, received)) in results.iter().enumerate() {
            for (from, (sent, _)) in results.iter().enumerate() {
                let expected: Vec<u64> = (0..sent[to]).collect();
                assert_eq!(received.get(&from).cloned().unwrap_or_default(), expected, "from {from} to {to} of {size}");
            }
        }
    }
}

#[test]
fn empty_single_byte_and_long_messages() {
    for size in [1, 2, 3] {
        ranks(size, async |comm| {
            let (sender, mut receiver) = comm.exchange(&shuffle(1)).unwrap();
            let lengths = [0, 1, 10_000_000, 0, 4096, 63];
            let send = async {
                for to in 0..size {
                    for length in lengths {
                        sender.send(to, vec![comm.rank() as u8; length]).await.unwrap();
                    }
                }
                sender.finish().await.unwrap();
            };
            let receive = async {
                let mut seen = vec![Vec::new(); size];
                while let Some(message) = receiver.next().await {
                    let message = message.unwrap();
                    assert!(message.bytes.iter().all(|&byte| usize::from(byte) == message.from));
                    seen[message.from].push(message.bytes.len());
                }
                assert!(seen.iter().all(|seen| seen == &lengths), "{seen:?}");
            };
            tokio::join!(send, receive);
        });
    }
}

#[test]
fn received_bytes_are_aligned_in_place_and_outlive_the_exchange() {
    ranks(2, async |comm| {
        let other = 1 - comm.rank();
        let (sender, mut receiver) = comm.exchange(&shuffle(1)).unwrap();
        for number in 0..4 {
            sender.send(other, message(comm.rank(), number, 100_000)).await.unwrap();
        }
        sender.finish().await.unwrap();
        let mut kept = Vec::new();
        while let Some(received) = receiver.next().await {
            let received = received.unwrap();
            assert!(received.bytes.is_lent());
            assert_eq!(received.bytes.as_ptr() as usize % lockstep_comm::ALIGNMENT, 0);
            kept.push(received.bytes.into_bytes());
        }
        drop((sender, receiver));
        comm.barrier(&shuffle(2)).await.unwrap();
        for (number, bytes) in kept.iter().enumerate() {
            assert!(*bytes == message(other, number as u64, 100_000));
        }
        let stats = comm.stats()[&other];
        assert!(stats.bytes_sent >= 400_000 && stats.bytes_received >= 400_000 && stats.messages_sent >= 4, "{stats:?}");
    });
}

#[test]
fn a_consumer_that_keeps_everything_stops_nobody() {
    ranks(3, async |comm| {
        let (sender, mut receiver) = comm.exchange(&shuffle(1)).unwrap();
        let send = async {
            for number in 0..200 {
                for to in 0..3 {
                    sender.send(to, message(comm.rank(), number, 100_000)).await.unwrap();
                }
            }
            sender.finish().await.unwrap();
        };
        // 60 MB kept, of arenas of 4 MiB.
        let receive = async {
            let mut kept = Vec::new();
            while let Some(received) = receiver.next().await {
                kept.push(received.unwrap());
            }
            assert_eq!(kept.len(), 600);
            for received in &kept {
                let number = u64::from_le_bytes(received.bytes[..8].try_into().unwrap());
                assert!(received.bytes[..] == message(received.from, number, 100_000));
            }
        };
        tokio::join!(send, receive);
    });
}

#[test]
fn a_receiver_stops_after_some_messages() {
    for stop_after in [0, 1, 5] {
        ranks(7, async |comm| {
            let (sender, mut receiver) = comm.exchange(&shuffle(1)).unwrap();
            let send = async {
                let mut closed = 0;
                for number in 0..100 {
                    for to in 0..7 {
                        let sent = sender.send(to, message(comm.rank(), number, 30_000)).await.unwrap();
                        closed += u64::from(sent == Sent::Closed);
                        assert!(to == 3 || sent == Sent::Delivered);
                    }
                    tokio::task::yield_now().await;
                }
                // Who sent all before rank 3 looked at the first message hears of it later.
                while closed == 0 {
                    closed += u64::from(sender.send(3, message(comm.rank(), 100, 30_000)).await.unwrap() == Sent::Closed);
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                sender.finish().await.unwrap();
                closed
            };
            let receive = async {
                let mut count = 0;
                while let Some(received) = receiver.next().await {
                    received.unwrap();
                    count += 1;
                    if comm.rank() == 3 && count > stop_after {
                        receiver.close();
                    }
                }
                count
            };
            let (closed, count) = tokio::join!(send, receive);
            assert!(closed > 0, "rank {} never heard that rank 3 stopped", comm.rank());
            assert_eq!(count, if comm.rank() == 3 { stop_after + 1 } else { 700 });
            comm.barrier(&shuffle(2)).await.unwrap();
        });
    }
}

#[test]
fn all_closed_tells_the_source_to_stop() {
    ranks(3, async |comm| {
        let (sender, receiver) = comm.exchange(&shuffle(1)).unwrap();
        drop(receiver);
        sender.all_closed().await.unwrap();
        assert_eq!(sender.send((comm.rank() + 1) % 3, vec![1]).await.unwrap(), Sent::Closed);
        assert!(sender.reserve(comm.rank(), 10).await.unwrap().is_none());
        sender.finish().await.unwrap();
        comm.barrier(&shuffle(2)).await.unwrap();
    });
}

/// Two exchanges; each rank's consumer reads the second to its end before it looks at the first, while every producer
/// sends all of the first before any of the second.
#[test]
fn a_diamond_does_not_lock_up() {
    for size in [1, 2, 7] {
        let spilled: u64 = ranks(size, async |comm| {
            let (first, mut first_in) = comm.exchange(&shuffle(1)).unwrap();
            let (second, mut second_in) = comm.exchange(&shuffle(2)).unwrap();
            let count = 40_000_000 / 50_000 / size as u64;
            let send = async {
                for sender in [first, second] {
                    for number in 0..count {
                        for to in 0..size {
                            sender.send(to, message(comm.rank(), number, 50_000)).await.unwrap();
                        }
                    }
                    sender.finish().await.unwrap();
                }
            };
            let receive = async {
                for receiver in [&mut second_in, &mut first_in] {
                    let mut next = vec![0; size];
                    while let Some(received) = receiver.next().await {
                        let received = received.unwrap();
                        assert!(received.bytes[..] == message(received.from, next[received.from], 50_000));
                        next[received.from] += 1;
                    }
                    assert_eq!(next, vec![count; size]);
                }
            };
            tokio::join!(send, receive);
            comm.spilled()
        })
        .into_iter()
        .sum();
        assert!(spilled > 0 || size == 1, "the small budget makes {size} ranks use files");
    }
}

#[test]
fn send_all_stores_once_and_reaches_everybody() {
    for size in [1, 2, 3, 7] {
        ranks(size, async |comm| {
            let (sender, receiver) = comm.exchange(&shuffle(1)).unwrap();
            let lengths = [100, 70_000, 3_000_000];
            let send = async {
                for (number, length) in lengths.into_iter().enumerate() {
                    assert_eq!(sender.send_all(message(comm.rank(), number as u64, length)).await.unwrap(), Sent::Delivered);
                }
                sender.finish().await.unwrap();
            };
            let ((), received) = tokio::join!(send, receive_all(receiver));
            assert_eq!(received.len(), size);
            assert!(received.values().all(|numbers| numbers == &[0, 1, 2]), "{received:?}");
        });
    }
}

#[test]
fn a_slot_that_is_not_committed_sends_nothing() {
    ranks(2, async |comm| {
        let (sender, mut receiver) = comm.exchange(&shuffle(1)).unwrap();
        for _ in 0..100 {
            drop(sender.reserve(1 - comm.rank(), 500_000).await.unwrap());
        }
        sender.send(1 - comm.rank(), vec![9]).await.unwrap();
        sender.finish().await.unwrap();
        assert_eq!(&receiver.next().await.unwrap().unwrap().bytes[..], [9]);
        assert!(receiver.next().await.is_none());
    });
}

#[test]
fn a_rank_that_opens_late_finds_everything() {
    ranks(2, async |comm| {
        if comm.rank() == 1 {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
        let (sender, receiver) = comm.exchange(&shuffle(1)).unwrap();
        let send = async {
            for number in 0..200 {
                sender.send(1 - comm.rank(), message(comm.rank(), number, 100_000)).await.unwrap();
            }
            sender.finish().await.unwrap();
        };
        let ((), received) = tokio::join!(send, receive_all(receiver));
        assert_eq!(received[&(1 - comm.rank())].len(), 200);
    });
}

#[test]
fn several_tasks_send_through_clones() {
    ranks_with(2, &options(), async |comm| {
        let (sender, mut receiver) = comm.exchange(&shuffle(1)).unwrap();
        let send = async |task: u8| {
            let sender = sender.clone();
            for _ in 0..50 {
                // Longer than a region: fragments of different tasks mix.
                sender.send(1 - comm.rank(), vec![task; 1_200_000]).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let sends = async {
            tokio::join!(send(1), send(2), send(3));
            sender.finish().await.unwrap();
        };
        let receive = async {
            let mut counts = [0; 4];
            while let Some(received) = receiver.next().await {
                let bytes = received.unwrap().bytes;
                assert_eq!(bytes.len(), 1_200_000);
                assert!(bytes.iter().all(|&byte| byte == bytes[0]));
                counts[usize::from(bytes[0])] += 1;
            }
            assert_eq!(counts, [0, 50, 50, 50]);
        };
        tokio::join!(sends, receive);
    });
}

/// As the engine uses it: halves in different tasks of a runtime with several threads.
#[test]
fn halves_move_to_other_threads() {
    ranks(2, async |comm| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        let (sender, receiver) = comm.exchange(&shuffle(1)).unwrap();
        let tasks: Vec<_> = (0..4u64)
            .map(|task| {
                let (sender, comm) = (sender.clone(), comm.clone());
                runtime.spawn(async move {
                    for number in 0..200 {
                        let bytes = message(comm.rank(), task * 200 + number, 5000);
                        for to in 0..2 {
                            let mut slot = sender.reserve(to, bytes.len()).await.unwrap().unwrap();
                            slot.copy_from_slice(&bytes);
                            slot.commit().await.unwrap();
                        }
                    }
                })
            })
            .collect();
        let received = runtime.spawn(receive_all(receiver));
        for task in tasks {
            task.await.unwrap();
        }
        sender.finish().await.unwrap();
        let mut received = received.await.unwrap();
        for from in 0..2 {
            let numbers = received.get_mut(&from).unwrap();
            numbers.sort_unstable();
            assert_eq!(*numbers, (0..800).collect::<Vec<_>>());
        }
        comm.barrier(&op_of(0, 9, OpKind::Barrier, "end")).await.unwrap();
        runtime.shutdown_background();
    });
}

#[test]
fn where_nothing_can_be_set_aside_all_ranks_are_told() {
    let options = lockstep_comm::Options { spill_memory: 0, spill_directory: "/proc/nowhere".into(), ..options() };
    let told = ranks_with(3, &options, async |comm| {
        let (first, _unread) = comm.exchange(&shuffle(1)).unwrap();
        loop {
            for to in 0..3 {
                if let Err(error) = first.send(to, vec![1; 100_000]).await {
                    return error.to_string();
                }
            }
            tokio::task::yield_now().await;
        }
    });
    assert!(told.iter().all(|text| text.contains("cannot create a spill file: No such file")), "{told:?}");
}
