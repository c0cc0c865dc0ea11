//! What a process needs of MPI besides an engine that communicates over it.
use lockstep_comm::mpi;
use lockstep_exec::EngineError;
use napi_derive::napi;

use crate::engine::to_js;

/// The MPI library that a job would use here.
#[napi(object)]
pub struct JsMpiLibrary {
    /// A file, or a name that the system's loader resolves.
    pub path: String,
    /// Its binary interface.
    pub interface: String,
    /// What it says of itself.
    pub version: String,
}

/// Opens the MPI library that a job would use here. LS2015 says what was tried.
#[napi(js_name = "mpiLibrary")]
pub fn js_mpi_library() -> napi::Result<JsMpiLibrary> {
    let found = mpi::find().map_err(|error| to_js(EngineError::unsupported(error.to_string())))?;
    Ok(JsMpiLibrary { path: found.path, interface: found.interface, version: found.version })
}

/// Ends all ranks that the launcher started, this one too; starts MPI for that if need be. Returns where MPI cannot do it.
#[napi(js_name = "mpiAbort")]
pub fn js_mpi_abort(code: i32) {
    // Whoever calls this ends the process next, and has said why.
    let _ = mpi::abort(code);
}

/// Lets a descriptor that the launcher gave this process survive an exec, which Node would close.
#[napi(js_name = "inheritDescriptor")]
pub fn js_inherit_descriptor(descriptor: i32) -> napi::Result<()> {
    let inherited = mpi::inherit_descriptor(descriptor);
    inherited.map_err(|error| to_js(EngineError::unsupported(format!("the launcher's descriptor {descriptor}: {error}"))))
}
