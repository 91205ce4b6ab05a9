//! The digest as people receive it: whole mails as snapshots, read back by parsers that are not ours, and properties
//! over hostile content.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly"
)]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, Utc};
use mail_parser::{Message, MessageParser, MimeHeaders};
use proptest::prelude::*;
use rapporteur::edition::{Hand, Item, Matter};
use rapporteur::mail::{
    self, Digest, Error, Headers, Holes, Links, ListFacts, Plain, Prepared, Rendered, compose, lint, render_digest,
};
use rapporteur::render::Templates;
use rapporteur::report::{Event, Person, Report, When};

use crate::feeds::others::{installed, run_at_home, wanted};

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::load(None).expect("the embedded templates load"));

const LINK: &str = "https://news.example.org/unsubscribe/k3J9d0Qm2Xz7bV5tR1yN8wLpA6cE4gHs";

fn list() -> ListFacts {
    ListFacts {
        name: "events".into(),
        title: "Events of the Example Institute".into(),
        institute: "Example Institute for Regional Studies".into(),
        postal_address: Some("Example Street 1\n12345 Exampleton".into()),
        from: "Example Institute <news@example.org>".into(),
        reply_to: Some("Desk of the Example Institute <desk@example.org>".into()),
        basis: Some("You get this mail because you subscribed on our page or at one of our events.".into()),
        languages: vec!["en".into(), "de".into()],
        public_url: "https://news.example.org".into(),
        list_id_domain: "news.example.org".into(),
        public: true,
        can_join: true,
        number: 12,
    }
}

fn digest(language: &str, items: Vec<Item>) -> Digest {
    Digest {
        language: language.into(),
        today: NaiveDate::from_ymd_opt(2026, 5, 4).unwrap(),
        items,
        hand: Hand::default(),
        links: Links::of(&list()),
        list: list(),
        full_text_of_one: false,
    }
}

fn item(id: i64, report: Report) -> Item {
    Item {
        report_id: id,
        revision: 1,
        matter: Matter::Report,
        slug: format!("report-{id}"),
        note: None,
        report,
    }
}

fn when(text: &str) -> Option<When> {
    Some(text.parse().expect("a date"))
}

fn person(name: &str, affiliation: Option<&str>) -> Person {
    Person {
        name: name.into(),
        role: None,
        affiliation: affiliation.map(str::to_owned),
    }
}

fn round_table() -> Item {
    let mut report = Report {
        title: "Round table on water and borders: “Two rivers, five neighbours”".into(),
        language: Some("en".into()),
        summary: Some(
            "Four researchers discussed how the five states on two rivers share water in dry years. They agreed that \
             common measurements come before common rules, and disagreed about nearly everything else."
                .into(),
        ),
        people: vec![
            person("Ada Example", Some("Example Institute")),
            person("Bela Muster", Some("Muster University")),
            person("Chiara Prova", None),
        ],
        url: Some("https://example.org/events/two-rivers?year=2019&lang=en".into()),
        body_html: "<h2>What was said</h2><p>Measure <a href=\"https://example.org/first\">first</a>, then \
                    agree.</p><script>alert(1)</script>"
            .into(),
        ..Report::default()
    };
    report.event = Event {
        start: when("2019-01-28"),
        city: Some("Moscow".into()),
        ..Event::default()
    };
    item(1, report)
}

fn twelve() -> Vec<Item> {
    let plain = |id: i64, title: &str, date: &str, city: &str, series: Option<&str>| {
        item(
            id,
            Report {
                title: title.into(),
                language: Some("en".into()),
                summary: Some("One speaker, one question, and an hour of answers. The slides are online.".into()),
                event: Event {
                    start: when(date),
                    city: Some(city.into()),
                    ..Event::default()
                },
                series: series.map(str::to_owned),
                ..Report::default()
            },
        )
    };
    let mut upcoming = plain(
        2,
        "Spring school on archives",
        "2026-05-12",
        "Exampleton",
        Some("Schools"),
    );
    upcoming.report.event.end = when("2026-05-14");
    upcoming.report.event.venue = Some("Old Library".into());
    let mut evening = plain(3, "An evening with maps", "2026-06-03T18:30", "Berlin", None);
    evening.report.event.end = when("2026-06-03T20:00");
    evening.report.event.timezone = Some("Europe/Berlin".into());
    let mut winter = plain(
        4,
        "Winter workshop: methods & sources",
        "2024-01-30",
        "Tashkent",
        Some("Schools"),
    );
    winter.report.event.end = when("2024-02-02");
    let mut russian = plain(
        5,
        "Круглый стол о воде и границах",
        "2025-11-20",
        "Москва",
        Some("Round tables"),
    );
    russian.report.language = Some("ru".into());
    russian.report.summary = Some("Четыре исследователя обсудили, как делить воду в засушливые годы.".into());
    let mut arabic = plain(6, "مائدة مستديرة حول المياه والحدود", "2025-10-02", "عمّان", None);
    arabic.report.language = Some("ar".into());
    arabic.report.summary = Some("ناقش أربعة باحثين كيفية تقاسم المياه في السنوات الجافة.".into());
    let mut undated = plain(7, "What the archive keeps, and what it cannot", "2025-01-01", "", None);
    undated.report.event = Event::default();
    let mut bare = item(
        8,
        Report {
            title: "A title and nothing else".into(),
            ..Report::default()
        },
    );
    bare.slug = "a-title-and-nothing-else".into();
    let mut items = vec![round_table(), upcoming, evening, winter, russian, arabic, undated, bare];
    items[0].report.series = Some("Round tables".into());
    items.push(plain(
        9,
        "Trade along the old road",
        "2025-03-04",
        "Almaty",
        Some("Round tables"),
    ));
    items.push(plain(10, "Counting people who move", "2025-02-11", "Dushanbe", None));
    items.push(plain(11, "Who owns a pasture?", "2024-12-09", "Bishkek", None));
    items.push(plain(12, "Letters from the border", "2024-11-18", "Osh", None));
    items
}

fn released() -> DateTime<Utc> {
    "2026-05-04T06:00:00Z".parse().unwrap()
}

fn holes<'a>(message_id: &'a str, boundary: &'a str) -> Holes<'a> {
    Holes {
        to: "ada@example.org",
        name: Some("Ada Example"),
        date: released(),
        message_id,
        boundary,
        unsubscribe: LINK,
        preferences: "https://news.example.org/preferences/own",
        leave_by_mail: "",
    }
}

fn send(digest: &Digest) -> String {
    let rendered = render_digest(&TEMPLATES, digest).expect("the digest renders");
    let prepared = compose(&Headers::of_digest(&digest.list, &digest.language), &rendered).expect("it composes");
    prepared.splice(&holes(
        &mail::message_id("0", 12, 7, "news.example.org"),
        &mail::boundary(12, 7),
    ))
}

fn read(message: &str) -> Message<'_> {
    MessageParser::default().parse(message).expect("a message")
}

/// Headers as they are, then the parts as another parser decodes them.
fn show(message: &str) -> String {
    let parsed = read(message);
    let head = message.split("\r\n\r\n").next().unwrap().replace("\r\n", "\n");
    let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    let html = parsed.body_html(0).unwrap().replace("\r\n", "\n");
    format!("{head}\n\n--- text ---\n{text}\n--- html ---\n{html}")
}

fn links_of(html: &str) -> BTreeSet<String> {
    let document = scraper::Html::parse_document(html);
    let links = scraper::Selector::parse("a[href]").unwrap();
    let hrefs = document.select(&links).filter_map(|link| link.attr("href"));
    hrefs.filter(|href| !href.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn a_digest_of_one_report_in_english() {
    insta::assert_snapshot!(show(&send(&digest("en", vec![round_table()]))));
}

#[test]
fn a_digest_of_one_report_in_german() {
    insta::assert_snapshot!(show(&send(&digest("de", vec![round_table()]))));
}

#[test]
fn a_digest_of_twelve_reports_in_english() {
    insta::assert_snapshot!(show(&send(&digest("en", twelve()))));
}

#[test]
fn a_digest_of_twelve_reports_in_german() {
    insta::assert_snapshot!(show(&send(&digest("de", twelve()))));
}

#[test]
fn the_bytes_of_a_whole_mail() {
    let bytes = send(&digest("en", vec![round_table()]));
    assert_eq!(lint(&bytes), Vec::<String>::new());
    insta::assert_snapshot!(bytes.replace("\r\n", "\n"));
}

#[test]
fn every_embedded_template_is_tried_by_the_check() {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/templates"));
    let tried: Vec<&str> = rapporteur::render::registry().iter().map(|entry| entry.name).collect();
    // Others extend or include these.
    let parts = ["web/base.html", "mail/digest.css.txt", "mail/letter.html"];
    for part in ["mail", "feed", "web"] {
        for file in std::fs::read_dir(folder.join(part)).unwrap() {
            let name = format!("{part}/{}", file.unwrap().file_name().to_str().unwrap());
            assert!(
                tried.contains(&name.as_str()) || parts.contains(&name.as_str()),
                "{name}"
            );
        }
    }
}

#[test]
fn a_page_to_leave_from_must_have_a_form() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("web")).unwrap();
    let link = "<a href=\"?leave=1\">{{ t(key=\"web-unsubscribe-button\", list=list) }}</a>";
    std::fs::write(dir.path().join("web/unsubscribe.html"), link).unwrap();
    let errors = Templates::load(Some(dir.path())).unwrap().check();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().contains("has no way to leave"), "{}", errors[0]);
}

#[test]
fn the_embedded_templates_pass_their_own_check() {
    let errors: Vec<String> = TEMPLATES.check().iter().map(ToString::to_string).collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn every_header_of_list_mail_stands_once() {
    let message = send(&digest("en", vec![round_table()]));
    let head = message.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    let value = |name: &str| {
        let found: Vec<&str> = head
            .split("\r\n")
            .filter_map(|line| line.strip_prefix(&format!("{name}: ")))
            .collect();
        assert_eq!(found.len(), 1, "{name} stands {} times", found.len());
        found[0].to_owned()
    };
    for (name, expected) in [
        ("From", "Example Institute <news@example.org>"),
        ("To", "Ada Example <ada@example.org>"),
        ("Reply-To", "Desk of the Example Institute <desk@example.org>"),
        ("Date", "Mon, 4 May 2026 06:00:00 +0000"),
        ("MIME-Version", "1.0"),
        ("List-Id", "Events of the Example Institute <events.news.example.org>"),
        ("List-Unsubscribe", &format!("<{LINK}>")),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("List-Help", "<https://news.example.org/>"),
        ("List-Owner", "<mailto:desk@example.org>"),
        ("List-Archive", "<https://news.example.org/>"),
        ("List-Post", "NO"),
        ("Archived-At", "<https://news.example.org/editions/events/12>"),
        ("Precedence", "bulk"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
    ] {
        assert_eq!(value(name), expected, "{name}");
    }
    let id = value("Message-ID");
    assert!(id.starts_with('<') && id.ends_with("@news.example.org>"), "{id}");
    let feedback: Vec<String> = value("Feedback-ID").split(':').map(str::to_owned).collect();
    assert_eq!(feedback[..3], ["12", "events", "digest"]);
    assert!((5..=15).contains(&feedback[3].len()));
    assert!(value("Content-Type").starts_with("multipart/alternative; boundary=\"=_"));
}

#[test]
fn text_comes_first_and_html_last() {
    let message = send(&digest("en", twelve()));
    let parsed = read(&message);
    let kinds: Vec<String> = parsed
        .parts
        .iter()
        .map(|part| {
            let kind = part.content_type().unwrap();
            format!("{}/{}", kind.ctype(), kind.subtype().unwrap())
        })
        .collect();
    assert_eq!(kinds, ["multipart/alternative", "text/plain", "text/html"]);
}

#[test]
fn the_mail_of_a_private_list_offers_no_public_page() {
    let mut digest = digest("en", vec![round_table()]);
    digest.list.public = false;
    digest.links = Links::of(&digest.list);
    let message = send(&digest);
    for absent in [
        "Archived-At",
        "List-Archive",
        "List-Subscribe",
        "Forwarded to you",
        "View in browser",
    ] {
        assert!(!message.contains(absent), "{absent}");
    }
    assert_eq!(lint(&message), Vec::<String>::new());
}

#[test]
fn the_text_part_has_every_link_of_the_html_alone_on_its_line() {
    let mut digest = digest("en", twelve());
    digest.hand.note = Some("Dear all, see [the desk](https://example.org/desk?a=1&b=2) first.".into());
    let message = send(&digest);
    let parsed = read(&message);
    let text = parsed.body_text(0).unwrap();
    let lines: BTreeSet<&str> = text.lines().collect();
    let links = links_of(&parsed.body_html(0).unwrap());
    assert!(links.len() > 14, "{links:?}");
    for link in &links {
        assert!(lines.contains(link.as_str()), "{link} is missing in\n{text}");
    }
    for line in text.lines() {
        let columns = line.chars().count();
        assert!(columns <= 72 || line.starts_with("https://"), "{line}");
    }
    for entity in ["&amp;", "&quot;", "&#39;", "<p", "</"] {
        assert!(!text.contains(entity), "{entity}");
    }
}

#[test]
fn the_subject_is_the_first_title_and_the_number_of_the_others() {
    let subject = |items| render_digest(&TEMPLATES, &digest("en", items)).unwrap().subject;
    assert_eq!(subject(twelve()), "Spring school on archives, and 11 more");
    let cut = subject(vec![round_table()]);
    assert!(cut.ends_with('…') && cut.chars().count() <= 61, "{cut}");
    assert!(round_table().report.title.starts_with(cut.trim_end_matches('…')));

    let german = render_digest(&TEMPLATES, &digest("de", twelve())).unwrap().subject;
    assert_eq!(german, "Spring school on archives und 11 weitere");
}

#[test]
fn the_editors_subject_and_order_are_kept_and_a_line_break_is_refused() {
    let mut digest = digest("en", twelve());
    digest.hand.subject = Some("Water, again".into());
    digest.hand.order = vec!["report-9".into(), "1".into()];
    let rendered = render_digest(&TEMPLATES, &digest).unwrap();
    assert_eq!(rendered.subject, "Water, again");
    let at = |title: &str| rendered.text.rfind(&format!("\n{title}")).unwrap();
    assert!(at("Trade along the old road") < at("Round table on water"));
    assert!(at("Round table on water") < at("Spring school on archives"));

    digest.hand.subject = Some("Hello\r\nBcc: everyone@example.org".into());
    assert!(matches!(
        render_digest(&TEMPLATES, &digest),
        Err(Error::Control("the subject"))
    ));
}

#[test]
fn the_preheader_tells_the_other_titles_and_not_the_subject_again() {
    let rendered = render_digest(&TEMPLATES, &digest("en", twelve())).unwrap();
    assert!(
        rendered.preheader.starts_with("Winter workshop: methods & sources · "),
        "{}",
        rendered.preheader
    );
    let one = render_digest(&TEMPLATES, &digest("en", vec![round_table()])).unwrap();
    assert!(
        one.preheader.starts_with("Moscow, 28 January 2019 · Four researchers"),
        "{}",
        one.preheader
    );
    for rendered in [rendered, one] {
        assert!(
            (40..=100).contains(&rendered.preheader.chars().count()),
            "{}",
            rendered.preheader
        );
        assert!(!rendered.preheader.contains(rendered.subject.split(',').next().unwrap()));
    }
}

#[test]
fn event_lines_say_what_is_known_in_the_readers_language() {
    let line = |language: &str, id: usize| TEMPLATES.event_line(language, &twelve()[id - 1].report.event);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(line("en", 1), some("Moscow, 28 January 2019"));
    assert_eq!(line("de", 1), some("Moscow, 28. Januar 2019"));
    assert_eq!(line("en", 2), some("Old Library, Exampleton, 12–14 May 2026"));
    assert_eq!(line("de", 2), some("Old Library, Exampleton, 12.–14. Mai 2026"));
    assert_eq!(line("en", 3), some("Berlin, 3 June 2026, 18:30–20:00 (Europe/Berlin)"));
    assert_eq!(
        line("de", 3),
        some("Berlin, 3. Juni 2026, 18:30–20:00 Uhr (Europe/Berlin)")
    );
    assert_eq!(line("en", 4), some("Tashkent, 30 January – 2 February 2024"));
    assert_eq!(
        line("it", 4),
        some("Tashkent, 30 January – 2 February 2024"),
        "English stands in"
    );
    assert_eq!(line("fr", 4), some("Tashkent, 30 janvier – 2 février 2024"));
    assert_eq!(line("es", 2), some("Old Library, Exampleton, 12–14 de mayo de 2026"));
    assert_eq!(line("ru", 1), some("Moscow, 28 января 2019 г."));
    let first = NaiveDate::from_ymd_opt(2024, 5, 1).unwrap();
    assert_eq!(TEMPLATES.day("fr", first), "1er mai 2024");
    assert_eq!(line("en", 7), None);
    assert_eq!(line("en", 8), None);
}

#[test]
fn a_thirteenth_report_is_told_by_title_and_link() {
    let mut items = twelve();
    items.push(item(
        13,
        Report {
            title: "Last but not lost".into(),
            summary: Some("This summary has no room.".into()),
            ..Report::default()
        },
    ));
    let rendered = render_digest(&TEMPLATES, &digest("en", items)).unwrap();
    for body in [&rendered.html, &rendered.text] {
        assert!(body.contains("Last but not lost") && body.contains("https://news.example.org/reports/report-13"));
        assert!(!body.contains("This summary has no room."));
        assert!(body.contains("Also"));
    }
}

#[test]
fn corrections_are_short_notices_and_can_stand_alone() {
    let mut correction = round_table();
    correction.matter = Matter::Correction(2);
    correction.note = Some("The date was wrong: it is 28 January, not 27 January.".into());
    let rendered = render_digest(&TEMPLATES, &digest("en", vec![correction])).unwrap();
    assert!(
        rendered.subject.starts_with("Correction: Round table on water"),
        "{}",
        rendered.subject
    );
    assert!(
        rendered
            .text
            .contains("The date was wrong: it is 28 January, not 27 January.")
    );
    assert!(
        !rendered.text.contains("Four researchers"),
        "a notice does not repeat the report"
    );
}

#[test]
fn nothing_to_say_is_no_mail() {
    assert!(matches!(
        render_digest(&TEMPLATES, &digest("en", vec![])),
        Err(Error::Empty)
    ));
}

#[test]
fn each_report_has_its_own_language_and_direction() {
    let rendered = render_digest(&TEMPLATES, &digest("de", twelve())).unwrap();
    assert!(rendered.html.contains("<html lang=\"de\" dir=\"ltr\">"));
    let document = scraper::Html::parse_document(&rendered.html);
    for (tag, direction) in [("ar", "rtl"), ("ru", "ltr")] {
        let cells = scraper::Selector::parse(&format!("td[lang={tag}][dir={direction}]")).unwrap();
        assert_eq!(document.select(&cells).count(), 1, "{tag}");
    }
}

#[test]
fn a_place_written_from_right_to_left_does_not_pull_the_date_along() {
    let line = TEMPLATES.event_line("en", &twelve()[5].report.event).unwrap();
    assert_eq!(line, "\u{2068}عمّان\u{2069}, 2 October 2025");
}

#[test]
fn styles_stand_in_the_elements_and_one_block_for_dark_and_narrow_stays() {
    let html = render_digest(&TEMPLATES, &digest("en", twelve())).unwrap().html;
    assert!(html.contains("prefers-color-scheme: dark") && html.contains("max-width: 480px"));
    assert!(html.contains("content=\"light dark\"") && html.contains("style=\"margin:0;background:#f3f1ec\""));
    let document = scraper::Html::parse_document(&html);
    let blocks = scraper::Selector::parse("style").unwrap();
    let styles: Vec<String> = document.select(&blocks).map(|block| block.text().collect()).collect();
    assert_eq!(styles.len(), 1);
    assert!(styles[0].len() < 16_000);

    // Word, which draws mails in Outlook, heeds padding on cells only.
    let any = scraper::Selector::parse("[style]").unwrap();
    for element in document.select(&any).filter(|element| element.value().name() != "td") {
        let style = element.attr("style").unwrap();
        assert!(
            !style.contains("padding") || style.contains("padding:0;") || style.ends_with("padding:0"),
            "{style}"
        );
        assert!(!style.contains("auto"), "{style}");
    }
}

#[test]
fn the_full_text_of_one_report_is_sanitised_and_keeps_its_links() {
    let mut digest = digest("en", vec![round_table()]);
    digest.full_text_of_one = true;
    let rendered = render_digest(&TEMPLATES, &digest).unwrap();
    assert!(rendered.html.contains("What was said</h3>"));
    assert!(!rendered.html.contains("script"));
    assert!(
        rendered
            .text
            .contains("Measure first, then agree.\nhttps://example.org/first\n"),
        "{}",
        rendered.text
    );

    digest.items[0].report.body_html = "<p>Long, very long.</p>".repeat(20_000);
    let rendered = render_digest(&TEMPLATES, &digest).unwrap();
    assert!(rendered.text.contains("Four researchers"), "the summary stands in");
    assert_eq!(rendered.warnings.len(), 1);
}

#[test]
fn a_mail_that_would_be_clipped_is_refused_with_what_to_cut() {
    let many = |count: i64| -> Vec<Item> {
        let title = "An unremarkable title of an event that goes on for quite some time".to_owned();
        let report = Report {
            title,
            ..Report::default()
        };
        (1..=count).map(|id| item(id, report.clone())).collect()
    };
    match render_digest(&TEMPLATES, &digest("en", many(500))) {
        Err(error @ Error::TooLarge { .. }) => assert!(error.to_string().contains("`report-500`"), "{error}"),
        other => panic!("{other:?}"),
    }
    let sized = |count| render_digest(&TEMPLATES, &digest("en", many(count)));
    let warned = (100..500).step_by(8).find_map(|count| match sized(count) {
        Ok(rendered) if !rendered.warnings.is_empty() => Some(rendered.warnings),
        _ => None,
    });
    assert!(warned.is_some(), "there is a size that warns and still goes");
}

#[test]
fn a_template_without_an_unsubscribe_link_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("mail")).unwrap();
    let html = "<html lang=en dir=ltr><body><p lang=en dir=ltr>{{ list_title }}</p></body></html>";
    std::fs::write(dir.path().join("mail/digest.html"), html).unwrap();
    std::fs::write(dir.path().join("mail/digest.txt"), "{{ list_title }}").unwrap();
    let templates = Templates::load(Some(dir.path())).unwrap();
    let errors: Vec<String> = templates.check().iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors.iter().all(|error| error.contains("has no unsubscribe link")),
        "{errors:?}"
    );
    let error = render_digest(&templates, &digest("en", vec![round_table()])).unwrap_err();
    assert!(
        error.to_string().contains("mail/digest.html: has no unsubscribe link"),
        "{error}"
    );
}

#[test]
fn a_template_error_names_file_and_line() {
    let load = |name: &str, text: &str| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        match Templates::load(Some(dir.path())) {
            Err(error) => error.to_string(),
            Ok(templates) => templates.check().first().map(ToString::to_string).unwrap_or_default(),
        }
    };
    for (name, text, wanted) in [
        ("mail/digest.html", "<p>\n{{ nonsense }}", "mail/digest.html, line 2: "),
        ("mail/digest.html", "<p>\n\n{% if %}", "mail/digest.html, line 3: "),
        ("mail/digest.txt", "{{ list_title | shout }}", "shout"),
        ("mail/digest.txt", "{% include \"../../etc/passwd\" %}", "/etc/passwd"),
        ("mail/digest.txt", "{{ t(key=\"no-such-word\") }}", "no-such-word"),
        ("mail/digest.html.j2", "x", "only .html, .txt, .css and .ftl"),
        (
            "locales/en/mail.ftl",
            "leave = ok\n= broken\n",
            "locales/en/mail.ftl, line 2",
        ),
        ("mail/digest.txt", "{{ range(end=100000000) }}", "at most 1000"),
        ("mail/digest.subject.txt", "  ", "empty subject"),
    ] {
        let error = load(name, text);
        assert!(error.contains(wanted), "{text}: {error}");
    }
}

#[test]
fn words_of_an_institute_are_laid_over_ours() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("locales/en")).unwrap();
    std::fs::write(dir.path().join("locales/en/ours.ftl"), "leave = Stop these mails\n").unwrap();
    let templates = Templates::load(Some(dir.path())).unwrap();
    assert_eq!(templates.words().word("en", "leave"), "Stop these mails");
    assert_eq!(templates.words().word("en", "also"), "Also");
}

#[test]
fn a_greeting_appears_only_for_people_with_a_name() {
    let rendered = Rendered {
        subject: "Hello".into(),
        text: "\u{1}if-name\u{2}Dear \u{1}name\u{2},\n\n\u{1}end-name\u{2}News. \u{1}leave\u{2}\n".into(),
        html: "<p>\u{1}if-name\u{2}Dear \u{1}name\u{2},\u{1}end-name\u{2} News. \u{1}leave\u{2}</p>".into(),
        ..Rendered::default()
    };
    let prepared = compose(&Headers::of_digest(&list(), "en"), &rendered).unwrap();
    let boundary = mail::boundary(1, 2);
    let mut holes = holes("1@news.example.org", &boundary);
    holes.name = Some("Tom & <Jerry>");
    let message = prepared.splice(&holes);
    assert_eq!(
        read(&message).body_text(0).unwrap(),
        format!("Dear Tom & <Jerry>,\r\n\r\nNews. {LINK}\r\n")
    );
    assert!(
        read(&message)
            .body_html(0)
            .unwrap()
            .contains("Dear Tom &amp; &lt;Jerry&gt;, News.")
    );
    assert_eq!(
        rendered.fill(holes.name, LINK, holes.preferences).1,
        format!("Dear Tom & <Jerry>,\n\nNews. {LINK}\n")
    );

    for nameless in [None, Some(""), Some(" \u{202E}")] {
        holes.name = nameless;
        let message = prepared.splice(&holes);
        assert_eq!(read(&message).body_text(0).unwrap(), format!("News. {LINK}\r\n"));
        assert!(!message.contains("Dear"));
    }
}

#[test]
fn a_stored_mail_reads_back_and_a_damaged_one_is_refused() {
    let rendered = render_digest(&TEMPLATES, &digest("en", twelve())).unwrap();
    let prepared = compose(&Headers::of_digest(&list(), "en"), &rendered).unwrap();
    let stored = prepared.to_stored();
    assert_eq!(Prepared::from_stored(&stored).unwrap(), prepared);
    for damaged in ["\u{1}", "\u{1}?\u{2}", "\u{2}", "\u{1}tt\u{2}", "\u{1}\u{2}"] {
        assert!(
            matches!(Prepared::from_stored(damaged), Err(Error::Stored)),
            "{damaged:?}"
        );
    }
}

#[test]
fn ids_depend_on_edition_person_and_epoch_and_tell_nothing() {
    let id = |epoch, edition, person| mail::message_id(epoch, edition, person, "news.example.org");
    let ids: BTreeSet<String> = [
        id("0", 1, 2),
        id("0", 2, 1),
        id("1", 1, 2),
        id("0", 12, 2),
        id("0", 1, 22),
    ]
    .into();
    assert_eq!(ids.len(), 5);
    assert_eq!(id("0", 1, 2), id("0", 1, 2));
    assert!(mail::boundary(1, 2) != mail::boundary(2, 1) && mail::boundary(1, 2).len() <= 70);
}

#[test]
fn no_message_holds_another_persons_link() {
    let rendered = render_digest(&TEMPLATES, &digest("en", twelve())).unwrap();
    let prepared = compose(&Headers::of_digest(&list(), "en"), &rendered).unwrap();
    let link = |person: usize| format!("https://news.example.org/unsubscribe/token{person:030}");
    let address = |person: usize| format!("person{person}@example.org");
    let decoded = |person: usize| {
        let (to, leave) = (address(person), link(person));
        let (id, boundary) = (
            mail::message_id("0", 1, person as i64, "example.org"),
            mail::boundary(1, person as i64),
        );
        let message = prepared.splice(&Holes {
            to: &to,
            unsubscribe: &leave,
            ..holes(&id, &boundary)
        });
        format!(
            "{message}{}{}",
            read(&message).body_text(0).unwrap(),
            read(&message).body_html(0).unwrap()
        )
    };
    for person in 0..20 {
        let all = decoded(person);
        assert!(all.contains(&link(person)));
        for other in (0..20).filter(|other| *other != person) {
            assert!(!all.contains(&link(other)) && !all.contains(&format!("<{}>", address(other))));
        }
    }
}

#[test]
fn a_plain_mail_to_staff_is_a_whole_message() {
    let message = mail::plain(&Plain {
        from: "Rapporteur <news@example.org>",
        reply_to: None,
        to: "desk@example.org",
        name: Some("Desk, the"),
        language: "en",
        subject: "3 Dateien können nicht gelesen werden",
        text: "reports/a.txt: empty\n",
        html: "",
        date: released(),
        message_id: "1@example.org",
        boundary: "=_0",
    })
    .unwrap();
    assert_eq!(lint(&message), Vec::<String>::new());
    let parsed = read(&message);
    assert_eq!(parsed.subject(), Some("3 Dateien können nicht gelesen werden"));
    assert_eq!(parsed.to().unwrap().first().unwrap().name(), Some("Desk, the"));
    assert_eq!(parsed.body_text(0).unwrap(), "reports/a.txt: empty\r\n");
    assert!(!message.contains("List-"));
}

#[test]
fn headers_that_would_break_out_are_refused() {
    let rendered = Rendered {
        subject: "Hello".into(),
        text: "x".into(),
        ..Rendered::default()
    };
    let good = Headers::of_digest(&list(), "en");
    assert!(compose(&good, &rendered).is_ok());
    let bad = |change: &dyn Fn(&mut Headers)| {
        let mut headers = good.clone();
        change(&mut headers);
        assert!(compose(&headers, &rendered).is_err(), "{headers:?}");
    };
    bad(&|headers| headers.from = "A <a@example.org>\r\nBcc: b@example.org".into());
    bad(&|headers| headers.from = "nobody".into());
    bad(&|headers| headers.from = "b@example.org <a@example.org>".into());
    bad(&|headers| headers.reply_to = Some("a\n@example.org".into()));
    bad(&|headers| headers.list.as_mut().unwrap().title = "x\r\ny".into());
    bad(&|headers| headers.list.as_mut().unwrap().help = "https://example.org/ x".into());
    let subject = Rendered {
        subject: "Hi\r\nBcc: x".into(),
        ..rendered.clone()
    };
    assert!(matches!(compose(&good, &subject), Err(Error::Control("Subject"))));
    let body = Rendered {
        text: "a\0b".into(),
        ..rendered
    };
    assert!(matches!(compose(&good, &body), Err(Error::Control("the body"))));
}

/// WCAG 2.2, success criterion 1.4.3, for the pairs of text and ground that the stylesheet makes.
#[test]
fn colours_can_be_read_in_light_and_dark() {
    let html = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/mail/digest.html")).unwrap();
    let light = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/mail/digest.css.txt")).unwrap();
    let dark = html
        .split("prefers-color-scheme: dark")
        .nth(1)
        .unwrap()
        .split("@media")
        .next()
        .unwrap()
        .to_owned();
    let colours = |css: &str| -> Vec<String> {
        let text = css
            .split([';', '{'])
            .map(str::trim)
            .filter_map(|rule| rule.strip_prefix("color: "));
        text.map(|colour| colour.trim_end_matches(" !important").to_owned())
            .collect()
    };
    let luminance = |colour: &str| {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    for (css, grounds, least) in [(light, ["#ffffff", "#f3f1ec"], 10), (dark, ["#1d2024", "#15171a"], 6)] {
        let colours = colours(&css);
        assert!(colours.len() >= least, "{colours:?}");
        for ground in grounds {
            assert!(css.contains(ground), "{ground} is no longer in the stylesheet");
            for colour in &colours {
                let (a, b) = (luminance(colour), luminance(ground));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= 4.5, "{colour} on {ground}: {contrast:.2}");
            }
        }
    }
}

/// Python's parser, strict about faults, is a third opinion.
#[test]
fn python_reads_the_mail_without_a_defect() {
    let script = "
import sys, email, email.policy
message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.SMTP.clone(raise_on_defect=True))
for name in message.keys():
    str(message[name])
print(message['subject'])
for part in message.walk():
    part.get_content_type()
    if not part.is_multipart():
        part.get_content()
";
    let python = std::process::Command::new("python3")
        .args(["-c", script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .env("PYTHONIOENCODING", "utf-8")
        .spawn();
    let Ok(mut python) = python else {
        assert_ne!(
            std::env::var("RAPPORTEUR_REQUIRE_SERVICES").as_deref(),
            Ok("1"),
            "no python3 here"
        );
        println!("skipped: no python3 here");
        return;
    };
    let mut digest = digest("de", twelve());
    digest.hand.subject = Some("Wasser, Grenzen und 🎉 – ".to_owned() + &"Центральная Азия ".repeat(12));
    let message = send(&digest);
    std::io::Write::write_all(&mut python.stdin.take().unwrap(), message.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap().trim(),
        digest.hand.subject.unwrap().trim()
    );
}

/// What a mail server of many receivers thinks of it, by its rules alone: 5 points are spam.
#[test]
fn spamassassin_finds_little_to_blame_in_a_digest() {
    if !wanted("spamassassin", installed("spamassassin")) {
        return;
    }
    for language in ["en", "de", "ru"] {
        let home = tempfile::tempdir().unwrap();
        let mail = home.path().join("mail.eml");
        std::fs::write(&mail, send(&digest(language, twelve()))).unwrap();
        let input = std::fs::File::open(&mail).unwrap();
        let said = run_at_home(home.path(), "spamassassin", &["--test-mode", "--local"], input.into());
        let status = said.split("X-Spam-Status:").nth(1).unwrap_or_else(|| panic!("{said}"));
        let score = status
            .split("score=")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next());
        let score: f64 = score.unwrap().parse().unwrap();
        let details = said.split("Content analysis details").nth(1).unwrap_or_default();
        assert!(score < 2.0, "{language}: {score} points{details}");
    }
}

/// What people and sources write at their worst.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zA-Zäöüß ,.;:<>\"'&=?_-]{0,200}",
        Just("x".repeat(500)),
        Just("=?utf-8?Q?=41?= =20=\r\n.".to_owned()),
        Just("Title\r\nBcc: everyone@example.org\r\n\r\n<script>".to_owned()),
        Just("\u{202E}evil\u{2066} مرحبا بالعالم 👩‍🔬🎉".to_owned()),
        Just("\u{1}leave\u{2}\u{1}name\u{2}\u{1}".to_owned()),
        Just(".\n..\nFrom here\n--=_0\n".to_owned()),
        Just("東京大学における国際会議の報告".repeat(20)),
        Just("word ".repeat(100)),
    ]
}

fn spaced(text: &str) -> String {
    let words = text
        .split_whitespace()
        .map(|word| word.chars().filter(|char| !char.is_control()).collect::<String>());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Else the dot would not be doubled (SMTP-02), and what follows it lost.
    #[test]
    fn no_line_begins_with_a_dot_unless_it_is_said(pieces in proptest::collection::vec(
        prop_oneof![
            Just("."), Just("\r\n"), Just("\n"), Just("\r"), Just("a"), Just("\u{1}t\u{2}"), Just("\u{1}u\u{2}"),
            Just("\u{1}(\u{2}"), Just("\u{1})\u{2}"), Just("\u{1}N\u{2}"),
        ],
        1..12,
    ), named in any::<bool>()) {
        let Ok(prepared) = Prepared::from_stored(&pieces.concat()) else { return Ok(()) };
        let boundary = mail::boundary(12, 7);
        let name = named.then_some(".Ada");
        let message = prepared.splice(&Holes { name, ..holes("1@news.example.org", &boundary) });
        let has_one = message.starts_with('.') || message.contains("\n.");
        prop_assert!(prepared.leading_dots() || !has_one, "{message:?}");
        prop_assert_eq!(message.replace("\r\n", "").find(['\r', '\n']), None, "{:?}", message);
    }

    #[test]
    fn whatever_is_written_the_wire_is_clean(
        title in hostile(), summary in hostile(), name in hostile(), note in hostile(), person_name in hostile(),
    ) {
        let mut odd = round_table();
        odd.report.title = format!("T {title}");
        odd.report.summary = Some(summary);
        odd.report.people = vec![person(&person_name, Some(&title))];
        odd.report.event.city = Some(title.clone());
        let mut digest = digest("en", vec![odd]);
        digest.hand.note = Some(note);
        let message = {
            let rendered = render_digest(&TEMPLATES, &digest).unwrap();
            let prepared = compose(&Headers::of_digest(&digest.list, "en"), &rendered).unwrap();
            prop_assert_eq!(&Prepared::from_stored(&prepared.to_stored()).unwrap(), &prepared);
            let boundary = mail::boundary(12, 7);
            let message = prepared.splice(&Holes { name: Some(&name), ..holes("1@news.example.org", &boundary) });
            let parsed = read(&message);
            prop_assert_eq!(spaced(parsed.subject().unwrap_or_default()), spaced(&rendered.subject));
            prop_assert_eq!(parsed.parts.len(), 3);
            prop_assert_eq!(parsed.to().unwrap().first().unwrap().address(), Some("ada@example.org"));
            let (html, text) = rendered.fill(Some(&name), LINK, "https://news.example.org/preferences/own");
            let _ = html;
            if !name.contains(char::is_control) {
                let body = parsed.body_text(0).unwrap();
                prop_assert_eq!(body.replace("\r\n", "\n"), text);
            }
            message
        };
        prop_assert_eq!(lint(&message), Vec::<String>::new());
    }

    #[test]
    fn filling_holes_equals_composing_with_the_values_in_place(
        before in "[ -~äé\n]{0,90}", after in "[ -~äé\n]{0,90}", token in "[a-zA-Z0-9_-]{1,150}",
    ) {
        let link = format!("https://news.example.org/unsubscribe/{token}");
        let boundary = mail::boundary(1, 1);
        let decoded = |middle: &str| {
            let rendered = Rendered {
                subject: "s".into(),
                text: format!("{before}{middle}{after}"),
                ..Rendered::default()
            };
            let prepared = compose(&Headers::of_digest(&list(), "en"), &rendered).unwrap();
            let message = prepared.splice(&Holes { unsubscribe: &link, ..holes("1@example.org", &boundary) });
            assert_eq!(lint(&message), Vec::<String>::new());
            read(&message).body_text(0).unwrap().into_owned()
        };
        prop_assert_eq!(decoded("\u{1}leave\u{2}"), decoded(&link));
    }

    #[test]
    fn subjects_and_names_read_back_equal(subject in "[^\\p{C}\\p{Z}][^\\p{C}\\p{Z}]{0,40}( [^\\p{C}\\p{Z}]{1,90}){0,9}",
        name in "[^\\p{C}\\p{Z}@]{1,30}( [^\\p{C}\\p{Z}@]{1,60}){0,4}") {
        let rendered = Rendered { subject: subject.clone(), text: "x".into(), ..Rendered::default() };
        let prepared = compose(&Headers::of_digest(&list(), "en"), &rendered).unwrap();
        let message = prepared.splice(&Holes { name: Some(&name), ..holes("1@example.org", "=_0") });
        prop_assert_eq!(lint(&message), Vec::<String>::new());
        for line in message.split("\r\n").filter(|line| !line.starts_with("List-Unsubscribe:")) {
            prop_assert!(line.len() <= 78, "{}", line);
        }
        let parsed = read(&message);
        prop_assert_eq!(parsed.subject(), Some(subject.as_str()));
        prop_assert_eq!(parsed.to().unwrap().first().unwrap().name(), Some(name.as_str()));
    }
}
