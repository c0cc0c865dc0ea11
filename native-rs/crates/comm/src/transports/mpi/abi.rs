//! The three binary interfaces of MPI: how handles look, and what the constants are. No header is needed at build time.
//!
//! | | handle | known by |
//! |---|---|---|
//! | MPI 5 standard ABI | pointer-sized constant | `MPI_Abi_get_version` answers with a version |
//! | Open MPI | address of a global of the library | the symbol `ompi_mpi_comm_world` |
//! | MPICH ABI (MPICH, Intel, Cray, MVAPICH) | `int` | neither |
//!
//! Sources: MPI 5.0, chapter 20 and its `mpi_abi.h`; `mpi.h` of Open MPI 5 and of MPICH 5.

use std::ffi::{c_int, c_void};
use std::fmt;

use libloading::os::unix::Library;

/// Which interface a library has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Abi {
    Standard,
    OpenMpi,
    Mpich,
}

impl fmt::Display for Abi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "MPI standard ABI",
            Self::OpenMpi => "Open MPI ABI",
            Self::Mpich => "MPICH ABI",
        })
    }
}

/// What differs between the interfaces besides the width of a handle.
#[derive(Clone, Copy)]
pub(super) struct Constants<H> {
    pub world: H,
    pub byte: H,
    pub errors_return: H,
    pub any_source: c_int,
    pub thread_funneled: c_int,
    /// Where in a status, counted in `int`s, `MPI_SOURCE` stands.
    pub status_source: usize,
}

/// Room for a status of any interface (20, 24 and 32 bytes).
pub(super) type Status = [c_int; 16];

/// A handle as functions take it.
pub(super) trait Handle: Copy + Default + Send + 'static {}
impl Handle for c_int {}
impl Handle for usize {}

pub(super) const MPICH: Constants<c_int> = Constants {
    world: 0x4400_0000,
    byte: 0x4c00_010d,
    errors_return: 0x5400_0001,
    any_source: -2,
    thread_funneled: 1,
    status_source: 2,
};

pub(super) const STANDARD: Constants<usize> =
    Constants { world: 0x101, byte: 0x247, errors_return: 0x143, any_source: -1, thread_funneled: 1024, status_source: 0 };

/// Handles of Open MPI are addresses inside the library.
pub(super) fn open_mpi(library: &Library) -> Result<Constants<usize>, String> {
    let address = |name: &str| address(library, name).ok_or_else(|| format!("it has no {name}"));
    Ok(Constants {
        world: address("ompi_mpi_comm_world")?,
        byte: address("ompi_mpi_byte")?,
        errors_return: address("ompi_mpi_errors_return")?,
        any_source: -1,
        thread_funneled: 1,
        status_source: 0,
    })
}

fn address(library: &Library, name: &str) -> Option<usize> {
    // SAFETY: the symbol's address is taken, nothing is read or called.
    unsafe { library.get::<*const c_void>(name.as_bytes()) }.ok().map(|symbol| symbol.as_raw_ptr() as usize)
}

/// The interface of an opened library.
pub(super) fn detect(library: &Library) -> Abi {
    // MPICH exports the function from its own interface as well and answers -1 there.
    type AbiVersion = unsafe extern "C" fn(*mut c_int, *mut c_int) -> c_int;
    // SAFETY: the signature is that of MPI 5; the function may be called before MPI_Init.
    let version = unsafe {
        library.get::<AbiVersion>(b"MPI_Abi_get_version").ok().map(|function| {
            let (mut major, mut minor) = (-1, -1);
            function(&mut major, &mut minor);
            major
        })
    };
    match version {
        Some(1..) => Abi::Standard,
        _ if address(library, "ompi_mpi_comm_world").is_some() => Abi::OpenMpi,
        _ => Abi::Mpich,
    }
}
