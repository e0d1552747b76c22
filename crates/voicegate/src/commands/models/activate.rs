use serde::Serialize;
use voicegate_models::{ActivateError, Activated, ModelId, Task, activate};

use crate::exit::{Exit, Failure, chain};
use crate::wiring::{Context, ModelsAt};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Model or fusion of the registry.
    id: ModelId,

    /// What serves where the active one cannot [default: what was active before].
    #[arg(long, value_name = "ID")]
    fallback: Option<ModelId>,
}

/// What was chosen.
#[derive(Debug, Serialize)]
struct Answer {
    task: Task,
    active: ModelId,
    fallback: Option<ModelId>,
    /// What was active before.
    former: Option<ModelId>,
    /// Models that were loaded and passed their self-test.
    checked: Vec<ModelId>,
    /// What the operator should know.
    notes: Vec<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.configure()?.current();
    let (runtime, folder) = context.runtime(&config.models, ModelsAt::Hand)?;
    let done = activate(&runtime, &folder, &args.id, args.fallback.as_ref())?;
    let mut notes = Vec::new();
    if !done.has_calibration {
        notes.push(match done.task {
            Task::SpeechRecognition => {
                format!("'{}' has no rule for challenges; none can be heard with it", args.id)
            }
            _ => format!(
                "'{}' has no calibration; nothing can be verified until `voicegate eval fit --write` has made one",
                args.id
            ),
        });
    }
    let Activated { task, assignment, former, checked, .. } = done;
    let answer = Answer {
        task,
        active: assignment.active,
        fallback: assignment.fallback,
        former: former.map(|former| former.active),
        checked,
        notes,
    };
    context.format.print(&answer, describe)?;
    Ok(Exit::Good)
}

fn describe(answer: &Answer) -> String {
    let fallback = answer.fallback.as_ref().map_or("no fallback".to_owned(), |id| format!("fallback {id}"));
    let mut text = format!(
        "{} serves {} from the next start on, {fallback}; hashes and self-tests passed\n",
        answer.active, answer.task
    );
    answer.notes.iter().for_each(|note| text += &format!("note: {note}\n"));
    text
}

impl From<ActivateError> for Failure {
    fn from(error: ActivateError) -> Self {
        let code = match &error {
            ActivateError::NotListed(_) => "not-found",
            ActivateError::OwnFallback(_) => "invalid-request",
            _ => "model-unavailable",
        };
        Self::new(code, chain(&error))
    }
}
