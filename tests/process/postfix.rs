//! A report through a real server: what `send` hands in lies readable in a mailbox, and all feeds carry it.

use mail_parser::{MessageParser, MimeHeaders};

use super::{Place, REPORT};
use crate::database::postgres;
use crate::postfix::Postfix;

async fn sends_the_report_once_through_postfix(store: &str) {
    let Some(postfix) = Postfix::start(&["example.org"]) else {
        return;
    };
    let title = REPORT.lines().next().unwrap().trim().to_owned();
    let place = Place::new(&postfix.relay(), store);
    place.drop_report("rivers.txt", REPORT, 60);
    place.write(
        "subscribers/events.csv",
        "email,name,language\nanna@example.org,Anna Beispiel,en\nbruno@example.org,Bruno Beispiel,de\n",
    );
    let sent = place.json(&["send", "events", "--yes"]);
    assert_eq!(sent["counts"], serde_json::json!({ "sent": 2 }), "{}", postfix.log());
    postfix.wait_until_quiet().await;

    for (address, language) in [("anna@example.org", "en"), ("bruno@example.org", "de")] {
        let mails = postfix.mails(address);
        assert_eq!(mails.len(), 1, "{}", postfix.log());
        let mail = MessageParser::default().parse(&mails[0]).unwrap();
        assert!(mail.is_content_type("multipart", "alternative"), "{address}");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let plain = words(&mail.body_text(0).unwrap());
        assert!(plain.contains(&words(&title)), "{address}: {plain}");
        let html = words(&mail.body_html(0).unwrap());
        assert!(html.contains(&format!("lang=\"{language}\"")), "{address}: {html}");
        assert!(html.contains("/unsubscribe/"), "{address}: {html}");
        assert!(mail.header("List-Unsubscribe-Post").is_some());
        assert_eq!(mail.to().unwrap().first().unwrap().address(), Some(address));
    }

    place.done(&["feeds", "--out", "feeds"]);
    let first_words = title.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
    for feed in ["rss", "atom", "json"] {
        let text = std::fs::read_to_string(place.path(&format!("feeds/feeds/events.{feed}"))).unwrap();
        assert!(text.contains(&first_words), "{feed}: {text}");
    }
    let again = place.done(&["send", "events", "--yes"]);
    assert!(again.contains("nothing new since events/1"), "{again}");
    postfix.wait_until_quiet().await;
    assert_eq!(postfix.mails("anna@example.org").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_arrives_and_a_second_send_has_nothing_new() {
    sends_the_report_once_through_postfix("").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_with_postgresql() {
    let Some(server) = postgres() else {
        return;
    };
    let url = server.fresh_database().await;
    sends_the_report_once_through_postfix(&format!("[store]\nurl = \"{url}\"\n")).await;
}
