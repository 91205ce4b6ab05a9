//! A mailbox to which bounces come, reached by IMAP: mails are taken, counted, and only then moved away or deleted.
//!
//! In: `[bounces]` of kind `imap`. Out: what became of each mail. A crash between counting and moving takes a mail again,
//! which counts once (BNC-12). The surprising thing: nothing else waits for this. While the server is away, sending and
//! publishing go on, `status` says so, and it is tried again, less and less often (FLT-25).

use std::time::Duration;

use anyhow::{Context, bail};
use async_imap::{Client, Session};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_util::either::Either;

use super::{House, Taken, take_returned};
use crate::config::{Bounces, Tls};
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

    /// One mail at a time, so that a flood takes the room of one.
    async fn take_all(&mut self, house: &House, told: &mut impl FnMut(Taken)) -> anyhow::Result<()> {
        loop {
            let waiting = within("SEARCH", self.session.uid_search("UNDELETED")).await?;
            let mut waiting: Vec<u32> = waiting.into_iter().collect();
            if waiting.is_empty() {
                return Ok(());
            }
            waiting.sort_unstable();
            let mut is_idle = true;
            for some in waiting.chunks(TOGETHER) {
                let mut counted = Vec::new();
                for uid in some {
                    if let Some(raw) = self.fetch(*uid).await? {
                        told(take_returned(house, &raw).await?);
                        counted.push(*uid);
                    }
                }
                if !counted.is_empty() {
                    self.finish(&counted).await?;
                    is_idle = false;
                }
            }
            // What the server names and does not give is left where it is.
            if is_idle {
                return Ok(());
            }
        }
    }

    /// None: somebody else took it meanwhile.
    async fn fetch(&mut self, uid: u32) -> anyhow::Result<Option<Vec<u8>>> {
        let what = format!("(UID BODY.PEEK[]<0.{SIZE}>)");
        let fetched = within("FETCH", async {
            let answers = self.session.uid_fetch(uid.to_string(), what).await?;
            answers.try_collect::<Vec<_>>().await
        });
        let fetched = fetched.await?;
        let is_it = |fetch: &&async_imap::types::Fetch| fetch.uid == Some(uid);
        Ok(fetched
            .iter()
            .find(is_it)
            .and_then(|fetch| fetch.body())
            .map(<[u8]>::to_vec))
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
        within("STORE", async {
            let answers = self.session.uid_store(&uids, "+FLAGS.SILENT (\\Deleted)").await?;
            answers.try_collect::<Vec<_>>().await
        })
        .await?;
        match self.can_expunge_by_uid {
            true => {
                let expunge = async {
                    let gone = self.session.uid_expunge(&uids).await?;
                    gone.try_collect::<Vec<_>>().await
                };
                within("EXPUNGE", expunge).await?;
            }
            false => {
                let expunge = async {
                    let gone = self.session.expunge().await?;
                    gone.try_collect::<Vec<_>>().await
                };
                within("EXPUNGE", expunge).await?;
            }
        }
        Ok(())
    }

    async fn wait_for_news(self) -> anyhow::Result<Mailbox> {
        let mut idle = self.session.idle();
        within("IDLE", idle.init()).await?;
        let (news, _go_on_waiting) = idle.wait_with_timeout(IDLE);
        news.await.context("IDLE")?;
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
    let greeting = tokio::time::timeout(PATIENCE, client.read_response()).await;
    if greeting.context("the greeting took too long")??.is_none() {
        bail!("the server hung up");
    }
    Ok(client)
}

async fn within<T, E>(command: &'static str, answer: impl Future<Output = Result<T, E>>) -> anyhow::Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    tokio::time::timeout(PATIENCE, answer)
        .await
        .with_context(|| format!("{command} took too long"))?
        .context(command)
}
