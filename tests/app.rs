//! A whole house for one test: a folder with a configuration, a fresh store, a clock that is moved by hand, a mailbox.
//!
//! One method for each thing a person does. When it is dropped it looks at what is left: nothing may be due and unsent,
//! every mail belongs to one row, and nobody was told a report twice (rules 1 and 2).

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use mail_parser::MessageParser;
use rapporteur::clock::{Clock, from_millis};
use rapporteur::config::Config;
use rapporteur::delivery::{Delivery, Summary};
use rapporteur::edition::{Hand, What};
use rapporteur::feed::{self, Format, Part, Scope};
use rapporteur::publish::{
    self, Collected, Collector, Decided, House, Order, ReportDecision, Synced, Ticked, read_hands,
};
use rapporteur::store::{Edition, Pause, Stored};
use rapporteur::subscriber::Address;
use rapporteur::web;
use sqlx::{AnyPool, AssertSqlSafe, Row};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::database::{MORNING, postgres};

/// What a test need not say.
const INSTITUTE: &str = r#"
[institute]
name = "Lindenfeld Institute"
postal_address = "Lindenfeld Institute, 12 Example Street, 10115 Berlin"
languages = ["en", "de"]
tag_authority = "example.org,2026"
[web]
public_url = "https://news.example.org"
"#;
const OUTBOX: &str = "[relays.outbox]\nkind = \"file\"\npath = \"outbox\"\n";
/// One source; its `backfill` is the test's to change.
pub const REPORTS: &str = "[sources.reports]\nkind = \"folder\"\npath = \"reports\"\nbackfill = \"all\"\n";
/// One list that nobody has to approve.
pub const EVENTS: &str = r#"
[lists.events]
title = "Events"
from = "Events <events@example.org>"
approval = "none"
backfill = "all"
cadences.weekly = { cron = "0 8 * * MON", zone = "Europe/Berlin" }
cadences.daily = { cron = "0 8 * * *", zone = "Europe/Berlin" }
cadences.immediate = "immediate"
"#;

pub struct TestApp {
    pub house: House,
    pub clock: Clock,
    /// A second way into the database, for arranging and judging.
    pub sql: AnyPool,
    pub folder: TempDir,
    collector: Collector,
    url: String,
    relay: String,
    dropped: AtomicI64,
    /// Mails may be left due, because the test paused or broke something.
    leaves_open: bool,
}

/// A mail that lies in a mailbox.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub date: String,
    pub raw: String,
}

/// Runs a test on each database there is.
pub async fn for_each_app<F: Future<Output = TestApp>>(configuration: &str, test: impl Fn(TestApp) -> F) {
    let done = test(TestApp::with(configuration).await).await;
    done.close().await;
    if let Some(server) = postgres() {
        let url = server.fresh_database().await;
        let app = TestApp::on_postgres(url, configuration).await;
        test(app).await.close().await;
    }
}

impl TestApp {
    /// One list `events`, on SQLite.
    pub async fn new() -> TestApp {
        TestApp::with(&format!("{REPORTS}{EVENTS}")).await
    }

    /// The sources and lists of this configuration, on SQLite.
    pub async fn with(configuration: &str) -> TestApp {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        TestApp::open(folder, url, configuration, OUTBOX).await
    }

    /// With a relay on this machine instead of the mailbox.
    pub async fn with_relay(configuration: &str, port: u16) -> TestApp {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let relay = format!(
            "[relays.outbox]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nsessions = 1\n"
        );
        TestApp::open(folder, url, configuration, &relay).await
    }

    /// On this database, with a mailbox.
    pub async fn on_postgres(url: String, configuration: &str) -> TestApp {
        TestApp::open(tempfile::tempdir().unwrap(), url, configuration, OUTBOX).await
    }

    async fn open(folder: TempDir, url: String, configuration: &str, relay: &str) -> TestApp {
        std::fs::create_dir_all(folder.path().join("reports")).unwrap();
        let clock = Clock::fixed(from_millis(MORNING));
        let config = read(&folder, &url, relay, configuration);
        let house = House::open(config, clock.clone()).await.unwrap();
        TestApp {
            house,
            clock,
            sql: AnyPool::connect(&url).await.unwrap(),
            folder,
            collector: Collector::default(),
            url,
            relay: relay.to_owned(),
            dropped: AtomicI64::new(0),
            leaves_open: false,
        }
    }

    /// The configuration is changed and the program begins anew.
    pub async fn reconfigure(&mut self, configuration: &str) {
        let config = read(&self.folder, &self.url, &self.relay, configuration);
        let house = House::open(config, self.clock.clone()).await.unwrap();
        std::mem::replace(&mut self.house, house).store.close().await;
        self.collector = Collector::default();
    }

    /// The same folder with an empty database, as after a disaster.
    pub async fn lose_the_database(&mut self, configuration: &str) {
        self.sql.close().await;
        self.url = format!("sqlite:{}", self.folder.path().join("anew.db").display());
        self.reconfigure(configuration).await;
        self.sql = AnyPool::connect(&self.url).await.unwrap();
        std::fs::remove_dir_all(self.folder.path().join("outbox")).ok();
    }

    /// A second program on the same database.
    pub async fn another_house(&self, configuration: &str) -> House {
        let config = read(&self.folder, &self.url, &self.relay, configuration);
        House::open(config, self.clock.clone()).await.unwrap()
    }

    /// Why a configuration is refused on this database.
    pub async fn refused_house(&self, configuration: &str) -> String {
        let config = read(&self.folder, &self.url, &self.relay, configuration);
        format!("{:#}", House::open(config, self.clock.clone()).await.unwrap_err())
    }

    /// The whole folder, copied to another place and opened there.
    pub async fn copied_house(&self, to: &TempDir, configuration: &str) -> House {
        for name in ["test.db", "test.db-wal", "test.db.host", "secret.key"] {
            let copied = std::fs::copy(self.folder.path().join(name), to.path().join(name));
            assert!(copied.is_ok() || name == "test.db-wal", "{name}: {copied:?}");
        }
        let url = format!("sqlite:{}", to.path().join("test.db").display());
        let config = read(to, &url, &self.relay, configuration);
        House::open(config, self.clock.clone()).await.unwrap()
    }

    /// Ends the test: what is left is looked at now, and not when the value goes.
    pub async fn close(self) {
        self.house.store.close().await;
        self.sql.close().await;
    }

    /// From here on mails may stay unsent.
    pub fn leave_open(&mut self) {
        self.leaves_open = true;
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// Moves the clock forward to this instant, `2026-05-11 06:00`, UTC.
    pub fn at(&self, instant: &str) {
        let to = instant_of(instant);
        assert!(to >= self.now(), "{instant} is in the past");
        self.advance(to - self.now());
    }
}

fn read(folder: &TempDir, url: &str, relay: &str, configuration: &str) -> Config {
    let mut institute = INSTITUTE.to_owned();
    if configuration.contains("\"ru\"") {
        // An institute speaks the languages of its lists.
        institute = institute.replace("\"de\"]", "\"de\", \"ru\"]");
    }
    let text = format!("{institute}[store]\nurl = \"{url}\"\n{relay}{configuration}");
    Config::parse(&text, &folder.path().join("config.toml"), std::iter::empty()).unwrap()
}

pub fn instant_of(text: &str) -> DateTime<Utc> {
    chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M")
        .unwrap()
        .and_utc()
}

/// A report in Markdown. `more` are lines of front matter.
pub fn report(title: &str, more: &str) -> String {
    format!("---\ntitle: {title}\nlanguage: en\n{more}---\n\nThe text of {title} tells what was said that evening.\n")
}

// What staff and readers do with files.
impl TestApp {
    /// A report called so lies in the folder, in a file named after it.
    pub fn drop_titled(&self, title: &str) {
        self.drop_report(&format!("{}.md", slug::slugify(title)), &report(title, ""));
    }

    /// A file that has lain still for about a minute; no two are of the same millisecond.
    pub fn drop_report(&self, name: &str, text: &str) {
        let dropped = self.dropped.fetch_add(1, Ordering::SeqCst);
        self.drop_aged(name, text, TimeDelta::minutes(1) - TimeDelta::milliseconds(dropped));
    }

    /// A file last changed so long ago, by the test's clock.
    pub fn drop_aged(&self, name: &str, text: &str, age: TimeDelta) {
        let path = self.write(&format!("reports/{name}"), text);
        self.age(&path, age);
    }

    /// As if the file had last been changed so long ago.
    pub fn age(&self, path: &Path, age: TimeDelta) {
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified((self.now() - age).into())
            .unwrap();
    }

    /// A file beside `config.toml`.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn rename(&self, from: &str, to: &str) {
        let reports = self.folder.path().join("reports");
        std::fs::rename(reports.join(from), reports.join(to)).unwrap();
    }

    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.folder.path().join("reports").join(name)).unwrap();
    }

    /// The list's people are these rows: `address`, or `address,name,language,topics,cadence`.
    pub async fn people(&self, list: &str, rows: &[&str]) -> Synced {
        let text = format!("email,name,language,topics,cadence\n{}\n", rows.join("\n"));
        self.write(&format!("subscribers/{list}.csv"), &text);
        let synced = publish::sync(&self.house, list, true).await.unwrap();
        assert!(synced.refused.is_empty(), "{:?}", synced.refused);
        synced
    }

    pub async fn leave(&self, list: &str, address: &str) {
        let id = self.subscriber(address).await;
        let left = self.house.store.unsubscribe(list, id, "one-click", self.now()).await;
        assert!(left.unwrap());
    }

    pub async fn subscriber(&self, address: &str) -> i64 {
        let key = Address::parse(address).unwrap().key();
        let row = sqlx::query("SELECT id FROM subscriber WHERE address_key = $1").bind(key);
        row.fetch_one(&self.sql).await.unwrap().get(0)
    }
}

// What the program does.
impl TestApp {
    /// Looks into the folder once.
    pub async fn collect(&mut self) -> Collected {
        let mut all = publish::collect_folders(&self.house, &mut self.collector, &[])
            .await
            .unwrap();
        let collected = all.remove(0);
        assert_eq!(collected.error, None);
        collected
    }

    /// Collects one source that is a folder or a file, whatever becomes of it.
    pub async fn collect_from(&mut self, source: &str) -> Collected {
        let names = [source.to_owned()];
        let all = publish::collect_folders(&self.house, &mut self.collector, &names).await;
        all.unwrap().remove(0)
    }

    /// Looks into the folder and lets `settle` pass, with the ticks the daemon makes.
    pub async fn settle(&mut self) -> Collected {
        let collected = self.collect().await;
        self.advance(TimeDelta::minutes(10));
        self.tick().await;
        collected
    }

    /// These reports are dropped, collected and published.
    pub async fn publish(&mut self, titles: &[&str]) {
        for title in titles {
            self.drop_titled(title);
        }
        self.collect().await;
        publish::publish_settled(&self.house, true).await.unwrap();
    }

    /// What the daemon does at a beat; nothing may fail.
    pub async fn tick(&self) -> Ticked {
        let ticked = publish::tick(&self.house).await.unwrap();
        assert!(ticked.errors.is_empty(), "{:?}", ticked.errors);
        ticked
    }

    /// The same at this instant.
    pub async fn tick_at(&self, instant: &str) -> Ticked {
        self.at(instant);
        self.tick().await
    }

    pub async fn deliver(&self) -> Summary {
        let delivery = Delivery::open(
            self.house.store.clone(),
            &self.house.config,
            self.clock.clone(),
            self.house.secret.clone(),
        );
        delivery
            .await
            .unwrap()
            .deliver_due(&CancellationToken::new())
            .await
            .unwrap()
    }

    /// `send LIST`: collects, seals what is new for everybody, delivers. The edition's number.
    pub async fn send(&mut self, list: &str) -> Option<i64> {
        self.send_what(list, What::All, &[]).await
    }

    /// `send LIST --cadence C`, `--only`, `--without`.
    pub async fn send_what(&mut self, list: &str, what: What, without: &[&str]) -> Option<i64> {
        self.collect().await;
        publish::publish_settled(&self.house, true).await.unwrap();
        let mut hands = read_hands(&self.house, list).unwrap();
        if !without.is_empty() {
            let hand: &mut Hand = hands.by_language.entry(String::new()).or_default();
            hand.without.extend(without.iter().map(|word| (*word).to_owned()));
        }
        let cadence = match &what {
            What::Cadence(cadence) => cadence.clone(),
            What::Only {
                cadence: Some(cadence), ..
            } => cadence.clone(),
            _ => publish::MANUAL.to_owned(),
        };
        let order = Order {
            what,
            cadence,
            ..publish::by_hand(&self.house, hands.by_language.clone())
        };
        let number = publish::seal(&self.house, list, &order, &hands, publish::Seen::Nothing, "staff")
            .await
            .unwrap();
        publish::release_due(&self.house).await.unwrap();
        self.deliver().await;
        number
    }

    /// `send LIST --correct ID --note FILE`.
    pub async fn correct(&mut self, list: &str, id: i64, note: &str) -> Option<i64> {
        let correction = What::Correction {
            report: id,
            note: note.to_owned(),
        };
        self.send_what(list, correction, &[]).await
    }

    pub async fn decide(&self, list: &str, number: i64, decided: Decided) -> Result<String, String> {
        publish::decide_edition(&self.house, list, number, decided, "staff")
            .await
            .map(|told| told.said)
            .map_err(|error| format!("{error:#}"))
    }

    /// `reports hold ID` and so on.
    pub async fn decide_report(&self, id: i64, decision: ReportDecision) -> String {
        publish::decide_report(&self.house, id, decision, "staff")
            .await
            .unwrap()
    }

    pub async fn pause(&self, scope: &str) {
        let pause = Pause {
            scope: scope.to_owned(),
            who: "staff".into(),
            why: None,
            since: self.now(),
            until: None,
        };
        self.house.store.pause(&pause).await.unwrap();
    }

    pub async fn resume(&self, scope: &str) {
        assert!(self.house.store.unpause(scope).await.unwrap());
    }
}

// What there is to see.
impl TestApp {
    pub async fn stored(&self, id: i64) -> Stored {
        self.house.store.find_report(id).await.unwrap().unwrap()
    }

    /// The id of the report called so.
    pub async fn id(&self, title: &str) -> i64 {
        let reports = self.house.store.list_reports().await.unwrap();
        let found = reports.iter().find(|stored| stored.report.title == title);
        found.unwrap_or_else(|| panic!("no report is called {title}")).id
    }

    pub async fn edition(&self, list: &str, number: i64) -> Edition {
        self.house.store.find_edition(list, number).await.unwrap().unwrap()
    }

    /// Titles of the edition's items, sorted.
    pub async fn items(&self, list: &str, number: i64) -> Vec<String> {
        let edition = self.edition(list, number).await;
        let items = self.house.store.list_items(edition.id).await.unwrap();
        let mut titles: Vec<String> = items.into_iter().map(|item| item.report.title).collect();
        titles.sort();
        titles
    }

    /// State of the person's row in the edition, with the reason: `skipped (topics)`; empty: no row.
    pub async fn row(&self, list: &str, number: i64, address: &str) -> String {
        let edition = self.edition(list, number).await;
        let rows = self.house.store.list_recipients(edition.id, None).await.unwrap();
        rows.iter()
            .find(|row| row.address == address)
            .map(|row| match &row.reason {
                Some(reason) => format!("{} ({reason})", row.state),
                None => row.state.clone(),
            })
            .unwrap_or_default()
    }

    /// What became of the slots of a cadence, oldest first: `2026-05-11 06:00 edition`.
    pub async fn slots(&self, list: &str, cadence: &str) -> Vec<String> {
        let mut slots = self.house.store.list_slots(list, 10_000).await.unwrap();
        slots.retain(|slot| slot.cadence == cadence);
        slots.sort_by_key(|slot| slot.slot);
        let say = |slot: &rapporteur::store::DecidedSlot| {
            format!("{} {}", from_millis(slot.slot).format("%Y-%m-%d %H:%M"), slot.outcome)
        };
        slots.iter().map(say).collect()
    }

    /// All mails, the oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        mails_in(&self.folder.path().join("outbox"))
    }

    /// The mails of rows that were purged are not ours to take back.
    pub fn forget_mails(&self) {
        std::fs::remove_dir_all(self.folder.path().join("outbox")).unwrap();
    }

    pub fn mails_of(&self, address: &str) -> Vec<Mail> {
        let mut mails = self.mails();
        mails.retain(|mail| mail.to == address);
        mails
    }

    /// Which of these titles the person was told, by the mails they have.
    pub fn told(&self, address: &str, titles: &[&str]) -> Vec<String> {
        let mails = self.mails_of(address);
        let in_mails = |title: &&&str| {
            mails
                .iter()
                .any(|mail| mail.text.contains(**title) || mail.subject.contains(**title))
        };
        titles
            .iter()
            .filter(in_mails)
            .map(|title| (*title).to_owned())
            .collect()
    }

    /// The Atom feed of a list, or of all.
    pub async fn feed(&self, scope: Scope) -> String {
        let reports = self.house.store.list_published_reports().await.unwrap();
        let source = feed::Source {
            config: &self.house.config,
            templates: &self.house.templates,
            reports: &reports,
            known: &feed::Known::default(),
            pictures: &self.house.store.list_pictures().await.unwrap(),
            now: self.house.now(),
        };
        feed::build(&scope, Part::Newest, source).unwrap().write(Format::Atom)
    }

    /// A page of the web as it is now; empty if there is none.
    pub async fn page(&self, path: &str) -> String {
        self.ask(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// What the button of a page answers; empty if there is no such page.
    pub async fn press(&self, path: &str) -> String {
        self.ask(Request::post(path).body(Body::empty()).unwrap()).await
    }

    async fn ask(&self, request: Request<Body>) -> String {
        let house = &self.house;
        let app = web::App::new(
            house.config.clone(),
            house.store.clone(),
            house.clock.clone(),
            house.secret.clone(),
            house.templates.clone(),
        );
        let answer = web::router(app.await.unwrap()).oneshot(request).await.unwrap();
        if answer.status() != StatusCode::OK {
            return String::new();
        }
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub async fn count(&self, sql: &str) -> i64 {
        let row = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(&self.sql).await;
        row.unwrap().get(0)
    }

    pub async fn run(&self, sql: &str) {
        sqlx::query(AssertSqlSafe(sql.to_owned()))
            .execute(&self.sql)
            .await
            .unwrap();
    }
}

fn mails_in(outbox: &Path) -> Vec<Mail> {
    let files = std::fs::read_dir(outbox.join("new")).into_iter().flatten().flatten();
    let mut mails: Vec<(std::time::SystemTime, Mail)> = files
        .map(|file| {
            let raw = std::fs::read_to_string(file.path()).unwrap();
            let parsed = MessageParser::default().parse(raw.as_bytes()).unwrap();
            let to = raw
                .lines()
                .find_map(|line| line.strip_prefix("Delivered-To: "))
                .unwrap();
            let mail = Mail {
                to: to.to_owned(),
                subject: parsed.subject().unwrap_or_default().to_owned(),
                text: parsed.body_text(0).unwrap_or_default().into_owned(),
                html: parsed.body_html(0).unwrap_or_default().into_owned(),
                date: parsed.date().map(mail_parser::DateTime::to_rfc3339).unwrap_or_default(),
                raw: raw.clone(),
            };
            (file.metadata().unwrap().modified().unwrap(), mail)
        })
        .collect();
    mails.sort_by_key(|(at, _)| *at);
    mails.into_iter().map(|(_, mail)| mail).collect()
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let (url, now) = (self.url.clone(), self.now().timestamp_millis());
        let mailbox = self.relay == OUTBOX;
        let outbox = self.folder.path().join("outbox");
        let leaves_open = self.leaves_open;
        // A thread of its own, because this one already runs tasks.
        let judged = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let sql = AnyPool::connect(&url).await.unwrap();
                if !leaves_open {
                    assert_nothing_is_due(&sql, now).await;
                }
                assert_nobody_was_told_twice(&sql).await;
                if mailbox {
                    assert_ledger_and_mailbox_agree(&sql, mails_in(&outbox)).await;
                }
                sql.close().await;
            });
        });
        if let Err(panic) = judged.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

async fn assert_nothing_is_due(sql: &AnyPool, now: i64) {
    let due = sqlx::query(
        "SELECT COUNT(*) FROM outgoing o LEFT JOIN edition e ON e.id = o.edition_id WHERE o.state IN \
         ('pending', 'claimed', 'handoff', 'deferred') AND o.next_at <= $1 AND (o.edition_id IS NULL OR e.state = 'sending')",
    );
    let due: i64 = due.bind(now).fetch_one(sql).await.unwrap().get(0);
    assert_eq!(
        due, 0,
        "mails are due and were not sent: deliver, or say that they may stay"
    );
}

async fn assert_nobody_was_told_twice(sql: &AnyPool) {
    let twice = sqlx::query(
        "SELECT o.subscriber_id, i.report_id, i.matter FROM outgoing o JOIN variant_item i ON i.variant_id = o.variant_id \
         WHERE o.state NOT IN ('skipped', 'failed') GROUP BY o.subscriber_id, i.report_id, i.matter HAVING COUNT(*) > 1",
    );
    let twice = twice.fetch_all(sql).await.unwrap();
    let twice: Vec<(i64, i64, String)> = twice.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert!(twice.is_empty(), "told twice (subscriber, report, matter): {twice:?}");
}

async fn assert_ledger_and_mailbox_agree(sql: &AnyPool, mails: Vec<Mail>) {
    let rows = sqlx::query(
        "SELECT COALESCE(o.recipient, p.address) FROM outgoing o LEFT JOIN subscriber p ON p.id = o.subscriber_id \
         WHERE o.state = 'sent' AND COALESCE(p.state, '') <> 'erased'",
    );
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for row in rows.fetch_all(sql).await.unwrap() {
        *expected.entry(row.get(0)).or_default() += 1;
    }
    let mut found: BTreeMap<String, i64> = BTreeMap::new();
    for mail in mails {
        *found.entry(mail.to).or_default() += 1;
    }
    assert_eq!(expected, found, "rows that say sent, and mails in the mailbox");
}
