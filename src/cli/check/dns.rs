//! Asks DNS what the judges of [`crate::authentication`] want to know.
//!
//! In: questions. Out: answers, each of which says whether there is no such record or whether nobody knows. All questions
//! of a round go out side by side, within a time that is bounded however many servers keep silent.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use futures_util::future::join_all;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::time::Instant;

use crate::authentication::{Answer, Answers, Finding, Question};

/// How long a server may take; it is asked twice.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long all questions together may take.
pub(super) const IN_ALL: Duration = Duration::from_secs(30);
/// Whoever makes us ask more than this means no good.
const MOST_QUESTIONS: usize = 1000;
const PORT: u16 = 53;

/// `ADDRESS` or `ADDRESS:PORT`, for `--dns`.
pub(super) fn server(text: &str) -> Result<SocketAddr, String> {
    text.parse::<SocketAddr>()
        .or_else(|_| text.parse::<IpAddr>().map(|address| SocketAddr::new(address, PORT)))
        .map_err(|_| "write ADDRESS or ADDRESS:PORT, such as 192.0.2.53 or [2001:db8::53]:5353".to_owned())
}

/// The resolver of this machine, or the one that a person named.
pub(super) fn resolver(server: Option<SocketAddr>) -> anyhow::Result<TokioResolver> {
    let mut builder = match server {
        Some(server) => {
            let at_port = |mut connection: ConnectionConfig| {
                connection.port = server.port();
                connection
            };
            let connections = vec![at_port(ConnectionConfig::udp()), at_port(ConnectionConfig::tcp())];
            let server = NameServerConfig::new(server.ip(), true, connections);
            let config = ResolverConfig::from_name_servers(vec![server]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
        None => TokioResolver::builder_tokio()
            .context("the DNS servers of this machine are not known; name one by --dns ADDRESS")?,
    };
    let options = builder.options_mut();
    options.timeout = PATIENCE;
    options.attempts = 1;
    // What the world sees counts, not what stands in /etc/hosts.
    options.use_hosts_file = ResolveHosts::Never;
    builder.build().context("DNS cannot be asked")
}

/// Calls the judges until nothing is left to be asked.
pub(super) async fn consult(
    resolver: &TokioResolver,
    mut judge: impl FnMut(&mut Answers) -> Vec<Finding>,
) -> Vec<Finding> {
    let end = Instant::now() + IN_ALL;
    let mut answers = Answers::default();
    loop {
        let findings = judge(&mut answers);
        let open = answers.take_open();
        if open.is_empty() {
            return findings;
        }
        let room = MOST_QUESTIONS.saturating_sub(answers.len());
        let asked = join_all(open.into_iter().enumerate().map(|(place, question)| async move {
            if place >= room {
                return (question, Answer::Silence("there were too many questions".into()));
            }
            let answer = tokio::time::timeout_at(end, ask(resolver, &question)).await;
            let answer = answer.unwrap_or_else(|_| Answer::Silence("no answer in time".into()));
            (question, answer)
        }));
        for (question, answer) in asked.await {
            answers.add(question, answer);
        }
    }
}

async fn ask(resolver: &TokioResolver, question: &Question) -> Answer {
    let answer = match question {
        Question::Txt(name) => texts(resolver, name).await,
        Question::Mx(name) => servers(resolver, name).await,
        Question::Address(name) => addresses(resolver, name).await,
        Question::Names(address) => names(resolver, *address).await,
    };
    answer.unwrap_or_else(|none| none)
}

async fn texts(resolver: &TokioResolver, name: &str) -> Result<Answer, Answer> {
    let found = look_up(resolver, name, RecordType::TXT).await?;
    let texts = found.answers().iter().filter_map(|record| match &record.data {
        RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
        _ => None,
    });
    Ok(Answer::Txt(texts.collect()))
}

async fn servers(resolver: &TokioResolver, name: &str) -> Result<Answer, Answer> {
    let found = look_up(resolver, name, RecordType::MX).await?;
    let servers = found.answers().iter().filter_map(|record| match &record.data {
        RData::MX(server) => Some((server.preference, plain(&server.exchange))),
        _ => None,
    });
    Ok(Answer::Mx(servers.collect()))
}

/// Of both kinds; one that DNS keeps to itself matters only if there is none of the other.
async fn addresses(resolver: &TokioResolver, name: &str) -> Result<Answer, Answer> {
    let (v4, v6) = tokio::join!(
        look_up(resolver, name, RecordType::A),
        look_up(resolver, name, RecordType::AAAA)
    );
    let found = [&v4, &v6].into_iter().flatten().flat_map(Lookup::answers);
    let addresses: Vec<IpAddr> = found.filter_map(|record| record.data.ip_addr()).collect();
    let silence = [v4.err(), v6.err()]
        .into_iter()
        .flatten()
        .find(|none| *none != Answer::Nothing);
    match silence {
        Some(silence) if addresses.is_empty() => Err(silence),
        _ => Ok(Answer::Addresses(addresses)),
    }
}

async fn names(resolver: &TokioResolver, address: IpAddr) -> Result<Answer, Answer> {
    let found = found(resolver.reverse_lookup(address).await)?;
    let names = found.answers().iter().filter_map(|record| match &record.data {
        RData::PTR(name) => Some(plain(name)),
        _ => None,
    });
    Ok(Answer::Names(names.collect()))
}

/// The error is an answer as well: that there is none, or that nobody knows.
async fn look_up(resolver: &TokioResolver, name: &str, kind: RecordType) -> Result<Lookup, Answer> {
    let Ok(mut name) = Name::from_ascii(name) else {
        return Err(Answer::Nothing);
    };
    // From the root: no search list of this machine is put behind it.
    name.set_fqdn(true);
    found(resolver.lookup(name, kind).await)
}

fn found(result: Result<Lookup, NetError>) -> Result<Lookup, Answer> {
    result.map_err(|error| match error {
        NetError::Dns(DnsError::NoRecordsFound(none))
            if matches!(none.response_code, ResponseCode::NXDomain | ResponseCode::NoError) =>
        {
            Answer::Nothing
        }
        NetError::Dns(DnsError::ResponseCode(code)) => Answer::Silence(format!("the DNS server says \"{code}\"")),
        NetError::Timeout => Answer::Silence("no answer in time".into()),
        other => Answer::Silence(other.to_string()),
    })
}

fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}
