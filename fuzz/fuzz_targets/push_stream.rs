//! The push stream: any bytes, cut anywhere, give the same samples as in one piece.
#![no_main]

use voicegate_audio::{PushStream, SampleFormat};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [format, rate, cut, audio @ ..] = bytes else { return };
    let format = if format % 2 == 0 { SampleFormat::S16le } else { SampleFormat::F32le };
    let rate = [8_000, 16_000, 22_050, 44_100, 48_000, 192_000][usize::from(*rate) % 6];
    let stream = || PushStream::new(format, rate, 10.0).expect("a supported rate");

    let mut whole = Vec::new();
    let mut once = stream();
    let refused = once.push(audio, &mut whole).is_err();
    let quality = once.finish(&mut whole);

    let mut pieces = Vec::new();
    let mut many = stream();
    let size = usize::from(*cut) + 1;
    let results: Vec<bool> = audio.chunks(size).map(|piece| many.push(piece, &mut pieces).is_err()).collect();
    if refused {
        assert!(results.contains(&true));
        return;
    }
    assert_eq!(many.finish(&mut pieces), quality);
    assert_eq!(whole, pieces);
    assert!(whole.iter().all(|sample| (-1.0..=1.0).contains(sample)));
});
