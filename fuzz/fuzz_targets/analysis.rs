//! Speech detection, quality and features on arbitrary sample values, NaN and infinity included.
#![no_main]

use voicegate_audio::features::{Cmn, Window};
use voicegate_audio::{Pcm, Quality, QualityLimits, detect_speech, kaldi_fbank, log_mel};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((pick, rest)) = bytes.split_first() else { return };
    // Two ways to read samples: raw bits reach NaN and infinity, bytes reach long recordings.
    let samples: Vec<f32> = if pick % 2 == 0 {
        rest.chunks_exact(4).map(|bits| f32::from_le_bytes([bits[0], bits[1], bits[2], bits[3]])).collect()
    } else {
        rest.iter().flat_map(|&byte| [f32::from(byte as i8) / 127.0; 8]).collect()
    };
    let pcm = Pcm::new(samples);
    let speech = detect_speech(&pcm);
    assert!(speech.segments().iter().all(|segment| segment.end <= pcm.samples().len()));
    let quality = Quality::measure(&pcm, &speech);
    let measured = [
        Some(quality.duration_s),
        Some(quality.net_speech_s),
        quality.level_dbfs,
        quality.snr_db,
        Some(quality.clipped_share),
        quality.bandwidth_hz,
        quality.reverberation_s,
        quality.other_voice_suspicion,
    ];
    assert!(measured.iter().flatten().all(|value| value.is_finite()), "{quality:?}");
    let limits = QualityLimits::default();
    quality.refusals(&limits, 1.5);
    quality.warnings(&limits);
    for features in [log_mel(&pcm), kaldi_fbank(&pcm, Window::Povey, Cmn::Utterance)] {
        assert!(features.frame_major().iter().all(|value| value.is_finite()));
    }
});
