//! A guard in front of the MP4 reader.

use super::container::Container;
use crate::refusal::Refusal;

/// Access units in one track fragment run: an hour of AAC has fewer than 200 000.
const MAX_RUN: u32 = 1 << 18;
/// Bits of a run's flags that say that something is stored for each access unit.
const STORED_PER_UNIT: u8 = 0x0f;

/// Refuses track fragment runs (ISO/IEC 14496-12, `trun`) that promise many access units without storing anything for
/// them. The reader counts through such a promise without reading a byte, so neither the end of the bytes
/// nor the clock would stop it.
///
/// It looks for the box anywhere: a reader may find one where a stricter parser does not. The chance that
/// compressed audio looks like such a box is below one in 10^10 per byte.
pub(super) fn check_runs(bytes: &[u8]) -> Result<(), Refusal> {
    // Type, version, three bytes of flags, count.
    let promises_too_much = |run: &[u8]| {
        run.starts_with(b"trun")
            && run[6] & STORED_PER_UNIT == 0
            && u32::from_be_bytes([run[8], run[9], run[10], run[11]]) > MAX_RUN
    };
    match bytes.windows(12).any(promises_too_much) {
        true => Err(Refusal::Malformed { container: Container::Mp4.name().to_owned() }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_promises_are_refused_and_stored_units_are_not() {
        let run = |flags: u8, count: u32| [b"xxxxtrun\0\0", &[flags, 1][..], &count.to_be_bytes()].concat();
        assert!(check_runs(&run(0, u32::MAX)).is_err());
        assert!(check_runs(&run(0x02, u32::MAX)).is_ok(), "reading the sizes meets the end of the bytes");
        assert!(check_runs(&run(0, 100)).is_ok());
    }
}
