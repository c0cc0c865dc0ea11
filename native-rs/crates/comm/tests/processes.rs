//! What only processes do: die at any moment, sleep for nothing, take memory.

use std::time::{Duration, Instant};

use bytes::Bytes;
use lockstep_comm::{CommError, Communicator, Op, OpKind, Options};
use lockstep_testing::{Random, op, op_of, options, over_mpi, processes};

fn shuffle(call: u64) -> Op {
    Op { fingerprint: 7, ..op_of(call, 1, OpKind::Shuffle, "job.ts:3:1") }
}

/// Works for ever: exchanges, collectives, and consumers that keep and that drop.
async fn work(comm: &Communicator) -> Result<(), CommError> {
    let mut random = Random::new(comm.rank() as u64);
    for call in 0.. {
        let (sender, mut receiver) = comm.exchange(&shuffle(call))?;
        let send = async {
            for _ in 0..50 {
                for to in 0..comm.size() {
                    sender.send(to, vec![1; random.below(200_000)]).await?;
                }
                tokio::task::yield_now().await;
            }
            sender.finish().await
        };
        let receive = async {
            while let Some(message) = receiver.next().await {
                message?;
            }
            Ok::<_, CommError>(())
        };
        let (sent, received) = tokio::join!(send, receive);
        sent.and(received)?;
        comm.allgather(&op_of(call, 2, OpKind::Allgather, "job.ts:5:1"), Bytes::from(vec![0; random.below(1000)])).await?;
    }
    Ok(())
}

#[test]
fn the_death_of_any_rank_at_any_time_is_named_by_all_others() {
    deaths("the_death_of_any_rank_at_any_time_is_named_by_all_others", &Options { group: Some(0), ..options() }, 6);
}

#[test]
fn the_death_of_any_rank_in_groups_is_named_by_all_others() {
    deaths("the_death_of_any_rank_in_groups_is_named_by_all_others", &Options { group: Some(2), ..options() }, 4);
}

fn deaths(test: &str, options: &Options, rounds: usize) {
    let mut random = Random::new(std::process::id().into());
    for round in 0..rounds {
        let group = processes(test, 4, "", options, async |comm, _| {
            println!("connected");
            match work(&comm).await {
                Ok(()) => Err("the work ended".into()),
                Err(error) => Err(error.to_string()),
            }
        });
        let (victim, wait) = (round % 4, Duration::from_millis(50 + random.below(400) as u64));
        std::thread::sleep(wait);
        group.kill(victim);
        let killed = Instant::now();
        let exits = group.wait(Duration::from_secs(10));
        if over_mpi() {
            // MPI tells no rank of it: the launcher ends the job, in its own time.
            assert!(killed.elapsed() < Duration::from_secs(8), "after {:?}", killed.elapsed());
            assert!(exits.iter().all(|exit| !exit.status.success() && !exit.output.contains("the work ended")));
            continue;
        }
        assert!(killed.elapsed() < Duration::from_secs(2), "after {:?}", killed.elapsed());
        for (rank, exit) in exits.iter().enumerate().filter(|(rank, _)| *rank != victim) {
            assert_eq!(exit.status.code(), Some(1), "rank {rank}, {victim} killed after {wait:?}: {}", exit.output);
            let named = exit.output.contains(&format!("rank {victim} died"));
            // Killed before all were there: rank 0, or the others for it, say so in the words of the start.
            let starting = !exit.output.contains("connected") && exit.output.contains("rank");
            assert!(named || starting, "rank {rank}, {victim} killed after {wait:?}: {}", exit.output);
        }
    }
}

#[test]
fn idle_ranks_use_no_cpu() {
    let group = processes("idle_ranks_use_no_cpu", 3, "", &options(), async |comm, _| {
        comm.barrier(&op(1)).await.map_err(|error| error.to_string())?;
        let before = cpu();
        let wait = async {
            if comm.rank() == 0 {
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
            comm.broadcast(&op(2), 0, Some(Bytes::new())).await
        };
        wait.await.map_err(|error| error.to_string())?;
        let used = cpu() - before;
        // MPI has to be asked, again and again.
        let limit = Duration::from_millis(if over_mpi() { 100 } else { 10 });
        if used < limit { Ok(()) } else { Err(format!("used {used:?} of 2 s")) }
    });
    for exit in group.wait(Duration::from_secs(20)) {
        assert!(exit.status.success(), "{}", exit.output);
    }
}

/// CPU time of this process.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[test]
fn a_rank_that_ends_in_order_is_not_dead() {
    let group = processes("a_rank_that_ends_in_order_is_not_dead", 3, "", &options(), async |comm, _| {
        comm.barrier(&op(1)).await.map_err(|error| error.to_string())?;
        if comm.rank() == 2 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        // Those that are left do not need it.
        match comm.broadcast(&op(2), 0, Some(Bytes::new())).await {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    });
    for exit in group.wait(Duration::from_secs(20)) {
        assert!(exit.status.success(), "{}", exit.output);
    }
}

#[test]
fn a_stopped_rank_is_named() {
    let options = lockstep_comm::Options { patience: Duration::from_secs(2), ..options() };
    let group = processes("a_stopped_rank_is_named", 3, "", &options, async |comm, _| {
        println!("connected");
        work(&comm).await.map_err(|error| error.to_string())
    });
    group.wait_until_printed("connected", 3);
    std::thread::sleep(Duration::from_millis(500));
    group.signal(1, rustix::process::Signal::STOP);
    let exits = group.wait(Duration::from_secs(if over_mpi() { 15 } else { 5 }));
    for rank in [0, 2] {
        let output = &exits[rank].output;
        // An MPI whose buffers are full of messages to rank 1 may send to nobody: then the other one is named as well.
        let unheard = ["ranks 0, 1 do not respond", "ranks 1, 0 do not respond", "ranks 1, 2 do not respond", "ranks 2, 1 do not respond"];
        let named = output.contains("rank 1 does not respond") || (over_mpi() && unheard.iter().any(|text| output.contains(text)));
        assert!(named, "rank {rank}: {output}");
    }
}
