//! The bytes as the decoder reads them, with the time limit built in.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::time::Duration;

use symphonia::core::io::MediaSource;

/// Reports how much time has passed since decoding began.
pub(super) type Elapsed<'a> = &'a (dyn Fn() -> Duration + Sync);

/// Bytes in memory that stop being readable when the time is up, so that a container reader that
/// wanders through crafted structures is stopped as surely as the packet loop.
pub(super) struct TimedBytes<'a> {
    bytes: Cursor<&'a [u8]>,
    access: Access,
    elapsed: Elapsed<'a>,
    limit: Duration,
}

/// How a container reader may move through the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Anywhere: the index may be at the end.
    Random,
    /// Forward only, of unknown length: what is declared about the rest does not matter.
    Streamed,
}

impl<'a> TimedBytes<'a> {
    pub(super) fn new(bytes: &'a [u8], access: Access, elapsed: Elapsed<'a>, limit: Duration) -> Self {
        Self { bytes: Cursor::new(bytes), access, elapsed, limit }
    }
}

impl Read for TimedBytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.elapsed)() > self.limit {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.bytes.read(buffer)
    }
}

impl Seek for TimedBytes<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(position)
    }
}

impl MediaSource for TimedBytes<'_> {
    fn is_seekable(&self) -> bool {
        self.access == Access::Random
    }

    fn byte_len(&self) -> Option<u64> {
        (self.access == Access::Random).then(|| self.bytes.get_ref().len() as u64)
    }
}
