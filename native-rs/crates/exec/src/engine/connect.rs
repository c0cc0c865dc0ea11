//! This rank's place among the others.

use std::path::PathBuf;
use std::time::Duration;

use lockstep_comm::{Communicator, Options, local, mpi};

use super::EngineOptions;
use crate::error::{EngineError, Result};

/// A cluster's launcher may take minutes to start all of its processes.
const MPI_START: Duration = Duration::from_secs(180);

/// How many ranks form a group, for what goes from all to all in two hops; 0: no groups. Unset: groups as they fit the
/// machines. Equal on all ranks.
const GROUP: &str = "LOCKSTEP_GROUP";

/// Joins the other ranks; blocks until all have come. LS2011 if they do not, LS2015 for a wrong [`GROUP`].
pub(super) fn connect(options: &EngineOptions, spill_directory: PathBuf) -> Result<Communicator> {
    let (rank, size) = (options.rank, options.size.max(1));
    let build = format!("lockstep {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH);
    let settings = Options { build, spill_directory, group: options.group.map_or_else(group, |group| Ok(Some(group)))?, ..Options::default() };
    Ok(match options.local_ranks {
        _ if size == 1 => Communicator::solo(),
        Some(local) => mpi::connect(rank, size, local, &Options { timeout: MPI_START, ..settings })?,
        None => local::connect(rank, size, &options.job, &settings)?,
    })
}

fn group() -> Result<Option<usize>> {
    let Some(text) = std::env::var_os(GROUP).filter(|text| !text.is_empty()) else { return Ok(None) };
    let length = text.to_str().and_then(|text| text.parse().ok());
    let wrong = || format!("{GROUP}={}: set it to the number of ranks that form a group, or to 0 for no groups", text.display());
    length.map(Some).ok_or_else(|| EngineError::unsupported(wrong()))
}
