//! Whether the addresses of a relay have names that lead back to them (RFC 1912 section 2.1).
//!
//! In: a relay's host, and answers. Out: findings, never more than hints: what a relay beyond this machine sends from is
//! its own affair, and receivers judge it by that.

use std::net::{IpAddr, Ipv4Addr};

use super::{Answers, Finding, legible};

/// Addresses and names that are looked at.
const MOST: usize = 5;

/// Judges the public addresses of a host.
pub fn judge(relay: &str, host: &str, answers: &mut Answers) -> Vec<Finding> {
    let mut found = Vec::new();
    let addresses = answers.addresses(host).unwrap_or_default();
    for address in addresses.into_iter().filter(|address| is_public(*address)).take(MOST) {
        let names = match answers.names(address) {
            Ok(names) => names,
            Err(silence) => {
                found.push(Finding::Hint(format!(
                    "relay {relay}: whether {address} has a name is not known, since DNS gives no answer ({})",
                    legible(&silence.why)
                )));
                continue;
            }
        };
        let leads_back = |name: &&String| answers.addresses(name).unwrap_or_default().contains(&address);
        let confirmed: Vec<&String> = names.iter().take(MOST).filter(leads_back).collect();
        found.push(match (names.first(), confirmed.first()) {
            (_, Some(name)) => Finding::Fact(format!(
                "Relay {relay}: {address} is {}, and that name leads back to it.",
                legible(name)
            )),
            (Some(name), None) => Finding::Hint(format!(
                "relay {relay}: {address} calls itself {}, and that name does not lead back; if mails leave for the world from there, receivers distrust them",
                legible(name)
            )),
            (None, None) => Finding::Hint(format!(
                "relay {relay}: {address} has no name (PTR); if mails leave for the world from there, receivers distrust them"
            )),
        });
    }
    found
}

/// An address of the world, not of a house.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let is_shared = address.octets().first() == Some(&100)
                && Ipv4Addr::new(100, 64, 0, 0).to_bits() >> 22 == address.to_bits() >> 22;
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || is_shared)
        }
        IpAddr::V6(address) => {
            !(address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local())
        }
    }
}
