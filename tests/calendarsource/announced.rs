//! Announced, held, reported: one event.

use rapporteur::edition::What;
use rapporteur::feed::Scope;
use rapporteur::publish;

use super::calendar;
use crate::app::{EVENTS, REPORTS, TestApp, for_each_app, report};

const ANNA: &str = "anna.weber@example.org";
const BORIS: &str = "boris.lang@example.org";
const RIVERS: &str = "UID:rivers\nSUMMARY:Who owns a river?\nDTSTART;TZID=Europe/Berlin:20260512T183000\n\
    LOCATION:Old Customs House\\, Berlin\nURL:https://example.org/events/rivers\nDESCRIPTION:A public debate about old treaties.";

/// A calendar that is a file, besides the folder of reports.
fn configuration(list: &str) -> String {
    format!(
        "{REPORTS}[sources.diary]\nkind = \"calendar\"\npath = \"diary.ics\"\nbackfill = \"all\"\nsettle = \"0s\"\n{}",
        EVENTS.replace("approval", &format!("{list}\napproval"))
    )
}

impl TestApp {
    fn diary(&self, events: &[&str]) {
        self.write("diary.ics", &calendar(events));
    }

    /// Writes the calendar and sends what is new.
    async fn announce(&mut self, events: &[&str]) -> Option<i64> {
        self.diary(events);
        let collected = self.collect_from("diary").await;
        assert_eq!((collected.error, collected.refused), (None, Vec::new()));
        self.send("events").await
    }
}

#[tokio::test]
async fn an_event_is_announced_and_its_report_comes_as_new_on_the_same_page() {
    for_each_app(&configuration(""), |mut app| async move {
        app.people("events", &[ANNA]).await;
        assert_eq!(app.announce(&[RIVERS]).await, Some(1));
        let [mail] = &app.mails_of(ANNA)[..] else {
            panic!("one mail")
        };
        assert!(
            mail.text
                .contains("Upcoming: Old Customs House, Berlin, 12 May 2026, 18:30 (Europe/Berlin)"),
            "{}",
            mail.text
        );
        assert!(
            mail.text.contains("A public debate about old treaties."),
            "{}",
            mail.text
        );
        let announced = app.stored(1).await;
        assert_eq!(announced.report.event.venue.as_deref(), Some("Old Customs House"));
        assert_eq!(announced.report.event.status.word(), Some("announced"));
        let atom = app.feed(Scope::All).await;
        assert!(
            atom.contains("<id>tag:example.org,2026:diary/rivers#announced</id>"),
            "{atom}"
        );

        // Boris comes when it is announced and not yet reported.
        app.people("events", &[ANNA, BORIS]).await;
        app.at("2026-05-13 09:00");
        app.drop_report("rivers.md", &report("Who owns a river?", "date: 2026-05-12\n"));
        let collected = app.collect().await;
        assert_eq!((collected.new, collected.reported), (0, 1));
        assert_eq!(app.send("events").await, Some(2));
        for person in [ANNA, BORIS] {
            let mails = app.mails_of(person);
            let last = mails.last().expect("a mail");
            assert!(
                last.text.contains("The text of Who owns a river?"),
                "{person}: {}",
                last.text
            );
        }
        assert_eq!(app.mails_of(BORIS).len(), 1);
        let reported = app.stored(1).await;
        assert_eq!(
            (reported.public_id, reported.slug),
            (announced.public_id, announced.slug)
        );
        assert_eq!(reported.source, "reports");
        let atom = app.feed(Scope::All).await;
        assert!(atom.contains("<id>tag:example.org,2026:diary/rivers</id>"), "{atom}");
        assert_eq!(atom.matches("<entry>").count(), 1, "{atom}");

        // The calendar goes on listing it, and changes nothing of the report.
        app.diary(&[&RIVERS.replace("A public", "There will be a public")]);
        assert_eq!(app.collect_from("diary").await.joined, 1);
        assert_eq!(app.send("events").await, None);
        app.drop_report(
            "rivers.md",
            &report("Who owns a river?", "date: 2026-05-12\nseries: Rivers\n"),
        );
        assert_eq!(app.collect().await.changed, 1);
        app
    })
    .await;
}

#[tokio::test]
async fn an_event_that_is_listed_after_its_report_is_another_origin_of_it() {
    for_each_app(&configuration(""), |mut app| async move {
        app.drop_report("rivers.md", &report("Who owns a river?", "date: 2026-05-12\n"));
        app.collect().await;
        app.diary(&[RIVERS]);
        let collected = app.collect_from("diary").await;
        assert_eq!((collected.new, collected.joined), (0, 1));
        assert!(!app.stored(1).await.report.is_announcement());
        app
    })
    .await;
}

#[tokio::test]
async fn a_list_chooses_what_it_tells_of_events() {
    for (word, titles) in [
        ("both", vec!["Who owns a river?", "Bridges"]),
        ("reports", vec!["Bridges"]),
        ("announcements", vec!["Who owns a river?"]),
    ] {
        for_each_app(&configuration(&format!("carries = \"{word}\"")), |mut app| {
            let titles = titles.clone();
            async move {
                app.people("events", &[ANNA]).await;
                app.drop_titled("Bridges");
                app.announce(&[RIVERS]).await;
                assert_eq!(app.told(ANNA, &["Who owns a river?", "Bridges"]), titles, "{word}");
                let atom = app.feed(Scope::List("events".into())).await;
                assert_eq!(atom.matches("<entry>").count(), titles.len(), "{word}");
                app
            }
        })
        .await;
    }
}

#[tokio::test]
async fn who_knows_of_an_event_is_told_when_it_moves_and_when_it_is_called_off() {
    for_each_app(&configuration(""), |mut app| async move {
        app.people("events", &[ANNA]).await;
        app.announce(&[RIVERS]).await;
        app.people("events", &[ANNA, BORIS]).await;
        let moved = RIVERS.replace("20260512T", "20260519T");
        assert_eq!(app.announce(&[&moved]).await, Some(2));
        let mails = app.mails_of(ANNA);
        assert!(
            mails[1]
                .text
                .contains("Now: Old Customs House, Berlin, 19 May 2026, 18:30"),
            "{}",
            mails[1].text
        );
        assert_eq!(app.announce(&[&format!("{moved}\nSTATUS:CANCELLED")]).await, Some(3));
        let mails = app.mails_of(ANNA);
        assert!(
            mails[2]
                .text
                .contains("Called off: Old Customs House, Berlin, 19 May 2026"),
            "{}",
            mails[2].text
        );
        assert!(app.mails_of(BORIS).is_empty(), "he came later, and it will not be");
        assert_eq!(app.send("events").await, None);
        app
    })
    .await;
}

#[tokio::test]
async fn nobody_is_told_of_what_is_over_or_was_called_off_before() {
    for_each_app(&configuration(""), |mut app| async move {
        app.people("events", &[ANNA]).await;
        let off = "UID:off\nSUMMARY:Called off before\nDTSTART;VALUE=DATE:20260520\nSTATUS:CANCELLED";
        app.diary(&[RIVERS, off]);
        app.collect_from("diary").await;
        publish::publish_settled(&app.house, true).await.unwrap();
        app.at("2026-05-13 00:00");
        assert_eq!(app.send_what("events", What::All, &[]).await, None);
        assert!(app.mails().is_empty());
        app
    })
    .await;
}

#[tokio::test]
async fn a_long_calendar_mails_at_first_only_what_comes_within_a_month() {
    let configuration = configuration("").replace("backfill = \"all\"\nsettle = \"0s\"", "settle = \"0s\"");
    for_each_app(&configuration, |mut app| async move {
        let start = chrono::NaiveDate::from_ymd_opt(2026, 5, 5).unwrap();
        let events: Vec<String> = (0..60)
            .map(|week| {
                let day = start + chrono::Days::new(week * 3);
                format!(
                    "UID:{week}\nSUMMARY:Seminar no. {week}\nDTSTART;VALUE=DATE:{}",
                    day.format("%Y%m%d")
                )
            })
            .collect();
        app.diary(&events.iter().map(String::as_str).collect::<Vec<_>>());
        let collected = app.collect_from("diary").await;
        assert_eq!((collected.new, collected.held), (60, 0));
        // Days 0, 3, ... 27 from the fifth of May on.
        assert_eq!(collected.archived, 50);
        app
    })
    .await;
}

#[tokio::test]
async fn the_events_of_one_page_are_told_apart_by_their_days() {
    for_each_app(&configuration(""), |mut app| async move {
        let weekly = "UID:s\nSUMMARY:Research seminar\nDTSTART;TZID=Europe/Berlin:20260511T180000\n\
            RRULE:FREQ=WEEKLY;COUNT=3\nURL:https://example.org/events";
        app.diary(&[weekly]);
        assert_eq!(app.collect_from("diary").await.new, 3);
        publish::publish_settled(&app.house, true).await.unwrap();
        app.at("2026-05-20 09:00");
        let text = report(
            "Research seminar",
            "date: 2026-05-18\nurl: https://example.org/events\n",
        );
        app.drop_report("seminar.md", &text);
        assert_eq!(app.collect().await.reported, 1);
        assert!(!app.stored(2).await.report.is_announcement());
        assert!(app.stored(3).await.report.is_announcement());
        app
    })
    .await;
}

#[tokio::test]
async fn a_calendar_that_cannot_be_read_says_why_and_costs_nothing() {
    for_each_app(&configuration(""), |mut app| async move {
        let missing = app.collect_from("diary").await.error.expect("an error");
        assert!(
            missing.contains("cannot read the calendar") && missing.contains("diary.ics"),
            "{missing}"
        );
        app.diary(&[RIVERS, "UID:2\nSUMMARY:Some time"]);
        let collected = app.collect_from("diary").await;
        assert_eq!((collected.new, collected.refused.len()), (1, 1));
        assert_eq!(collected.refused[0].path, "Some time");
        app.write("diary.ics", "<html>Please log in</html>");
        let error = app.collect_from("diary").await.error.expect("an error");
        assert!(error.contains("this is a web page"), "{error}");
        assert!(app.stored(1).await.report.is_announcement());
        app
    })
    .await;
}
