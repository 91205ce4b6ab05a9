//! A scriptable SMTP server: it records every mail before it answers for it, and misbehaves by plan.
//!
//! A plan is a function from a [`Moment`] (which connection, which mail on it, which stage, for whom) to an [`Act`].
//! What the sink recorded is the judge of a test. `sink_process.rs` runs the same server as a process of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Where in the conversation an act is asked for: before the answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Connect,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Dot,
    Rset,
    Quit,
}

/// What the plan is asked about.
#[derive(Clone, Debug)]
pub struct Moment {
    pub at: At,
    /// Counted from 0 over the sink's life.
    pub connection: usize,
    /// Connections open now, this one among them.
    pub open: usize,
    /// Mails begun on this connection before this one.
    pub mail: usize,
    /// Mails accepted by the sink so far, over all connections.
    pub accepted: usize,
    /// Empty before RCPT.
    pub recipient: String,
    pub command: String,
}

/// What the sink does.
#[derive(Clone)]
pub enum Act {
    Go,
    /// Answers so instead; at `Dot` a 2xx counts as accepted, anything else not.
    Say(String),
    /// Answers so and closes.
    SayAndClose(String),
    /// Closes without an answer.
    Cut,
    /// At `Dot`: takes the mail, and closes without an answer.
    TakeAndCut,
    /// At `Data`: asks for the message and closes after so many of its bytes.
    CutAfter(usize),
    /// Waits, then goes on.
    Wait(Duration),
    /// Never answers.
    Hang,
    /// Lets something happen elsewhere, then goes on.
    Meanwhile(Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>),
}

impl Act {
    pub fn say(text: &str) -> Act {
        Act::Say(text.to_owned())
    }

    pub fn meanwhile<F: Future<Output = ()> + Send + 'static>(happens: impl Fn() -> F + Send + Sync + 'static) -> Act {
        Act::Meanwhile(Arc::new(move || Box::pin(happens())))
    }
}

/// A mail the sink took.
#[derive(Clone, Debug)]
pub struct Mail {
    pub at_ms: u128,
    pub sender: String,
    pub recipient: String,
    /// Dot-stuffing undone.
    pub bytes: Vec<u8>,
}

impl Mail {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The value of a header field on one line.
    pub fn header(&self, name: &str) -> Option<String> {
        let text = self.text();
        let head = text.split("\r\n\r\n").next()?.to_owned();
        head.split("\r\n").find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

/// What the sink offers.
#[derive(Clone)]
pub struct Offer {
    /// Lines of the answer to EHLO.
    pub extensions: Vec<&'static str>,
    pub tls: Option<TlsAcceptor>,
    /// TLS from the first byte.
    pub implicit: bool,
    /// Sent in the same packet as the answer to STARTTLS.
    pub inject: Option<&'static str>,
}

impl Default for Offer {
    fn default() -> Self {
        Offer {
            extensions: vec!["PIPELINING", "8BITMIME", "SMTPUTF8"],
            tls: None,
            implicit: false,
            inject: None,
        }
    }
}

type Plan = dyn Fn(&Moment) -> Act + Send + Sync;
type OnMail = dyn Fn(&Mail) + Send + Sync;

struct Inner {
    offer: Offer,
    plan: Box<Plan>,
    on_mail: Box<OnMail>,
    mails: Mutex<Vec<Mail>>,
    commands: Mutex<Vec<String>>,
    connections: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    round_trips: AtomicUsize,
}

/// A running sink; it ends when dropped.
pub struct Sink {
    pub address: SocketAddr,
    inner: Arc<Inner>,
    _running: DropGuard,
}

impl Sink {
    /// Takes everything.
    pub async fn start() -> Sink {
        Sink::with(|_| Act::Go).await
    }

    pub async fn with(plan: impl Fn(&Moment) -> Act + Send + Sync + 'static) -> Sink {
        Sink::offering(Offer::default(), plan).await
    }

    /// Acts so at a stage until it is well.
    pub async fn ill(offer: Offer, at: At, act: Act) -> (Sink, Arc<AtomicBool>) {
        let well = Arc::new(AtomicBool::new(false));
        let is_well = well.clone();
        let plan = move |moment: &Moment| match moment.at == at && !is_well.load(Ordering::SeqCst) {
            true => act.clone(),
            false => Act::Go,
        };
        (Sink::offering(offer, plan).await, well)
    }

    pub async fn offering(offer: Offer, plan: impl Fn(&Moment) -> Act + Send + Sync + 'static) -> Sink {
        Sink::listening("127.0.0.1:0", offer, plan, |_| {}).await
    }

    /// `on_mail` is called when a mail is recorded, before it is answered for.
    pub async fn listening(
        listen: &str,
        offer: Offer,
        plan: impl Fn(&Moment) -> Act + Send + Sync + 'static,
        on_mail: impl Fn(&Mail) + Send + Sync + 'static,
    ) -> Sink {
        let listener = TcpListener::bind(listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            offer,
            plan: Box::new(plan),
            on_mail: Box::new(on_mail),
            mails: Mutex::default(),
            commands: Mutex::default(),
            connections: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
            round_trips: AtomicUsize::new(0),
        });
        let running = CancellationToken::new();
        let (stop, served) = (running.clone(), inner.clone());
        tokio::spawn(async move {
            while let Some(Ok((stream, _))) = stop.run_until_cancelled(listener.accept()).await {
                let (stop, inner) = (stop.clone(), served.clone());
                tokio::spawn(async move {
                    let now_open = inner.open.fetch_add(1, Ordering::SeqCst) + 1;
                    inner.most_open.fetch_max(now_open, Ordering::SeqCst);
                    stop.run_until_cancelled(serve(stream, inner.clone())).await;
                    inner.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Sink {
            address,
            inner,
            _running: running.drop_guard(),
        }
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.inner.mails.lock().unwrap().clone()
    }

    /// Mails accepted by recipient.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.mails().into_iter().fold(BTreeMap::new(), |mut counts, mail| {
            *counts.entry(mail.recipient).or_default() += 1;
            counts
        })
    }

    /// Every command heard, in order, without the content of mails.
    pub fn commands(&self) -> Vec<String> {
        self.inner.commands.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.inner.connections.load(Ordering::SeqCst)
    }

    pub fn most_open(&self) -> usize {
        self.inner.most_open.load(Ordering::SeqCst)
    }

    /// Answers sent: the times somebody had to wait for us.
    pub fn round_trips(&self) -> usize {
        self.inner.round_trips.load(Ordering::SeqCst)
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// How the sink goes on after an act.
enum Then {
    On,
    Close,
}

struct Talk {
    stream: BufReader<Box<dyn Stream>>,
    inner: Arc<Inner>,
    connection: usize,
    mail: usize,
    sender: String,
    recipient: String,
    pending: String,
}

async fn serve(stream: TcpStream, inner: Arc<Inner>) {
    stream.set_nodelay(true).unwrap();
    let connection = inner.connections.fetch_add(1, Ordering::SeqCst);
    let mut stream: Box<dyn Stream> = Box::new(stream);
    if inner.offer.implicit
        && let Some(acceptor) = &inner.offer.tls
    {
        let Ok(tls) = acceptor.accept(stream).await else { return };
        stream = Box::new(tls);
    }
    let mut talk = Talk {
        stream: BufReader::new(stream),
        inner,
        connection,
        mail: 0,
        sender: String::new(),
        recipient: String::new(),
        pending: String::new(),
    };
    // A client that goes away is no matter of the sink's.
    let _ = talk.run().await;
}

impl Talk {
    async fn run(&mut self) -> std::io::Result<()> {
        if let Then::Close = self.act(At::Connect, "", "220 sink ESMTP").await? {
            return Ok(());
        }
        loop {
            if self.stream.buffer().is_empty() {
                self.flush().await?;
            }
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_owned();
            self.inner.commands.lock().unwrap().push(line.clone());
            let word = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            let then = match word.as_str() {
                "EHLO" => {
                    let mut lines = vec!["sink"];
                    lines.extend(&self.inner.offer.extensions);
                    let last = lines.pop().unwrap();
                    let mut text: String = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
                    text.push_str(&format!("250 {last}"));
                    self.act(At::Ehlo, &line, &text).await?
                }
                "STARTTLS" => self.start_tls(&line).await?,
                "AUTH" => self.auth(&line).await?,
                "MAIL" => {
                    (self.sender, self.recipient) = (between(&line), String::new());
                    self.act(At::Mail, &line, "250 2.1.0 Ok").await?
                }
                "RCPT" => {
                    self.recipient = between(&line);
                    let then = self.act(At::Rcpt, &line, "250 2.1.5 Ok").await?;
                    if !self.pending.ends_with("250 2.1.5 Ok\r\n") {
                        self.recipient.clear();
                    }
                    then
                }
                "DATA" => self.data(&line).await?,
                "RSET" => {
                    (self.sender, self.recipient) = (String::new(), String::new());
                    self.act(At::Rset, &line, "250 2.0.0 Ok").await?
                }
                "QUIT" => {
                    self.act(At::Quit, &line, "221 2.0.0 Bye").await?;
                    self.flush().await?;
                    Then::Close
                }
                _ => self.act(At::Quit, &line, "502 5.5.2 what?").await?,
            };
            if let Then::Close = then {
                return Ok(());
            }
        }
    }

    fn plan(&self, at: At, command: &str) -> Act {
        (self.inner.plan)(&Moment {
            at,
            connection: self.connection,
            open: self.inner.open.load(Ordering::SeqCst),
            mail: self.mail,
            accepted: self.inner.mails.lock().unwrap().len(),
            recipient: self.recipient.clone(),
            command: command.to_owned(),
        })
    }

    async fn act(&mut self, at: At, command: &str, usual: &str) -> std::io::Result<Then> {
        let act = self.plan(at, command);
        self.perform(act, usual).await
    }

    async fn perform(&mut self, act: Act, usual: &str) -> std::io::Result<Then> {
        match act {
            Act::Go | Act::CutAfter(_) | Act::TakeAndCut => self.say(usual),
            Act::Say(text) => self.say(&text),
            Act::SayAndClose(text) => {
                self.say(&text);
                self.flush().await?;
                return Ok(Then::Close);
            }
            Act::Cut => {
                self.flush().await?;
                return Ok(Then::Close);
            }
            Act::Wait(time) => {
                self.flush().await?;
                tokio::time::sleep(time).await;
                self.say(usual);
            }
            Act::Hang => {
                self.flush().await?;
                std::future::pending::<()>().await;
            }
            Act::Meanwhile(happens) => {
                happens().await;
                self.say(usual);
            }
        }
        Ok(Then::On)
    }

    fn say(&mut self, text: &str) {
        self.pending.push_str(text);
        self.pending.push_str("\r\n");
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        if !self.pending.is_empty() {
            self.inner.round_trips.fetch_add(1, Ordering::SeqCst);
            // In Latin-1, as some relays speak.
            let bytes: Vec<u8> = self
                .pending
                .chars()
                .map(|letter| u8::try_from(letter).unwrap_or(b'?'))
                .collect();
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await?;
            self.pending.clear();
        }
        Ok(())
    }

    async fn start_tls(&mut self, line: &str) -> std::io::Result<Then> {
        let Some(acceptor) = self.inner.offer.tls.clone() else {
            return self.act(At::StartTls, line, "502 5.5.1 no TLS").await;
        };
        if let Then::Close = self.act(At::StartTls, line, "220 2.0.0 go").await? {
            return Ok(Then::Close);
        }
        if let Some(text) = self.inner.offer.inject {
            self.pending.push_str(text);
        }
        self.flush().await?;
        let plain = std::mem::replace(&mut self.stream, BufReader::new(Box::new(tokio::io::empty())));
        let tls = acceptor.accept(plain.into_inner()).await?;
        self.stream = BufReader::new(Box::new(tls));
        Ok(Then::On)
    }

    async fn auth(&mut self, line: &str) -> std::io::Result<Then> {
        if line.to_ascii_uppercase().starts_with("AUTH LOGIN") {
            for challenge in ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] {
                self.say(challenge);
                self.flush().await?;
                let mut answer = String::new();
                self.stream.read_line(&mut answer).await?;
            }
        }
        self.act(At::Auth, line, "235 2.7.0 welcome").await
    }

    async fn data(&mut self, line: &str) -> std::io::Result<Then> {
        let usual = if self.recipient.is_empty() {
            "503 5.5.1 RCPT first"
        } else {
            "354 go on"
        };
        let cut = match self.plan(At::Data, line) {
            Act::CutAfter(bytes) => {
                self.say("354 go on");
                Some(bytes)
            }
            act => {
                if let Then::Close = self.perform(act, usual).await? {
                    return Ok(Then::Close);
                }
                None
            }
        };
        if !self.pending.lines().last().is_some_and(|line| line.starts_with("354")) {
            return Ok(Then::On);
        }
        self.flush().await?;
        if let Some(bytes) = cut {
            let mut read = vec![0; bytes];
            self.stream.read_exact(&mut read).await?;
            return Ok(Then::Close);
        }
        let bytes = self.read_message().await?;
        self.mail += 1;
        self.answer_dot(bytes).await
    }

    async fn answer_dot(&mut self, bytes: Vec<u8>) -> std::io::Result<Then> {
        let usual = "250 2.0.0 Ok: queued";
        if self.recipient.is_empty() {
            self.say("554 5.5.1 no valid recipients");
            return Ok(Then::On);
        }
        match self.plan(At::Dot, ".") {
            Act::Go => {
                self.keep(bytes);
                self.say(usual);
            }
            Act::Wait(time) => {
                tokio::time::sleep(time).await;
                self.keep(bytes);
                self.say(usual);
            }
            Act::Meanwhile(happens) => {
                happens().await;
                self.keep(bytes);
                self.say(usual);
            }
            Act::Say(text) => {
                if text.starts_with('2') {
                    self.keep(bytes);
                }
                self.say(&text);
            }
            Act::SayAndClose(text) => {
                if text.starts_with('2') {
                    self.keep(bytes);
                }
                self.say(&text);
                self.flush().await?;
                return Ok(Then::Close);
            }
            Act::TakeAndCut => {
                self.keep(bytes);
                return Ok(Then::Close);
            }
            Act::Cut | Act::CutAfter(_) => return Ok(Then::Close),
            Act::Hang => std::future::pending().await,
        }
        self.recipient.clear();
        Ok(Then::On)
    }

    fn keep(&self, bytes: Vec<u8>) {
        #[expect(
            clippy::disallowed_methods,
            reason = "the sink is no part of the program; its log shows the wall clock"
        )]
        let at_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let (sender, recipient) = (self.sender.clone(), self.recipient.clone());
        let mail = Mail {
            at_ms,
            sender,
            recipient,
            bytes,
        };
        (self.inner.on_mail)(&mail);
        self.inner.mails.lock().unwrap().push(mail);
    }

    async fn read_message(&mut self) -> std::io::Result<Vec<u8>> {
        let (mut mail, mut line) = (Vec::new(), Vec::new());
        loop {
            line.clear();
            // A line ends with CRLF only: a lone LF belongs to the line.
            loop {
                if self.stream.read_until(b'\n', &mut line).await? == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                if line.ends_with(b"\r\n") {
                    break;
                }
            }
            if line == b".\r\n" {
                return Ok(mail);
            }
            mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }
}

/// What stands between the angle brackets.
fn between(command: &str) -> String {
    let inside = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(address, _)| address.to_owned()).unwrap_or_default()
}
