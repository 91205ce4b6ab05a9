//! The built binary as people run it: killed, stopped, in trouble, beside itself, and through a Postfix that is not ours.
//!
//! A [`Place`] is a folder with a `config.toml`, a report and people; commands run in it as processes of their own. What
//! is judged is what came out: exit status, words, the relay's log, mailboxes and feeds. Nothing waits for a time to
//! pass: [`until`] looks again and again, and gives up loudly.

mod daemon;
mod disk;
mod ended;
mod frozen;
mod kill;
mod postfix;
mod reload;
mod trouble;

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long anything that is waited for may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// A report in the form of the institute's own plain text.
const REPORT: &str = "Lindenfeld Institute hosts round table on shared river basins

The Lindenfeld Institute on 12th of March 2026 hosted a round table on water and neighbourhood at its office in Vienna. \
“Who Owns a River?” brought together hydrologists, lawyers and town planners.

Ottilie Brandhuber noted that most river treaties are older than the gauges that measure the rivers.
";

/// A folder of an institute, gone afterwards.
pub struct Place {
    folder: TempDir,
}

impl Place {
    /// With one report and these keys of `[relays.main]`; `{more}` goes to the top of the file.
    pub fn new(relay: &str, more: &str) -> Place {
        let place = Place {
            folder: tempfile::tempdir().unwrap(),
        };
        place.configure(relay, more);
        place.drop_report("rivers.txt", REPORT, 60);
        place
    }

    /// Writes `config.toml`. The next slot is days away, so that nothing goes out by itself.
    pub fn configure(&self, relay: &str, more: &str) {
        let text = format!(
            r#"{more}
[institute]
name = "Lindenfeld Institute"
postal_address = "12 Example Street, 10115 Berlin"
languages = ["en", "de"]
tag_authority = "example.org,2026"

[web]
listen = "127.0.0.1:0"
allow_insecure_links = true

[delivery]
resend_after = "1s"

[relays.main]
{relay}

[sources.reports]
kind = "folder"
path = "reports"
backfill = "all"
settle = "0s"

[lists.events]
title = "Events at the Lindenfeld Institute"
from = "Lindenfeld Institute <events@example.org>"
reply_to = "office@example.org"
basis = "You asked for our reports."
backfill = "all"
approval = "none"

[lists.events.cadences]
yearly = {{ cron = "0 8 1 JAN *", zone = "Europe/Berlin" }}
"#
        );
        self.write("config.toml", &text);
    }

    /// Changes the configuration; the words must be there.
    pub fn reconfigure(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path("config.toml")).unwrap();
        assert!(text.contains(from), "{from}");
        self.write("config.toml", &text.replace(from, to));
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A report that was last changed so many seconds ago: it lies still, and nobody has to wait for that.
    pub fn drop_report(&self, name: &str, text: &str, age: u64) {
        let path = self.path("reports").join(name);
        // Under a name that is passed over, so that no half of it is ever read.
        let part = path.with_extension("part");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&part, text).unwrap();
        let file = File::options().write(true).open(&part).unwrap();
        let written = file.metadata().unwrap().modified().unwrap();
        file.set_modified(written - Duration::from_secs(age)).unwrap();
        std::fs::rename(part, path).unwrap();
    }

    /// `p1@example.org` to `pN@example.org`.
    pub fn put_people(&self, count: usize) {
        let rows: String = (1..=count).map(|person| format!("p{person}@example.org\n")).collect();
        self.write("subscribers/events.csv", &format!("email\n{rows}"));
    }

    /// What SQLite says of the soundness of the database in `data`.
    pub fn check_database(&self) -> String {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite:{}", self.path("data/rapporteur.db").display());
        let asked = async {
            let database = sqlx::AnyPool::connect(&url).await.unwrap();
            let row = sqlx::query("PRAGMA integrity_check")
                .fetch_one(&database)
                .await
                .unwrap();
            sqlx::Row::get::<String, _>(&row, 0)
        };
        tokio::runtime::Runtime::new().unwrap().block_on(asked)
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rapporteur"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_remove("RUST_LOG")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        let output = self.command(args).output().unwrap();
        Ran {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that must do.
    pub fn done(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.status, Some(0), "{args:?}: {ran:?}");
        ran.out
    }

    /// The one document that a command prints with `--json`.
    pub fn json(&self, args: &[&str]) -> serde_json::Value {
        let out = self.done(&[args, &["--json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}"))
    }

    /// `sent 10, pending 2` of `events/1`, and the edition's state.
    pub fn states(&self) -> (String, String) {
        let shown = self.json(&["editions", "show", "events/1"]);
        let counts = shown["counts"].as_object().unwrap().iter();
        let counts: Vec<String> = counts.map(|(state, count)| format!("{state} {count}")).collect();
        (shown["state"].as_str().unwrap().to_owned(), counts.join(", "))
    }

    pub fn start(&self, args: &[&str]) -> Running {
        let (out, err) = (self.path("out.log"), self.path("err.log"));
        let child = self
            .command(args)
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .spawn()
            .unwrap();
        Running { child, out, err }
    }

    /// Starts `run` and waits until it serves; returns the port of its pages too.
    pub fn start_daemon(&self) -> (Running, u16) {
        let mut daemon = self.start(&["run"]);
        let port = until("the daemon serves", || {
            assert!(daemon.child.try_wait().unwrap().is_none(), "{}", daemon.said());
            let said = daemon.said();
            let (_, rest) = said.split_once("127.0.0.1:")?;
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            rest[digits.len()..]
                .starts_with(|next: char| !next.is_ascii_digit())
                .then(|| digits.parse().ok())?
        });
        (daemon, port)
    }
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A command that goes on; killed when dropped.
pub struct Running {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Running {
    /// What it said on both voices so far.
    pub fn said(&self) -> String {
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        read(&self.out) + &read(&self.err)
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGKILL: nothing of it goes on.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and what became of it.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    pub fn signal(&self, name: &str) {
        let (name, pid) = (format!("-{name}"), self.child.id().to_string());
        assert!(Command::new("kill").args([name, pid]).status().unwrap().success());
    }

    pub fn wait(&mut self) -> ExitStatus {
        until("the process ends", || self.child.try_wait().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks until there is something; what never comes fails the test.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("waited {PATIENCE:?} in vain until {what}");
}

/// An answer of the daemon's pages.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Asks for a page with these header lines, each ended by CRLF.
pub fn get(port: u16, path: &str, headers: &str) -> Page {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    Page {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

impl Page {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}
