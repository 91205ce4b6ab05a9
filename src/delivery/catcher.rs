//! The built-in SMTP server behind a relay of kind `catcher`: keeps every mail as an `.eml` file, delivers none.
//!
//! It listens on loopback only and says yes to everything, so that `demo` shows the whole way a mail takes. A mail is
//! on disk before it is answered for.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The longest mail it takes.
const SIZE_LIMIT: usize = 50 * 1024 * 1024;
/// The longest command line (RFC 5321 says 512, extensions lengthen it).
const LINE_LIMIT: u64 = 4096;

/// A running catcher; it ends when this is dropped.
#[derive(Debug)]
pub struct Catcher {
    pub folder: PathBuf,
    pub address: SocketAddr,
    _running: DropGuard,
}

impl Catcher {
    /// Listens, and keeps mails in `folder`. Returns the address, which tells the port if 0 was asked for.
    pub async fn start(listen: SocketAddr, folder: &Path) -> io::Result<(SocketAddr, Catcher)> {
        if !listen.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{listen} is not on loopback"),
            ));
        }
        tokio::fs::create_dir_all(folder).await?;
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let running = CancellationToken::new();
        let (stop, place) = (running.clone(), Arc::<Path>::from(folder));
        let count = Arc::new(AtomicU64::new(count_mails(folder).await?));
        tokio::spawn(async move {
            while let Some(Ok((stream, _))) = stop.run_until_cancelled(listener.accept()).await {
                let (stop, place, count) = (stop.clone(), place.clone(), count.clone());
                tokio::spawn(async move {
                    if let Some(Err(error)) = stop.run_until_cancelled(converse(stream, &place, &count)).await {
                        tracing::debug!(%error, "a connection to the catcher broke");
                    }
                });
            }
        });
        Ok((
            address,
            Catcher {
                folder: folder.into(),
                address,
                _running: running.drop_guard(),
            },
        ))
    }
}

/// Names go on counting where an earlier run ended.
async fn count_mails(folder: &Path) -> io::Result<u64> {
    let mut entries = tokio::fs::read_dir(folder).await?;
    let mut highest = 0;
    while let Some(entry) = entries.next_entry().await? {
        let name = entry.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.split('-').next())
            .and_then(|number| number.parse().ok());
        highest = highest.max(number.unwrap_or(0));
    }
    Ok(highest)
}

async fn converse(stream: TcpStream, folder: &Path, count: &AtomicU64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut recipient: Option<String> = None;
    let mut line = Vec::new();
    let mut answer = "220 catcher ESMTP\r\n".to_owned();
    loop {
        // Commands that came together are answered together (RFC 2920).
        if stream.buffer().is_empty() && !answer.is_empty() {
            stream.write_all(answer.as_bytes()).await?;
            answer.clear();
        }
        line.clear();
        if (&mut stream).take(LINE_LIMIT).read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let command = String::from_utf8_lossy(&line);
        let word = command
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        match word.as_str() {
            "EHLO" => {
                answer.push_str("250-catcher\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n");
                answer.push_str(&format!("250 SIZE {SIZE_LIMIT}\r\n"));
            }
            "HELO" | "MAIL" | "RSET" | "NOOP" => answer.push_str("250 2.0.0 Ok\r\n"),
            "RCPT" => {
                let address = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
                recipient = address.map(|(address, _)| address.to_owned());
                answer.push_str("250 2.1.5 Ok\r\n");
            }
            "DATA" => match recipient.take() {
                None => answer.push_str("503 5.5.1 RCPT first\r\n"),
                Some(recipient) => {
                    answer.push_str("354 go on\r\n");
                    stream.write_all(answer.as_bytes()).await?;
                    let mail = read_mail(&mut stream).await?;
                    let name = keep(folder, count, &recipient, &mail).await?;
                    answer = format!("250 2.0.0 Ok: kept as {name}\r\n");
                }
            },
            "QUIT" => return stream.write_all(b"221 2.0.0 Bye\r\n").await,
            _ => answer.push_str("502 5.5.2 not known here\r\n"),
        }
    }
}

/// Reads to the final dot and undoes dot-stuffing.
async fn read_mail<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<Vec<u8>> {
    let (mut mail, mut line) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(mail);
        }
        if mail.len() + line.len() > SIZE_LIMIT {
            return Err(io::Error::other("the mail is too long for the catcher"));
        }
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

async fn keep(folder: &Path, count: &AtomicU64, recipient: &str, mail: &[u8]) -> io::Result<String> {
    let number = count.fetch_add(1, Ordering::SeqCst) + 1;
    let safe = |letter: char| {
        if letter.is_alphanumeric() || "@.+_".contains(letter) {
            letter
        } else {
            '_'
        }
    };
    let address: String = recipient.chars().take(100).map(safe).collect();
    let name = format!("{number:04}-{address}.eml");
    // Under another name first: whoever watches the folder never reads half a mail.
    let draft = folder.join(format!(".{number:04}.part"));
    tokio::fs::write(&draft, mail).await?;
    tokio::fs::rename(&draft, folder.join(&name)).await?;
    Ok(name)
}
