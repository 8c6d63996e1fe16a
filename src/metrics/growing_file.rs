//! A file that grows by whole records.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::MetricsError;

/// What a [`GrowingFile`] writes to. A full disk cannot be had in a test, so tests have their own.
pub(super) trait Storage: Write {
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

impl Storage for File {
    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// An append-only file of records.
#[derive(Debug)]
pub(super) struct GrowingFile<S = File> {
    path: PathBuf,
    storage: S,
    length: u64,
}

impl GrowingFile {
    /// Creates a file that does not exist yet.
    pub(super) fn create(path: &Path) -> Result<Self, MetricsError> {
        // Append mode, so that a write after a truncation lands at the new end.
        let storage = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(path)
            .map_err(|source| MetricsError::Create { path: path.to_owned(), source })?;
        Ok(Self::over(path, storage))
    }

    /// Goes on with a file that had so many bytes, and cuts off what was appended after them.
    pub(super) fn reopen(path: &Path, length: u64) -> Result<Self, MetricsError> {
        let storage = cut(path, length)?;
        Ok(Self { length, ..Self::over(path, storage) })
    }

    pub(super) fn sync(&self) -> Result<(), MetricsError> {
        self.storage
            .sync_data()
            .map_err(|source| MetricsError::Sync { path: self.path.clone(), source })
    }
}

impl<S: Storage> GrowingFile<S> {
    pub(super) fn over(path: &Path, storage: S) -> Self {
        Self { path: path.to_owned(), storage, length: 0 }
    }

    /// Appends a record: all of it, or nothing.
    pub(super) fn append(&mut self, record: &[u8]) -> Result<(), MetricsError> {
        if let Err(source) = self.storage.write_all(record) {
            // Half a record would hide from readers whatever is written after it. If the disk
            // refuses this too, the first error is still the one to tell.
            let _ = self.storage.truncate(self.length);
            let path = self.path.clone();
            return Err(MetricsError::Append { path, length: self.length, source });
        }
        self.length += record.len() as u64;
        Ok(())
    }

    /// Its length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }
}

/// Cuts a file that has so many bytes at least, and leaves it open in append mode.
pub(super) fn cut(path: &Path, length: u64) -> Result<File, MetricsError> {
    let failed = |source| MetricsError::Reopen { path: path.to_owned(), source };
    let file = OpenOptions::new().append(true).open(path).map_err(failed)?;
    let got = file.metadata().map_err(failed)?.len();
    if got < length {
        return Err(MetricsError::Short { path: path.to_owned(), expected: length, got });
    }
    file.set_len(length).map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A disk with room for `room` bytes more.
    #[derive(Debug)]
    pub(in crate::metrics) struct SmallDisk {
        pub(in crate::metrics) content: Vec<u8>,
        pub(in crate::metrics) capacity: usize,
    }

    impl Write for SmallDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.capacity - self.content.len());
            if taken == 0 && !bytes.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.content.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Storage for SmallDisk {
        fn truncate(&mut self, length: u64) -> io::Result<()> {
            self.content.truncate(length as usize);
            Ok(())
        }
    }

    pub(in crate::metrics) fn on_small_disk(capacity: usize) -> GrowingFile<SmallDisk> {
        GrowingFile::over(Path::new("small"), SmallDisk { content: Vec::new(), capacity })
    }

    impl GrowingFile<SmallDisk> {
        pub(in crate::metrics) fn content(&self) -> &[u8] {
            &self.storage.content
        }
    }

    #[test]
    fn a_record_is_written_whole_or_not_at_all() {
        for capacity in 0..12 {
            let mut file = on_small_disk(capacity);
            let written = (0..3).take_while(|_| file.append(b"four").is_ok()).count();
            assert_eq!(written, capacity / 4);
            assert_eq!(file.content(), &b"fourfourfour"[..written * 4]);
            assert_eq!(file.length(), written as u64 * 4);
            assert!(file.append(b"four").is_err());
            file.storage.capacity = 100;
            file.append(b"more").unwrap();
            assert_eq!(file.content()[written * 4..], *b"more");
        }
    }

    #[test]
    fn a_full_disk_is_an_error_that_names_file_and_remedy() {
        let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let mut file = GrowingFile::over(Path::new("/dev/full"), full);
        let error = file.append(b"record").unwrap_err();
        let MetricsError::Append { source, length: 0, .. } = &error else { panic!("{error:?}") };
        assert_eq!(source.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("cannot append to /dev/full"));
        assert!(error.to_string().contains("free space"));
    }

    #[test]
    fn an_existing_file_is_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.csv");
        std::fs::write(&path, "earlier").unwrap();
        assert!(matches!(GrowingFile::create(&path), Err(MetricsError::Create { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"earlier");
    }
}
