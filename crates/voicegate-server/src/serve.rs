//! Connections, and the end of them.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::deliver::deliver;
use crate::metrics::Metrics;
use crate::router::router;
use crate::state::AppState;
use crate::sweep::sweep;

/// Longest wait for a request head, on a new connection and between two requests: who sends a byte at a time, or
/// nothing, is let go.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Most bytes of a request head.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Longest wait at the end for requests still being worked on.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);
/// Pause after a failed accept; most often there are no file descriptors left, and trying at once would only burn time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often noted times are folded into the histograms.
const UPKEEP: Duration = Duration::from_secs(10);

/// Serves until `shutdown` is ready, then takes no more connections and waits, for at most 20 seconds, for the requests
/// that are being worked on.
///
/// # Errors
/// When time ran out and requests had to be cut off ([`io::ErrorKind::TimedOut`]).
pub async fn serve(
    listener: TcpListener,
    state: AppState,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    // Ends with this function, whichever way that is left.
    let mut background = JoinSet::new();
    background.spawn(sweep(state.clone()));
    if let Some(webhook) = state.service.webhook() {
        background.spawn(deliver(state.clone(), webhook));
    }
    let metrics = state.metrics.clone();
    let served = accept(listener, router(state), metrics, shutdown).await;
    background.shutdown().await;
    served
}

/// Serves `router` as [`serve`] says.
pub(crate) async fn accept(
    listener: TcpListener,
    router: Router,
    metrics: Metrics,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut upkeep = interval(UPKEEP);
    upkeep.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            _ = upkeep.tick() => metrics.upkeep(),
            // Takes finished connections out of the set.
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => { connections.spawn(connection(stream, peer, router.clone(), graceful.watcher())); }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    tracing::info!(connections = graceful.count(), "shutting down");
    let drained = timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
    connections.abort_all();
    drained.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "requests were cut off at shutdown"))
}

/// Serves one connection; each of its requests carries the address of the peer ([`ConnectInfo`]).
async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, watcher: Watcher) {
    // Answers are small and sent whole; waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        service.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended badly");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn every_request_knows_the_address_of_its_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        let echo = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string();
        let router = Router::new().route("/", get(echo));
        let graceful = GracefulShutdown::new();
        let server = tokio::spawn(connection(stream, peer, router, graceful.watcher()));
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with(&client.local_addr().unwrap().to_string()), "{answer}");
        server.await.unwrap();
    }
}
