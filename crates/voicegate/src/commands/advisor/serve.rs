use std::fs;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use voicegate_server::{SharedKey, serve_advisor};
use voicegate_service::advisor::Advisor;
use voicegate_service::config::LiveConfig;

use crate::commands::serve::{Stop, bind};
use crate::exit::{Exit, Failure};
use crate::logging::{self, Purpose};
use crate::system::SystemClock;
use crate::wiring::Context;

/// Where it is served if nobody says otherwise.
pub(crate) const USUAL: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8001));

/// Shortest key in characters: 32 hexadecimal digits have 128 bits.
const MIN_KEY: usize = 32;

/// What whoever started it needs to know.
#[derive(Debug, Serialize)]
struct Started {
    address: String,
    /// The model that is asked; without one the rules answer.
    model: Option<String>,
}

/// Serves the advisor alone.
pub(crate) async fn serve(
    listen: SocketAddr,
    key_file: Option<&Path>,
    context: &Context,
) -> Result<Exit, Failure> {
    let config = LiveConfig::new(context.config.layers()?)?.current();
    logging::start(&config.log, Purpose::Serve, context.verbose)?;
    let key = key_file.map(key).transpose()?;
    if key.is_none() && !listen.ip().is_loopback() {
        let message =
            format!("on {listen} others could ask; name a key that they have to send with --api-key-file");
        return Err(Failure::new("usage", message));
    }
    let advisor = Advisor::new(&config.advisor, Arc::new(SystemClock))
        .map_err(|error| Failure::new("invalid-configuration", format!("advisor.url: {error}")))?;
    let listener = bind(listen).await?;
    let address = listener.local_addr().map_err(|error| Failure::new("listen", error.to_string()))?;
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "serving without TLS; put a proxy that speaks it in front");
    }
    let stop = Stop::new()?;
    let started = Started { address: format!("http://{address}"), model: advisor.model().map(str::to_owned) };
    context.format.print(&started, |started| {
        let who = started.model.as_deref().unwrap_or("the rules");
        format!("voicegate serves the advisor on {}  ({who} answers)\n", started.address)
    })?;
    let served = serve_advisor(listener, Arc::new(advisor), key, stop.asked()).await;
    served.map_err(|error| Failure::new("stopped", error.to_string()))?;
    Ok(Exit::Good)
}

fn key(file: &Path) -> Result<SharedKey, Failure> {
    let text = fs::read_to_string(file).map_err(|error| Failure::file(file, &error))?;
    let key = text.trim();
    if key.len() < MIN_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!("{}: a key has at least {MIN_KEY} visible ASCII characters", file.display());
        return Err(Failure::new("invalid-request", message));
    }
    Ok(SharedKey::new(key))
}
