//! Paths of this machine.
use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Found, has_extension, iceberg, is_metadata, listed, missing, root_of};
use crate::{
    errors::{ConnectorError, Result},
    files::folders_of,
    names::{did_you_mean, near_misses},
    store::{Version, modified_nanos},
};

pub fn resolve(path: &str, extensions: &[&str], found: &mut Vec<Found>) -> Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let metadata = fs::read_dir(Path::new(path).join("metadata"));
            if metadata.is_ok_and(|mut names| names.any(|name| name.is_ok_and(|name| is_metadata(&name.file_name().to_string_lossy())))) {
                return Err(iceberg(path));
            }
            let mut files = Vec::new();
            walk(Path::new(path), extensions, &mut Vec::new(), &mut files)?;
            if files.is_empty() {
                return Err(missing(format!("{path} has no {} file", listed(extensions)), path));
            }
            append(files, path, found)
        }
        Ok(metadata) if metadata.is_file() => append(vec![path.to_owned()], path, found),
        // A pipe would be waited for, and cannot be read at several places.
        Ok(_) => Err(missing(format!("{path} is neither a file nor a folder"), path)),
        Err(_) if path.contains(['*', '?', '[', '{']) => append(matches(path, extensions)?, root_of(path), found),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(not_found(path)),
        Err(error) => Err(ConnectorError::read(path, &error)),
    }
}

/// `root`: what was given of their paths.
fn append(mut files: Vec<String>, root: &str, found: &mut Vec<Found>) -> Result<()> {
    files.sort();
    for path in files {
        let metadata = fs::metadata(&path).map_err(|error| ConnectorError::read(&path, &error))?;
        let version = Version::Modified(modified_nanos(&metadata));
        found.push(Found { size: metadata.len(), version, folders: folders_of(root, &path), path, query: None });
    }
    Ok(())
}

fn matches(pattern: &str, extensions: &[&str]) -> Result<Vec<String>> {
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..Default::default() };
    let mut files = Vec::new();
    for alternative in alternatives(pattern) {
        let found = glob::glob_with(&alternative, options)
            .map_err(|error| missing(format!("{pattern} is not a pattern: {error}"), pattern))?;
        for path in found.flatten() {
            if path.is_dir() {
                walk(&path, extensions, &mut Vec::new(), &mut files)?;
            } else if is_file(&path)? {
                files.push(path.to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        return Err(missing(format!("no file matches {pattern}"), pattern));
    }
    Ok(files)
}

/// `a{b,c}` → `ab`, `ac`: the shell's braces, which the glob crate lacks.
pub fn alternatives(pattern: &str) -> Vec<String> {
    let innermost = pattern.rfind('{').and_then(|open| Some((open, open + pattern[open..].find('}')?)));
    let Some((open, close)) = innermost else { return vec![pattern.to_owned()] };
    let choices = pattern[open + 1..close].split(',');
    choices.flat_map(|choice| alternatives(&format!("{}{choice}{}", &pattern[..open], &pattern[close + 1..]))).collect()
}

/// `inside`: the folders it stands in, by their real paths; a link to one of these is not followed.
fn walk(directory: &Path, extensions: &[&str], inside: &mut Vec<PathBuf>, files: &mut Vec<String>) -> Result<()> {
    let fail = |error| ConnectorError::read(&directory.to_string_lossy(), &error);
    let real = fs::canonicalize(directory).map_err(fail)?;
    if inside.contains(&real) {
        return Ok(());
    }
    inside.push(real);
    for entry in fs::read_dir(directory).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(['.', '_']) {
            continue;
        }
        if path.is_dir() {
            walk(&path, extensions, inside, files)?;
        } else if has_extension(&name, extensions) && is_file(&path)? {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    inside.pop();
    Ok(())
}

/// A pipe or a socket among the files would be waited for: it is none of them. An error where a link leads nowhere.
fn is_file(path: &Path) -> Result<bool> {
    let metadata = fs::metadata(path).map_err(|error| ConnectorError::read(&path.to_string_lossy(), &error))?;
    Ok(metadata.is_file())
}

/// The deepest part that exists is where the mistake is: its neighbours are the near misses.
fn not_found(path: &str) -> ConnectorError {
    let mut wrong = Path::new(path);
    let directory = loop {
        match wrong.parent() {
            Some(parent) if parent.as_os_str().is_empty() => break Path::new("."),
            Some(parent) if parent.is_dir() => break parent,
            Some(parent) => wrong = parent,
            None => break Path::new("/"),
        }
    };
    let name = wrong.file_name().unwrap_or_default().to_string_lossy();
    let entries: Vec<String> = fs::read_dir(directory)
        .map(|entries| entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    let hint = did_you_mean(&near_misses(&name, entries.iter().map(String::as_str)))
        .map(|hint| format!("; {hint}"))
        .unwrap_or_default();
    missing(format!("{path} does not exist: no \"{name}\" in {}{hint}", directory.display()), path)
}

#[cfg(test)]
mod tests {
    use super::{super::resolve, *};
    use crate::store::StoreOptions;

    fn names(found: Vec<Found>, root: &Path) -> Vec<String> {
        let prefix = format!("{}/", root.display());
        found.into_iter().map(|file| file.path.replace(&prefix, "")).collect()
    }

    #[test]
    fn directories_globs_and_mistakes() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        fs::create_dir_all(root.join("trips/2024")).unwrap();
        fs::create_dir_all(root.join("trips/_staging")).unwrap();
        fs::create_dir_all(root.join("empty")).unwrap();
        for file in ["b.parquet", "a.parquet", ".c.parquet", "_SUCCESS", "notes.txt", "2024/z.parquet", "_staging/y.parquet"] {
            fs::write(root.join("trips").join(file), "x").unwrap();
        }
        let resolve_in = |path: &str| resolve(&[root.join(path).to_string_lossy().into_owned()], &["parquet"], &StoreOptions::default());
        let all = ["trips/2024/z.parquet", "trips/a.parquet", "trips/b.parquet"];
        assert_eq!(names(resolve_in("trips").unwrap(), root), all);
        assert_eq!(names(resolve_in("tri*").unwrap(), root), all);
        assert_eq!(names(resolve_in("trips/*.parquet").unwrap(), root), all[1..]);
        assert_eq!(names(resolve_in("trips/**/*.parquet").unwrap(), root).len(), 4);
        assert_eq!(names(resolve_in("trips/{2024/z,{b,b,c}}.parquet").unwrap(), root), ["trips/2024/z.parquet", "trips/b.parquet"]);
        assert_eq!(names(resolve_in("trips/notes.txt").unwrap(), root), ["trips/notes.txt"]);
        for (path, message) in [
            ("trip/a.parquet", "no \"trip\" in"),
            ("trip/a.parquet", "did you mean \"trips\"?"),
            ("trips/c.parquet", "did you mean"),
            ("empty", "has no .parquet file"),
            ("x*", "no file matches"),
        ] {
            let error = resolve_in(path).unwrap_err();
            assert_eq!(error.code, "LS2001");
            assert!(error.message.contains(message), "{}", error.message);
        }
        assert!(resolve(&["/dev/null".into()], &["csv"], &StoreOptions::default()).unwrap_err().message.contains("neither a file nor a folder"));
        // Neither pipes nor folders that hold themselves make it wait.
        std::os::unix::fs::symlink("..", root.join("trips/2024/up")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, root.join("trips/pipe.parquet"), rustix::fs::Mode::RWXU).unwrap();
        std::os::unix::fs::symlink("pipe.parquet", root.join("trips/link.parquet")).unwrap();
        assert_eq!(names(resolve_in("trips").unwrap(), root), all);
        assert_eq!(names(resolve_in("trips/*.parquet").unwrap(), root), all[1..]);
        std::os::unix::fs::symlink("nowhere", root.join("trips/broken.parquet")).unwrap();
        assert!(resolve_in("trips").unwrap_err().message.contains("broken.parquet: no such file"));
        let error = resolve(&["s3://key:secret@b/k?signature=secret".into()], &["parquet"], &StoreOptions::default()).unwrap_err();
        assert_eq!(error.code, "LS2015");
        assert!(!format!("{error:?}").contains("secret"));
    }
}
