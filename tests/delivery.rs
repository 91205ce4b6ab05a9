//! From rows of `outgoing` to the relay's answer: what is promised, against a sink that misbehaves by plan.

mod breakers;
mod cuts;
mod database_away;
mod domains;
mod extensions;
mod faults;
mod ledger;
mod limits;
mod meanwhile;
mod middleman;
mod progress;
mod stages;
mod table;
pub mod tls;

use std::collections::BTreeMap;
use std::time::Duration;

use rapporteur::config::Config;
use rapporteur::delivery::{Delivery, Summary};
use rapporteur::store::Kind;
use rapporteur::subscriber::Mailbox;
use rapporteur::token::Secret;
use sqlx::Row;
use tokio_util::sync::CancellationToken;

use crate::database::{MORNING, TestStore, for_each_database};
use crate::sink::{Act, At, Mail, Sink};

/// A configuration with one relay, `outbox`, that leads to the sink.
pub fn config_for(sink: &Sink, more: &str) -> Config {
    config(&format!(
        "kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n{more}",
        sink.address.port()
    ))
}

pub fn config(relay: &str) -> Config {
    toml::from_str(&format!(
        "[institute]\nname = \"Institute\"\ntag_authority = \"example.org,2026\"\n\
         [web]\npublic_url = \"https://news.example.org\"\n[relays.outbox]\n{relay}\n"
    ))
    .unwrap()
}

/// Edition `events/1`, being sent to `p1@example.org` and so on, and one variant. Settings are JSON of `Sealed`.
pub async fn seed(test: &TestStore, people: usize, settings: &str) {
    let at = MORNING;
    test.run(&format!(
        "INSERT INTO edition (id, list, number, cadence, state, sealed_at, due_at, released_at, hash, epoch, settings)
         VALUES (1, 'events', 1, 'weekly', 'sending', {at}, {at}, {at}, 'h', 'e1', '{settings}');
         INSERT INTO variant (id, edition_id, language, items, subject, message, page)
         VALUES (1, 1, 'en', '1:report', 'Hello', '{}', '')",
        stored_mail()
    ))
    .await;
    for first in (1..=people).step_by(200) {
        let ids: Vec<usize> = (first..=people.min(first + 199)).collect();
        let rows = |row: &dyn Fn(&usize) -> String| ids.iter().map(row).collect::<Vec<_>>().join(",");
        test.run(&format!(
            "INSERT INTO subscriber (id, address, address_key, state, created_at) VALUES {};
             INSERT INTO subscription (list, subscriber_id, state, since_report, started_at) VALUES {};
             INSERT INTO outgoing (id, kind, priority, relay, edition_id, subscriber_id, variant_id, state, next_at)
             VALUES {}",
            rows(&|id| format!("({id}, 'p{id}@example.org', 'p{id}@example.org', 'active', {at})")),
            rows(&|id| format!("('events', {id}, 'active', 0, {at})")),
            rows(&|id| format!("({id}, 'digest', 50, 'outbox', 1, {id}, 1, 'pending', {at})")),
        ))
        .await;
    }
    if test.store.kind() == Kind::Postgres {
        // PostgreSQL does not count ids that were given.
        test.run("SELECT setval(pg_get_serial_sequence('outgoing', 'id'), 100000)")
            .await;
    }
}

/// Rows after this one are a second edition's.
pub async fn part_editions(test: &TestStore, after: usize) {
    test.run(&format!(
        "INSERT INTO edition (id, list, number, cadence, state, sealed_at, due_at, released_at, hash, epoch, settings)
         VALUES (2, 'events', 2, 'weekly', 'sending', {MORNING}, {MORNING}, {MORNING}, 'h', 'e1', '{SETTINGS}');
         UPDATE outgoing SET edition_id = 2 WHERE id > {after}"
    ))
    .await;
}

pub const SETTINGS: &str =
    r#"{"from":"Institute <news@example.org>","message_domain":"example.org","list_title":"Events"}"#;
pub const HOLD: &str = r#"{"from":"news@example.org","message_domain":"example.org","in_doubt":"hold"}"#;

/// A variant's mail as `mail::Prepared` stores it.
fn stored_mail() -> String {
    "Subject: Hello\r\nTo: \u{1}t\u{2}\r\nDate: \u{1}d\u{2}\r\nMessage-ID: <\u{1}m\u{2}>\r\n\
     List-Unsubscribe: <\u{1}h\u{2}>\r\n\r\nText\r\n.\r\n..two dots\r\n"
        .to_owned()
}

pub async fn open(test: &TestStore, config: &Config) -> Delivery {
    Delivery::open(
        test.store.clone(),
        config,
        test.clock.clone(),
        Secret::from_bytes([7; 32]),
    )
    .await
    .unwrap()
}

pub async fn deliver(test: &TestStore, config: &Config) -> Summary {
    open(test, config)
        .await
        .deliver_due(&CancellationToken::new())
        .await
        .unwrap()
}

/// `sent 3, deferred 1`
pub async fn states(test: &TestStore) -> String {
    let counts = test.store.count_states(1).await.unwrap();
    counts
        .iter()
        .map(|(state, count)| format!("{state} {count}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// State and reason of one row.
pub async fn row(test: &TestStore, id: i64) -> (String, String) {
    let row = sqlx::query("SELECT state, COALESCE(reason, '') FROM outgoing WHERE id = $1")
        .bind(id)
        .fetch_one(&test.sql)
        .await
        .unwrap();
    (row.get(0), row.get(1))
}

pub async fn number(test: &TestStore, sql: &'static str) -> i64 {
    sqlx::query(sql).fetch_one(&test.sql).await.unwrap().get(0)
}

/// The invariant (REL-02), which every test of delivery ends with: every row has one state; who is `sent` was accepted
/// by the sink once, and once more at most for each time the row was in doubt; who is not `sent` and never was in doubt
/// was not.
pub async fn assert_ledger_is_whole(test: &TestStore, sink: &Sink) {
    assert_ledger_agrees(test, sink.counts()).await;
}

/// The same, by how many mails each person was accepted for, wherever that was counted.
pub async fn assert_ledger_agrees(test: &TestStore, mut accepted: BTreeMap<String, usize>) {
    let rows = sqlx::query(
        "SELECT COALESCE(o.recipient, p.address), o.state, o.doubts, COALESCE(o.edition_id, 0) FROM outgoing o
         LEFT JOIN subscriber p ON p.id = o.subscriber_id",
    )
    .fetch_all(&test.sql)
    .await
    .unwrap();
    let mut editions: BTreeMap<i64, BTreeMap<String, i64>> = BTreeMap::new();
    for row in &rows {
        let (recipient, state, doubts): (String, String, i64) = (row.get(0), row.get(1), row.get(2));
        // A sink hears domains as ASCII.
        let recipient = Mailbox::parse(&recipient).map_or(recipient, |mailbox| {
            format!("{}@{}", mailbox.address.local(), mailbox.address.ascii_domain())
        });
        let mails = accepted.remove(&recipient).unwrap_or(0);
        let doubts = usize::try_from(doubts).unwrap();
        match state.as_str() {
            "sent" => assert!(
                (1..=1 + doubts).contains(&mails),
                "{recipient}: sent, {mails} mails, {doubts} doubts"
            ),
            _ => assert!(mails <= doubts, "{recipient}: {state}, {mails} mails, {doubts} doubts"),
        }
        assert!(
            state != "in-doubt" || doubts > 0,
            "{recipient} is in doubt and not counted so"
        );
        *editions.entry(row.get(3)).or_default().entry(state).or_default() += 1;
    }
    assert!(accepted.is_empty(), "mails to people without a row: {accepted:?}");
    editions.remove(&0);
    for (edition, states) in editions {
        let counted = test.store.count_states(edition).await.unwrap();
        assert_eq!(counted, states, "what staff are told of edition {edition}");
    }
}

fn identity(mail: &Mail) -> (Option<String>, Option<String>) {
    (mail.header("Message-ID"), mail.header("Date"))
}

#[tokio::test]
async fn a_digest_reaches_everybody_once_with_one_round_trip_a_mail() {
    for_each_database(|test| async move {
        let sink = Sink::start().await;
        seed(&test, 300, SETTINGS).await;
        let summary = deliver(&test, &config_for(&sink, "sessions = 3")).await;
        assert_eq!(
            summary,
            Summary {
                sent: 300,
                ..Summary::default()
            }
        );
        assert_eq!(states(&test).await, "sent 300");
        assert_eq!(sink.counts().len(), 300);
        assert!(sink.most_open() <= 3);
        // One a mail; and for each session the greeting, two EHLO, first envelope, QUIT, and some gaps in the queue.
        assert!(sink.round_trips() < 300 + 90, "{} round trips", sink.round_trips());
        assert_eq!(
            number(&test, "SELECT count(*) FROM edition WHERE state = 'finished'").await,
            1
        );
        let ids: std::collections::BTreeSet<_> = sink
            .mails()
            .iter()
            .filter_map(|mail| mail.header("Message-ID"))
            .collect();
        assert_eq!(ids.len(), 300);
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

#[tokio::test]
async fn dots_arrive_as_they_were_written() {
    let test = TestStore::sqlite().await;
    let sink = Sink::start().await;
    seed(&test, 2, SETTINGS).await;
    deliver(&test, &config_for(&sink, "")).await;
    for mail in sink.mails() {
        assert!(
            mail.text().ends_with("\r\n\r\nText\r\n.\r\n..two dots\r\n"),
            "{}",
            mail.text()
        );
        assert_eq!(mail.sender, "news@example.org");
    }
    assert_ledger_is_whole(&test, &sink).await;
}

#[tokio::test]
async fn the_unsubscribe_link_opens_for_its_person_alone() {
    let test = TestStore::sqlite().await;
    let sink = Sink::start().await;
    seed(&test, 3, SETTINGS).await;
    deliver(&test, &config_for(&sink, "")).await;
    for mail in sink.mails() {
        let link = mail.header("List-Unsubscribe").unwrap();
        let token = link
            .trim_matches(['<', '>'])
            .strip_prefix("https://news.example.org/unsubscribe/")
            .unwrap()
            .to_owned();
        let (list, person) = Secret::from_bytes([7; 32]).verify_unsubscribe(&token).unwrap();
        assert_eq!(
            (list, format!("p{person}@example.org")),
            ("events".to_owned(), mail.recipient)
        );
    }
}

#[tokio::test]
async fn a_relay_without_extensions_gets_one_command_at_a_time() {
    let test = TestStore::sqlite().await;
    let offer = crate::sink::Offer {
        extensions: Vec::new(),
        ..Default::default()
    };
    let sink = Sink::offering(offer, |_| Act::Go).await;
    seed(&test, 5, SETTINGS).await;
    deliver(&test, &config_for(&sink, "sessions = 1")).await;
    assert_eq!(states(&test).await, "sent 5");
    let words: Vec<String> = sink
        .commands()
        .iter()
        .filter_map(|line| line.split([' ', ':']).next().map(str::to_owned))
        .collect();
    assert_eq!(words[..5], ["EHLO", "EHLO", "MAIL", "RCPT", "DATA"]);
    assert_eq!(words.last().map(String::as_str), Some("QUIT"));
    // Greeting, two EHLO, four for each mail, QUIT.
    assert_eq!(sink.round_trips(), 3 + 5 * 4 + 1);
    assert_ledger_is_whole(&test, &sink).await;
}

#[tokio::test]
async fn a_deferred_mail_arrives_later_as_the_same_mail() {
    for_each_database(|test| async move {
        let sink = Sink::with(|moment| match moment.at {
            At::Rcpt if moment.connection < 3 && moment.recipient.starts_with("p2@") => {
                Act::say("450 4.2.0 greylisted")
            }
            _ => Act::Go,
        })
        .await;
        seed(&test, 3, SETTINGS).await;
        let config = config_for(&sink, "sessions = 1");
        assert_eq!(deliver(&test, &config).await.deferred, 1);
        assert_eq!(row(&test, 2).await, ("deferred".into(), "refused".into()));
        let minutes = |count| chrono::TimeDelta::minutes(count);
        test.clock.advance(minutes(4));
        assert_eq!(deliver(&test, &config).await, Summary::default());
        test.clock.advance(minutes(2));
        assert_eq!(deliver(&test, &config).await.deferred, 1);
        test.clock.advance(minutes(17));
        deliver(&test, &config).await;
        test.clock.advance(minutes(34));
        deliver(&test, &config).await;
        assert_eq!(states(&test).await, "sent 3");
        let mails = sink.mails();
        let dates: std::collections::BTreeSet<_> = mails.iter().map(|mail| mail.header("Date")).collect();
        assert_eq!(dates.len(), 1, "the Date is that of the release");
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

#[tokio::test]
async fn a_row_is_given_up_after_two_days() {
    let test = TestStore::sqlite().await;
    let sink = Sink::with(|moment| {
        if moment.at == At::Rcpt {
            Act::say("450 busy")
        } else {
            Act::Go
        }
    })
    .await;
    seed(&test, 1, SETTINGS).await;
    let config = config_for(&sink, "");
    for _ in 0..120 {
        deliver(&test, &config).await;
        test.clock.advance(chrono::TimeDelta::minutes(40));
    }
    assert_eq!(row(&test, 1).await, ("failed".into(), "expired".into()));
    assert_eq!(
        number(&test, "SELECT count(*) FROM edition WHERE state = 'finished'").await,
        1
    );
    assert_eq!(test.store.retry_failed(1).await.unwrap().rows, 1);
    assert_eq!(
        number(&test, "SELECT count(*) FROM edition WHERE state = 'sending'").await,
        1
    );
    assert_ledger_is_whole(&test, &sink).await;
}

#[tokio::test]
async fn personal_mail_goes_first_and_through_the_same_door() {
    for_each_database(|test| async move {
        let sink = Sink::start().await;
        seed(&test, 20, SETTINGS).await;
        let mut tx = test.store.begin().await.unwrap();
        let mail = rapporteur::store::Personal {
            kind: "test",
            priority: 10,
            relay: "outbox".into(),
            recipient: "staff@example.org".into(),
            sender: "news@example.org".into(),
            message: "Subject: [Test]\r\n\r\nText\r\n".into(),
            list: None,
            link: None,
        };
        test.store.insert_personal(&mut tx, &mail).await.unwrap();
        tx.commit().await.unwrap();
        deliver(&test, &config_for(&sink, "sessions = 1")).await;
        let mails = sink.mails();
        assert_eq!((mails.len(), mails[0].recipient.as_str()), (21, "staff@example.org"));
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}

#[tokio::test]
async fn two_editions_share_the_relay() {
    let test = TestStore::sqlite().await;
    let sink = Sink::start().await;
    seed(&test, 400, SETTINGS).await;
    part_editions(&test, 200).await;
    deliver(&test, &config_for(&sink, "sessions = 1")).await;
    let early = sink.mails().into_iter().take(100).filter(|mail| {
        mail.recipient
            .trim_start_matches('p')
            .split('@')
            .next()
            .unwrap()
            .parse::<i64>()
            .unwrap()
            > 200
    });
    assert!((30..=70).contains(&early.count()), "neither waits for the other");
    assert_ledger_is_whole(&test, &sink).await;
}

#[tokio::test]
async fn reserved_addresses_never_reach_a_relay_beyond_loopback() {
    let test = TestStore::sqlite().await;
    seed(&test, 3, SETTINGS).await;
    let summary = deliver(&test, &config("kind = \"smtp\"\nhost = \"192.0.2.1\"\n")).await;
    assert_eq!(
        summary,
        Summary {
            skipped: 3,
            ..Summary::default()
        }
    );
    assert_eq!(row(&test, 1).await, ("skipped".into(), "reserved".into()));
}

#[tokio::test]
async fn a_maildir_gets_each_mail_as_a_file() {
    let test = TestStore::sqlite().await;
    seed(&test, 5, SETTINGS).await;
    let mut config = config("kind = \"file\"\npath = \"outbox\"\n");
    config.root = test.folder.path().to_owned();
    assert_eq!(deliver(&test, &config).await.sent, 5);
    let new = test.folder.path().join("outbox/new");
    assert_eq!(std::fs::read_dir(&new).unwrap().count(), 5);
    // In doubt and sent again: the same five files.
    test.run("UPDATE outgoing SET state = 'pending'; UPDATE edition SET state = 'sending'")
        .await;
    assert_eq!(deliver(&test, &config).await.sent, 5);
    assert_eq!(std::fs::read_dir(&new).unwrap().count(), 5);
}

#[tokio::test]
async fn the_catcher_keeps_each_mail_as_an_eml_file() {
    let test = TestStore::sqlite().await;
    seed(&test, 5, SETTINGS).await;
    let mut config = config("kind = \"catcher\"\npath = \"caught\"\n");
    config.root = test.folder.path().to_owned();
    assert_eq!(deliver(&test, &config).await.sent, 5);
    let caught = test.folder.path().join("caught");
    let mut names: Vec<String> = std::fs::read_dir(&caught)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 5);
    assert!(
        names[0].starts_with("0001-p") && names[0].ends_with("@example.org.eml"),
        "{names:?}"
    );
    let mail = std::fs::read_to_string(caught.join(&names[0])).unwrap();
    assert!(mail.ends_with("\r\n\r\nText\r\n.\r\n..two dots\r\n"), "{mail}");
}

#[tokio::test]
async fn the_daemon_ends_after_the_mail_in_hand_and_gives_the_rest_back() {
    for_each_database(|test| async move {
        let soft = CancellationToken::new();
        let stop = soft.clone();
        let sink = Sink::with(move |moment| {
            if moment.at == At::Dot && moment.accepted == 20 {
                stop.cancel();
            }
            Act::Go
        })
        .await;
        seed(&test, 500, SETTINGS).await;
        let delivery = open(&test, &config_for(&sink, "sessions = 2")).await;
        let ending = delivery.run(soft, CancellationToken::new());
        tokio::time::timeout(Duration::from_secs(30), ending)
            .await
            .expect("the daemon ends")
            .unwrap();
        let sent = sink.mails().len();
        assert!((21..=25).contains(&sent), "{sent} mails");
        assert_eq!(states(&test).await, format!("pending {}, sent {sent}", 500 - sent));
        assert_ledger_is_whole(&test, &sink).await;
        test
    })
    .await;
}
