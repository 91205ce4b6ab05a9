//! Which of the dates in a text is the date of the event.
//!
//! In: title and paragraphs, and the day the report was published. Out: the event's days, the rule, the words, and the
//! sentence they stood in (the place is looked for there first). The rules are tried in order, the surest first. The
//! surprising thing: a date alone is not enough. It needs a word that ties it to the event, or it stays unused.

use std::sync::LazyLock;

use chrono::NaiveDate;
use regex::Regex;

use super::dates::{self, Found};
use super::prose::{opening, pattern, sentences};

/// The event is named in the first paragraphs, or nowhere.
const PARAGRAPHS: usize = 5;
const LONGEST_PARAGRAPH: usize = 4_000;
/// A line this short that holds a date and stands near the top states the date.
const SHORT_LINE: usize = 120;

/// What happened, as far as a verb says it: the surest tie between a date and an event.
static HAPPENED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)\b(?:(?:co-?)?host(?:ed|s|ing)?|held|holds?|t(?:ook|akes?)\ place|taking\ place|conven(?:ed?|es)|gather(?:ed|s)?
        |m(?:et|eets?)|br(?:ought|ings?)\ together|organi[sz]e[ds]?|opened|invite[ds]?|welcome[ds]?|join\ us|spoke|presented|discussed
        |fand(?:en)?|findet|finden|statt\w*|veranstalte\w*|lud(?:en)?|lädt|eingeladen|trafen|diskutiert\w*|kamen|tagte\w*|ausgerichtet
        |прош(?:[её]л|ла|ло|ли)|состоя\p{L}+|пройд[её]т|пров[её]л\p{L}*|организова\p{L}+|собра\p{L}+|приня\p{L}+
        |s[’']est\ (?:tenue?|déroulée?)|se\ (?:tiendra|sont\ réunis)|a\ eu\ lieu|aura\ lieu|a\ (?:organisé|accueilli|réuni)
        |tuvo\ lugar|tendrá\ lugar|se\ (?:celebr|realiz)\p{L}+|se\ llevó\ a\ cabo|organizó|acogió|reunió)\b",
    )
});

/// A kind of event: ties a date to it in a sentence without such a verb.
static KIND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)\b(?:round[\ -]?tables?|conference|workshop|seminar|lecture|forum|symposium|meeting|summit|panel|webinar|colloquium|event|congress
        |\p{L}*(?:konferenz|tagung|vortrag|rundtisch|podiumsdiskussion|veranstaltung|gespräch|kongress)|runde[rn]?\ tisch\p{L}*
        |конференци\p{L}+|семинар\p{L}*|кругл\p{L}+\ стол\p{L}*|форум\p{L}*|лекци\p{L}+|встреч\p{L}+|мероприяти\p{L}+
        |conférence|séminaire|table\ ronde|colloque|atelier|conferencia|seminario|mesa\ redonda|taller|jornada)\b",
    )
});

/// Words before a date that make it another date.
static OTHER_DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)\b(?:published|posted|updated|modified|printed|since|born|died|founded|established|adopted|signed|ratified|elected|launched
        |enacted|passed|as\ of|until|before|after|by|dated|deadline|(?:register|registration|apply)(?:\ by|\ until)?|following
        |veröffentlicht|aktualisiert|seit|geboren|gestorben|gegründet|unterzeichnet|verabschiedet|stand|bis(?:\ zum)?|nach(?:\ dem)?|vor(?:\ dem)?|anmeldung\ bis
        |опубликован\p{L}*|обновлен\p{L}*|основан\p{L}*|подписан\p{L}*|родил\p{L}+|до|после
        |publiée?|mise?\ à\ jour|depuis|née?|fondée?|signée?|avant|après|jusqu[’']au
        |publicad[oa]|actualizad[oa]|desde|nacid[oa]|fundad[oa]|firmad[oa]|hasta|antes|después)
        (?:\s+(?:in|on|am|im|le|el|the|vom|von|den|del|de))*[\s:,]*$",
    )
});

static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\W*(?:date|when|date and time|event date|datum|wann|termin|zeit|дата|когда|время|quand|date et heure|fecha|cuándo)\s*[:：]",
    )
});

/// "BERLIN, 3 June 2026 — ": a dateline before the first sentence.
static DATELINE_END: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(?:\([^)]{1,30}\)\s*)?[—–:-]|^\s*\.\s+[—–-]"));

/// Words of a report that state when it was published.
static PUBLISHED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\W*(?:published|posted|date of publication|veröffentlicht|erschienen|опубликовано|дата публикации|publiée?|mis en ligne|publicad[oa])\s*(?:on|am|le|el)?\s*[:：]?\s*$",
    )
});

/// The date of the event in a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Dated {
    pub(super) found: Found,
    pub(super) rule: &'static str,
    pub(super) words: String,
    pub(super) sentence: String,
}

/// Finds it by the first rule that yields one. `lines` are the first blocks with their line breaks.
pub(super) fn find(title: &str, paragraphs: &[&str], lines: &[&str]) -> Option<Dated> {
    let opening: Vec<&str> = paragraphs
        .iter()
        .take(PARAGRAPHS)
        .map(|text| opening(text, LONGEST_PARAGRAPH))
        .collect();
    labelled(lines)
        .or_else(|| {
            tied(
                &opening,
                &HAPPENED,
                "date in prose: first dated sentence that says what took place",
            )
        })
        .or_else(|| {
            tied(
                &opening,
                &KIND,
                "date in prose: first dated sentence that names the event",
            )
        })
        .or_else(|| in_title(title))
        .or_else(|| dateline(&opening))
        .or_else(|| short_line(lines))
}

/// When the text itself says it was published, and the words that say so.
pub(super) fn published(paragraphs: &[&str]) -> Option<(NaiveDate, String)> {
    let lines = paragraphs
        .iter()
        .take(3)
        .chain(paragraphs.iter().rev().take(2))
        .flat_map(|text| text.lines());
    lines.filter(|line| line.len() <= SHORT_LINE * 2).find_map(|line| {
        let found = dates::find(line).into_iter().next()?;
        let says_so = PUBLISHED.is_match(&line[..found.range.start]) && found.states_year();
        let (when, _) = found.resolve(None).filter(|_| says_so)?;
        Some((when.date, line.to_owned()))
    })
}

/// Sentences of the opening that say what took place, in order: where the place and the series are looked for.
pub(super) fn telling<'a>(paragraphs: &[&'a str]) -> Vec<&'a str> {
    let opening = paragraphs.iter().take(3).map(|text| opening(text, LONGEST_PARAGRAPH));
    opening
        .flat_map(sentences)
        .filter(|sentence| HAPPENED.is_match(sentence) || KIND.is_match(sentence))
        .collect()
}

fn labelled(paragraphs: &[&str]) -> Option<Dated> {
    let lines = paragraphs
        .iter()
        .flat_map(|text| text.lines())
        .map(|line| opening(line, LONGEST_PARAGRAPH));
    lines.filter(|line| LABEL.is_match(line)).find_map(|line| {
        let found = dates::find(line).into_iter().next()?;
        Some(dated(found, line, "line that states the date"))
    })
}

fn tied(paragraphs: &[&str], tie: &Regex, rule: &'static str) -> Option<Dated> {
    for sentence in paragraphs.iter().take(3).flat_map(|text| sentences(text)) {
        let ties: Vec<usize> = tie.find_iter(sentence).map(|word| word.start()).collect();
        if ties.is_empty() {
            continue;
        }
        let nearest = candidates(sentence)
            .into_iter()
            .min_by_key(|found| ties.iter().map(|at| at.abs_diff(found.range.start)).min());
        if let Some(found) = nearest {
            return Some(dated(found, sentence, rule));
        }
    }
    None
}

fn in_title(title: &str) -> Option<Dated> {
    let found = candidates(opening(title, LONGEST_PARAGRAPH))
        .into_iter()
        .find(Found::states_year)?;
    Some(dated(found, title, "date in the title"))
}

fn dateline(paragraphs: &[&str]) -> Option<Dated> {
    let first = paragraphs.first()?;
    let found = candidates(opening(first, SHORT_LINE)).into_iter().next()?;
    let is_dateline = DATELINE_END.is_match(&first[found.range.end..]) && found.range.start <= 60;
    let sentence = sentences(first).first().map_or(*first, |one| *one);
    is_dateline.then(|| dated(found, sentence, "dateline"))
}

fn short_line(paragraphs: &[&str]) -> Option<Dated> {
    let lines = paragraphs.iter().take(3).flat_map(|text| text.lines());
    lines
        .filter(|line| line.chars().count() <= SHORT_LINE && !line.ends_with('.'))
        .find_map(|line| {
            let found = candidates(line).into_iter().find(Found::states_year)?;
            Some(dated(found, line, "short line with a date near the top"))
        })
}

/// Dates of a sentence that nothing marks as another date.
fn candidates(sentence: &str) -> Vec<Found> {
    let mut found = dates::find(sentence);
    found.retain(|one| !OTHER_DATE.is_match(&sentence[..one.range.start]));
    found
}

fn dated(found: Found, sentence: &str, rule: &'static str) -> Dated {
    Dated {
        words: sentence[found.range.clone()].trim().to_owned(),
        sentence: sentence.to_owned(),
        found,
        rule,
    }
}
