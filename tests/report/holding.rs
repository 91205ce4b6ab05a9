//! Who held an event, whether it took place, where, and what other rules would have said.

use chrono::{TimeZone, Utc};
use rapporteur::report::{Context, Report, Status, explain, explain_text, read};

use super::{markdown, page, paragraph, start, text};

#[track_caller]
fn status(report: &Report, expected: Status) {
    assert_eq!(
        report.event.status,
        expected,
        "{:?}",
        report.provenance.get("event.status")
    );
}

#[test]
fn a_notice_cancels_an_event_and_an_absent_speaker_does_not() {
    status(
        &text("CANCELLED: Seminar on wells\n\nFees are paid back.\n"),
        Status::Cancelled,
    );
    status(
        &text("Ein Abend\n\nDer Vortrag am 3. Mai 2024 ist leider abgesagt.\n"),
        Status::Cancelled,
    );
    status(
        &text("A round table\n\nThe round table took place on 3 May 2024. One guest had cancelled.\n"),
        Status::Held,
    );
}

#[test]
fn what_is_to_come_is_announced_and_what_is_over_was_held() {
    status(
        &text("A talk\n\nThe talk will take place on 3 May 2024 in Bonn.\n"),
        Status::Announced,
    );
    status(
        &text("A talk\n\nPublished: 1 April 2024\n\nThe talk on 3 May 2024 is about wells.\n"),
        Status::Announced,
    );
    status(&paragraph("The talk took place on 3 May 2024 in Bonn."), Status::Held);
    status(&paragraph("Wells are deep."), Status::Unknown);
}

#[test]
fn an_event_is_online_if_its_audience_was() {
    assert!(paragraph("The webinar took place on 3 May 2024.").event.online);
    assert!(
        paragraph("Der Vortrag fand am 3. Mai 2024 per Videokonferenz statt.")
            .event
            .online
    );
    assert!(
        !paragraph("The talk took place on 3 May 2024 in Bonn. A recording is available online.")
            .event
            .online
    );
}

#[test]
fn an_editor_states_organiser_status_and_attendance() {
    let report =
        markdown("---\norganiser: Rivers Guild\nevent:\n  status: cancelled\n  online: yes\n---\n# T\n\nBody.\n")
            .unwrap();
    assert_eq!(report.event.organiser.as_deref(), Some("Rivers Guild"));
    status(&report, Status::Cancelled);
    assert!(report.event.online);
    let document = explain(&report);
    assert_eq!(document["event"]["organiser"], "Rivers Guild");
    assert_eq!(document["event"]["status"], "cancelled");
    assert_eq!(document["event"]["online"], true);
    assert_eq!(document["provenance"]["event.online"]["rule"], "front matter");
    let refusal = markdown("---\nevent:\n  status: perhaps\n---\n# T\n\nB.\n").unwrap_err();
    assert!(
        refusal.to_string().contains("held, announced or cancelled"),
        "{refusal}"
    );
}

#[test]
fn a_page_states_them_in_json_ld() {
    let report = page(
        r#"<html><head><script type="application/ld+json">{"@type":"Event","name":"T","startDate":"2026-05-12",
        "eventStatus":"https://schema.org/EventCancelled","organizer":[{"name":"Guild"},{"name":"Press"}],
        "eventAttendanceMode":"https://schema.org/MixedEventAttendanceMode"}</script></head><body><h1>T</h1><p>Text.</p></body></html>"#,
    );
    assert_eq!(report.event.organiser.as_deref(), Some("Guild; Press"));
    status(&report, Status::Cancelled);
    assert!(report.event.online);
}

#[test]
fn a_time_stamp_is_not_when_an_event_began() {
    let report = page(
        r#"<html><head><script type="application/ld+json">{"@type":"Event","name":"A talk","startDate":"2026-05-12T10:04:22+02:00"}
        </script></head><body><h1>A talk</h1><p>The talk took place on 8 May 2026 in Bonn.</p></body></html>"#,
    );
    assert_eq!(start(&report).as_deref(), Some("2026-05-08"));
}

#[test]
fn the_text_knows_better_than_a_page_that_kept_the_first_date() {
    let report = page(
        r#"<html><head><script type="application/ld+json">{"@type":"Event","name":"A talk","startDate":"2020-03-27",
        "location":{"@type":"Place","name":"Old Hall","address":{"addressLocality":"Bonn"}}}</script></head><body><h1>A talk</h1>
        <p>The talk was first planned for 27 March 2020. It took place on 10 March 2022 at the Mill House in Trier.</p></body></html>"#,
    );
    assert_eq!(start(&report).as_deref(), Some("2022-03-10"));
    assert_eq!(report.event.city.as_deref(), Some("Trier"));
    let why = &report.provenance["event.start"];
    assert!(why.losers.iter().any(|lost| lost.value == "2020-03-27"), "{why:?}");
}

#[test]
fn what_lost_is_shown_and_stored() {
    let report = text(
        "A talk\n\nDate: 3 June 2024\n\nThe talk took place in Bonn. The workshop was held on 5 June 2024 in Bonn as well.\n",
    );
    assert_eq!(start(&report).as_deref(), Some("2024-06-03"));
    let also = &explain(&report)["provenance"]["event.start"]["also"];
    assert_eq!(also[0]["value"], "2024-06-05", "{also}");
    assert!(explain_text(&report).contains("also: 2024-06-05"));
    let stored = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&stored).unwrap(), report);
}

#[test]
fn a_report_stored_before_these_fields_is_still_read() {
    let old = r#"{"title":"T","event":{"city":"Bonn"},"provenance":{"title":{"rule":"a","words":"b"}}}"#;
    let report: Report = serde_json::from_str(old).unwrap();
    status(&report, Status::Unknown);
    assert!(report.provenance["title"].losers.is_empty());
}

#[test]
fn a_sidecar_beats_what_a_report_says_of_itself() {
    let context = Context {
        sidecar: Some(b"city = \"Trier\"\ntitle = \"Better\"\nstart = 2024-06-04\n".to_vec()),
        ..Context::default()
    };
    let body = b"---\ncity: Bonn\n---\n# Worse\n\nThe talk took place on 3 June 2024.\n";
    let report = read("a.md", body, &context).unwrap();
    assert_eq!(report.title, "Better");
    assert_eq!(start(&report).as_deref(), Some("2024-06-04"));
    assert_eq!(report.event.city.as_deref(), Some("Trier"));
    let why = &report.provenance["event.city"];
    assert_eq!((why.rule.as_str(), why.losers[0].value.as_str()), ("sidecar", "Bonn"));
    for (stated, part) in [
        ("citty = \"Trier\"", "citty"),
        ("start = \"soon\"", "beside it, line 1"),
        ("city = ", "beside it"),
    ] {
        let context = Context {
            sidecar: Some(stated.as_bytes().to_vec()),
            ..Context::default()
        };
        let refusal = read("a.md", body, &context).unwrap_err().to_string();
        assert!(refusal.contains(part), "{refusal}");
    }
}

#[test]
fn topics_come_from_keywords_where_nobody_states_them() {
    let context = Context {
        topics: vec![
            ("water".to_owned(), vec!["river".to_owned(), "реки".to_owned()]),
            ("trade".to_owned(), vec!["port".to_owned(), "Freier Handel".to_owned()]),
        ],
        ..Context::default()
    };
    let topics = |body: &str| read("a.md", body.as_bytes(), &context).unwrap().topics;
    assert_eq!(
        topics("# A report\n\nOf the River.\n"),
        ["water"],
        "\"report\" holds no port"
    );
    assert_eq!(topics("# Берега реки\n\nИ freier Handel.\n"), ["water", "trade"]);
    assert_eq!(topics("---\ntopics: [law]\n---\n# A river\n\nText.\n"), ["law"]);
}

#[test]
fn the_date_of_a_site_generator_is_that_of_the_post() {
    let report =
        markdown("---\nlayout: post\ndate: 2024-06-10\n---\n# T\n\nThe talk took place on 3 June 2024.\n").unwrap();
    assert_eq!(start(&report).as_deref(), Some("2024-06-03"));
    assert_eq!(report.published, Utc.with_ymd_and_hms(2024, 6, 10, 0, 0, 0).single());
    let report =
        markdown("---\ntitel: T\ndatum: 2024-06-10\nveranstaltung:\n  beginn: 2024-06-03\n  ort: Bonn\n---\nText.\n")
            .unwrap();
    assert_eq!(start(&report).as_deref(), Some("2024-06-03"));
    assert_eq!(
        (report.title.as_str(), report.event.city.as_deref()),
        ("T", Some("Bonn"))
    );
}

#[test]
fn the_next_event_and_an_earlier_one_lend_no_date() {
    let report = paragraph(
        "The talk took place on 3 June 2024. The next talk is on 5 July 2024. It was first planned for 1 May 2023.",
    );
    assert_eq!(start(&report).as_deref(), Some("2024-06-03"));
}

#[test]
fn the_weekday_finds_the_year_among_those_that_the_text_names() {
    let report = text("A talk\n\nThe talk took place on Wednesday 11 September. The book of 2024 tells of 1853.\n");
    assert_eq!(start(&report).as_deref(), Some("2024-09-11"));
}

#[test]
fn the_absent_and_the_dead_do_not_speak() {
    let report = paragraph(
        "At the talk Ada Quist, mayor of Altmoor, spoke. The minister Bo Orr could not attend. The late historian Cai Dunn said so once.",
    );
    let names: Vec<&str> = report.people.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Ada Quist"]);
}

#[track_caller]
fn organiser(report: &Report, expected: Option<&str>) {
    assert_eq!(report.event.organiser.as_deref(), expected, "{:?}", report.provenance);
}

#[test]
fn a_house_that_was_holding_an_event_held_it() {
    organiser(
        &paragraph("Le 3 juin 2024, l’Institut du fleuve accueillait un colloque sur les barrages."),
        Some("Institut du fleuve"),
    );
    organiser(
        &paragraph("Le 3 juin 2024, la Fondation des Barrages réunissait les rameurs pour un débat."),
        Some("Fondation des Barrages"),
    );
    organiser(
        &paragraph("Das Deich-Institut hatte im Juni 2024 zur Tagung geladen."),
        Some("Deich-Institut"),
    );
}

#[test]
fn the_house_that_signs_a_text_held_the_event() {
    organiser(
        &text("A talk\n\nThe talk took place on 3 June 2024.\n\nAltmoor Institute for Rivers\n"),
        Some("Altmoor Institute for Rivers"),
    );
    organiser(
        &text("A talk\n\nThe talk took place on 3 June 2024.\n\nAda Quist thanks the Altmoor Institute for Rivers.\n"),
        None,
    );
}

#[test]
fn the_house_in_the_foot_of_a_page_held_the_event() {
    organiser(
        &page(
            "<html><body><main><h1>A talk</h1><p>The talk took place on 3 June 2024 in Bonn.</p></main>
            <footer><p>Altmoor Institute for Rivers, 4 Weir Lane, Altmoor</p><p>Imprint</p></footer></body></html>",
        ),
        Some("Altmoor Institute for Rivers"),
    );
}

#[test]
fn the_house_whose_site_it_is_held_the_event() {
    let of_the_site = |name: &str| {
        page(&format!(
            r#"<html><head><meta property="og:site_name" content="{name}"></head>
            <body><h1>A talk</h1><p>The talk took place on 3 June 2024 in Bonn.</p></body></html>"#
        ))
    };
    organiser(
        &of_the_site("Altmoor Institute for Rivers"),
        Some("Altmoor Institute for Rivers"),
    );
    organiser(&of_the_site("Ada’s notes"), None);
    let with_foot = |foot: &str| {
        page(&format!(
            "<html><body><main><h1>A talk</h1><p>The talk took place on 3 June 2024 in Bonn.</p></main>{foot}</body></html>"
        ))
    };
    organiser(
        &with_foot("<footer><p>Altmoor Institute for Rivers<br>4 Weir Lane</p></footer>"),
        Some("Altmoor Institute for Rivers"),
    );
    organiser(
        &with_foot("<aside><ul><li><a href=\"/old\">Old news</a></li></ul></aside>"),
        None,
    );
    organiser(&with_foot("<p>School holidays begin on Monday, 12 July</p>"), None);
    organiser(
        &page(
            r#"<html><head><meta property="og:site_name" content="Altmoor Institute for Rivers"></head>
            <body><h1>A talk</h1><p>The talk took place on 3 June 2024. It was organised by the Society for Old Maps.</p></body></html>"#,
        ),
        Some("Society for Old Maps"),
    );
}
