//! The samples that mail templates are tried with: plainly fictional, and between them every branch of a digest, in
//! every language that has words.

use chrono::NaiveDate;

use super::view::View;
use super::{Digest, Links, ListFacts};
use crate::edition::{Hand, Item, Matter};
use crate::render::Templates;
use crate::report::{Event, Person, Report, When};

/// Contexts of `mail/digest.*`: one item in full, many in groups with corrections and a note, one bare, corrections
/// alone.
pub fn samples(templates: &Templates) -> Vec<serde_json::Value> {
    let views = templates.words().languages().flat_map(digests).map(|digest| {
        let mut view = View::new(templates, &digest);
        view.subject = "A sample".into();
        view
    });
    views.filter_map(|view| serde_json::to_value(view).ok()).collect()
}

fn digests(language: &str) -> Vec<Digest> {
    let many: Vec<Item> = (1..=14).map(item).collect();
    let mut correction = item(15);
    correction.matter = Matter::Correction(2);
    correction.note = Some("The round table took place on 13 May, not on 12 May.".into());
    let bare = Item {
        report: Report {
            title: "A title and nothing else".into(),
            ..Report::default()
        },
        ..item(16)
    };
    let mut with_all = many.clone();
    with_all.push(correction.clone());
    [vec![item(1)], with_all, vec![bare], vec![correction]]
        .map(|items| digest(language, items))
        .into()
}

fn digest(language: &str, items: Vec<Item>) -> Digest {
    let note = items.len() > 1;
    let list = ListFacts {
        name: "events".into(),
        title: "Events of the institute".into(),
        institute: "Example Institute".into(),
        postal_address: note.then(|| "Example Street 1\n12345 Exampleton".to_owned()),
        from: "Example Institute <news@example.org>".into(),
        basis: note.then(|| "You subscribed on our page.".to_owned()),
        public_url: "https://news.example.org".into(),
        list_id_domain: "news.example.org".into(),
        public: note,
        can_join: note,
        number: 1,
        ..ListFacts::default()
    };
    Digest {
        language: language.to_owned(),
        today: NaiveDate::from_ymd_opt(2026, 5, 4).unwrap_or_default(),
        items,
        hand: Hand {
            note: note.then(|| "A word from the [editor](https://example.org/desk).".to_owned()),
            ..Hand::default()
        },
        links: Links::of(&list),
        list,
        full_text_of_one: true,
    }
}

fn item(id: i64) -> Item {
    let day = NaiveDate::from_ymd_opt(2026, 5, 1).unwrap_or_default() + chrono::TimeDelta::days(id);
    Item {
        report_id: id,
        revision: 1,
        matter: Matter::Report,
        slug: format!("sample-{id}"),
        note: None,
        report: Report {
            title: format!("Sample round table {id}"),
            language: Some("en".into()),
            summary: Some("Two speakers and a full room.".into()),
            event: Event {
                start: Some(When { date: day, time: None }),
                city: Some("Exampleton".into()),
                ..Event::default()
            },
            series: Some(if id % 2 == 0 { "Series A" } else { "Series B" }.to_owned()),
            people: vec![Person {
                name: "Ada Example".into(),
                affiliation: Some("Example Institute".into()),
                ..Person::default()
            }],
            body_html: "<p>What was said.</p>".into(),
            ..Report::default()
        },
    }
}
