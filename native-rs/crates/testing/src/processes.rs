use std::fs::File;
use std::future::Future;
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use lockstep_comm::{Communicator, Options, local};
use rustix::process::{Pid, Signal, set_parent_process_death_signal};

use crate::launched::{self, Launched, Role};
use crate::ranks::{PATIENCE, block_on, job};

const RANK: &str = "LOCKSTEP_TEST_RANK";
const SIZE: &str = "LOCKSTEP_TEST_SIZE";
const JOB: &str = "LOCKSTEP_TEST_JOB";
const ARGUMENT: &str = "LOCKSTEP_TEST_ARGUMENT";

/// Ranks that run as processes; those still alive are killed on drop.
pub struct Processes {
    children: Vec<Child>,
    /// What each child prints; nameless files, so that a child that prints much never waits for a reader.
    outputs: Vec<File>,
    launched: Option<Launched>,
    started: Instant,
}

/// How a rank's process ended. Over MPI the status is what the rank said itself; one that said nothing was killed.
#[derive(Debug)]
pub struct Exit {
    pub status: ExitStatus,
    /// Standard output and error; over MPI of all ranks, after what this one said.
    pub output: String,
    /// Since the processes were started.
    pub after: Duration,
}

/// Starts the test `name` (its path in this test binary) again as `size` processes, and there runs `body` on each rank
/// with the same `argument`. In the rank processes this never returns; `Err` is printed and makes exit code 1.
pub fn processes<F>(name: &str, size: usize, argument: &str, options: &Options, body: impl Fn(Communicator, String) -> F) -> Processes
where
    F: Future<Output = Result<(), String>>,
{
    match launched::role() {
        Role::Local => {}
        role => {
            let launched = launched::processes(role, name, size, argument, options, body);
            return Processes { children: Vec::new(), outputs: Vec::new(), launched, started: Instant::now() };
        }
    }
    if let Ok(rank) = std::env::var(RANK) {
        become_rank(rank.parse().expect("a rank"), options, body);
    }
    let job = job();
    let binary = std::env::current_exe().expect("the test binary has a path");
    let outputs: Vec<File> = (0..size).map(|_| tempfile::tempfile().expect("a temporary file")).collect();
    let output = |rank: usize| Stdio::from(outputs[rank].try_clone().expect("a descriptor"));
    let start = |rank: usize| {
        Command::new(&binary)
            .args(["--exact", name, "--nocapture", "--test-threads=1"])
            .env(RANK, rank.to_string())
            .env(SIZE, size.to_string())
            .env(JOB, &job)
            .env(ARGUMENT, argument)
            .stdin(Stdio::null())
            .stdout(output(rank))
            .stderr(output(rank))
            .spawn()
            .expect("a rank starts")
    };
    let children = (0..size).map(start).collect();
    Processes { children, outputs, launched: None, started: Instant::now() }
}

fn become_rank<F>(rank: usize, options: &Options, body: impl Fn(Communicator, String) -> F) -> !
where
    F: Future<Output = Result<(), String>>,
{
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let variable = |name| std::env::var(name).expect("set with the rank");
    let size = variable(SIZE).parse().expect("a size");
    let result = match local::connect(rank, size, &variable(JOB), options) {
        Ok(communicator) => block_on(rank, body(communicator, variable(ARGUMENT))),
        Err(error) => Err(error.to_string()),
    };
    if let Err(message) = &result {
        eprintln!("{message}");
    }
    std::process::exit(i32::from(result.is_err()));
}

impl Processes {
    /// SIGKILL.
    pub fn kill(&self, rank: usize) {
        self.signal(rank, Signal::KILL);
    }

    /// Sends a signal.
    pub fn signal(&self, rank: usize, signal: Signal) {
        let pid = match &self.launched {
            Some(launched) => Pid::from_raw(launched.pid(rank)).expect("a process id is not 0"),
            None if self.children.is_empty() => return,
            None => Pid::from_child(&self.children[rank]),
        };
        let _ = rustix::process::kill_process(pid, signal);
    }

    /// Waits until the ranks together have printed it so many times.
    pub fn wait_until_printed(&self, text: &str, times: usize) {
        if let Some(launched) = &self.launched {
            return launched.wait_until_printed(text, times);
        }
        let deadline = Instant::now() + PATIENCE;
        let printed = || self.outputs.iter().map(|file| output(file).matches(text).count()).sum::<usize>();
        while printed() < times {
            assert!(Instant::now() < deadline, "{text:?} is not printed");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for all; whoever is alive after `patience` is killed, which its status shows.
    pub fn wait(mut self, patience: Duration) -> Vec<Exit> {
        if let Some(launched) = self.launched.take() {
            let (status, output, said) = launched.wait(patience);
            let after = self.started.elapsed();
            let exit = |said: launched::Said| {
                let output = format!("{}\n{output}\nlauncher: {status}", said.text);
                // As wait(2) has it: an exit code, or SIGKILL.
                Exit { status: ExitStatus::from_raw(said.code.map_or(9, |code| code << 8)), output, after }
            };
            return said.into_iter().map(exit).collect();
        }
        let deadline = Instant::now() + patience;
        let mut ends: Vec<Option<(ExitStatus, Duration)>> = vec![None; self.children.len()];
        while ends.iter().any(Option::is_none) {
            for (child, end) in self.children.iter_mut().zip(&mut ends) {
                if end.is_none() {
                    if Instant::now() > deadline {
                        let _ = child.kill();
                    }
                    let status = child.try_wait().expect("a child can be waited for");
                    *end = status.map(|status| (status, self.started.elapsed()));
                }
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let ends = ends.into_iter().flatten().zip(&self.outputs);
        ends.map(|((status, after), file)| Exit { status, output: output(file), after }).collect()
    }
}

/// What is in the file, wherever its writer stands.
fn output(file: &File) -> String {
    let mut bytes = vec![0; file.metadata().map_or(0, |metadata| metadata.len() as usize)];
    let read = file.read_at(&mut bytes, 0).unwrap_or(0);
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
