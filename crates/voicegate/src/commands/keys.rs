use jiff::SignedDuration;
use serde_json::json;
use uuid::Uuid;
use voicegate_core::access::Scope;
use voicegate_service::Service;
use voicegate_service::ports::ApiKeyRecord;
use voicegate_service::usecase::api_keys::ApiKeyRequest;

use super::operator;
use crate::exit::{Exit, Failure};
use crate::output::{Format, table};
use crate::wiring::{Context, Data};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make an API key. Its secret is shown once and not stored.
    Create {
        /// What you call it.
        #[arg(long)]
        name: String,
        /// What it may do; may be given several times: enroll, verify, read-profile, revoke-profile, read-config,
        /// write-config, read-audit, login, admin.
        #[arg(long = "scope", required = true, value_delimiter = ',')]
        scopes: Vec<Scope>,
        /// End it by itself after so many days.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        expires_in_days: Option<u32>,
    },
    /// List the keys.
    List,
    /// End a key at once.
    Revoke {
        /// Which, by its id.
        id: Uuid,
    },
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    let data = if matches!(command, Command::Create { .. }) { Data::Make } else { Data::Expect };
    let opened = context.open(data).await?;
    let done = carry_out(command, &opened.service, context.format).await;
    opened.finish(done).await.map(|()| Exit::Good)
}

async fn carry_out(command: Command, service: &Service, format: Format) -> Result<(), Failure> {
    match command {
        Command::Create { name, scopes, expires_in_days } => {
            let expires_at =
                expires_in_days.map(|days| service.now() + SignedDuration::from_hours(24 * i64::from(days)));
            let request = ApiKeyRequest { name, scopes, expires_at };
            let (id, secret) = service.create_api_key(request, &operator()).await?;
            format.print(&json!({"id": id, "secret": secret.reveal()}), |_| {
                format!("{}\n  id {id}; the secret is shown only this once", secret.reveal())
            })
        }
        Command::List => format.print(&service.api_keys().await?, |keys| {
            let heading = ["id", "name", "scopes", "made", "state"].map(String::from).to_vec();
            let rows = keys.iter().map(|key| row(key, service.now()));
            table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
        }),
        Command::Revoke { id } => {
            service.revoke_api_key(id, &operator()).await?;
            format.print(&json!({"id": id, "revoked": true}), |_| format!("{id} is revoked"))
        }
    }
}

fn row(key: &ApiKeyRecord, now: jiff::Timestamp) -> Vec<String> {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let state = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {at:.0}"),
        (None, _) if !key.is_live(now) => "expired".into(),
        (None, Some(end)) => format!("until {end:.0}"),
        (None, None) => "live".into(),
    };
    vec![key.id.to_string(), key.name.clone(), scopes.join(","), format!("{:.0}", key.created_at), state]
}
