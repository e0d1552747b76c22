//! Recovery codes: for the day when the generator of one-time passwords is lost.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Secret;
use super::totp::base32;
use crate::Service;

/// How many are given out at a time.
const COUNT: usize = 10;
/// Random bytes in one: 80 bits, written as 16 characters.
const BYTES: usize = 10;
/// Characters between two hyphens.
const GROUP: usize = 4;

impl Service {
    /// New codes as they are shown, once, and their hashes as they are stored.
    pub(super) fn draw_recovery_codes(&self) -> (Vec<String>, Vec<[u8; 32]>) {
        let codes: Vec<String> = (0..COUNT)
            .map(|_| {
                let mut random = [0; BYTES];
                self.entropy.fill(&mut random);
                grouped(&base32(&random))
            })
            .collect();
        let hashes = codes.iter().map(|code| hash(code)).collect();
        (codes, hashes)
    }
}

/// Takes the code out of those that are left; `false` if it is none of them.
pub(super) fn use_up(left: &mut Vec<[u8; 32]>, code: &Secret) -> bool {
    let hash = hash(code.reveal());
    let before = left.len();
    left.retain(|one| !bool::from(one.ct_eq(&hash)));
    left.len() < before
}

fn grouped(code: &str) -> String {
    let groups: Vec<&str> =
        code.as_bytes().chunks(GROUP).filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join("-").to_ascii_lowercase()
}

/// SHA-256 of a code however it was typed. It has 80 random bits, so a slow hash would add nothing.
fn hash(code: &str) -> [u8; 32] {
    let typed = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
    Sha256::digest(typed.collect::<String>()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_used_once_however_it_is_typed() {
        let shown = grouped(&base32(&[0x5a; BYTES]));
        assert_eq!(shown.len(), 19, "{shown}");
        let mut left = vec![hash("aaaa-bbbb-cccc-dddd"), hash(&shown)];
        assert!(!use_up(&mut left, &Secret("aaaa".into())));
        let typed = shown.to_uppercase().replace('-', " ");
        assert!(use_up(&mut left, &Secret(typed.clone())));
        assert!(!use_up(&mut left, &Secret(typed)));
        assert_eq!(left, [hash("aaaa-bbbb-cccc-dddd")]);
    }
}
