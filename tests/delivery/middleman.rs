//! Somebody between us and the relay, who listens, changes words and cuts the line.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// What becomes of a line of the relay.
pub enum Passed {
    Line(String),
    /// Both sides lose the connection, and the line is never heard.
    Cut,
    /// It passes, and of what follows only so many bytes before both sides lose the connection.
    ThenBytes(u64),
}

/// Stands before a relay until it is dropped.
pub struct Middleman {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
    _running: DropGuard,
}

impl Middleman {
    /// `pass` is asked about each line of the relay.
    pub async fn before(relay: SocketAddr, pass: impl Fn(&str) -> Passed + Send + Sync + 'static) -> Middleman {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let running = CancellationToken::new();
        let (stop, ears, pass) = (running.clone(), heard.clone(), Arc::new(pass));
        tokio::spawn(async move {
            while let Some(Ok((client, _))) = stop.run_until_cancelled(listener.accept()).await {
                let (ears, pass) = (ears.clone(), pass.clone());
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(relay).await else {
                        return;
                    };
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    // Whichever side ends takes the other with it.
                    tokio::select! {
                        () = forward(from_client, to_server, &ears) => {}
                        () = answer(from_server, to_client, &*pass) => {}
                    }
                });
            }
        });
        Middleman {
            address,
            heard,
            _running: running.drop_guard(),
        }
    }

    /// All that our side ever said, as it stood on the wire.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, ears: &Mutex<Vec<u8>>) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        ears.lock().unwrap().extend_from_slice(&piece[..length]);
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

async fn answer(from: OwnedReadHalf, mut to: OwnedWriteHalf, pass: &(dyn Fn(&str) -> Passed + Send + Sync)) {
    let mut from = BufReader::new(from);
    loop {
        let mut line = String::new();
        if !matches!(from.read_line(&mut line).await, Ok(1..)) {
            return;
        }
        match pass(&line) {
            Passed::Line(text) => {
                if to.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            Passed::Cut => return,
            Passed::ThenBytes(most) => {
                let _ = to.write_all(line.as_bytes()).await;
                let _ = tokio::io::copy(&mut from.take(most), &mut to).await;
                return;
            }
        }
    }
}
