//! Fetches what lies at an address on the web: the one way out by HTTP.
//!
//! In: an address and the validators of the last answer. Out: a [`Page`] within limits (POLL-07), "not modified", or
//! why not. The surprising part: an address is judged where it is connected to, name by name and redirect by redirect
//! (`fetch/guard.rs`), and answers are unpacked here, because only who unpacks them can say when it is too much.

mod guard;
mod post;
mod robots;
mod unpack;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::{StatusCode, redirect};
use serde::{Deserialize, Serialize};
use url::Url;

use self::robots::{Robots, Rules};

pub use guard::{Guard, Names};

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);
/// For the whole answer, redirects included.
const TOTAL: Duration = Duration::from_secs(60);
const MOST_REDIRECTS: usize = 5;
/// Bytes as they come over the wire.
const MOST_WIRE: usize = 10 * 1024 * 1024;
/// A server may ask for this much patience at most.
const MOST_PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Fetches, one request at a time from each host (POLL-06).
#[derive(Clone)]
pub struct Fetcher {
    client: reqwest::Client,
    guard: Guard,
    robots: Robots,
    hosts: Arc<Mutex<HashMap<String, Host>>>,
}

/// Locked while a request is under way; holds until when the host asked to be left alone.
type Host = Arc<tokio::sync::Mutex<Option<DateTime<Utc>>>>;

enum Answer {
    NotModified,
    Redirect { to: Url, is_permanent: bool },
    Page(Box<Page>),
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub url: &'a Url,
    /// For `Accept`.
    pub accept: &'static str,
    /// The host of the source itself: the only internal one that it may lead to.
    pub home: Option<&'a str>,
    /// Nothing is read that the robots.txt of its host does not allow (STR-08).
    pub robots: bool,
    pub validators: Option<&'a Validators>,
}

/// What the last answer that could be read was marked with, as the server wrote it (POLL-01).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validators {
    /// The address that gave them, which a redirect may have led to.
    pub url: Url,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

/// An answer that can be read.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it lay in the end.
    pub url: Url,
    /// Where it lies for good, if every redirect on the way was permanent.
    pub moved_to: Option<Url>,
    /// As the server wrote it, with its charset.
    pub content_type: Option<String>,
    /// None if the server gave none.
    pub validators: Option<Validators>,
    /// `max-age`: not to be asked again before.
    pub fresh_for: Option<Duration>,
    pub bytes: Vec<u8>,
}

impl Page {
    /// The charset of `Content-Type`.
    pub fn charset(&self) -> Option<&str> {
        let parameters = self.content_type.as_deref()?.split(';').skip(1);
        parameters
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
            .map(|(_, value)| value.trim().trim_matches('"'))
    }
}

#[derive(Clone, Debug)]
pub enum Fetched {
    NotModified,
    Page(Box<Page>),
}

/// Why nothing was fetched. The sentence is for staff.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} is no http or https address without a password in it; correct it")]
    Address(Url),
    #[error(
        "{host} is at {address}, which is not on the public internet; if it is a server of your own, name it in \
         `fetch.internal_hosts`"
    )]
    Internal { host: String, address: String },
    #[error("{0} is on an internal host, to which only a source of that host may lead")]
    Foreign(Url),
    #[error("{url} answered {status}{}", hint(*status))]
    Status {
        url: Url,
        status: StatusCode,
        /// `Retry-After`.
        retry_after: Option<Duration>,
    },
    #[error(
        "{0} is not read, because the robots.txt of its host forbids it; if the site is yours, let `rapporteur` in there, \
         or set `robots = false`"
    )]
    Robots(Url),
    #[error("{url} is not read, because what its robots.txt allows cannot be known: {why}")]
    RobotsUnknown { url: Url, why: String },
    #[error("{url} is not asked, because its host asked to be left alone until {}", until.format("%Y-%m-%d %H:%M UTC"))]
    ToldToWait {
        url: Url,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    },
    #[error("{0} leads from https to http; that is not followed")]
    Downgrade(Url),
    #[error("{0} leads through more than {MOST_REDIRECTS} redirects")]
    Redirects(Url),
    #[error("{0} redirects without saying where")]
    NoLocation(Url),
    #[error("{url} is {what}; that is not read")]
    TooMuch { url: Url, what: String },
    #[error("{0} did not answer in full within {within} s", within = TOTAL.as_secs())]
    Slow(Url),
    #[error("{url} cannot be reached: {why}")]
    Network { url: Url, why: String },
}

impl Error {
    /// The source is gone for good (POLL-04).
    pub fn is_gone(&self) -> bool {
        matches!(self, Error::Status { status, .. } if *status == StatusCode::GONE)
    }

    /// How long the server asked to be left alone (POLL-03).
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Status { retry_after, .. } => *retry_after,
            Error::ToldToWait { until, now, .. } => (*until - *now).to_std().ok(),
            _ => None,
        }
    }

    /// Until when its host asked to be left alone, which is why nobody asked.
    pub fn unasked_until(&self) -> Option<DateTime<Utc>> {
        match self {
            Error::ToldToWait { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// Another time may do.
    pub fn is_passing(&self) -> bool {
        match self {
            Error::Status { status, .. } => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            Error::ToldToWait { .. } | Error::RobotsUnknown { .. } | Error::Slow(_) | Error::Network { .. } => true,
            _ => false,
        }
    }

    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Error::Status { status, .. } => Some(*status),
            _ => None,
        }
    }
}

fn hint(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ": it does not let us in; ask its keeper",
        StatusCode::NOT_FOUND => ": there is nothing at this address; correct it",
        StatusCode::GONE => ": it is gone for good; remove the source or correct its address",
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => ": it asks us to wait",
        _ => "",
    }
}

impl Fetcher {
    /// `contact` is an address at which somebody who minds our requests finds us.
    pub fn new(contact: &str, guard: Guard) -> anyhow::Result<Fetcher> {
        let client = reqwest::Client::builder()
            .user_agent(format!("rapporteur/{} (+{contact})", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            // A proxy would connect where we have not looked.
            .no_proxy()
            .dns_resolver(Arc::new(guard.clone()))
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(1)
            .http1_only()
            .build()?;
        Ok(Fetcher {
            client,
            guard,
            robots: Robots::default(),
            hosts: Arc::default(),
        })
    }

    /// Fetches a page. `now` turns a `Retry-After` that names an instant into a time to wait.
    pub async fn fetch(&self, request: &Request<'_>, now: DateTime<Utc>) -> Result<Fetched, Error> {
        let mut url = request.url.clone();
        let mut moved_for_good = true;
        let mut left = TOTAL;
        for _ in 0..=MOST_REDIRECTS {
            self.admit(&url, request)?;
            if request.robots {
                self.rules(&url, request, now).await.admit(&url)?;
            }
            // Until the answer has come in full. Who waits for another request is not slow.
            let host = self.host(&url);
            let mut patience = host.lock().await;
            if let Some(until) = patience.filter(|until| *until > now) {
                return Err(Error::ToldToWait { url, until, now });
            }
            let began = tokio::time::Instant::now();
            let answer = tokio::time::timeout(left, self.ask(&url, request, now)).await;
            left = left.saturating_sub(began.elapsed());
            match answer {
                Ok(Ok(Answer::NotModified)) => return Ok(Fetched::NotModified),
                Ok(Ok(Answer::Page(page))) => {
                    let moved_to = (moved_for_good && url != *request.url).then(|| url.clone());
                    return Ok(Fetched::Page(Box::new(Page { moved_to, ..*page })));
                }
                Ok(Ok(Answer::Redirect { to, is_permanent })) => {
                    moved_for_good &= is_permanent;
                    url = to;
                }
                Ok(Err(error)) => {
                    if let Some(asked) = error.retry_after() {
                        *patience = TimeDelta::from_std(asked).ok().map(|asked| now + asked);
                    }
                    return Err(error);
                }
                Err(_) => return Err(Error::Slow(request.url.clone())),
            }
        }
        Err(Error::Redirects(request.url.clone()))
    }

    fn admit(&self, url: &Url, request: &Request<'_>) -> Result<(), Error> {
        self.guard.admit(url)?;
        let name = url.host_str().unwrap_or_default();
        if self.guard.is_named(name.trim_matches(['[', ']'])) && request.home != Some(name) {
            return Err(Error::Foreign(url.clone()));
        }
        Ok(())
    }

    /// One request and its whole answer.
    async fn ask(&self, url: &Url, request: &Request<'_>, now: DateTime<Utc>) -> Result<Answer, Error> {
        let mut asked = self
            .client
            .get(url.clone())
            .header(header::ACCEPT, request.accept)
            .header(header::ACCEPT_ENCODING, "gzip, br");
        // Validators belong to the address they came from.
        if let Some(validators) = request.validators.filter(|validators| validators.url == *url) {
            if let Some(etag) = &validators.etag {
                asked = asked.header(header::IF_NONE_MATCH, etag);
            }
            if let Some(at) = &validators.last_modified {
                asked = asked.header(header::IF_MODIFIED_SINCE, at);
            }
        }
        let answer = asked.send().await.map_err(|error| network(url, &error))?;
        let status = answer.status();
        match status {
            StatusCode::NOT_MODIFIED => Ok(Answer::NotModified),
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::PERMANENT_REDIRECT
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT => {
                let to = text(answer.headers(), header::LOCATION).and_then(|to| url.join(&to).ok());
                let to = to.ok_or_else(|| Error::NoLocation(url.clone()))?;
                if url.scheme() == "https" && to.scheme() == "http" {
                    return Err(Error::Downgrade(url.clone()));
                }
                Ok(Answer::Redirect {
                    to,
                    is_permanent: matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT),
                })
            }
            status if status.is_success() => Ok(Answer::Page(Box::new(read(url.clone(), answer).await?))),
            status => Err(Error::Status {
                retry_after: text(answer.headers(), header::RETRY_AFTER).and_then(|value| patience(&value, now)),
                url: url.clone(),
                status,
            }),
        }
    }

    /// What robots.txt says where an address lies, asked at most once a day.
    async fn rules(&self, url: &Url, request: &Request<'_>, now: DateTime<Utc>) -> Arc<Rules> {
        if let Some(rules) = self.robots.known(url, now) {
            return rules;
        }
        let Ok(address) = url.join("/robots.txt") else {
            return Arc::new(Rules::All);
        };
        let asked = Request {
            url: &address,
            accept: "text/plain",
            home: request.home,
            robots: false,
            validators: None,
        };
        let answer = Box::pin(self.fetch(&asked, now)).await;
        self.robots.learn(url, &answer, now)
    }

    /// How long robots.txt wants us to wait between two pages, if it was asked for.
    pub fn delay(&self, url: &Url, now: DateTime<Utc>) -> Option<Duration> {
        self.robots.known(url, now)?.delay()
    }

    fn host(&self, url: &Url) -> Host {
        let name = url.host_str().unwrap_or_default().to_owned();
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.entry(name).or_default().clone()
    }
}

async fn read(url: Url, mut answer: reqwest::Response) -> Result<Page, Error> {
    let headers = answer.headers();
    let fresh_for = text(headers, header::CACHE_CONTROL).and_then(|value| max_age(&value));
    let encoding = text(headers, header::CONTENT_ENCODING).unwrap_or_default();
    let validators = Validators {
        url: url.clone(),
        etag: text(headers, header::ETAG),
        last_modified: text(headers, header::LAST_MODIFIED),
    };
    let page = Page {
        moved_to: None,
        content_type: text(headers, header::CONTENT_TYPE),
        validators: Some(validators).filter(|one| one.etag.is_some() || one.last_modified.is_some()),
        fresh_for,
        bytes: Vec::new(),
        url,
    };
    let mut wire = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| network(&page.url, &error))? {
        if wire.len() + chunk.len() > MOST_WIRE {
            return Err(Error::TooMuch {
                url: page.url,
                what: format!("larger than {} MB", MOST_WIRE / 1024 / 1024),
            });
        }
        wire.extend_from_slice(&chunk);
    }
    // Unpacking takes long enough to keep others waiting.
    match tokio::task::spawn_blocking(move || unpack::unpack(wire, &encoding)).await {
        Ok(Ok(bytes)) => Ok(Page { bytes, ..page }),
        Ok(Err(what)) => Err(Error::TooMuch { url: page.url, what }),
        Err(_) => Err(Error::TooMuch {
            url: page.url,
            what: "packed in a way that cannot be unpacked".to_owned(),
        }),
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// `Retry-After`: seconds or an instant (RFC 9110 section 10.2.3).
fn patience(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    let asked = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = DateTime::<Utc>::from(httpdate::parse_http_date(value).ok()?);
            (at - now).to_std().unwrap_or_default()
        }
    };
    Some(asked.min(MOST_PATIENCE))
}

fn max_age(value: &str) -> Option<Duration> {
    let seconds = value
        .split(',')
        .find_map(|part| part.trim().strip_prefix("max-age="))?
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(MOST_PATIENCE))
}

/// The innermost cause says what happened; a refusal of the guard comes out as it is.
fn network(url: &Url, error: &reqwest::Error) -> Error {
    let mut cause: &dyn std::error::Error = error;
    loop {
        if let Some(guard::Forbidden { host, address }) = cause.downcast_ref() {
            return Error::Internal {
                host: host.clone(),
                address: address.to_string(),
            };
        }
        match cause.source() {
            Some(source) => cause = source,
            None => break,
        }
    }
    Error::Network {
        url: url.clone(),
        why: cause.to_string(),
    }
}
