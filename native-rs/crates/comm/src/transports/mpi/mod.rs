//! Ranks that an MPI launcher started, on one machine or on many. MPI is opened at run time (`library`), so nothing is
//! linked, and one binary serves every MPI.
//!
//! ```text
//!   tasks ──► Endpoint (commands, arena, what was announced) ◄──► communication thread ◄──► MPI
//! ```
//!
//! | | |
//! |---|---|
//! | `library`, `abi`, `calls` | finding libmpi, its binary interface, the functions that are used |
//! | `wire`                    | frames and notes as bytes |
//! | `arena`, `pool`           | memory of what is sent, of what has arrived |
//! | `board`                   | what the others have announced |
//! | `endpoint`, `progress`    | the transport as tasks see it; the thread that makes every MPI call |
//! | `meeting`                 | that all ranks run the same build; their groups |
//!
//! Death: MPI tells nobody; its launcher ends the job. A rank that cannot go on calls [`abort`], because some launchers
//! let the others wait for ever for a process that ended before `MPI_Init`.

mod abi;
mod arena;
mod board;
mod calls;
mod endpoint;
mod library;
mod meeting;
mod pool;
mod progress;
mod wire;

use std::os::fd::BorrowedFd;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use parking_lot::Mutex;

use crate::communicator::{Communicator, Options};
use crate::core::{Core, LOOK_AGAIN};
use crate::error::{CommError, Result};
use crate::grid::Grid;
use crate::spill::SpillArea;
use crate::transport::{Limits, Transport};
use calls::Calls;
use arena::Arena;
use board::Board;
use endpoint::{Endpoint, Waker};
use pool::Pool;
use progress::Progress;

/// The smallest memory for messages: an eighth of it is the longest fragment.
const SMALLEST_ARENA: usize = 1 << 20;
/// MPI counts bytes in `int`s.
const LONGEST_FRAGMENT: usize = 1 << 30;
/// Views of its own messages that a rank's consumers may hold.
const PINNED: usize = 256;
/// How long a message is awaited without a pause, where every thread has a core.
const SPIN: Duration = Duration::from_micros(30);

/// MPI can be started once in a process.
static WAKER: OnceLock<Arc<Waker>> = OnceLock::new();

/// The MPI that a job would use here.
#[derive(Clone, Debug)]
pub struct Library {
    /// A file, or a name that the system's loader resolves.
    pub path: String,
    /// Which binary interface it has.
    pub interface: String,
    /// What it says of itself, its first line.
    pub version: String,
}

/// Opens the MPI library that a job would use and asks for its version, or says why there is none.
pub fn find() -> Result<Library> {
    let opened = library::open().map_err(|reason| CommError::Connect(reason.into()))?;
    let version = opened.calls.version();
    Ok(Library {
        path: opened.path.display().to_string(),
        interface: opened.abi.to_string(),
        version: version.lines().next().unwrap_or_default().trim().to_owned(),
    })
}

/// The code with which this process is about to end: [`Communicator::close`] ends the others with it if they do not leave.
pub fn set_exit_code(code: i32) {
    if let Some(waker) = WAKER.get() {
        waker.set_exit_code(code);
    }
}

/// Lets a descriptor that the launcher gave this process survive an exec.
pub fn inherit_descriptor(descriptor: i32) -> std::io::Result<()> {
    if descriptor < 0 {
        return Err(rustix::io::Errno::BADF.into());
    }
    // SAFETY: it is only looked up; the kernel says whether it is open.
    let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let flags = rustix::io::fcntl_getfd(descriptor)?;
    Ok(rustix::io::fcntl_setfd(descriptor, flags - rustix::io::FdFlags::CLOEXEC)?)
}

/// Ends all ranks of this job with an exit code: starts MPI if need be, and then calls `MPI_Abort`. Returns where that is
/// not possible, with the reason.
pub fn abort(code: i32) -> Result<()> {
    let connect = |reason: String| CommError::Connect(reason.into());
    let mut fresh = false;
    let waker = WAKER.get_or_init(|| {
        fresh = true;
        Waker::new()
    });
    waker.abort(code);
    if fresh {
        let opened = library::open().map_err(connect)?;
        opened.calls.init().map_err(connect)?;
        opened.calls.abort(code);
    }
    // The communication thread does it, wherever it is; it does not come back.
    std::thread::sleep(Duration::from_secs(5));
    Err(CommError::Connect("MPI_Abort did not end this process".into()))
}

/// Joins the group of processes that a launcher started; blocks until all have come. `rank` and `size` are what the
/// launcher's environment says: errors name what MPI says where that differs, and what does not match between ranks.
/// `local` is how many ranks share this machine's cores.
pub fn connect(rank: usize, size: usize, local: usize, options: &Options) -> Result<Communicator> {
    let waker = Waker::new();
    if WAKER.set(waker.clone()).is_err() {
        return Err(CommError::Connect("MPI can be started once in a process".into()));
    }
    let arena_bytes = options.arena_bytes.max(SMALLEST_ARENA).next_multiple_of(64 << 10);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // A waiting task and the communication thread, on each rank.
    let spin = if 2 * local <= cores { SPIN } else { Duration::ZERO };
    let limits = Limits {
        fragment: (arena_bytes / 8).min(LONGEST_FRAGMENT) - wire::HEADER,
        smallest_fragment: arena_bytes / 1024,
        pinned_bytes: arena_bytes / 2,
        pinned_count: PINNED.max(size),
        looks: (options.patience.as_millis() / LOOK_AGAIN.as_millis()).clamp(2, 1 << 20) as u32,
        spin,
    };
    let core = Core::new(rank, size, SpillArea::new(options.spill_directory.clone(), options.spill_memory));
    let (by_arena, by_pool) = (waker.clone(), waker.clone());
    let endpoint = Arc::new(Endpoint {
        rank,
        limits,
        arena: Arena::new(arena_bytes, move || by_arena.wake())?,
        pool: Pool::new(arena_bytes, move || by_pool.wake()),
        board: Board::default(),
        commands: Mutex::default(),
        position: Mutex::default(),
        asked: Mutex::default(),
        nudged: AtomicBool::new(false),
        closing: AtomicBool::new(false),
        waker,
        thread: Mutex::default(),
        core: Arc::downgrade(&core),
    });
    // Frames may be delivered from the first moment: the core needs its transport then.
    let transport: Arc<dyn Transport> = endpoint.clone();
    let _ = core.transport.set(transport.clone());
    let (say, started) = mpsc::channel();
    let groups = options.grid(rank, size, local).map_or(0, |grid| grid.groups());
    let start = Start { rank, size, arena_bytes, build: options.build.clone(), group: options.group, groups };
    let (running, heart) = (endpoint.clone(), core.clone());
    let body = move || {
        running.waker.set_thread();
        // Naps of 50 µs are not to last 100.
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1000));
        let Some((calls, groups)) = start.begin(&running.waker, &say) else { return };
        let _ = heart.grid.set((groups > 0).then(|| Grid::new(rank, size, groups)));
        let progress = Progress::new(calls, running, &heart, spin);
        drop(heart);
        let _ = say.send(Ok(()));
        progress.run();
    };
    let thread = std::thread::Builder::new().name("lockstep-comm".into()).spawn(body);
    *endpoint.thread.lock() = Some(thread.map_err(|error| CommError::system("cannot start the communication thread", error))?);
    match started.recv_timeout(options.timeout) {
        Ok(Ok(())) => Ok(Communicator::over(core, transport)),
        Ok(Err(reason)) => Err(CommError::Connect(reason.into())),
        Err(_) => Err(CommError::Connect(
            format!(
                "MPI_Init did not end within {:?}: some of the {size} processes that the launcher started never called it",
                options.timeout
            )
            .into(),
        )),
    }
}

/// What the communication thread starts with.
struct Start {
    rank: usize,
    size: usize,
    arena_bytes: usize,
    build: String,
    group: Option<usize>,
    /// Into which rank 0 divides the ranks; 0: none.
    groups: usize,
}

impl Start {
    /// MPI, started and with all ranks compared, and how many groups they form; otherwise says why not, and stays for an
    /// abort where it can do that.
    fn begin(&self, waker: &Waker, say: &mpsc::Sender<std::result::Result<(), String>>) -> Option<(Box<dyn Calls>, usize)> {
        let refuse = |reason: String| drop(say.send(Err(reason)));
        let opened = library::open().map_err(refuse).ok()?;
        opened.calls.init().map_err(refuse).ok()?;
        match self.meet(&opened) {
            Ok(groups) => Some((opened.calls, groups)),
            Err(reason) => {
                refuse(reason);
                loop {
                    if let Some(code) = waker.abort_asked() {
                        opened.calls.abort(code);
                    }
                    std::thread::park();
                }
            }
        }
    }

    fn meet(&self, opened: &library::Opened) -> std::result::Result<usize, String> {
        let (calls, Self { rank, size, .. }) = (&*opened.calls, self);
        let (found_rank, found_size) = (calls.rank()?, calls.size()?);
        if (found_rank, found_size) != (*rank, *size) {
            return Err(format!(
                "the launcher says that this is rank {rank} of {size}, {} says rank {found_rank} of {found_size}: it is not \
                 the launcher's MPI. Name the right libmpi in {}",
                opened.path.display(),
                library::VARIABLE
            ));
        }
        let terms = meeting::Terms { arena: self.arena_bytes, build: &self.build, group: self.group };
        meeting::meet(calls, *rank, *size, self.groups, &terms)
    }
}
