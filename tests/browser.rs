//! Pages and mails in a real browser: people with a keyboard or a screen reader get by, and nobody needs a script.
//!
//! Needs chromium and node; looking for barriers needs axe-core, whose place `RAPPORTEUR_AXE` names. Without them the
//! tests say so; with `RAPPORTEUR_REQUIRE_SERVICES=1` they fail.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use rapporteur::publish::{self, reviewer};
use rapporteur::token::{Ballot, Choice, Link};
use rapporteur::web;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::app::TestApp;
use crate::joining::{ANNA, answer, confirm_path, lists, subscriptions};

/// A browser that does what it is told, one thing after the other.
struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    base: String,
    _profile: TempDir,
}

impl Browser {
    fn start(base: String) -> Browser {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("node")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/drive.mjs"))
            .arg(profile.path())
            .args(axe())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Browser {
            to: child.stdin.take().unwrap(),
            from: BufReader::new(child.stdout.take().unwrap()),
            child,
            base,
            _profile: profile,
        }
    }

    fn tell(&mut self, command: &Value) -> Value {
        writeln!(self.to, "{command}").unwrap();
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{command}: {line:?}"));
        assert_eq!(said.get("error"), None, "{command}");
        said
    }

    fn goto(&mut self, path: &str) {
        let url = match path.starts_with('/') {
            true => format!("{}{path}", self.base),
            false => path.to_owned(),
        };
        self.tell(&json!({ "do": "goto", "url": url }));
    }

    fn fill(&mut self, selector: &str, value: &str) {
        self.tell(&json!({ "do": "fill", "selector": selector, "value": value }));
    }

    fn tick(&mut self, selector: &str) {
        self.tell(&json!({ "do": "tick", "selector": selector }));
    }

    fn press(&mut self, selector: &str) {
        self.tell(&json!({ "do": "press", "selector": selector }));
    }

    fn read(&mut self) -> String {
        self.tell(&json!({ "do": "read" }))["text"].as_str().unwrap().to_owned()
    }

    /// Barriers on the page that is shown, by light and by dark, on a small screen and a large one.
    fn barriers(&mut self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (width, dark) in [(360, true), (1280, false)] {
            self.tell(&json!({ "do": "set", "width": width, "dark": dark }));
            let said = self.tell(&json!({ "do": "axe" }));
            let faults = said["faults"].as_array().unwrap().iter();
            found.extend(faults.map(|fault| format!("{name} at {width}: {fault}")));
            let shown = self.tell(&json!({ "do": "read" }));
            if shown["width"].as_i64().unwrap() > width {
                found.push(format!("{name} is wider than {width}"));
            }
        }
        found
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn axe() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("RAPPORTEUR_AXE")?);
    path.is_file().then_some(path)
}

/// Whether what a test needs is here.
fn wanted(what: &str, found: bool) -> bool {
    let required = std::env::var_os("RAPPORTEUR_REQUIRE_SERVICES").is_some_and(|value| value == "1");
    assert!(
        found || !required,
        "RAPPORTEUR_REQUIRE_SERVICES=1, and {what} is not here"
    );
    if !found {
        println!("skipped: {what} is not here");
    }
    found
}

fn has(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// The house's pages on a port, and a browser in front of them.
async fn open(app: &TestApp) -> (Browser, CancellationToken) {
    let house = app.house.clone();
    let web = web::App::new(house.config, house.store, house.clock, house.secret, house.templates);
    let web = web.await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let end = CancellationToken::new();
    tokio::spawn(web::serve(listener, web::router(web.clone()), web, end.clone()));
    (Browser::start(base), end)
}

/// An address at which this is the page.
fn html(html: &str) -> String {
    let coded = base64::engine::general_purpose::STANDARD.encode(html);
    format!("data:text/html;charset=utf-8;base64,{coded}")
}

fn settings() -> String {
    let quick = "[signup]\nmin_fill = \"0s\"\n";
    let lists = lists().replacen(
        "approval =",
        "welcome = true\npreview_to = [\"editor@example.org\"]\napproval =",
        1,
    );
    format!("{lists}{quick}")
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_joins_chooses_and_leaves_without_a_script() {
    if !wanted("chromium", has("chromium")) || !wanted("node", has("node")) {
        return;
    }
    let app = TestApp::with(&settings()).await;
    let (mut browser, end) = open(&app).await;
    browser.tell(&json!({ "do": "set", "width": 360, "scripts": false, "language": "de" }));
    browser.goto("/");
    browser.press("a[href='/subscribe']");
    browser.fill("#email", ANNA);
    browser.tick("#list-events");
    browser.press("form button");
    assert!(browser.read().contains("Bitte sehen Sie in Ihr Postfach."));
    assert_eq!(answer(&app).await, 1);

    browser.goto(&confirm_path(&app.mails_of(ANNA)[0]));
    assert!(browser.read().contains("a…@example.org"));
    browser.press("form button");
    assert!(browser.read().contains("Sie haben abonniert."));
    app.deliver().await;

    let subscriber = app.subscriber(ANNA).await;
    browser.goto(&app.house.secret.path(&Link::Preferences { subscriber }));
    browser.fill("#cadence-events", "daily");
    browser.tick("#topic-events-1");
    browser.press("form button:not([name])");
    assert!(browser.read().contains("Gespeichert."));
    let chosen = "SELECT COUNT(*) FROM subscription WHERE cadence = 'daily' AND topics = '[\"economy\"]'";
    assert_eq!(app.count(chosen).await, 1);

    browser.goto(&format!(
        "/unsubscribe/{}",
        app.house.secret.unsubscribe("events", subscriber)
    ));
    browser.press("button[value=list]");
    assert!(browser.read().contains("Abbestellt."));
    assert_eq!(subscriptions(&app, ANNA).await, ["events left active"]);
    browser.press("form[action^='/undo/'] button");
    assert!(browser.read().contains("Sie haben wieder abonniert."));
    assert_eq!(subscriptions(&app, ANNA).await, ["events active active"]);
    drop(browser);
    end.cancel();
}

/// WCAG 2.2, level AA, as far as a program can tell.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_and_no_mail_puts_a_barrier_in_anybodys_way() {
    let here = wanted("chromium", has("chromium")) && wanted("node", has("node"));
    if !here || !wanted("axe-core", axe().is_some_and(|path| Path::new(&path).is_file())) {
        return;
    }
    let mut app = TestApp::with(&settings()).await;
    app.people(
        "events",
        &["bea@example.org,Bea,en,,", "carl@example.org,Carl,de,economy,daily"],
    )
    .await;
    app.publish(&["Rivers", "Bridges and their builders"]).await;
    app.send("events").await;
    let (mut browser, end) = open(&app).await;
    let mut found = Vec::new();
    for path in [
        "/",
        "/feeds/",
        "/reports/rivers",
        "/nowhere",
        "/confirm/x",
        "/preferences",
    ] {
        browser.goto(path);
        found.extend(browser.barriers(path));
    }
    // Its policy lets no script run, not even the one that looks for barriers.
    browser.goto(&html(&app.page("/editions/events/1").await));
    found.extend(browser.barriers("an edition"));
    browser.goto("/subscribe");
    found.extend(browser.barriers("the form"));
    browser.tick("#email");
    browser.tell(&json!({ "do": "fill", "selector": "#email", "value": "x@y" }));
    browser.press("form button");
    found.extend(browser.barriers("the form with faults"));
    for list in ["events", "lectures"] {
        browser.tick(&format!("#list-{list}:not(:checked)"));
    }
    browser.fill("#email", ANNA);
    browser.press("form button");
    found.extend(browser.barriers("asked"));
    answer(&app).await;
    let confirmation = app.mails_of(ANNA).remove(0);
    browser.goto(&confirm_path(&confirmation));
    found.extend(browser.barriers("confirm"));
    browser.press("form button");
    found.extend(browser.barriers("confirmed"));
    app.deliver().await;

    let subscriber = app.subscriber(ANNA).await;
    browser.goto(&app.house.secret.path(&Link::Preferences { subscriber }));
    found.extend(browser.barriers("preferences"));
    browser.press("form button:not([name])");
    found.extend(browser.barriers("preferences, saved"));
    browser.goto(&format!(
        "/unsubscribe/{}",
        app.house.secret.unsubscribe("events", subscriber)
    ));
    found.extend(browser.barriers("unsubscribe"));
    browser.press("button[value=list]");
    found.extend(browser.barriers("unsubscribed"));
    let ballot = Ballot {
        choice: Choice::Hold,
        list: "events".into(),
        number: 1,
        reviewer: app.house.secret.reviewer("editor@example.org"),
    };
    assert!(reviewer(&app.house, &ballot).is_some());
    browser.goto(&format!("/decide/{}", app.house.secret.ballot(&ballot)));
    found.extend(browser.barriers("decide"));

    let digest = app.mails_of("carl@example.org").remove(0);
    let welcome = app.mails_of(ANNA).remove(1);
    assert!(welcome.subject.starts_with("Welcome"), "{}", welcome.subject);
    for mail in [&digest, &confirmation, &welcome] {
        browser.goto(&html(&mail.html));
        found.extend(browser.barriers(&mail.subject));
    }
    browser.goto("data:text/html,<html><body><img src='x'><input></body></html>");
    assert!(!browser.barriers("a bad page").is_empty(), "nothing would be found");
    assert!(found.is_empty(), "{}", found.join("\n"));
    publish::tick(&app.house).await.unwrap();
    drop(browser);
    end.cancel();
}
