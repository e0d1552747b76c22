//! What surrounds a login: the person's earlier ones, and where this one comes from.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use voicegate_core::decide::StepUp;
use voicegate_core::device::TrustLevel;
use voicegate_core::risk::{Coordinates, History, NetworkTag, Observed, PastLogin};
use voicegate_core::score::SpeakerScore;
use voicegate_core::{Exemplar, Origin, PersonId, Template, Voiceprint};

use super::LoginRequest;
use crate::config::VoiceAuthConfig;
use crate::ports::Subject;
use crate::usecase::account::has_other;
use crate::usecase::device::presented::Presented;
use crate::usecase::measure::Measurement;
use crate::{Service, ServiceError};

/// What is known before anything was heard.
pub(super) struct Circumstances {
    pub(super) history: History,
    network: Option<NetworkTag>,
    coordinates: Option<Coordinates>,
    others_on_address: Option<u32>,
    others_on_device: Option<u32>,
    /// What the person can be asked for beyond the voice, the preferred one first.
    pub(super) available: Vec<StepUp>,
}

impl Service {
    /// The same questions are asked for a person whom nobody knows.
    pub(super) async fn surroundings(
        &self,
        request: &LoginRequest,
        presented: &Presented,
        now: Timestamp,
        config: &VoiceAuthConfig,
    ) -> Result<Circumstances, ServiceError> {
        let LoginRequest { person, address, .. } = request;
        let since = now.checked_sub(config.risk.window()).unwrap_or(Timestamp::MIN);
        let others_on_address = match address {
            Some(address) => {
                let source = Subject::Address(*address);
                Some(self.store.others_tried_from(&source, person, since, now).await?)
            }
            None => None,
        };
        let others_on_device = match presented.proven() {
            Some(binding) => {
                let source = Subject::Device(binding.id);
                Some(self.store.others_tried_from(&source, person, since, now).await?)
            }
            None => None,
        };
        Ok(Circumstances {
            history: self.store.history(person).await?,
            network: address.map(|address| self.network(address)),
            coordinates: address.and_then(|address| self.places.of(address)),
            others_on_address,
            others_on_device,
            available: self.factors(person).await?,
        })
    }

    /// The network of an address by its keyed hash: /24 of IPv4, /48 of IPv6.
    fn network(&self, address: IpAddr) -> NetworkTag {
        let prefix = match address {
            IpAddr::V4(address) => address.octets()[..3].to_vec(),
            IpAddr::V6(address) => address.octets()[..6].to_vec(),
        };
        let tag = self.store.tag(&[b"network".as_slice(), &prefix].concat());
        NetworkTag(u64::from_be_bytes(*tag.0.first_chunk().expect("a tag has 16 bytes")))
    }

    /// What `person` can be asked for beyond the voice.
    async fn factors(&self, person: &PersonId) -> Result<Vec<StepUp>, ServiceError> {
        let Some(account) = self.store.account(person).await? else { return Ok(Vec::new()) };
        Ok(if has_other(&account) {
            vec![StepUp::OtherFactor, StepUp::Password]
        } else {
            vec![StepUp::Password]
        })
    }
}

impl Circumstances {
    /// All that is known of the login.
    pub(super) fn observed(
        &self,
        measured: &Measurement<'_>,
        presented: &Presented,
        recent_failures: Option<u32>,
        now: Timestamp,
    ) -> Observed {
        let voice = measured.analysed.voiceprint.as_ref().ok();
        let last = presented.bound().and_then(|binding| binding.voice_signature_vector.as_ref());
        let on_device = voice.zip(last).and_then(|(voice, last)| alike(voice, last, measured));
        let timing = measured.liveness.challenge.as_ref().and_then(|challenge| challenge.timing);
        Observed {
            at: Some(now),
            // One that comes back has proofs of its own to give; until then it is as good as new.
            device: Some(match presented.trust() {
                TrustLevel::Revoked => TrustLevel::Pending,
                level => level,
            }),
            network: self.network,
            coordinates: self.coordinates,
            recent_failures,
            similarity: measured.evidence.speaker.value().map(|score| score.similarity),
            device_similarity: on_device,
            countermeasures: measured.evidence.countermeasures.value().copied(),
            quality: measured.analysed.measures(),
            reaction_s: timing.map(|timing| timing.reaction_s as f32),
            others_on_device: self.others_on_device,
            others_on_address: self.others_on_address,
        }
    }

    /// What of it later logins are compared with.
    pub(super) fn remembered(&self, observed: &Observed, at: Timestamp) -> PastLogin {
        let (network, coordinates) = (self.network, self.coordinates);
        PastLogin {
            at,
            similarity: observed.similarity,
            reaction_s: observed.reaction_s,
            network,
            coordinates,
        }
    }
}

/// How similar a voice is to the one last heard from a device, in [0, 1]: as to a person enrolled with that alone.
fn alike(voice: &Voiceprint, last: &Voiceprint, measured: &Measurement<'_>) -> Option<f32> {
    let quality = measured.analysed.measures()?;
    let alone = Exemplar {
        voiceprint: last.clone(),
        renderings: BTreeMap::new(),
        quality,
        origin: Origin::Enrolled,
        added_at: Timestamp::UNIX_EPOCH,
    };
    let template = Template::new(vec![alone]).ok()?;
    Some(SpeakerScore::new(voice, &quality, &template, &measured.calibration.llr)?.similarity)
}
