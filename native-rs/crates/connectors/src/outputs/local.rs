//! Outputs become visible whole or not at all. Parts are written into a hidden sibling of the output; rank 0 syncs
//! and renames it. `prepare` and `commit` may be repeated under the same job without harm.
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use serde_json::json;

use super::{Mode, folder_of, is_own};
use crate::errors::{ConnectorError, Result};

/// How the file begins, in a folder that is added to, by which the attempts of a job know that it has committed: the runtime
/// writes it among the staged parts (`identity.ts`).
const COMMITTED: &str = ".lockstep-commit-";

/// How long others may take to commit to the same folder.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(5);

/// Creates the staging directory `.<name>.lockstep-<job>` beside `path` and returns it; what an earlier attempt of
/// the same job left there is removed. LS2007: `path` exists and is to be created. LS2008: not writable.
pub fn prepare(path: &Path, mode: Mode, job: &str) -> Result<PathBuf> {
    if mode == Mode::Create && exists(path) {
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
pub fn commit(staging: &Path, path: &Path, mode: Mode, single: bool) -> Result<()> {
    let fail = |error: io::Error| ConnectorError::write(path, &error);
    // What stands in the output's place in the end.
    let new = if single { staging.join(path.file_name().unwrap_or_default()) } else { staging.to_owned() };
    if !new.exists() && path.exists() {
        return Ok(());
    }
    let mut files = BTreeSet::new();
    names(staging, "", &mut files).map_err(fail)?;
    sync_all(staging, &files.iter().map(String::as_str).collect::<Vec<_>>()).map_err(fail)?;
    sync_all(staging, &folders(&files).into_iter().collect::<Vec<_>>()).map_err(fail)?;
    sync(staging).map_err(fail)?;
    loop {
        // What is there is not overwritten unasked, whoever made it, and when: NOREPLACE, EXCHANGE and the lock decide.
        let done = match renameat_with(CWD, &new, CWD, path, RenameFlags::NOREPLACE) {
            Ok(()) => true,
            // Not every file system knows the flag (NFS, overlay): there a plain rename has to do.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if path.symlink_metadata().is_err() => fs::rename(&new, path).map(|()| true).map_err(fail)?,
            Err(rustix::io::Errno::EXIST | rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => match mode {
                _ if path.symlink_metadata().is_err() => false,
                Mode::Overwrite => replace(&new, path).map(|()| true).map_err(fail)?,
                _ if mode.adds() => add(staging, path, mode, &files).map_err(fail)?,
                _ if exists(path) => return Err(already_there(path)),
                _ => fill(&new, path).map_err(fail)?,
            },
            Err(error) => return Err(fail(error.into())),
        };
        if done {
            break;
        }
    }
    if single {
        let _ = remove_any(staging);
    }
    sync(parent(path)).map_err(fail)
}

/// Puts the folder `staging` in the place of `path`, with links to those of its files that stay: what was there and what is new
/// appear together. What another attempt of the same job has committed is there already. False: somebody else has changed the output
/// meanwhile, and it is as they left it.
fn add(staging: &Path, path: &Path, mode: Mode, new: &BTreeSet<String>) -> io::Result<bool> {
    let _alone = alone(path)?;
    let version = identity(path)?;
    let mut there = BTreeSet::new();
    names(path, "", &mut there)?;
    if there.iter().any(|name| name.starts_with(COMMITTED) && new.contains(name)) {
        let _ = remove_any(staging);
        return Ok(true);
    }
    let written: BTreeSet<&str> = new.iter().filter(|name| !hidden(name)).map(|name| folder_of(name)).collect();
    let kept: BTreeSet<String> = there.into_iter().filter(|name| hidden(name) || mode.keeps(name, &written)).collect();
    let kept: Vec<&String> = kept.difference(new).collect();
    for name in &kept {
        let link = staging.join(name);
        link.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::hard_link(path.join(name), link)?;
    }
    sync(staging)?;
    let swapped = match renameat_with(CWD, staging, CWD, path, RenameFlags::EXCHANGE) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            remove_any(path)?;
            return fs::rename(staging, path).map(|()| true);
        }
        other => other,
    };
    swapped?;
    // What was swapped out has to be what the links are of.
    if identity(staging)? == version {
        let _ = remove_any(staging);
        return Ok(true);
    }
    renameat_with(CWD, staging, CWD, path, RenameFlags::EXCHANGE)?;
    kept.iter().try_for_each(|name| fs::remove_file(staging.join(name)))?;
    Ok(false)
}

/// What stands at `path`, locked: whoever else of this machine commits there waits until this is dropped. None on file systems
/// that lock no folders, and where its holder takes too long (it may be stopped): [`add`] then sees what others have done
/// meanwhile, but a crash before it is taken back loses that.
fn alone(path: &Path) -> io::Result<Option<File>> {
    for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
        let folder = File::open(path)?;
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            // Who held it may have put another folder in its place.
            Ok(()) if identity_of(&folder.metadata()?) == identity(path)? => return Ok(Some(folder)),
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => std::thread::sleep(PAUSE),
            Err(_) => return Ok(None),
        }
    }
    Ok(None)
}

/// Every commit puts another folder in an output's place.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|found| identity_of(&found))
}

fn identity_of(found: &fs::Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

/// The files below a folder, by their names within it.
fn names(folder: &Path, within: &str, found: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{within}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            names(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found.insert(name);
        }
    }
    Ok(())
}

/// The folders that hold the files.
fn folders(files: &BTreeSet<String>) -> BTreeSet<&str> {
    files.iter().flat_map(|name| name.match_indices('/').map(|(end, _)| &name[..end])).collect()
}

fn hidden(name: &str) -> bool {
    name.split('/').any(|part| part.starts_with(['.', '_']))
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
    let mut names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let Some(stranger) = names.find(|name| !is_own(&name.to_lowercase())) else { return Ok(()) };
    let path = path.display().to_string();
    let message = format!("{path} is not an output: it holds \"{stranger}\", and overwriting would remove it");
    Err(ConnectorError::new("LS2007", message, json!({ "path": path, "holds": stranger })))
}

/// Swaps the new and the old directory, then removes the old one under the staging name.
fn replace(staging: &Path, path: &Path) -> io::Result<()> {
    let _alone = if path.is_dir() { alone(path)? } else { None };
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

/// Puts what is new in the place of an empty directory, or makes way for it. False: look again, somebody may have come first.
fn fill(new: &Path, path: &Path) -> io::Result<bool> {
    // A directory takes an empty one's place in one step, a file does not.
    let filled = if new.is_dir() { fs::rename(new, path).map(|()| true) } else { fs::remove_dir(path).map(|()| false) };
    match filled {
        Err(error) if matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => Ok(false),
        filled => filled,
    }
}

/// An empty directory (made beforehand) is not an output.
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

/// Syncs files, or folders, of a folder: several at a time, because a disk makes many that wait durable at once.
fn sync_all(folder: &Path, names: &[&str]) -> io::Result<()> {
    const AT_ONCE: usize = 16;
    let share = names.len().div_ceil(AT_ONCE).max(1);
    std::thread::scope(|scope| {
        let syncing = |names: &[&str]| names.iter().try_for_each(|name| sync(&folder.join(name)));
        let started: Vec<_> = names.chunks(share).map(|names| scope.spawn(move || syncing(names))).collect();
        started.into_iter().try_for_each(|syncing| syncing.join().unwrap_or_else(|_| Err(io::Error::other("a sync failed"))))
    })
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staged(path: &Path, mode: Mode, job: &str, text: &str) -> PathBuf {
        let staging = prepare(path, mode, job).unwrap();
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
        let staging = staged(&out, Mode::Create, "a", "1");
        assert!(staging.file_name().unwrap().to_string_lossy().starts_with(".out.lockstep-a"));
        assert!(!out.exists());
        commit(&staging, &out, Mode::Create, false).unwrap();
        commit(&staging, &out, Mode::Create, false).unwrap();
        assert_eq!(content(&out), "1");
        assert_eq!(prepare(&out, Mode::Create, "b").unwrap_err().code, "LS2007");
        let staging = staged(&out, Mode::Overwrite, "b", "2");
        assert_eq!(commit(&staging, &out, Mode::Create, false).unwrap_err().code, "LS2007");
        assert_eq!(content(&out), "1");
        commit(&staging, &out, Mode::Overwrite, false).unwrap();
        assert_eq!(content(&out), "2");
        abort(&staged(&out, Mode::Overwrite, "c", "3")).unwrap();
        assert_eq!(content(&out), "2");
        assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_and_an_empty_directory_in_the_way() {
        let root = tempfile::tempdir().unwrap();
        let empty = root.path().join("empty");
        fs::create_dir(&empty).unwrap();
        commit(&staged(&empty, Mode::Create, "a", "1"), &empty, Mode::Create, false).unwrap();
        assert_eq!(content(&empty), "1");
        let project = root.path().join("project");
        fs::create_dir(&project).unwrap();
        fs::write(project.join("package.json"), "{}").unwrap();
        let error = prepare(&project, Mode::Overwrite, "a").unwrap_err();
        assert!(error.code == "LS2007" && error.message.contains("package.json"), "{}", error.message);
        let file = root.path().join("file");
        fs::write(&file, "x").unwrap();
        assert_eq!(prepare(&file, Mode::Create, "a").unwrap_err().code, "LS2007");
        commit(&staged(&file, Mode::Overwrite, "a", "2"), &file, Mode::Overwrite, false).unwrap();
        assert_eq!(content(&file), "2");
    }

    fn listed(path: &Path) -> Vec<String> {
        let mut found = BTreeSet::new();
        names(path, "", &mut found).unwrap();
        found.into_iter().collect()
    }

    #[test]
    fn appended_parts_and_replaced_partitions() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        let write = |mode: Mode, job: &str, files: &[&str]| {
            let staging = prepare(&out, mode, job).unwrap();
            for name in files {
                fs::create_dir_all(staging.join(name).parent().unwrap()).unwrap();
                fs::write(staging.join(name), job).unwrap();
            }
            commit(&staging, &out, mode, false).unwrap();
        };
        write(Mode::Append, "a", &["year=1/a.csv", "year=2/a.csv", ".signed-a"]);
        write(Mode::Append, "b", &["year=2/b.csv", ".signed-b"]);
        assert_eq!(listed(&out), [".signed-a", ".signed-b", "year=1/a.csv", "year=2/a.csv", "year=2/b.csv"]);
        write(Mode::OverwritePartitions, "c", &["year=2/c.csv", "year=3/c.csv"]);
        assert_eq!(listed(&out), [".signed-a", ".signed-b", "year=1/a.csv", "year=2/c.csv", "year=3/c.csv"]);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        // Two that append at once: both are there.
        let (first, second) = (prepare(&out, Mode::Append, "d").unwrap(), prepare(&out, Mode::Append, "e").unwrap());
        fs::write(first.join("d.csv"), "d").unwrap();
        fs::write(second.join("e.csv"), "e").unwrap();
        commit(&first, &out, Mode::Append, false).unwrap();
        commit(&second, &out, Mode::Append, false).unwrap();
        assert_eq!(listed(&out).len(), 7);
    }

    #[test]
    fn attempts_that_append_at_once_are_there_once() {
        for round in 0..20 {
            let root = tempfile::tempdir().unwrap();
            let out = root.path().join("out");
            fs::create_dir(&out).unwrap();
            let go = std::sync::Barrier::new(8);
            // Two attempts each of four jobs.
            std::thread::scope(|scope| {
                for attempt in 0..8 {
                    let (out, go) = (&out, &go);
                    scope.spawn(move || {
                        let staging = prepare(out, Mode::Append, &format!("{attempt}")).unwrap();
                        fs::write(staging.join(format!("part-{attempt}.csv")), "rows").unwrap();
                        fs::write(staging.join(format!("{COMMITTED}job{}.json", attempt % 4)), "{}").unwrap();
                        go.wait();
                        commit(&staging, out, Mode::Append, false).unwrap();
                    });
                }
            });
            let listed = listed(&out);
            let jobs = (0..4).map(|job| listed.iter().filter(|name| [job, job + 4].iter().any(|attempt| **name == format!("part-{attempt}.csv"))).count());
            assert_eq!(jobs.collect::<Vec<_>>(), [1; 4], "round {round}: {listed:?}");
            assert_eq!((listed.len(), fs::read_dir(root.path()).unwrap().count()), (8, 1));
        }
    }

    #[test]
    fn of_jobs_that_create_at_once_one_is_there() {
        for (round, single) in (0..20).map(|round| (round, round % 2 == 1)) {
            let root = tempfile::tempdir().unwrap();
            let out = root.path().join("out");
            fs::create_dir(&out).unwrap();
            let go = std::sync::Barrier::new(4);
            let ended: Vec<Result<()>> = std::thread::scope(|scope| {
                let jobs: Vec<_> = (0..4)
                    .map(|job| {
                        let (out, go) = (&out, &go);
                        scope.spawn(move || {
                            let staging = prepare(out, Mode::Create, &format!("{job}")).unwrap();
                            fs::write(staging.join("out"), "rows").unwrap();
                            go.wait();
                            commit(&staging, out, Mode::Create, single)
                        })
                    })
                    .collect();
                jobs.into_iter().map(|job| job.join().unwrap()).collect()
            });
            let codes: Vec<&str> = ended.iter().filter_map(|ended| ended.as_ref().err()).map(|error| error.code).collect();
            assert_eq!(codes, ["LS2007"; 3], "round {round}");
            assert_eq!(out.is_file(), single);
        }
    }

    #[test]
    fn a_folder_that_another_replaced_is_locked_anew() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        fs::create_dir(&out).unwrap();
        let held = alone(&out).unwrap().unwrap();
        std::thread::scope(|scope| {
            let other = scope.spawn(|| alone(&out).unwrap().map(|folder| identity_of(&folder.metadata().unwrap())));
            std::thread::sleep(Duration::from_millis(50));
            assert!(!other.is_finished());
            fs::rename(&out, root.path().join("old")).unwrap();
            fs::create_dir(&out).unwrap();
            drop(held);
            assert_eq!(other.join().unwrap(), Some(identity(&out).unwrap()));
        });
    }

    #[test]
    fn a_single_file_takes_the_place_of_its_folder() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out.csv");
        for (mode, text) in [(Mode::Create, "1"), (Mode::Overwrite, "2")] {
            let staging = prepare(&out, mode, "a").unwrap();
            fs::write(staging.join("out.csv"), text).unwrap();
            commit(&staging, &out, mode, true).unwrap();
            commit(&staging, &out, mode, true).unwrap();
            assert_eq!(fs::read_to_string(&out).unwrap(), text);
        }
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_unwritable_parent_is_named() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "x").unwrap();
        let error = prepare(&file.join("out"), Mode::Create, "a").unwrap_err();
        assert_eq!(error.code, "LS2008");
        assert!(error.message.contains("file/out"), "{}", error.message);
    }
}
