//! Plain text, Markdown and saved pages: title, body, tail, summary, language.

use rapporteur::report::{markdown_to_html, sanitize};
use url::Url;

use super::{markdown, page, start, text};

#[test]
fn the_first_line_is_the_title_and_blank_lines_part_paragraphs() {
    let report = text("\n\n  Water   talks\n\nOne & two\nare three.\n\nFour <b>.\n");
    assert_eq!(report.title, "Water talks");
    assert_eq!(report.body_text, "One & two are three.\n\nFour <b>.");
    assert_eq!(
        report.body_html,
        "<p>One &amp; two are three.</p>\n<p>Four &lt;b&gt;.</p>"
    );
}

#[test]
fn a_paragraph_in_the_place_of_the_title_stays_in_the_body() {
    let report =
        text("The first sentence is short. The second one follows it. The third one ends the paragraph.\n\nMore.\n");
    assert_eq!(report.title, "The first sentence is short.");
    assert!(report.body_text.starts_with("The first sentence"));
}

#[test]
fn the_tail_becomes_related_titles_in_every_language() {
    for opening in [
        "You may also like:",
        "Related:",
        "Related reports",
        "Read more:",
        "See also",
        "Siehe auch:",
        "Lesen Sie auch:",
        "Das könnte Sie auch interessieren:",
        "См. также:",
        "Читайте также:",
        "Voir aussi :",
        "À lire aussi :",
        "Véase también:",
        "Lea también:",
    ] {
        let report = text(&format!(
            "A title\n\nBody text.\n\n{opening}\n\nFirst title\n- Second: title\n"
        ));
        let titles: Vec<&str> = report.related.iter().map(|one| one.title.as_str()).collect();
        assert_eq!(titles, ["First title", "Second: title"], "{opening}");
        assert_eq!(report.body_text, "Body text.", "{opening}");
    }
}

#[test]
fn related_titles_keep_their_addresses() {
    let report = text("A title\n\nBody.\n\nSee also:\nOne (https://www.example.org/1)\nTwo\n");
    assert_eq!(report.related[0].title, "One");
    assert_eq!(report.related[0].url.as_deref(), Some("https://www.example.org/1"));
    assert_eq!(report.related[1].url, None);
    let report = markdown("# T\n\nBody.\n\n## Related\n\n- [One](https://www.example.org/1)\n- Two\n").unwrap();
    assert_eq!(report.related[0].url.as_deref(), Some("https://www.example.org/1"));
    assert_eq!(report.body_text, "Body.");
}

#[test]
fn read_more_in_the_middle_of_a_report_cuts_nothing() {
    let long = "A sentence of the report that goes on for quite a while. ".repeat(10);
    let report = text(&format!("A title\n\nBody.\n\nRead more:\n\n{long}\n"));
    assert!(report.related.is_empty());
    assert!(report.body_text.contains("goes on"));
}

#[test]
fn a_markdown_title_is_the_first_heading_in_either_form() {
    assert_eq!(markdown("# One *two*\n\nBody.\n").unwrap().title, "One two");
    assert_eq!(markdown("One two\n=======\n\nBody.\n").unwrap().title, "One two");
    assert_eq!(markdown("One two\n\nBody.\n").unwrap().title, "One two");
    let report = markdown("---\ntitle: One\n---\n# One\n\nBody.\n").unwrap();
    assert_eq!((report.title.as_str(), report.body_text.as_str()), ("One", "Body."));
}

#[test]
fn a_summary_is_whole_sentences_within_the_limits() {
    let report = text(&format!(
        "T\n\nDr. Quist came on 3. May with many books. {}Last one.\n",
        "Seven words stand in this one sentence. ".repeat(12)
    ));
    let summary = report.summary.unwrap();
    assert!(summary.starts_with("Dr. Quist came on 3. May with many books. Seven"));
    assert!(summary.ends_with("sentence.") && summary.split(' ').count() <= 60 && summary.chars().count() <= 400);
    assert_eq!(text(&format!("T\n\n{}.\n", "word ".repeat(100))).summary, None);
}

#[test]
fn a_language_is_declared_or_recognised_or_unknown() {
    let german = "Die Bäume sind die billigste Klimaanlage einer Stadt, sie wachsen nur nicht so schnell wie die Rechnungen für den Strom.";
    assert_eq!(text(&format!("Titel\n\n{german}\n")).language.as_deref(), Some("de"));
    assert_eq!(text("Kurz\n").language, None);
    assert_eq!(
        page(&format!(
            "<html lang='en-GB'><body><h1>T</h1><p>{german}</p></body></html>"
        ))
        .language
        .as_deref(),
        Some("en")
    );
}

const PAGE: &str = r#"<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>Heat talks – Lindenfeld</title><meta property="og:site_name" content="Lindenfeld">
<link rel="canonical" href="https://www.example.org/r/heat">
<script type="application/ld+json">{"@type":"Event","startDate":"2026-05-12T18:30:00+02:00","endDate":"2026-05-12T20:00:00+02:00",
"location":{"@type":"Place","name":"Hall","address":{"addressLocality":"Bonn","addressCountry":"Germany"}}}</script></head>
<body><nav>Menu</nav><article><h1>Heat talks</h1><time datetime="2026-05-13">13 May</time>
<div>First part <a href="../x">link</a> of it.</div><div>Second part, held on 3 June 2020.</div>
<h3>Related articles</h3><ul><li><a href="/r/1">One</a></li></ul></article><footer>Foot</footer></body></html>"#;

#[test]
fn what_a_page_states_for_machines_beats_prose() {
    let report = page(PAGE);
    assert_eq!(report.title, "Heat talks");
    assert_eq!(start(&report).as_deref(), Some("2026-05-12T18:30"));
    assert_eq!(report.event.end.unwrap().to_string(), "2026-05-12T20:00");
    assert_eq!(report.event.venue.as_deref(), Some("Hall"));
    assert_eq!(report.event.city.as_deref(), Some("Bonn"));
    assert_eq!(report.event.timezone, None, "an offset is not a zone");
    assert_eq!(report.url.as_deref(), Some("https://www.example.org/r/heat"));
    assert_eq!(report.published.unwrap().to_rfc3339(), "2026-05-13T00:00:00+00:00");
    assert_eq!(report.related[0].title, "One");
    assert_eq!(report.related[0].url.as_deref(), Some("https://www.example.org/r/1"));
}

#[test]
fn the_divisions_of_a_page_stay_paragraphs_and_links_become_absolute() {
    let report = page(PAGE);
    assert!(
        report.body_text.contains("First part link of it.\n\nSecond part"),
        "{}",
        report.body_text
    );
    assert!(
        report
            .body_html
            .contains(r#"<a href="https://www.example.org/x">link</a>"#),
        "{}",
        report.body_html
    );
    for gone in ["Menu", "Foot", "Related", "Heat talks"] {
        assert!(!report.body_text.contains(gone), "{gone} in {}", report.body_text);
    }
}

#[test]
fn nothing_active_passes_the_sanitiser() {
    let attack = r#"<h1 onclick=x()>Head</h1><p style="color:red" class=a onmouseover=x()>Text<script>alert(1)</script>
        <img src=x onerror=alert(1)><svg><script>alert(2)</script></svg><a href="javascript:alert(3)">a</a>
        <a href="data:text/html,x">b</a><a href="mailto:a@example.org">c</a><a href="/rel">d</a><iframe src=x></iframe>
        <form action=x><input value=y></form><object data=x></object><style>p{}</style><base href=//evil>"#;
    let clean = sanitize(attack, None);
    for bad in [
        "script",
        "alert",
        "onclick",
        "onerror",
        "onmouseover",
        "style",
        "class",
        "<img",
        "svg",
        "javascript:",
        "data:",
        "iframe",
        "<form",
        "<input",
        "object",
        "<h1",
        "/rel",
        "base",
    ] {
        assert!(!clean.contains(bad), "{bad} in {clean}");
    }
    assert!(clean.contains("<h2>Head</h2>") && clean.contains("mailto:a@example.org"));
    let base = Url::parse("https://www.example.org/a/b").unwrap();
    assert_eq!(
        sanitize("<p><a href=c>x</a></p>", Some(&base)),
        r#"<p><a href="https://www.example.org/a/c">x</a></p>"#
    );
}

#[test]
fn the_sanitiser_is_idempotent_on_what_it_allows() {
    let html = "<h2>A</h2>\n<p>b <em>c</em><br>d</p>\n<ul><li>e</li></ul>\n<blockquote><p>f</p></blockquote>";
    assert_eq!(sanitize(html, None), html);
    assert_eq!(
        sanitize("<p><a href=\" \u{1a}https://example.org/\u{e} \">x</a></p>", None),
        "<p><a href=\"https://example.org/\">x</a></p>"
    );
    assert_eq!(
        sanitize(&sanitize("<h1>x<div>y", None), None),
        sanitize("<h1>x<div>y", None)
    );
}

#[test]
fn an_editors_note_is_markdown() {
    assert_eq!(
        markdown_to_html("Hello *you*.\n\n- a\n- b\n"),
        "<p>Hello <em>you</em>.</p>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>"
    );
    assert!(!markdown_to_html("<script>x</script>\n\n[a](javascript:x)").contains("script"));
}
