use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use voicegate_core::access::Scope;
use voicegate_server::AppState;
use voicegate_service::config::{LiveConfig, merge};
use voicegate_service::places::Places;
use voicegate_service::ports::Actor;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::api_keys::ApiKeyRequest;
use voicegate_service::{Service, ServiceError};

use super::advisor;
use crate::config::{watch, write_default};
use crate::exit::{Exit, Failure};
use crate::logging::{self, Purpose};
use crate::wiring::{Context, Data, ModelsAt, Opened};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address and port, in place of the configured one; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,

    /// Port, in place of the configured one.
    #[arg(long, value_name = "PORT", conflicts_with = "listen")]
    port: Option<u16>,

    /// Serve this part alone, without database and speaker models: on 127.0.0.1:8001 where nothing else is said.
    #[arg(long, value_name = "PART")]
    only: Option<Part>,

    /// File with the key that callers of the part have to send; without it, they have to be on this machine.
    #[arg(long, value_name = "FILE", requires = "only")]
    api_key_file: Option<PathBuf>,
}

/// What can be served alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Advice on verifications.
    Advisor,
}

impl Args {
    /// Where to listen, if it was said; a port alone is one of `usual`.
    fn listen(&self, usual: IpAddr) -> Option<SocketAddr> {
        self.listen.or(self.port.map(|port| SocketAddr::new(usual, port)))
    }
}

/// How often overrides that another process stored are looked for.
const REFRESH: Duration = Duration::from_secs(5);

/// What whoever started the server needs to know.
#[derive(Debug, Serialize)]
struct Started {
    address: String,
    /// Secret of the first administrator key; only when there was no key yet.
    first_admin_key: Option<String>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    if args.only == Some(Part::Advisor) {
        let listen = args.listen(advisor::USUAL.ip()).unwrap_or(advisor::USUAL);
        return advisor::serve(listen, args.api_key_file.as_deref(), context).await;
    }
    let file = context.config.path();
    write_default(file).map_err(|error| Failure::file(file, &error))?;
    let mut layers = context.config.layers()?;
    if let Some(listen) = args.listen(layers.resolve()?.server.listen.ip()) {
        merge(&mut layers.environment, &json!({"server": {"listen": listen}}));
    }
    let live = Arc::new(LiveConfig::new(layers)?);
    let config = live.current();
    logging::start(&config.log, Purpose::Serve, context.verbose)?;

    let listener = bind(config.server.listen).await?;
    let address = listener.local_addr().map_err(|error| Failure::new("listen", error.to_string()))?;
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "serving without TLS; put a proxy that speaks it in front");
    }
    // Signals from here on end the program in good order.
    let stop = Stop::new()?;
    let mut opened = context.assemble(live.clone(), Data::Make, ModelsAt::Home).await?;
    if let Some(file) = &config.server.geoip {
        opened.service = opened.service.with_places(places(file)?);
    }
    if let Err(error) = opened.service.can_decide() {
        tracing::error!(%error, "no voice can be verified");
    }
    let _watcher = watch(file, live)?;
    let started = Started {
        address: format!("http://{address}"),
        first_admin_key: first_admin_key(&opened.service).await?,
    };
    context.format.print(&started, describe)?;
    serve(opened, listener, stop).await
}

/// The database of places. A server that was told to use one does not start without it: travels would not be noticed.
fn places(file: &Path) -> Result<Places, Failure> {
    let bytes = std::fs::read(file).map_err(|error| Failure::file(file, &error))?;
    Places::new(bytes).map_err(|error| {
        Failure::new("config", format!("server.geoip: {} is no database of places: {error}", file.display()))
    })
}

async fn serve(opened: Opened, listener: TcpListener, stop: Stop) -> Result<Exit, Failure> {
    let refresh = tokio::spawn(refresh(opened.service.clone()));
    let state = AppState::new(opened.service.clone());
    let served = voicegate_server::serve(listener, state, stop.asked()).await;
    refresh.abort();
    let served = served.map_err(|error| Failure::new("stopped", error.to_string()));
    opened.finish(served).await.map(|()| Exit::Good)
}

pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let message = match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!(
                    "{address} is in use by another program; stop it or choose another port with --listen"
                )
            }
            io::ErrorKind::PermissionDenied => {
                format!(
                    "{address} may not be used without privileges; choose a port above 1023 with --listen"
                )
            }
            io::ErrorKind::AddrNotAvailable => format!("{address} is not an address of this machine"),
            _ => format!("{address} cannot be listened on: {error}"),
        };
        Failure::new("listen", message)
    })
}

/// Makes the first key, so that somebody can make the others.
async fn first_admin_key(service: &Service) -> Result<Option<String>, ServiceError> {
    if !service.api_keys().await?.is_empty() {
        return Ok(None);
    }
    let request =
        ApiKeyRequest { name: "first administrator".into(), scopes: vec![Scope::Admin], expires_at: None };
    let caller = Caller { actor: Actor::System, request_id: None };
    let (_, secret) = service.create_api_key(request, &caller).await?;
    Ok(Some(secret.reveal().to_owned()))
}

fn describe(started: &Started) -> String {
    let mut text = format!("voicegate serves on {0}  (API: {0}/docs)\n", started.address);
    if let Some(key) = &started.first_admin_key {
        text.push_str(&format!("first administrator key, shown only this once: {key}\n"));
    }
    text
}

/// Takes over what other replicas and the command line stored.
async fn refresh(service: Service) {
    let mut ticks = interval(REFRESH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        if let Err(error) = service.configuration().await {
            tracing::warn!(%error, "stored configuration overrides could not be read");
        }
    }
}

/// SIGINT and SIGTERM.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    pub(super) fn new() -> Result<Self, Failure> {
        let on = |kind| {
            signal(kind).map_err(|error| Failure::new("system", format!("no signal handler: {error}")))
        };
        Ok(Self { interrupt: on(SignalKind::interrupt())?, terminate: on(SignalKind::terminate())? })
    }

    pub(super) async fn asked(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
