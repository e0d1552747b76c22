use std::fmt::Write as _;
use std::path::PathBuf;

use voicegate_core::PersonId;
use voicegate_service::usecase::enroll::{EnrollAnswer, Intent, MAX_SAMPLES_PER_REQUEST};

use super::{operator, person, recording, text};
use crate::exit::{Exit, Failure};
use crate::wiring::{Context, Data};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose voice.
    #[arg(long, value_name = "NAME", value_parser = person)]
    user: PersonId,

    /// Add the samples to a voice that is enrolled.
    #[arg(long, conflicts_with = "replace")]
    add: bool,

    /// Replace a voice that is enrolled. The samples must make a complete profile.
    #[arg(long)]
    replace: bool,

    /// Recordings of the person, each with at least a second of speech; `-` is standard input.
    #[arg(required = true, value_name = "FILE", num_args = 1..=MAX_SAMPLES_PER_REQUEST)]
    files: Vec<PathBuf>,
}

impl Args {
    fn intent(&self) -> Intent {
        match (self.add, self.replace) {
            (true, _) => Intent::Add,
            (_, true) => Intent::Replace,
            _ => Intent::Enroll,
        }
    }
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let opened = context.open(Data::Make).await?;
    let service = opened.service.clone();
    let recordings = recording::read_all(&args.files, service.config().current().audio.max_bytes)?;
    let answer = service.enroll(&args.user, recordings, args.intent(), &operator()).await;
    let answer = opened.finish(answer).await?;
    context.format.print(&answer, describe)?;
    Ok(answer.outcome.into())
}

fn describe(answer: &EnrollAnswer) -> String {
    let progress = &answer.progress;
    let mut text = format!(
        "{}  {}: {} samples ({} needed), {:.1} s of speech ({:.1} s needed)\n",
        answer.outcome.as_str(),
        answer.user_id.as_str(),
        progress.samples,
        progress.samples_needed,
        progress.net_speech_s,
        progress.net_speech_needed_s
    );
    text::reasons(&mut text, &answer.reasons[..answer.reasons.len().min(1)]);
    for sample in &answer.samples {
        let verdict = if sample.accepted { "accepted" } else { "refused" };
        let quality =
            sample.quality.as_ref().map_or_else(String::new, |q| format!(" ({})", text::quality(q)));
        let _ = writeln!(text, "  {verdict}  {}{quality}", sample.name);
        for reason in sample.reasons.iter().chain(&sample.warnings) {
            let _ = writeln!(text, "      {}", reason.message);
        }
    }
    text
}
