//! Text made fit for one line, for a subject, for the text part: cut at a word, tidied.

use unicode_normalization::char::is_combining_mark;

/// The text, or its first words and "…", at most `max` characters long. A single long word is cut where no accent and
/// no part of an emoji is torn off.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let head: String = text.chars().take(max - 1).collect();
    let next_is_space = text.chars().nth(max - 1).is_some_and(char::is_whitespace);
    let whole = match head.rfind(' ') {
        _ if next_is_space => head.as_str(),
        Some(at) if at > max / 3 => head.get(..at).unwrap_or_default(),
        _ => {
            let torn = |char: char| {
                is_combining_mark(char) || matches!(char, '\u{200D}' | '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}')
            };
            let mut head = head.as_str();
            let mut follows = text.chars().nth(max - 1);
            while let (Some(next), Some(last)) = (follows, head.chars().next_back()) {
                if !torn(next) && last != '\u{200D}' {
                    break;
                }
                follows = Some(last);
                head = head.get(..head.len() - last.len_utf8()).unwrap_or_default();
            }
            head
        }
    };
    let whole = whole
        .trim_end_matches(|char: char| char.is_whitespace() || matches!(char, ',' | ';' | ':' | '–' | '—' | '-' | '·'));
    format!("{whole}…")
}

/// A text part as it is sent: no blanks at line ends, at most two empty lines in a row.
pub(super) fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.trim().lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 3 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_cut_at_a_word() {
        let title = "Multiple vectors of Central Asia: the case of a rather long title of an event";
        assert_eq!(
            cut(title, 60),
            "Multiple vectors of Central Asia: the case of a rather long…"
        );
        assert_eq!(cut("Short", 60), "Short");
        let emoji = cut(&"👩‍🔬".repeat(40), 60);
        assert!(!emoji.trim_end_matches('…').ends_with('\u{200D}'), "{emoji}");
    }
}
