//! How answers read to a person.

use std::fmt::Write as _;

use voicegate_audio::Quality;
use voicegate_core::decide::Reason;

/// Numbers of a recording in one line.
pub(super) fn quality(quality: &Quality) -> String {
    let mut line = format!("{:.1} s, {:.1} s of speech", quality.duration_s, quality.net_speech_s);
    if let Some(level) = quality.level_dbfs {
        let _ = write!(line, ", level {level:.0} dBFS");
    }
    if let Some(snr) = quality.snr_db {
        let _ = write!(line, ", SNR {snr:.0} dB");
    }
    if quality.clipped_share > 0.0 {
        let _ = write!(line, ", {:.2} % clipped", 100.0 * quality.clipped_share);
    }
    line
}

/// One line per reason.
pub(super) fn reasons(text: &mut String, reasons: &[Reason]) {
    for reason in reasons {
        let _ = writeln!(text, "  {}", reason.message);
    }
}

/// A number that may be missing.
pub(super) fn score(score: Option<f32>) -> String {
    score.map_or_else(|| "none".into(), |score| format!("{score:.3}"))
}
