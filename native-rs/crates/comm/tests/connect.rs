//! How ranks find each other, and what they say when they do not.

use std::time::Duration;

use lockstep_comm::{CommError, Communicator, Options, local};
use lockstep_testing::{op, options};

fn quick() -> Options {
    Options { timeout: Duration::from_millis(300), ..options() }
}

fn connect_all(job: &str, ranks: &[(usize, usize, Options)]) -> Vec<Result<Communicator, CommError>> {
    std::thread::scope(|scope| {
        let start = |(rank, size, options): &(usize, usize, Options)| {
            let (rank, size, options) = (*rank, *size, options.clone());
            scope.spawn(move || local::connect(rank, size, job, &options))
        };
        let threads: Vec<_> = ranks.iter().map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn text(result: &Result<Communicator, CommError>) -> String {
    match result {
        Ok(_) => "connected".into(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn who_is_missing_is_named() {
    let results = connect_all("missing", &[(0, 4, quick()), (1, 4, quick())]);
    assert_eq!(text(&results[0]), "ranks 2, 3 of 4 did not arrive within 300ms");
    assert_eq!(text(&results[1]), text(&results[0]));
    let results = connect_all("no-root", &[(1, 2, quick())]);
    assert!(text(&results[0]).contains("rank 0 of the job \"no-root\" did not start"), "{}", text(&results[0]));
}

#[test]
fn what_does_not_match_is_named() {
    let build = |build: &str| Options { build: build.into(), ..quick() };
    let results = connect_all("builds", &[(0, 2, build("bundle 1")), (1, 2, build("bundle 2"))]);
    for result in &results {
        assert!(text(result).contains("rank 0 \"bundle 1\", rank 1 \"bundle 2\""), "{}", text(result));
    }
    let results = connect_all("sizes", &[(0, 2, quick()), (1, 3, quick())]);
    for result in &results {
        assert!(text(result).contains("rank 1 was started for 3 ranks, rank 0 for 2"), "{}", text(result));
    }
    let results = connect_all("arenas", &[(0, 2, quick()), (1, 2, Options { arena_bytes: 8 << 20, ..quick() })]);
    assert!(text(&results[0]).contains("bytes for messages"), "{}", text(&results[0]));
    let results = connect_all("groups", &[(0, 2, quick()), (1, 2, Options { group: Some(1), ..quick() })]);
    assert!(results.iter().all(|result| text(result).starts_with("rank 1 would form other groups of ranks than rank 0: ")));
    let results = connect_all("twice", &[(0, 3, quick()), (1, 3, quick()), (1, 3, quick())]);
    assert!(text(&results[0]).contains("two processes say they are rank 1"), "{}", text(&results[0]));
    assert!(local::connect(2, 2, "outside", &quick()).is_err());
}

#[test]
fn two_jobs_of_one_name_do_not_mix() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| local::connect(0, 2, "same-name", &options()));
        std::thread::sleep(Duration::from_millis(100));
        assert!(text(&local::connect(0, 2, "same-name", &quick())).contains("is running already"));
        let other = local::connect(1, 2, "same-name", &options()).unwrap();
        let first = first.join().unwrap().unwrap();
        let op = op(1);
        let (a, b) = runtime.block_on(async { tokio::join!(first.barrier(&op), other.barrier(&op)) });
        a.and(b).unwrap();
    });
}

#[test]
fn a_stranger_on_the_socket_harms_nobody() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};
    let address = SocketAddr::from_abstract_name("lockstep/stranger").unwrap();
    std::thread::scope(|scope| {
        let ranks = [0, 1].map(|rank| {
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(100 * rank as u64));
                local::connect(rank, 2, "stranger", &options())
            })
        });
        // Of the wrong socket type: the kernel refuses it.
        std::thread::sleep(Duration::from_millis(30));
        assert!(UnixStream::connect_addr(&address).is_err());
        for rank in ranks {
            assert_eq!(text(&rank.join().unwrap()), "connected");
        }
    });
}
