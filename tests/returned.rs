//! What comes back about our own mails: who is suspended, who is not, and what cannot be made to count.

use std::fmt::Write as _;

use chrono::TimeDelta;
use rapporteur::bounce::Kind;
use rapporteur::publish::{self, Decided, Taken, collect_returned, take_returned};
use rapporteur::store::Counted;

use crate::app::{EVENTS, REPORTS, TestApp, for_each_app};
use crate::commands::Place;

fn configuration() -> String {
    let events = EVENTS.replace("approval =", "bounce_address = \"bounces@example.org\"\napproval =");
    format!("{REPORTS}{events}[bounces]\nkind = \"maildir\"\npath = \"bounces\"\n")
}

/// A person got an edition; the address its bounces are asked to.
async fn sent_to(app: &mut TestApp, address: &str, title: &str) -> String {
    app.drop_titled(title);
    app.send("events").await.unwrap();
    return_path(&app.mails_of(address).pop().unwrap().raw)
}

fn return_path(mail: &str) -> String {
    let path = mail.lines().find_map(|line| line.strip_prefix("Return-Path: <"));
    path.unwrap().trim_end_matches('>').to_owned()
}

fn dsn(to: &str, status: &str, words: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com\nTo: {to}\nSubject: Undelivered Mail Returned to Sender\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nSorry.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n\
         Final-Recipient: rfc822; somebody.else@example.org\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; {words}\n\n--b--\n"
    )
}

fn complaint(to: &str) -> String {
    format!(
        "From: fbl@isp.example\nTo: {to}\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\
         Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: Loop/1\nVersion: 1\n\n--b--\n"
    )
}

async fn take(app: &TestApp, mail: &str) -> Taken {
    take_returned(&app.house, mail.as_bytes()).await.unwrap()
}

async fn state(app: &TestApp, address: &str) -> String {
    let id = app.subscriber(address).await;
    app.house.store.find_subscriber(id).await.unwrap().unwrap().state
}

fn counted(kind: Kind, counted: Counted) -> Taken {
    Taken::Counted { kind, counted }
}

#[tokio::test]
async fn a_dead_address_is_suspended_at_once_and_gets_no_more_mail_until_staff_say_so() {
    for_each_app(&configuration(), |mut app| async move {
        app.people("events", &["ada@example.org", "bob@example.org"]).await;
        let path = sent_to(&mut app, "ada@example.org", "The first").await;
        assert!(
            path.starts_with("bounces+") && path.split('@').next().unwrap().len() <= 64,
            "{path}"
        );
        let taken = take(&app, &dsn(&path, "5.1.1", "550 5.1.1 unknown")).await;
        assert_eq!(taken, counted(Kind::Bounce, Counted::Suspended));
        app.drop_titled("The second");
        app.send("events").await.unwrap();
        assert_eq!(app.told("ada@example.org", &["The first", "The second"]), ["The first"]);
        assert_eq!(
            app.told("bob@example.org", &["The first", "The second"]),
            ["The first", "The second"]
        );
        let id = app.subscriber("ada@example.org").await;
        let record = app.house.store.list_consent(id).await.unwrap();
        let last = record.last().unwrap();
        assert_eq!(
            (last.what.as_str(), last.how.as_str(), last.basis.as_deref()),
            ("suspended", "bounce", Some("5.1.1"))
        );

        assert!(
            app.house
                .store
                .resume_subscriber(id, "command line", "wrote to us")
                .await
                .unwrap()
        );
        assert!(
            !app.house
                .store
                .resume_subscriber(id, "command line", "again")
                .await
                .unwrap()
        );
        app.drop_titled("The third");
        app.send("events").await.unwrap();
        assert_eq!(app.told("ada@example.org", &["The third"]), ["The third"]);
        app
    })
    .await;
}

#[tokio::test]
async fn a_bounce_that_is_forged_or_sent_again_or_late_suspends_nobody() {
    for_each_app(&configuration(), |mut app| async move {
        app.people("events", &["ada@example.org", "bob@example.org"]).await;
        let path = sent_to(&mut app, "ada@example.org", "The first").await;
        let of_bob = sent_to(&mut app, "bob@example.org", "The second").await;
        let (name, mac) = path.split_once('.').unwrap();
        let (of_other, _) = of_bob.split_once('.').unwrap();
        for forged in [
            "bounces@example.org".to_owned(),
            "bounces+b.aaaa@example.org".to_owned(),
            format!("{of_other}.{mac}"),
            format!("{name}.{}", mac.replacen(|letter| letter != 'a', "a", 1)),
        ] {
            let taken = take(&app, &dsn(&forged, "5.1.1", "550 5.1.1 unknown")).await;
            assert_eq!(taken, Taken::Unclear("it bears no mark of ours"), "{forged}");
        }
        assert_eq!(app.house.store.list_unclear().await.unwrap().len(), 4);
        let again = dsn(&path, "5.2.2", "552 5.2.2 full");
        assert_eq!(take(&app, &again).await, counted(Kind::Bounce, Counted::Recorded));
        for _ in 0..10 {
            assert_eq!(take(&app, &again).await, counted(Kind::Bounce, Counted::Known));
        }
        app.advance(TimeDelta::days(31));
        let late = take(&app, &dsn(&of_bob, "5.1.1", "550 5.1.1 unknown")).await;
        assert_eq!(late, Taken::Ignored(Kind::Bounce));
        assert_eq!(
            (
                state(&app, "ada@example.org").await,
                state(&app, "bob@example.org").await
            ),
            ("active".into(), "active".into())
        );
        app
    })
    .await;
}

#[tokio::test]
async fn a_full_mailbox_counts_only_when_it_goes_on_and_policy_never() {
    for_each_app(&configuration(), |mut app| async move {
        app.people("events", &["ada@example.org", "bob@example.org"]).await;
        for number in 1..=5 {
            let path = sent_to(&mut app, "ada@example.org", &format!("Report {number}")).await;
            let taken = take(&app, &dsn(&path, "5.2.2", "552 5.2.2 mailbox full")).await;
            let of_bob = return_path(&app.mails_of("bob@example.org").pop().unwrap().raw);
            let blocked = take(&app, &dsn(&of_bob, "5.7.1", "550 5.7.1 blocked by policy")).await;
            let expected = if number == 5 {
                Counted::Suspended
            } else {
                Counted::Recorded
            };
            assert_eq!(taken, counted(Kind::Bounce, expected), "{number}");
            assert_eq!(blocked, counted(Kind::Bounce, Counted::Recorded), "{number}");
            app.advance(TimeDelta::days(4));
        }
        assert_eq!(state(&app, "bob@example.org").await, "active");
        app
    })
    .await;
}

#[tokio::test]
async fn a_complaint_takes_the_person_off_for_good_and_an_answer_by_machine_does_not() {
    for_each_app(&configuration(), |mut app| async move {
        app.people("events", &["ada@example.org", "bob@example.org"]).await;
        let path = sent_to(&mut app, "ada@example.org", "The first").await;
        let answer = format!("From: ada@example.org\nTo: {path}\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nMy mailbox is full.\n");
        assert_eq!(take(&app, &answer).await, counted(Kind::Autoreply, Counted::Recorded));
        assert_eq!(state(&app, "ada@example.org").await, "active");
        assert_eq!(take(&app, &complaint(&path)).await, counted(Kind::Complaint, Counted::Suppressed));
        assert_eq!(state(&app, "ada@example.org").await, "suppressed");
        let id = app.subscriber("ada@example.org").await;
        assert!(!app.house.store.unsubscribe("events", id, "page", app.now()).await.unwrap(), "off the list already");
        // A complaint whose address is gone is known by the link for leaving.
        let token = app.house.secret.unsubscribe("events", app.subscriber("bob@example.org").await);
        let redacted = complaint("abuse@example.org").replace("\n--b--", &format!("\n--b\nContent-Type: text/rfc822-headers\n\nTo: [redacted]\nList-Unsubscribe: <https://news.example.org/unsubscribe/{token}>\n\n--b--"));
        assert_eq!(take(&app, &redacted).await, counted(Kind::Complaint, Counted::Suppressed));
        app
    })
    .await;
}

#[tokio::test]
async fn a_mail_leaves_a_list_by_its_token_and_never_by_its_sender() {
    for_each_app(&configuration(), |app| async move {
        app.people("events", &["ada@example.org"]).await;
        let forged = "From: ada@example.org\nTo: bounces@example.org\nSubject: unsubscribe\n\nunsubscribe\n";
        assert!(matches!(take(&app, forged).await, Taken::Unclear(_)));
        let token = app
            .house
            .secret
            .unsubscribe("events", app.subscriber("ada@example.org").await);
        let asked = format!("From: else@example.net\nTo: bounces@example.org\nSubject: unsubscribe {token}\n\n\n");
        assert_eq!(take(&app, &asked).await, Taken::Left { list: "events".into() });
        assert!(
            app.house
                .store
                .list_active_people("events", 0, 10)
                .await
                .unwrap()
                .is_empty()
        );
        app
    })
    .await;
}

#[tokio::test]
async fn three_complaints_stop_an_edition_that_is_going_out() {
    let mut app = TestApp::with(&configuration()).await;
    let people: Vec<String> = (0..1000).map(|number| format!("p{number}@example.org")).collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    app.people("events", &people).await;
    app.drop_titled("The first");
    app.send("events").await.unwrap();
    // As if the last were still on their way.
    app.run("UPDATE edition SET state = 'sending'").await;
    app.leave_open();
    let mails = app.mails();
    for (number, mail) in mails.iter().take(3).enumerate() {
        assert_eq!(app.edition("events", 1).await.state, "sending", "{number}");
        take(&app, &complaint(&return_path(&mail.raw))).await;
    }
    assert_eq!(app.edition("events", 1).await.state, "stopped");
    let alerts = app.house.store.list_alerts().await.unwrap();
    assert_eq!(alerts[0].why, "3 of 1000 readers called it unwanted");
    app.close().await;
}

/// BULK-02: most complaints come after the last mail. That the edition stopped is told though complaints were.
#[tokio::test]
async fn complaints_about_an_edition_that_has_gone_out_are_told_and_so_is_its_stop() {
    let alerts = "[alerts]\nmail_to = [\"staff@example.org\"]\n";
    let mut app = TestApp::with(&format!("{}{alerts}", configuration())).await;
    let people: Vec<String> = (0..1500).map(|number| format!("p{number}@example.org")).collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    app.people("events", &people).await;
    app.drop_titled("The first");
    app.send("events").await.unwrap();
    let mails = app.mails();
    let told = async |app: &TestApp| {
        publish::tell_alerts(&app.house).await.unwrap();
        app.deliver().await;
        let mails = app.mails_of("staff@example.org");
        mails.iter().map(|mail| mail.subject.clone()).collect::<Vec<_>>()
    };
    for (number, mail) in mails.iter().take(4).enumerate() {
        take(&app, &complaint(&return_path(&mail.raw))).await;
        assert_eq!(told(&app).await.len(), usize::from(number >= 2), "after {number}");
    }
    app.run("UPDATE edition SET state = 'sending'").await;
    app.leave_open();
    take(&app, &complaint(&return_path(&mails[4].raw))).await;
    assert_eq!(app.edition("events", 1).await.state, "stopped");
    let subjects = told(&app).await;
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    assert!(
        subjects[0].contains("events/1") && subjects[1].contains("has stopped by itself"),
        "{subjects:?}"
    );
    app.close().await;
}

#[tokio::test]
async fn a_maildir_is_emptied_once_and_a_flood_of_forgeries_stays_small() {
    let mut app = TestApp::with(&configuration()).await;
    app.people("events", &["ada@example.org"]).await;
    let path = sent_to(&mut app, "ada@example.org", "The first").await;
    let sent = app.mails().len();
    app.write("bounces/new/1", &dsn(&path, "5.1.1", "550 5.1.1 unknown"));
    for number in 0..1200 {
        app.write(
            &format!("bounces/new/x{number}"),
            &dsn(&format!("bounces+b.{number}@example.org"), "5.1.1", "no"),
        );
    }
    let mut taken = 0;
    loop {
        let some = collect_returned(&app.house).await.unwrap();
        taken += some.len();
        if some.is_empty() {
            break;
        }
    }
    assert_eq!(taken, 1201);
    assert_eq!(state(&app, "ada@example.org").await, "suspended");
    assert_eq!(
        std::fs::read_dir(app.folder.path().join("bounces/cur"))
            .unwrap()
            .count(),
        1201
    );
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM unclear").await, 1000);
    // A crash before the move: the same mail lies there again.
    app.write("bounces/new/1", &dsn(&path, "5.1.1", "550 5.1.1 unknown"));
    let again = collect_returned(&app.house).await.unwrap();
    assert_eq!(again, [counted(Kind::Bounce, Counted::Known)]);
    app.deliver().await;
    assert_eq!(app.mails().len(), sent, "nothing that came in was answered");
    app.close().await;
}

/// A mail server next door bounces at once, and our own mark of its answer travels with the next mail.
#[tokio::test]
async fn a_bounce_that_is_faster_than_the_mark_of_its_mail_counts() {
    let mut app = TestApp::with(&configuration()).await;
    app.people("events", &["ada@example.org"]).await;
    let path = sent_to(&mut app, "ada@example.org", "The first").await;
    app.run("UPDATE outgoing SET state = 'handoff', answered_at = NULL, reply = NULL")
        .await;
    let taken = take(&app, &dsn(&path, "5.1.1", "550 5.1.1 unknown")).await;
    assert_eq!(taken, counted(Kind::Bounce, Counted::Suspended));
    app.run("UPDATE outgoing SET state = 'sent', answered_at = handoff_at")
        .await;
    app.close().await;
}

/// A relay tries a full mailbox for five days; until then the mails that follow have not arrived, whatever it took.
#[tokio::test]
async fn a_daily_list_suspends_too_whom_mails_come_back_from_after_days() {
    let mut app = TestApp::with(&configuration()).await;
    app.people("events", &["ada@example.org"]).await;
    let mut paths = Vec::new();
    for number in 1..=30 {
        paths.push(sent_to(&mut app, "ada@example.org", &format!("Report {number}")).await);
        app.advance(TimeDelta::days(1));
        if number > 5 {
            let path = &paths[number - 6];
            take(&app, &dsn(path, "5.2.2", "552 5.2.2 mailbox full")).await;
        }
        if state(&app, "ada@example.org").await == "suspended" {
            break;
        }
    }
    assert_eq!(state(&app, "ada@example.org").await, "suspended");
    app.close().await;
}

/// BNC-05: a server that gives no enhanced status is believed by its words, where they can mean nothing else.
#[tokio::test]
async fn a_bounce_without_a_status_counts_by_its_words_if_they_are_plain() {
    for_each_app(&configuration(), |mut app| async move {
        app.people("events", &["ada@example.org", "bob@example.org"]).await;
        let path = sent_to(&mut app, "ada@example.org", "The first").await;
        let vague = "550 Requested action not taken: mailbox unavailable";
        assert_eq!(
            take(&app, &dsn(&path, "5.0.0", vague)).await,
            counted(Kind::Bounce, Counted::Recorded)
        );
        let path = sent_to(&mut app, "bob@example.org", "The second").await;
        assert_eq!(
            take(&app, &dsn(&path, "5.0.0", "550 user unknown")).await,
            counted(Kind::Bounce, Counted::Suspended)
        );
        app
    })
    .await;
}

/// BNC-11: two instances whose mails come to each other's bounce address.
#[tokio::test]
async fn nothing_that_comes_in_is_answered_even_if_two_instances_write_to_each_other() {
    let mut one = TestApp::with(&configuration()).await;
    let mut other = TestApp::with(&configuration()).await;
    one.people("events", &["ada@example.org"]).await;
    other.people("events", &["bob@example.org"]).await;
    let to_one = sent_to(&mut one, "ada@example.org", "The first").await;
    let to_other = sent_to(&mut other, "bob@example.org", "The first").await;
    let rows = "SELECT CAST(COUNT(*) AS BIGINT) FROM outgoing";
    let (mut of_one, mut of_other) = (one.mails().remove(0).raw, other.mails().remove(0).raw);
    for _ in 0..5 {
        // What one sends lies in the other's bounce mailbox, and what that would send back in the first one's.
        of_one = format!("Delivered-To: {to_other}\n{of_one}");
        of_other = format!("Delivered-To: {to_one}\n{of_other}");
        for (app, mail) in [(&other, &of_one), (&one, &of_other)] {
            assert!(!matches!(
                take(app, mail).await,
                Taken::Counted { .. } | Taken::Left { .. }
            ));
            take(app, &dsn("bounces@example.org", "5.1.1", "550 5.1.1 unknown")).await;
            app.deliver().await;
        }
    }
    for app in [&one, &other] {
        assert_eq!(app.count(rows).await, 1);
        assert_eq!(app.mails().len(), 1);
    }
    assert_eq!(state(&one, "ada@example.org").await, "active");
    one.close().await;
    other.close().await;
}

/// FLT-24, BNC-06.
#[tokio::test]
async fn ten_thousand_bounces_at_once_stop_the_edition_and_cost_few_people_their_mails() {
    let mut app = TestApp::with(&configuration()).await;
    app.leave_open();
    app.people("events", &["ada@example.org"]).await;
    app.drop_titled("The first");
    app.send("events").await.unwrap();
    app.run("UPDATE edition SET state = 'sending'").await;
    let now = app.now().timestamp_millis();
    app.run("DELETE FROM outgoing").await;
    std::fs::remove_dir_all(app.folder.path().join("outbox")).unwrap();
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 20999)";
    for (table, columns, values) in [
        (
            "subscriber",
            "id, address, address_key, state, created_at",
            "i, 'p' || i || '@example.org', 'p' || i || '@example.org', 'active', 0",
        ),
        (
            "subscription",
            "list, subscriber_id, state, since_report, started_at",
            "'events', i, 'active', 0, 0",
        ),
    ] {
        app.run(&format!(
            "INSERT INTO {table} ({columns}) {numbers} SELECT {values} FROM n"
        ))
        .await;
    }
    app.run(&format!(
        "INSERT INTO outgoing (id, kind, priority, relay, edition_id, subscriber_id, state, next_at, answered_at) \
         {numbers} SELECT i, 'digest', 50, 'outbox', 1, i, 'sent', 0, {now} FROM n"
    ))
    .await;
    // Some of the deliveries, each bounce three times, and as many for deliveries that nobody knows.
    for number in 1000..3000_i64 {
        let path = format!("bounces+{}@example.org", app.house.secret.mark(number, number));
        for copy in 0..3 {
            app.write(
                &format!("bounces/new/{copy}.{number}"),
                &dsn(&path, "5.1.1", "550 5.1.1 unknown"),
            );
        }
        let nobody = format!(
            "bounces+{}@example.org",
            app.house.secret.mark(number + 900_000, number)
        );
        for copy in 3..5 {
            app.write(
                &format!("bounces/new/{copy}.{number}"),
                &dsn(&nobody, "5.1.1", "550 5.1.1 unknown"),
            );
        }
    }
    let mut taken = 0;
    loop {
        let some = collect_returned(&app.house).await.unwrap();
        assert!(some.len() <= 500, "{} in one go", some.len());
        taken += some.len();
        if some.is_empty() {
            break;
        }
    }
    assert_eq!(taken, 10_000);
    assert_eq!(app.edition("events", 1).await.state, "stopped");
    let count = async |sql: &str| app.count(&format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {sql}")).await;
    assert_eq!(count("bounce").await, 2000);
    assert_eq!(
        count("subscriber WHERE state = 'suspended'").await,
        0,
        "so many at once are nobody's own fault"
    );
    assert_eq!(count("unclear").await, 1000);
    assert_eq!(
        count("outgoing WHERE recipient IS NOT NULL").await,
        0,
        "nothing is answered"
    );
    assert_eq!(count("bounce WHERE fault = 'doubted'").await, 2000);
    // Staff know that the list was bad.
    app.decide("events", 1, Decided::ResumeSuspending).await.unwrap();
    assert_eq!(count("subscriber WHERE state = 'suspended'").await, 2000);
    assert_eq!(app.edition("events", 1).await.state, "sending");
    // These lie in no mailbox.
    app.run("DELETE FROM bounce").await;
    app.run("DELETE FROM outgoing").await;
    app.close().await;
}

/// Sixty people, p00 to p59, to whom an edition went out, and where the bounces of each are asked to.
async fn sixty(app: &mut TestApp, title: &str) -> Vec<String> {
    let addresses: Vec<String> = (0..60).map(|number| format!("p{number:02}@example.org")).collect();
    let rows: Vec<&str> = addresses.iter().map(String::as_str).collect();
    app.people("events", &rows).await;
    app.drop_titled(title);
    app.send("events").await.unwrap();
    let of = |address: &String| return_path(&app.mails_of(address).pop().unwrap().raw);
    addresses.iter().map(of).collect()
}

async fn come_back(app: &TestApp, paths: &[String]) {
    for path in paths {
        take(app, &dsn(path, "5.1.1", "550 5.1.1 unknown")).await;
    }
}

async fn suspended(app: &TestApp) -> i64 {
    app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM subscriber WHERE state = 'suspended'")
        .await
}

/// BNC-06: most bounces come after the last mail was handed over.
#[tokio::test]
async fn a_flood_of_bounces_after_the_last_mail_suspends_nobody_until_staff_say_so() {
    for_each_app(&configuration(), |mut app| async move {
        let paths = sixty(&mut app, "The first").await;
        assert_eq!(app.edition("events", 1).await.state, "finished");
        come_back(&app, &paths[..45]).await;
        assert_eq!(suspended(&app).await, 0);
        assert_eq!(app.edition("events", 1).await.state, "finished");
        let alerts = app.house.store.list_alerts().await.unwrap();
        let events: Vec<&str> = alerts.iter().map(|alert| alert.trouble.as_str()).collect();
        assert_eq!(events, ["edition-returned"]);
        assert!(
            alerts[0].why.starts_with("20 of 60 mails came back"),
            "{}",
            alerts[0].why
        );
        // Staff know that the addresses are dead.
        let said = app.decide("events", 1, Decided::ResumeSuspending).await.unwrap();
        assert!(said.contains("45 people are suspended"), "{said}");
        assert_eq!(suspended(&app).await, 45);
        assert_eq!(app.edition("events", 1).await.state, "finished");
        assert!(app.house.store.list_alerts().await.unwrap().is_empty());
        app.advance(TimeDelta::hours(1));
        come_back(&app, &paths[45..46]).await;
        assert_eq!(suspended(&app).await, 46, "one more is one more");
        assert!(app.decide("events", 1, Decided::ResumeSuspending).await.is_err());
        app
    })
    .await;
}

/// BNC-12: the program died after it had counted a bounce, and before it saw that it was one too many.
#[tokio::test]
async fn a_bounce_that_comes_again_after_a_crash_still_tells_that_they_are_too_many() {
    let mut app = TestApp::with(&configuration()).await;
    let paths = sixty(&mut app, "The first").await;
    come_back(&app, &paths[..19]).await;
    let now = app.now().timestamp_millis();
    app.run(&format!(
        "INSERT INTO bounce (outgoing_id, edition_id, subscriber_id, kind, status, fault, fingerprint, at) \
         SELECT o.id, o.edition_id, o.subscriber_id, 'bounce', '5.1.1', 'address', 'f', {now} FROM outgoing o \
         JOIN subscriber p ON p.id = o.subscriber_id WHERE p.address_key = 'p19@example.org'"
    ))
    .await;
    assert_eq!(suspended(&app).await, 19);
    let again = take(&app, &dsn(&paths[19], "5.1.1", "550 5.1.1 unknown")).await;
    assert_eq!(again, counted(Kind::Bounce, Counted::Known));
    assert_eq!(suspended(&app).await, 0);
    app.close().await;
}

#[tokio::test]
async fn an_edition_that_stopped_and_was_cancelled_suspends_nobody_either() {
    let mut app = TestApp::with(&configuration()).await;
    app.leave_open();
    let paths = sixty(&mut app, "The first").await;
    app.run("UPDATE edition SET state = 'sending'").await;
    come_back(&app, &paths[..20]).await;
    assert_eq!(app.edition("events", 1).await.state, "stopped");
    app.decide("events", 1, Decided::Cancel).await.unwrap();
    come_back(&app, &paths[20..40]).await;
    assert_eq!(suspended(&app).await, 0);
    app.close().await;
}

#[tokio::test]
async fn a_second_stop_lets_nobody_off_whom_another_edition_suspended() {
    for_each_app(&configuration(), |mut app| async move {
        let first = sixty(&mut app, "The first").await;
        app.run("UPDATE edition SET state = 'sending'").await;
        come_back(&app, &first[..20]).await;
        app.decide("events", 1, Decided::Resume).await.unwrap();
        app.advance(TimeDelta::hours(1));
        let second = sixty(&mut app, "The second").await;
        come_back(&app, &second[..1]).await;
        assert_eq!(suspended(&app).await, 1);
        come_back(&app, &first[20..40]).await;
        let alerts = app.house.store.list_alerts().await.unwrap();
        assert_eq!(alerts.len(), 2, "{alerts:?}");
        assert_eq!(suspended(&app).await, 1);
        assert_eq!(state(&app, "p00@example.org").await, "suspended");
        app
    })
    .await;
}

/// BULK-02.
#[tokio::test]
async fn an_edition_tells_how_many_complained_of_which_domain() {
    for_each_app(&configuration(), |mut app| async move {
        app.people(
            "events",
            &["a@example.org", "b@example.org", "c@example.com", "d@example.com"],
        )
        .await;
        app.drop_titled("The first");
        app.send("events").await.unwrap();
        for address in ["a@example.org", "c@example.com", "d@example.com"] {
            let mail = app.mails_of(address).pop().unwrap();
            let path = mail
                .raw
                .lines()
                .find_map(|line| line.strip_prefix("Return-Path: <"))
                .unwrap();
            take(&app, &complaint(path.trim_end_matches('>'))).await;
        }
        let returned = app
            .house
            .store
            .find_returns(app.edition("events", 1).await.id)
            .await
            .unwrap();
        assert_eq!((returned.taken, returned.bounces, returned.complaints), (4, 0, 3));
        let mut domains = String::new();
        for of in &returned.domains {
            write!(domains, "{} {}/{}; ", of.domain, of.complaints, of.taken).unwrap();
        }
        assert_eq!(domains, "example.com 2/2; example.org 1/2; ");
        app
    })
    .await;
}

#[test]
fn a_bounce_that_cannot_be_taken_now_is_left_to_the_mail_server() {
    let place = Place::begun();
    let config = place.read("config.toml");
    let away = config.replace(
        "# url = \"sqlite:rapporteur.db\"",
        "url = \"postgres://nobody@127.0.0.1:1/none\"",
    );
    assert_ne!(away, config);
    place.write("config.toml", &away);
    place
        .run_with("bounce", &dsn("bounces@example.org", "5.1.1", "no"))
        .refused(75, "not taken, try again");
    // What staff have to mend is not tried again for days.
    place.write("config.toml", "[institute]\nnam = 1\n");
    place
        .run_with("bounce", &dsn("bounces@example.org", "5.1.1", "no"))
        .refused(2, "nam");
}

#[test]
fn staff_let_a_suspended_person_get_mail_again() {
    let place = Place::begun();
    let config = place.read("config.toml");
    let asked = config.replace(
        "#> bounce_address = \"bounces@example.org\"",
        "bounce_address = \"bounces@example.org\"",
    );
    assert_ne!(asked, config);
    place.write("config.toml", &asked);
    place.write("subscribers/events.csv", "email\nada@example.org\nbob@example.org\n");
    place.run("send events --yes").done();
    let mails = std::fs::read_dir(place.path("outbox/new")).unwrap().flatten();
    let mail = mails
        .map(|mail| std::fs::read_to_string(mail.path()).unwrap())
        .find(|mail| mail.contains("Delivered-To: ada@"))
        .unwrap();
    let path = mail
        .lines()
        .find_map(|line| line.strip_prefix("Return-Path: <"))
        .unwrap();
    place
        .run("subscribers resume ada@example.org --basis wrote")
        .refused(1, "only who is suspended can be resumed");
    place
        .run_with("bounce", &dsn(path.trim_end_matches('>'), "5.1.1", "550 5.1.1 unknown"))
        .done()
        .says("the person is suspended");
    place.run("subscribers show ada@example.org").done().says("suspended");
    place.run("subscribers resume ada@example.org").refused(2, "--basis");
    place
        .run("subscribers resume ada@example.org --basis wrote_to_us")
        .done()
        .says("gets mail again");
    place
        .run("subscribers show ada@example.org")
        .done()
        .says("resumed by")
        .says("wrote to us");
    place
        .run("editions show events/1")
        .done()
        .says("of 2 mails taken, 1 came back (50.00 %)");
}
