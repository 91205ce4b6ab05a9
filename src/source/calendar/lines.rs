//! The lines of a calendar: unfolded, and cut into its events.
//!
//! In: bytes; text. Out: for each event its own lines, without what is nested in it (alarms). The surprising part: it is
//! cut by BEGIN and END lines alone, so that nothing within an event, however broken or deeply nested, reaches beyond it.

/// Longer lines are no text of an event.
const LONGEST_LINE: usize = 200_000;
/// Lines of one event.
const MOST_LINES: usize = 2_000;
/// Events that are looked at at all.
const MOST_BLOCKS: usize = 200_000;

/// The parts of a calendar.
#[derive(Debug, Default)]
pub(super) struct Source<'a> {
    /// Lines of each event.
    pub(super) events: Vec<Vec<&'a str>>,
    /// Lines of each zone that the calendar describes.
    pub(super) zones: Vec<Vec<&'a str>>,
    /// Its own lines.
    pub(super) head: Vec<&'a str>,
    /// Events without an end.
    pub(super) unfinished: usize,
}

/// Joins what was folded: a line end that is followed by a blank or a tab is none.
pub(super) fn unfold(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        let line_end = match rest {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
        rest = match rest.get(line_end..) {
            Some([b' ' | b'\t', folded @ ..]) if line_end > 0 => folded,
            Some(next) if line_end > 0 => {
                out.push(b'\n');
                next
            }
            _ => {
                out.push(*byte);
                after
            }
        };
    }
    out
}

/// Cuts unfolded text.
pub(super) fn split(text: &str) -> Source<'_> {
    let mut source = Source::default();
    // What is open: an event or a zone with its lines, and how deep we are in it.
    let mut open: Option<(bool, Vec<&str>, usize)> = None;
    for line in text.lines().map(|line| line.trim_matches(['\u{feff}', '\0', ' '])) {
        let upper = line
            .get(..line.floor_char_boundary(40))
            .unwrap_or_default()
            .to_ascii_uppercase();
        match &mut open {
            None => match upper.as_str() {
                "BEGIN:VEVENT" => open = Some((true, Vec::new(), 0)),
                "BEGIN:VTIMEZONE" => open = Some((false, Vec::new(), 0)),
                _ if source.head.len() < MOST_LINES => source.head.push(line),
                _ => {}
            },
            Some((is_event, lines, depth)) => {
                let ends = matches!(
                    (upper.as_str(), *is_event),
                    ("END:VEVENT", true) | ("END:VTIMEZONE", false)
                );
                if upper == "BEGIN:VEVENT" {
                    // The one before has no end.
                    source.unfinished += 1;
                    open = Some((true, Vec::new(), 0));
                } else if ends {
                    let to = if *is_event {
                        &mut source.events
                    } else {
                        &mut source.zones
                    };
                    if to.len() < MOST_BLOCKS {
                        to.push(std::mem::take(lines));
                    }
                    open = None;
                } else if upper.starts_with("BEGIN:") {
                    *depth += 1;
                } else if upper.starts_with("END:") {
                    *depth = depth.saturating_sub(1);
                } else if *depth == 0 && lines.len() < MOST_LINES && line.len() <= LONGEST_LINE {
                    lines.push(line);
                }
            }
        }
    }
    source.unfinished += usize::from(matches!(open, Some((true, ..))));
    source
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fold_within_a_character_is_undone() {
        let folded = b"SUMMARY:B\xc3\r\n \xbcrger\r\nX:1\n\t2\rY:3";
        assert_eq!(
            String::from_utf8_lossy(&unfold(folded)),
            "SUMMARY:B\u{fc}rger\nX:12\nY:3"
        );
    }

    #[test]
    fn alarms_and_other_nested_parts_are_left_out() {
        let source = split(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nBEGIN:VALARM\nDESCRIPTION:x\nEND:VALARM\nSUMMARY:a\nEND:VEVENT\nEND:VCALENDAR",
        );
        assert_eq!(source.events, [["UID:1", "SUMMARY:a"]]);
    }

    #[test]
    fn an_event_without_an_end_costs_no_other() {
        let source = split("BEGIN:VEVENT\nUID:1\nBEGIN:VEVENT\nUID:2\nEND:VEVENT\nBEGIN:VEVENT\nUID:3");
        assert_eq!((source.events, source.unfinished), (vec![vec!["UID:2"]], 2));
    }
}
