//! Text of reports and people made fit for one line.

/// White space collapsed and control characters gone, as at collection; here once more, because a mail's marks of holes
/// are control characters and no report may bring its own. A space where no line may break (before a French colon)
/// stays one.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut space = None;
    for char in text.chars() {
        if char.is_whitespace() {
            let firm = matches!(char, '\u{A0}' | '\u{202F}') && space != Some(' ');
            space = Some(if firm { char } else { ' ' });
        } else if !char.is_control() {
            line.extend(space.take().filter(|_| !line.is_empty()));
            line.push(char);
        }
    }
    line
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
