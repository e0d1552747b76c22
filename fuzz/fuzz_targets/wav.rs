//! What follows the beginning of a WAV file.
#![no_main]

mod common;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    common::check(&[&b"RIFF\xff\xff\xff\xffWAVEfmt "[..], bytes].concat());
});
