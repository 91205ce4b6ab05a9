//! The tail of a report: a line such as "You may also like:" and the titles below it.
//!
//! In: the blocks of a text. Out: the same blocks without the tail, and the related titles with their links. The
//! surprising thing: the words alone do not make a tail. Only short lines may follow, down to the end of the text, so
//! that "Read more:" in the middle of a report cuts nothing.

use std::sync::LazyLock;

use regex::Regex;

use super::Related;
use super::blocks::Block;
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
          | related | recent | (?:read|see)\ (?:also|more|next) | further\ reading | more\ (?:on\ this(?:\ topic)?|like\ this|(?:from|in)\ (?:this|the)\ series)
          | siehe\ auch | lesen\ sie\ auch | mehr\ (?:zum\ thema|aus\ (?:dieser|der)\ reihe) | (?:zum\ )?weiterlesen
          | (?:weitere|verwandte|vergangene|frühere|andere|ähnliche)\ (?:berichte|artikel|beiträge|themen|veranstaltungen|meldungen|texte)
          | das\ könnte\ (?:sie|dich)\ auch\ interessieren | auch\ interessant
          | (?:см\.|смотрите)\ ?также | читайте\ также | по\ теме | вам\ (?:также\ )?может\ (?:быть\ интересно|понравиться|пригодиться)
          | (?:похожие|другие|недавние|прошедшие|прошлые|последние)\ (?:материалы|статьи|новости|события|встречи|публикации)
          | недавнее | ещ[её]\ (?:на\ сайте|по\ теме) | читать\ далее
          | voir\ aussi | (?:à|a)\ lire\ (?:aussi|également) | lire\ aussi | sur\ le\ même\ (?:thème|sujet)
          | (?:articles|événements|contenus|autres\ articles|autres\ événements)\ (?:liés|similaires|connexes|passés)? | vous\ (?:aimerez|pourriez)\ (?:aussi|aussi\ aimer)
          | (?:véase|vea|ver)\ también | lea\ también | (?:artículos|noticias|notas|entradas|contenidos)\ relacionad[oa]s
          | otr[oa]s\ (?:eventos|noticias|actividades|artículos) | (?:eventos|actividades)\ (?:pasad[oa]s|anteriores) | más\ (?:noticias|sobre\ (?:el|este)\ tema)
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
        for line in after.iter().flat_map(|block| &block.lines) {
            related.push(title_of(&line.title, line.url.as_deref()));
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
