//! Where bytes come from and go to: local files, and object stores behind one interface.
//!
//! `location` reads a URL, `profile` finds out how its store is reached and builds the client, `remote` asks it, `errors` says in
//! our words what went wrong; `traffic` counts; `blob` is an open input file of either kind, `ranges` plans what is fetched of a remote one.
//! `wait` is the seam between the engine's synchronous decoders and the network.
mod blob;
mod credentials;
mod errors;
mod location;
mod profile;
mod ranges;
mod remote;
mod traffic;
mod wait;

pub use blob::{Blob, Version, modified_nanos};
pub use location::{Location, Scheme, Secret, is_remote};
pub use profile::StoreOptions;
pub use remote::{Condition, Listed, Object, Remote, Store};
pub use traffic::traffic;
pub use wait::{background, wait};

/// For tests: stores that live in this process, as `memory://name`.
pub use profile::install;
