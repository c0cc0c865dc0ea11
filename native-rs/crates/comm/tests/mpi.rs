//! What only MPI has: a library to find, an order to end all, counts that are `int`s. Run by test/conformance, with
//! `LOCKSTEP_TEST_MPI` and `--include-ignored`.

use std::time::Duration;

use bytes::Bytes;
use lockstep_comm::{OpKind, mpi};
use lockstep_testing::{op, op_of, options, processes, ranks, ranks_with};

#[test]
#[ignore = "needs an MPI: npx vitest run test/conformance"]
fn the_library_of_the_launcher_is_found() {
    let found = ranks(2, async |comm| {
        comm.barrier(&op(1)).await.unwrap();
        let library = mpi::find().unwrap();
        (library.path, library.interface, library.version)
    });
    let (path, interface, version) = &found[0];
    assert_eq!(found[0], found[1]);
    assert!(version.contains("Open MPI") == (interface == "Open MPI ABI"), "{path}: {interface}, {version}");
    assert!(version.contains("MPI"), "{version}");
    println!("{version} ({interface}) from {path}");
}

#[test]
#[ignore = "needs an MPI: npx vitest run test/conformance"]
fn a_payload_past_2_gib_arrives_whole() {
    const LENGTH: usize = (2 << 30) + (1 << 20) + 7;
    let options = lockstep_comm::Options { arena_bytes: 64 << 20, ..options() };
    ranks_with(2, &options, async |comm| {
        let fill = |index: usize| (index >> 20) as u8 ^ index as u8;
        let bytes = (comm.rank() == 0).then(|| (0..LENGTH).map(fill).collect::<Vec<u8>>()).map(Bytes::from);
        let received = comm.broadcast(&op(1), 0, bytes).await.unwrap();
        assert_eq!(received.len(), LENGTH);
        let wrong = (0..LENGTH).step_by(4093).chain([LENGTH - 1]).find(|&index| received[index] != fill(index));
        assert_eq!(wrong, None);
        comm.barrier(&op_of(1, 0, OpKind::Barrier, "end")).await.unwrap();
    });
}

/// Rank 1 ends before `MPI_Init`, saying so by `abort`: the others would wait for it.
#[test]
#[ignore = "needs an MPI: npx vitest run test/conformance"]
fn a_rank_that_fails_before_it_connects_ends_all() {
    if launched_rank() == "1" {
        let _ = mpi::abort(3);
        std::process::exit(3);
    }
    let group = processes("a_rank_that_fails_before_it_connects_ends_all", 3, "", &options(), async |comm, _| {
        comm.barrier(&op(1)).await.map_err(|error| error.to_string())
    });
    let started = std::time::Instant::now();
    let exits = group.wait(Duration::from_secs(20));
    assert!(exits.iter().all(|exit| !exit.status.success()), "{exits:?}");
    assert!(started.elapsed() < Duration::from_secs(15), "after {:?}", started.elapsed());
}

#[test]
#[ignore = "needs an MPI: npx vitest run test/conformance"]
fn ranks_of_different_builds_are_refused_by_all() {
    let build = format!("bundle {}", launched_rank());
    let options = lockstep_comm::Options { build, ..options() };
    let group = processes("ranks_of_different_builds_are_refused_by_all", 2, "", &options, async |_, _| Ok(()));
    for exit in group.wait(Duration::from_secs(20)) {
        assert!(exit.output.contains("the ranks do not match") && exit.output.contains("bundle 1"), "{}", exit.output);
    }
}

#[test]
#[ignore = "needs an MPI: npx vitest run test/conformance"]
fn ranks_that_would_form_other_groups_are_refused_by_all() {
    let options = lockstep_comm::Options { group: launched_rank().parse().ok(), ..options() };
    let group = processes("ranks_that_would_form_other_groups_are_refused_by_all", 3, "", &options, async |_, _| Ok(()));
    for exit in group.wait(Duration::from_secs(20)) {
        assert!(exit.output.contains("the ranks do not match") && exit.output.contains("groups of 0 ranks"), "{}", exit.output);
    }
}

/// The groups are rank 0's affair, whatever the others think of the machines.
#[test]
#[ignore = "needs an MPI: npx vitest run test/conformance"]
fn all_ranks_have_the_groups_that_rank_0_says() {
    let options = lockstep_comm::Options { group: Some(2), ..options() };
    let groups = ranks_with(5, &options, async |comm| {
        comm.barrier(&op(1)).await.unwrap();
        comm.grid().map(|grid| (grid.groups(), grid.group()))
    });
    assert_eq!(groups, [0, 1, 1, 2, 2].map(|group| Some((3, group))));
}

/// As the launcher counts; nothing in the process that starts it.
fn launched_rank() -> String {
    ["PMI_RANK", "OMPI_COMM_WORLD_RANK"].iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default()
}
