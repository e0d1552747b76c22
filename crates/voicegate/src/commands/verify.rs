use std::fmt::Write as _;
use std::path::PathBuf;

use voicegate_core::PersonId;
use voicegate_service::usecase::verify::VerifyAnswer;

use super::{operator, person, recording, text};
use crate::exit::{Exit, Failure};
use crate::wiring::{Context, Data};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose voice it is said to be.
    #[arg(long, value_name = "NAME", value_parser = person)]
    user: PersonId,

    /// The recording; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let opened = context.open(Data::Expect).await?;
    let service = opened.service.clone();
    let recording = recording::read(&args.file, service.config().current().audio.max_bytes)?;
    let answer = service.verify(&args.user, recording, &operator()).await;
    let answer = opened.finish(answer).await?;
    context.format.print(&answer, describe)?;
    Ok(answer.outcome.into())
}

fn describe(answer: &VerifyAnswer) -> String {
    let mut text = format!("{}  {}\n", answer.outcome.as_str(), answer.user_id.as_str());
    text::reasons(&mut text, &answer.reasons);
    text::reasons(&mut text, &answer.warnings);
    let _ = writeln!(
        text,
        "  similarity {} (threshold {:.3}), model {}",
        text::score(answer.similarity),
        answer.threshold,
        answer.model
    );
    if let Some(found) = &answer.liveness.countermeasures {
        let _ = writeln!(
            text,
            "  attack: LLR {:.1} (suspicious from {:.1}, certain from {:.1})",
            found.llr, found.suspicious_llr, found.threshold_llr
        );
    }
    if let Some(assigned) = &answer.experiment {
        let _ = writeln!(text, "  experiment {}, arm {}", assigned.name, assigned.arm);
    }
    for moved in &answer.adjustments {
        let _ = writeln!(text, "  threshold {:+.3} {}: {}", moved.amount, moved.name.as_str(), moved.because);
    }
    if let Some(quality) = &answer.quality {
        let _ = writeln!(text, "  recording: {}", text::quality(quality));
    }
    text
}
