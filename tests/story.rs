//! The test to read first: what the program is for, from a file in a folder to a mail, a feed entry and a page.

use rapporteur::feed::Scope;

use crate::app::{EVENTS, REPORTS, TestApp, for_each_app, report};

#[tokio::test]
async fn a_report_in_a_folder_becomes_mails_a_feed_entry_and_a_page() {
    for_each_app(&format!("{REPORTS}{EVENTS}"), |mut app: TestApp| async move {
        let people = [
            "anna@example.org,Anna Lindqvist,en,,",
            "bruno@example.org,Bruno Feldmann,de,,",
            "press@example.org,,,,",
        ];
        app.people("events", &people).await;

        // A file is dropped; staff send.
        app.drop_titled("Night trains to the sea");
        assert_eq!(app.send("events").await, Some(1));
        for address in ["anna@example.org", "bruno@example.org", "press@example.org"] {
            let mails = app.mails_of(address);
            assert_eq!(mails.len(), 1, "{address}");
            assert!(
                mails[0].subject.contains("Night trains to the sea"),
                "{}",
                mails[0].subject
            );
            assert!(mails[0].text.contains("tells what was said"), "{}", mails[0].text);
        }
        assert_eq!(app.edition("events", 1).await.state, "finished");

        let feed = app.feed(Scope::List("events".into())).await;
        assert!(feed.contains("Night trains to the sea</title>"), "{feed}");
        let page = app.page("/reports/night-trains-to-the-sea").await;
        assert!(page.contains("Night trains to the sea"), "{page}");
        let page = app.page("/editions/events/1").await;
        assert!(page.contains("Night trains to the sea"), "{page}");

        // Nothing is new: no second mail, no second number.
        assert_eq!(app.send("events").await, None);
        assert_eq!(app.mails().len(), 3);

        // The file is corrected: readers of feeds see it at once, nobody is written to again.
        let ledger = app.count("SELECT COUNT(*) FROM ledger").await;
        let corrected = report("Night trains to the sea", "").replace("that evening", "that night");
        app.drop_aged("night-trains-to-the-sea.md", &corrected, chrono::TimeDelta::seconds(30));
        assert_eq!(app.send("events").await, None);
        assert_eq!(app.count("SELECT COUNT(*) FROM ledger").await, ledger);
        assert_eq!(app.mails().len(), 3);
        let later = app.feed(Scope::List("events".into())).await;
        assert!(
            later.contains("that night") && !later.contains("that evening"),
            "{later}"
        );
        assert_eq!(id_of(&feed), id_of(&later), "the entry is the same entry");
        app
    })
    .await;
}

/// The id of a feed's first entry.
fn id_of(feed: &str) -> &str {
    let entry = feed.split("<entry>").nth(1).unwrap();
    entry.split("<id>").nth(1).unwrap().split("</id>").next().unwrap()
}
