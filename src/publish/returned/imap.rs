//! A mailbox to which bounces come, reached by IMAP: mails are taken, counted, and only then moved away or deleted.
//!
//! In: `[bounces]` of kind `imap`. Out: what became of each mail. A crash between counting and moving takes a mail again,
//! which counts once (BNC-12). The surprising thing: nothing else waits for this. While the server is away, sending and
//! publishing go on, `status` says so, and it is tried again, less and less often (FLT-25). A mailbox that does not let
//! go of what is counted is such trouble too: otherwise its mails would be taken for ever.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use async_imap::error::Error;
use async_imap::imap_proto::{AttributeValue, MailboxDatum, Response, Status};
use async_imap::{Client, Session};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_util::either::Either;

use super::{House, Taken, take_returned};
use crate::config::{Bounces, Tls};
use crate::store::kind_of;
use crate::tls;

/// How long the server may take over one command.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long we wait for news at most; after that we look by ourselves.
const IDLE: Duration = Duration::from_secs(5 * 60);
/// How often we look where the server brings no news.
const POLL: Duration = Duration::from_secs(60);
/// How long we wait after the first failure, and after the next ones; the last one stays.
const RESTS: [Duration; 4] = [
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
];
/// Mails of which the server hears at once that they are done.
const TOGETHER: usize = 50;
/// Bytes of a mail that are fetched.
const SIZE: u64 = 8 << 20;
/// Letters of a server's words that are kept.
const SHOWN: usize = 200;
/// Where it is written down that the mailbox cannot be reached.
const FACT: &str = "bounces trouble";

type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// Since when the mailbox cannot be reached, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    pub since: DateTime<Utc>,
    pub why: String,
}

/// A mailbox that is open.
struct Mailbox {
    session: Session<Stream>,
    /// Where mails go that are counted; none: they are deleted.
    done: Option<String>,
    can_move: bool,
    can_expunge_by_uid: bool,
    brings_news: bool,
}

/// What a server gives of a mail.
enum Fetched {
    Mail(Vec<u8>),
    /// Somebody else took it meanwhile.
    Gone,
    /// And its words.
    Refused(String),
}

/// Takes what lies there now.
pub(super) async fn collect(house: &House) -> anyhow::Result<Vec<Taken>> {
    let mut mailbox = Mailbox::open(&house.config.bounces).await?;
    let mut taken = Vec::new();
    mailbox.take_all(house, &mut |one| taken.push(one)).await?;
    within("LOGOUT", mailbox.session.logout()).await?;
    Ok(taken)
}

/// Takes what comes, for ever. `told` hears of each mail.
pub async fn watch_mailbox(house: &House, mut told: impl FnMut(Taken)) {
    let mut failures = 0;
    loop {
        let Err(error) = watch(house, &mut failures, &mut told).await else {
            continue;
        };
        let rest = RESTS.get(failures).or(RESTS.last()).copied().unwrap_or(POLL);
        failures += 1;
        let why = format!("{error:#}");
        match note(house, &why).await {
            Ok(true) => tracing::error!(why, "the mailbox of bounces cannot be read, it is tried again"),
            Ok(false) => {}
            Err(error) => tracing::error!("the trouble with the mailbox of bounces cannot be written down: {error:#}"),
        }
        tokio::time::sleep(rest).await;
    }
}

/// What keeps us from the mailbox, for `status`.
pub async fn mailbox_trouble(house: &House) -> anyhow::Result<Option<Trouble>> {
    if house.config.bounces.kind != Some(crate::config::BouncesKind::Imap) {
        return Ok(None);
    }
    let noted = house.store.find_fact(FACT).await?.unwrap_or_default();
    Ok(serde_json::from_str(&noted).ok())
}

/// Writes the trouble down. True: it is new.
async fn note(house: &House, why: &str) -> anyhow::Result<bool> {
    let before = mailbox_trouble(house).await?;
    let trouble = Trouble {
        since: before.as_ref().map_or(house.now(), |before| before.since),
        why: why.to_owned(),
    };
    house.store.record_fact(FACT, &serde_json::to_string(&trouble)?).await?;
    Ok(before.is_none_or(|before| before.why != why))
}

/// One connection, for as long as it holds.
async fn watch(house: &House, failures: &mut usize, told: &mut impl FnMut(Taken)) -> anyhow::Result<()> {
    let mut mailbox = Mailbox::open(&house.config.bounces).await?;
    loop {
        mailbox.take_all(house, told).await?;
        *failures = 0;
        if mailbox_trouble(house).await?.is_some() {
            tracing::info!("the mailbox of bounces can be read again");
            house.store.record_fact(FACT, "").await?;
        }
        if !mailbox.brings_news {
            within("LOGOUT", mailbox.session.logout()).await?;
            tokio::time::sleep(POLL).await;
            return Ok(());
        }
        mailbox = mailbox.wait_for_news().await?;
    }
}

impl Mailbox {
    async fn open(bounces: &Bounces) -> anyhow::Result<Mailbox> {
        let (host, user) = (
            bounces.host.as_deref().unwrap_or_default(),
            bounces.user.as_deref().unwrap_or_default(),
        );
        let password = bounces
            .password()?
            .context("bounces.password_file is missing, and so is RAPPORTEUR__BOUNCES__PASSWORD")?;
        let place = format!("{host}:{}", bounces.port());
        let client = connect(bounces, host).await.with_context(|| place.clone())?;
        let login = within("LOGIN", async {
            let signed_in = client.login(user, password.expose_secret()).await;
            signed_in.map_err(|(error, _)| error)
        });
        let mut session = login.await.with_context(|| place.clone())?;
        let offered = within("CAPABILITY", session.capabilities()).await?;
        if let Some(done) = &bounces.done {
            // It is there already, mostly.
            let _ = within("CREATE", session.create(done)).await;
        }
        within("SELECT", session.select(&bounces.folder))
            .await
            .with_context(|| format!("{place}, folder {}", bounces.folder))?;
        Ok(Mailbox {
            session,
            done: bounces.done.clone(),
            can_move: offered.has_str("MOVE"),
            can_expunge_by_uid: offered.has_str("UIDPLUS"),
            brings_news: offered.has_str("IDLE"),
        })
    }

    /// One mail at a time, so that a flood takes the room of one. A mail that cannot be read is left where it is, and is
    /// an error once the others are taken.
    async fn take_all(&mut self, house: &House, told: &mut impl FnMut(Taken)) -> anyhow::Result<()> {
        let mut finished: HashSet<u32> = HashSet::new();
        loop {
            let waiting = self.search().await?;
            if waiting.iter().any(|uid| finished.contains(uid)) {
                bail!("the server says that mails are moved or deleted, and they still lie there");
            }
            finished.clear();
            let mut unread = None;
            for some in waiting.chunks(TOGETHER) {
                let mut counted = Vec::new();
                for uid in some {
                    match self.fetch(*uid).await? {
                        Fetched::Mail(raw) => {
                            told(take_returned(house, &raw).await?);
                            counted.push(*uid);
                        }
                        Fetched::Gone => {}
                        Fetched::Refused(words) => unread = Some(words),
                    }
                }
                if !counted.is_empty() {
                    self.finish(&counted).await?;
                    finished.extend(counted);
                }
            }
            if let Some(words) = unread {
                bail!("FETCH: a mail cannot be read: {words}");
            }
            // What the server names and does not give is left where it is.
            if finished.is_empty() {
                return Ok(());
            }
        }
    }

    /// Mails that wait, the oldest first.
    async fn search(&mut self) -> anyhow::Result<Vec<u32>> {
        let mut waiting = Vec::new();
        let hear = |answer: &Response<'_>| {
            if let Response::MailboxData(MailboxDatum::Search(uids)) = answer {
                waiting.extend(uids);
            }
        };
        self.run("SEARCH", "UID SEARCH UNDELETED", hear).await?;
        waiting.sort_unstable();
        waiting.dedup();
        Ok(waiting)
    }

    async fn fetch(&mut self, uid: u32) -> anyhow::Result<Fetched> {
        let mut fetched = Fetched::Gone;
        let hear = |answer: &Response<'_>| {
            let Response::Fetch(_, parts) = answer else { return };
            let body = parts.iter().find_map(|part| match part {
                AttributeValue::BodySection { data, .. } => data.as_deref(),
                _ => None,
            });
            if let Some(body) = body
                && parts
                    .iter()
                    .any(|part| matches!(part, AttributeValue::Uid(it) if *it == uid))
            {
                fetched = Fetched::Mail(body.to_vec());
            }
        };
        let command = format!("UID FETCH {uid} (UID BODY.PEEK[]<0.{SIZE}>)");
        let refused = self.ask("FETCH", &command, hear).await?;
        Ok(refused.map_or(fetched, Fetched::Refused))
    }

    /// Moves mails away, or deletes them: they are counted.
    async fn finish(&mut self, uids: &[u32]) -> anyhow::Result<()> {
        let uids: Vec<String> = uids.iter().map(u32::to_string).collect();
        let uids = uids.join(",");
        if let Some(done) = &self.done {
            if self.can_move {
                return within("MOVE", self.session.uid_mv(&uids, done)).await;
            }
            within("COPY", self.session.uid_copy(&uids, done)).await?;
        }
        let delete = format!("UID STORE {uids} +FLAGS.SILENT (\\Deleted)");
        self.run("STORE", &delete, |_| {}).await?;
        let expunge = match self.can_expunge_by_uid {
            true => format!("UID EXPUNGE {uids}"),
            false => "EXPUNGE".to_owned(),
        };
        self.run("EXPUNGE", &expunge, |_| {}).await
    }

    /// Runs a command that must succeed.
    async fn run(&mut self, name: &'static str, command: &str, hear: impl FnMut(&Response<'_>)) -> anyhow::Result<()> {
        match self.ask(name, command, hear).await? {
            None => Ok(()),
            Some(words) => bail!("{name}: {words}"),
        }
    }

    /// Runs a command; `hear` is given each answer. Returns the server's words if it says no. Our own loop, since the
    /// library's streams end at the last line and do not look what it says.
    async fn ask(
        &mut self,
        name: &'static str,
        command: &str,
        mut hear: impl FnMut(&Response<'_>),
    ) -> anyhow::Result<Option<String>> {
        within(name, async {
            let tag = self.session.run_command(command).await?;
            loop {
                let answer = self.session.read_response().await?.ok_or(Error::ConnectionLost)?;
                match answer.parsed() {
                    Response::Done {
                        tag: of,
                        status,
                        outcome,
                    } if *of == tag => {
                        let words = || shown(outcome.information.as_deref().unwrap_or("without a word"));
                        return Ok((*status != Status::Ok).then(words));
                    }
                    answer => hear(answer),
                }
            }
        })
        .await
    }

    async fn wait_for_news(self) -> anyhow::Result<Mailbox> {
        let mut idle = self.session.idle();
        within("IDLE", idle.init()).await?;
        let (news, _go_on_waiting) = idle.wait_with_timeout(IDLE);
        news.await.map_err(|error| anyhow!("IDLE: {}", without_mail(error)))?;
        Ok(Mailbox {
            session: within("DONE", idle.done()).await?,
            ..self
        })
    }
}

async fn connect(bounces: &Bounces, host: &str) -> anyhow::Result<Client<Stream>> {
    let connecting = TcpStream::connect((host, bounces.port()));
    let socket = tokio::time::timeout(PATIENCE, connecting)
        .await
        .context("connecting took too long")?
        .context("cannot connect")?;
    let encrypt = async |socket: TcpStream| -> anyhow::Result<TlsStream<TcpStream>> {
        let connector = tls::connector(bounces.ca_file.as_deref()).context("bounces.ca_file")?;
        let name = ServerName::try_from(host.to_owned()).context("bounces.host")?;
        let encrypting = tokio::time::timeout(PATIENCE, connector.connect(name, socket));
        encrypting.await.context("TLS took too long")?.context("TLS")
    };
    match bounces.tls() {
        Tls::None => greeted(Client::new(Either::Left(socket))).await,
        Tls::Implicit => greeted(Client::new(Either::Right(encrypt(socket).await?))).await,
        Tls::Starttls => {
            let mut client = greeted(Client::new(socket)).await?;
            within("STARTTLS", client.run_command_and_check_ok("STARTTLS", None)).await?;
            // What came behind the answer is thrown away with the client: nobody has vouched for it.
            Ok(Client::new(Either::Right(encrypt(client.into_inner()).await?)))
        }
    }
}

async fn greeted<S>(mut client: Client<S>) -> anyhow::Result<Client<S>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + std::fmt::Debug + Send,
{
    let greeting = within("the greeting", async { Ok(client.read_response().await?) });
    if greeting.await?.is_none() {
        bail!("the server hung up");
    }
    Ok(client)
}

async fn within<T>(command: &'static str, answer: impl Future<Output = Result<T, Error>>) -> anyhow::Result<T> {
    tokio::time::timeout(PATIENCE, answer)
        .await
        .with_context(|| format!("{command} took too long"))?
        .map_err(|error| anyhow!("{command}: {}", without_mail(error)))
}

/// For logs and `status` (SEC-19): an answer that cannot be read may be a whole mail, and is not repeated.
fn without_mail(error: Error) -> String {
    match error {
        Error::Parse(_) => "an answer that cannot be read".to_owned(),
        Error::Io(error) if error.kind() == ErrorKind::Other => "an answer that cannot be read".to_owned(),
        error => shown(&error.to_string()),
    }
}

/// A server's words without addresses, cut.
fn shown(words: &str) -> String {
    kind_of(words).chars().take(SHOWN).collect()
}
