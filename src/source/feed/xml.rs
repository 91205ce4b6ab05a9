//! The XML of a feed, taken apart into what stands at its head and its entries.
//!
//! In: text. Out: an [`Outline`] of small trees, with names in one spelling whatever namespace a dialect uses, entities
//! resolved, and the base of every link known. No DTD is obeyed (SEC-06). The surprising thing: an entry that is not
//! well-formed is left out and reading goes on behind its end tag, because one broken entry must not cost the others.

mod element;
mod names;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use url::Url;

pub(super) use self::element::{Element, Node};
use self::element::{attributes_of, resolved};
use self::names::Namespaces;
pub(super) use self::names::Space;
use super::{MOST_ENTRIES, Problem};

/// Elements within elements: deeper is a mistake or an attack.
const MOST_DEPTH: usize = 256;
/// After so many broken entries reading stops: each may cost a search to the end of the feed.
const MOST_BROKEN: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// RSS 0.9x, 1.0 and 2.0.
    Rss,
    Atom,
}

#[derive(Debug)]
pub(super) struct Outline {
    pub(super) dialect: Dialect,
    /// The root and, in RSS, the channel, without their children: they may state language and base.
    pub(super) frames: Vec<Element>,
    /// What the feed says of itself.
    pub(super) head: Vec<Element>,
    pub(super) entries: Vec<Element>,
    pub(super) notes: Vec<String>,
}

/// An element whose end has not come yet.
struct Open {
    element: Element,
    /// Name as written, which the end tag must repeat.
    written: String,
    /// Where its content begins.
    from: usize,
}

struct Outliner<'a> {
    text: &'a str,
    namespaces: Namespaces,
    open: Vec<Open>,
    /// Depth of the entry being read.
    entry_at: Option<usize>,
    dialect: Option<Dialect>,
    frames: Vec<Element>,
    head: Vec<Element>,
    entries: Vec<Element>,
    broken: usize,
    first_broken: Option<usize>,
    notes: Vec<String>,
}

/// Why reading cannot go on as it was.
enum Stop {
    /// For good, with what has been read so far thrown away.
    Refused(Problem),
    /// Not well-formed: where, and in which words.
    Broken(usize, String),
    /// As many entries as are taken.
    Enough,
}

/// Takes a feed apart. `base` is the address the feed came from.
pub(super) fn outline(text: &str, base: &Url) -> Result<Outline, Problem> {
    let mut outliner = Outliner {
        text,
        namespaces: Namespaces::default(),
        open: Vec::new(),
        entry_at: None,
        dialect: None,
        frames: Vec::new(),
        head: Vec::new(),
        entries: Vec::new(),
        broken: 0,
        first_broken: None,
        notes: Vec::new(),
    };
    outliner.read_all(base)?;
    let Some(dialect) = outliner.dialect else {
        return Err(Problem::NotAFeed);
    };
    if let Some(at) = outliner.first_broken {
        let (count, line) = (outliner.broken, line_of(text, at));
        outliner.notes.push(format!(
            "entries left out because they are not well-formed XML: {count}, the first in line {line}"
        ));
    }
    Ok(Outline {
        dialect,
        frames: outliner.frames,
        head: outliner.head,
        entries: outliner.entries,
        notes: outliner.notes,
    })
}

impl Outliner<'_> {
    fn read_all(&mut self, base: &Url) -> Result<(), Problem> {
        let mut from = 0;
        loop {
            let (at, words) = match self.read_from(from, base) {
                Ok(()) => return Ok(()),
                Err(Stop::Refused(problem)) => return Err(problem),
                Err(Stop::Enough) => {
                    self.notes.push(format!(
                        "only the first {MOST_ENTRIES} entries were taken; there are more"
                    ));
                    return Ok(());
                }
                Err(Stop::Broken(at, words)) => (at, words),
            };
            if let Some(behind) = self.behind_the_broken_entry(at) {
                from = behind;
                continue;
            }
            let line = line_of(self.text, at);
            if self.entries.is_empty() {
                return Err(Problem::NotWellFormed { line, words });
            }
            self.notes.push(format!(
                "the feed is not well-formed XML in line {line} ({words}); entries behind it are lost"
            ));
            return Ok(());
        }
    }

    /// Drops the entry that is being read and says where its end tag ends.
    fn behind_the_broken_entry(&mut self, at: usize) -> Option<usize> {
        let depth = self.entry_at?;
        let entry = self.open.get(depth)?;
        if self.broken >= MOST_BROKEN {
            return None;
        }
        let end = format!("</{}", entry.written);
        let rest = self.text.get(entry.from..)?;
        let start = entry.from + rest.find(&end)?;
        let behind = start + self.text.get(start..)?.find('>')? + 1;
        self.open.truncate(depth);
        self.namespaces.leave(depth);
        self.entry_at = None;
        self.broken += 1;
        self.first_broken.get_or_insert(at);
        Some(behind)
    }

    fn read_from(&mut self, from: usize, base: &Url) -> Result<(), Stop> {
        let mut reader = Reader::from_str(self.text.get(from..).unwrap_or_default());
        let config = reader.config_mut();
        // End tags are compared here, because a reader that starts in the middle has not seen the first ones.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        let place = |position: u64| from + usize::try_from(position).unwrap_or_default();
        loop {
            let event = reader.read_event();
            let (at, behind) = (place(reader.error_position()), place(reader.buffer_position()));
            let event = event.map_err(|error| Stop::Broken(at, error.to_string()))?;
            match event {
                Event::Start(start) => self.begin(&start, behind, base)?,
                Event::Empty(start) => {
                    self.begin(&start, behind, base)?;
                    self.end(None, behind)?;
                }
                Event::End(end) => {
                    let name = end.name();
                    self.end(Some(name.as_ref()), behind)?;
                    if self.open.is_empty() {
                        return Ok(());
                    }
                }
                Event::Text(text) => self.text(&text),
                Event::CData(text) => self.text(&text),
                Event::GeneralRef(reference) => self.text(&resolved(&reference)),
                Event::DocType(doctype) => refuse_entities(&doctype).map_err(Stop::Refused)?,
                Event::Eof if self.open.is_empty() => return Ok(()),
                Event::Eof => return Err(Stop::Broken(self.text.len(), "it ends in the middle".to_owned())),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            }
        }
    }

    fn text(&mut self, text: &str) {
        // Between elements of the root stands nothing but white space, or rubbish.
        if self.open.len() > 1
            && let Some(open) = self.open.last_mut()
        {
            open.element.add_text(text);
        }
    }

    fn begin(&mut self, start: &BytesStart<'_>, behind: usize, base: &Url) -> Result<(), Stop> {
        let depth = self.open.len();
        if depth >= MOST_DEPTH {
            return Err(Stop::Refused(Problem::TooDeep));
        }
        let written = start.name().as_ref().to_owned();
        let attributes = attributes_of(start);
        self.namespaces.enter(depth, &attributes);
        let (prefix, name) = written.split_once(':').unwrap_or(("", &written));
        let name = name.to_lowercase();
        if depth == 0 {
            self.dialect = Some(dialect_of(&name).ok_or_else(|| Stop::Refused(no_feed(&written)))?);
            self.namespaces.root(prefix, &name);
        }
        let space = self.namespaces.space_of(prefix);

        let base = self.open.last().map_or(base, |parent| &parent.element.base);
        let stated = attributes.iter().find(|(name, _)| name == "xml:base");
        let base = stated
            .and_then(|(_, stated)| base.join(stated.trim()).ok())
            .filter(|stated| matches!(stated.scheme(), "http" | "https"))
            .unwrap_or_else(|| base.clone());

        if self.entry_at.is_none() && space == Space::Core && matches!(name.as_str(), "item" | "entry") {
            if self.entries.len() >= MOST_ENTRIES {
                return Err(Stop::Enough);
            }
            self.entry_at = Some(depth);
        }
        self.open.push(Open {
            element: Element {
                space,
                name,
                attributes,
                children: Vec::new(),
                base,
            },
            written,
            from: behind,
        });
        Ok(())
    }

    fn end(&mut self, written: Option<&str>, behind: usize) -> Result<(), Stop> {
        let matches = |open: &Open| written.is_none_or(|written| written == open.written);
        match self.open.last() {
            Some(open) if matches(open) => {}
            Some(open) => {
                let words = format!("</{}> is missing", open.written);
                return Err(Stop::Broken(behind, words));
            }
            None => return Err(Stop::Broken(behind, "an end tag without its start".to_owned())),
        }
        let Some(Open { element, .. }) = self.open.pop() else {
            return Ok(());
        };
        let depth = self.open.len();
        self.namespaces.leave(depth);
        let is_channel = |element: &Element| element.is(Space::Core, "channel");
        if self.entry_at == Some(depth) {
            self.entry_at = None;
            self.entries.push(element);
        } else if depth == 0 || (self.entry_at.is_none() && depth == 1 && is_channel(&element)) {
            self.frames.push(element);
        } else if self.entry_at.is_none()
            && (depth == 1 || (depth == 2 && self.open.last().is_some_and(|open| is_channel(&open.element))))
        {
            self.head.push(element);
        } else if let Some(parent) = self.open.last_mut() {
            parent.element.children.push(Node::Element(element));
        }
        Ok(())
    }
}

fn dialect_of(root: &str) -> Option<Dialect> {
    match root {
        "rss" | "rdf" | "channel" => Some(Dialect::Rss),
        "feed" | "entry" => Some(Dialect::Atom),
        _ => None,
    }
}

/// What begins with an element of this name: XML of another kind, or bytes among which a `<` happens to be.
fn no_feed(root: &str) -> Problem {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    match root.len() <= 100 && root.chars().all(is_name) {
        true => Problem::OtherXml(root.to_owned()),
        false => Problem::NotAFeed,
    }
}

/// A document type is passed over; one that declares entities is refused, whatever they stand for (SEC-06).
fn refuse_entities(doctype: &str) -> Result<(), Problem> {
    let declares =
        doctype.contains('[') && (doctype.to_ascii_uppercase().contains("<!ENTITY") || doctype.contains('%'));
    if declares { Err(Problem::Entities) } else { Ok(()) }
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
