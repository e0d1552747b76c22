use voicegate_service::ports::{Actor, AuditRecord, AuditReport, Store};

use crate::exit::{Exit, Failure};
use crate::output::table;
use crate::progress;
use crate::wiring::{Context, Data};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Walk the whole log and find a record that was changed, removed, added or cut off.
    Verify,
    /// List records, oldest first.
    List {
        /// Only records after this number.
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        after: u64,
        /// At most so many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    let live = context.configure()?;
    // Nothing is signed off at the end: looking at the log must not add to it.
    let store = context.vault(&live.current().storage, Data::Expect).await?;
    match command {
        Command::Verify => {
            let bar = progress::bar(0, "audit records");
            let report = store
                .verify_audit(&|done, total| {
                    bar.set_length(total);
                    bar.set_position(done);
                })
                .await?;
            bar.finish_and_clear();
            context.format.print(&report, describe)?;
            Ok(if report.breach.is_none() { Exit::Good } else { Exit::Bad })
        }
        Command::List { after, limit } => {
            let records = store.audit_records(after, limit).await?;
            context.format.print(&records, |records| {
                let heading =
                    ["number", "time", "what", "outcome", "who", "details"].map(String::from).to_vec();
                table(&std::iter::once(heading).chain(records.iter().map(row)).collect::<Vec<_>>())
            })?;
            Ok(Exit::Good)
        }
    }
}

fn describe(report: &AuditReport) -> String {
    match &report.breach {
        None => format!("the log is whole: {} records, {} checkpoints", report.records, report.checkpoints),
        Some(breach) => format!("the log is broken: {breach} (whole up to record {})", report.records),
    }
}

fn row(record: &AuditRecord) -> Vec<String> {
    let kind = serde_json::to_value(record.kind).ok().and_then(|kind| kind.as_str().map(String::from));
    let actor = match record.actor {
        Actor::Operator => "operator".into(),
        Actor::System => "system".into(),
        Actor::ApiKey(id) => id.to_string(),
        Actor::Session(id) => format!("session {id}"),
        Actor::Public => "anybody".into(),
    };
    vec![
        record.seq.to_string(),
        format!("{:.0}", record.at),
        kind.unwrap_or_default(),
        record.outcome.clone(),
        actor,
        record.details.to_string(),
    ]
}
