//! From a file to a [`Report`]: which form it has, and the order in which the rules are asked.
//!
//! In: name, bytes, context. Out: a report or a refusal. What an editor states beats what a page states for machines,
//! which beats what its form shows, which beats prose; a field that is filled is left alone. The surprising thing: the
//! time of the file never becomes a date of the report. It only lends its year to a date that has none.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use url::Url;

use super::blocks::{self, Block, Kind};
use super::labels::{Label, Stated};
use super::prose::{quoted, tidy};
use super::{
    Image, Loser, Provenance, Refusal, Report, Status, charset, date, event, front, html, images, labels, language,
    markdown, organiser, people, place, plain, prose, series, status, summary, tail, topics, venue,
};

/// A larger file is no report.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;
/// A longer paragraph is read so far, a text with more paragraphs up to these.
const LONGEST_PARAGRAPH: usize = 20_000;
const MOST_PARAGRAPHS: usize = 400;
/// Facts stand by themselves ("Date: ...") within so many blocks, or nowhere.
const HEAD_BLOCKS: usize = 40;

/// What is known about a file besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Time of the file; used only for the year of a date that states none in a report that states no publication.
    pub published_hint: Option<DateTime<Utc>>,
    /// Files larger than this are refused.
    pub max_bytes: usize,
    /// The charset of the HTTP header, if the bytes came over HTTP.
    pub http_charset: Option<String>,
    /// The file `NAME.toml` beside the report: what it states beats whatever the report says of itself.
    pub sidecar: Option<Vec<u8>>,
    /// Topics and the keywords by which a report that states none is known to be about them.
    pub topics: Vec<(String, Vec<String>)>,
    /// Pages: CSS selectors of fields, by keys of [`super::SELECTABLE`].
    pub select: Vec<(String, String)>,
}

impl Default for Context {
    fn default() -> Self {
        Context {
            published_hint: None,
            max_bytes: MAX_BYTES,
            http_charset: None,
            sidecar: None,
            topics: Vec::new(),
            select: Vec::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    Markdown,
    Html,
}

impl Form {
    fn of(name: &str) -> Result<Form, Refusal> {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let extension = file.rsplit_once('.').map(|(_, extension)| extension.to_lowercase());
        match extension.as_deref() {
            Some("txt" | "text") => Ok(Form::Plain),
            Some("md" | "markdown") => Ok(Form::Markdown),
            Some("html" | "htm" | "xhtml") => Ok(Form::Html),
            Some(other) => Err(Refusal(format!(
                "files of kind .{other} are not read; save the report as .txt, .md or .html"
            ))),
            None => Err(Refusal(
                "the name has no extension; name the report .txt, .md or .html".to_owned(),
            )),
        }
    }
}

/// Reads one report. `name` is its path within the source; only the extension matters.
pub fn read(name: &str, bytes: &[u8], context: &Context) -> Result<Report, Refusal> {
    let form = Form::of(name)?;
    let mut report = Report::default();
    let text = decode(bytes, context, &mut report)?;
    let material = match form {
        Form::Plain => {
            let body = front::take(&text, &mut report)?;
            if report.title.is_empty() {
                let read = plain::read(body);
                report.title_from(&read.title, read.title_rule);
                read.blocks.into()
            } else {
                plain::body(body, &report.title).into()
            }
        }
        Form::Markdown => {
            let body = front::take(&text, &mut report)?;
            let base = report.own_url();
            let (title, rule, blocks) = markdown::read(body, &report.title, base.as_ref());
            report.images_from(images::of_html(&markdown::to_html(body), None), "pictures of the text");
            report.title_from(&title, rule);
            blocks.into()
        }
        Form::Html => {
            let page = html::read(&text, None, &context.select, &mut report)?;
            report.title_from(&page.title, page.title_rule);
            page.into()
        }
    };
    finish(report, material, context)
}

/// What a report is made of: its text, and what a page has beside it.
#[derive(Default)]
pub(super) struct Material {
    pub(super) blocks: Vec<Block>,
    /// Pages: all of the main element.
    pub(super) whole: Vec<Block>,
    /// Pages: days that `time` elements state.
    pub(super) days: Vec<NaiveDate>,
    /// Pages: the institution whose page it is.
    pub(super) house: Option<String>,
}

impl From<html::Page> for Material {
    fn from(page: html::Page) -> Material {
        Material {
            blocks: page.blocks,
            whole: page.whole,
            days: page.days,
            house: page.house,
        }
    }
}

impl From<Vec<Block>> for Material {
    fn from(blocks: Vec<Block>) -> Material {
        Material {
            blocks,
            ..Material::default()
        }
    }
}

/// Bytes as text; that they were no plain UTF-8 is noted.
pub(super) fn decode(bytes: &[u8], context: &Context, report: &mut Report) -> Result<String, Refusal> {
    let text = text(bytes, context)?;
    if text.is_notable() {
        let lost = match text.replaced {
            0 => String::new(),
            1 => "; 1 unreadable character was replaced".to_owned(),
            many => format!("; {many} unreadable characters were replaced"),
        };
        report.note("charset", text.rule, &format!("read as {}{lost}", text.charset));
    }
    Ok(text.text)
}

/// From the text to a report: the tail, the body, and what nobody stated.
pub(super) fn finish(mut report: Report, material: Material, context: &Context) -> Result<Report, Refusal> {
    let Material {
        mut blocks,
        whole,
        days,
        house,
    } = material;
    if let Some(bytes) = &context.sidecar {
        front::enter_sidecar(bytes, &mut report)?;
    }
    let last = blocks.last().map(|block| block.text.clone());
    let house = house.or_else(|| organiser::signed(&last?));
    if let Some(tail) = tail::find(&blocks) {
        blocks.truncate(tail.keep);
        if report.related.is_empty() {
            report.note("related", "tail of the text", &tail.words);
            report.related = tail.related;
        }
    }
    if report.title.is_empty() {
        let first = blocks
            .first()
            .and_then(|block| block.lines.first())
            .map(|line| line.title.clone());
        let first = first.unwrap_or_default();
        match plain::is_title(&first) {
            true => report.title_from(&first, "first line"),
            false => report.title_from(&plain::title_within(&first), "first sentence"),
        }
    }
    if report.title.is_empty() {
        return Err(Refusal("holds no text; write a title and the report".to_owned()));
    }
    enter_body(&mut report, &blocks);
    topics::enter(&mut report, &context.topics);
    enter_from_prose(
        &mut report,
        &blocks,
        &Beside {
            whole: &whole,
            days: &days,
            house: house.as_deref(),
        },
        context,
    );
    Ok(report)
}

/// What mail, feeds and pages may show of somebody's HTML: an allow-list of text elements, links to http, https and
/// mailto only. Relative links are resolved against `base`, or lose their address.
pub fn sanitize(html: &str, base: Option<&Url>) -> String {
    join_html(&blocks::of_html(html, base))
}

/// Markdown as sanitised HTML.
pub fn markdown_to_html(text: &str) -> String {
    sanitize(&markdown::to_html(text), None)
}

/// The same bytes give the same fingerprint, wherever and whenever.
pub fn fingerprint(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn text(bytes: &[u8], context: &Context) -> Result<charset::Decoded, Refusal> {
    if bytes.len() > context.max_bytes {
        return Err(Refusal(format!(
            "{:.1} MB are more than the {} MB a report may have; keep pictures and attachments out of the file",
            bytes.len() as f64 / 1_048_576.0,
            context.max_bytes / 1_048_576
        )));
    }
    if let Some(kind) = charset::binary_kind(bytes) {
        return Err(Refusal(format!(
            "looks like a binary file ({kind}); save the report as .txt, .md or .html"
        )));
    }
    let decoded = charset::decode(bytes, context.http_charset.as_deref());
    if decoded.text.trim().is_empty() {
        return Err(Refusal("the file is empty; write a title and the report".to_owned()));
    }
    Ok(decoded)
}

impl Report {
    /// Records which rule filled a field, from which words.
    pub(super) fn note(&mut self, field: &str, rule: &str, words: &str) {
        let why = Provenance {
            rule: rule.to_owned(),
            words: quoted(words),
            losers: self.provenance.remove(field).map(|why| why.losers).unwrap_or_default(),
        };
        self.provenance.insert(field.to_owned(), why);
    }

    /// Records what another rule would have put into a filled field. The same value again is no loser.
    pub(super) fn note_loser(&mut self, field: &str, rule: &str, words: &str, value: &str) {
        let Some(why) = self.provenance.get_mut(field) else {
            return;
        };
        let value = quoted(value);
        if why.losers.len() < Loser::MOST && !why.losers.iter().any(|one| one.value == value) {
            why.losers.push(Loser {
                rule: rule.to_owned(),
                words: quoted(words),
                value,
            });
        }
    }

    pub(super) fn title_from(&mut self, title: &str, rule: &str) {
        self.title = tidy(title);
        if !self.title.is_empty() && !self.provenance.contains_key("title") {
            let words = self.title.clone();
            self.note("title", rule, &words);
        }
    }

    /// Unless others are known.
    pub(super) fn images_from(&mut self, images: Vec<Image>, rule: &str) {
        if let (true, Some(first)) = (self.images.is_empty(), images.first()) {
            self.note("images", rule, &first.url);
            self.images = images;
        }
    }

    fn own_url(&self) -> Option<Url> {
        self.url.as_deref().and_then(|url| Url::parse(url).ok())
    }
}

fn join_html(blocks: &[Block]) -> String {
    let html: Vec<&str> = blocks
        .iter()
        .map(|block| block.html.as_str())
        .filter(|html| !html.is_empty())
        .collect();
    html.join("\n")
}

fn enter_body(report: &mut Report, blocks: &[Block]) {
    report.body_html = join_html(blocks);
    let texts: Vec<&str> = blocks
        .iter()
        .map(|block| block.text.as_str())
        .filter(|text| !text.is_empty())
        .collect();
    report.body_text = texts.join("\n\n");
    if report.language.is_none()
        && let Some(tag) = language::recognise(&format!(
            "{}\n{}",
            report.title,
            prose::opening(&report.body_text, 20_000)
        ))
    {
        report.language = Some(tag.to_owned());
        report.note("language", "recognised from the text", tag);
    }
}

/// What a text has beside it.
struct Beside<'a> {
    whole: &'a [Block],
    days: &'a [NaiveDate],
    house: Option<&'a str>,
}

/// What nobody stated is looked for in running text.
fn enter_from_prose(report: &mut Report, blocks: &[Block], beside: &Beside<'_>, context: &Context) {
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
    if report.published.is_none()
        && let Some((day, words)) = [&lines, &head, &paragraphs]
            .into_iter()
            .find_map(|lines| event::published(lines))
    {
        report.published = Some(day.and_time(NaiveTime::MIN).and_utc());
        report.note("published", "line that states the publication", &words);
    }
    if report.published.is_none()
        && let Some((day, words)) = event::posted(&lines, &paragraphs).or_else(|| event::posted(&head, &paragraphs))
    {
        report.published = Some(day.and_time(NaiveTime::MIN).and_utc());
        report.note("published", "day alone near the top, later than the event", &words);
    }
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
    let text = std::mem::take(&mut report.body_text);
    people::spell_out(&mut report.people, &text);
    report.body_text = text;
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
