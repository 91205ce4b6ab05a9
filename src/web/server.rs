//! Connections: limits that keep a slow or greedy client from costing the others anything (SEC-20).
//!
//! In: a bound listener, the router, a token that ends it. Out: answered requests; on cancel, those in hand are
//! finished. Surprising: HTTP/1 only; a proxy in front speaks newer versions to the world. And a client on this machine
//! may have any number of connections: it is such a proxy, which carries everybody, and limits clients itself. A proxy
//! on another machine counts as one client.

use std::collections::HashMap;
use std::io::Write;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::client::Peer;
use super::{App, error};

/// Connections at one time; more wait in the listener's queue.
const CONNECTIONS: usize = 1024;
/// Of them, those of one client: enough for an institute behind one address, too few to shut others out.
const PER_CLIENT: usize = 128;
/// What one connection more is told.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\nConnection: close\r\n\
    Cache-Control: no-store\r\nContent-Type: text/plain\r\nContent-Length: 43\r\n\r\n\
    too many connections from one address here\n";
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
    let hall = Hall {
        router,
        cancel: cancel.clone(),
        tasks: tasks.clone(),
        clients: Clients::default(),
    };
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
            (Ok((stream, peer)), permit) => hall.receive(stream, peer.ip(), permit),
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

/// Where clients come in.
struct Hall {
    router: Router,
    cancel: CancellationToken,
    tasks: TaskTracker,
    clients: Clients,
}

impl Hall {
    /// Serves a connection, or turns it away if the client has too many.
    fn receive(&self, stream: TcpStream, peer: IpAddr, permit: Option<OwnedSemaphorePermit>) {
        let Some(seat) = self.clients.admit(peer) else {
            return turn_away(stream);
        };
        let (router, cancel) = (self.router.clone(), self.cancel.clone());
        self.tasks.spawn(async move {
            connection(stream, peer, router, cancel).await;
            drop((permit, seat));
        });
    }
}

/// How many connections each client has.
#[derive(Clone, Debug, Default)]
struct Clients(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A client's connection; it counts as long as this lives.
struct Seat {
    clients: Clients,
    client: Option<IpAddr>,
}

impl Clients {
    /// None: the client has as many as it may.
    fn admit(&self, peer: IpAddr) -> Option<Seat> {
        let client = client(peer);
        if let Some(client) = client {
            let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = open.entry(client).or_default();
            if *count >= PER_CLIENT {
                return None;
            }
            *count += 1;
        }
        Some(Seat {
            clients: self.clone(),
            client,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut open = self.clients.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                open.remove(&client);
            }
        }
    }
}

/// Who counts as one client: an address, or the 64 bits that one connection to the world is given in IPv6. None: this
/// machine.
fn client(peer: IpAddr) -> Option<IpAddr> {
    match peer.to_canonical() {
        peer if peer.is_loopback() => None,
        IpAddr::V6(peer) => Some(IpAddr::V6((peer.to_bits() >> 64 << 64).into())),
        peer => Some(peer),
    }
}

/// Says why, as far as that can be said without waiting.
fn turn_away(stream: TcpStream) {
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write_all(TOO_MANY);
    }
}

async fn connection(stream: TcpStream, peer: IpAddr, router: Router, cancel: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_header_size(HEADER_LIMIT);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.call(request)
    });
    let connection = http.serve_connection(TokioIo::new(stream), service);
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_greedy_client_is_turned_away_and_nobody_else() {
        let clients = Clients::default();
        let greedy = ["192.0.2.1", "::ffff:192.0.2.1"].into_iter().cycle();
        let mut seats: Vec<Seat> = greedy
            .take(PER_CLIENT)
            .map(|peer| clients.admit(ip(peer)).unwrap())
            .collect();
        assert!(clients.admit(ip("192.0.2.1")).is_none());
        assert!(clients.admit(ip("192.0.2.2")).is_some());
        seats.pop();
        assert!(clients.admit(ip("192.0.2.1")).is_some());
        drop(seats);
        assert!(clients.0.lock().unwrap().is_empty(), "who went is forgotten");
    }

    #[test]
    fn the_addresses_of_one_ipv6_line_are_one_client() {
        let clients = Clients::default();
        let seats: Vec<_> = (0..PER_CLIENT)
            .map(|number| clients.admit(ip(&format!("2001:db8:1:2::{number:x}"))))
            .collect();
        assert!(seats.iter().all(Option::is_some));
        assert!(clients.admit(ip("2001:db8:1:2:ffff::1")).is_none());
        assert!(clients.admit(ip("2001:db8:1:3::1")).is_some());
    }

    #[test]
    fn a_proxy_on_this_machine_carries_everybody() {
        let clients = Clients::default();
        for peer in ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"] {
            let seats: Vec<_> = (0..PER_CLIENT * 2).map(|_| clients.admit(ip(peer))).collect();
            assert!(seats.iter().all(Option::is_some), "{peer}");
        }
    }

    #[tokio::test]
    async fn who_is_turned_away_is_told_why() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hall = Hall {
            router: Router::new(),
            cancel: CancellationToken::new(),
            tasks: TaskTracker::new(),
            clients: Clients::default(),
        };
        let mut open = Vec::new();
        for _ in 0..=PER_CLIENT {
            open.push(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
            hall.receive(listener.accept().await.unwrap().0, ip("192.0.2.1"), None);
        }
        let mut answer = String::new();
        open.pop().unwrap().read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{answer}");
    }
}
