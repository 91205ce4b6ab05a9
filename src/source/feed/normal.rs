//! XML of a feed in the form that the reader of feeds takes.
//!
//! In: a document as text. Out: the same, with what would be lost named as it is expected: RSS without a version, Atom
//! 0.3, named characters of HTML. The surprising part: a document that breaks off or breaks a rule is closed where it
//! does, so that the items before are read; and one that declares entities is refused, whatever they are for (SEC-06).

use quick_xml::escape::resolve_html5_entity;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};
use scraper::{Html, Selector};
use url::Url;

use super::Problem;

/// Elements within elements: deeper is an attack.
const MOST_DEPTH: usize = 256;
const ATOM: &str = "http://www.w3.org/2005/Atom";
const ATOM_03: &str = "http://purl.org/atom/ns#";

/// A document that can be read.
#[derive(Debug, Default)]
pub(super) struct Normal {
    pub(super) xml: Vec<u8>,
    pub(super) skip_hours: Vec<u8>,
    /// Why the rest of the document was not read.
    pub(super) broken: Option<String>,
}

pub(super) fn normalise(text: &str, base: &Url) -> Result<Normal, Problem> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut rewriting = Rewriting {
        writer: Writer::new(Vec::with_capacity(text.len())),
        open: Vec::new(),
        is_old_atom: false,
        skip_hours: Vec::new(),
        seen_root: false,
    };
    rewriting.write(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    let mut broken = None;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => rewriting.take(event, text, base)?,
            Err(error) => {
                broken = Some(format!(
                    "it breaks a rule of XML at byte {}: {error}",
                    reader.error_position()
                ));
                break;
            }
        }
    }
    if !rewriting.seen_root {
        return Err(Problem::Unreadable(
            broken.unwrap_or_else(|| "it has no element".to_owned()),
        ));
    }
    while let Some(name) = rewriting.open.pop() {
        rewriting.write(Event::End(BytesEnd::new(name)))?;
    }
    Ok(Normal {
        xml: rewriting.writer.into_inner(),
        skip_hours: rewriting.skip_hours,
        broken,
    })
}

struct Rewriting {
    writer: Writer<Vec<u8>>,
    /// Names of the elements that are open, as written.
    open: Vec<String>,
    is_old_atom: bool,
    skip_hours: Vec<u8>,
    seen_root: bool,
}

impl Rewriting {
    fn write(&mut self, event: Event<'_>) -> Result<(), Problem> {
        self.writer
            .write_event(event)
            .map_err(|error| Problem::Unreadable(error.to_string()))
    }

    fn take(&mut self, event: Event<'_>, text: &str, base: &Url) -> Result<(), Problem> {
        match event {
            // Written anew, or no part of a feed.
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
            Event::DocType(declared) => match declared.contains('[') {
                true => Err(Problem::Entities),
                false => Ok(()),
            },
            Event::Start(start) => {
                let start = self.start(&start, text, base)?;
                if self.open.len() >= MOST_DEPTH {
                    return Err(Problem::TooDeep(MOST_DEPTH));
                }
                self.open.push(start.name().as_ref().to_owned());
                self.write(Event::Start(start))
            }
            Event::Empty(start) => {
                let start = self.start(&start, text, base)?;
                self.write(Event::Empty(start))
            }
            // What is closed is what is open, whatever the document calls it.
            Event::End(_) => match self.open.pop() {
                Some(name) => self.write(Event::End(BytesEnd::new(name))),
                None => Ok(()),
            },
            Event::Text(words) => {
                self.note_hour(&words);
                self.write(Event::Text(words))
            }
            Event::CData(words) => self.write(Event::CData(words)),
            Event::GeneralRef(named) => {
                if named.is_char_ref() || matches!(&*named, "amp" | "lt" | "gt" | "quot" | "apos") {
                    return self.write(Event::GeneralRef(named));
                }
                let unknown = format!("&{};", &*named);
                let meant = resolve_html5_entity(&named).unwrap_or(&unknown);
                self.write(Event::Text(BytesText::new(meant)))
            }
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, text: &str, base: &Url) -> Result<BytesStart<'static>, Problem> {
        let name = start.name().as_ref().to_owned();
        let local = start.local_name().as_ref().to_ascii_lowercase();
        let mut attributes: Vec<(String, String)> = start
            .html_attributes()
            .with_checks(false)
            .flatten()
            .map(|attribute| (attribute.key.as_ref().to_owned(), attribute.value.into_owned()))
            .collect();
        let mut new_name = name;
        if !self.seen_root {
            self.seen_root = true;
            match local.as_str() {
                "html" => return Err(Problem::Page(feeds_of(text, base))),
                "rss" => {
                    attributes.retain(|(key, _)| key != "version");
                    attributes.push(("version".to_owned(), "2.0".to_owned()));
                }
                "feed" => {
                    self.is_old_atom = attributes.iter().any(|(_, value)| value == ATOM_03);
                    for (_, value) in attributes.iter_mut().filter(|(_, value)| *value == ATOM_03) {
                        *value = ATOM.to_owned();
                    }
                }
                _ => {}
            }
        } else if self.is_old_atom {
            new_name = modern(&new_name);
            if attributes
                .iter()
                .any(|(key, value)| key == "mode" && value == "escaped")
            {
                attributes.retain(|(key, _)| key != "type" && key != "mode");
                attributes.push(("type".to_owned(), "html".to_owned()));
            }
        }
        let mut start = BytesStart::new(new_name);
        for (key, value) in &attributes {
            // Values come as they were written, escapes and all.
            start.push_attribute(quick_xml::events::attributes::Attribute::from((
                key.as_str(),
                unescaped(value).as_str(),
            )));
        }
        Ok(start)
    }

    fn note_hour(&mut self, words: &str) {
        let mut inner = self.open.iter().rev();
        let is_hour = inner.next().is_some_and(|name| name.eq_ignore_ascii_case("hour"))
            && inner.next().is_some_and(|name| name.eq_ignore_ascii_case("skiphours"));
        if let (true, Ok(hour @ 0..24)) = (is_hour, words.trim().parse()) {
            self.skip_hours.push(hour);
        }
    }
}

/// What Atom 1.0 calls an element of Atom 0.3.
fn modern(name: &str) -> String {
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, name),
    };
    let local = match local {
        "issued" | "created" => "published",
        "modified" => "updated",
        "tagline" => "subtitle",
        "copyright" => "rights",
        local => local,
    };
    prefix.map_or_else(|| local.to_owned(), |prefix| format!("{prefix}:{local}"))
}

fn unescaped(value: &str) -> String {
    quick_xml::escape::unescape_with(value, resolve_html5_entity)
        .map_or_else(|_| value.to_owned(), |value| value.into_owned())
}

/// Addresses of the feeds that a page names.
fn feeds_of(page: &str, base: &Url) -> Vec<String> {
    let Ok(links) = Selector::parse(r#"link[rel~="alternate"][href]"#) else {
        return Vec::new();
    };
    let page = Html::parse_document(page);
    page.select(&links)
        .filter(|link| {
            let kind = link.attr("type").unwrap_or_default();
            ["rss", "atom", "feed+json"].iter().any(|feed| kind.contains(feed))
        })
        .filter_map(|link| Some(base.join(link.attr("href")?).ok()?.to_string()))
        .take(5)
        .collect()
}
