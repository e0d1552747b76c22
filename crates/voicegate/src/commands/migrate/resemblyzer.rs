use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;
use voicegate_core::PersonId;
use voicegate_service::ports::Clock as _;
use voicegate_service::usecase::import::{Existing, Mode, imported_template};
use voicegate_service::{Service, ServiceError};
use voicegate_store::foreign::VectorColumn;

use super::super::operator;
use super::source::{self, Found};
use crate::exit::{Exit, Failure};
use crate::progress;
use crate::system::SystemClock;
use crate::wiring::{Context, Data};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// JSON file of {"user": [256 numbers] or several such arrays}, a .npy file, or a folder of .npy files that are
    /// named after their users.
    #[arg(value_name = "FILE|DIR", required_unless_present = "database", conflicts_with = "database")]
    from: Option<PathBuf>,

    /// Read a column of this database, sqlite:PATH or postgres://…; nothing is written there.
    #[arg(long, value_name = "URL", env = "VOICEGATE_MIGRATE_DATABASE", hide_env_values = true)]
    database: Option<String>,

    /// The table.
    #[arg(long, value_name = "NAME", default_value = "device_bindings")]
    table: String,

    /// Its column of user names.
    #[arg(long, value_name = "NAME", default_value = "user_id")]
    user_column: String,

    /// Its column of vectors: JSON or an array of numbers, or bytes of 32-bit floats, the lowest byte first.
    #[arg(long, value_name = "NAME", default_value = "voice_signature_vector")]
    vector_column: String,

    /// Replace profiles that are there, revoked ones included.
    #[arg(long)]
    replace: bool,

    /// Only say what would be refused.
    #[arg(long)]
    dry_run: bool,
}

/// What came of it.
#[derive(Debug, Serialize)]
struct Summary {
    dry_run: bool,
    /// People whose voice was imported, or would be.
    imported: usize,
    refused: Vec<Refused>,
    /// What keeps the imported voices from being verified now.
    obstacle: Option<String>,
}

#[derive(Debug, Serialize)]
struct Refused {
    user: String,
    reason: String,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let found = match (&args.database, &args.from) {
        (Some(url), _) => {
            let (table, user, vector) = (&args.table, &args.user_column, &args.vector_column);
            source::from_database(url, VectorColumn { table, user, vector }).await?
        }
        (None, Some(path)) => source::from_path(path)?,
        (None, None) => return Err(Failure::new("migrate", "nothing is named to import from")),
    };
    if found.is_empty() {
        return Err(Failure::new("migrate", "there are no vectors to import"));
    }
    let summary = if args.dry_run && !context.key_file().exists() {
        // A rehearsal makes no data folder; without one, nobody is enrolled.
        rehearse(found, context)?
    } else {
        let existing = if args.replace { Existing::Replace } else { Existing::Keep };
        let mode = if args.dry_run { Mode::Rehearse } else { Mode::Write };
        let opened = context.open(Data::Make).await?;
        let done = import(&opened.service.clone(), found, existing, mode).await;
        opened.finish(done).await?
    };
    context.format.print(&summary, describe)?;
    Ok(if summary.refused.is_empty() { Exit::Good } else { Exit::Bad })
}

async fn import(service: &Service, found: Found, existing: Existing, mode: Mode) -> Result<Summary, Failure> {
    let bar = progress::bar(found.len() as u64, "people");
    let (mut imported, mut refused) = (0, Vec::new());
    for (user, vectors) in found {
        bar.inc(1);
        let done = match readable(&user, vectors) {
            Ok((person, vectors)) => service
                .import(&person, &vectors, (existing, mode), &operator())
                .await
                .map_err(|error| stopped(imported, error))?
                .map_err(|refusal| refusal.to_string()),
            Err(reason) => Err(reason),
        };
        match done {
            Ok(()) => imported += 1,
            Err(reason) => refused.push(Refused { user, reason }),
        }
    }
    bar.finish_and_clear();
    Ok(Summary {
        dry_run: mode == Mode::Rehearse,
        imported,
        refused,
        obstacle: service.obstacle_to_imported(),
    })
}

/// The database failed in the middle: what is in is in.
fn stopped(imported: usize, error: ServiceError) -> Failure {
    let Failure { code, message } = error.into();
    let message = format!("{message}; {imported} people were imported before that");
    Failure { code, message }
}

fn rehearse(found: Found, context: &Context) -> Result<Summary, Failure> {
    let config = context.configure()?.current();
    let (mut imported, mut refused) = (0, Vec::new());
    for (user, vectors) in found {
        let checked = readable(&user, vectors).and_then(|(_, vectors)| {
            imported_template(&vectors, &config, SystemClock.now()).map_err(|refusal| refusal.to_string())
        });
        match checked {
            Ok(_) => imported += 1,
            Err(reason) => refused.push(Refused { user, reason }),
        }
    }
    Ok(Summary { dry_run: true, imported, refused, obstacle: None })
}

/// A valid name and vectors that could all be read. One that cannot refuses the person: half a voice would go unnoticed.
fn readable(user: &str, vectors: Vec<Result<Vec<f32>, String>>) -> Result<(PersonId, Vec<Vec<f32>>), String> {
    let person = PersonId::new(user).map_err(|error| error.to_string())?;
    let numbered = |(n, vector): (usize, Result<Vec<f32>, String>)| {
        vector.map_err(|reason| format!("vector {n} {reason}"))
    };
    Ok((person, (1..).zip(vectors).map(numbered).collect::<Result<_, _>>()?))
}

fn describe(summary: &Summary) -> String {
    let what = if summary.dry_run { "would be imported" } else { "imported" };
    let mut text = format!("{} {what}, {} refused\n", summary.imported, summary.refused.len());
    for Refused { user, reason } in &summary.refused {
        let _ = writeln!(text, "  refused  {user:?}: {reason}");
    }
    if let Some(obstacle) = &summary.obstacle {
        let _ = writeln!(text, "note: imported voices cannot be verified yet: {obstacle}");
    }
    text
}
