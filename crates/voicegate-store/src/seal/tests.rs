use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};

use jiff::Timestamp;
use proptest::prelude::*;
use voicegate_core::{
    Condition, Embedding, Exemplar, Origin, QualityMeasures, Template, TemplatePart, Voiceprint,
};
use voicegate_service::ports::StoredResponse;

use super::*;

/// Bytes that differ from call to call, the same in every run.
#[derive(Debug, Default)]
pub(super) struct Counting(AtomicU8);

impl Counting {
    pub(super) fn from(start: u8) -> Self {
        Self(AtomicU8::new(start))
    }
}

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

const PLACE: Place<'static> = Place { table: "voice_templates", column: "sealed", row: "alice/ecapa" };

fn key(version: u32, byte: u8) -> SealingKey {
    SealingKey { version, secret: Secret::new([byte; 32]) }
}

fn template(values: Vec<f32>) -> TemplatePart {
    let exemplar = Exemplar {
        voiceprint: Voiceprint::single("ecapa", Embedding::new(values).unwrap()),
        renderings: BTreeMap::new(),
        quality: QualityMeasures { net_speech_s: 2.5, snr_db: Some(17.0), telephone_band: None },
        origin: Origin::Enrolled,
        added_at: Timestamp::from_second(1_700_000_000).unwrap(),
    };
    Template::new(vec![exemplar.clone(), exemplar]).unwrap().parts().remove(0)
}

#[test]
fn neither_debug_nor_the_stored_bytes_show_the_content() {
    let secret = Secret::new([0xAB; 32]);
    let sealed = Sealed::seal(&secret, &key(3, 1), PLACE, &Counting::default());
    assert_eq!(format!("{sealed:?}"), "Sealed(65 bytes, key version 3)");
    assert_eq!(format!("{:?}", key(3, 1)), "SealingKey { version: 3, secret: Secret(..) }");
    assert!(!sealed.as_bytes().windows(4).any(|w| w == [0xAB; 4]));
}

#[test]
fn what_is_not_sealed_is_malformed() {
    for bytes in [vec![], vec![1; 32], vec![2; 200]] {
        assert_eq!(Sealed::<Secret>::from_bytes(bytes).unwrap_err(), SealError::Malformed);
    }
    let sealed = Sealed::seal(&template(vec![1.0, 2.0]), &key(1, 1), PLACE, &Counting::default());
    let as_secret = Sealed::<Secret>::from_bytes(sealed.as_bytes().to_vec()).unwrap();
    assert_eq!(as_secret.open(&key(1, 1), PLACE).unwrap_err(), SealError::Content);
}

#[test]
fn an_answer_is_read_back_or_not_at_all() {
    let response = |content_type: &str, body: &[u8]| StoredResponse {
        status: 422,
        content_type: content_type.to_owned(),
        body: body.to_vec(),
    };
    for answer in
        [response("application/json", b"{}"), response("", b""), response("text/plain", &[0xFF; 99])]
    {
        let plain = answer.to_plain();
        assert_eq!(StoredResponse::from_plain(&plain), Some(answer.clone()));
        let head = 10 + answer.content_type.len();
        for cut in 0..head {
            assert_eq!(StoredResponse::from_plain(&plain[..cut]), None, "{cut}");
        }
    }
    assert_eq!(StoredResponse::from_plain(&[0xFF; 30]), None, "a length beyond the end");
}

#[test]
fn parts_of_a_place_do_not_run_into_each_other() {
    let shifted = Place { table: "voice_templatess", column: "ealed", row: PLACE.row };
    let sealed = Sealed::seal(&Secret::new([1; 32]), &key(1, 1), PLACE, &Counting::default());
    assert_eq!(sealed.open(&key(1, 1), shifted).unwrap_err(), SealError::Forged);
}

proptest! {
    /// P8.1: what was sealed opens to the same, under the same key in the same place and nowhere else.
    #[test]
    fn round_trip_and_only_in_its_place(
        values in prop::collection::vec(-1.0f32..1.0, 1..200),
        version in any::<u32>(),
        bytes in any::<[u8; 32]>(),
        row in "[a-z/]{1,40}",
        start in any::<u8>(),
    ) {
        prop_assume!(values.iter().any(|v| v.abs() > 1e-3));
        let template = template(values);
        let key = SealingKey { version, secret: Secret::new(bytes) };
        let place = Place { row: &row, ..PLACE };
        let sealed = Sealed::seal(&template, &key, place, &Counting::from(start));
        let stored = Sealed::<TemplatePart>::from_bytes(sealed.as_bytes().to_vec()).unwrap();
        let opened = stored.open(&key, place).unwrap();
        prop_assert_eq!(opened.model(), template.model());
        let joined = |part: &TemplatePart| Template::from_parts(vec![part.clone()]).unwrap();
        let (opened, template) = (joined(&opened), joined(&template));
        prop_assert_eq!(opened.exemplars().len(), 2);
        let mean = |template: &Template| template.mean("ecapa", Condition::Clear).unwrap().clone();
        prop_assert!(mean(&opened).cosine(&mean(&template)).unwrap() > 0.999_99);

        let elsewhere = [
            Place { table: "people", ..place },
            Place { column: "wrapped_key", ..place },
            Place { row: "someone else", ..place },
        ];
        for other in elsewhere {
            prop_assert_eq!(stored.open(&key, other).unwrap_err(), SealError::Forged);
        }
        let mut other = bytes;
        other[0] ^= 1;
        let other = SealingKey { version, secret: Secret::new(other) };
        prop_assert_eq!(stored.open(&other, place).unwrap_err(), SealError::Forged);
        let next = SealingKey { version: version.wrapping_add(1), secret: Secret::new(bytes) };
        let is_version = matches!(stored.open(&next, place), Err(SealError::KeyVersion { .. }));
        prop_assert!(is_version);
    }

    /// P8.1: no single bit of a sealed value can be changed, and no byte cut or added, without notice.
    #[test]
    fn every_changed_bit_is_found(content in any::<[u8; 32]>(), start in any::<u8>()) {
        let key = key(5, 9);
        let sealed = Sealed::seal(&Secret::new(content), &key, PLACE, &Counting::from(start));
        for bit in 0..sealed.as_bytes().len() * 8 {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let opened = Sealed::<Secret>::from_bytes(bytes).and_then(|s| s.open(&key, PLACE));
            prop_assert!(opened.is_err(), "bit {bit}");
        }
        for end in 0..sealed.as_bytes().len() {
            let cut = sealed.as_bytes()[..end].to_vec();
            prop_assert!(Sealed::<Secret>::from_bytes(cut).and_then(|s| s.open(&key, PLACE)).is_err());
        }
        let mut longer = sealed.as_bytes().to_vec();
        longer.push(0);
        prop_assert!(Sealed::<Secret>::from_bytes(longer).and_then(|s| s.open(&key, PLACE)).is_err());
    }
}
