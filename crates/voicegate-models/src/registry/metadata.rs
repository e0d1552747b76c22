//! The metadata file of a model: `biometric/config/<id>.json`.

use std::fmt;
use std::path::Path;

use garde::Validate;
use serde::{Deserialize, Serialize};
use voicegate_core::challenge::Rules;

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
    /// The words of a live challenge.
    SpeechRecognition,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SpeakerVerification => "speaker_verification",
            Self::AgeDetection => "age_detection",
            Self::Antispoofing => "antispoofing",
            Self::SpeechRecognition => "speech_recognition",
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
    /// Graph attention over raw audio (Jung et al., 2022, arXiv:2110.01200).
    Aasist,
    /// Residual network over a log spectrum with equal bands (`training/countermeasure`).
    SpoofResnet,
    /// Convolutions with connectionist temporal classification (Graves et al., 2006; `training/recogniser`).
    CtcConv,
}

impl Architecture {
    /// What networks of this family do.
    #[must_use]
    pub fn task(self) -> Task {
        match self {
            Self::EcapaTdnn | Self::ResNet34Se | Self::Ge2e => Task::SpeakerVerification,
            Self::Aasist | Self::SpoofResnet => Task::Antispoofing,
            Self::CtcConv => Task::SpeechRecognition,
        }
    }

    /// What they may be fed with.
    fn features(self) -> &'static [Features] {
        match self {
            Self::EcapaTdnn | Self::ResNet34Se => &[Features::LogMel, Features::Waveform],
            Self::Ge2e => &[Features::MelPower],
            Self::Aasist | Self::SpoofResnet => &[Features::Waveform],
            Self::CtcConv => &[Features::LogMel],
        }
    }
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
    /// Samples that the network takes at a time, neither more nor fewer. Absent if any number will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(range(min = 8000, max = 960_000)))]
    pub window_samples: Option<u32>,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Values per utterance; per frame where the network answers frame by frame.
    #[garde(range(min = 1, max = 4096))]
    pub dimensions: u32,
    /// What each value of a frame stands for, the blank of connectionist temporal classification first. Absent where
    /// there are no frames.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 4096), inner(length(chars, min = 1, max = 16)), custom(one_each(&self.dimensions)))]
    pub symbols: Vec<String>,
    /// Seconds from a frame to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(range(min = 0.005, max = 0.5)), custom(with_symbols(&self.symbols)))]
    pub frame_seconds: Option<f32>,
}

fn one_each(dimensions: &u32) -> impl FnOnce(&Vec<String>, &()) -> garde::Result {
    move |symbols, ()| match symbols.is_empty() || symbols.len() == *dimensions as usize {
        true => Ok(()),
        false => Err(garde::Error::new(format!("{} symbols for {dimensions} values", symbols.len()))),
    }
}

fn with_symbols(symbols: &[String]) -> impl FnOnce(&Option<f32>, &()) -> garde::Result {
    move |seconds, ()| match seconds.is_none() == symbols.is_empty() {
        true => Ok(()),
        false => Err(garde::Error::new("goes with `symbols`, and these with it")),
    }
}

/// What the model answered to a test signal on the day it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct SelfTest {
    /// The signal.
    #[garde(skip)]
    pub signal: Signal,
    /// The first values: of the unit-length embedding, or the logits or log-posteriors as they come.
    #[serde(alias = "embedding_prefix")]
    #[garde(length(min = 1, max = 4096), inner(range(min = -1e3, max = 1e3)))]
    pub answer: Vec<f32>,
    /// Largest allowed absolute difference of a value.
    #[garde(range(min = 1e-7, max = 0.2))]
    pub tolerance: f32,
}

fn input_of(architecture: &Architecture) -> impl FnOnce(&Input, &()) -> garde::Result {
    let expected = architecture.features();
    move |input, ()| match expected.contains(&input.features) {
        true => Ok(()),
        false => Err(garde::Error::new("the architecture takes other features")),
    }
}

fn task_of(architecture: &Architecture) -> impl FnOnce(&Task, &()) -> garde::Result {
    let expected = architecture.task();
    move |task, ()| match *task == expected {
        true => Ok(()),
        false => Err(garde::Error::new(format!("such networks are for {expected}"))),
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
    #[garde(custom(task_of(&self.architecture)))]
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
    /// What speaks for the words of a challenge, fitted for this recogniser. Without, it can't decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub challenge_rule: Option<Rules>,
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
            ("/task", json!("antispoofing"), "task"),
            (
                "/input",
                json!({ "features": "log_mel", "sample_rate": 16000, "mel_bins": 80, "window_samples": 10 }),
                "input.window_samples",
            ),
            ("/output", json!({ "dimensions": 2, "frame_seconds": 0.02 }), "output.frame_seconds"),
            (
                "/output",
                json!({ "dimensions": 2, "symbols": ["a"], "frame_seconds": 0.02 }),
                "output.symbols",
            ),
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
            ("/self_test/embedding_prefix", json!([]), "self_test.answer"),
            ("/self_test/embedding_prefix", json!([0.0, 2e3]), "self_test.answer[1]"),
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
