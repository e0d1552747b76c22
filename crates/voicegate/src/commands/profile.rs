use std::fmt::Write as _;

use voicegate_core::PersonId;
use voicegate_service::usecase::profile::ProfileView;

use super::{operator, person};
use crate::exit::{Exit, Failure};
use crate::wiring::{Context, Data};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show what is known of a profile; never the voice itself.
    Show {
        /// Whose.
        #[arg(long, value_name = "NAME", value_parser = person)]
        user: PersonId,
    },
    /// End a profile: its templates are deleted and the key that opens them is destroyed.
    Revoke {
        /// Whose.
        #[arg(long, value_name = "NAME", value_parser = person)]
        user: PersonId,
        /// Why, for the audit log.
        #[arg(long)]
        reason: Option<String>,
    },
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    let opened = context.open(Data::Expect).await?;
    let view = match command {
        Command::Show { user } => opened.service.profile(&user).await,
        Command::Revoke { user, reason } => opened.service.revoke(&user, reason, &operator()).await,
    };
    let view = opened.finish(view).await?;
    context.format.print(&view, describe)?;
    Ok(Exit::Good)
}

fn describe(view: &ProfileView) -> String {
    let mut text = format!("{}  {}, version {}\n", view.user_id.as_str(), view.status.as_str(), view.version);
    for model in &view.models {
        let _ = writeln!(
            text,
            "  {}: {} samples, {:.1} s of speech",
            model.model, model.progress.samples, model.progress.net_speech_s
        );
    }
    let _ = writeln!(text, "  enrolled {}, changed {}", view.created_at, view.updated_at);
    if let Some(at) = view.last_verified_at {
        let _ = writeln!(text, "  last verified {at}");
    }
    if let Some(at) = view.revoked_at {
        let _ = writeln!(text, "  revoked {at}");
    }
    text
}
