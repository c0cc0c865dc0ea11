//! The files of an output: how rows are dealt to them, whatever their format.
//!
//! ```text
//! batch ──► rows of each partition (partitions.rs) ──► its files one after another (part.rs) ──► ParquetPart, CsvPart, …
//! ```
mod columns;
mod common;
mod constants;
mod folders;
mod join;
mod part;
mod partitions;
mod sized;
mod union;
mod widen;

pub(crate) use common::map_of;
pub(crate) use columns::{by_name, constant, in_no_folder, one_layout, plain};
pub(crate) use constants::with_constants;
pub(crate) use folders::{Folder, FolderColumn, folder_columns, folders_of, held, is_folder, repeated, with_folders};
pub use join::join_parts;
pub use part::{FilePart, FilesPart, Keys as FolderKeys};
pub(crate) use partitions::{Files, Partitions, Written};
pub(crate) use sized::{SizedFile, SizedFiles, SizedMaker, table_schema};
pub(crate) use union::Union;
pub(crate) use widen::{Origin, list_of, member_of, object_of, widened};
#[cfg(test)]
pub(crate) use partitions::LOOKS;
