//! Dates in running prose.

use chrono::{Datelike, NaiveDate, TimeZone, Utc};
use proptest::prelude::*;
use rapporteur::report::{Context, Report, read};

use super::{end, markdown, paragraph, start, text};

#[track_caller]
fn reads(sentence: &str, from: &str, to: Option<&str>) {
    let report = paragraph(sentence);
    assert_eq!(start(&report).as_deref(), Some(from), "{sentence}");
    assert_eq!(end(&report).as_deref(), to, "{sentence}");
}

#[track_caller]
fn no_date(sentence: &str) {
    assert_eq!(start(&paragraph(sentence)), None, "{sentence}");
}

#[test]
fn english_dates_are_read() {
    for phrase in [
        "on 28th of January 2019",
        "on the 28th January 2019",
        "on January 28th, 2019",
        "on January 28, 2019",
        "on 28 January 2019",
        "on Monday, 28 Jan. 2019,",
        "on Jan 28 2019",
        "on 28 JANUARY 2019",
        "on 2019-01-28",
        "on 28.01.2019",
        "on 28/01/2019",
        "on 01/28/2019",
        "on 28\u{a0}January\u{a0}2019",
    ] {
        reads(
            &format!("The institute {phrase} hosted a round table."),
            "2019-01-28",
            None,
        );
    }
}

#[test]
fn english_ranges_are_read() {
    for phrase in [
        "12-14 May 2023",
        "12–14 May 2023",
        "12 to 14 May 2023",
        "from 12th to 14th of May 2023",
        "May 12-14, 2023",
        "May 12 to 14, 2023",
        "12 May – 14 May 2023",
        "2023-05-12 to 2023-05-14",
        "12.-14.05.2023",
        "12.05.–14.05.2023",
        "between 12 and 14 May 2023",
    ] {
        reads(
            &format!("The workshop took place on {phrase} in Berlin."),
            "2023-05-12",
            Some("2023-05-14"),
        );
    }
    reads(
        "The forum was held from 30 January to 2 February 2024.",
        "2024-01-30",
        Some("2024-02-02"),
    );
    reads(
        "The forum was held from January 30 to February 2, 2024.",
        "2024-01-30",
        Some("2024-02-02"),
    );
    reads(
        "The forum was held from 30 December to 2 January 2024.",
        "2023-12-30",
        Some("2024-01-02"),
    );
    reads(
        "The forum was held from 30 December 2023 to 2 January 2024.",
        "2023-12-30",
        Some("2024-01-02"),
    );
}

#[test]
fn german_dates_are_read() {
    reads("Am 28. Januar 2019 fand der Runde Tisch statt.", "2019-01-28", None);
    reads("Die Tagung fand am 3. März 2024 statt.", "2024-03-03", None);
    reads("Die Tagung fand am 3.3.2024 statt.", "2024-03-03", None);
    reads(
        "Die Tagung fand vom 30. Januar bis 2. Februar 2024 statt.",
        "2024-01-30",
        Some("2024-02-02"),
    );
    reads(
        "Die Tagung fand vom 12. bis 14. Mai 2023 statt.",
        "2023-05-12",
        Some("2023-05-14"),
    );
    reads(
        "Die Tagung fand vom 12. bis zum 14. Mai 2023 statt.",
        "2023-05-12",
        Some("2023-05-14"),
    );
    reads(
        "Die Tagung findet am 12./13. Mai 2023 statt.",
        "2023-05-12",
        Some("2023-05-13"),
    );
}

#[test]
fn french_dates_are_read() {
    reads(
        "La table ronde s’est tenue le 1er mars 2024 à Paris.",
        "2024-03-01",
        None,
    );
    reads(
        "Le colloque s’est tenu du 3 au 5 mai 2023.",
        "2023-05-03",
        Some("2023-05-05"),
    );
    reads("Le séminaire a eu lieu le 14 août 2023.", "2023-08-14", None);
    reads(
        "Le séminaire a eu lieu du 30 janvier au 2 février 2024.",
        "2024-01-30",
        Some("2024-02-02"),
    );
}

#[test]
fn spanish_dates_are_read() {
    reads(
        "La conferencia tuvo lugar el 3 de mayo de 2023 en Madrid.",
        "2023-05-03",
        None,
    );
    reads(
        "La conferencia tuvo lugar del 3 al 5 de mayo de 2023.",
        "2023-05-03",
        Some("2023-05-05"),
    );
    reads(
        "La conferencia tuvo lugar del 30 de enero al 2 de febrero de 2024.",
        "2024-01-30",
        Some("2024-02-02"),
    );
}

#[test]
fn russian_dates_are_read() {
    reads("28 января 2019 года в Москве прошёл круглый стол.", "2019-01-28", None);
    reads(
        "Семинар состоялся 12–14 мая 2023 года.",
        "2023-05-12",
        Some("2023-05-14"),
    );
    reads(
        "Семинар состоялся с 12 по 14 мая 2023 г.",
        "2023-05-12",
        Some("2023-05-14"),
    );
    reads(
        "Форум прошёл с 30 января по 2 февраля 2024 года.",
        "2024-01-30",
        Some("2024-02-02"),
    );
}

#[test]
fn the_number_of_a_room_is_not_a_day() {
    reads("The lecture was held in Room 12, 3 June 2024.", "2024-06-03", None);
    reads("The lecture was held in Room 2019, 3 June 2024.", "2024-06-03", None);
    assert_eq!(start(&paragraph("The lecture was held in Room 12, 3 June.")), None);
}

#[test]
fn a_price_is_not_a_date() {
    no_date("The conference was held with a budget of €28.01.2019 thousand.");
    no_date("Tickets for the conference held last week cost 12.50 euros or $3.6.");
    no_date("The conference was held, and in March 12 towns answered.");
    reads("The forum was held on March 12, 2024 in Bonn.", "2024-03-12", None);
    reads(
        "The forum held on 3 June, 2000 people came, was on 4 July 2021.",
        "2021-07-04",
        None,
    );
}

#[test]
fn a_year_in_a_title_is_not_a_date() {
    assert_eq!(
        start(&text(
            "Outlook 2030: the next round\n\nExperts met to discuss Agenda 2030 and the 2020s.\n"
        )),
        None
    );
}

#[test]
fn a_day_that_does_not_exist_is_refused() {
    no_date("The forum was held on 30 February 2024.");
    no_date("The forum was held on 31. April 2024.");
    no_date("The forum was held on 29 February 2023.");
    no_date("The forum was held on 2023-02-29.");
    no_date("The forum was held on 28-30 February 2024.");
    no_date("The forum was held from 30 February to 2 March 2024.");
    reads("The forum was held on 29 February 2024.", "2024-02-29", None);
}

#[test]
fn an_ambiguous_numeric_date_is_left_alone() {
    no_date("The forum was held on 03/04/2019.");
    reads("The forum was held on 03/03/2019.", "2019-03-03", None);
}

#[test]
fn part_of_a_longer_number_is_not_a_date() {
    no_date("The workshop discussed build 1.28.01.2019 and file 2019-01-28-77.");
    no_date("The workshop discussed version 28.01.2019 of the code.");
}

#[test]
fn the_day_of_publication_is_not_the_day_of_the_event() {
    let report = text("A title\n\nPublished: 3 June 2024\n\nThe workshop took place on 28 May 2024 in Bonn.\n");
    assert_eq!(start(&report).as_deref(), Some("2024-05-28"));
    assert_eq!(report.published, Utc.with_ymd_and_hms(2024, 6, 3, 0, 0, 0).single());
    no_date("The workshop was held in a house founded on 3 May 1990.");
    no_date("The conference report was updated on 3 May 2020.");
}

#[test]
fn the_date_beside_the_event_beats_an_earlier_one() {
    reads(
        "The treaty of 3 May 2019 was the theme of a workshop held on 12 June 2024 in Bonn.",
        "2024-06-12",
        None,
    );
    reads(
        "Since 1 March 2020 much has changed. The workshop took place on 12 June 2024.",
        "2024-06-12",
        None,
    );
}

#[test]
fn a_date_without_tie_to_the_event_is_not_invented_into_one() {
    no_date(
        "Prices have risen everywhere, and on 3 May 2019 they rose most of all, which nobody has explained so far to anyone who pays them.",
    );
}

#[test]
fn a_missing_year_comes_from_the_reports_own_publication() {
    let report =
        markdown("---\npublished: 2024-01-10\n---\n# A title\n\nThe workshop took place on 28 December in Bonn.\n")
            .unwrap();
    assert_eq!(start(&report).as_deref(), Some("2023-12-28"));
    assert!(
        report.provenance["event.start"]
            .rule
            .contains("the report's own publication on 2024-01-10")
    );
}

#[test]
fn a_missing_year_without_publication_comes_from_the_file_and_says_so() {
    let body = b"A title\n\nThe workshop took place on 28 December in Bonn.\n";
    let context = Context {
        published_hint: Utc.with_ymd_and_hms(2025, 1, 2, 0, 0, 0).single(),
        ..Context::default()
    };
    let report = read("report.txt", body, &context).unwrap();
    assert_eq!(start(&report).as_deref(), Some("2024-12-28"));
    assert!(report.provenance["event.start"].rule.contains("time of the file"));
    assert_eq!(report.published, None);
    assert_eq!(start(&read("report.txt", body, &Context::default()).unwrap()), None);
}

#[test]
fn a_time_right_beside_the_date_is_read_and_a_bare_number_is_not() {
    reads(
        "The lecture was held on 28 January 2019 at 18:30 in Bonn.",
        "2019-01-28T18:30",
        None,
    );
    reads(
        "The lecture was held on 28 January 2019, 6 pm.",
        "2019-01-28T18:00",
        None,
    );
    reads(
        "Der Vortrag fand am 28. Januar 2019 um 18 Uhr statt.",
        "2019-01-28T18:00",
        None,
    );
    reads(
        "The lecture was held on 28 January 2019, 18:30–20:00.",
        "2019-01-28T18:30",
        Some("2019-01-28T20:00"),
    );
    reads(
        "The lecture held on 28 January 2019 at 12 universities was long.",
        "2019-01-28",
        None,
    );
    let report = paragraph("The lecture was held on 28 January 2019 at 18:30 CET.");
    assert_eq!(report.event.timezone.as_deref(), Some("CET"));
}

#[test]
fn a_line_that_states_the_date_beats_prose() {
    let report = text(
        "A title\n\nDate: 3 June 2024\nPlace: Bonn\n\nThe workshop took place after the meeting held on 1 May 2023.\n",
    );
    assert_eq!(start(&report).as_deref(), Some("2024-06-03"));
    assert_eq!(report.event.city.as_deref(), Some("Bonn"));
}

#[test]
fn a_dateline_is_read() {
    let report = paragraph("BERLIN, 3 June 2024 — Forty towns compared their tables.");
    assert_eq!(start(&report).as_deref(), Some("2024-06-03"));
    assert_eq!(report.event.city.as_deref(), Some("Berlin"));
}

/// A report of a day after the event, published on Monday 3 June 2024.
fn published(body: &str) -> Report {
    text(&format!("A title\n\nPublished: 3 June 2024\n\n{body}\n"))
}

#[test]
fn a_day_is_counted_back_from_the_publication() {
    for sentence in [
        "Last Thursday forty rowers looked at the new weir.",
        "This past Thursday forty rowers looked at the new weir.",
        "Vergangenen Donnerstag saßen vierzig Ruderer am neuen Wehr.",
        "Am letzten Donnerstag saßen vierzig Ruderer am neuen Wehr.",
        "Jeudi dernier, quarante rameurs ont vu le nouveau barrage.",
        "El jueves pasado cuarenta remeros vieron la nueva presa.",
        "El pasado jueves cuarenta remeros vieron la nueva presa.",
        "В прошлый четверг сорок гребцов осмотрели плотину.",
    ] {
        let report = published(sentence);
        assert_eq!(start(&report).as_deref(), Some("2024-05-30"), "{sentence}");
        let rule = &report.provenance["event.start"].rule;
        assert!(rule.contains("counted back from the publication"), "{rule}");
    }
    let report = published("Last Monday forty rowers looked at the new weir.");
    assert_eq!(
        start(&report).as_deref(),
        Some("2024-05-27"),
        "not the day of publication"
    );
    no_date("Last Thursday forty rowers looked at the new weir.");
}

#[test]
fn yesterday_is_the_day_before_the_publication() {
    for sentence in [
        "Yesterday at 6 pm forty rowers looked at the new weir.",
        "Gestern um 18 Uhr saßen vierzig Ruderer am neuen Wehr.",
        "Hier à 18 h, quarante rameurs ont vu le nouveau barrage.",
        "Ayer a las 18:00 cuarenta remeros vieron la nueva presa.",
        "Вчера в 18:00 сорок гребцов осмотрели плотину.",
    ] {
        let report = published(sentence);
        assert_eq!(start(&report).as_deref(), Some("2024-06-02T18:00"), "{sentence}");
    }
    let report = published("Ten rowers came. All rowed. Nobody sank. One of them had fallen ill yesterday.");
    assert_eq!(start(&report), None, "far below it is anybody's yesterday");
}

#[test]
fn today_and_yesterday_below_a_dateline_are_counted_from_it() {
    let report = paragraph("ALTMOOR, 3 June 2024 — Today forty rowers looked at the new weir.");
    assert_eq!(start(&report).as_deref(), Some("2024-06-03"));
    let report = paragraph("ALTMOOR, 3 June 2024 — Yesterday forty rowers looked at the new weir.");
    assert_eq!(start(&report).as_deref(), Some("2024-06-02"));
}

#[test]
fn a_day_alone_above_a_report_of_an_earlier_day_is_that_of_the_post() {
    let report = text("A title\n\n10 June 2024\n\nThe talk took place on 3 June 2024 in Bonn.\n");
    assert_eq!(start(&report).as_deref(), Some("2024-06-03"));
    assert_eq!(report.published, Utc.with_ymd_and_hms(2024, 6, 10, 0, 0, 0).single());
    // Friday before Monday 10 June
    let report = text("A title\n\n10 June 2024\n\nLast Friday forty rowers looked at the new weir.\n");
    assert_eq!(start(&report).as_deref(), Some("2024-06-07"));
    let report = text("A title\n\n10 June 2024\n\nForty rowers looked at the new weir.\n");
    assert_eq!(start(&report).as_deref(), Some("2024-06-10"));
    assert_eq!(report.published, None, "nothing tells of an earlier day");
}

#[test]
fn a_day_beside_who_wrote_the_text_is_that_of_the_publication() {
    for line in [
        "10.06.2024 | Text: Ada Quist",
        "By Ada Quist, 10 June 2024",
        "10. Juni 2024 · von Ada Quist",
        "10 juin 2024 – Rédaction",
    ] {
        let report = text(&format!(
            "A title\n\n{line}\n\nThe talk took place on 3 June 2024 in Bonn.\n"
        ));
        assert_eq!(start(&report).as_deref(), Some("2024-06-03"), "{line}");
        assert_eq!(
            report.published,
            Utc.with_ymd_and_hms(2024, 6, 10, 0, 0, 0).single(),
            "{line}"
        );
        assert!(report.people.is_empty(), "{line}");
    }
    let report = paragraph("On 10 June 2024 the weir was looked at by forty rowers.");
    assert_eq!(report.published, None, "rowers wrote nothing");
}

#[test]
fn a_day_shortly_before_the_publication_is_what_a_report_reports() {
    let report = published("On 28 May forty rowers looked at the new weir. It is as wide as the old one.");
    assert_eq!(start(&report).as_deref(), Some("2024-05-28"));
    let report = published("On 28 January forty rowers looked at the new weir.");
    assert_eq!(start(&report), None, "months before is history");
}

#[test]
fn a_day_after_the_publication_is_that_of_the_next_event() {
    let report = published("The talk on 5 July 2024 is about weirs. The talk of 28 May 2024 was about wells.");
    assert_eq!(start(&report).as_deref(), Some("2024-05-28"));
    let also = &report.provenance["event.start"].losers;
    assert_eq!(also.first().map(|lost| lost.value.as_str()), Some("2024-07-05"));
}

#[test]
fn a_date_years_before_the_publication_is_history() {
    let report = published("The talk of 28 May 1994 was the first. On 30 May forty rowers heard another.");
    assert_eq!(start(&report).as_deref(), Some("2024-05-30"));
}

#[test]
fn an_event_of_several_days_begins_at_the_hour_of_its_opening() {
    reads(
        "The workshop took place from 12 to 14 May 2023. It was opened at 10 am. A talk began at 3 pm.",
        "2023-05-12T10:00",
        Some("2023-05-14"),
    );
    reads(
        "Die Tagung fand vom 12. bis 14. Mai 2023 statt. Eröffnet wurde sie um 10 Uhr. Ein Vortrag begann um 15 Uhr.",
        "2023-05-12T10:00",
        Some("2023-05-14"),
    );
    reads(
        "The workshop took place from 12 to 14 May 2023. A talk began at 3 pm.",
        "2023-05-12",
        Some("2023-05-14"),
    );
    reads(
        "The workshop took place on 12 May 2023. A talk began at 3 pm.",
        "2023-05-12T15:00",
        None,
    );
}

#[test]
fn the_hour_of_the_end_is_read_where_a_sentence_tells_it() {
    for (sentence, expected) in [
        (
            "The talk was held on 3 June 2024 at 6 pm. It ended at 8 pm.",
            "2024-06-03T20:00",
        ),
        (
            "Der Vortrag fand am 3. Juni 2024 um 18 Uhr statt. Er endete um 20 Uhr.",
            "2024-06-03T20:00",
        ),
        (
            "Le débat a eu lieu le 3 juin 2024 à 18 heures. Il a pris fin à 20 heures.",
            "2024-06-03T20:00",
        ),
        (
            "El acto tuvo lugar el 3 de junio de 2024 a las 18:00. Terminó a las 20:00.",
            "2024-06-03T20:00",
        ),
        (
            "Лекция прошла 3 июня 2024 года в 18:00. Она закончилась в 20:00.",
            "2024-06-03T20:00",
        ),
    ] {
        reads(sentence, "2024-06-03T18:00", Some(expected));
    }
    reads(
        "The talk was held on 3 June 2024 at 6 pm. The talk before it ended at 5 pm.",
        "2024-06-03T18:00",
        None,
    );
}

#[test]
fn a_line_of_facts_under_the_title_states_day_and_hour() {
    let report = text("A title\n\nMonday 3 June 2024 · 18:00 · Mill House\n\nForty rowers looked at the new weir.\n");
    assert_eq!(start(&report).as_deref(), Some("2024-06-03T18:00"));
}

#[test]
fn a_date_in_the_title_is_taken_where_the_text_has_none() {
    let report = text("A talk about weirs, 3 June 2024\n\nForty rowers looked at the new weir.\n");
    assert_eq!(start(&report).as_deref(), Some("2024-06-03"));
}

#[test]
fn the_only_day_with_its_weekday_is_that_of_the_event() {
    reads(
        "On Monday, 3 June 2024, forty rowers looked at the new weir.",
        "2024-06-03",
        None,
    );
    no_date(
        "On Monday, 3 June 2024, forty rowers looked at the new weir. The day before there had been no water in the river.",
    );
}

#[test]
fn a_day_that_was_put_off_is_not_the_day_of_the_event() {
    reads(
        "The talk was first planned for 3 June 2024. It was held on 10 June 2024.",
        "2024-06-10",
        None,
    );
    no_date("The talk that had been planned for 3 June 2024 was held much later.");
}

#[test]
fn an_imprint_lends_its_year() {
    let report = text("A title\n\nThe talk took place on 3 June in Bonn.\n\nLetters from the Weir No. 4/2019\n");
    assert_eq!(start(&report).as_deref(), Some("2019-06-03"));
}

const MONTHS: [[&str; 12]; 5] = [
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ],
];

fn written(date: NaiveDate, form: usize) -> String {
    let (day, year) = (date.day(), date.year());
    let month = |language: usize| MONTHS[language][date.month0() as usize];
    let ordinal = match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    match form {
        0 => format!("The workshop was held on {day} {} {year}.", month(0)),
        1 => format!("The workshop was held on {} {day}{ordinal}, {year}.", month(0)),
        2 => format!("The workshop was held on the {day}{ordinal} of {} {year}.", month(0)),
        3 => format!("The workshop was held on {date}."),
        4 => format!("Die Tagung fand am {day}. {} {year} statt.", month(1)),
        5 => format!("Die Tagung fand am {} statt.", date.format("%d.%m.%Y")),
        6 => format!(
            "Le séminaire a eu lieu le {day}{} {} {year}.",
            if day == 1 { "er" } else { "" },
            month(2)
        ),
        7 => format!("El seminario tuvo lugar el {day} de {} de {year}.", month(3)),
        _ => format!("Семинар прошёл {day} {} {year} года.", month(4)),
    }
}

#[test]
fn a_day_of_another_age_is_no_day_of_an_event_or_a_post() {
    for line in ["Published on 1726-01-01", "Published on 01.01.1726"] {
        let report = paragraph(&format!("{line}\n\nThe talk took place on 1726-01-02 in Altmoor."));
        assert_eq!((report.published, start(&report)), (None, None), "{line}");
    }
}

#[test]
fn an_hour_in_brackets_counts_only_where_something_begins() {
    let begins = paragraph("The talk took place on 3 June 2023 in Altmoor. It began in the evening (18:30).");
    assert_eq!(start(&begins).as_deref(), Some("2023-06-03T18:30"));
    let counts = paragraph("The talk took place on 3 June 2023 in Altmoor, with a vote (12:10) on the motion.");
    assert_eq!(start(&counts).as_deref(), Some("2023-06-03"));
}

proptest! {
    #[test]
    fn any_valid_date_written_in_any_of_our_forms_reads_back_as_itself(days in 0i64..80_000, form in 0usize..9) {
        let date = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + chrono::Duration::days(days);
        let sentence = written(date, form);
        prop_assert_eq!(start(&paragraph(&sentence)), Some(date.to_string()), "{}", sentence);
    }

    #[test]
    fn any_range_of_days_reads_back_as_itself(days in 0i64..50_000, length in 1i64..20) {
        let from = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap() + chrono::Duration::days(days);
        let to = from + chrono::Duration::days(length);
        let sentence = format!("The workshop was held from {} to {}.", from.format("%-d %B %Y"), to.format("%-d %B %Y"));
        let report = paragraph(&sentence);
        prop_assert_eq!((start(&report), end(&report)), (Some(from.to_string()), Some(to.to_string())), "{}", sentence);
    }
}
