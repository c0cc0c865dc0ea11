//! N ranks in one test, as threads of the test process or as processes of their own. Both take the same way through
//! `local::connect`; threads are for answers, processes for what only processes do (die). With `LOCKSTEP_TEST_MPI` both are
//! processes that an MPI launcher starts.

mod launched;
mod processes;
mod ranks;
mod random;

pub use launched::over_mpi;
pub use processes::{Exit, Processes, processes};
pub use random::Random;
pub use ranks::{layouts, op, op_of, options, ranks, ranks_with};
