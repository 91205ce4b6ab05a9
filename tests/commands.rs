//! The built binary, as a person at a terminal meets it.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use rapporteur::store::{Joining, Store};
use serde_json::Value;
use tempfile::TempDir;

use crate::database::for_each_database;
use crate::webhost::{Reply, WebHost};

/// What the program answered.
pub(crate) struct Answer {
    status: i32,
    pub(crate) out: String,
    err: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn done(self) -> Answer {
        assert_eq!(self.status, 0, "{}{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn refused(self, status: i32, words: &str) -> Answer {
        assert_eq!(self.status, status, "{}{}", self.out, self.err);
        assert!(self.err.contains(words), "{}", self.err);
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Answer {
        assert!(self.out.contains(words), "no \"{words}\" in:\n{}", self.out);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }

    fn last_line(&self) -> &str {
        self.out.lines().last().unwrap_or_default()
    }
}

/// A folder of a new user.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// After `init`.
    pub(crate) fn begun() -> Place {
        let place = Place::new();
        place.run("init").done();
        place
    }

    /// The same, with reports that have lain there for an hour, so that nobody waits until they lie still.
    fn begun_an_hour_ago() -> Place {
        let place = Place::begun();
        for report in std::fs::read_dir(place.path("reports")).unwrap() {
            let file = File::options().write(true).open(report.unwrap().path()).unwrap();
            let written = file.metadata().unwrap().modified().unwrap();
            file.set_modified(written - Duration::from_secs(3600)).unwrap();
        }
        place
    }

    /// Runs the words as a shell would; `_` stands for a blank within a word.
    pub(crate) fn run(&self, words: &str) -> Answer {
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_rapporteur"))
            .args(words.split(' ').map(|word| word.replace('_', " ")))
            .current_dir(self.folder.path())
            .env_clear()
            .output()
            .unwrap();
        Answer {
            status: status.code().unwrap(),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }

    /// The same with this on standard input.
    pub(crate) fn run_with(&self, words: &str, input: &str) -> Answer {
        self.write("input", input);
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_rapporteur"))
            .args(words.split(' '))
            .current_dir(self.folder.path())
            .env_clear()
            .stdin(File::open(self.path("input")).unwrap())
            .output()
            .unwrap();
        Answer {
            status: status.code().unwrap(),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }

    /// The same with a terminal for standard output and error; what both said.
    fn at_a_terminal(&self, words: &str) -> String {
        let command = format!("{} {words}", env!("CARGO_BIN_EXE_rapporteur"));
        let output = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .current_dir(self.folder.path())
            .env("TERM", "xterm")
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn people(&self, addresses: &[&str]) {
        self.write("subscribers/events.csv", &format!("email\n{}\n", addresses.join("\n")));
    }

    /// The state of each person on the list, as `subscribers show` tells it.
    fn state_of(&self, address: &str) -> String {
        let shown = self.run(&format!("subscribers show {address} --json")).done().json();
        shown["subscriptions"][0]["state"].as_str().unwrap().to_owned()
    }
}

fn emls(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".eml"))
        .collect();
    names.sort();
    names
}

#[test]
fn the_demonstration_leaves_a_mail_for_every_person_of_the_list() {
    let place = Place::new();
    let answer = place.run("demo --once").done();
    let people = place.read("demo/subscribers/events.csv").lines().count() - 1;
    let mails = emls(&place.path("demo/mails"));
    assert_eq!(mails.len(), people);
    answer.says(&format!("{people} mails in demo/mails/"));
    let mail = place.read(&format!("demo/mails/{}", mails[0]));
    assert!(mail.contains("List-Unsubscribe:"), "{mail}");

    // It is a set-up like any other.
    let why = place
        .run("--config demo/config.toml why events ANNA.lindqvist@example.org")
        .done();
    why.says("Edition events/1: sent").says("Nothing is new");
    place
        .run("--config demo/config.toml status")
        .done()
        .says(&format!("Last: edition 1, {people} sent."));
}

#[test]
fn the_demonstration_begins_anew_and_removes_only_what_it_made() {
    let place = Place::new();
    let first = place.run("demo --once --json").done().json();
    place.write("demo/reports/of-mine.txt", "A report\n\nof mine.\n");
    let second = place.run("demo --once --json").done().json();
    assert_eq!(first["mails"], second["mails"]);
    assert_eq!(second["counts"], serde_json::json!({ "sent": second["mails"] }));
    assert!(!place.path("demo/reports/of-mine.txt").exists());

    let other = Place::new();
    std::fs::create_dir(other.path("demo")).unwrap();
    other.write("demo/thesis.txt", "Ten years of work.");
    other.run("demo --once").refused(2, "was not made by `rapporteur demo`");
    assert_eq!(other.read("demo/thesis.txt"), "Ten years of work.");
}

#[test]
fn init_overwrites_nothing() {
    let place = Place::new();
    std::fs::create_dir(place.path("subscribers")).unwrap();
    place.people(&["mine@example.org"]);
    place
        .run("init")
        .done()
        .says("kept as it is: subscribers/events.csv")
        .says("rapporteur check");
    assert!(place.read("subscribers/events.csv").contains("mine@example.org"));
    for name in ["templates/mail/digest.html", "next", "reports", ".gitignore"] {
        assert!(place.path(name).exists(), "{name}");
    }

    place.write("config.toml", "# mine\n");
    place.run("init").refused(2, "config.toml exists already");
    assert_eq!(place.read("config.toml"), "# mine\n");
}

#[test]
fn the_last_line_of_check_says_what_to_do_next() {
    let place = Place::begun();
    let answer = place.run("check").done();
    assert!(
        answer
            .last_line()
            .starts_with("Ready to test; not to send: `postal_address` missing, config.toml line ")
    );
    assert!(!place.path("rapporteur.db").exists(), "check makes nothing");

    let text = place.read("config.toml");
    let ready = text
        .replace("#> postal_address", "postal_address")
        .replace(
            "#> reply_to = \"events-office@example.org\"",
            "reply_to = \"no-reply@institute.net\"",
        )
        .replace(
            "#> bounce_address = \"bounces@example.org\"",
            "bounce_address = \"bounces@institute.net\"",
        )
        .replace("#> basis", "basis")
        .replace("<events@example.org>", "<events@institute.net>")
        .replace(
            "# public_url = \"http://127.0.0.1:8080\"",
            "public_url = \"https://news.institute.net\"",
        );
    place.write("config.toml", &ready);
    let line = 1 + ready.lines().position(|line| line.starts_with("reply_to")).unwrap();
    assert_eq!(
        place.run("check").done().last_line(),
        format!("Ready to test; not to send: `reply_to` is a mailbox nobody reads, config.toml line {line}")
    );
    place.write("config.toml", &ready.replace("no-reply@", "office@"));
    assert!(place.run("check").done().last_line().starts_with("Ready to send"));
    let answer = place.run("check --json").done().json();
    assert_eq!(
        (&answer["ready"], &answer["problems"]),
        (&Value::Bool(true), &serde_json::json!([]))
    );
}

#[test]
fn check_tells_all_that_is_broken_at_once() {
    let place = Place::begun();
    std::fs::remove_dir_all(place.path("reports")).unwrap();
    let template = place.read("templates/mail/digest.txt");
    place.write(
        "templates/mail/digest.txt",
        &format!("{template}\n{{{{ nobody.knows }}}}\n"),
    );
    place.write(
        "subscribers/events.csv",
        "email,cadence\na@example.org,hourly\nno address,\n",
    );
    let answer = place.run("check").refused(1, "not ready: ");
    answer
        .says("templates/mail/digest.txt")
        .says("source reports")
        .says("line 2")
        .says("hourly")
        .says("line 3");
}

#[test]
fn a_wrong_configuration_and_a_wrong_word_end_with_2() {
    let place = Place::begun();
    place.write(
        "config.toml",
        &place
            .read("config.toml")
            .replace("[store]", "[store]\nurll = \"sqlite:x.db\""),
    );
    for command in [
        "check",
        "status",
        "why events a@example.org",
        "subscribers export --list events",
    ] {
        place.run(command).refused(2, "urll").refused(2, "line");
    }
    let place = Place::begun();
    place.run("why evens a@example.org").refused(2, "did you mean `events`");
    place.run("why events no-address").refused(2, "no-address");
    place
        .run("subscribers add a@example.org --list events")
        .refused(2, "--basis");
    place
        .run("subscribers import people.csv --list events")
        .refused(2, "--basis");
}

const PEOPLE: &str =
    "email,name\nnew@example.org,Nora\nNEW@example.org,Nora\nno address,\nthere@example.org,\nleft@example.org,\n";

#[test]
fn an_import_gives_a_verdict_on_every_record_in_the_order_of_the_file() {
    let place = Place::begun();
    place.people(&["there@example.org", "left@example.org"]);
    place.run("subscribers sync events").done();
    place.run("subscribers remove left@example.org --list events").done();
    place.write("people.csv", PEOPLE);

    let verdicts = |words: &str| -> Vec<(u64, String)> {
        let answer = place.run(words).done();
        let lines = answer
            .out
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .map(|line| {
                assert_eq!(line["reason"].is_null(), line["result"] == "accept", "{line}");
                assert!(line["address"].is_string());
                (
                    line["record"].as_u64().unwrap(),
                    line["result"].as_str().unwrap().to_owned(),
                )
            })
            .collect()
    };
    let expected = [
        (1, "accept"),
        (2, "duplicate"),
        (3, "reject"),
        (4, "duplicate"),
        (5, "reject"),
    ];
    let expected = expected.map(|(record, result)| (record, result.to_owned()));
    assert_eq!(
        verdicts("subscribers import people.csv --list events --dry-run --json"),
        expected
    );
    place.run("subscribers show new@example.org").refused(1, "on no list");
    assert_eq!(
        verdicts("subscribers import people.csv --list events --basis asked_us --json"),
        expected
    );
    assert_eq!(place.state_of("new@example.org"), "active");
    assert_eq!(place.state_of("left@example.org"), "removed");
    place
        .run("subscribers show new@example.org")
        .done()
        .says("subscribed by import: asked us");
}

#[test]
fn whom_staff_removed_the_file_does_not_bring_back() {
    let place = Place::begun();
    place.people(&["a@example.org", "b@example.org"]);
    place.run("subscribers sync events").done();
    place.run("subscribers remove A@example.org --list events").done();
    place
        .run("subscribers sync events")
        .done()
        .says("0 subscribed, 0 returned");
    assert_eq!(place.state_of("a@example.org"), "removed");

    // The file takes out and brings back only on its own account.
    place.people(&["a@example.org"]);
    place.run("subscribers sync events").done().says("1 removed");
    place.people(&["a@example.org", "b@example.org"]);
    place.run("subscribers sync events").done().says("1 returned");
    assert_eq!(
        (place.state_of("a@example.org"), place.state_of("b@example.org")),
        ("removed".into(), "active".into())
    );
    // Staff may take out for good whom the file has taken out already.
    place.people(&["a@example.org"]);
    place.run("subscribers sync events").done();
    place.run("subscribers remove b@example.org --list events").done();
    place.people(&["a@example.org", "b@example.org"]);
    place.run("subscribers sync events").done().says("0 returned");

    place
        .run("subscribers add a@example.org --list events --basis by_telephone")
        .done();
    assert_eq!(place.state_of("a@example.org"), "active");
    place
        .run("subscribers add a@example.org --list events --basis again")
        .refused(1, "is on events already");
}

#[tokio::test]
async fn who_left_stays_away_whatever_staff_type() {
    let place = Place::begun();
    place.people(&["a@example.org"]);
    place.run("subscribers sync events").done();
    let url = format!("sqlite:{}", place.path("rapporteur.db").display());
    let store = Store::open(&url.into(), rapporteur::clock::Clock::System)
        .await
        .unwrap();
    let person = store.list_subscriptions("events").await.unwrap().remove(0);
    let now = store.now().await.unwrap();
    assert!(
        store
            .unsubscribe("events", person.subscriber.id, "one-click", now)
            .await
            .unwrap()
    );
    store.close().await;

    place
        .run("subscribers add a@example.org --list events --basis please")
        .refused(1, "only they themselves can come back");
    place
        .run("subscribers remove a@example.org --list events")
        .refused(1, "left");
    place
        .run("subscribers sync events")
        .done()
        .says("does not bring them back");
    place.run("why events a@example.org").done().says("They left");
}

#[test]
fn a_file_that_would_drop_many_people_waits_for_a_yes() {
    let place = Place::begun();
    let all: Vec<String> = (0..20).map(|n| format!("reader{n}@example.org")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    place.people(&all);
    place.run("subscribers sync events").done().says("20 subscribed");
    place.people(&all[..10]);
    place
        .run("subscribers sync events")
        .refused(1, "would drop 10 of 20 people");
    place
        .run("subscribers sync events")
        .refused(1, "subscribers sync events --yes");
    place.run("subscribers sync events --yes").done().says("10 removed");
    place.write("subscribers/events.csv", "");
    place
        .run("subscribers sync events")
        .refused(1, "nobody was added or removed");
    assert_eq!(
        place.run("subscribers export --list events").done().out.lines().count(),
        11
    );
}

#[test]
fn what_was_exported_can_be_imported_elsewhere() {
    let place = Place::begun();
    place.run("subscribers sync events").done();
    let out = place.run("subscribers export --list events --quiet").done().out;
    let other = Place::begun();
    other.write("people.csv", &out);
    other
        .run("subscribers import people.csv --list events --basis moved_house")
        .done()
        .says("6 added to events");
    assert_eq!(other.run("subscribers export --list events").done().out, out);
}

#[test]
fn why_tells_what_a_person_gets_and_why_not_the_rest() {
    let place = Place::begun();
    let answer = place.run("why events bruno.feldmann@example.org").done();
    answer
        .says("is not on the list events")
        .says("subscribers/events.csv line 3 has them and is not applied yet");
    place.write("subscribers/events.csv", "email,cadence\nx@example.org,hourly\n");
    place
        .run("why events x@example.org")
        .done()
        .says("line 2 was refused")
        .says("hourly");

    let place = Place::begun();
    place.run("subscribers sync events").done();
    place.run("collect --now").done();
    let answer = place.run("why events chiara.monti@example.org --json").done().json();
    assert_eq!(answer["subscription"]["cadence"], "daily");
    let reports = answer["next"]["reports"].as_array().unwrap();
    let (gets, not): (Vec<_>, Vec<_>) = reports.iter().partition(|report| report["gets"] == true);
    assert!(!gets.is_empty() && !not.is_empty());
    assert!(
        not.iter()
            .all(|report| report["reason"].as_str().unwrap().contains("not economy, climate")),
        "{not:?}"
    );
}

#[test]
fn status_tells_the_state_of_the_house() {
    let place = Place::begun();
    place.write("reports/broken.txt", "");
    place.run("subscribers sync events").done();
    place.run("collect --now").done();
    let answer = place.run("status").done();
    // From Friday to Monday both go out next on Monday, and either may stand first.
    answer
        .says("Next: events (")
        .says("daily")
        .says("weekly")
        .says(" 08:00 Europe/Berlin, 7 reports, 1 person.")
        .says(" 08:00 Europe/Berlin, 7 reports, 4 people.");
    answer.says("Refused files: 1.").says("broken.txt: ");
    let answer = place.run("status --json").done().json();
    assert_eq!(answer["sources"][0]["refused"][0]["path"], "broken.txt");
    let next = answer["lists"][0]["next"].as_array().unwrap();
    let people: Vec<i64> = next.iter().filter_map(|one| one["people"].as_i64()).collect();
    assert!(people.contains(&1) && people.contains(&4), "{people:?}");
}

#[test]
fn progress_is_shown_where_a_person_looks_and_nowhere_else() {
    let place = Place::begun_an_hour_ago();
    for (command, words) in [
        ("collect", "reading the sources"),
        ("subscribers sync events", "applying the list's file"),
    ] {
        assert_eq!(place.run(command).done().err, "", "{command}");
        assert!(place.at_a_terminal(command).contains(words), "{command}");
        let quiet = place.at_a_terminal(&format!("{command} --quiet"));
        assert!(!quiet.contains(words), "{command}: {quiet}");
    }
}

/// Title and state of each report.
fn reports(place: &Place) -> Vec<(i64, String, String)> {
    let answer = place.run("reports --json").done();
    let lines = answer
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    lines
        .map(|report| {
            (
                report["id"].as_i64().unwrap(),
                word(&report["title"]),
                word(&report["state"]),
            )
        })
        .collect()
}

/// Texts of the mails in the outbox, which is emptied.
fn taken_mails(place: &Place) -> Vec<String> {
    let files = std::fs::read_dir(place.path("outbox/new")).unwrap();
    let take = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.unwrap().path();
        let mail = std::fs::read(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        let parsed = mail_parser::MessageParser::default().parse(&mail).unwrap();
        parsed.body_text(0).unwrap().replace('\n', " ")
    };
    files.map(take).collect()
}

#[test]
fn a_dry_run_and_a_test_send_show_settling_reports_and_publish_none() {
    let place = Place::begun_an_hour_ago();
    let dry = place.run("send events --dry-run --json").done().json();
    let shown = dry["reports"].as_array().unwrap().len();
    let all_settle = || {
        let all = reports(&place);
        assert!(all.iter().all(|(_, _, state)| state == "settling"), "{all:?}");
        all
    };
    let all = all_settle();
    assert_eq!((shown, dry["people"].as_u64()), (all.len(), Some(6)));
    let said = place.run("send events --dry-run").done();
    for (_, title, _) in &all {
        said.says(title);
    }

    let test = place.run("send events --to me@example.org --json").done().json();
    assert_eq!(
        (&test["shows"], &test["states"]["sent"]),
        (&"what is new".into(), &1.into())
    );
    let mails = taken_mails(&place);
    assert_eq!(mails.len(), 1);
    for (_, title, _) in all_settle() {
        assert!(mails[0].contains(&title), "{title}: {}", mails[0]);
    }
    place.run("feeds --out out").done();
    assert!(!place.read("out/feeds/all.rss").contains("<item>"));
    assert_eq!(place.run("editions list --json").done().out, "");
}

#[test]
fn a_report_that_settles_can_be_named_for_looking_alone() {
    let place = Place::begun_an_hour_ago();
    place.run("collect").done();
    let all = reports(&place);
    let (id, title, _) = &all[2];
    let dry = place
        .run(&format!("send events --only {id} --dry-run --json"))
        .done()
        .json();
    let named: Vec<i64> = dry["reports"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["id"].as_i64())
        .collect();
    assert_eq!(named, [*id]);
    place
        .run(&format!("send events --only {id} --to me@example.org"))
        .done();
    let mails = taken_mails(&place);
    for (_, other, _) in &all {
        assert_eq!(mails[0].contains(other), other == title, "{other}: {}", mails[0]);
    }
    assert!(reports(&place).iter().all(|(_, _, state)| state == "settling"));
    place
        .run("send events --only 99 --dry-run")
        .refused(1, "there is no report 99");
    let held = all[0].0;
    place.run(&format!("reports hold {held}")).done();
    place
        .run(&format!("send events --only {held} --dry-run"))
        .refused(1, "is not published (held)");

    // Sent in earnest, it goes out alone, and the others are public and stay new.
    let sent = place
        .run(&format!("send events --only {id} --yes --json"))
        .done()
        .json();
    assert_eq!(
        (sent["number"].as_i64(), sent["counts"]["sent"].as_i64()),
        (Some(1), dry["people"].as_i64())
    );
    let new = place.run("send events --dry-run --json").done().json();
    assert_eq!(new["reports"].as_array().unwrap().len(), all.len() - 2);
}

#[test]
fn status_tells_which_mails_wait_for_a_relay_that_is_gone() {
    let place = Place::begun();
    place.write(
        "config.toml",
        &place
            .read("config.toml")
            .replace("# approval = \"first\"", "approval = \"required\""),
    );
    place.run("send events --yes").done();
    place.write(
        "config.toml",
        &place.read("config.toml").replace("[relays.outbox", "[relays.other"),
    );
    let answer = place.run("status").done();
    answer.says("Stranded: 6 mails of sealed editions wait for the relay outbox, which is not in config.toml");
    assert_eq!(place.run("status --json").done().json()["stranded"][0]["mails"], 6);
}

#[test]
fn every_command_explains_itself() {
    let place = Place::new();
    for command in [
        "demo",
        "init",
        "check",
        "why",
        "status",
        "subscribers",
        "subscribers import",
        "subscribers sync",
    ] {
        place.run(&format!("{command} --help")).done().says("Usage: rapporteur");
    }
}

#[tokio::test]
async fn what_a_person_got_is_told_alike_on_both_databases() {
    for_each_database(async |test| {
        let (store, now) = (&test.store, test.clock.now());
        let mut tx = store.begin().await.unwrap();
        store.record_list(&mut tx, "events", None, now).await.unwrap();
        for address in ["a@example.org", "b@example.org"] {
            let joining = Joining {
                list: "events",
                address,
                address_key: address,
                name: None,
                language: None,
                cadence: None,
                topics: &[],
                cells: None,
                how: "file",
                basis: None,
            };
            store.subscribe(&mut tx, &joining, now).await.unwrap();
        }
        tx.commit().await.unwrap();
        test.run(ONE_EDITION).await;

        let rows = store.list_deliveries_of(1, "events", 5).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].edition.as_str(), rows[0].state.as_str()), ("events/1", "sent"));
        assert_eq!(rows[0].subject.as_deref(), Some("A subject"));
        assert_eq!(store.list_had_by(1).await.unwrap()[&7], "events/1");
        assert!(store.list_had_by(2).await.unwrap().is_empty());
        assert_eq!(
            store.count_unpublished(now).await.unwrap(),
            [("held".to_owned(), 1), ("settling".to_owned(), 1)]
        );

        // By the file first, then by staff for good, then nothing is left to do.
        let mut tx = store.begin().await.unwrap();
        assert!(store.remove_by_file(&mut tx, "events", 1, now).await.unwrap());
        tx.commit().await.unwrap();
        assert!(store.list_subscriptions("events").await.unwrap()[0].by_file);
        assert!(store.remove("events", 1, "command line", now).await.unwrap());
        assert!(!store.list_subscriptions("events").await.unwrap()[0].by_file);
        assert!(!store.remove("events", 1, "command line", now).await.unwrap());
        test
    })
    .await;
}

/// Edition 1 with report 7, sent to person 1, skipped for person 2; two reports that nobody sees yet.
const ONE_EDITION: &str = "\
    INSERT INTO edition (id, list, number, cadence, state, sealed_at, due_at, hash, epoch, settings) \
    VALUES (1, 'events', 1, 'manual', 'finished', 0, 0, 'h', '1', '{}'); \
    INSERT INTO variant (id, edition_id, language, items, subject, message, page) \
    VALUES (1, 1, 'en', '7:report', 'A subject', '', ''); \
    INSERT INTO variant_item (variant_id, report_id, revision, matter) VALUES (1, 7, 1, 'report'); \
    INSERT INTO outgoing (kind, priority, relay, edition_id, subscriber_id, variant_id, state, next_at) \
    VALUES ('digest', 5, 'outbox', 1, 1, 1, 'sent', 0); \
    INSERT INTO outgoing (kind, priority, relay, edition_id, subscriber_id, state, reason, next_at) \
    VALUES ('digest', 5, 'outbox', 1, 2, 'skipped', 'topics', 0); \
    UPDATE subscriber SET state = 'suppressed' WHERE id = 2; \
    INSERT INTO report (id, public_id, slug, source, item_key, revision, fingerprint, first_seen_at, changed_at) \
    VALUES (7, 'p7', 's7', 'reports', 'k7', 1, 'f', 0, 0); \
    INSERT INTO report (id, public_id, slug, source, item_key, revision, fingerprint, first_seen_at, changed_at, held_at) \
    VALUES (8, 'p8', 's8', 'reports', 'k8', 1, 'f', 0, 0, 1)";

/// A page at an address is read as a file is, with the selectors of the source that has it.
#[tokio::test(flavor = "multi_thread")]
async fn explain_reads_the_page_at_an_address() {
    let host = WebHost::start().await;
    host.at(
        "/rivers",
        Reply::ok(
            "<html lang=en><h1>Who owns a river?</h1><p>The round table was held on 12 March 2026 in Vienna.</p>\
             <b>Waterways</b></html>",
        ),
    );
    let place = Place::begun();
    let url = host.url("/rivers");
    place
        .run(&format!("explain {url}"))
        .refused(1, "not on the public internet");
    let config = place.read("config.toml");
    let site = format!(
        "[sources.site]\nkind = \"pages\"\nurl = \"{url}\"\nselect.topics = \"b\"\n\
         [fetch]\ninternal_hosts = [\"127.0.0.1\"]\n"
    );
    place.write("config.toml", &config.replacen("[fetch]\n", &site, 1));
    let read = place.run(&format!("--json explain {url}")).done().json();
    assert_eq!(read["title"], "Who owns a river?");
    assert_eq!(read["event"]["start"], "2026-03-12");
    assert_eq!(read["topics"][0], "Waterways");
    assert_eq!(read["url"], url);
    place
        .run(&format!("explain {url}"))
        .done()
        .says("read as source site would");
    place
        .run(&format!("explain {}", host.url("/nothing")))
        .refused(1, "404");
    place.run("explain http://[").refused(2, "is no address");
}
