//! What nobody stated: the order in which the rules for running text are asked, field by field.
//!
//! In: a report as far as it is stated, the blocks of its text, and what a page has beside them. Out: the same report,
//! with the fields that were empty. The first rule that finds something fills a field, the others are noted as those
//! that did not win. The surprising thing: the order matters. The sentence that held the date is asked first for the
//! place, and who held the event is asked before the houses of its people.

use chrono::{NaiveDate, NaiveTime};

use super::blocks::{Block, Kind};
use super::labels::{self, Label, Stated};
use super::{Context, Report, Status, date, event, organiser, people, place, prose, series, status, summary, venue};

/// A longer paragraph is read so far, a text with more paragraphs up to these.
const LONGEST_PARAGRAPH: usize = 20_000;
const MOST_PARAGRAPHS: usize = 400;

/// Facts stand by themselves ("Date: ...") within so many blocks, or nowhere.
const HEAD_BLOCKS: usize = 40;

/// What a text has beside it.
pub(super) struct Beside<'a> {
    /// Pages: all of the main element.
    pub(super) whole: &'a [Block],
    /// Pages: days that `time` elements state.
    pub(super) days: &'a [NaiveDate],
    /// Whose page or paper it is.
    pub(super) house: Option<&'a str>,
}

/// What nobody stated is looked for in running text.
pub(super) fn enter(report: &mut Report, blocks: &[Block], beside: &Beside<'_>, context: &Context) {
    let Beside { whole, days, house } = *beside;
    let paragraphs: Vec<&str> = blocks
        .iter()
        .filter(|block| block.kind != Kind::Heading)
        .map(|block| prose::opening(&block.text, LONGEST_PARAGRAPH))
        .collect();
    // Where a page has thousands of paragraphs, its first tell of the event and its last sign it.
    let paragraphs = match (paragraphs.get(..MOST_PARAGRAPHS), paragraphs.last()) {
        (Some(first), Some(last)) => first.iter().copied().chain([*last]).collect(),
        _ => paragraphs,
    };
    // Lines as written: a label such as "Date:" begins a line, not always a paragraph.
    let lines: Vec<String> = blocks.iter().take(HEAD_BLOCKS).map(written_lines).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let facts: Vec<String> = whole.iter().take(HEAD_BLOCKS * 2).map(written_lines).collect();
    let facts: Vec<&str> = lines.iter().copied().chain(facts.iter().map(String::as_str)).collect();
    let head: Vec<&str> = facts.iter().skip(lines.len()).copied().collect();
    enter_publication(report, &lines, &head, &paragraphs);
    let labels = labels::find(&facts);
    let title = report.title.clone();
    let told = event::Told {
        title: &title,
        paragraphs: &paragraphs,
        lines: &lines,
        labels: &labels,
        published: report.published.map(|at| at.date_naive()),
    };
    let dated = event::find(told);
    date::enter(
        report,
        told,
        &dated,
        days,
        context.published_hint.map(|hint| hint.date_naive()),
    );
    let telling = event::telling(&paragraphs);
    let sentences: Vec<&str> = dated
        .first()
        .map(|dated| dated.sentence.as_str())
        .into_iter()
        .chain([title.as_str()])
        .chain(telling.iter().copied())
        .collect();
    enter_holding(report, &facts, &labels, &telling, &paragraphs, house);
    enter_place(report, &sentences, &paragraphs, &facts, &labels);
    let named = series::find(&[sentences.as_slice(), event::early(&paragraphs).as_slice()].concat());
    report.enter(
        "series",
        |report| &mut report.series,
        named.into_iter().map(|(name, words)| Said {
            value: name,
            rule: "words about a series",
            words,
        }),
    );
    enter_people(report, &paragraphs);
    people::spell_out(&mut report.people, &report.body_text);
    if let Some(house) = &report.event.organiser {
        people::at_home(&mut report.people, house);
    }
    if report.summary.is_none()
        && let Some(text) = summary::of(blocks)
    {
        report.note("summary", "first whole sentences of the text", "");
        report.summary = Some(text);
    }
}

fn written_lines(block: &Block) -> String {
    block
        .lines
        .iter()
        .map(|line| prose::opening(&line.title, LONGEST_PARAGRAPH))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Who held the event, whether it took place, and whether it was held online.
fn enter_holding(
    report: &mut Report,
    lines: &[&str],
    labels: &[Stated<'_>],
    telling: &[&str],
    paragraphs: &[&str],
    house: Option<&str>,
) {
    let hosts = organiser::find(labels, telling, paragraphs, house);
    report.enter(
        "event.organiser",
        |report| &mut report.event.organiser,
        hosts.into_iter().map(|found| Said {
            value: found.name,
            rule: found.rule,
            words: found.words,
        }),
    );
    if report.event.status == Status::Unknown {
        let start = report.event.start.map(|start| start.date);
        let published = report.published.map(|at| at.date_naive());
        if let Some(told) = status::find(&report.title, lines, paragraphs, start, published) {
            report.event.status = told.status;
            report.note("event.status", told.rule, &told.words);
        }
    }
    if !report.event.online
        && !report.provenance.contains_key("event.online")
        && let Some(words) = status::online(&report.title, lines, telling, paragraphs)
    {
        report.event.online = true;
        report.note("event.online", "words for an event on the net", &words);
    }
}

fn enter_place(report: &mut Report, sentences: &[&str], paragraphs: &[&str], lines: &[&str], labels: &[Stated<'_>]) {
    let first = paragraphs.first().copied().unwrap_or_default();
    let early = event::early(paragraphs);
    let head = place::in_head_line(lines);
    let labelled = labels.iter().filter(|one| one.label == Label::Place);
    let labelled = labelled.filter_map(|one| {
        Some(Said {
            value: place::stated(one.value).venue?,
            rule: "line that states the place",
            words: one.value.to_owned(),
        })
    });
    let in_head = head.as_ref().and_then(|(at, venue)| {
        Some(Said {
            value: venue.clone()?,
            rule: at.rule,
            words: at.words.clone(),
        })
    });
    let in_prose = venue::find(sentences).map(|venue| (venue, "building behind words of place"));
    let beside_city = place::venue_beside_city(&early).map(|venue| (venue, "building beside a known city"));
    let early_on =
        venue::find(early.get(..5).unwrap_or(&early)).map(|venue| (venue, "building of the first sentences"));
    let in_prose = in_prose
        .into_iter()
        .chain(beside_city)
        .chain(early_on)
        .map(|(venue, rule)| Said {
            value: venue.name,
            rule,
            words: venue.words,
        });
    let venues: Vec<Said> = labelled.chain(in_head).chain(in_prose).collect();
    report.enter("event.venue", |report| &mut report.event.venue, venues);

    // Who met on the net names cities for other reasons.
    let at_a_place = (!report.event.online).then_some(early.as_slice());
    let is_stated = report.event.city.is_some();
    let labelled = place::labelled(labels).into_iter();
    let cities: Vec<place::Place> = labelled
        .chain(head.map(|(place, _)| place))
        .chain(place::find(sentences, at_a_place, first))
        .collect();
    if let (false, None, Some(country)) = (
        is_stated,
        &report.event.country,
        cities.first().and_then(|place| place.country.clone()),
    ) {
        report.note("event.country", "country beside the city", &country);
        report.event.country = Some(country);
    }
    report.enter(
        "event.city",
        |report| &mut report.event.city,
        cities.into_iter().map(|place| Said {
            value: place.city,
            rule: place.rule,
            words: place.words,
        }),
    );
}

/// When the text itself says that it was published.
fn enter_publication(report: &mut Report, lines: &[&str], head: &[&str], paragraphs: &[&str]) {
    if report.published.is_some() {
        return;
    }
    let stated = [lines, head, paragraphs].into_iter().find_map(event::published);
    let posted = || event::posted(lines, paragraphs).or_else(|| event::posted(head, paragraphs));
    let found = match stated {
        Some(found) => Some((found, "line that states the publication")),
        None => posted().map(|found| (found, "day alone near the top, later than the event")),
    };
    if let Some(((day, words), rule)) = found {
        report.published = Some(day.and_time(NaiveTime::MIN).and_utc());
        report.note("published", rule, &words);
    }
}

/// Names that a page states get their role from the text, and lose those whom the text calls absent; the text adds who
/// else spoke. To what an editor states only a role is added.
fn enter_people(report: &mut Report, paragraphs: &[&str]) {
    if report.people.is_empty() {
        let (people, words) = people::find(paragraphs);
        if !people.is_empty() {
            report.note("people", "those who speak in the text", &words);
            report.people = people;
        }
        return;
    }
    let by_page = report
        .provenance
        .get("people")
        .is_some_and(|why| why.rule.starts_with("structured data"));
    let stated = std::mem::take(&mut report.people);
    for mut person in stated {
        match people::about(&person.name, paragraphs) {
            Some(told) => {
                person.role = person.role.or(told.role);
                person.affiliation = person.affiliation.or(told.affiliation);
                report.people.push(person);
            }
            None if by_page => report.note_loser("people", "named by the page, absent in the text", "", &person.name),
            None => report.people.push(person),
        }
    }
    if by_page {
        for person in people::find(paragraphs).0 {
            if !report.people.iter().any(|one| one.name == person.name) {
                report.people.push(person);
            }
        }
    }
}

/// What a rule found for a field.
struct Said {
    value: String,
    rule: &'static str,
    words: String,
}

impl Report {
    /// The first value fills a field that is empty; the others are noted as those that did not win.
    fn enter(
        &mut self,
        field: &str,
        slot: fn(&mut Report) -> &mut Option<String>,
        said: impl IntoIterator<Item = Said>,
    ) {
        for one in said {
            match slot(self).clone() {
                None => {
                    self.note(field, one.rule, &one.words);
                    *slot(self) = Some(one.value);
                }
                // The same with more or fewer words is no other value.
                Some(known) if known.contains(&one.value) || one.value.contains(&known) => {}
                Some(_) => self.note_loser(field, one.rule, &one.words, &one.value),
            }
        }
    }
}
