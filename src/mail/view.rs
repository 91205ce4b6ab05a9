//! What the templates of a digest see: every decision about content is taken here, none in a template.
//!
//! In: a [`Digest`]. Out: a [`View`]: items in order and in groups, event lines and dates in the reader's language,
//! subject material, preheader, links. Titles stay as they are but for white space; what is unknown is absent.

use fluent_templates::fluent_bundle::FluentValue;
use serde::Serialize;

use super::prepared::{CHOOSE, END_NAME, IF_NAME, LEAVE, NAME};
use super::shorten::cut;
use super::{Digest, MAX_PREHEADER, arrange, is_upcoming, prose};
use crate::edition::Item;
use crate::render::{Templates, direction, direction_of, isolate, one_line};
use crate::report::{CALLED_OFF, MOVED, Person};

/// Items in full form; the rest are told by title and link.
const FULL_ITEMS: usize = 12;

/// A list of contents helps from this many items.
const CONTENTS_FROM: usize = 6;

/// Subjects are cut at a word near this length.
const MAX_SUBJECT: usize = 60;

/// Shorter preheaders let the beginning of the body show.
const MIN_PREHEADER: usize = 40;

/// Columns that invisible filling adds behind the preheader.
const PADDED: usize = 150;

/// People named per item; the rest are counted.
const MAX_PEOPLE: usize = 8;

#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct View {
    pub lang: String,
    pub dir: &'static str,
    pub subject: String,
    pub preheader: String,
    /// Invisible, so that the body does not follow the preheader in the list of mails.
    pub padding: String,
    /// The editor's subject, if there is one.
    hand_subject: Option<String>,
    /// The first title, cut.
    first_title: String,
    /// Whether a subject is best continued without a comma.
    bare: bool,
    /// Whether there are only corrections.
    only_corrections: bool,
    more: usize,
    list_title: String,
    institute: String,
    postal_address: Vec<String>,
    basis: Option<String>,
    date: String,
    note_html: Option<String>,
    note_text: Option<String>,
    contents: Vec<ItemView>,
    groups: Vec<GroupView>,
    /// Whether groups have headings; then those of items stand one level lower.
    grouped: bool,
    also: Vec<ItemView>,
    corrections: Vec<ItemView>,
    view_url: Option<String>,
    subscribe_url: Option<String>,
    /// Marks of the person's holes.
    unsubscribe: &'static str,
    preferences: &'static str,
    name: &'static str,
    if_name: &'static str,
    end_name: &'static str,
}

#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct GroupView {
    title: Option<String>,
    items: Vec<ItemView>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct ItemView {
    /// Names the item inside the mail, for the list of contents.
    anchor: String,
    title: String,
    lang: String,
    dir: &'static str,
    url: String,
    upcoming: bool,
    event_line: Option<String>,
    people: Option<String>,
    summary: Option<String>,
    body_html: Option<String>,
    body_text: Option<String>,
    /// Corrections: what changed.
    note: Option<String>,
}

impl View {
    pub(super) fn new(templates: &Templates, digest: &Digest) -> Self {
        let items = arrange::arrange(digest.items.clone(), digest.today, &digest.hand.order);
        let (reports, corrections): (Vec<Item>, Vec<Item>) =
            items.into_iter().partition(|item| !item.matter.is_correction());
        let show = |item: &Item| ItemView::new(templates, digest, item);
        let (full, also) = reports.split_at(reports.len().min(FULL_ITEMS));
        let groups = groups(digest, full, show);
        let told: Vec<ItemView> = groups.iter().flat_map(|group| group.items.clone()).collect();
        let corrections: Vec<ItemView> = corrections.iter().map(show).collect();
        let note_html = digest
            .hand
            .note
            .as_deref()
            .map(prose::note)
            .filter(|note| !note.is_empty());

        let first = told.first().or(corrections.first()).cloned().unwrap_or_default();
        let first_title = cut(&first.title, MAX_SUBJECT);
        let mut view = View {
            lang: digest.language.clone(),
            dir: direction(&digest.language),
            hand_subject: digest
                .hand
                .subject
                .as_deref()
                .map(one_line)
                .filter(|subject| !subject.is_empty()),
            bare: !first_title.ends_with(|char: char| char.is_alphanumeric()),
            first_title,
            only_corrections: reports.is_empty(),
            more: reports.len().saturating_sub(1),
            list_title: one_line(&digest.list.title),
            institute: one_line(&digest.list.institute),
            postal_address: digest
                .list
                .postal_address
                .as_deref()
                .map(|address| postal_lines(address, &digest.list.institute))
                .unwrap_or_default(),
            basis: digest
                .list
                .basis
                .as_deref()
                .map(one_line)
                .filter(|basis| !basis.is_empty()),
            date: templates.day(&digest.language, digest.today),
            note_text: note_html.as_deref().map(prose::text),
            note_html,
            contents: if reports.len() >= CONTENTS_FROM {
                told.clone()
            } else {
                Vec::new()
            },
            grouped: groups.iter().any(|group| group.title.is_some()),
            groups,
            also: also.iter().map(show).collect(),
            corrections,
            view_url: digest.links.view.clone(),
            subscribe_url: digest.links.subscribe.clone(),
            unsubscribe: LEAVE,
            preferences: CHOOSE,
            name: NAME,
            if_name: IF_NAME,
            end_name: END_NAME,
            ..View::default()
        };
        view.preheader = match digest.hand.preheader.as_deref().map(one_line) {
            Some(words) if !words.is_empty() => words,
            _ => preheader(&told, &view),
        };
        view.padding = "\u{34F}\u{200C}\u{A0}".repeat(PADDED.saturating_sub(view.preheader.chars().count()));
        view
    }
}

/// The full items in groups, or in one group without a title; no group is empty.
fn groups(digest: &Digest, full: &[Item], show: impl Fn(&Item) -> ItemView) -> Vec<GroupView> {
    // Groups would tear apart an order the editor wished for.
    let groups = if digest.hand.order.is_empty() {
        arrange::group(full)
    } else {
        vec![arrange::Group {
            title: None,
            items: full.to_vec(),
        }]
    };
    let shown = groups
        .into_iter()
        .filter(|group| !group.items.is_empty())
        .map(|group| GroupView {
            title: group.title.as_deref().map(one_line),
            items: group.items.iter().map(&show).collect(),
        });
    shown.collect()
}

/// The lines of a postal address, which are parted by line ends or ", ", without the institute's name: the foot has it
/// above them.
pub(super) fn postal_lines(address: &str, institute: &str) -> Vec<String> {
    let lines = address.split('\n').flat_map(|line| line.split(", "));
    lines
        .map(one_line)
        .filter(|line| !line.is_empty() && *line != one_line(institute))
        .collect()
}

impl ItemView {
    fn new(templates: &Templates, digest: &Digest, item: &Item) -> Self {
        let report = &item.report;
        let lang = report.language.clone().unwrap_or_else(|| digest.language.clone());
        let dir = match &report.language {
            Some(language) => direction(language),
            None => direction_of(&report.title),
        };
        let body_html = (digest.full_text_of_one && digest.items.len() == 1 && !item.matter.is_correction())
            .then(|| prose::for_mail(&report.body_html, 3))
            .filter(|body| !body.is_empty());
        ItemView {
            anchor: format!("report-{}", item.report_id),
            title: one_line(&report.title),
            lang,
            dir,
            url: link(report.url.as_deref(), &digest.links.reports, &item.slug),
            upcoming: is_upcoming(item, digest.today),
            event_line: templates
                .event_line(&digest.language, &report.event)
                .map(|line| one_line(&line)),
            people: people(templates, &digest.language, &report.people),
            summary: report
                .summary
                .as_deref()
                .map(one_line)
                .filter(|summary| !summary.is_empty()),
            body_text: body_html.as_deref().map(prose::text),
            body_html,
            note: item
                .note
                .as_deref()
                .map(|note| change(templates, digest, item, note))
                .map(|note| one_line(&note))
                .filter(|note| !note.is_empty()),
        }
    }
}

/// What changed: in the editor's words, or in ours if a calendar says it.
fn change(templates: &Templates, digest: &Digest, item: &Item, note: &str) -> String {
    let event = templates
        .event_line(&digest.language, &item.report.event)
        .unwrap_or_default();
    match note.split(' ').next() {
        Some(CALLED_OFF) => templates
            .words()
            .say(&digest.language, "change-called-off", [("event", event)]),
        Some(MOVED) => templates
            .words()
            .say(&digest.language, "change-moved", [("event", event)]),
        _ => note.to_owned(),
    }
}

/// The report's own page if it has one a reader can be led to, else ours.
fn link(own: Option<&str>, ours: &str, slug: &str) -> String {
    let own = own.and_then(|own| url::Url::parse(own.trim()).ok());
    match own.filter(|own| matches!(own.scheme(), "http" | "https")) {
        Some(own) => own.into(),
        None => format!("{ours}{slug}"),
    }
}

/// "With Ada Example (Example Institute), Bela Sample and 3 others".
fn people(templates: &Templates, language: &str, people: &[Person]) -> Option<String> {
    let told: Vec<String> = people
        .iter()
        .map(|person| {
            let name = isolate(one_line(&person.name), language);
            match person.affiliation.as_deref().or(person.role.as_deref()).map(one_line) {
                Some(from) if !from.is_empty() => format!("{name} ({})", isolate(from, language)),
                _ => name,
            }
        })
        .filter(|person| !person.is_empty())
        .collect();
    let words = templates.words();
    let named = told.iter().take(MAX_PEOPLE).cloned().collect::<Vec<_>>().join(", ");
    if named.is_empty() {
        return None;
    }
    let named = match told.len().checked_sub(MAX_PEOPLE) {
        None | Some(0) => named,
        Some(more) => words.say(
            language,
            "people-more",
            [("people", FluentValue::from(named)), ("count", FluentValue::from(more))],
        ),
    };
    Some(words.say(language, "people", [("people", named)]))
}

/// The other titles, then what is known of the first item, until there is enough to read.
fn preheader(told: &[ItemView], view: &View) -> String {
    let others = told.iter().skip(1).map(|item| Some(item.title.clone()));
    let first = told.first().or(view.corrections.first());
    let facts = first.map(|first| [first.event_line.clone(), first.note.clone(), first.summary.clone()]);
    let frame = [
        Some(view.list_title.clone()),
        Some(view.institute.clone()),
        Some(view.date.clone()),
    ];
    let mut words = String::new();
    for part in others.chain(facts.into_iter().flatten()).chain(frame).flatten() {
        if words.chars().count() >= MIN_PREHEADER {
            break;
        }
        if !words.is_empty() && !part.is_empty() {
            words.push_str(" · ");
        }
        words.push_str(&part);
    }
    // All other titles that fit, even if one would be enough.
    let titles: Vec<&str> = told.iter().skip(1).map(|item| item.title.as_str()).collect();
    let titles = titles.join(" · ");
    cut(
        if titles.chars().count() > words.chars().count() {
            &titles
        } else {
            &words
        },
        MAX_PREHEADER,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_nowhere_safe_become_ours() {
        let ours = "https://news.example.org/reports/";
        assert_eq!(
            link(Some("javascript:alert(1)"), ours, "x"),
            "https://news.example.org/reports/x"
        );
        assert_eq!(
            link(Some("https://example.org/ä b"), ours, "x"),
            "https://example.org/%C3%A4%20b"
        );
        assert_eq!(link(None, ours, "x"), "https://news.example.org/reports/x");
    }
}
