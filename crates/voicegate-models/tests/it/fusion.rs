//! Several speaker models as one system (P2.1, P6.2).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use voicegate_audio::Pcm;
use voicegate_core::{Exemplar, Origin, QualityMeasures, Template, Voiceprint};
use voicegate_models::{
    ModelState, Models, Quantized, Registry, Role, SHIPPED_SPEAKER_MODEL, Settings, Signal, adopt,
    materialise,
};

use crate::support::{add_copy, edit_metadata, edit_registry, folder, patient, root, runtime};

const FALLBACK: &str = SHIPPED_SPEAKER_MODEL;

/// A system of the shipped model and `other`, which is listed already.
fn fuse(folder: &Path, other: &str) {
    edit_registry(folder, |registry| {
        let members = json!({ FALLBACK: 1.0, other: 3.0 });
        registry["systems"] = json!({ "both": { "members": members, "calibration": null } });
        registry["tasks"]["speaker_verification"] = json!({ "active": "both", "fallback": FALLBACK });
    });
}

fn load(folder: &Path) -> Models {
    Models::load(&runtime(), &Registry::open(folder).unwrap(), &patient(1, 8)).unwrap()
}

fn template(recordings: impl IntoIterator<Item = Voiceprint>) -> Template {
    let exemplar = |voiceprint| Exemplar {
        voiceprint,
        renderings: BTreeMap::new(),
        quality: QualityMeasures { net_speech_s: 2.0, ..QualityMeasures::default() },
        origin: Origin::Enrolled,
        added_at: Timestamp::UNIX_EPOCH,
    };
    Template::new(recordings.into_iter().map(exemplar).collect()).unwrap()
}

#[test]
fn every_member_hears_a_recording_and_the_fusion_judges() {
    let folder = folder();
    add_copy(folder.path(), "second", |_| {});
    fuse(folder.path(), "second");
    let models = load(folder.path());
    let speakers = models.speakers().unwrap();
    let heard = speakers.embed(&Arc::new(Signal::Glottal.pcm())).unwrap();
    assert_eq!(heard.by_model.len(), 2);
    assert_eq!(speakers.serving().id.as_str(), "both");
    let first: Vec<bool> = speakers.systems().iter().map(|system| speakers.is_first_choice(system)).collect();
    assert_eq!(first, [true, false, false]);
    assert_eq!(heard.voiceprint.get(FALLBACK), heard.voiceprint.get("second"), "they are copies");
    let roles: Vec<(&str, Role)> = models.health().iter().map(|m| (m.id.as_str(), m.role)).collect();
    assert_eq!(roles, [("both", Role::Active), (FALLBACK, Role::Fallback), ("second", Role::Member)]);
    assert!(models.health().iter().all(|m| m.state == ModelState::Loaded), "{:?}", models.health());
}

#[test]
fn a_fusion_without_one_of_its_models_gives_way_to_the_fallback() {
    let folder = folder();
    add_copy(folder.path(), "second", |m| m["self_test"]["embedding_prefix"][0] = json!(0.9));
    fuse(folder.path(), "second");
    let models = load(folder.path());
    let speakers = models.speakers().unwrap();
    assert_eq!(speakers.serving().id.as_str(), FALLBACK);
    assert!(
        !speakers.is_first_choice(speakers.serving()),
        "what is set for the fusion is not for its fallback"
    );
    let both = models.health().iter().find(|m| m.id.as_str() == "both").unwrap();
    assert!(both.is_degraded());
    assert!(matches!(&both.state, ModelState::Refused { reason } if reason.contains("second")), "{both:?}");
}

/// A template from before a model came is judged by the models that it knows, until enough recordings know all.
#[test]
fn the_system_follows_what_the_template_knows() {
    let folder = folder();
    // Only what can decide stands in for the whole.
    add_copy(folder.path(), "second", |metadata| {
        metadata["calibration"] = json!({
            "id": "1", "llr": { "scores": { "second": { "cosine": 9.0, "closeness": 0.0 } }, "offset": -5.0 },
            "enrolment_agreement": 0.4, "owner_trials": 1, "stranger_trials": 1, "fitted_on": "made up",
        });
    });
    fuse(folder.path(), "second");
    let models = load(folder.path());
    let speakers = models.speakers().unwrap();
    let whole = speakers.embed(&Arc::new(Signal::Glottal.pcm())).unwrap().voiceprint;
    let only = |model: &str| Voiceprint::single(model, whole.get(model).unwrap().clone());
    let system = |recordings: Vec<Voiceprint>, attempt: &Voiceprint| {
        let (serving, others) = (speakers.serving(), speakers.systems()[1..].iter());
        let found = serving.or_stand_in(others, attempt, &template(recordings), 3);
        found.map(|system| system.id.to_string())
    };
    let old = || only(FALLBACK);
    let some = |id: &str| Some(id.to_owned());
    assert_eq!(system(vec![old(), old(), old()], &whole), some(FALLBACK));
    assert_eq!(system(vec![old(), old(), old(), whole.clone(), whole.clone()], &whole), some(FALLBACK));
    assert_eq!(system(vec![old(), whole.clone(), whole.clone(), whole.clone()], &whole), some("both"));
    assert_eq!(system(vec![whole.clone()], &whole), some("both"), "one is all there is");
    assert_eq!(system(vec![whole.clone()], &only("second")), some("second"), "a model failed on the attempt");
    assert_eq!(system(vec![old()], &only("second")), None);
}

/// P2.2: the 8-bit form answers under the model's name; one that answers wrongly is not used.
#[test]
fn a_quantized_form_serves_in_place_of_its_model() {
    let quantized = |wrong: bool, choice: Quantized| {
        let folder = folder();
        add_copy(folder.path(), "small", |m| {
            m["precision"] = json!("int8");
            if wrong {
                m["self_test"]["embedding_prefix"][0] = json!(0.9);
            }
        });
        edit_metadata(folder.path(), FALLBACK, |m| m["quantized"] = json!("small"));
        let settings = Settings { quantized: choice, ..patient(1, 8) };
        Models::load(&runtime(), &Registry::open(folder.path()).unwrap(), &settings).unwrap()
    };
    for (wrong, choice, expected) in [
        (false, Quantized::Always, "small"),
        (false, Quantized::Never, FALLBACK),
        (true, Quantized::Always, FALLBACK),
    ] {
        let models = quantized(wrong, choice);
        let speakers = models.speakers().unwrap();
        assert_eq!(speakers.models()[0].running().id.as_str(), expected, "{choice:?}");
        assert_eq!(speakers.serving().id.as_str(), FALLBACK);
        let heard = speakers.embed(&Arc::new(Signal::Glottal.pcm())).unwrap();
        assert!(heard.voiceprint.get(FALLBACK).is_some());
        let small = models.health().iter().find(|m| m.id.as_str() == "small").unwrap();
        assert_eq!(matches!(small.state, ModelState::Refused { .. }), wrong);
    }
}

/// P2.1: GE2E from the pinned wheel, in the program's own runtime.
#[test]
fn ge2e_answers_as_its_reference() {
    let fetched = root().join(".runtime/models");
    if !fetched.join("ge2e-resemblyzer.onnx").exists() {
        println!("SKIPPED: scripts/fetch-ge2e has not been run");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    materialise(folder.path()).unwrap();
    adopt(folder.path(), &fetched).unwrap();
    let models = load(folder.path());
    let path = format!("{}/tests/golden/ge2e-resemblyzer.json", env!("CARGO_MANIFEST_DIR"));
    let golden: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let expected: Vec<f32> = serde_json::from_value(golden["embedding"].clone()).unwrap();
    let heard = models.speakers().unwrap().embed(&Arc::new(Signal::Glottal.pcm())).unwrap().voiceprint;
    let found = heard.get("ge2e-resemblyzer").unwrap().values();
    let difference = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(found.len() == 256 && difference < 1e-3, "difference {difference}");
    // Twenty-six seconds are 33 windows: more than one run.
    let long = Pcm::new(Signal::Glottal.pcm().samples().repeat(17));
    assert!(
        models
            .speakers()
            .unwrap()
            .embed(&Arc::new(long))
            .unwrap()
            .voiceprint
            .get("ge2e-resemblyzer")
            .is_some()
    );
}
