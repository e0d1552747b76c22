//! What follows the file type box of an MP4 file.
#![no_main]

mod common;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    common::check(&[&b"\0\0\0\x14ftypiso5\0\0\x02\0iso5"[..], bytes].concat());
});
