//! What every rule needs to look at running text: tidy lines, sentences, words.
//!
//! In: text of any origin. Out: slices of it. Everything runs in linear time. The surprising thing: a number before a
//! full stop ("28. Januar") never ends a sentence, because German ordinals are written so.

use std::sync::LazyLock;

use regex::Regex;

/// Words before a full stop that do not end a sentence, in lower case.
const ABBREVIATIONS: &[&str] = &[
    "dr", "dra", "lic", "mag", "prof", "mr", "mrs", "ms", "st", "jr", "sr", "vs", "no", "nr", "bzw", "ca", "etc", "cf",
    "approx", "hon", "rev", "gen", "col", "dept", "univ", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep",
    "sept", "oct", "okt", "nov", "dec", "dez", "janv", "févr", "avr", "juil", "déc", "ene", "abr", "ago", "dic", "mme",
    "mlle", "sra", "str", "vgl", "sog", "inkl", "evtl", "usw", "ggf", "hr", "fr", "им", "г", "гг", "ул", "др", "проф",
    "акад", "стр", "тыс", "млн", "dipl", "ing", "phil", "abs", "art", "vol", "fig", "al", "inc", "ltd", "co", "corp",
];

/// Compiles a literal pattern; each use sits in a `LazyLock` that a test forces.
#[expect(clippy::expect_used, reason = "a literal pattern, compiled by a test")]
pub(crate) fn pattern(text: &str) -> Regex {
    // Lists of verbs in five languages overflow the usual cache, and without it a search is twenty times slower.
    const CACHE: usize = 16 << 20;
    regex::RegexBuilder::new(text)
        .dfa_size_limit(CACHE)
        .build()
        .expect("a literal pattern")
}

/// One line: white space collapsed to single blanks, control and text-direction characters gone, nothing cut.
pub(crate) fn tidy(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')) {
        let before = line.len();
        if before > 0 {
            line.push(' ');
        }
        let start = line.len();
        line.extend(word.chars().filter(|c| !c.is_control() && !turns_direction(*c)));
        if line.len() == start {
            line.truncate(before);
        }
    }
    line
}

/// Invisible characters that reorder what surrounds them; the joiners that emoji and Persian need are not among them.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The sentences of one paragraph, without the blanks between them.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, mark)) = chars.next() {
        if !matches!(mark, '.' | '!' | '?' | '…' | '。') {
            continue;
        }
        let mut end = at + mark.len_utf8();
        while let Some((next_at, next)) =
            chars.next_if(|(_, c)| matches!(c, '.' | '!' | '?' | '…' | '”' | '"' | '’' | '“' | '»' | ')' | ']'))
        {
            end = next_at + next.len_utf8();
        }
        let rest = &text[end..];
        let follows = rest.chars().find(|c| !c.is_whitespace());
        let parted = mark == '。' || rest.is_empty() || rest.starts_with(char::is_whitespace);
        if !parted || follows.is_some_and(char::is_lowercase) {
            continue;
        }
        if mark == '.' && follows.is_some() && is_abbreviation(&text[start..at]) {
            continue;
        }
        push_trimmed(&mut found, &text[start..end]);
        start = end;
    }
    push_trimmed(&mut found, &text[start..]);
    found
}

fn push_trimmed<'a>(found: &mut Vec<&'a str>, piece: &'a str) {
    let piece = piece.trim();
    if !piece.is_empty() {
        found.push(piece);
    }
}

/// Whether a full stop after these words belongs to the last of them.
fn is_abbreviation(before: &str) -> bool {
    let last = before
        .rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '“' | '"' | '„'))
        .next()
        .unwrap_or_default();
    let letters = last.chars().count();
    // "12./13. Mai", "12.-14. Mai"
    let number = last.rsplit(['/', '-', '–', '.']).next().unwrap_or_default();
    (matches!(number.len(), 1 | 2) && number.bytes().all(|b| b.is_ascii_digit()))
        || (letters == 1 && last.chars().all(char::is_alphabetic))
        || (letters <= 5 && last.contains('.'))
        || (letters <= 6 && ABBREVIATIONS.contains(&last.to_lowercase().as_str()))
}

/// At most this many bytes of the text, cut where a character ends.
pub(super) fn opening(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// The words of a provenance: enough to find the place again, never a page.
pub(super) fn quoted(words: &str) -> String {
    const MOST: usize = 160;
    let words = tidy(opening(words, MOST * 8));
    match words.char_indices().nth(MOST) {
        Some((at, _)) => {
            let cut = words[..at].rfind(' ').unwrap_or(at);
            format!("{} …", &words[..cut])
        }
        None => words,
    }
}

/// Text as HTML text.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// Web addresses in running text.
pub(super) static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r#"https?://[^\s<>"”»)\]]+"#));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_and_ordinals_do_not_end_a_sentence() {
        let text = "Dr. Anna Weber kam am 28. Januar. Sie sprach z. B. über Wasser, Prof. J. Kern nicht. “Gut.” Ende";
        assert_eq!(
            sentences(text),
            [
                "Dr. Anna Weber kam am 28. Januar.",
                "Sie sprach z. B. über Wasser, Prof. J. Kern nicht.",
                "“Gut.”",
                "Ende"
            ]
        );
    }

    #[test]
    fn a_tidy_line_has_no_breaks_and_no_turning_characters() {
        assert_eq!(
            tidy(" A\r\nBcc: x\t\u{202e}evil\u{202c}  👩‍🔬 \u{0} שלום "),
            "A Bcc: x evil 👩‍🔬 שלום"
        );
    }
}
