//! `time` elements: when the event began and ended, or when the page was published.
//!
//! In: a parsed page. Out: start, end and publication. The surprising thing: a bare `time` element is a date of
//! publication in one page and the event's in the next; beside words of an event it is the event's, in a head line the
//! publication's.

use std::sync::LazyLock;

use scraper::{ElementRef, Html, Selector};

use crate::report::html::selector;
use crate::report::prose::tidy;
use crate::report::{Report, dates};

pub(super) fn times(page: &Html, report: &mut Report) {
    static TIME: LazyLock<Selector> = LazyLock::new(|| selector("time[datetime], p"));
    /// After so much text a time is no publication of this page.
    const ABOVE_THE_TEXT: usize = 300;
    let mut passed = 0;
    for time in page.select(&TIME).take(200) {
        if time.value().name() == "p" {
            passed += time.text().map(str::len).sum::<usize>();
        }
        let Some(written) = time.attr("datetime") else { continue };
        let marks = marks(time);
        let is_event = ["startdate", "dtstart", "dt-start", "event", "termin", "veranstaltung"]
            .iter()
            .any(|mark| marks.contains(mark))
            || shows_hour(time);
        let follows_start = report.event.start.is_some() && shows_hour(time) && follows_a_time(time);
        let is_end = follows_start || ["enddate", "dtend", "dt-end"].iter().any(|mark| marks.contains(mark));
        if is_end || is_event {
            let Some((when, _)) = dates::stated(written) else {
                continue;
            };
            let (slot, field) = match is_end {
                true => (&mut report.event.end, "event.end"),
                false => (&mut report.event.start, "event.start"),
            };
            if slot.is_none() {
                *slot = Some(when);
                report.note(field, "time element of the event", written);
            }
        } else if report.published.is_none()
            && passed <= ABOVE_THE_TEXT
            && !stands_in_prose(time)
            && let Some(instant) = dates::instant(written)
        {
            report.published = Some(instant);
            report.note("published", "time element", written);
        }
    }
}

/// A publication is dated to the day; who shows the hour to readers means the event.
fn shows_hour(time: ElementRef<'_>) -> bool {
    let shown = tidy(&time.text().collect::<String>());
    shown.len() <= 80 && dates::find(&shown).iter().any(|found| found.from.is_some())
        || dates::time_of_day(&shown).is_some()
            && time.attr("datetime").is_some_and(|written| written.contains('T'))
            && follows_a_time(time)
}

/// Whether it stands right behind another `time`, as the end of a range does.
fn follows_a_time(time: ElementRef<'_>) -> bool {
    time.prev_siblings()
        .filter_map(ElementRef::wrap)
        .next()
        .is_some_and(|before| before.value().name() == "time")
}

/// Classes and roles of the element and its parent, in lower case.
fn marks(time: ElementRef<'_>) -> String {
    let own = ["class", "itemprop"].into_iter().filter_map(|name| time.attr(name));
    let parent = time
        .parent()
        .and_then(ElementRef::wrap)
        .and_then(|parent| parent.attr("class"));
    own.chain(parent).collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A `time` within a sentence is a date in prose, and the rules for prose read it.
fn stands_in_prose(time: ElementRef<'_>) -> bool {
    let own = time.text().map(str::len).sum::<usize>();
    let around = time.parent().and_then(ElementRef::wrap).map_or(0, |parent| {
        if matches!(parent.value().name(), "p" | "li" | "td") {
            parent.text().map(str::len).take(50).sum()
        } else {
            0
        }
    });
    around > own + 40
}

/// The days that `time` elements state: they lend their year to a day in prose.
pub(in crate::report::html) fn days(page: &Html) -> Vec<chrono::NaiveDate> {
    static TIME: LazyLock<Selector> = LazyLock::new(|| selector("time[datetime]"));
    page.select(&TIME)
        .take(50)
        .filter_map(|time| Some(dates::stated(time.attr("datetime")?)?.0.date))
        .collect()
}
