//! Connections: limits that keep a slow or greedy client from costing the others anything (SEC-20).
//!
//! In: a bound listener, the router, a token that ends it. Out: answered requests; on cancel, those in hand are
//! finished. Surprising: HTTP/1 only; a proxy in front speaks newer versions to the world.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{App, error};

/// Connections at one time; more wait in the listener's queue.
const CONNECTIONS: usize = 1024;
/// A request line and its headers together.
const HEADER_LIMIT: usize = 16 * 1024;
const HEADER_TIME: Duration = Duration::from_secs(10);
/// For one request and its answer's head.
const TOTAL_TIME: Duration = Duration::from_secs(30);
/// How long requests in hand have when the server ends.
const FAREWELL: Duration = Duration::from_secs(10);
/// How often we look whether another process changed what is public.
const LOOK: Duration = Duration::from_secs(5);
/// Wait after an accept that failed, usually for want of file descriptors.
const BREATH: Duration = Duration::from_millis(200);

/// Serves until cancelled, and keeps the app's feeds up to date with the store.
pub async fn serve(listener: TcpListener, router: Router, app: Arc<App>, cancel: CancellationToken) {
    let open = Arc::new(Semaphore::new(CONNECTIONS));
    let tasks = TaskTracker::new();
    tasks.spawn(follow(app, cancel.clone()));
    loop {
        let accepted = tokio::select! {
            () = cancel.cancelled() => break,
            accepted = async {
                // The semaphore is never closed.
                let permit = Arc::clone(&open).acquire_owned().await.ok();
                (listener.accept().await, permit)
            } => accepted,
        };
        match accepted {
            (Ok((stream, _)), permit) => {
                let (router, cancel) = (router.clone(), cancel.clone());
                tasks.spawn(async move {
                    connection(stream, router, cancel).await;
                    drop(permit);
                });
            }
            (Err(error), _) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    tasks.close();
    // Whoever has not finished by then is cut off.
    let _ = tokio::time::timeout(FAREWELL, tasks.wait()).await;
}

async fn connection(stream: TcpStream, router: Router, cancel: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_header_size(HEADER_LIMIT);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    // Errors here are clients that went away or spoke no HTTP: nothing of ours.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = cancel.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn follow(app: Arc<App>, cancel: CancellationToken) {
    let mut complained = false;
    while cancel.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
        match app.refresh_if_stale().await {
            Ok(_) => complained = false,
            Err(error) if !complained => {
                tracing::warn!(%error, "feeds stay as they are");
                complained = true;
            }
            Err(_) => {}
        }
    }
}

/// A request that takes too long, usually because its body never comes, is given up.
pub(super) async fn within_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TOTAL_TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) => error::unavailable("this took too long\n"),
    }
}
