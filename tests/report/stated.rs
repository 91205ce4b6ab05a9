//! What a page states for machines, in each notation.

use chrono::{TimeZone, Utc};

use super::{end, page, people, start};

#[test]
fn an_event_in_microdata_is_read() {
    let report = page(
        r#"<html><body><main itemscope itemtype="https://schema.org/Event"><h1 itemprop="name">A talk on weirs</h1>
        <meta itemprop="startDate" content="2024-06-03T18:00"><meta itemprop="endDate" content="2024-06-03T20:00">
        <link itemprop="eventAttendanceMode" href="https://schema.org/MixedEventAttendanceMode">
        <p itemprop="location" itemscope><span itemprop="name">Mill House</span>,
        <span itemprop="addressLocality">Altmoor</span></p>
        <p itemprop="organizer" itemscope><span itemprop="name">Rivers Guild</span></p>
        <p itemprop="performer" itemscope><span itemprop="name">Dr. Ada Quist</span></p>
        <p itemprop="superEvent" itemscope itemtype="https://schema.org/EventSeries"><span itemprop="name">Weir talks</span></p>
        <p>Forty rowers listened.</p></main></body></html>"#,
    );
    assert_eq!(report.title, "A talk on weirs");
    assert_eq!(start(&report).as_deref(), Some("2024-06-03T18:00"));
    assert_eq!(end(&report).as_deref(), Some("2024-06-03T20:00"));
    assert_eq!(report.event.venue.as_deref(), Some("Mill House"));
    assert_eq!(report.event.city.as_deref(), Some("Altmoor"));
    assert_eq!(report.event.organiser.as_deref(), Some("Rivers Guild"));
    assert_eq!(report.series.as_deref(), Some("Weir talks"));
    assert!(report.event.online);
    assert_eq!(people(&report), ["Ada Quist | - | -"]);
}

#[test]
fn a_place_on_the_net_is_no_venue() {
    let report = page(
        r#"<html><head><script type="application/ld+json">{"@type":"Event","name":"A talk","startDate":"2024-06-03",
        "location":[{"@type":"VirtualLocation","name":"Our channel"},{"@type":"Place","name":"Mill House"}],
        "superEvent":{"@type":"EventSeries","name":"Weir talks"}}</script></head>
        <body><h1>A talk</h1><p>Text.</p></body></html>"#,
    );
    assert_eq!(report.event.venue.as_deref(), Some("Mill House"));
    assert!(report.event.online);
    assert_eq!(report.series.as_deref(), Some("Weir talks"));
}

#[test]
fn an_end_that_was_left_as_it_was_is_none() {
    let ends = |written: &str| {
        end(&page(&format!(
            r#"<html><head><script type="application/ld+json">{{"@type":"Event","name":"A talk",
            "startDate":"2024-06-03T18:00","endDate":"{written}"}}</script></head>
            <body><h1>A talk</h1><p>Text.</p></body></html>"#
        )))
    };
    assert_eq!(ends("2024-06-03T18:00"), None);
    assert_eq!(ends("2024-06-03"), None);
    assert_eq!(ends("2024-06-03T20:00").as_deref(), Some("2024-06-03T20:00"));
}

#[test]
fn whom_a_page_names_and_the_text_calls_absent_did_not_speak() {
    let report = page(
        r#"<html><head><script type="application/ld+json">{"@type":"Event","name":"A talk","startDate":"2024-06-03",
        "performer":[{"@type":"Person","name":"Ada Quist"},{"@type":"Person","name":"Bo Orr"}]}</script></head>
        <body><h1>A talk</h1><p>Ada Quist, mayor, said no. The minister Bo Orr could not attend. Cai Dunn added more.</p>
        </body></html>"#,
    );
    assert_eq!(people(&report), ["Ada Quist | mayor | -", "Cai Dunn | - | -"]);
}

#[test]
fn a_time_element_that_shows_the_hour_is_that_of_the_event() {
    let report = page(
        r#"<html><body><main><h1>A talk</h1><p><time datetime="2024-06-03T18:00">3 June 2024, 6 pm</time>
        <time datetime="2024-06-03T20:00">8 pm</time></p><p>Forty rowers listened.</p></main></body></html>"#,
    );
    assert_eq!(start(&report).as_deref(), Some("2024-06-03T18:00"));
    assert_eq!(end(&report).as_deref(), Some("2024-06-03T20:00"));
    assert_eq!(report.published, None);
}

#[test]
fn a_bare_time_element_above_the_text_is_that_of_the_publication() {
    let report = page(
        r#"<html><body><main><h1>A talk</h1><p><time datetime="2024-06-10">10 June 2024</time></p>
        <p>The talk took place on 3 June 2024 in Bonn.</p></main></body></html>"#,
    );
    assert_eq!(start(&report).as_deref(), Some("2024-06-03"));
    assert_eq!(report.published, Utc.with_ymd_and_hms(2024, 6, 10, 0, 0, 0).single());
    let within = page(
        r#"<html><body><main><h1>A talk</h1><p>Long before, on <time datetime="2024-06-10">10 June 2024</time>, a weir
        was built by forty rowers and their friends.</p></main></body></html>"#,
    );
    assert_eq!(within.published, None, "within a sentence it is a date in prose");
}

#[test]
fn a_page_is_no_translation_of_itself() {
    let report = page(
        r#"<html lang="en"><head><link rel="canonical" href="https://example.org/talk">
        <link rel="alternate" hreflang="en" href="https://example.org/talk">
        <link rel="alternate" hreflang="de" href="https://example.org/vortrag">
        <link rel="alternate" hreflang="x-default" href="https://example.org/all"></head>
        <body><h1>A talk</h1><p>Text.</p></body></html>"#,
    );
    assert_eq!(report.url.as_deref(), Some("https://example.org/talk"));
    let others: Vec<&str> = report.translations.iter().map(|one| one.url.as_str()).collect();
    assert_eq!(others, ["https://example.org/vortrag"]);
}
