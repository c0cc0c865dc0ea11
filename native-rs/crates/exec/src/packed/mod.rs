//! Grouping by packed keys: when every key of a group-by has a small known domain, a row's keys are one machine word.
//!
//! ```text
//! batch ─codec→ packed keys ─radix→ 2^r partitions by the high bits ─exchange→ owner ranks ─aggregate→ groups in key order
//! ```
//!
//! The bits of the first key are the highest, so the partitions in order, and the words in order within one, are the
//! order of `orderby(keys…)`: a sort on the group keys costs nothing. The low bits of a partition are few enough for
//! dense arrays instead of a hash table, or are sorted where they are not.
//!
//! A value outside its key's domain is a `DomainViolation`: the plan is then run again by the general operators.

mod accumulator;
mod aggregate;
mod chunk;
mod codec;
mod radix;

pub use accumulator::{AggregateKind, ArgKind, SumOverflow};
pub use aggregate::PartitionAggregator;
pub use chunk::{Chunk, LowKeys};
pub use codec::{KeyCodec, KeyLayout, KeyValues};
pub use radix::RadixStore;
