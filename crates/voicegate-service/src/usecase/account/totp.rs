//! Time-based one-time passwords (RFC 6238) from a generator, and switching them on and off.

use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use sha1::Sha1;
use subtle::ConstantTimeEq;
use voicegate_core::PersonId;

use super::{Factor, Secret};
use crate::config::TotpConfig;
use crate::ports::{AuditKind, NoticeKind, Session, Totp};
use crate::usecase::Caller;
use crate::usecase::limits::password_within;
use crate::{Service, ServiceError};

/// Seconds of a step, and digits of a password: what every generator takes for granted.
const STEP_S: i64 = 30;
const DIGITS: u32 = 6;
/// Bytes of a shared secret, as many as the hash has (RFC 4226, section 4).
const SECRET: usize = 20;

/// A secret for a generator, to be shown once.
#[derive(Serialize)]
pub struct TotpOffer {
    /// The secret in Base32, to be typed.
    pub secret: String,
    /// The same as an address, to be shown as a QR code.
    pub uri: String,
}

impl Service {
    /// Offers the holder of `session` a secret for a generator. It is asked for only once a password came from it.
    ///
    /// # Errors
    /// As [`Service::change_password`]; [`ServiceError::Invalid`] if one-time passwords are on.
    pub async fn begin_totp(
        &self,
        session: &Session,
        password: Secret,
        address: Option<IpAddr>,
        caller: &Caller,
    ) -> Result<TotpOffer, ServiceError> {
        let (factor, within) = (Factor::Password(password), password_within(session, address));
        let (mut proven, charged) = self.prove(&session.person, &[factor], within, caller).await?;
        let at = self.clock.now();
        let secrets = &mut proven.account.secrets;
        if secrets.totp.as_ref().is_some_and(|totp| totp.confirmed) {
            let details = json!({"change": "totp_begin"});
            let event = caller.event((at, AuditKind::Account), &session.person, "refused", details);
            self.commit_charged(charged.clone(), proven.changes(charged, at), event).await?;
            return Err(ServiceError::Invalid("one-time passwords are on; remove them first".into()));
        }
        let mut secret = vec![0; SECRET];
        self.entropy.fill(&mut secret);
        let offer = offer(&self.config.current().accounts.totp, &session.person, &secret);
        secrets.totp = Some(Totp { secret, confirmed: false, last_step: None });
        proven.changed = true;
        let event =
            caller.event((at, AuditKind::Account), &session.person, "ok", json!({"change": "totp_begin"}));
        self.commit_charged(charged.clone(), proven.changes(charged, at), event).await?;
        Ok(offer)
    }

    /// Switches one-time passwords on with a first one, `code`, and gives recovery codes, to be shown once.
    ///
    /// # Errors
    /// As [`Service::change_password`]; [`ServiceError::Invalid`] if nothing was begun, or the code is not of this generator.
    pub async fn confirm_totp(
        &self,
        session: &Session,
        password: Secret,
        code: &Secret,
        address: Option<IpAddr>,
        caller: &Caller,
    ) -> Result<Vec<String>, ServiceError> {
        let (factor, within) = (Factor::Password(password), password_within(session, address));
        let (mut proven, charged) = self.prove(&session.person, &[factor], within, caller).await?;
        let at = self.clock.now();
        let skew = self.config.current().accounts.totp.skew_steps;
        let begun = proven.account.secrets.totp.as_mut().filter(|totp| !totp.confirmed);
        let Some(totp) = begun.filter(|totp| fits(&totp.secret, totp.last_step, code, at, skew).is_some())
        else {
            let details = json!({"change": "totp_confirm"});
            let event = caller.event((at, AuditKind::Account), &session.person, "refused", details);
            self.commit_charged(charged.clone(), proven.changes(charged, at), event).await?;
            return Err(ServiceError::Invalid(
                "this code is not one of a generator that was just offered".into(),
            ));
        };
        totp.last_step = fits(&totp.secret, None, code, at, skew);
        totp.confirmed = true;
        let (codes, hashes) = self.draw_recovery_codes();
        proven.account.secrets.recovery = hashes;
        proven.changed = true;
        let mut changes = proven.changes(charged.clone(), at);
        changes.push(self.notice(&session.person, at, NoticeKind::OtherFactorChanged, json!({"totp": "on"})));
        let event =
            caller.event((at, AuditKind::Account), &session.person, "ok", json!({"change": "totp_confirm"}));
        self.commit_charged(charged, changes, event).await?;
        Ok(codes)
    }

    /// Switches one-time passwords off; the recovery codes go with them. Where they are off already nothing changes.
    ///
    /// # Errors
    /// As [`Service::change_password`].
    pub async fn remove_totp(
        &self,
        session: &Session,
        password: Secret,
        address: Option<IpAddr>,
        caller: &Caller,
    ) -> Result<(), ServiceError> {
        let (factor, within) = (Factor::Password(password), password_within(session, address));
        let (mut proven, charged) = self.prove(&session.person, &[factor], within, caller).await?;
        let at = self.clock.now();
        let secrets = &mut proven.account.secrets;
        let was_on = secrets.totp.take().is_some_and(|totp| totp.confirmed);
        secrets.recovery.clear();
        proven.changed = true;
        let mut changes = proven.changes(charged.clone(), at);
        if was_on {
            changes.push(self.notice(
                &session.person,
                at,
                NoticeKind::OtherFactorChanged,
                json!({"totp": "off"}),
            ));
        }
        let event =
            caller.event((at, AuditKind::Account), &session.person, "ok", json!({"change": "totp_remove"}));
        self.commit_charged(charged, changes, event).await?;
        Ok(())
    }
}

/// The newest time step, later than `last`, whose password `code` is; the generator's clock may be `skew` steps off.
pub(super) fn fits(
    secret: &[u8],
    last: Option<u64>,
    code: &Secret,
    now: Timestamp,
    skew: u32,
) -> Option<u64> {
    let present = u64::try_from(now.as_second().div_euclid(STEP_S)).unwrap_or_default();
    let skew = u64::from(skew);
    let typed: String = code.reveal().chars().filter(|c| !c.is_whitespace()).collect();
    let is_code =
        |step| bool::from(one_time_password(secret, step, DIGITS).as_bytes().ct_eq(typed.as_bytes()));
    (present.saturating_sub(skew)..=present + skew)
        .rev()
        .find(|&step| last.is_none_or(|last| step > last) && is_code(step))
}

/// The password of the time step `step` (RFC 4226, section 5.3) with HMAC-SHA-1.
fn one_time_password(secret: &[u8], step: u64, digits: u32) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(&step.to_be_bytes());
    let tag: [u8; 20] = mac.finalize().into_bytes().into();
    let offset = usize::from(tag[19] & 0x0f);
    let bytes = [tag[offset] & 0x7f, tag[offset + 1], tag[offset + 2], tag[offset + 3]];
    let width = digits as usize;
    format!("{:0width$}", u32::from_be_bytes(bytes) % 10_u32.pow(digits))
}

fn offer(config: &TotpConfig, person: &PersonId, secret: &[u8]) -> TotpOffer {
    let (secret, issuer) = (base32(secret), percent_encoded(&config.issuer));
    let account = percent_encoded(person.as_str());
    let uri = format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}");
    TotpOffer { secret, uri }
}

/// Base32 (RFC 4648, section 6) without padding.
pub(super) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bit = |i: usize| bytes.get(i / 8).map_or(0, |byte| byte >> (7 - i % 8) & 1);
    let character = |first: usize| (first..first + 5).fold(0, |value, i| value << 1 | bit(i));
    (0..8 * bytes.len()).step_by(5).map(|first| char::from(ALPHABET[usize::from(character(first))])).collect()
}

/// Percent-encoding (RFC 3986, section 2.1) of all but what is unreserved.
fn percent_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"12345678901234567890";

    /// RFC 6238, appendix B, for SHA-1.
    #[test]
    fn the_vectors_of_the_rfc() {
        for (seconds, expected) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(one_time_password(KEY, seconds / 30, 8), expected, "{seconds}");
        }
    }

    #[test]
    fn a_password_fits_around_its_step_and_once() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let code = Secret(one_time_password(KEY, 1000, DIGITS));
        for (second, skew, last, fit) in [
            (30_000, 1, None, Some(1000)),
            (30_029, 0, None, Some(1000)),
            (30_030, 0, None, None),
            (30_059, 1, None, Some(1000)),
            (30_060, 1, None, None),
            (29_970, 1, None, Some(1000)),
            (29_969, 1, None, None),
            (30_000, 1, Some(999), Some(1000)),
            (30_000, 1, Some(1000), None),
            (30_000, 1, Some(1001), None),
        ] {
            assert_eq!(fits(KEY, last, &code, at(second), skew), fit, "{second} {skew} {last:?}");
        }
        let spaced = Secret(format!("{} {}", &code.reveal()[..3], &code.reveal()[3..]));
        assert!(fits(KEY, None, &spaced, at(30_000), 0).is_some());
        assert!(fits(KEY, None, &Secret(String::new()), at(30_000), 0).is_none());
    }

    /// RFC 4648, section 10.
    #[test]
    fn base32_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn the_address_holds_whatever_a_name_may_hold() {
        let config = TotpConfig { issuer: "Älter & Co".into(), ..TotpConfig::default() };
        let offer = offer(&config, &PersonId::new("a+b@c:d").unwrap(), b"foobar");
        assert_eq!(
            offer.uri,
            "otpauth://totp/%C3%84lter%20%26%20Co:a%2Bb%40c%3Ad?secret=MZXW6YTBOI&issuer=%C3%84lter%20%26%20Co"
        );
    }
}
