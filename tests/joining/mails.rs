//! The mails that answer people: sound in every language, from the personal sender, and without a word of a stranger.

use rapporteur::mail::{self, House, LastEdition, Letter, lint, render_letter};
use rapporteur::render::Templates;

use super::{ANNA, Web, answer, lists};
use crate::app::TestApp;
use crate::sink::Sink;

/// PRIV-04.
#[tokio::test]
async fn nothing_that_a_stranger_typed_stands_in_the_mail() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let name = "Win a prize at https://spam.example/now";
    let more = [("lists", "events"), ("name", name), ("topics.events", "economy")];
    assert_eq!(web.subscribe(&app, ANNA, &more).await.status, 200);
    answer(&app).await;
    let mail = &app.mails_of(ANNA)[0];
    for text in [&mail.raw, &mail.text, &mail.html, &mail.subject] {
        assert!(!text.contains("spam.example") && !text.contains("prize"), "{text}");
    }
    assert!(mail.raw.contains("\r\nTo: anna@example.org\r\n") || mail.raw.contains("\nTo: anna@example.org\n"));
}

/// BNC-09, BULK-05.
#[tokio::test]
async fn a_confirmation_is_personal_mail_marked_as_automatic_and_passes_all_rules() {
    let (bulk, personal) = (Sink::start().await, Sink::start().await);
    let more = format!(
        "[relays.second]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
         [personal]\nfrom = \"News desk <desk@example.org>\"\nrelay = \"second\"\n",
        personal.address.port()
    );
    let lists = lists().replace("approval =", "relay = \"outbox\"\napproval =");
    let app = TestApp::with_relay(&format!("{lists}{more}"), bulk.address.port()).await;
    let web = Web::of(&app).await;
    web.subscribe(&app, ANNA, &[("lists", "events")]).await;
    answer(&app).await;
    assert!(bulk.mails().is_empty());
    let mails = personal.mails();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(mail.header("From").as_deref(), Some("News desk <desk@example.org>"));
    assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(mail.header("List-Id"), None);
    assert_eq!(mail.sender, "desk@example.org");
    assert_eq!(lint(&mail.text()), [""; 0]);
}

#[test]
fn each_letter_in_each_language() {
    let templates = Templates::load(None).unwrap();
    let house = House {
        institute: "Lindenfeld Institute",
        postal_address: Some("Lindenfeld Institute, 12 Example Street, 10115 Berlin"),
    };
    let lists = || vec!["Events".to_owned(), "Open lectures".to_owned()];
    let letters = |language: &str| {
        [
            Letter::Confirm {
                lists: lists(),
                hours: 72,
                reminder: true,
            },
            Letter::Known { lists: lists() },
            Letter::Welcome {
                list: "Events".into(),
                last: Some(LastEdition {
                    url: "https://news.example.org/editions/events/12".into(),
                    number: 12,
                    date: templates.day(language, chrono::NaiveDate::from_ymd_opt(2026, 5, 4).unwrap()),
                    titles: vec!["The river & its city".into(), "Roads in winter".into()],
                }),
            },
        ]
    };
    for language in ["de", "en", "es", "fr", "ru"] {
        let mut shown = String::new();
        for letter in letters(language) {
            let rendered = render_letter(&templates, &letter, &house, language).unwrap();
            let (html, text) = rendered.fill(None, "https://news.example.org/link/token", "");
            assert_eq!(mail::lint_html(&html), [""; 0]);
            let plain = html2text::from_read(html.as_bytes(), 72).unwrap();
            shown.push_str(&format!(
                "Subject: {}\n\n{text}\n\n--- HTML as text\n{plain}\n\n=====\n\n",
                rendered.subject
            ));
        }
        insta::assert_snapshot!(format!("letters_{language}"), shown);
    }
}

#[test]
fn the_html_of_a_confirmation() {
    let templates = Templates::load(None).unwrap();
    let house = House {
        institute: "Lindenfeld Institute",
        postal_address: None,
    };
    let letter = Letter::Confirm {
        lists: vec!["Events".into()],
        hours: 72,
        reminder: false,
    };
    let rendered = render_letter(&templates, &letter, &house, "en").unwrap();
    let (html, _) = rendered.fill(None, "https://news.example.org/confirm/token", "");
    insta::assert_snapshot!(html);
}
