//! The metadata file of a model: `biometric/config/<id>.json`.

use std::fmt;
use std::path::Path;

use garde::Validate;
use serde::{Deserialize, Serialize};

use super::former::Former;
use super::{Fault, FittedCalibration, METADATA_FOLDER, ModelFile, ModelId, Refusal, file, parse};
use crate::Signal;

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Embeddings that tell voices apart.
    SpeakerVerification,
    /// Age from the voice.
    AgeDetection,
    /// Replayed and synthetic speech.
    Antispoofing,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SpeakerVerification => "speaker_verification",
            Self::AgeDetection => "age_detection",
            Self::Antispoofing => "antispoofing",
        })
    }
}

/// Network families that this program can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// ECAPA-TDNN (Desplanques et al., 2020, arXiv:2005.07143).
    EcapaTdnn,
    /// ResNet34 with squeeze-excitation (Chung et al., 2020, arXiv:2003.11982).
    #[serde(rename = "resnet34_se")]
    ResNet34Se,
    /// LSTM encoder with the generalized end-to-end loss (Wan et al., 2018, arXiv:1710.10467), as in Resemblyzer.
    Ge2e,
}

/// What the network is fed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Features {
    /// [`voicegate_audio::log_mel`], shape (batch, mel bins, frames).
    LogMel,
    /// [`voicegate_audio::ge2e_partials`], shape (batch, 160 frames, mel bins).
    MelPower,
    /// The audio itself, shape (batch, samples): the graph holds the network's own front end.
    Waveform,
}

/// Number format of the weights and activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32-bit floats.
    Fp32,
    /// 8-bit integers, static quantization.
    Int8,
}

/// Input of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Kind of features.
    #[garde(skip)]
    pub features: Features,
    /// Sample rate of the audio in Hz.
    #[garde(range(equal = voicegate_audio::SAMPLE_RATE))]
    pub sample_rate: u32,
    /// Filters of the mel bank: 80 for log-mel, 40 for mel power. Absent for a waveform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(custom(bins_of(&self.features)))]
    pub mel_bins: Option<u32>,
}

fn bins_of(features: &Features) -> impl FnOnce(&Option<u32>, &()) -> garde::Result {
    let expected = match features {
        Features::LogMel => Some(80),
        Features::MelPower => Some(40),
        Features::Waveform => None,
    };
    move |bins, ()| match expected {
        _ if *bins == expected => Ok(()),
        Some(expected) => Err(garde::Error::new(format!("these features have {expected} bins"))),
        None => Err(garde::Error::new("a waveform has no bins: leave it out")),
    }
}

/// Output of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Values per utterance.
    #[garde(range(min = 1, max = 4096))]
    pub dimensions: u32,
}

/// What the model answered to a test signal on the day it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct SelfTest {
    /// The signal.
    #[garde(skip)]
    pub signal: Signal,
    /// The first components of the unit-length embedding.
    #[garde(length(min = 1, max = 4096), inner(range(min = -1.0, max = 1.0)))]
    pub embedding_prefix: Vec<f32>,
    /// Largest allowed absolute difference of a component.
    #[garde(range(min = 1e-7, max = 0.2))]
    pub tolerance: f32,
}

fn input_of(architecture: &Architecture) -> impl FnOnce(&Input, &()) -> garde::Result {
    let expected: &[Features] = match architecture {
        Architecture::EcapaTdnn | Architecture::ResNet34Se => &[Features::LogMel, Features::Waveform],
        Architecture::Ge2e => &[Features::MelPower],
    };
    move |input, ()| match expected.contains(&input.features) {
        true => Ok(()),
        false => Err(garde::Error::new("the architecture takes other features")),
    }
}

fn of_this_alone(id: &ModelId) -> impl FnOnce(&Option<FittedCalibration>, &()) -> garde::Result {
    move |calibration, ()| match calibration {
        // Without any model it is refused by itself.
        Some(found) if !found.llr.scores.is_empty() && !found.is_for(std::iter::once(id.as_str())) => {
            Err(garde::Error::new(format!("llr.scores names other models than {id}")))
        }
        _ => Ok(()),
    }
}

/// Everything that is known of a model besides its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// Its name. New weights get a new name, because templates belong to one embedding space.
    #[garde(skip)]
    pub id: ModelId,
    /// Version of its training or export, for people.
    #[garde(length(chars, min = 1, max = 64))]
    pub version: String,
    /// What it is for.
    #[garde(skip)]
    pub task: Task,
    /// Its network family.
    #[garde(skip)]
    pub architecture: Architecture,
    /// Its number format.
    #[garde(skip)]
    pub precision: Precision,
    /// The same network in 8-bit integers, listed as a model of its own: it serves under this model's name where the
    /// processor multiplies such numbers fast. Their embeddings must be so close that templates of both can be mixed.
    #[garde(skip)]
    #[serde(default)]
    pub quantized: Option<ModelId>,
    /// What goes in.
    #[garde(dive, custom(input_of(&self.architecture)))]
    pub input: Input,
    /// What comes out.
    #[garde(dive)]
    pub output: Output,
    /// Its weights.
    #[garde(dive)]
    pub file: ModelFile,
    /// SPDX identifier of the weights' licence.
    #[garde(length(chars, min = 1, max = 64))]
    pub licence: String,
    /// Where the weights come from and what they were trained on.
    #[garde(length(chars, min = 1, max = 2000))]
    pub source: String,
    /// What its scores mean where it judges alone. Without, it can't decide.
    #[garde(dive, custom(of_this_alone(&self.id)))]
    pub calibration: Option<FittedCalibration>,
    /// Answer to check at load.
    #[garde(dive)]
    pub self_test: Option<SelfTest>,
    #[serde(default, skip_serializing)]
    #[garde(skip)]
    operating_point: Former,
    #[serde(default, skip_serializing)]
    #[garde(skip)]
    calibration_id: Former,
}

impl Metadata {
    pub(crate) fn open(folder: &Path, id: &ModelId) -> Result<Self, Refusal> {
        let path = folder.join(METADATA_FOLDER).join(format!("{id}.json"));
        let text = file::read_text(&path).map_err(|reason| Refusal::Unreadable { path, reason })?;
        let metadata: Self = parse::parse(&text).map_err(Refusal::Metadata)?;
        if metadata.id != *id {
            let message = format!("{} is not {id}, the name of the file", metadata.id);
            return Err(Refusal::Metadata(vec![Fault::new("id", message)]));
        }
        Ok(metadata)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn valid() -> Value {
        json!({
            "id": "a", "version": "1", "task": "speaker_verification", "architecture": "ecapa_tdnn",
            "precision": "fp32",
            "input": { "features": "log_mel", "sample_rate": 16000, "mel_bins": 80 },
            "output": { "dimensions": 192 },
            "file": { "path": "biometric/speaker_verification/a.onnx", "sha256": "0".repeat(64), "size_bytes": 1 },
            "licence": "Apache-2.0", "source": "own",
            "calibration": {
                "id": "1", "llr": { "scores": { "a": { "cosine": 20.0, "closeness": 0.0 } }, "offset": -9.0 },
                "enrolment_agreement": 0.4, "owner_trials": 100, "stranger_trials": 1000, "fitted_on": "train"
            },
            "self_test": { "signal": "glottal", "embedding_prefix": [0.1], "tolerance": 0.001 },
        })
    }

    #[test]
    fn faulty_metadata_is_refused_with_the_path_of_the_fault() {
        let table: &[(&str, Value, &str)] = &[
            ("/id", json!("../a"), "id"),
            ("/version", json!(""), "version"),
            ("/task", json!("singing"), "task"),
            ("/architecture", json!("perceptron"), "architecture"),
            ("/precision", json!("fp8"), "precision"),
            ("/input/features", json!("mfcc"), "input.features"),
            ("/input/sample_rate", json!(8000), "input.sample_rate"),
            ("/input/mel_bins", json!(40), "input.mel_bins"),
            ("/input/mel_bins", json!(null), "input.mel_bins"),
            ("/input/features", json!("waveform"), "input.mel_bins"),
            ("/input", json!({ "features": "log_mel", "sample_rate": 16000 }), "input.mel_bins"),
            (
                "/input",
                json!({ "features": "waveform", "sample_rate": 16000, "mel_bins": 0 }),
                "input.mel_bins",
            ),
            ("/input", json!({ "features": "waveform", "sample_rate": 8000 }), "input.sample_rate"),
            (
                "/input",
                json!({ "features": "log_mel", "sample_rate": 16000, "mel_bins": 80, "x": 1 }),
                "input.x",
            ),
            ("/output/dimensions", json!(0), "output.dimensions"),
            ("/output/dimensions", json!(-1), "output.dimensions"),
            ("/file/path", json!("../a.onnx"), "file.path"),
            ("/file/path", json!("/etc/passwd"), "file.path"),
            ("/file/path", json!("biometric/../../a.onnx"), "file.path"),
            ("/file/path", json!("biometric\\..\\a.onnx"), "file.path"),
            ("/file/path", json!(""), "file.path"),
            ("/file/sha256", json!("0".repeat(63)), "file.sha256"),
            ("/file/sha256", json!("G".repeat(64)), "file.sha256"),
            ("/file/size_bytes", json!(0), "file.size_bytes"),
            ("/file/size_bytes", json!(1u64 << 40), "file.size_bytes"),
            ("/licence", json!(""), "licence"),
            ("/source", json!(null), "source"),
            ("/calibration/llr/scores", json!({}), "calibration.llr"),
            ("/calibration/llr/scores/a/cosine", json!(-1.0), "calibration.llr"),
            ("/calibration/enrolment_agreement", json!(1.5), "calibration.enrolment_agreement"),
            ("/calibration/stranger_trials", json!(0), "calibration.stranger_trials"),
            ("/self_test/embedding_prefix", json!([]), "self_test.embedding_prefix"),
            ("/self_test/embedding_prefix", json!([0.0, 2.0]), "self_test.embedding_prefix[1]"),
            ("/self_test/signal", json!("silence"), "self_test.signal"),
        ];
        assert_eq!(parse::parse::<Metadata>(&valid().to_string()).err(), None);
        let wrong: Vec<_> = table
            .iter()
            .filter_map(|(pointer, value, expected)| {
                let mut json = valid();
                *json.pointer_mut(pointer).unwrap() = value.clone();
                let faults = parse::parse::<Metadata>(&json.to_string()).err().unwrap_or_default();
                let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
                (paths != [*expected])
                    .then(|| format!("{pointer} = {value}: expected {expected}, found {faults:?}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_audio_itself_is_for_networks_that_hear_whole_windows() {
        let mut json = valid();
        json["input"] = json!({ "features": "waveform", "sample_rate": 16000 });
        for (architecture, expected) in [("ecapa_tdnn", None), ("resnet34_se", None), ("ge2e", Some("input"))]
        {
            json["architecture"] = architecture.into();
            let faults = parse::parse::<Metadata>(&json.to_string()).err();
            let path = faults.as_ref().map(|faults| faults[0].path.as_str());
            assert_eq!(path, expected, "{architecture}: {faults:?}");
        }
    }

    #[test]
    fn metadata_of_a_former_version_has_no_calibration() {
        let mut json = valid();
        let fields = json.as_object_mut().unwrap();
        fields.remove("calibration");
        fields.insert("calibration_id".into(), "old".into());
        fields.insert("operating_point".into(), json!({ "cosine_threshold": 0.5, "impostor_trials": 1000 }));
        let read: Metadata = parse::parse(&json.to_string()).unwrap();
        assert_eq!(read.calibration, None);
        let written = serde_json::to_value(&read).unwrap();
        assert!(written.get("operating_point").is_none() && written.get("calibration_id").is_none());
        assert_eq!(parse::parse::<Metadata>(&written.to_string()).unwrap(), read);
    }

    #[test]
    fn unknown_fields_and_trailing_text_are_refused() {
        let mut json = valid();
        json["threshold"] = json!(0.5);
        assert_eq!(parse::parse::<Metadata>(&json.to_string()).unwrap_err()[0].path, "threshold");
        assert!(parse::parse::<Metadata>(&format!("{} {{}}", valid())).is_err());
    }
}
