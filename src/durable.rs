//! Files that are either whole or not there: written under a temporary name, synced, renamed.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const PARTIAL: &str = ".partial";

/// Writes a file whole or not at all. What stood under the name before stays until the new file is
/// complete on the disk.
///
/// # Errors
/// If any step fails; the temporary file is then removed.
pub fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let temporary = temporary_name(path);
    let result = File::create(&temporary)
        .and_then(|mut file| {
            write(&mut file)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| sync_folder(parent(path)));
    if result.is_err() {
        // The first error is the one to report; a temporary file that stays behind does no harm.
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// Makes a folder whole or not at all: `fill` writes its files, which are synced, and then the
/// folder gets its name. The name must not be taken.
///
/// # Errors
/// If any step fails; the temporary folder is then removed.
pub fn write_folder(path: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let temporary = temporary_name(path);
    let result = remove_folder(&temporary)
        .and_then(|()| fs::create_dir_all(&temporary))
        .and_then(|()| fill(&temporary))
        .and_then(|()| sync_files(&temporary))
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| sync_folder(parent(path)));
    if result.is_err() {
        let _ = fs::remove_dir_all(&temporary);
    }
    result
}

/// Points the symbolic link `link` at `target`, in one step for whoever reads it meanwhile.
///
/// # Errors
/// If the link cannot be made or renamed.
pub fn replace_link(target: &Path, link: &Path) -> io::Result<()> {
    let temporary = temporary_name(link);
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::os::unix::fs::symlink(target, &temporary)?;
    fs::rename(&temporary, link)?;
    sync_folder(parent(link))
}

/// Removes a folder. It loses its name first, so that it never stands there with a part of its files.
///
/// # Errors
/// If it cannot be renamed or removed.
pub fn discard_folder(path: &Path) -> io::Result<()> {
    let temporary = temporary_name(path);
    remove_folder(&temporary)?;
    fs::rename(path, &temporary)?;
    fs::remove_dir_all(&temporary)
}

/// Removes what processes were writing in a folder, or discarding, when they ended.
///
/// # Errors
/// If the folder cannot be read or written.
pub fn remove_temporaries(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_temporary = |name: &str| name.starts_with('.') && name.ends_with(PARTIAL);
        if path.file_name().and_then(|name| name.to_str()).is_some_and(is_temporary) {
            if fs::symlink_metadata(&path)?.is_dir() {
                fs::remove_dir_all(&path)?;
            } else {
                fs::remove_file(&path)?;
            }
        }
    }
    Ok(())
}

fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync_files(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        File::open(entry?.path())?.sync_all()?;
    }
    sync_folder(folder)
}

/// Brings the names in a folder to the disk.
///
/// # Errors
/// If the disk refuses it.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The folder that a file lies in.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A name beside `path`, so that renaming stays within one file system.
pub fn temporary_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(PARTIAL);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_earlier_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_file(&path, |file| file.write_all(b"first")).unwrap();
        let failed = write_file(&path, |file| {
            file.write_all(b"sec")?;
            Err(io::Error::other("no space"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no space");
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_folder_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let fill = |inside: &Path| {
            fs::write(inside.join("x"), b"x")?;
            Err(io::Error::other("no space"))
        };
        write_folder(&path, fill).unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        write_folder(&path, |inside| fs::write(inside.join("x"), b"x")).unwrap();
        assert_eq!(fs::read(path.join("x")).unwrap(), b"x");
    }

    #[test]
    fn a_link_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("last");
        replace_link(Path::new("one"), &link).unwrap();
        replace_link(Path::new("two"), &link).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("two"));
    }
}
