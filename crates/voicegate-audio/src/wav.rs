//! Audio for others to read.

use crate::SAMPLE_RATE;

/// Bytes of a sample.
const WIDTH: u32 = 2;

/// Mono samples at 16 kHz as a WAV file: RIFF, PCM, 16 bits. Samples outside [-1, 1] are limited to it.
#[must_use]
pub fn encode_wav(samples: &[f32]) -> Vec<u8> {
    let data = samples.len() as u32 * WIDTH;
    let mut wav = Vec::with_capacity(44 + data as usize);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + data).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16u32.to_le_bytes());
    // PCM, one channel.
    wav.extend_from_slice(&1u16.to_le_bytes());
    wav.extend_from_slice(&1u16.to_le_bytes());
    wav.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
    wav.extend_from_slice(&(SAMPLE_RATE * WIDTH).to_le_bytes());
    wav.extend_from_slice(&(WIDTH as u16).to_le_bytes());
    wav.extend_from_slice(&(8 * WIDTH as u16).to_le_bytes());
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&data.to_le_bytes());
    wav.extend(samples.iter().flat_map(|s| ((s.clamp(-1.0, 1.0) * 32767.0) as i16).to_le_bytes()));
    wav
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{DecodeLimits, decode};

    #[test]
    fn what_is_written_is_read() {
        let samples: Vec<f32> = (0..8000).map(|n| (n as f32 / 20.0).sin()).collect();
        let decoded =
            decode(&encode_wav(&samples), None, &DecodeLimits::default(), &|| Duration::ZERO).unwrap();
        let read = decoded.pcm.samples();
        assert_eq!(read.len(), samples.len());
        assert!(read.iter().zip(&samples).all(|(read, written)| (read - written).abs() < 1e-4));
    }
}
