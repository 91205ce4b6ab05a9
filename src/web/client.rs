//! Who asks: the address of a client, told by a proxy only if it is one of ours (HTTP-08).
//!
//! In: the peer of the connection, and `X-Forwarded-For`. Out: the client's network, for limits that many addresses of
//! one line share. Surprising: the header is read from its end, for what stands in front the client may have written.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::HeaderMap;

use crate::config::Web;

/// The other end of a connection, as `server.rs` sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// The client's network, shortened: `192.0.2.0/24` or `2001:db8:1:2::/64`.
pub(super) fn network(peer: Option<Peer>, headers: &HeaderMap, web: &Web) -> String {
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    shortened(client(peer, headers, web))
}

fn client(peer: IpAddr, headers: &HeaderMap, web: &Web) -> IpAddr {
    let said = headers.get_all("x-forwarded-for").iter();
    let said: Vec<&str> = said
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut client = peer;
    for address in said.into_iter().rev() {
        if !web.is_proxy(client) {
            break;
        }
        match address.trim().parse() {
            Ok(before) => client = before,
            Err(_) => break,
        }
    }
    client
}

fn shortened(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let network = std::net::Ipv6Addr::from(address.to_bits() >> 64 << 64);
            format!("{network}/64")
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn only_our_proxies_are_believed() {
        let web = Web {
            proxies: vec!["127.0.0.1".into(), "10.0.0.0/8".into()],
            ..Web::default()
        };
        let ask = |peer: &str, said: &[&str]| {
            let mut headers = HeaderMap::new();
            for said in said {
                headers.append("x-forwarded-for", said.parse().unwrap());
            }
            network(Some(Peer(peer.parse().unwrap())), &headers, &web)
        };
        assert_eq!(ask("127.0.0.1", &[]), "127.0.0.0/24");
        assert_eq!(ask("127.0.0.1", &["192.0.2.7"]), "192.0.2.0/24");
        assert_eq!(ask("::ffff:127.0.0.1", &["192.0.2.7"]), "192.0.2.0/24");
        // The client wrote the first one itself.
        assert_eq!(ask("127.0.0.1", &["203.0.113.9, 192.0.2.7"]), "192.0.2.0/24");
        assert_eq!(
            ask("127.0.0.1", &["203.0.113.9", "192.0.2.7, 10.1.2.3"]),
            "192.0.2.0/24"
        );
        assert_eq!(ask("198.51.100.1", &["192.0.2.7"]), "198.51.100.0/24");
        assert_eq!(ask("127.0.0.1", &["no address"]), "127.0.0.0/24");
        assert_eq!(ask("2001:db8:1:2:3::4", &[]), "2001:db8:1:2::/64");
    }
}
