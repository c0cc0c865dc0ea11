//! Outputs become visible whole or not at all. Parts are written into a hidden sibling of the output; rank 0 syncs
//! and renames it. `prepare` and `commit` may be repeated under the same job without harm.
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::json;

use super::PARTS;
use crate::errors::{ConnectorError, Result};

/// Creates the staging directory `.<name>.lockstep-<job>` beside `path` and returns it; what an earlier attempt of
/// the same job left there is removed. LS2007: `path` exists and `overwrite` is false. LS2008: not writable.
pub fn prepare(path: &Path, overwrite: bool, job: &str) -> Result<PathBuf> {
    if !overwrite && exists(path) {
        return Err(already_there(path));
    }
    check_replaceable(path)?;
    let parent = parent(path);
    fs::create_dir_all(parent).map_err(|error| ConnectorError::write(path, &error))?;
    let name = path.file_name().ok_or_else(|| {
        ConnectorError::write(path, &io::Error::new(io::ErrorKind::InvalidInput, "an output needs a name of its own"))
    })?;
    let staging = parent.join(format!(".{}.lockstep-{job}", name.to_string_lossy()));
    remove(&staging)?;
    fs::create_dir(&staging).map_err(|error| ConnectorError::write(path, &error))?;
    Ok(staging)
}

/// Makes the staged parts visible as `path`. Durable: files and directories are synced before and after the rename.
/// A second call for the same staging directory finds it gone and the output there, and does nothing.
pub fn commit(staging: &Path, path: &Path, overwrite: bool) -> Result<()> {
    let fail = |error: io::Error| ConnectorError::write(path, &error);
    if !staging.exists() && path.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(staging).map_err(fail)? {
        sync(&entry.map_err(fail)?.path()).map_err(fail)?;
    }
    sync(staging).map_err(fail)?;
    // NOREPLACE and EXCHANGE decide atomically: an output that somebody made meanwhile is not overwritten unasked.
    match renameat_with(CWD, staging, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => {}
        Err(rustix::io::Errno::EXIST) if overwrite || !exists(path) => replace(staging, path).map_err(fail)?,
        Err(rustix::io::Errno::EXIST) => return Err(already_there(path)),
        // Not every file system knows the flag (NFS, overlay): there a plain rename has to do.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if !exists(path) => fs::rename(staging, path).map_err(fail)?,
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if overwrite => replace(staging, path).map_err(fail)?,
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => return Err(already_there(path)),
        Err(error) => return Err(fail(error.into())),
    }
    sync(parent(path)).map_err(fail)
}

/// Removes all files of a directory.
pub fn clear(place: &Path) -> Result<()> {
    let fail = |error: io::Error| ConnectorError::write(place, &error);
    for entry in fs::read_dir(place).map_err(fail)? {
        remove(&entry.map_err(fail)?.path())?;
    }
    Ok(())
}

/// Removes the staging directory with all it holds; no error if it is gone.
pub fn abort(staging: &Path) -> Result<()> {
    remove(staging)
}

/// Overwriting removes data: only what looks like an output is removed, never somebody's project folder. LS2007.
fn check_replaceable(path: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(path) else { return Ok(()) };
    let is_part = |name: &str| name.starts_with(['.', '_']) || PARTS.iter().any(|ending| name.ends_with(ending));
    let mut names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let Some(stranger) = names.find(|name| !is_part(&name.to_lowercase())) else { return Ok(()) };
    let path = path.display().to_string();
    let message = format!("{path} is not an output: it holds \"{stranger}\", and overwriting would remove it");
    Err(ConnectorError::new("LS2007", message, json!({ "path": path, "holds": stranger })))
}

/// Swaps the new and the old directory, then removes the old one under the staging name.
fn replace(staging: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, staging, CWD, path, RenameFlags::EXCHANGE) {
        Ok(()) => {
            // The output is there: an old one that cannot be removed stays hidden, and is no failure of this job.
            let _ = remove_any(staging);
            Ok(())
        }
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            remove_any(path)?;
            fs::rename(staging, path)
        }
        Err(error) => Err(error.into()),
    }
}

/// An empty directory (a mount point made beforehand) is not an output.
fn exists(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => path.symlink_metadata().is_ok(),
    }
}

fn already_there(path: &Path) -> ConnectorError {
    let path = path.display().to_string();
    let message = format!("{path} exists");
    ConnectorError::new("LS2007", message, json!({ "path": path }))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn remove(path: &Path) -> Result<()> {
    remove_any(path).map_err(|error| ConnectorError::write(path, &error))
}

fn remove_any(path: &Path) -> io::Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staged(path: &Path, overwrite: bool, job: &str, text: &str) -> PathBuf {
        let staging = prepare(path, overwrite, job).unwrap();
        fs::write(staging.join("part-00000.csv"), text).unwrap();
        staging
    }

    fn content(path: &Path) -> String {
        fs::read_to_string(path.join("part-00000.csv")).unwrap()
    }

    #[test]
    fn commits_once_and_overwrites_when_asked() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("deep/out");
        let staging = staged(&out, false, "a", "1");
        assert!(staging.file_name().unwrap().to_string_lossy().starts_with(".out.lockstep-a"));
        assert!(!out.exists());
        commit(&staging, &out, false).unwrap();
        commit(&staging, &out, false).unwrap();
        assert_eq!(content(&out), "1");
        assert_eq!(prepare(&out, false, "b").unwrap_err().code, "LS2007");
        let staging = staged(&out, true, "b", "2");
        assert_eq!(commit(&staging, &out, false).unwrap_err().code, "LS2007");
        assert_eq!(content(&out), "1");
        commit(&staging, &out, true).unwrap();
        assert_eq!(content(&out), "2");
        abort(&staged(&out, true, "c", "3")).unwrap();
        assert_eq!(content(&out), "2");
        assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_and_an_empty_directory_in_the_way() {
        let root = tempfile::tempdir().unwrap();
        let empty = root.path().join("empty");
        fs::create_dir(&empty).unwrap();
        commit(&staged(&empty, false, "a", "1"), &empty, false).unwrap();
        assert_eq!(content(&empty), "1");
        let project = root.path().join("project");
        fs::create_dir(&project).unwrap();
        fs::write(project.join("package.json"), "{}").unwrap();
        let error = prepare(&project, true, "a").unwrap_err();
        assert!(error.code == "LS2007" && error.message.contains("package.json"), "{}", error.message);
        let file = root.path().join("file");
        fs::write(&file, "x").unwrap();
        assert_eq!(prepare(&file, false, "a").unwrap_err().code, "LS2007");
        commit(&staged(&file, true, "a", "2"), &file, true).unwrap();
        assert_eq!(content(&file), "2");
    }

    #[test]
    fn an_unwritable_parent_is_named() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "x").unwrap();
        let error = prepare(&file.join("out"), false, "a").unwrap_err();
        assert_eq!(error.code, "LS2008");
        assert!(error.message.contains("file/out"), "{}", error.message);
    }
}
