//! The same tests over MPI: `LOCKSTEP_TEST_MPI="mpirun --oversubscribe" cargo test … -- --test-threads=2`.
//!
//! Every call of `ranks` or `processes` starts the test again under the launcher, once per rank. There the test runs from
//! its beginning: calls before the one that is meant return what was recorded of them, and the one that is meant makes the
//! process a rank, records what its body returns, and ends.

use std::fs;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lockstep_comm::{Communicator, Options, mpi};
use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ranks::block_on;

/// The launcher's command line without `-n`.
const LAUNCHER: &str = "LOCKSTEP_TEST_MPI";
/// Set in rank processes: the folder of the test, and which of its calls is meant.
const FOLDER: &str = "LOCKSTEP_TEST_FOLDER";
const CALL: &str = "LOCKSTEP_TEST_CALL";

/// Longer than a start of 24 ranks on two cores and any test.
const PATIENCE: Duration = Duration::from_secs(300);

/// What this process is.
pub(crate) enum Role {
    /// Ranks are threads or children of this process, over the local transport.
    Local,
    /// This process starts ranks by an MPI launcher.
    Parent { launcher: Vec<String> },
    /// A launcher started this process for one call of one test.
    Rank { folder: PathBuf, call: usize },
}

pub(crate) fn role() -> Role {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let call = std::env::var(CALL).ok().and_then(|call| call.parse().ok()).expect("set with the folder");
        return Role::Rank { folder: folder.into(), call };
    }
    match std::env::var(LAUNCHER) {
        Ok(line) if !line.trim().is_empty() => Role::Parent { launcher: line.split_whitespace().map(str::to_owned).collect() },
        _ => Role::Local,
    }
}

/// Whether the tests run over MPI: what only a launcher can see is different there.
pub fn over_mpi() -> bool {
    !matches!(role(), Role::Local)
}

fn number(names: &[&str]) -> usize {
    let found = names.iter().find_map(|name| std::env::var(name).ok()?.parse().ok());
    found.unwrap_or_else(|| panic!("the launcher set none of {names:?}"))
}

/// Makes this process the rank its launcher says it is.
fn connect(options: &Options) -> Result<(usize, Communicator), String> {
    let rank = number(&["OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"]);
    let size = number(&["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"]);
    let options = Options { timeout: options.timeout.max(Duration::from_secs(60)), ..options.clone() };
    mpi::connect(rank, size, size, &options).map(|communicator| (rank, communicator)).map_err(|error| error.to_string())
}

/// One test's place on disk. Tests of one binary take turns: a launcher needs all cores.
struct Test {
    name: String,
    folder: PathBuf,
    calls: usize,
}

static TESTS: Mutex<Vec<Test>> = Mutex::new(Vec::new());
static TURN: Mutex<()> = Mutex::new(());
/// Calls of the one test that runs in a rank process.
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// The name and folder of the test that runs on this thread, and the number of this call.
fn next_call(name: Option<&str>) -> (String, PathBuf, usize) {
    let thread = std::thread::current();
    let name = name.or(thread.name()).filter(|name| *name != "main");
    let name = name.expect("a test's thread has its name: run with --test-threads=2").to_owned();
    let mut tests = TESTS.lock();
    let index = tests.iter().position(|test| test.name == name).unwrap_or_else(|| {
        let folder = std::env::temp_dir().join(format!("lockstep-test-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("the folder of temporary files is writable");
        tests.push(Test { name: name.clone(), folder, calls: 0 });
        tests.len() - 1
    });
    let test = &mut tests[index];
    test.calls += 1;
    (name, test.folder.clone(), test.calls - 1)
}

fn launch(launcher: &[String], size: usize, name: &str, folder: &PathBuf, call: usize) -> Child {
    let binary = std::env::current_exe().expect("the test binary has a path");
    // A file, not a pipe: nobody has to read while the ranks run.
    let output = fs::File::create(folder.join(format!("{call}.output"))).expect("the folder is there");
    let again = output.try_clone().expect("a descriptor");
    Command::new(&launcher[0])
        .args(&launcher[1..])
        .args(["-n", &size.to_string()])
        .arg(binary)
        .args(["--exact", name, "--nocapture", "--test-threads=1", "--include-ignored"])
        .env(FOLDER, folder)
        .env(CALL, call.to_string())
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(again)
        .spawn()
        .unwrap_or_else(|error| panic!("{LAUNCHER}: {} does not start: {error}", launcher[0]))
}

fn output(folder: &std::path::Path, call: usize) -> String {
    String::from_utf8_lossy(&fs::read(folder.join(format!("{call}.output"))).unwrap_or_default()).into_owned()
}

/// `ranks_with` over MPI.
pub(crate) fn ranks<T, F>(role: Role, size: usize, options: &Options, body: impl Fn(Communicator) -> F) -> Vec<T>
where
    T: Serialize + DeserializeOwned,
    F: Future<Output = T>,
{
    let file = |folder: &std::path::Path, call: usize, rank: usize| folder.join(format!("{call}-{rank}.json"));
    let recorded = |folder: &std::path::Path, call: usize| -> Vec<T> {
        let read = |rank| serde_json::from_slice(&fs::read(file(folder, call, rank)).expect("recorded")).expect("as written");
        (0..size).map(read).collect()
    };
    match role {
        Role::Parent { launcher } => {
            let _turn = TURN.lock();
            let (name, folder, call) = next_call(None);
            let mut child = launch(&launcher, size, &name, &folder, call);
            let status = wait(&mut child, PATIENCE);
            let ended = (0..size).filter(|&rank| file(&folder, call, rank).exists()).count();
            assert!(
                status.success() && ended == size,
                "call {call} on {size} ranks: {status}, {ended} ranks ended well\n{}",
                output(&folder, call)
            );
            recorded(&folder, call)
        }
        Role::Rank { folder, call } => {
            let this = CALLS.fetch_add(1, Ordering::SeqCst);
            if this < call {
                return recorded(&folder, this);
            }
            // A panic has been printed; the others must not wait for this rank.
            let result = std::panic::catch_unwind(AssertUnwindSafe(|| {
                let (rank, communicator) = connect(options).unwrap_or_else(|error| panic!("{error}"));
                let value = block_on(rank, body(communicator));
                fs::write(file(&folder, call, rank), serde_json::to_vec(&value).expect("plain data")).expect("written");
            }));
            if result.is_err() {
                let _ = mpi::abort(101);
            }
            std::process::exit(if result.is_ok() { 0 } else { 101 });
        }
        Role::Local => unreachable!("over MPI only"),
    }
}

fn wait(child: &mut Child, patience: Duration) -> ExitStatus {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return status;
        }
        if Instant::now() > deadline {
            // As a person would: the launcher ends its ranks.
            let pid = rustix::process::Pid::from_child(child);
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            std::thread::sleep(Duration::from_secs(3));
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Rank processes under a launcher.
pub(crate) struct Launched {
    child: Child,
    size: usize,
    folder: PathBuf,
    call: usize,
    _turn: MutexGuard<'static, ()>,
}

/// How one of them ended, as far as it said so itself.
pub(crate) struct Said {
    /// Its exit code; `None`: it was killed.
    pub code: Option<i32>,
    pub text: String,
}

/// `processes` over MPI; returns in the parent only.
pub(crate) fn processes<F>(
    role: Role,
    name: &str,
    size: usize,
    argument: &str,
    options: &Options,
    body: impl Fn(Communicator, String) -> F,
) -> Option<Launched>
where
    F: Future<Output = Result<(), String>>,
{
    match role {
        Role::Parent { launcher } => {
            let turn = TURN.lock();
            let (name, folder, call) = next_call(Some(name));
            let child = launch(&launcher, size, &name, &folder, call);
            Some(Launched { child, size, folder, call, _turn: turn })
        }
        Role::Rank { folder, call } => {
            if CALLS.fetch_add(1, Ordering::SeqCst) < call {
                return None;
            }
            let rank = number(&["OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"]);
            fs::write(folder.join(format!("{call}-{rank}.pid")), std::process::id().to_string()).expect("written");
            let result = connect(options).and_then(|(rank, communicator)| block_on(rank, body(communicator, argument.to_owned())));
            let text = result.as_ref().err().cloned().unwrap_or_default();
            fs::write(folder.join(format!("{call}-{rank}.end")), format!("{} {text}", i32::from(result.is_err()))).expect("written");
            if result.is_err() {
                // The others say what they have to say first.
                std::thread::sleep(Duration::from_millis(500));
                let _ = mpi::abort(1);
            }
            std::process::exit(i32::from(result.is_err()));
        }
        Role::Local => unreachable!("over MPI only"),
    }
}

impl Launched {
    /// The process of a rank, once it runs.
    pub fn pid(&self, rank: usize) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = fs::read_to_string(self.folder.join(format!("{}-{rank}.pid", self.call))).unwrap_or_default();
            if let Ok(pid) = text.parse() {
                return pid;
            }
            assert!(Instant::now() < deadline, "rank {rank} does not start: {}", output(&self.folder, self.call));
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn wait_until_printed(&self, text: &str, times: usize) {
        let deadline = Instant::now() + PATIENCE;
        while output(&self.folder, self.call).matches(text).count() < times {
            assert!(Instant::now() < deadline, "{text:?} is not printed: {}", output(&self.folder, self.call));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The launcher's end, what it printed, and what each rank said.
    pub fn wait(mut self, patience: Duration) -> (ExitStatus, String, Vec<Said>) {
        let status = wait(&mut self.child, patience);
        let said = |rank: usize| {
            let text = fs::read_to_string(self.folder.join(format!("{}-{rank}.end", self.call))).unwrap_or_default();
            let (code, text) = text.split_once(' ').unwrap_or_default();
            Said { code: code.parse().ok(), text: text.to_owned() }
        };
        (status, output(&self.folder, self.call), (0..self.size).map(said).collect())
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
