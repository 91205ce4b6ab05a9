//! The tail of a report: a line such as "You may also like:" and the titles below it, or a heading of any words and below
//! it nothing but links into one site.
//!
//! In: the blocks of a text. Out: the same blocks without the tail, and the related titles with their links. The
//! surprising thing: the words alone do not make a tail. Only short lines may follow, down to the end of the text, so
//! that "Read more:" in the middle of a report cuts nothing.

use std::sync::LazyLock;

use regex::Regex;

use super::Related;
use super::blocks::{Block, Kind};
use super::prose::pattern;

/// A tail with more lines is a table of contents, not a tail.
const MOST_LINES: usize = 40;
/// A longer line is prose.
const LONGEST_TITLE: usize = 300;
/// "Related: One title" counts only among the last blocks.
const LAST_BLOCKS: usize = 4;

static OPENING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)^[\s\#*—–-]*(?:
            you\ (?:may|might)\ also\ (?:like|be\ interested\ in|enjoy)
          | (?:related|recent|other|past|more)(?:\ (?:articles|reports|events|content|links|posts|reading|topics|news|materials|stories|talks|publications))
          | related | recent | (?:keep\ reading|read\ more\ from\ (?:the|our)\ \p{L}+|(?:read|see)\ (?:also|more|next)) | further\ reading | more\ (?:on\ this(?:\ topic)?|like\ this|(?:from|in)\ (?:this|the|our)\ (?:series|archive|cent(?:re|er)|institute))
          | siehe\ auch | weiterführende\ links | lesen\ sie\ auch | mehr\ (?:zum\ thema|aus\ (?:dieser|der)\ reihe) | (?:zum\ )?weiterlesen
          | (?:weitere|verwandte|vergangene|frühere|andere|ähnliche)\ (?:berichte|artikel|beiträge|themen|veranstaltungen|meldungen|texte)
          | das\ könnte\ (?:sie|dich)\ auch\ interessieren | auch\ interessant
          | (?:см\.|смотрите)\ ?также | читайте\ также | по\ теме | вам\ (?:также\ )?может\ (?:быть\ интересно|понравиться|пригодиться)
          | (?:похожие|другие|недавние|прошедшие|прошлые|последние)\ (?:материалы|статьи|новости|события|встречи|публикации)
          | материалы\ по\ теме | недавнее | ещ[её]\ (?:на\ сайте|по\ теме) | читать\ далее
          | voir\ aussi | (?:à|a)\ lire\ (?:aussi|également) | lire\ aussi | sur\ le\ même\ (?:thème|sujet) | pour\ aller\ plus\ loin | dans\ la\ même\ (?:veine|série|rubrique)
          | (?:articles|événements|contenus)\ (?:liés|similaires|connexes|passés) | autres\ (?:articles|événements|comptes\ rendus) | vous\ (?:aimerez|pourriez)\ aussi(?:\ aimer)?
          | (?:véase|vea|ver)\ también | lea\ también | (?:artículos|noticias|notas|entradas|contenidos)\ relacionad[oa]s
          | otr[oa]s\ (?:eventos|noticias|actividades|artículos) | (?:eventos|actividades)\ (?:pasad[oa]s|anteriores) | más\ (?:noticias|sobre\ (?:el|este)\ tema) | también\ en\ (?:nuestro|este)\ (?:sitio|portal) | para\ seguir\ leyendo | lecturas\ recomendadas
          | (?:también\ )?(?:te|le)\ (?:puede|podría)\ interesar | relacionad[oa]s?
        )\s*(?P<mark>[:：…]?)\s*(?P<rest>.*)$",
    )
});

/// Whether a line is nothing but the words that open a tail.
pub(super) fn is_opening(line: &str) -> bool {
    OPENING
        .captures(line)
        .and_then(|captures| captures.name("rest"))
        .is_some_and(|rest| rest.is_empty())
}

/// The tail, if there is one.
pub(super) struct Tail {
    /// The blocks before it.
    pub(super) keep: usize,
    pub(super) related: Vec<Related>,
    /// The line that opened it.
    pub(super) words: String,
}

pub(super) fn find(blocks: &[Block]) -> Option<Tail> {
    by_words(blocks).or_else(|| by_links(blocks))
}

/// A heading of any words and below it nothing but links, down to the end.
fn by_links(blocks: &[Block]) -> Option<Tail> {
    /// What such links are besides other reports.
    static NO_REPORTS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)\b(?:downloads?|pdf|slides|program(?:me|m)?|contacts?|kontakt|share|teilen|drucken|print|video|livestream|sources|quellen|literatur|links|programa|contacto|fuentes|materiale?s|источники|контакты|программа|material(?:ien)?|documents?|tags?|speakers|books?|bücher|buch|livres?|libros?|книги|projects?|projekte|partners?|participants)\b",
        )
    });
    // What stands below the links and is none is a foot of the page.
    let linked = |block: &Block| !block.lines.is_empty() && block.lines.iter().all(|line| line.url.is_some());
    let end = blocks.iter().rposition(linked)? + 1;
    let foot = blocks.get(end..)?;
    let at = blocks.get(..end)?.iter().rposition(|block| !linked(block))?;
    let head = blocks.get(at)?;
    let links: Vec<&Related> = blocks.get(at + 1..end)?.iter().flat_map(|block| &block.lines).collect();
    let is_bold = head.html.starts_with("<p><strong>") && head.html.ends_with("</strong></p>");
    let is_tail = (head.kind == Kind::Heading || is_bold)
        && foot.len() <= 2
        && foot.iter().all(|block| block.text.chars().count() <= LONGEST_TITLE)
        && (2..=MOST_LINES).contains(&links.len())
        && links.iter().all(|link| link.title.split(' ').count() >= 2)
        && is_of_one_site(&links)
        && !NO_REPORTS.is_match(&head.text)
        && !links.iter().any(|link| NO_REPORTS.is_match(&link.title));
    is_tail.then(|| Tail {
        keep: at,
        related: links
            .iter()
            .map(|link| title_of(&link.title, link.url.as_deref()))
            .collect(),
        words: head.text.clone(),
    })
}

/// Other reports of a house lie on its own site; books and partners do not.
fn is_of_one_site(links: &[&Related]) -> bool {
    let host = |link: &&Related| {
        let url = url::Url::parse(link.url.as_deref()?).ok()?;
        url.host_str().map(str::to_owned)
    };
    let mut hosts = links.iter().map(host);
    let first = hosts.next().flatten();
    first.is_some() && hosts.all(|host| host == first)
}

fn by_words(blocks: &[Block]) -> Option<Tail> {
    let first = blocks.len().saturating_sub(MOST_LINES + 1);
    (first..blocks.len()).find_map(|at| {
        let (block, after) = (blocks.get(at)?, blocks.get(at + 1..)?);
        let (head, lines) = block.lines.split_first()?;
        let opening = OPENING.captures(&head.title)?;
        let rest = opening.name("rest").map_or("", |rest| rest.as_str());
        let mut related = Vec::new();
        if !rest.is_empty() {
            // "Related: One title" on one line.
            let near_the_end = blocks.len() - at <= LAST_BLOCKS;
            if !near_the_end || opening.name("mark").is_none_or(|mark| mark.is_empty()) {
                return None;
            }
            related.push(title_of(rest, head.url.as_deref()));
        }
        related.extend(lines.iter().map(|line| title_of(&line.title, line.url.as_deref())));
        // The house and its address on lines of their own below the titles.
        let is_signed = |block: &Block| {
            let house = block
                .lines
                .first()
                .and_then(|line| super::organiser::signed(&line.title));
            house.is_some() && block.text.contains(|c: char| c.is_ascii_digit())
        };
        let after = match after.split_last() {
            Some((last, titles)) if is_signed(last) && !related.is_empty() | !titles.is_empty() => titles,
            _ => after,
        };
        for line in after.iter().flat_map(|block| &block.lines) {
            // The name of the house with its address, below the titles, is none.
            let is_foot =
                line.title.contains(|c: char| c.is_ascii_digit()) && super::organiser::signed(&line.title).is_some();
            if !is_foot {
                related.push(title_of(&line.title, line.url.as_deref()));
            }
        }
        related.retain(|one| !one.title.is_empty());
        let is_tail = !related.is_empty()
            && related.len() <= MOST_LINES
            && related.iter().all(|one| one.title.chars().count() <= LONGEST_TITLE);
        is_tail.then(|| Tail {
            keep: at,
            related,
            words: head.title.clone(),
        })
    })
}

/// A line of the tail without its bullet; an address at its end becomes the link.
fn title_of(line: &str, url: Option<&str>) -> Related {
    static BULLET: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(?:[-*•–—·»>]+|\d{1,2}[.)])\s+"));
    let line = BULLET.replace(line, "");
    let written = super::prose::ADDRESS.find(&line);
    let title = match &written {
        Some(address) => line[..address.start()].trim_end_matches([' ', '(', '<', '[', ':', '-', '–', '—']),
        None => line.as_ref(),
    };
    Related {
        title: super::prose::tidy(title),
        url: url.map(str::to_owned).or_else(|| {
            let address = written.as_ref()?.as_str().trim_end_matches(['.', ',', ';']);
            url::Url::parse(address).ok().map(String::from)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::blocks::of_html;

    #[track_caller]
    fn links(html: &str, expected: &[&str]) {
        let blocks = of_html(html, None);
        let found = find(&blocks);
        let titles: Vec<&str> = found
            .iter()
            .flat_map(|tail| &tail.related)
            .map(|one| one.title.as_str())
            .collect();
        assert_eq!(titles, expected, "{html}");
    }

    const LINKS: &str = r#"<ul><li><a href="https://example.org/1">Of old weirs</a></li>
        <li><a href="https://example.org/2">Of new weirs</a></li></ul>"#;

    #[test]
    fn links_at_the_end_below_any_heading_are_related() {
        let expected = &["Of old weirs", "Of new weirs"];
        links(&format!("<p>A text.</p><h3>From our shelves</h3>{LINKS}"), expected);
        links(
            &format!("<p>A text.</p><p><strong>From our shelves</strong></p>{LINKS}"),
            expected,
        );
        links(&format!("<p>A text.</p><p>From our shelves</p>{LINKS}"), &[]);
        links(
            &format!("<h3>From our shelves</h3>{LINKS}<p>A</p><p>B</p><p>C</p>"),
            &[],
        );
    }

    #[test]
    fn links_to_downloads_are_not_related() {
        links(&format!("<p>A text.</p><h3>Downloads</h3>{LINKS}"), &[]);
        links(
            r#"<p>A text.</p><h3>From our shelves</h3><ul><li><a href="https://example.org/1">Of old weirs (PDF)</a></li>
            <li><a href="https://example.org/2">Of new weirs</a></li></ul>"#,
            &[],
        );
    }

    #[test]
    fn links_to_elsewhere_are_part_of_the_report() {
        let elsewhere = r#"<ul><li><a href="https://press.example.org/1">Of old weirs</a></li>
            <li><a href="https://books.example.net/2">Of new weirs</a></li></ul>"#;
        links(&format!("<p>A text.</p><h3>On the table</h3>{elsewhere}"), &[]);
        links(&format!("<p>A text.</p><h3>Books presented</h3>{LINKS}"), &[]);
    }

    #[test]
    fn a_foot_below_the_tail_is_not_related() {
        let expected = &["Of old weirs", "Of new weirs"];
        links(
            &format!("<p>A text.</p><h3>From our shelves</h3>{LINKS}<p>Write to us, or come.</p>"),
            expected,
        );
        links(
            &format!(
                "<p>A text.</p><h3>You may also like</h3>{LINKS}<p>Altmoor Institute for Rivers, 4 Weir Lane, Altmoor</p>"
            ),
            expected,
        );
    }
}
