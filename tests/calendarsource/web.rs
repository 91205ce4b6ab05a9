//! Calendars at an address: asked politely, and kept through bad days.

use chrono::TimeDelta;
use rapporteur::feed::Scope;
use rapporteur::publish::{self, Collected, fetcher};

use super::calendar;
use crate::app::{EVENTS, REPORTS, TestApp, for_each_app};
use crate::webhost::{Reply, WebHost};

const RIVERS: &str = "UID:rivers\nSUMMARY:Who owns a river?\nDTSTART;TZID=Europe/Berlin:20260512T183000\n\
    LOCATION:Old Customs House\\, Berlin\nDESCRIPTION:A public debate about old treaties.";
const BRIDGES: &str = "UID:bridges\nSUMMARY:What bridges carry\nDTSTART;TZID=Europe/Berlin:20260519T183000\n\
    LOCATION:Great Hall\\, Linz\nDESCRIPTION:A lecture.";

/// A calendar source at this address, of a host that staff named.
fn diary_at(url: &str) -> String {
    format!(
        "[fetch]\ninternal_hosts = [\"127.0.0.1\"]\n{REPORTS}[sources.diary]\nkind = \"calendar\"\nurl = \"{url}\"\n\
         backfill = \"all\"\nsettle = \"0s\"\n{EVENTS}"
    )
}

fn ics(events: &[&str]) -> Reply {
    Reply::ok(calendar(events)).with("Content-Type", "text/calendar; charset=utf-8")
}

async fn poll(app: &TestApp) -> Collected {
    let fetcher = fetcher(&app.house.config).unwrap();
    let mut all = publish::collect_web(&app.house, &fetcher, &[], false).await.unwrap();
    assert_eq!(all.len(), 1, "the calendar is due");
    publish::publish_settled(&app.house, false).await.unwrap();
    all.remove(0)
}

fn counts(collected: &Collected) -> (usize, usize, usize, Option<&str>) {
    let Collected {
        new,
        changed,
        unchanged,
        error,
        ..
    } = collected;
    (*new, *changed, *unchanged, error.as_deref())
}

#[tokio::test]
async fn a_calendar_at_an_address_is_followed_from_its_first_event_to_one_that_is_called_off() {
    let site = WebHost::start().await;
    for_each_app(&diary_at(&site.url("/diary.ics")), |app: TestApp| {
        let host = site.again();
        async move {
            host.at("/diary.ics", ics(&[RIVERS, BRIDGES]).with("ETag", "\"1\""));
            assert_eq!(counts(&poll(&app).await), (2, 0, 0, None));
            let rivers = app.id("Who owns a river?").await;
            let stored = app.stored(rivers).await;
            assert_eq!(stored.report.event.status.word(), Some("announced"));
            assert_eq!(stored.report.event.venue.as_deref(), Some("Old Customs House"));
            assert!(
                app.feed(Scope::All)
                    .await
                    .contains("A public debate about old treaties.")
            );

            // 304, which costs nothing and says that all is as it was.
            app.advance(TimeDelta::hours(2));
            assert_eq!(counts(&poll(&app).await), (0, 0, 2, None));
            // 200, but the same.
            host.at("/diary.ics", ics(&[RIVERS, BRIDGES]).with("ETag", "\"2\""));
            app.advance(TimeDelta::hours(2));
            assert_eq!(counts(&poll(&app).await), (0, 0, 2, None));
            let asked = host.asked();
            assert!(asked[0].contains("accept: text/calendar"), "{}", asked[0]);
            assert!(!asked[0].contains("if-none-match"), "{}", asked[0]);
            assert!(asked[1].contains("if-none-match: \"1\"\r\n"), "{}", asked[1]);

            let elsewhere = BRIDGES.replace("Great Hall", "Small Hall");
            host.at("/diary.ics", ics(&[RIVERS, &elsewhere]).with("ETag", "\"3\""));
            app.advance(TimeDelta::hours(2));
            assert_eq!(counts(&poll(&app).await), (0, 1, 1, None));
            let bridges = app.stored(app.id("What bridges carry").await).await;
            assert_eq!(bridges.report.event.venue.as_deref(), Some("Small Hall"));
            assert_eq!(bridges.revision, 2);

            let off = format!("{RIVERS}\nSTATUS:CANCELLED");
            host.at("/diary.ics", ics(&[&off, &elsewhere]).with("ETag", "\"4\""));
            app.advance(TimeDelta::hours(2));
            assert_eq!(counts(&poll(&app).await), (0, 1, 1, None));
            let called_off = app.stored(rivers).await;
            assert_eq!(called_off.report.event.status.word(), Some("cancelled"));
            assert_eq!(called_off.public_id, stored.public_id);
            app
        }
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_broken_or_empty_keeps_the_events_and_the_validators() {
    let site = WebHost::start().await;
    for_each_app(&diary_at(&site.url("/diary.ics")), |app: TestApp| {
        let host = site.again();
        async move {
            host.at("/diary.ics", ics(&[RIVERS, BRIDGES]).with("ETag", "\"1\""));
            poll(&app).await;
            let before = app.feed(Scope::All).await;
            let many = "BEGIN:VEVENT\r\nSUMMARY:Seminar\r\nDTSTART:20991231T180000Z\r\nEND:VEVENT\r\n".repeat(100_000);
            let bad = [
                (Reply::ok("<html>Please log in</html>"), Some("this is a web page")),
                (Reply::ok(""), Some("empty")),
                (Reply::ok("BEGIN:VCALENDAR\r\n"), None),
                (Reply::ok("%PDF-1.7"), Some("a PDF document")),
                (Reply::new(404, ""), Some("answered 404")),
                (Reply::ok("BEGIN:VCALENDAR").endless(), Some("larger than 10 MB")),
                (ics(&[]), None),
                (Reply::ok(format!("BEGIN:VCALENDAR\r\n{many}END:VCALENDAR\r\n")), None),
            ];
            for (n, (reply, why)) in bad.into_iter().enumerate() {
                let etag = format!("\"bad {n}\"");
                host.at("/diary.ics", reply.with("ETag", &etag));
                app.advance(TimeDelta::hours(27));
                let collected = poll(&app).await;
                assert_eq!((collected.new, collected.changed), (0, 0), "{why:?}");
                let error = collected.error.unwrap_or_default();
                assert!(error.contains(why.unwrap_or_default()), "{why:?}: {error}");
                assert_eq!(error.is_empty(), why.is_none(), "{error}");
                assert_eq!(app.feed(Scope::All).await, before, "{why:?}");
                if why.is_some() {
                    // What marked an answer that could not be read is not believed (POLL-01).
                    let validators = app.house.store.find_source("diary").await.unwrap().polling.validators;
                    assert_ne!(validators.unwrap().etag, Some(etag), "{why:?}");
                }
            }
            app
        }
    })
    .await;
}
