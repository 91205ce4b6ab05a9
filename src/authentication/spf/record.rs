//! Reads one SPF record (RFC 7208 section 4.6, 5, 6 and 12).
//!
//! In: the text of a TXT record. Out: its directives, or what makes it void. The surprising thing: a name with a macro
//! (`%{i}`) stands for another name in each mail, so that it is counted and not looked up.

use std::net::IpAddr;

use crate::authentication::legible;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Qualifier {
    Pass,
    Fail,
    SoftFail,
    Neutral,
}

/// Whose records a mechanism looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The domain's that has the record.
    Own,
    Name(String),
    /// Another in each mail.
    Macro,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    All,
    Include(Target),
    A(Target, Prefixes),
    Mx(Target, Prefixes),
    Ptr,
    Exists(Target),
    Ip(Network),
}

/// Leading bits that count, of IPv4 and of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefixes {
    v4: u8,
    v6: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    prefix: u8,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Through the first `all`: what follows it is never looked at.
    pub directives: Vec<(Qualifier, Mechanism)>,
    /// Where the rest stands, unless there is an `all`.
    pub redirect: Option<Target>,
    /// Something follows `all`.
    pub unread: bool,
}

impl Network {
    pub(super) fn of(address: IpAddr, prefixes: Prefixes) -> Network {
        let prefix = match address {
            IpAddr::V4(_) => prefixes.v4,
            IpAddr::V6(_) => prefixes.v6,
        };
        Network { address, prefix }
    }

    pub(super) fn contains(&self, other: IpAddr) -> bool {
        let shift = |width: u8| u32::from(width.saturating_sub(self.prefix));
        match (self.address, other) {
            // A shift by all bits leaves none: then any two are alike.
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                (ours.to_bits() ^ other.to_bits()).checked_shr(shift(32)).unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                (ours.to_bits() ^ other.to_bits()).checked_shr(shift(128)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    /// The whole internet, or so much of it that it makes no difference.
    pub(super) fn is_everybody(&self) -> bool {
        self.prefix == 0
    }
}

/// Whether a TXT record is an SPF record (RFC 7208 section 4.5).
pub(super) fn is_spf(text: &str) -> bool {
    let version = text.split(' ').next().unwrap_or_default();
    version.eq_ignore_ascii_case("v=spf1")
}

/// Reads a record; the error says what receivers stumble over.
pub(super) fn parse(text: &str) -> Result<Record, String> {
    let mut record = Record::default();
    let mut ended = false;
    for term in text.split(' ').skip(1).filter(|term| !term.is_empty()) {
        if let Some((name, value)) = modifier(term) {
            if name.eq_ignore_ascii_case("redirect") {
                if record.redirect.is_some() {
                    return Err("it has two `redirect`".into());
                }
                record.redirect = Some(target(value).ok_or_else(|| strange(term))?);
            }
            continue;
        }
        let directive = directive(term).ok_or_else(|| strange(term))?;
        if ended {
            record.unread = true;
            continue;
        }
        ended = directive.1 == Mechanism::All;
        record.directives.push(directive);
    }
    if ended {
        record.redirect = None;
    }
    Ok(record)
}

fn strange(term: &str) -> String {
    format!("`{}` means nothing in it", legible(term))
}

/// `name=value`; a mechanism has `:` or `/` where this has `=`.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let named = name.bytes().next()?.is_ascii_alphabetic() && name.bytes().all(letters);
    let visible = value.bytes().all(|byte| byte.is_ascii_graphic());
    (named && visible).then_some((name, value))
}

fn directive(term: &str) -> Option<(Qualifier, Mechanism)> {
    let (qualifier, rest) = match term.as_bytes().first()? {
        b'+' => (Qualifier::Pass, term.get(1..)?),
        b'-' => (Qualifier::Fail, term.get(1..)?),
        b'~' => (Qualifier::SoftFail, term.get(1..)?),
        b'?' => (Qualifier::Neutral, term.get(1..)?),
        _ => (Qualifier::Pass, term),
    };
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    let (name, rest) = rest.split_at_checked(end)?;
    let value = rest.strip_prefix(':');
    let mechanism = match name.to_ascii_lowercase().as_str() {
        "all" if rest.is_empty() => Mechanism::All,
        "include" => Mechanism::Include(target(value?)?),
        "exists" => Mechanism::Exists(target(value?)?),
        "ptr" => match value {
            None if rest.is_empty() => Mechanism::Ptr,
            None => return None,
            Some(name) => target(name).map(|_| Mechanism::Ptr)?,
        },
        "a" => {
            let (target, prefixes) = host(rest)?;
            Mechanism::A(target, prefixes)
        }
        "mx" => {
            let (target, prefixes) = host(rest)?;
            Mechanism::Mx(target, prefixes)
        }
        "ip4" => network(value?)
            .filter(|network| network.address.is_ipv4())
            .map(Mechanism::Ip)?,
        "ip6" => network(value?)
            .filter(|network| network.address.is_ipv6())
            .map(Mechanism::Ip)?,
        _ => return None,
    };
    Some((qualifier, mechanism))
}

/// `[":" name] ["/" bits] ["//" bits]`
fn host(rest: &str) -> Option<(Target, Prefixes)> {
    let (rest, v6) = match rest.split_once("//") {
        Some((rest, bits)) => (rest, bits_of(bits, 128)?),
        None => (rest, 128),
    };
    // A macro may hold a slash within its braces.
    let (name, v4) = match rest.rsplit_once('/').filter(|(_, bits)| !bits.contains('}')) {
        Some((name, bits)) => (name, bits_of(bits, 32)?),
        None => (rest, 32),
    };
    let target = match name {
        "" => Target::Own,
        name => target(name.strip_prefix(':')?)?,
    };
    Some((target, Prefixes { v4, v6 }))
}

fn network(text: &str) -> Option<Network> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let prefix = bits.map_or(Some(width), |bits| bits_of(bits, width))?;
    Some(Network { address, prefix })
}

fn bits_of(text: &str, most: u8) -> Option<u8> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|bits| digits && *bits <= most)
}

/// A name that DNS can be asked for.
fn target(text: &str) -> Option<Target> {
    if text.contains('%') {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        return visible.then_some(Target::Macro);
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let sound = name.len() <= 253 && name.contains('.') && name.split('.').all(label);
    sound.then(|| Target::Name(name.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    #[test]
    fn records_are_told_from_other_text() {
        for (text, expected) in [
            ("v=spf1", true),
            ("V=SPF1 -all", true),
            ("v=spf10 -all", false),
            ("v=spf1-all", false),
            (" v=spf1 -all", false),
            ("v=spf1\t-all", false),
            ("", false),
        ] {
            assert_eq!(is_spf(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_receivers_stumble_over_is_named() {
        for term in [
            "ipv4:192.0.2.1",
            "ip4:192.0.2",
            "ip4:192.0.2.1/33",
            "ip4:2001:db8::1",
            "ip6:192.0.2.1",
            "ip4",
            "include",
            "include:",
            "include:nodot",
            "include:a..example.org",
            "include:\u{1b}[31m.example.org",
            "all:example.org",
            "a/",
            "a/33",
            "a//129",
            "a/+1",
            "exists",
            "+",
            "redirect=",
            "mx:exa\tmple.org",
            "-ALLE",
            "\u{e4}",
        ] {
            let expected = format!("`{}` means nothing in it", legible(term));
            assert_eq!(parse(&format!("v=spf1 {term} -all")), Err(expected));
        }
        assert!(parse(&format!("v=spf1 include:{}.org", "a".repeat(64))).is_err());
        assert!(parse("v=spf1 redirect=a.example.org redirect=b.example.org").is_err());
    }

    #[test]
    fn each_mechanism_is_read() {
        let text = "v=spf1  A MX/24 a:mail.example.org./28//64 ?include:%{d}.example.org -ptr ~exists:%{i}.x.example.org \
                    ip6:2001:db8::/32 exp=why.example.org other=any redirect=_spf.example.org";
        let prefixes = |v4, v6| Prefixes { v4, v6 };
        let network = Network {
            address: IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0)),
            prefix: 32,
        };
        let mail = Target::Name("mail.example.org".into());
        let expected = Record {
            directives: vec![
                (Qualifier::Pass, Mechanism::A(Target::Own, prefixes(32, 128))),
                (Qualifier::Pass, Mechanism::Mx(Target::Own, prefixes(24, 128))),
                (Qualifier::Pass, Mechanism::A(mail, prefixes(28, 64))),
                (Qualifier::Neutral, Mechanism::Include(Target::Macro)),
                (Qualifier::Fail, Mechanism::Ptr),
                (Qualifier::SoftFail, Mechanism::Exists(Target::Macro)),
                (Qualifier::Pass, Mechanism::Ip(network)),
            ],
            redirect: Some(Target::Name("_spf.example.org".into())),
            unread: false,
        };
        assert_eq!(parse(text), Ok(expected));
    }

    #[test]
    fn nothing_counts_after_all() {
        let expected = Record {
            directives: vec![(Qualifier::Fail, Mechanism::All)],
            redirect: None,
            unread: true,
        };
        let text = "v=spf1 -all include:a.example.org redirect=b.example.org";
        assert_eq!(parse(text), Ok(expected));
    }

    #[test]
    fn networks_hold_what_shares_their_bits() {
        for (network, address, expected) in [
            ("192.0.2.0/24", "192.0.2.77", true),
            ("192.0.2.0/24", "192.0.3.77", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db9::1", true),
        ] {
            let found = super::network(network)
                .zip(address.parse().ok())
                .map(|(network, address)| network.contains(address));
            assert_eq!(found, Some(expected), "{network} {address}");
        }
    }
}
