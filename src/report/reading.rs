//! From a file to a [`Report`]: which form it has, and the order in which the rules are asked.
//!
//! In: name, bytes, context. Out: a report or a refusal. What an editor states beats what a page states for machines,
//! which beats what its form shows, which beats prose; a field that is filled is left alone. The surprising thing: the
//! time of the file never becomes a date of the report. It only lends its year to a date that has none.

use chrono::{DateTime, NaiveDate, Utc};
use url::Url;

use super::blocks::{self, Block};
use super::prose::{quoted, tidy};
use super::unstated::{self, Beside};
use super::{
    Image, Loser, Provenance, Refusal, Report, charset, front, html, images, language, markdown, organiser, plain,
    prose, tail, topics,
};

/// A larger file is no report.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;

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
    unstated::enter(
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
