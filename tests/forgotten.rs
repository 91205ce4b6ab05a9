//! Being forgotten, kept away, told what is known; and what goes after a time.

use std::fmt::Write as _;
use std::io::Cursor;

use chrono::TimeDelta;
use rapporteur::publish::{self, Added, Decided, Import, Judged, Taken, Verdict, take_returned};
use rapporteur::store::{Joining, Kind, Personal, Scrubbed, Store};
use rapporteur::subscriber::csv::{self, Row};
use rapporteur::subscriber::{Address, Cells};
use serde_json::Value;
use sqlx::Row as _;

use crate::app::{EVENTS, REPORTS, TestApp, for_each_app};
use crate::commands::Place;

const ADA: &str = "Ada.Lovelace@example.org";

fn configuration() -> String {
    let events = EVENTS.replace("approval =", "bounce_address = \"bounces@example.org\"\napproval =");
    format!("{REPORTS}{events}")
}

fn ada() -> Address {
    Address::parse(ADA).unwrap()
}

/// How often a text stands in the database, whatever its case: in the bytes of SQLite's files, in the rows of PostgreSQL.
pub async fn hits(app: &TestApp, text: &str) -> usize {
    let count = |all: &[u8]| {
        let all = all.to_ascii_lowercase();
        let text = text.to_ascii_lowercase();
        all.windows(text.len())
            .filter(|window| *window == text.as_bytes())
            .count()
    };
    if app.house.store.kind() == Kind::Sqlite {
        let folder = std::fs::read_dir(app.folder.path()).unwrap().flatten();
        let files = folder.filter(|file| file.file_name().to_string_lossy().starts_with("test.db"));
        return files.map(|file| count(&std::fs::read(file.path()).unwrap())).sum();
    }
    let tables = sqlx::query(
        "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
    );
    let mut found = 0;
    for table in tables.fetch_all(&app.sql).await.unwrap() {
        let table: String = table.get(0);
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT CAST(t AS TEXT) FROM \"{table}\" t"
        )));
        for row in rows.fetch_all(&app.sql).await.unwrap() {
            found += count(row.get::<String, _>(0).as_bytes());
        }
    }
    found
}

async fn import(app: &TestApp, text: &str) -> Vec<Judged> {
    let mut all = Vec::new();
    let import = Import {
        list: "events",
        basis: Some("asked us"),
        who: "staff",
    };
    publish::import(&app.house, &import, Cursor::new(text.to_owned()), |judged, _| {
        all.push(judged.clone());
        Ok(())
    })
    .await
    .unwrap();
    all
}

/// Ada and Bob with a mail each, and Ada's address wherever it may come to stand.
async fn known_everywhere(app: &mut TestApp) {
    app.write(
        "subscribers/events.csv",
        "email,name\nAda.Lovelace@example.org,Ada Lovelace\nbob@example.org,Bob\n",
    );
    publish::sync(&app.house, "events", false).await.unwrap();
    app.drop_titled("The first");
    app.send("events").await.unwrap();
    let id = app.subscriber("ada.lovelace@example.org").await;
    app.run(&format!(
        "UPDATE outgoing SET reply = '550 5.1.1 <ADA.lovelace@example.org>: unknown' WHERE subscriber_id = {id}"
    ))
    .await;
    app.run(&format!(
        "UPDATE consent SET basis = 'Ada Lovelace (ada.lovelace@example.org) asked' WHERE subscriber_id = {id}"
    ))
    .await;
    for statement in [
        "INSERT INTO alert (matter, event, why, since) VALUES ('relay main', 'relay-rests', 'no to ada.lovelace@example.org!', 0)",
        "INSERT INTO decision (subject, what, who, note, at) VALUES ('events/1', 'held', 'us', 'for ADA.LOVELACE@example.org', 0)",
        "INSERT INTO webhook (body, state, made_at, next_at) VALUES ('{\"text\":\"ada.lovelace@example.org\"}', 'sent', 0, 0)",
        "INSERT INTO pause (scope, who, why, since) VALUES ('relay other', 'us', 'ada.lovelace@example.org wrote', 0)",
        "INSERT INTO unclear (fingerprint, why, text, at) VALUES ('f', 'w', 'To: <ada.lovelace@example.org>', 0)",
        "INSERT INTO unclear (fingerprint, why, text, at) VALUES ('g', 'w', 'To: <bob@example.org>', 0)",
    ] {
        app.run(statement).await;
    }
    let mut tx = app.house.store.begin().await.unwrap();
    for recipient in ["ada.lovelace@example.org", "bob@example.org"] {
        let mail = Personal {
            kind: "test",
            priority: 1,
            relay: "other".into(),
            recipient: recipient.into(),
            sender: "events@example.org".into(),
            message: format!("To: {recipient}\r\n\r\nHello\r\n"),
            list: Some("events".into()),
            link: None,
        };
        app.house.store.insert_personal(&mut tx, &mail).await.unwrap();
    }
    tx.commit().await.unwrap();
    // A second edition that is sealed and waits.
    app.drop_titled("The second");
    app.settle().await;
    app.tick_at("2026-05-11 06:00").await;
    app.leave_open();
}

/// PRIV-08, rule 12.
#[tokio::test]
async fn who_is_erased_is_nowhere_any_more_and_does_not_come_back() {
    for_each_app(&configuration(), |mut app| async move {
        known_everywhere(&mut app).await;
        let id = app.subscriber("ada.lovelace@example.org").await;
        let open = format!(
            "SELECT CAST(COUNT(*) AS BIGINT) FROM outgoing WHERE subscriber_id = {id} AND state IN ('pending', 'deferred')"
        );
        assert_eq!(app.count(&open).await, 1);
        assert!(hits(&app, "ada.lovelace@").await > 5);

        let erased = publish::erase(&app.house, &ada(), false, "staff").await.unwrap();
        assert_eq!(erased.scrubbed, Scrubbed::Clean);
        assert_eq!(erased.files.len(), 1);
        assert_eq!((erased.files[0].lines.as_slice(), erased.files[0].removed), (&[2][..], false));
        for text in ["ada.lovelace", "Ada Lovelace"] {
            assert_eq!(hits(&app, text).await, 0, "{text} in {:?}", app.house.store.kind());
        }
        assert_eq!(app.count(&open).await, 0);
        let skipped = format!(
            "SELECT CAST(COUNT(*) AS BIGINT) FROM outgoing WHERE subscriber_id = {id} AND reason = 'left'"
        );
        assert_eq!(app.count(&skipped).await, 1);
        // What went out is still told of, by number.
        let sent = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM outgoing WHERE subscriber_id = {id} AND state = 'sent'");
        assert_eq!(app.count(&sent).await, 1);
        let consent = app.house.store.list_consent(id).await.unwrap();
        assert_eq!(consent.last().map(|entry| entry.what.as_str()), Some("erased"));
        // And Bob is as he was.
        assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM unclear").await, 1);
        assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM outgoing WHERE recipient IS NOT NULL").await, 1);
        let bob = app.house.store.find_person("bob@example.org").await.unwrap().unwrap().0;
        assert_eq!((bob.name.as_deref(), bob.state.as_str()), (Some("Bob"), "active"));

        // No file, no list's file, no staff brings them back, and none says who it is.
        let judged = import(&app, "email\nADA.LOVELACE@example.org\nnew@example.org\n").await;
        assert_eq!((judged[0].verdict, judged[1].verdict), (Verdict::Reject, Verdict::Accept));
        assert_eq!((judged[0].away, judged[0].address.as_str()), (Some("erased"), "A…@example.org"));
        let synced = publish::sync(&app.house, "events", false).await.unwrap();
        assert_eq!((synced.subscribed, synced.left), (0, 1));
        let row = Row {
            line: 0,
            record: 0,
            address: ada(),
            cells: Cells::default(),
        };
        let added = publish::add(&app.house, "events", &row, "asked").await.unwrap();
        assert!(matches!(&added, Added::Refused(why) if why.contains("erased") && !why.contains('@')), "{added:?}");
        assert_eq!(hits(&app, "ada.lovelace").await, 0);

        // Until they ask to come back.
        assert!(publish::allow(&app.house, &ada(), "wrote to us", "staff").await.unwrap());
        assert!(!publish::allow(&app.house, &ada(), "wrote to us", "staff").await.unwrap());
        assert_eq!(publish::add(&app.house, "events", &row, "asked").await.unwrap(), Added::Done);

        // The mailbox is Ada's own.
        let outbox = app.folder.path().join("outbox/new");
        for file in std::fs::read_dir(outbox).unwrap().flatten() {
            if std::fs::read_to_string(file.path()).unwrap().contains(ADA) {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
        app
    })
    .await;
}

/// PRIV-08: an address may end like another.
#[tokio::test]
async fn who_is_erased_takes_nothing_of_others_with_them() {
    for_each_app(&configuration(), |mut app| async move {
        app.leave_open();
        app.people("events", &["schmidt@example.org", "a.schmidt@example.org"])
            .await;
        for statement in [
            "INSERT INTO unclear (fingerprint, why, text, at) VALUES ('f', 'w', 'To: <a.schmidt@example.org>', 0)",
            "INSERT INTO unclear (fingerprint, why, text, at) VALUES ('g', 'w', 'To: <schmi=\r\ndt@example.org>', 0)",
            "INSERT INTO decision (subject, what, who, note, at) VALUES ('events/1', 'held', 'us', \
             'a.schmidt@example.org, schmidt@example.org', 0)",
        ] {
            app.run(statement).await;
        }
        let mut tx = app.house.store.begin().await.unwrap();
        for (recipient, message) in [
            ("a.schmidt@example.org", "For you, a.schmidt@example.org"),
            ("bob@example.org", "About schmidt@example.org."),
            ("schmidt@example.org", "For you"),
        ] {
            let mail = Personal {
                kind: "test",
                priority: 1,
                relay: "other".into(),
                recipient: recipient.into(),
                sender: "events@example.org".into(),
                message: message.into(),
                list: Some("events".into()),
                link: None,
            };
            app.house.store.insert_personal(&mut tx, &mail).await.unwrap();
        }
        tx.commit().await.unwrap();
        let schmidt = Address::parse("schmidt@example.org").unwrap();
        publish::erase(&app.house, &schmidt, false, "staff").await.unwrap();
        let texts = async |sql: &'static str| -> Vec<String> {
            let rows = sqlx::query(sql).fetch_all(&app.sql).await.unwrap();
            rows.iter().map(|row| row.get::<String, _>(0)).collect()
        };
        assert_eq!(
            texts("SELECT message FROM outgoing WHERE recipient IS NOT NULL ORDER BY id").await,
            ["For you, a.schmidt@example.org", "About (erased)."]
        );
        assert_eq!(texts("SELECT fingerprint FROM unclear").await, ["f"]);
        assert_eq!(
            texts("SELECT note FROM decision WHERE note IS NOT NULL AND what = 'held'").await,
            ["a.schmidt@example.org, (erased)"]
        );
        assert_eq!(
            texts("SELECT address FROM subscriber WHERE state = 'active'").await,
            ["a.schmidt@example.org"]
        );
        app
    })
    .await;
}

/// PRIV-08: a long import puts somebody on a list while they are erased, or kept away.
#[tokio::test]
async fn nobody_comes_onto_a_list_while_they_are_forgotten() {
    for_each_app(&configuration(), |app| async move {
        let (ada, bob) = (ada(), Address::parse("bob@example.org").unwrap());
        let mut tx = app.house.store.begin_import().await.unwrap();
        let (erased, suppressed, judged) = {
            let erasing = publish::erase(&app.house, &ada, false, "staff");
            let suppressing = publish::suppress(&app.house, &bob, "trap", "staff");
            let adding = import(&app, "email\nada.lovelace@example.org\nbob@example.org\n");
            tokio::pin!(erasing, suppressing, adding);
            let moment = std::time::Duration::from_millis(100);
            assert!(tokio::time::timeout(moment, &mut erasing).await.is_err(), "it waits");
            assert!(
                tokio::time::timeout(moment, &mut suppressing).await.is_err(),
                "it waits"
            );
            assert!(tokio::time::timeout(moment, &mut adding).await.is_err(), "it waits");
            for address in [&ada, &bob] {
                let (address, key) = (address.to_string(), address.key());
                let joining = Joining {
                    list: "events",
                    address: &address,
                    address_key: &key,
                    name: None,
                    language: None,
                    cadence: None,
                    topics: &[],
                    cells: None,
                    how: "import",
                    basis: None,
                };
                app.house.store.subscribe(&mut tx, &joining, app.now()).await.unwrap();
            }
            tx.commit().await.unwrap();
            tokio::join!(erasing, suppressing, adding)
        };
        assert!(erased.unwrap().tables.contains(&("subscriber", 1)));
        suppressed.unwrap();
        assert_eq!(app.house.store.find_person(&ada.key()).await.unwrap(), None);
        let bob = app.house.store.find_person(&bob.key()).await.unwrap().unwrap().0;
        assert_eq!(bob.state, "suppressed");
        assert!(
            judged.iter().all(|judged| judged.verdict != Verdict::Accept),
            "{judged:?}"
        );
        app
    })
    .await;
}

/// PRIV-08, BNC-05.
#[tokio::test]
async fn who_is_let_back_gets_no_mail_by_that_alone() {
    for_each_app(&configuration(), |mut app| async move {
        app.people("events", &[ADA, "bob@example.org"]).await;
        app.drop_titled("The first");
        app.send("events").await.unwrap();
        let bob = Address::parse("bob@example.org").unwrap();
        let state = async |address: &Address| {
            let person = app.house.store.find_person(&address.key()).await.unwrap().unwrap().0;
            let on = app
                .house
                .store
                .list_subscriptions_of(&address.key())
                .await
                .unwrap()
                .remove(0);
            (person.state, on.state)
        };
        let states = |person: &str, on: &str| (person.to_owned(), on.to_owned());
        publish::suppress(&app.house, &ada(), "wrote to us", "staff")
            .await
            .unwrap();
        assert_eq!(state(&ada()).await, states("suppressed", "removed"));
        assert!(publish::allow(&app.house, &ada(), "a mistake", "staff").await.unwrap());
        assert_eq!(state(&ada()).await, states("active", "removed"));
        // Nor does the file that still has them bring them back.
        publish::sync(&app.house, "events", false).await.unwrap();
        assert_eq!(state(&ada()).await, states("active", "removed"));

        // A dead address stays one.
        let mail = app.mails_of("bob@example.org").pop().unwrap();
        let path = mail
            .raw
            .lines()
            .find_map(|line| line.strip_prefix("Return-Path: <"))
            .unwrap();
        let bounce = format!(
            "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com\nTo: {}\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\
             Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n\
             Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n\n--b--\n",
            path.trim_end_matches('>')
        );
        take_returned(&app.house, bounce.as_bytes()).await.unwrap();
        assert_eq!(state(&bob).await, states("suspended", "active"));
        publish::suppress(&app.house, &bob, "wrote to us", "staff")
            .await
            .unwrap();
        assert!(publish::allow(&app.house, &bob, "a mistake", "staff").await.unwrap());
        assert_eq!(state(&bob).await, states("suspended", "removed"));
        assert!(!publish::allow(&app.house, &bob, "a mistake", "staff").await.unwrap());
        let allowed = app.house.store.list_decisions("a person").await.unwrap();
        assert_eq!(allowed.iter().filter(|decision| decision.what == "allowed").count(), 2);
        app
    })
    .await;
}

/// What lay in a page that was split, or was written over, is gone as well.
#[tokio::test]
async fn no_page_of_the_database_keeps_what_moved_through_it() {
    let app = TestApp::new().await;
    let mut text = String::from("email,name\n");
    for number in 0..3000 {
        writeln!(text, "p{}x@example.org,Person {number}", (number * 7919) % 3000).unwrap();
    }
    import(&app, &text).await;
    for name in ["Long Name ".repeat(15), "S".to_owned(), "Long Name ".repeat(18)] {
        app.run(&format!("UPDATE subscriber SET name = '{name}' WHERE id % 3 = 0"))
            .await;
    }
    for number in [0, 411, 1500, 2222, 2999] {
        let address = Address::parse(&format!("p{number}x@example.org")).unwrap();
        let erased = publish::erase(&app.house, &address, false, "staff").await.unwrap();
        assert_eq!(erased.scrubbed, Scrubbed::Clean);
        assert_eq!(hits(&app, &format!("p{number}x@")).await, 0, "{number}");
    }
    assert!(hits(&app, "p412x@").await > 0);
    app.close().await;
}

/// That a trace is gone is not said of what could not be searched.
#[tokio::test]
async fn while_another_program_reads_nobody_is_called_clean() {
    let app = TestApp::new().await;
    app.people("events", &["bob@example.org"]).await;
    let file = app.folder.path().join("test.db");
    let url = format!("sqlite:{}", file.display());
    let moment = std::time::Duration::from_millis(10);
    let store = Store::open_within(&url.into(), app.house.clock.clone(), moment)
        .await
        .unwrap();
    let mut reading = app.sql.begin().await.unwrap();
    sqlx::query("SELECT id FROM subscriber")
        .fetch_all(&mut *reading)
        .await
        .unwrap();
    app.run("UPDATE subscriber SET address = 'x'").await;
    let scrubbed = store.scrub(&file, &ada()).await.unwrap();
    assert!(
        matches!(&scrubbed, Scrubbed::Unknown(why) if why.contains("reads the database")),
        "{scrubbed:?}"
    );
    reading.rollback().await.unwrap();
    assert_eq!(store.scrub(&file, &ada()).await.unwrap(), Scrubbed::Clean);
    let bob = Address::parse("bob@example.org").unwrap();
    assert_eq!(store.scrub(&file, &bob).await.unwrap(), Scrubbed::Kept);
    store.close().await;
    app.close().await;
}

#[tokio::test]
async fn who_complained_stays_away_also_when_nothing_else_is_left_of_them() {
    for_each_app(&configuration(), |mut app| async move {
        app.people("events", &[ADA]).await;
        app.drop_titled("The first");
        app.send("events").await.unwrap();
        let mail = app.mails_of(ADA).pop().unwrap();
        let path = mail.raw.lines().find_map(|line| line.strip_prefix("Return-Path: <")).unwrap();
        let complaint = format!(
            "From: fbl@isp.example\nTo: {}\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n\
             --b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: Loop/1\nVersion: 1\n\n--b--\n",
            path.trim_end_matches('>')
        );
        let taken = take_returned(&app.house, complaint.as_bytes()).await.unwrap();
        assert!(matches!(taken, Taken::Counted { .. }), "{taken:?}");
        publish::erase(&app.house, &ada(), false, "staff").await.unwrap();
        let why = publish::suppression(&app.house, &ada()).await.unwrap().unwrap();
        assert_eq!(why.reason, "erased", "that they complained is forgotten too");
        let judged = import(&app, &format!("email\n{ADA}\n")).await;
        assert_eq!(judged[0].away, Some("erased"));
        std::fs::remove_dir_all(app.folder.path().join("outbox")).unwrap();
        app
    })
    .await;
}

#[test]
fn a_row_is_taken_out_of_a_file_and_not_one_byte_beside_it() {
    let key = "ada@example.org";
    let text = "\u{FEFF}email;name\r\n\r\nbob@example.org;\"Bob\r\nBerg\"\r\nADA@example.org;\"Ada\nL\"\n\
                carl@example.org;'=Carl\rada@example.org;Again\r\ndora@example.org;Dora";
    let left = "\u{FEFF}email;name\r\n\r\nbob@example.org;\"Bob\r\nBerg\"\r\n\
                carl@example.org;'=Carl\rdora@example.org;Dora";
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (text, left) in [
        (text.as_bytes().to_vec(), left.as_bytes().to_vec()),
        (utf16(text), utf16(left)),
        (utf16(&text[3..]), utf16(&left[3..])),
    ] {
        let rows = csv::lines_of(&text, key).unwrap();
        // The row with a line break in the name is refused, and theirs all the same.
        assert_eq!(rows, [(5, 2), (8, 1)]);
        assert_eq!(csv::without(&text, &rows), left);
    }
}

#[test]
fn erase_names_rows_of_files_and_takes_them_out_if_told_and_says_no_address() {
    let place = Place::begun();
    let file = "email,name\nbruno@example.org,Bruno\nada.lovelace@example.org,Ada\n# a note,\n";
    place.write("subscribers/events.csv", file);
    place.write("subscribers/old.csv", "email\nada.lovelace@example.org\n");
    place.run("subscribers sync events").done();
    let said = place.run("subscribers erase ADA.Lovelace@example.org").done();
    said.says("subscriber: 1")
        .says("still has them on line 3")
        .says("still has them on line 2");
    assert!(!said.out.to_lowercase().contains("lovelace"), "{}", said.out);
    assert_eq!(place.read("subscribers/events.csv"), file);
    let said = place
        .run("subscribers erase ada.lovelace@example.org --files --json")
        .done()
        .json();
    assert_eq!(said["files"][0]["removed"], true);
    assert!(!said.to_string().to_lowercase().contains("lovelace"), "{said}");
    assert_eq!(
        place.read("subscribers/events.csv"),
        "email,name\nbruno@example.org,Bruno\n# a note,\n"
    );
    assert_eq!(place.read("subscribers/old.csv"), "email\n");
    let refused = place.run("subscribers add ada.lovelace@example.org --list events --basis asked");
    refused.refused(1, "a…@example.org: was erased at their wish on");
    place
        .run("subscribers allow ada.lovelace@example.org --basis asked")
        .done();
    place
        .run("subscribers add ada.lovelace@example.org --list events --basis asked")
        .done();
}

/// A file is replaced where a link leads, with the rights it had; none is touched while one cannot be read.
#[test]
fn erase_follows_links_keeps_rights_and_says_which_file_it_cannot_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::begun();
    let file = "email\nada.lovelace@example.org\nbo@example.org\n";
    std::fs::create_dir(place.path("elsewhere")).unwrap();
    place.write("elsewhere/people.csv", file);
    let there = place.path("elsewhere/people.csv");
    std::fs::set_permissions(&there, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::create_dir_all(place.path("subscribers")).unwrap();
    let link = place.path("subscribers/old.csv");
    std::os::unix::fs::symlink(&there, &link).unwrap();
    // Not even root reads a folder as a file.
    let folder = place.path("subscribers/never.csv");
    std::fs::create_dir(&folder).unwrap();

    let erase = "subscribers erase ada.lovelace@example.org --files --json";
    place.run(erase).refused(1, "nobody was erased");
    assert_eq!(place.read("elsewhere/people.csv"), file);
    let known = place
        .run("subscribers export --person ada.lovelace@example.org")
        .done()
        .json();
    assert!(known["suppression"].is_null(), "{known}");
    let problem = known["files"][0]["problem"].as_str().unwrap();
    assert!(problem.starts_with("cannot be read"), "{problem}");

    std::fs::remove_dir(&folder).unwrap();
    let said = place.run(erase).done().json();
    assert_eq!(said["files"][0]["removed"], true);
    assert_eq!(place.read("elsewhere/people.csv"), "email\nbo@example.org\n");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let mode = std::fs::metadata(&there).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

/// PRIV-10: the list's own file may be an export that says who left.
#[tokio::test]
async fn whom_the_lists_file_calls_unsubscribed_is_off_the_list() {
    for_each_app(&configuration(), |app| async move {
        let rows: String = (0..20)
            .map(|number| format!("p{number}@example.org,enabled\n"))
            .collect();
        app.write("subscribers/events.csv", &format!("email,status\n{rows}"));
        assert_eq!(publish::sync(&app.house, "events", false).await.unwrap().subscribed, 20);
        // Somebody put there by hand is not the file's to take away.
        let row = Row {
            line: 0,
            record: 0,
            address: ada(),
            cells: Cells::default(),
        };
        publish::add(&app.house, "events", &row, "asked").await.unwrap();
        let left = rows
            .replace("enabled", "unsubscribed")
            .replacen("unsubscribed", "enabled", 10);
        app.write(
            "subscribers/events.csv",
            &format!("email,status\n{left}{ADA},unsubscribed\nnew@example.org,blocklisted\n"),
        );
        // Ten of twenty are no mistake: each is named.
        let synced = publish::sync(&app.house, "events", false).await.unwrap();
        assert_eq!((synced.stopped, synced.removed, synced.subscribed), (None, 10, 0));
        let people = app.house.store.list_active_people("events", 0, 100).await.unwrap();
        assert_eq!(people.len(), 11);
        app
    })
    .await;
}

#[test]
fn staff_keep_an_address_away_that_nobody_knows_and_let_it_back() {
    let place = Place::begun();
    place.run("subscribers suppress bo@example.org --basis trap").done();
    place
        .run("subscribers add bo@example.org --list events --basis asked")
        .refused(1, "was suppressed by staff on");
    place.run("subscribers allow bo@example.org --basis mistake").done();
    place
        .run("subscribers add bo@example.org --list events --basis asked")
        .done();
    place.run("subscribers suppress bo@example.org --basis trap").done();
    place.run("subscribers show bo@example.org").done().says("suppressed");
    place.run("subscribers allow bo@example.org --basis mistake").done();
    place.run("subscribers show bo@example.org").done().says(", active");
    place
        .run("subscribers allow bo@example.org --basis again")
        .refused(1, "nothing keeps this address away");
}

/// PRIV-09. The keys are those of docs/personal-data.md.
#[tokio::test]
async fn a_person_can_have_all_that_is_known_of_them() {
    for_each_app(&configuration(), |mut app| async move {
        known_everywhere(&mut app).await;
        let known = publish::know(&app.house, &ada()).await.unwrap();
        let known = serde_json::to_value(&known).unwrap();
        let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/personal-data.md")).unwrap();
        let mut keys = Vec::new();
        gather_keys("", &known, &mut keys);
        for key in &keys {
            assert!(manual.contains(&format!("| `{key}` |")), "{key} is not in the manual");
        }
        assert_eq!(known["address"], ADA);
        assert_eq!(known["subscriptions"][0]["list"], "events");
        assert_eq!(known["consent"][0]["what"], "subscribed");
        assert_eq!(known["deliveries"].as_array().unwrap().len(), 2);
        assert_eq!(known["deliveries"][0]["edition"], "events/1");
        assert_eq!(known["personal_mail"].as_array().unwrap().len(), 1);
        let places: Vec<&str> = known["mentions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["place"].as_str().unwrap())
            .collect();
        assert_eq!(places, ["alert", "webhook", "decision", "pause", "consent", "unclear"]);
        assert!(
            known["subscriptions"][0]["cells"]
                .as_str()
                .unwrap()
                .contains("Ada Lovelace")
        );
        assert!(!known.to_string().contains("bob@"), "{known}");
        // Who is not known is told so, in the same shape.
        let nobody = publish::know(&app.house, &Address::parse("nobody@example.org").unwrap())
            .await
            .unwrap();
        assert!(nobody.state.is_none() && nobody.deliveries.is_empty());
        app
    })
    .await;
}

fn gather_keys(before: &str, value: &Value, keys: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if before.is_empty() {
                    key.clone()
                } else {
                    format!("{before}.{key}")
                };
                keys.push(path.clone());
                gather_keys(&path, value, keys);
            }
        }
        Value::Array(all) => {
            for value in all {
                gather_keys(&format!("{before}[]"), value, keys);
            }
        }
        _ => {}
    }
}

/// PRIV-12.
#[tokio::test]
async fn what_is_old_goes_once_a_day_and_who_had_what_stays() {
    let configuration = format!("{}[retention]\npersonal = \"10d\"\nnotes = \"0s\"\n", configuration());
    for_each_app(&configuration, |mut app| async move {
        known_everywhere(&mut app).await;
        app.run("UPDATE outgoing SET state = 'sent', answered_at = 1777881600000 WHERE recipient IS NOT NULL")
            .await;
        app.run("UPDATE outgoing SET relay = 'outbox' WHERE recipient IS NOT NULL")
            .await;
        app.run("UPDATE outgoing SET state = 'in-doubt', reason = 'settled' WHERE recipient = 'bob@example.org'")
            .await;
        app.decide("events", 2, Decided::Cancel).await.unwrap();
        app.run("UPDATE outgoing SET reply = '451 later' WHERE edition_id = 2 AND subscriber_id = 1")
            .await;
        app.run("UPDATE unclear SET at = 1777881600000").await;
        app.run("UPDATE alert SET over_at = 1777881600000").await;
        app.run("UPDATE webhook SET made_at = 1777881600000").await;
        let all = async |is_trial| -> Vec<(&str, &str, i64)> {
            let purged = publish::purge(&app.house, is_trial).await.unwrap();
            purged.iter().map(|it| (it.kept, it.table, it.rows)).collect()
        };
        assert!(
            all(false).await.iter().all(|(_, _, rows)| *rows == 0),
            "nothing is old yet"
        );
        app.advance(TimeDelta::days(11));
        let purged = publish::purge_daily(&app.house).await.unwrap();
        assert_eq!(purged.len(), 1, "{purged:?}");
        assert_eq!((purged[0].kept, purged[0].rows), ("personal", 2));
        app.run("INSERT INTO unclear (fingerprint, why, text, at) VALUES ('h', 'w', 'old', 0)")
            .await;
        assert!(publish::purge_daily(&app.house).await.unwrap().is_empty(), "once a day");
        app.advance(TimeDelta::days(1));
        let purged = publish::purge_daily(&app.house).await.unwrap();
        assert_eq!((purged.len(), purged[0].table, purged[0].rows), (1, "unclear", 1));
        app.advance(TimeDelta::days(90));
        let expected = [
            ("answers", "outgoing", 3),
            ("personal", "outgoing", 0),
            ("unclear", "unclear", 2),
            ("bounces", "bounce", 0),
            ("alerts", "alert", 0),
            ("alerts", "webhook", 0),
        ];
        assert_eq!(all(true).await, expected);
        assert_eq!(all(true).await, expected, "a trial changes nothing");
        assert_eq!(all(false).await, expected);
        assert!(publish::purge_daily(&app.house).await.unwrap().is_empty());
        assert!(publish::purge_daily(&app.house).await.unwrap().is_empty(), "once a day");
        app.advance(TimeDelta::days(365));
        let last = all(false).await;
        assert_eq!(&last[4..], [("alerts", "alert", 1), ("alerts", "webhook", 1)]);
        // Rows of editions stay, and so do words that are kept for ever.
        assert_eq!(
            app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM outgoing WHERE state = 'sent'")
                .await,
            2
        );
        assert_eq!(
            app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM decision WHERE note IS NOT NULL")
                .await,
            1
        );
        app
    })
    .await;
}

#[test]
fn purge_counts_without_deleting_if_told() {
    let place = Place::begun();
    place
        .run("purge --dry-run")
        .done()
        .says("personal (outgoing): 0 rows would go");
    place.run("purge").done().says("unclear (unclear): 0 rows went");
    let config = place.read("config.toml");
    place.write(
        "config.toml",
        &config.replace("# bounces = \"365d\"", "bounces = \"20d\""),
    );
    place.run("purge").refused(2, "write at least \"44d\"");
}
