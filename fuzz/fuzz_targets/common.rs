//! What every decoding target does with its bytes.

use std::panic;
use std::sync::Once;
use std::time::Duration;

use voicegate_audio::{DecodeLimits, decode};

/// Decodes under tight limits and checks what holds for any bytes.
///
/// libFuzzer's hook aborts on every panic, also on one that `decode` contains. A panic of the container library is
/// contained and known to happen; one that leaves `decode` still ends the process.
pub fn check(bytes: &[u8]) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let abort = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let ours = info.location().is_none_or(|at| at.file().contains("voicegate-audio/src"));
            if ours {
                abort(info);
            }
        }));
    });
    let limits = DecodeLimits { max_seconds: 20.0, ..DecodeLimits::default() };
    if let Ok(decoded) = decode(bytes, None, &limits, &|| Duration::ZERO) {
        assert!(!decoded.pcm.is_empty());
        assert!(decoded.pcm.duration_s() <= limits.max_seconds);
        assert!(decoded.pcm.samples().iter().all(|sample| (-1.0..=1.0).contains(sample)));
        assert!((1..=limits.max_channels).contains(&decoded.source.channels));
    }
}
