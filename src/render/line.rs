//! Text of reports and people made fit for one line.

/// White space collapsed and control characters gone, as at collection; here once more, because a mail's marks of holes
/// are control characters and no report may bring its own. A space where no line may break stays one, and the spaces
/// of French before `:` and inside `« »`, which many type as plain ones, become one.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut space = None;
    let mut chars = text
        .chars()
        .filter(|char| char.is_whitespace() || !char.is_control())
        .peekable();
    while let Some(char) = chars.next() {
        if char.is_whitespace() {
            let firm = matches!(char, '\u{A0}' | '\u{202F}') && space != Some(' ');
            space = Some(if firm { char } else { ' ' });
            continue;
        }
        if let Some(space) = space.take().filter(|_| !line.is_empty()) {
            let ends = chars.peek().is_none_or(|next| !next.is_alphanumeric());
            let closes = matches!(char, ':' | ';' | '!' | '?' | '»') && ends;
            line.push(if closes || opens(&line) {
                space.max('\u{A0}')
            } else {
                space
            });
        }
        line.push(char);
    }
    line
}

/// Whether `line` ends with a `«` that opens a quotation, as in French; in German it closes one.
fn opens(line: &str) -> bool {
    let Some(before) = line.strip_suffix('«') else {
        return false;
    };
    let before = before.chars().next_back();
    before.is_none_or(|before| before.is_whitespace() || before == '(')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_of_reports_never_pass_for_holes() {
        assert_eq!(one_line("a\u{1}leave\u{2}\r\nBcc: x"), "aleave Bcc: x");
        assert_eq!(one_line(" a \u{1} b\t"), "a b");
    }

    #[test]
    fn a_space_where_no_line_may_break_stays() {
        assert_eq!(one_line("À venir\u{A0}: Lyon"), "À venir\u{A0}: Lyon");
        assert_eq!(one_line("10\u{202F}000 pages"), "10\u{202F}000 pages");
        assert_eq!(
            one_line("\u{A0}layout \u{A0} by\u{A0} spaces\u{A0}"),
            "layout by spaces"
        );
    }
}
