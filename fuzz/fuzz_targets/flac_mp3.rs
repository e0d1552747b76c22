//! FLAC, MP3 and ADTS: the first byte picks the beginning.
#![no_main]

mod common;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((pick, rest)) = bytes.split_first() else { return };
    let prefix: &[u8] = match pick % 4 {
        0 => b"fLaC\0\0\0\x22",
        1 => b"\xff\xfb",
        2 => b"ID3\x04\0\0",
        _ => b"\xff\xf1",
    };
    common::check(&[prefix, rest].concat());
});
