use serde::Serialize;
use voicegate_models::{LockEntry, Mirror, ModelId, Offer, PullError, Task};

use crate::exit::{Exit, Failure, chain};
use crate::progress;
use crate::system::SystemClock;
use crate::wiring::{Context, ModelsAt};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the model.
    id: ModelId,

    /// Mirror: a folder, or the https:// or http:// address of one, that holds ID.json and the model's file
    /// [default: models.mirror of the configuration].
    #[arg(long, value_name = "DIR|URL")]
    from: Option<String>,

    /// Take a model whose licence, named exactly, forbids or restricts some uses.
    #[arg(long, value_name = "SPDX")]
    accept_licence: Option<String>,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    id: &'a ModelId,
    task: Task,
    /// What the weights are and where they come from.
    source: &'a str,
    /// Bytes that were fetched now.
    fetched_bytes: u64,
    /// Whether the registry did not list the model before.
    newly_listed: bool,
    #[serde(flatten)]
    record: &'a LockEntry,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.configure()?.current();
    let mirror = args.from.as_ref().or(config.models.mirror.as_ref()).ok_or_else(|| {
        Failure::new(
            "invalid-mirror",
            "no mirror is named; name one with --from DIR|URL, or set models.mirror",
        )
    })?;
    let folder = context.models_folder(&config.models, ModelsAt::Hand)?;
    let offer = Offer::read(Mirror::new(mirror)?, &args.id)?;
    let metadata = offer.metadata();
    eprintln!("{} {}, licence {}: {}", args.id, metadata.version, metadata.licence, metadata.source);
    let bar = progress::bar(metadata.file.size_bytes, "bytes");
    let pulled =
        offer.take(&folder, args.accept_licence.as_deref(), now(), &mut |bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    let pulled = pulled?;
    let answer = Answer {
        id: &args.id,
        task: metadata.task,
        source: &metadata.source,
        fetched_bytes: pulled.fetched_bytes,
        newly_listed: pulled.newly_listed,
        record: &pulled.record,
    };
    context.format.print(&answer, describe)?;
    Ok(Exit::Good)
}

fn now() -> jiff::Timestamp {
    use voicegate_service::ports::Clock as _;
    SystemClock.now()
}

fn describe(answer: &Answer) -> String {
    let what = match (answer.fetched_bytes, answer.newly_listed) {
        (0, false) => "was here already",
        (0, true) => "was here already and is listed now",
        (_, false) => "was fetched",
        (_, true) => "was fetched and is listed now",
    };
    let next = match answer.task {
        Task::Antispoofing => "eval fit-pad --corpus FILE.tsv --name NAME --write FUSION".to_owned(),
        _ => format!("models activate {}", answer.id),
    };
    format!("{} {what}; hash and size are right. It serves after: voicegate {next}", answer.id)
}

impl From<PullError> for Failure {
    fn from(error: PullError) -> Self {
        Self::new(error.code(), chain(&error))
    }
}
