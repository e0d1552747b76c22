//! Ogg pages. A fuzzer cannot guess checksums, so each page's is put right first.
#![no_main]

mod common;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut bytes = [b"OggS", bytes].concat();
    seal_pages(&mut bytes);
    common::check(&bytes);
});

/// Writes the checksum of every page that lies wholly within the bytes (RFC 3533, section 6).
fn seal_pages(bytes: &mut [u8]) {
    let mut start = 0;
    while let Some(&segments) = bytes.get(start + 26) {
        let lacing = start + 27;
        let body = lacing + usize::from(segments);
        let Some(lengths) = bytes.get(lacing..body) else { break };
        let end = body + lengths.iter().map(|&length| usize::from(length)).sum::<usize>();
        let Some(page) = bytes.get_mut(start..end).filter(|page| page.starts_with(b"OggS")) else { break };
        page[22..26].fill(0);
        let checksum = crc32(page);
        page[22..26].copy_from_slice(&checksum.to_le_bytes());
        start = end;
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |crc: u32, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
            let carry = crc >> 31;
            (crc << 1) ^ (carry * 0x04c1_1db7)
        })
    })
}
