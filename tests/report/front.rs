//! Front matter in YAML and TOML.

use chrono::{TimeZone, Utc};
use rapporteur::report::Person;

use super::{end, markdown, start};

const YAML: &str = "---
title: 'A \"quoted\" title: with a colon'
lang: en-GB
summary: What was said.
event:
  start: 2026-05-12 18:30
  end: 2026-05-12 20:00
  timezone: Europe/Berlin
  venue: Hall
  city: Berlin
  country: Germany
series: Evenings
people: [\"Ada Quist, Mayor, Altmoor\", {name: Ben Orr, role: Host}]
tags: [water, law]
related: [{title: More, url: 'https://www.example.org/more'}, Other]
link: https://www.example.org/a
published: 2026-05-13
author: Press office
draft: yes
publish_after: 2026-06-01 09:00
lists: [events]
correction: The date was wrong.
id: a-1
layout: page
---
Body.
";

#[test]
fn yaml_states_every_field() {
    let report = markdown(YAML).unwrap();
    assert_eq!(report.title, "A \"quoted\" title: with a colon");
    assert_eq!(report.language.as_deref(), Some("en"));
    assert_eq!(report.summary.as_deref(), Some("What was said."));
    assert_eq!(start(&report).as_deref(), Some("2026-05-12T18:30"));
    assert_eq!(end(&report).as_deref(), Some("2026-05-12T20:00"));
    assert_eq!(report.event.timezone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(report.event.venue.as_deref(), Some("Hall"));
    assert_eq!(report.event.city.as_deref(), Some("Berlin"));
    assert_eq!(report.event.country.as_deref(), Some("Germany"));
    assert_eq!(report.series.as_deref(), Some("Evenings"));
    assert_eq!(report.people.len(), 2);
    assert_eq!(report.people[0].affiliation.as_deref(), Some("Altmoor"));
    assert_eq!(report.topics, ["water", "law"]);
    assert_eq!(report.related[0].url.as_deref(), Some("https://www.example.org/more"));
    assert_eq!(report.related[1].title, "Other");
    assert_eq!(report.url.as_deref(), Some("https://www.example.org/a"));
    assert_eq!(report.published, Utc.with_ymd_and_hms(2026, 5, 12, 22, 0, 0).single());
    assert_eq!(report.author.as_deref(), Some("Press office"));
    assert!(report.handling.draft);
    assert_eq!(
        report.handling.publish_after,
        Utc.with_ymd_and_hms(2026, 6, 1, 7, 0, 0).single()
    );
    assert_eq!(report.handling.lists, Some(vec!["events".to_owned()]));
    assert_eq!(report.handling.correction.as_deref(), Some("The date was wrong."));
    assert_eq!(report.handling.id.as_deref(), Some("a-1"));
    assert_eq!(report.body_text, "Body.");
    assert_eq!(report.provenance["event.start"].rule, "front matter");
}

#[test]
fn toml_states_fields_too() {
    let report = markdown(
        "+++\ntitle = \"T\"\ndate = 2026-05-12T18:30:00\ntopics = [\"a\"]\n[[people]]\nname = \"Ada Quist\"\nrole = \"Mayor\"\n+++\nBody.\n",
    )
    .unwrap();
    assert_eq!(start(&report).as_deref(), Some("2026-05-12T18:30"));
    let ada = Person {
        name: "Ada Quist".to_owned(),
        role: Some("Mayor".to_owned()),
        affiliation: None,
    };
    assert_eq!(report.people, [ada]);
}

#[test]
fn an_editors_words_beat_prose() {
    let report =
        markdown("---\ndate: 12-14 May 2026\ncity: Bonn\n---\n# T\n\nThe forum was held in Berlin on 3 June 2020.\n")
            .unwrap();
    assert_eq!(
        (start(&report).as_deref(), end(&report).as_deref()),
        (Some("2026-05-12"), Some("2026-05-14"))
    );
    assert_eq!(report.event.city.as_deref(), Some("Bonn"));
}

#[test]
fn an_end_of_its_own_beats_prose_without_a_start() {
    let report = markdown("---\nend: 2026-05-20\n---\n# T\n\nThe forum was held from 12 to 14 May 2026.\n").unwrap();
    assert_eq!(
        (start(&report).as_deref(), end(&report).as_deref()),
        (Some("2026-05-12"), Some("2026-05-20"))
    );
}

#[track_caller]
fn refused(body: &str, parts: &[&str]) {
    let refusal = markdown(body).unwrap_err().to_string();
    for part in parts {
        assert!(refusal.contains(part), "{refusal:?} should hold {part:?}");
    }
}

#[test]
fn front_matter_that_does_not_parse_is_refused_with_its_line() {
    refused(
        "---\ntitle: \"open\ncity: Bonn\n---\nBody\n",
        &["front matter, line", "YAML"],
    );
    refused("\n\n---\ntitle: a\n  b: [c\n---\nBody\n", &["front matter, line"]);
    refused(
        "+++\ntitle = \"a\"\ncity = Bonn\n+++\nBody\n",
        &["front matter, line 3", "TOML"],
    );
    refused("---\ntitle: a\n\nBody\n", &["line 1", "never closed"]);
    refused("---\na: &x 1\ntitle: *x\n---\nBody\n", &["line 3", "alias"]);
}

#[test]
fn a_known_key_with_a_wrong_value_is_refused_with_key_and_line() {
    refused(
        "---\ntitle: T\ndate: soon\n---\nBody\n",
        &["line 3", "`date`", "soon", "2026-05-12"],
    );
    refused("---\ntitle: T\ndate: 2026-02-30\n---\nBody\n", &["line 3", "`date`"]);
    refused(
        "---\ntimezone: Berlin\n---\nBody\n",
        &["line 2", "`timezone`", "Europe/Berlin"],
    );
    refused("---\ndraft: perhaps\n---\nBody\n", &["`draft`", "true or false"]);
    refused("---\nurl: javascript:alert(1)\n---\nBody\n", &["`url`", "https://"]);
    refused("---\ntitle: [a, b]\n---\nBody\n", &["`title`"]);
    refused(
        "+++\ntitle = \"a\"\n\npublished = 12\n+++\nBody\n",
        &["line 4", "`published`"],
    );
}

#[test]
fn an_unknown_or_empty_key_is_left_alone() {
    let report = markdown("---\ntitle: T\nlayout: page\ncity:\nnested: {a: [1, 2]}\n---\nBody\n").unwrap();
    assert_eq!(report.event.city, None);
}

#[test]
fn a_line_at_the_top_of_a_text_is_not_front_matter() {
    let report = markdown("---\n\n# A title\n\nBody.\n\n---\n").unwrap();
    assert_eq!(report.title, "A title");
}
