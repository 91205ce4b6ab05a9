//! What the head of a page states: language, address, translations, publication, author, keywords.
//!
//! In: a parsed page, and the address it was fetched from. Out: fields of the report that are still empty. The
//! surprising thing: a page names itself among its translations, and is left out there.

use std::sync::LazyLock;

use scraper::{Html, Selector};
use url::Url;

use crate::report::blocks::web_address;
use crate::report::html::selector;
use crate::report::prose::tidy;
use crate::report::{Report, Translation, dates, language};

pub(super) fn declared_language(page: &Html, report: &mut Report) {
    let declared = page
        .root_element()
        .attr("lang")
        .or(page.root_element().attr("xml:lang"));
    if let Some(written) = declared
        && report.language.is_none()
        && let Some(tag) = language::primary(written)
    {
        report.language = Some(tag);
        report.note(
            "language",
            "declared by the page",
            &format!("<html lang=\"{written}\">"),
        );
    }
}

pub(super) fn address(page: &Html, at: Option<&Url>, report: &mut Report) {
    static CANONICAL: LazyLock<Selector> = LazyLock::new(|| selector(r#"link[rel~="canonical"][href]"#));
    static OG_URL: LazyLock<Selector> = LazyLock::new(|| selector(r#"meta[property="og:url"][content]"#));
    let canonical = page
        .select(&CANONICAL)
        .next()
        .and_then(|link| link.attr("href"))
        .map(|href| (href, "link canonical"));
    let og = page
        .select(&OG_URL)
        .next()
        .and_then(|meta| meta.attr("content"))
        .map(|url| (url, "meta og:url"));
    for (href, rule) in canonical.into_iter().chain(og) {
        if let Some(url) = web_address(href, at)
            && report.url.is_none()
        {
            report.url = Some(url);
            report.note("url", rule, href);
        }
    }
}

/// The same page in other languages: `link rel="alternate" hreflang`, as search engines want it.
pub(super) fn translations(page: &Html, at: Option<&Url>, report: &mut Report) {
    /// More are the languages of a translating machine.
    const MOST: usize = 20;
    static LINK: LazyLock<Selector> =
        LazyLock::new(|| selector(r#"link[rel~="alternate"][hreflang][href]:not([type*="xml"]):not([type*="json"])"#));
    for link in page.select(&LINK).take(MOST) {
        let stated = |name| link.attr(name).unwrap_or_default();
        let (Some(language), Some(url)) = (language::primary(stated("hreflang")), web_address(stated("href"), at))
        else {
            continue;
        };
        // A page names itself among them.
        let is_own = Some(&language) == report.language.as_ref() || Some(&url) == report.url.as_ref();
        if language != "x" && !is_own && report.translations.iter().all(|known| known.url != url) {
            report.translations.push(Translation { language, url });
        }
    }
}

pub(super) fn publication(page: &Html, report: &mut Report) {
    static META: LazyLock<Selector> = LazyLock::new(|| {
        selector(
            r#"meta[property="article:published_time"], meta[itemprop="datePublished"], meta[name="date"], meta[name="dc.date"], meta[name="DC.date"], meta[name="dcterms.created"], meta[name="pubdate"], meta[name="article:published_time"]"#,
        )
    });
    for meta in page.select(&META) {
        if let Some(words) = meta.attr("content")
            && report.published.is_none()
            && let Some(instant) = dates::instant(words)
        {
            report.published = Some(instant);
            report.note("published", "meta date of publication", words);
        }
    }
}

pub(super) fn author(page: &Html, report: &mut Report) {
    static AUTHOR: LazyLock<Selector> = LazyLock::new(|| selector(r#"meta[name="author"][content]"#));
    if let Some(words) = page
        .select(&AUTHOR)
        .next()
        .and_then(|meta| meta.attr("content"))
        .map(tidy)
        && report.author.is_none()
        && !words.is_empty()
    {
        report.note("author", "meta author", &words);
        report.author = Some(words);
    }
}

pub(super) fn keywords(page: &Html, report: &mut Report) {
    static TAG: LazyLock<Selector> =
        LazyLock::new(|| selector(r#"meta[property="article:tag"][content], meta[name="keywords"][content]"#));
    if !report.topics.is_empty() {
        return;
    }
    let mut topics: Vec<String> = Vec::new();
    for meta in page.select(&TAG) {
        for word in meta.attr("content").unwrap_or_default().split(',').map(tidy) {
            if !word.is_empty() && !topics.contains(&word) && topics.len() < 20 {
                topics.push(word);
            }
        }
    }
    if !topics.is_empty() {
        let words = topics.join(", ");
        report.note("topics", "meta keywords", &words);
        report.topics = topics;
    }
}
