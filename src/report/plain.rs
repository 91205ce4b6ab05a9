//! Plain text: a title line, paragraphs, perhaps a tail of related titles.
//!
//! In: text. Out: the title and the blocks. The surprising thing: a first line that is no title (a whole paragraph)
//! stays in the body, and its first sentence serves as the title.

use super::blocks::Block;
use super::prose::{sentences, tidy};

/// A first line longer than this is a paragraph.
const LONGEST_TITLE: usize = 500;
/// A line longer than this was not broken by hand: it is a paragraph of its own.
const LONGEST_BROKEN_LINE: usize = 120;

pub(super) struct Plain {
    pub(super) title: String,
    pub(super) title_rule: &'static str,
    pub(super) blocks: Vec<Block>,
}

pub(super) fn read(text: &str) -> Plain {
    let mut lines = text.lines().skip_while(|line| line.trim().is_empty());
    let first = tidy(lines.next().unwrap_or_default());
    if is_title(&first) {
        let rest: Vec<&str> = lines.collect();
        let underlined = rest.first().is_some_and(|line| is_rule(line));
        return Plain {
            title: first,
            title_rule: "first line",
            blocks: blocks(rest.get(usize::from(underlined)..).unwrap_or_default()),
        };
    }
    Plain {
        title: title_within(&first),
        title_rule: "first sentence",
        blocks: blocks(&text.lines().collect::<Vec<_>>()),
    }
}

/// The blocks of a text whose title is stated elsewhere; its first line may repeat it.
pub(super) fn body(text: &str, title: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().skip_while(|line| line.trim().is_empty()).collect();
    let repeats = lines.first().is_some_and(|line| tidy(line) == title);
    blocks(lines.get(usize::from(repeats)..).unwrap_or_default())
}

/// The title of a text that has only a paragraph in its place: the first sentence, or whole words of an endless one.
pub(super) fn title_within(paragraph: &str) -> String {
    let opening = sentences(super::prose::opening(paragraph, 4_000))
        .first()
        .map_or("", |one| *one);
    match opening.char_indices().nth(LONGEST_TITLE) {
        None => opening.to_owned(),
        Some((at, _)) => format!("{} …", &opening[..opening[..at].rfind(' ').unwrap_or(at)]),
    }
}

/// A title is one line that is not a paragraph: no full stop followed by more, none at the end of a long line.
pub(super) fn is_title(line: &str) -> bool {
    let length = line.chars().count();
    length <= LONGEST_TITLE && (!line.ends_with('.') || length <= 100) && sentences(line).len() <= 2
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && (line.bytes().all(|b| b == b'=') || line.bytes().all(|b| b == b'-'))
}

fn blocks(lines: &[&str]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for paragraph in lines
        .split(|line| line.trim().is_empty())
        .filter(|lines| !lines.is_empty())
    {
        // What stands between two line breaks is one paragraph if the lines were broken by hand.
        let mut from = 0;
        for (at, line) in paragraph.iter().enumerate() {
            if line.chars().nth(LONGEST_BROKEN_LINE).is_some() {
                push(&mut blocks, paragraph.get(from..at).unwrap_or_default());
                push(&mut blocks, &[line]);
                from = at + 1;
            }
        }
        push(&mut blocks, paragraph.get(from..).unwrap_or_default());
    }
    blocks
}

fn push(blocks: &mut Vec<Block>, lines: &[&str]) {
    let bullet = |line: &str| {
        ["- ", "* ", "• ", "– "]
            .iter()
            .find_map(|mark| line.trim().strip_prefix(mark))
            .map(str::to_owned)
    };
    let items: Vec<String> = lines.iter().filter_map(|line| bullet(line)).collect();
    if lines.is_empty() || lines.iter().all(|line| tidy(line).is_empty()) {
    } else if items.len() == lines.len() {
        blocks.push(Block::list(&items.iter().map(String::as_str).collect::<Vec<_>>()));
    } else {
        blocks.push(Block::paragraph(lines));
    }
}
