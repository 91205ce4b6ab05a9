//! The summary of a report that states none: its first whole sentences.
//!
//! In: the paragraphs of the body. Out: at most [`MOST_WORDS`] words and [`MOST_CHARACTERS`] characters, never a cut
//! sentence. The surprising thing: if the first sentence is too long, the first that fits is taken instead.

use super::blocks::{Block, Kind};
use super::prose::{sentences, tidy};

/// Limits of the house, for mail and feeds alike.
pub(super) const MOST_WORDS: usize = 60;
pub(super) const MOST_CHARACTERS: usize = 400;
/// With so many words the next paragraph is not begun.
const ENOUGH_WORDS: usize = 20;
/// Shorter sentences do not open a summary: datelines, bylines, "Dear readers".
const FEWEST_WORDS_TO_OPEN: usize = 5;
/// Paragraphs that are looked at.
const PARAGRAPHS: usize = 12;
/// Paragraphs longer than this are not prose.
const LONGEST_PARAGRAPH: usize = 20_000;

pub(super) fn of(blocks: &[Block]) -> Option<String> {
    let mut summary = String::new();
    for block in blocks
        .iter()
        .filter(|block| block.kind == Kind::Paragraph)
        .take(PARAGRAPHS)
    {
        if summary.split(' ').count() >= ENOUGH_WORDS {
            break;
        }
        let text = tidy(super::prose::opening(&block.text, LONGEST_PARAGRAPH));
        for sentence in sentences(&text) {
            if !sentence.ends_with(['.', '!', '?', '…', '”', '"', '»', '“', '。', ')']) {
                continue;
            }
            if summary.is_empty() {
                if sentence.split(' ').count() >= FEWEST_WORDS_TO_OPEN && fits("", sentence) {
                    summary.push_str(sentence);
                }
            } else if fits(&summary, sentence) {
                summary.push(' ');
                summary.push_str(sentence);
            } else {
                return Some(summary);
            }
        }
    }
    (!summary.is_empty()).then_some(summary)
}

fn fits(so_far: &str, sentence: &str) -> bool {
    let words = so_far.split_whitespace().count() + sentence.split_whitespace().count();
    let characters = so_far.chars().count() + 1 + sentence.chars().count();
    words <= MOST_WORDS && characters <= MOST_CHARACTERS
}
