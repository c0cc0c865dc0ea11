//! Which libmpi this process opens.
//!
//! The library must be that of the launcher, or every process is a group of one. In this order:
//! 1. `LOCKSTEP_MPI`, a file or a name for the system's loader; nothing else is tried then;
//! 2. beside the launcher: `../lib` of the program that started this process, or of `mpirun` on the PATH;
//! 3. by name where the system's loader looks (LD_LIBRARY_PATH, the system's directories).

use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

use super::abi::Abi;
use super::calls::{Calls, load};

/// Names a file or a library's name: the only one that is tried.
pub(super) const VARIABLE: &str = "LOCKSTEP_MPI";

pub(super) struct Opened {
    /// As the system's loader was given it.
    pub path: PathBuf,
    pub abi: Abi,
    pub calls: Box<dyn Calls>,
}

/// Opens a library, or says for each that was tried why not.
pub(super) fn open() -> Result<Opened, String> {
    if let Some(asked) = std::env::var_os(VARIABLE).filter(|asked| !asked.is_empty()) {
        let path = PathBuf::from(asked);
        return try_open(&path).map_err(|reason| format!("{VARIABLE}={}: {reason}", path.display()));
    }
    let names = names();
    let mut tried = Vec::new();
    for directory in beside_the_launcher() {
        for name in names {
            let path = directory.join(name);
            if path.exists() {
                match try_open(&path) {
                    Ok(opened) => return Ok(opened),
                    Err(reason) => tried.push(format!("{}: {reason}", path.display())),
                }
            }
        }
    }
    for name in names {
        match try_open(Path::new(name)) {
            Ok(opened) => return Ok(opened),
            Err(reason) => tried.push(format!("{name}: {reason}")),
        }
    }
    Err(format!("no MPI library was found ({}); install one, or name its file in {VARIABLE}", tried.join("; ")))
}

/// Only libraries of one kind are opened: symbols of a second one would be resolved in the first.
fn try_open(path: &Path) -> Result<Opened, String> {
    // Open MPI's plugins look for its symbols in the global scope.
    // SAFETY: MPI libraries have no initialisers that need anything of us.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) }.map_err(|error| reason(path, &error))?;
    let (abi, calls) = load(library)?;
    Ok(Opened { path: path.to_owned(), abi, calls })
}

/// The loader's own words, without the name that they begin with.
fn reason(path: &Path, error: &libloading::Error) -> String {
    let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    let prefix = format!("{}: ", path.display());
    cause.strip_prefix(&prefix).unwrap_or(&cause).to_owned()
}

/// Names of shared libraries, those of the launcher's family first or alone.
fn names() -> &'static [&'static str] {
    let set = |name| std::env::var_os(name).is_some();
    if set("OMPI_COMM_WORLD_SIZE") {
        &["libmpi.so.40", "libmpi_abi.so.1"]
    } else if set("PMI_SIZE") || set("PMI_RANK") {
        &["libmpi_abi.so.1", "libmpi.so.12", "libmpich.so.12", "libmpi.so.40"]
    } else {
        &["libmpi.so.40", "libmpi_abi.so.1", "libmpi.so.12", "libmpich.so.12"]
    }
}

/// Library directories of the programs that may have started this one.
fn beside_the_launcher() -> Vec<PathBuf> {
    let mut programs = ancestors();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).flat_map(|folder| ["mpirun", "mpiexec"].map(|name| folder.join(name)));
    programs.extend(on_path.filter_map(|program| program.canonicalize().ok()).next());
    let mut directories = Vec::new();
    for program in programs {
        let Some(prefix) = program.parent().and_then(Path::parent) else { continue };
        for directory in [prefix.join("lib"), prefix.join("lib64")] {
            // /usr/lib is the loader's, which knows the subdirectories of the architecture.
            if !directories.contains(&directory) && prefix != Path::new("/usr") && prefix != Path::new("/") {
                directories.push(directory);
            }
        }
    }
    directories
}

/// Parent processes that are launchers or their agents: a shell or a wrapper may stand between.
fn ancestors() -> Vec<PathBuf> {
    let mut programs = Vec::new();
    let mut process = std::os::unix::process::parent_id();
    for _ in 0..4 {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{process}/stat")) else { break };
        if let Ok(program) = std::fs::read_link(format!("/proc/{process}/exe")) {
            let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if ["mpi", "hydra", "prte", "orte", "prun"].iter().any(|part| name.contains(part)) {
                programs.push(program);
            }
        }
        // "pid (name) state parent …"; the name may hold anything.
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        match parent {
            Some(parent) if parent > 1 => process = parent,
            _ => break,
        }
    }
    programs
}
