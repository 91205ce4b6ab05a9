//! The pictures of a report.
//!
//! In: the main part of a page or text. Out: addresses with what the author says of each picture, in the order of the
//! text. The surprising part: most pictures of a page are none of the report (logos, portraits of other reports, pixels
//! that count readers), so one counts only if it stands in the text, leads nowhere else and is no ornament.

use std::sync::LazyLock;

use ego_tree::NodeRef;
use regex::Regex;
use scraper::{ElementRef, Html, Node, Selector};
use url::Url;

use super::Image;
use super::blocks::{parsed, web_address};
use super::prose::{pattern, tidy};

/// More pictures than this are a gallery, which is looked at where it hangs.
const MOST: usize = 10;
/// A picture that its page shows no larger than this, in pixels, is a sign or a counter.
const SMALL: u32 = 64;
/// A longer text beside a picture is no caption.
const LONGEST_CAPTION: usize = 300;

/// The pictures of HTML that stands in no page.
pub(super) fn of_html(html: &str, base: Option<&Url>) -> Vec<Image> {
    if !html.contains("<img") {
        return Vec::new();
    }
    parsed(html).map_or_else(Vec::new, |page| of_node(page.tree.root(), base))
}

/// The pictures below one node of a page. `base`: where the page lay; none for a file, whose pictures lie beside it.
pub(super) fn of_node(node: NodeRef<'_, Node>, base: Option<&Url>) -> Vec<Image> {
    let mut images: Vec<Image> = Vec::new();
    let elements = node.descendants().filter_map(ElementRef::wrap);
    for element in elements.filter(|element| element.value().name() == "img") {
        if let Some(image) = image(element, base)
            && images.iter().all(|known| known.url != image.url)
        {
            images.push(image);
        }
        if images.len() == MOST {
            break;
        }
    }
    images
}

/// The picture that a page shows when others link to it.
pub(super) fn shared(page: &Html, base: Option<&Url>) -> Option<Image> {
    static URL: LazyLock<Option<Selector>> = LazyLock::new(|| Selector::parse(r#"meta[property="og:image"]"#).ok());
    static ALT: LazyLock<Option<Selector>> = LazyLock::new(|| Selector::parse(r#"meta[property="og:image:alt"]"#).ok());
    let content = |selector: &Option<Selector>| page.select(selector.as_ref()?).next()?.attr("content");
    Some(Image {
        url: address(content(&URL)?, base).filter(|url| !is_sign(url))?,
        alt: content(&ALT).map(tidy).unwrap_or_default(),
        caption: None,
    })
}

/// Where a picture lies: on the web, or beside the file, as a path that does not lead out of its folder.
pub(super) fn address(written: &str, base: Option<&Url>) -> Option<String> {
    static SCHEME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:|//)"));
    let written = written.trim();
    if base.is_some() || SCHEME.is_match(written) {
        return web_address(written, base);
    }
    let path = written.split(['?', '#']).next().unwrap_or_default();
    let path = percent_decoded(path);
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let leads_out = path.starts_with('/') || path.contains(['\\', '\0']) || parts.contains(&"..");
    (!leads_out && !parts.is_empty()).then(|| parts.join("/"))
}

/// A path as it is on disk.
fn percent_decoded(path: &str) -> String {
    // A relative address is one only to an address.
    let decoded = Url::parse("file:///").ok().and_then(|root| {
        let url = root.join(path).ok()?;
        url.to_file_path().ok()?.to_str().map(str::to_owned)
    });
    match decoded {
        Some(decoded) if path.contains('%') && !path.starts_with('/') => decoded.trim_start_matches('/').to_owned(),
        _ => path.to_owned(),
    }
}

fn image(element: ElementRef<'_>, base: Option<&Url>) -> Option<Image> {
    let stated = |name: &str| element.attr(name).map(str::trim).filter(|text| !text.is_empty());
    let figure = element
        .ancestors()
        .filter_map(ElementRef::wrap)
        .find(|above| above.value().name() == "figure");
    let is_ornament = matches!(stated("role"), Some("presentation" | "none"))
        || stated("aria-hidden") == Some("true")
        // An empty text says that there is nothing to say; within a figure it is a field that nobody filled in.
        || (element.attr("alt").is_some_and(|alt| alt.trim().is_empty()) && figure.is_none());
    let is_small = ["width", "height"].into_iter().any(|side| {
        let pixels = stated(side).and_then(|text| text.trim_end_matches("px").parse::<u32>().ok());
        pixels.is_some_and(|pixels| pixels <= SMALL)
    });
    if is_ornament || is_small || stands_beside(element) {
        return None;
    }
    // Pages that load pictures late have a placeholder where the address should be.
    let source = ["src", "data-src", "data-lazy-src", "data-original"]
        .into_iter()
        .filter_map(stated)
        .find(|source| !source.starts_with("data:"));
    let source = source.or_else(|| stated("srcset").or(stated("data-srcset"))?.split([' ', ',']).next())?;
    let caption = figure.and_then(|figure| {
        let element = figure
            .descendent_elements()
            .find(|one| one.value().name() == "figcaption")?;
        let text = tidy(&element.text().collect::<Vec<_>>().join(" "));
        (!text.is_empty() && text.chars().count() <= LONGEST_CAPTION).then_some(text)
    });
    Some(Image {
        url: address(source, base).filter(|url| !is_sign(url))?,
        alt: stated("alt").map(tidy).unwrap_or_default(),
        caption,
    })
}

/// Drawings of lines are logos and icons; they may also hold scripts.
fn is_sign(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    [".svg", ".svgz", ".ico"].iter().any(|ending| path.ends_with(ending))
}

/// It belongs to the frame of the page, or is the door to another one.
fn stands_beside(element: ElementRef<'_>) -> bool {
    static MARK: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)(?:^|[\s_-])(?:logo|icon|avatar|share|social|sponsors?|partners?|related|teaser|banner|cookie|comments?|sidebar|newsletter|advert\w*)(?:$|[\s_-])",
        )
    });
    static FILE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\.(?:jpe?g|png|gif|webp)(?:\?|#|$)"));
    std::iter::once(element)
        .chain(element.ancestors().filter_map(ElementRef::wrap))
        .take_while(|above| !matches!(above.value().name(), "main" | "body" | "html"))
        .any(|above| {
            let is_frame = matches!(
                above.value().name(),
                "nav" | "aside" | "header" | "footer" | "form" | "noscript"
            );
            let leads_on = above.value().name() == "a" && above.attr("href").is_some_and(|href| !FILE.is_match(href));
            let is_article = above.value().name() == "article";
            let marks = ["class", "id"].into_iter().filter_map(|name| above.attr(name));
            is_frame || leads_on || (!is_article && marks.into_iter().any(|mark| MARK.is_match(mark)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(html: &str, base: Option<&str>) -> Vec<String> {
        let base = base.and_then(|base| Url::parse(base).ok());
        of_html(html, base.as_ref())
            .into_iter()
            .map(|image| image.url)
            .collect()
    }

    #[test]
    fn only_pictures_of_the_text_count() {
        let html = r##"<main><header><img src="/logo.png" alt="Institute"></header>
            <p><img src="hall.jpg" alt="The hall" width="800"></p>
            <p><img src="data:image/gif;base64,R0" data-src="/late.jpg" alt="Late"></p>
            <a href="/big.jpg?x=1"><img src="small.jpg" alt="Map"></a>
            <a href="/other-report"><img src="other.jpg" alt="Another report"></a>
            <img src="pixel.gif" alt="x" width="1" height="1"><img src="line.png" alt="">
            <img src="sign.svg" alt="Sign"><img src="hall.jpg" alt="Again"><img alt="Nothing">
            <div class="box related"><img src="beside.jpg" alt="Beside"></div>
            <img srcset="a.webp 1x, b.webp 2x" alt="Two"><img src="javascript:alert(1)" alt="x"></main>"##;
        assert_eq!(
            urls(html, Some("https://example.org/events/rivers")),
            [
                "https://example.org/events/hall.jpg",
                "https://example.org/late.jpg",
                "https://example.org/events/small.jpg",
                "https://example.org/events/a.webp",
            ]
        );
    }

    #[test]
    fn a_figure_keeps_its_caption_and_needs_no_other_words() {
        let html = "<figure><img src=\"a.jpg\" alt=\"\"><figcaption>The hall, <i>full</i></figcaption></figure>";
        let found = of_html(html, None);
        assert_eq!(
            found,
            [Image {
                url: "a.jpg".into(),
                alt: String::new(),
                caption: Some("The hall, full".into())
            }]
        );
    }

    #[test]
    fn a_picture_beside_a_file_does_not_lead_out_of_the_folder() {
        for (written, path) in [
            ("hall.jpg", Some("hall.jpg")),
            ("./pictures/the%20hall.jpg?v=2", Some("pictures/the hall.jpg")),
            ("../hall.jpg", None),
            ("a/../../hall.jpg", None),
            ("%2e%2e/hall.jpg", Some("hall.jpg")),
            ("/etc/hall.jpg", None),
            ("a\\..\\hall.jpg", None),
            ("file:///etc/passwd", None),
            ("//example.org/a.jpg", None),
            ("https://example.org/a.jpg", Some("https://example.org/a.jpg")),
            ("", None),
        ] {
            assert_eq!(address(written, None).as_deref(), path, "{written}");
        }
    }
}
