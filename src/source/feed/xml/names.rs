//! Namespaces of feeds: many addresses, few vocabularies.

/// The vocabularies feeds are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source::feed) enum Space {
    /// RSS and Atom of any version, and no namespace at all.
    Core,
    Content,
    DublinCore,
    /// Dublin Core's later terms.
    Terms,
    Media,
    Itunes,
    Syndication,
    Html,
    Other,
}

/// More declarations than this are passed over: no feed needs them, and each costs a comparison per element.
const MOST_BINDINGS: usize = 256;

#[derive(Default)]
pub(super) struct Namespaces {
    bound: Vec<Binding>,
    /// The feed's own namespace, if its address is none that is known: version 2.0 of RSS was published without one,
    /// and many invented one.
    own: Option<String>,
}

struct Binding {
    depth: usize,
    prefix: String,
    address: String,
}

impl Namespaces {
    /// Takes in what an element at this depth declares.
    pub(super) fn enter(&mut self, depth: usize, attributes: &[(String, String)]) {
        for (name, address) in attributes {
            let prefix = match name.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) => match rest.strip_prefix(':') {
                    Some(prefix) => prefix,
                    None => continue,
                },
                None => continue,
            };
            if self.bound.len() < MOST_BINDINGS {
                self.bound.push(Binding {
                    depth,
                    prefix: prefix.to_owned(),
                    address: address.trim().to_lowercase(),
                });
            }
        }
    }

    /// Forgets what elements at this depth and below it declared.
    pub(super) fn leave(&mut self, depth: usize) {
        while self.bound.last().is_some_and(|binding| binding.depth >= depth) {
            self.bound.pop();
        }
    }

    /// The first element has been entered: what it is written in, or for RDF what is written without prefix, is the
    /// feed's own namespace.
    pub(super) fn root(&mut self, prefix: &str, name: &str) {
        let prefix = if name == "rdf" { "" } else { prefix };
        self.own = self.address_of(prefix).map(str::to_owned);
    }

    fn address_of(&self, prefix: &str) -> Option<&str> {
        let prefix = prefix.to_lowercase();
        let binding = self.bound.iter().rev().find(|binding| binding.prefix == prefix)?;
        Some(&binding.address)
    }

    pub(super) fn space_of(&self, prefix: &str) -> Space {
        match self.address_of(prefix) {
            Some(address) if Some(address) == self.own.as_deref() => Space::Core,
            Some(address) => by_address(address),
            None => by_prefix(prefix),
        }
    }
}

/// Addresses in lower case, as they are compared: their writers did not agree about capitals.
fn by_address(address: &str) -> Space {
    match address.trim_end_matches('/') {
        ""
        | "http://www.w3.org/2005/atom"
        | "http://purl.org/atom/ns#"
        | "http://purl.org/rss/1.0"
        | "http://purl.org/rss/1.0/modules/rss091#"
        | "http://my.netscape.com/rdf/simple/0.9"
        | "http://channel.netscape.com/rdf/simple/0.9"
        | "http://backend.userland.com/rss"
        | "http://backend.userland.com/rss2"
        | "http://blogs.law.harvard.edu/tech/rss"
        | "http://cyber.law.harvard.edu/rss"
        | "http://purl.org/echo"
        | "http://purl.org/pie"
        | "http://example.com/necho"
        | "uri/of/echo/namespace#" => Space::Core,
        "http://purl.org/rss/1.0/modules/content" => Space::Content,
        "http://purl.org/dc/elements/1.1" | "http://purl.org/dc/elements/1.0" => Space::DublinCore,
        "http://purl.org/dc/terms" => Space::Terms,
        "http://search.yahoo.com/mrss" => Space::Media,
        "http://www.itunes.com/dtds/podcast-1.0.dtd" => Space::Itunes,
        "http://purl.org/rss/1.0/modules/syndication" => Space::Syndication,
        "http://www.w3.org/1999/xhtml" => Space::Html,
        _ => Space::Other,
    }
}

/// Prefixes that nobody declared, by the meaning they always have.
fn by_prefix(prefix: &str) -> Space {
    match prefix {
        "" | "atom" | "rss" => Space::Core,
        "content" => Space::Content,
        "dc" => Space::DublinCore,
        "dcterms" => Space::Terms,
        "media" => Space::Media,
        "itunes" => Space::Itunes,
        "sy" => Space::Syndication,
        "xhtml" => Space::Html,
        _ => Space::Other,
    }
}
