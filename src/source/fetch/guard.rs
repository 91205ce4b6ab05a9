//! Where we may connect to: the public internet, and hosts of the institute that staff named (SEC-05).
//!
//! In: the host of an address. Out: socket addresses, each of which was looked at; the client connects to these and asks
//! no further, so that a name cannot point elsewhere between the look and the connection.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::Error;

/// Who tells the addresses of a name.
#[derive(Clone, Debug, Default)]
pub enum Names {
    #[default]
    System,
    /// For tests: these names and no others, as they are when they are asked for.
    Fixed(Arc<Mutex<HashMap<String, Vec<IpAddr>>>>),
}

/// What staff allow besides the public internet.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    internal: Arc<[String]>,
    names: Names,
}

/// A name that leads where it may not.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{host} is at {address}, which is not on the public internet")]
pub(super) struct Forbidden {
    pub(super) host: String,
    pub(super) address: IpAddr,
}

impl Guard {
    /// `internal` are host names or addresses of the institute's own network, as they stand in links.
    pub fn new(internal: &[String], names: Names) -> Guard {
        Guard {
            internal: internal.iter().map(|host| host.trim().to_lowercase()).collect(),
            names,
        }
    }

    /// Judges what can be judged without asking for the name: scheme, password, and a host that is an address.
    pub(super) fn admit(&self, url: &Url) -> Result<(), Error> {
        let is_web = matches!(url.scheme(), "http" | "https");
        if !is_web || !url.username().is_empty() || url.password().is_some() {
            return Err(Error::Address(url.clone()));
        }
        // `Url` has read decimal, octal and shortened forms into the address they mean.
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(Error::Address(url.clone())),
        };
        if is_public(address) || self.is_named(&address.to_string()) {
            return Ok(());
        }
        Err(Error::Internal {
            host: url.host_str().unwrap_or_default().to_owned(),
            address: address.to_string(),
        })
    }

    pub(super) fn is_named(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_lowercase();
        self.internal.contains(&host)
    }

    async fn look_up(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        match &self.names {
            Names::System => {
                let found = tokio::net::lookup_host((host, 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            }
            Names::Fixed(names) => names
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(host)
                .cloned()
                .ok_or_else(|| std::io::Error::new(std::io::ErrorKind::NotFound, format!("no such name: {host}"))),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let host = name.as_str();
            let found = guard.look_up(host).await?;
            if !guard.is_named(host)
                && let Some(address) = found.iter().find(|address| !is_public(**address))
            {
                return Err(Forbidden {
                    host: host.to_owned(),
                    address: *address,
                }
                .into());
            }
            let found: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(found)
        })
    }
}

/// Whether an address is on the public internet: none of the ranges that IANA keeps for something else.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        // IPv4 in other clothes: mapped, translated, and 6to4.
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0xffff) => inner(g, h),
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => inner(g, h),
        (0x2002, _) => inner(b, c),
        // Of all others, global unicast is what the internet uses; not in it: Teredo and its neighbours, documentation.
        (0x2001, 0..=0x1ff | 0xdb8) => false,
        (0x3fff, 0..=0xfff) => false,
        (0x2000..=0x3fff, _) => true,
        _ => false,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for address in [
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "::7f00:1",
            "100::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_in_disguise_is_the_address_it_means() {
        let guard = Guard::default();
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://[::1]/",
            "http://[::ffff:7f00:1]/",
            "http://①②⑦.0.0.1/",
        ] {
            let url = Url::parse(url).unwrap();
            assert!(matches!(guard.admit(&url), Err(Error::Internal { .. })), "{url}");
        }
        for url in [
            "ftp://example.org/",
            "file:///etc/passwd",
            "http://user:word@example.org/",
            "data:text/plain,x",
        ] {
            let url = Url::parse(url).unwrap();
            assert!(matches!(guard.admit(&url), Err(Error::Address(_))), "{url}");
        }
        assert!(guard.admit(&Url::parse("https://example.org/feed").unwrap()).is_ok());
        let named = Guard::new(&["127.0.0.1".to_owned()], Names::System);
        assert!(named.admit(&Url::parse("http://127.0.0.1:8080/").unwrap()).is_ok());
    }

    #[tokio::test]
    async fn what_was_looked_at_is_all_there_is_to_connect_to() {
        let names = Arc::new(Mutex::new(HashMap::new()));
        let guard = Guard::new(&[], Names::Fixed(names.clone()));
        let resolved = async |addresses: &[&str]| {
            let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
            names.lock().unwrap().insert("feeds.example.org".to_owned(), addresses);
            let found = guard.resolve("feeds.example.org".parse().unwrap()).await;
            found.map(|found| found.map(|address| address.ip().to_string()).collect::<Vec<_>>())
        };
        assert_eq!(
            resolved(&["1.1.1.1", "2606:4700::1111"]).await.unwrap(),
            ["1.1.1.1", "2606:4700::1111"]
        );
        // Its owner has changed it meanwhile: the next connection looks again.
        assert!(resolved(&["127.0.0.1"]).await.is_err());
        assert!(resolved(&["1.1.1.1", "10.0.0.1"]).await.is_err());
        assert_eq!(resolved(&["1.1.1.1"]).await.unwrap(), ["1.1.1.1"]);
    }
}
