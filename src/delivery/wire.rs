//! The stream under an SMTP connection: plain or TLS, without delay, and metered.
//!
//! The greeting, and for STARTTLS all that is said before it, is read here; lettre, which takes over from then on,
//! begins by reading a greeting and is given the one that was received. What a relay sends between its answer to
//! STARTTLS and the handshake is thrown away (SMTP-10). The meter tells whether a final dot can have left at all.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use lettre::transport::smtp::commands::{Ehlo, Starttls};
use lettre::transport::smtp::response::Response;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ProtocolVersion;
use tokio_rustls::rustls::pki_types::ServerName;

use super::relay::{Encryption, Fault, Smtp};
use super::reply::{Answer, Stage, Verdict, judge};

/// A greeting or an answer to EHLO longer than this is not SMTP.
const PREAMBLE_LENGTH: usize = 16 * 1024;

#[derive(Debug)]
enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What lettre talks through.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    /// Received, and not yet given to lettre.
    replay: Vec<u8>,
    written: Arc<AtomicU64>,
}

impl Wire {
    /// Connects, greets and encrypts as the relay's settings say. Every fault is one of our side or of the relay.
    pub(super) async fn open(relay: &Smtp) -> Result<(Wire, Arc<AtomicU64>), Fault> {
        let limit = &relay.timeouts;
        let mut socket = within(
            Stage::Connect,
            limit.connect,
            TcpStream::connect((&*relay.host, relay.port)),
        )
        .await?;
        // Nagle and delayed acknowledgements together cost 40 ms a message.
        socket
            .set_nodelay(true)
            .map_err(|error| Fault::new(Stage::Connect, error))?;
        let mut heard = Vec::new();
        let socket = match &relay.encryption {
            Encryption::None => {
                greet(&mut socket, &mut heard, relay).await?;
                Socket::Plain(socket)
            }
            Encryption::Implicit(connector) => {
                let mut tls = encrypt(connector, socket, relay).await?;
                greet(&mut tls, &mut heard, relay).await?;
                Socket::Tls(tls)
            }
            Encryption::StartTls(connector) => {
                let length = greet(&mut socket, &mut heard, relay).await?;
                let greeting = heard.drain(..length).collect();
                start_tls(&mut socket, &mut heard, relay).await?;
                let tls = encrypt(connector, socket, relay).await?;
                heard = greeting;
                Socket::Tls(tls)
            }
        };
        let written = Arc::new(AtomicU64::new(0));
        Ok((
            Wire {
                socket,
                replay: heard,
                written: written.clone(),
            },
            written,
        ))
    }

    /// Version and cipher, if it is encrypted.
    pub(super) fn encryption(&self) -> Option<String> {
        let Socket::Tls(stream) = &self.socket else { return None };
        let (_, session) = stream.get_ref();
        let version = match session.protocol_version()? {
            ProtocolVersion::TLSv1_2 => "TLS 1.2".to_owned(),
            ProtocolVersion::TLSv1_3 => "TLS 1.3".to_owned(),
            other => format!("{other:?}"),
        };
        let cipher = session.negotiated_cipher_suite()?.suite();
        Some(format!("{version}, {cipher:?}"))
    }
}

/// Reads the greeting and leaves it in `heard`; returns its length.
async fn greet<S: AsyncRead + Unpin>(stream: &mut S, heard: &mut Vec<u8>, relay: &Smtp) -> Result<usize, Fault> {
    let (answer, length) = within(Stage::Greeting, relay.timeouts.greeting, read_reply(stream, heard)).await?;
    accepted(Stage::Greeting, &answer)?;
    Ok(length)
}

async fn start_tls(socket: &mut TcpStream, heard: &mut Vec<u8>, relay: &Smtp) -> Result<(), Fault> {
    let limit = relay.timeouts.command;
    let mut ask = async |stage, command: String| -> Result<(Answer, String), Fault> {
        within(stage, limit, socket.write_all(command.as_bytes())).await?;
        let (answer, length) = within(stage, limit, read_reply(socket, heard)).await?;
        let whole = String::from_utf8_lossy(heard.get(..length).unwrap_or_default()).to_uppercase();
        heard.drain(..length);
        Ok((answer, whole))
    };
    let (answer, whole) = ask(Stage::Ehlo, Ehlo::new(relay.helo.clone()).to_string()).await?;
    accepted(Stage::Ehlo, &answer)?;
    if !whole.contains("STARTTLS") {
        return Err(Fault::new(
            Stage::StartTls,
            "the relay does not offer STARTTLS, and nothing is sent in the clear; set tls = \"implicit\" if it speaks TLS from the start",
        ));
    }
    let (answer, _) = ask(Stage::StartTls, Starttls.to_string()).await?;
    accepted(Stage::StartTls, &answer)?;
    heard.clear();
    Ok(())
}

async fn encrypt(
    connector: &TlsConnector,
    socket: TcpStream,
    relay: &Smtp,
) -> Result<Box<TlsStream<TcpStream>>, Fault> {
    let name = ServerName::try_from(relay.host.clone()).map_err(|error| Fault::new(Stage::StartTls, error))?;
    let tls = within(Stage::StartTls, relay.timeouts.command, connector.connect(name, socket)).await?;
    Ok(Box::new(tls))
}

fn accepted(stage: Stage, answer: &Answer) -> Result<(), Fault> {
    if judge(stage, answer) == Verdict::Accepted {
        Ok(())
    } else {
        Err(Fault::new(stage, answer))
    }
}

/// Runs one stage of the preamble within its time.
async fn within<T>(
    stage: Stage,
    limit: std::time::Duration,
    doing: impl Future<Output = io::Result<T>>,
) -> Result<T, Fault> {
    match timeout(limit, doing).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(Fault::new(stage, error)),
        Err(_) => Err(Fault::new(
            stage,
            format!("no answer within {}", humantime::format_duration(limit)),
        )),
    }
}

/// Reads until `heard` begins with one whole reply; returns it and its length.
async fn read_reply<S: AsyncRead + Unpin>(stream: &mut S, heard: &mut Vec<u8>) -> io::Result<(Answer, usize)> {
    loop {
        if let Some(length) = reply_length(heard) {
            let text = String::from_utf8_lossy(heard.get(..length).unwrap_or_default());
            let answer = Response::from_str(&text).map_or_else(
                |_| Answer::Lost("the answer is not SMTP".to_owned()),
                |response| {
                    Answer::reply(
                        response.code().into(),
                        &response.message().collect::<Vec<_>>().join(" "),
                    )
                },
            );
            return Ok((answer, length));
        }
        if heard.len() > PREAMBLE_LENGTH {
            return Err(io::Error::other("the answer is too long to be SMTP"));
        }
        if stream.read_buf(heard).await? == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the relay closed the connection",
            ));
        }
    }
}

/// Bytes of the first reply, through the line whose code is not followed by a hyphen.
fn reply_length(heard: &[u8]) -> Option<usize> {
    let mut length = 0;
    for line in heard.split_inclusive(|byte| *byte == b'\n') {
        if !line.ends_with(b"\n") {
            return None;
        }
        length += line.len();
        if line.get(3) != Some(&b'-') {
            return Some(length);
        }
    }
    None
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = if self.replay.is_empty() {
            match &mut self.socket {
                Socket::Plain(socket) => Pin::new(socket).poll_read(context, into),
                Socket::Tls(socket) => Pin::new(socket).poll_read(context, into),
            }
        } else {
            let length = self.replay.len().min(into.remaining());
            into.put_slice(&self.replay.drain(..length).collect::<Vec<u8>>());
            Poll::Ready(Ok(()))
        };
        // lettre takes a reply that is not UTF-8 for a broken connection: a mail that was taken would be in doubt.
        for byte in into
            .filled_mut()
            .iter_mut()
            .skip(before)
            .filter(|byte| !byte.is_ascii())
        {
            *byte = b'?';
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = match &mut self.socket {
            Socket::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Socket::Tls(socket) => Pin::new(socket).poll_write(context, bytes),
        };
        if let Poll::Ready(Ok(count)) = &written {
            self.written.fetch_add(*count as u64, Ordering::Relaxed);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Plain(socket) => Pin::new(socket).poll_flush(context),
            Socket::Tls(socket) => Pin::new(socket).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Socket::Tls(socket) => Pin::new(socket).poll_shutdown(context),
        }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.socket {
            Socket::Plain(socket) => socket.peer_addr(),
            Socket::Tls(socket) => socket.get_ref().0.peer_addr(),
        }
    }
}
