//! Files of people from other programs, and many people at once, on both databases.

use std::fmt::Write as _;
use std::io::{Cursor, Read, Seek, SeekFrom};

use rapporteur::publish::{self, Added, Import, Judged, Verdict};
use rapporteur::subscriber::csv::{self, FileProblem, Outcome, Reader, Row};
use rapporteur::subscriber::{Address, Cells};

use crate::app::{EVENTS, REPORTS, TestApp, for_each_app};
use crate::commands::Place;

fn configuration() -> String {
    format!("{REPORTS}{EVENTS}")
}

async fn import(app: &TestApp, text: &str, basis: Option<&str>) -> Vec<Judged> {
    let mut all = Vec::new();
    let import = Import {
        list: "events",
        basis,
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

fn names(bytes: &[u8]) -> Vec<String> {
    let file = csv::read(bytes).unwrap();
    file.rows
        .iter()
        .map(|row| {
            let name = row.cells.name.clone().unwrap_or_default();
            let language = row.cells.language.clone().unwrap_or_default();
            format!("{} {name} {language}", row.address)
        })
        .collect()
}

fn refusals(text: &str) -> Vec<String> {
    let file = csv::read(text.as_bytes()).unwrap();
    file.refused
        .iter()
        .map(|refused| format!("{} {}", refused.line, refused.reason))
        .collect()
}

#[test]
fn an_export_of_listmonk_comes_without_whom_it_calls_disabled() {
    let text = "uuid,email,name,attributes,status,created_at,updated_at\n\
                1,ada@example.org,Ada,\"{\"\"language\"\": \"\"de\"\"}\",enabled,2026,2026\n\
                2,bo@example.org,Bo,{},blocklisted,2026,2026\n\
                3,cy@example.org,Cy,{},disabled,2026,2026\n\
                4,dora@example.org,Dora,no json,enabled,2026,2026\n\
                5,emil@example.org,Emil,{},asleep,2026,2026\n\
                6,finn@example.org,Finn\n";
    assert_eq!(
        names(text.as_bytes()),
        ["ada@example.org Ada de", "dora@example.org Dora "]
    );
    assert_eq!(
        refusals(text),
        [
            "3 the file says that their status is \"blocklisted\"",
            "4 the file says that their status is \"disabled\"",
            "6 the file says that their status is \"asleep\"",
            "7 the record ends before its column `status`",
        ]
    );
    assert_eq!(
        csv::read(text.as_bytes()).unwrap().notes,
        ["read as an export of listmonk"]
    );
    // Elsewhere a status may be anything but one of those that mean no.
    let other = "email,status\nada@example.org,professor\nbo@example.org,Unsubscribed\n";
    assert_eq!(names(other.as_bytes()), ["ada@example.org  "]);
    assert_eq!(
        refusals(other),
        ["3 the file says that their status is \"unsubscribed\""]
    );
}

/// PRIV-10.
#[test]
fn who_left_by_one_line_of_a_file_comes_by_no_other() {
    let text = "email,Statut,name\nada@example.org,actif,Ada\nbo@example.org,,Bo\nADA@example.org,désabonnée,Ada\n\
                cy@example.org,professeur,Cy\nada@example.org,,Ada\n";
    assert_eq!(names(text.as_bytes()), ["bo@example.org Bo ", "cy@example.org Cy "]);
    assert_eq!(
        refusals(text),
        [
            "2 the file says on another line that they left",
            "4 the file says that their status is \"désabonnée\"",
            "6 the file says on another line that they left",
        ]
    );
    let notes = csv::read(text.as_bytes()).unwrap().notes;
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].contains("says \"professeur\" (1), which keeps nobody out"),
        "{notes:?}"
    );
    for word in ["abgemeldet", "Unsubscribed", "dado de baja", "ОТПИСАН", "Désinscrit"] {
        assert_eq!(
            names(format!("email,status\nada@example.org,{word}\n").as_bytes()).len(),
            0,
            "{word}"
        );
    }
}

/// PRIV-10.
#[test]
fn an_export_of_mailchimp_comes_and_its_unsubscribed_do_not() {
    let head =
        "Address,Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,LATITUDE,LEID,EUID,NOTES,TAGS";
    let row = "3,2024-05-03 09:00:00,,48.1,1,a,,";
    let active = format!(
        "{head}\n\"12 Example Street\",ada@example.org,Ada,Berg,{row}\n,bo@example.org,,,{row}\n,cy@example.org,,Cyr,{row}\n"
    );
    assert_eq!(
        names(active.as_bytes()),
        ["ada@example.org Ada Berg ", "bo@example.org  ", "cy@example.org Cyr "]
    );
    assert_eq!(
        csv::read(active.as_bytes()).unwrap().notes,
        ["read as an export of Mailchimp"]
    );
    let left = format!(
        "{head},UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON\n\
         ,ada@example.org,Ada,Berg,{row},2025-01-02 10:00:00,May,NORMAL\n\
         ,bo@example.org,,,{row}\n"
    );
    assert_eq!(csv::read(left.as_bytes()).unwrap().rows, []);
    assert_eq!(
        refusals(&left),
        [
            "2 the file says that they were unsubscribed",
            "3 the record ends before its column `UNSUB_TIME`"
        ]
    );
    let cleaned = format!("{head},CLEAN_TIME\n,ada@example.org,Ada,Berg,{row},2025-01-02 10:00:00\n");
    assert_eq!(
        refusals(&cleaned),
        ["2 the file says that they were taken out as undeliverable"]
    );
}

#[test]
fn a_header_in_russian_is_read_in_utf_8_and_in_windows_1251() {
    let text = "Эл. почта;Имя;Язык\r\nada@example.org;Ада Берг;ru\r\nbo@example.org;Юлия Щербакова;ru\r\n";
    let expected = ["ada@example.org Ада Берг ru", "bo@example.org Юлия Щербакова ru"];
    assert_eq!(names(text.as_bytes()), expected);
    let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(text);
    assert_eq!(names(&bytes), expected);
    assert_eq!(
        csv::read(&bytes).unwrap().notes,
        ["the file is not UTF-8; read as windows-1251, so look at names with accents"]
    );
    assert!(matches!(
        csv::read("Почтовый ящик;Имя\r\nada@example.org;Ада\r\n".as_bytes()),
        Err(FileProblem::NoEmailColumn { line: 1, .. })
    ));
}

#[test]
fn a_cell_of_megabytes_moves_no_line_number_and_takes_no_room() {
    let mut text = "email,name\nada@example.org,\"".to_owned();
    for _ in 0..1000 {
        text += &"ж".repeat(5000);
        text += "\r\n";
    }
    text += "\"\nbo@example.org,Bo\n";
    let file = csv::read(text.as_bytes()).unwrap();
    assert_eq!(file.refused.len(), 1);
    assert!(
        file.refused[0].reason.starts_with("a cell of more than 17"),
        "{}",
        file.refused[0].reason
    );
    assert_eq!((file.rows[0].line, file.rows[0].record), (1003, 2));
    // And so does a record of a million cells.
    let text = format!(
        "email,name\nada@example.org,Ada{}\nbo@example.org,Bo\n",
        ",x".repeat(1_000_000)
    );
    let file = csv::read(text.as_bytes()).unwrap();
    assert!(
        file.refused[0].reason.starts_with("1001 cells where the header has 2"),
        "{:?}",
        file.refused
    );
    assert_eq!(file.rows[0].line, 3);
}

#[test]
fn formulas_in_cells_are_text_and_come_back_as_they_were() {
    let text = "email,name\n=ada@example.org,=cmd|' /C calc'!A0\n'+bo@example.org,'+1 Bo\n\"'@cy@example.org\",Cy\n";
    assert_eq!(
        names(text.as_bytes()),
        ["=ada@example.org =cmd|' /C calc'!A0 ", "+bo@example.org +1 Bo "]
    );
    assert_eq!(refusals(text), ["4 the address has more than one @"]);
}

/// RFC 5321, RFC 5322, RFC 6531: what the manual says is taken, and what is not.
#[test]
fn odd_and_hostile_addresses_are_taken_or_refused_as_the_manual_says() {
    let taken = [
        "a@example.org",
        "a.b+c@example.org",
        "!#$%&'*+/=?^_`{|}~-@example.org",
        "0@0.example.org",
        "юлия@пример.example",
        "jörg@bücher.example",
        "用户@例子.example",
        "a@xn--bcher-kva.example",
        "a@sub.sub.sub.example.org",
    ];
    let refused = [
        "\"quoted local\"@example.org",
        "\"a@b\"@example.org",
        "a(comment)@example.org",
        "Ada Berg <ada@example.org>",
        "a@[192.0.2.1]",
        "a@[IPv6:2001:db8::1]",
        "a@192.0.2.1",
        "a@localhost.",
        "a@intranet",
        "a@example.org,b@example.org",
        "a@example.org;b@example.org",
        "mailto:a@example.org",
        "a@example.org\u{200B}",
        "a\u{202E}gro.elpmaxe@example.org",
        "a@exa mple.org",
        "@example.org",
        "a@",
        "a@@example.org",
        ".a@example.org",
        "a.@example.org",
        "a..b@example.org",
        "a@-example.org",
        "a@example-.org",
        "a@exa_mple.org",
        "a@example..org",
        "a%0d%0aRCPT TO:<b@example.org>@example.org",
        "a@example.org\\nBcc: b@example.org",
    ];
    for address in taken {
        assert!(Address::parse(address).is_ok(), "{address}");
    }
    let mut text = String::from("email\n");
    for address in refused {
        writeln!(text, "\"{}\"", address.replace('"', "\"\"")).unwrap();
    }
    let file = csv::read(text.as_bytes()).unwrap();
    assert_eq!(file.rows, []);
    assert_eq!(file.refused.len(), refused.len());
}

/// A disk that fails before the end of the file.
struct Failing(Cursor<Vec<u8>>, u64);

impl Read for Failing {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(out)?;
        // The file was looked through before; it fails while it is read in.
        self.1 = self.1.saturating_sub(read as u64);
        match self.1 {
            0 => Err(std::io::Error::other("the disk is gone")),
            _ => Ok(read),
        }
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

fn many(count: usize) -> String {
    let mut text = String::from("email,name\n");
    for number in 0..count {
        writeln!(text, "p{number}@example.org,Person {number}").unwrap();
    }
    text
}

#[tokio::test]
async fn a_file_that_cannot_be_read_to_its_end_changes_nothing() {
    let app = TestApp::new().await;
    let text = many(10_000).into_bytes();
    let size = text.len() as u64;
    let source = Failing(Cursor::new(text), size * 5 / 2 + 100_000);
    let mut told = 0;
    let basis = Some("asked us");
    let failed = publish::import(
        &app.house,
        &Import {
            list: "events",
            basis,
            who: "staff",
        },
        source,
        |_, _| {
            told += 1;
            Ok(())
        },
    )
    .await;
    assert!(format!("{:#}", failed.unwrap_err()).contains("the disk is gone"));
    assert!(told > 0, "some had been told before");
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM subscriber").await, 0);
    app.close().await;
}

#[test]
fn rows_come_one_by_one() {
    let text = many(3);
    let mut reader = Reader::new(Cursor::new(text)).unwrap();
    let first = reader.next().unwrap().unwrap();
    assert!(matches!(first.outcome, Outcome::Accepted(_)));
    assert_eq!((first.record, first.line, reader.records), (1, 2, 1));
}

#[tokio::test]
async fn many_come_in_the_order_of_the_file_with_what_each_row_says() {
    for_each_app(&configuration(), |app| async move {
        app.people("events", &["p3@example.org", "p7@example.org", "p600@example.org"])
            .await;
        for statement in [
            "UPDATE subscription SET state = 'left', ended_at = 1777881600000 WHERE subscriber_id = \
             (SELECT id FROM subscriber WHERE address_key = 'p7@example.org')",
            "UPDATE subscriber SET state = 'suppressed' WHERE address_key = 'p600@example.org'",
            "UPDATE subscriber SET name = 'Known' WHERE address_key = 'p3@example.org'",
        ] {
            app.run(statement).await;
        }
        let text = format!(
            "{}no address,x\nP5@example.org,Again\nlast@example.org,Last\n",
            many(1234)
        );
        for basis in [None, Some("asked us")] {
            let judged = import(&app, &text, basis).await;
            assert_eq!(judged.len(), 1237);
            assert!(
                judged
                    .iter()
                    .enumerate()
                    .all(|(at, judged)| judged.record == at as u64 + 1)
            );
            let of = |verdict| judged.iter().filter(|judged| judged.verdict == verdict).count();
            assert_eq!(
                (of(Verdict::Accept), of(Verdict::Duplicate), of(Verdict::Reject)),
                (1232, 2, 3)
            );
            assert_eq!(judged[7].away, Some("left"));
            assert_eq!(judged[600].away, Some("suppressed"));
            assert_eq!(judged[1235].reason.as_deref(), Some("stands on line 7 already"));
            let people = app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM subscriber").await;
            assert_eq!(people, if basis.is_some() { 1235 } else { 3 }, "{basis:?}");
        }
        let all = app.house.store.list_subscriptions("events").await.unwrap();
        assert_eq!(all.len(), 1235);
        let of = |address: &str| all.iter().find(|it| it.subscriber.address == address).unwrap();
        assert_eq!(of("p3@example.org").subscriber.name.as_deref(), Some("Known"));
        assert_eq!(of("p1233@example.org").subscriber.name.as_deref(), Some("Person 1233"));
        assert_eq!(of("p7@example.org").state, "left");
        assert_eq!(of("last@example.org").cadence, None);
        // In the order of the file, for numbers are given in it.
        let new: Vec<&str> = all.iter().skip(3).map(|it| it.subscriber.address.as_str()).collect();
        assert_eq!(
            (new[0], new[1], new[1231]),
            ("p0@example.org", "p1@example.org", "last@example.org")
        );
        let consent = app
            .house
            .store
            .list_consent(of("p5@example.org").subscriber.id)
            .await
            .unwrap();
        assert_eq!(
            (consent.len(), consent[0].how.as_str(), consent[0].basis.as_deref()),
            (1, "import", Some("asked us"))
        );
        let decisions = app.house.store.list_decisions("list events").await.unwrap();
        assert_eq!(
            (decisions[0].what.as_str(), decisions[0].note.as_deref()),
            ("imported", Some("1232 people"))
        );
        // Once more, and nobody comes.
        let again = import(&app, &text, Some("asked us")).await;
        assert!(again.iter().all(|judged| judged.verdict != Verdict::Accept));
        assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM consent").await, 1235);
        app
    })
    .await;
}

#[tokio::test]
async fn staff_bring_back_whom_they_removed_and_nobody_who_left() {
    for_each_app(&configuration(), |app| async move {
        app.people("events", &["ada@example.org", "bo@example.org"]).await;
        let (ada, bo) = (
            app.subscriber("ada@example.org").await,
            app.subscriber("bo@example.org").await,
        );
        let store = &app.house.store;
        store.remove("events", ada, "command line", app.now()).await.unwrap();
        store.unsubscribe("events", bo, "page", app.now()).await.unwrap();
        let row = |address: &str| Row {
            line: 0,
            record: 0,
            address: Address::parse(address).unwrap(),
            cells: Cells::default(),
        };
        let add = async |address: &str| {
            publish::add(&app.house, "events", &row(address), "asked")
                .await
                .unwrap()
        };
        assert_eq!(add("ada@example.org").await, Added::Done);
        assert!(matches!(add("bo@example.org").await, Added::Refused(why) if why.starts_with("left on 4 May 2026")));
        assert!(matches!(add("ada@example.org").await, Added::Refused(why) if why.contains("already")));
        assert!(!store.list_subscriptions_of("ada@example.org").await.unwrap()[0].by_file);
        app
    })
    .await;
}

/// PRIV-10.
#[test]
fn an_import_names_whom_it_skips_and_writes_down_every_refusal() {
    let place = Place::begun();
    place
        .run("subscribers add left@example.org --list events --basis asked")
        .done();
    place.run("subscribers remove left@example.org --list events").done();
    let mut text = many(5);
    text += "left@example.org,Lea\n";
    for number in 0..80 {
        writeln!(text, "no address {number},=cmd").unwrap();
    }
    place.write("people.csv", &text);
    place
        .run("subscribers import people.csv --list events --dry-run")
        .done()
        .says("and 31 more; `--refused FILE` writes down all of them")
        .says("5 would be added to events, 0 there already, 81 refused (of them people who stay away: 1 removed)");
    let said = place
        .run("subscribers import people.csv --list events --basis asked_us --refused refused.csv")
        .done();
    said.says("5 added to events, 0 there already, 81 refused (of them people who stay away: 1 removed)");
    assert!(!said.out.contains("no address"), "{}", said.out);
    let report = place.read("refused.csv");
    assert_eq!(report.lines().count(), 82);
    let lines: Vec<&str> = report.lines().take(3).collect();
    assert_eq!(lines[0], "\"line\",\"record\",\"result\",\"address\",\"reason\"");
    assert!(
        lines[1].starts_with("\"7\",\"6\",\"reject\",\"l…@example.org\",\"was removed on "),
        "{}",
        lines[1]
    );
    assert_eq!(
        lines[2],
        "\"8\",\"7\",\"reject\",\"n…\",\"the address contains white space\""
    );
}

#[test]
fn a_report_of_refusals_does_not_take_the_place_of_the_file_that_is_imported() {
    let place = Place::begun();
    let file = "email\nada@example.org\nnobody\n";
    place.write("people.csv", file);
    std::os::unix::fs::symlink(place.path("people.csv"), place.path("link.csv")).unwrap();
    for other in ["people.csv", "./people.csv", "link.csv"] {
        place
            .run(&format!(
                "subscribers import people.csv --list events --dry-run --refused {other}"
            ))
            .refused(2, "is the file that is imported");
        assert_eq!(place.read("people.csv"), file);
    }
    place.write("refused.csv", "of last time\n");
    // A file that is broken as a whole leaves what was there.
    place.write("broken.csv", "email\n\"ada@example.org\n");
    place
        .run("subscribers import broken.csv --list events --dry-run --refused refused.csv")
        .refused(1, "saved only half");
    assert_eq!(place.read("refused.csv"), "of last time\n");
    place
        .run("subscribers import people.csv --list events --dry-run --refused refused.csv")
        .done();
    assert!(place.read("refused.csv").contains("\"3\",\"2\",\"reject\","));
    let left: Vec<_> = std::fs::read_dir(place.path("")).unwrap().flatten().collect();
    assert!(
        left.iter()
            .all(|file| !file.file_name().to_string_lossy().starts_with(".refused"))
    );
}
