//! Bounces from a mailbox by IMAP, the real way: Postfix does not find somebody and writes a bounce, which Dovecot gives us.
//!
//! Dovecot is a process of its own, in a temporary folder, on free ports of loopback, and ends with the value that stands
//! for it. It needs root and Debian's `dovecot-imapd`; without them the tests are skipped and say so.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rapporteur::bounce::Kind;
use rapporteur::publish::{Taken, collect_returned, mailbox_trouble, take_returned, watch_mailbox};
use rapporteur::store::Counted;
use tempfile::TempDir;

use crate::app::{EVENTS, REPORTS, TestApp};
use crate::delivery::tls::fixture;
use crate::feeds::others::{installed, wanted};
use crate::postfix::Postfix;
use crate::process::{Place, until};
use crate::servers::{Kept, free_port, wait_for};

const DOVECOT: &str = "
base_dir = FOLDER/run
state_dir = FOLDER/state
log_path = FOLDER/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <CERTIFICATE
ssl_key = <KEY
auth_mechanisms = plain login
mail_location = maildir:MAILDIR
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = FOLDER/users
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=FOLDER/home
}
service imap-login {
  inet_listener imap {
    port = STARTTLS
  }
  inet_listener imaps {
    port = IMPLICIT
    ssl = yes
  }
}
";

/// A mailbox of `bounces`, with the password `sesame`.
struct Dovecot {
    starttls: u16,
    implicit: u16,
    folder: TempDir,
    kept: Option<Kept>,
}

impl Dovecot {
    fn start(maildir: &Path) -> Option<Dovecot> {
        let is_root = Command::new("id").arg("-u").output();
        let can = installed("dovecot")
            && Path::new("/usr/lib/dovecot/imap").exists()
            && is_root.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
        if !wanted("dovecot-imapd", can) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["run", "state", "home"] {
            std::fs::create_dir(path.join(name)).unwrap();
        }
        std::os::unix::fs::chown(path.join("home"), Some(65534), Some(65534)).unwrap();
        std::fs::write(path.join("users"), "bounces:{PLAIN}sesame\n").unwrap();
        let (starttls, implicit) = (free_port(), free_port());
        let text = DOVECOT
            .replace("FOLDER", path.to_str().unwrap())
            .replace("MAILDIR", maildir.to_str().unwrap())
            .replace("CERTIFICATE", fixture("localhost.pem").to_str().unwrap())
            .replace("KEY", fixture("localhost.key").to_str().unwrap())
            .replace("STARTTLS", &starttls.to_string())
            .replace("IMPLICIT", &implicit.to_string());
        std::fs::write(path.join("dovecot.conf"), text).unwrap();
        let mut dovecot = Dovecot {
            starttls,
            implicit,
            folder,
            kept: None,
        };
        dovecot.go_on();
        Some(dovecot)
    }

    fn go_on(&mut self) {
        let path = self.folder.path();
        self.kept = Some(Kept::start("exec dovecot -F -c \"$1/dovecot.conf\"", path, 0));
        wait_for(self.implicit, &path.join("log"));
    }

    fn go_away(&mut self) {
        self.kept = None;
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("dovecot.log")).unwrap_or_default()
    }
}

/// Postfix that takes mail for everybody, finds nobody at other domains than its own, and lays down what it writes to
/// our bounce address.
fn postfix() -> Option<Postfix> {
    let main = "smtpd_relay_restrictions = permit_mynetworks, reject\ndefault_transport = nowhere\n";
    // It takes the mail first, and then finds nobody: 67 is EX_NOUSER.
    let nowhere = "nowhere unix - n n - - pipe user=nobody argv=/bin/sh -c {exit 67}\n";
    Postfix::start_with(&["example.org"], main, nowhere)
}

/// A Maildir that Dovecot may use.
fn maildir() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["mail", "mail/new", "mail/cur", "mail/tmp"] {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        std::os::unix::fs::chown(&path, Some(65534), Some(65534)).unwrap();
    }
    folder
}

fn configuration(more: &str) -> String {
    let events = EVENTS.replace("approval =", "bounce_address = \"bounces@example.org\"\napproval =");
    format!(
        "{REPORTS}{events}[bounces]\nkind = \"imap\"\nhost = \"localhost\"\nuser = \"bounces\"\npassword = \"sesame\"\n{more}"
    )
}

fn trusting(port: u16, more: &str) -> String {
    configuration(&format!(
        "port = {port}\nca_file = \"{}\"\n{more}",
        fixture("ca.pem").display()
    ))
}

async fn state(app: &TestApp, address: &str) -> String {
    let id = app.subscriber(address).await;
    app.house.store.find_subscriber(id).await.unwrap().unwrap().state
}

fn lying(maildir: &Path) -> usize {
    ["new", "cur"]
        .iter()
        .map(|name| std::fs::read_dir(maildir.join(name)).map_or(0, Iterator::count))
        .sum()
}

/// Lays a mail down as a mail server does.
fn lay_down(maildir: &Path, name: &str, mail: &str) {
    let path = maildir.join("tmp").join(name);
    std::fs::write(&path, mail).unwrap();
    std::os::unix::fs::chown(&path, Some(65534), Some(65534)).unwrap();
    std::fs::rename(&path, maildir.join("new").join(name)).unwrap();
}

fn dsn(to: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com\nTo: {to}\nSubject: Undelivered Mail Returned to Sender\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nSorry.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n\
         Final-Recipient: rfc822; ada@example.net\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_postfix_does_not_find_is_suspended_by_the_bounce_that_dovecot_gives_us() {
    let Some(postfix) = postfix() else { return };
    let Some(dovecot) = Dovecot::start(&postfix.maildir()) else {
        return;
    };
    let mut app = TestApp::with_relay(&trusting(dovecot.implicit, ""), postfix.port).await;
    app.people("events", &["ada@example.net", "bob@example.org"]).await;
    app.drop_titled("The first");
    app.send("events").await.unwrap();
    postfix.wait_until_quiet().await;
    // Bob's digest lies in the same folder.
    assert_eq!(lying(&postfix.maildir()), 2, "{}", postfix.log());

    let taken = collect_returned(&app.house).await.unwrap();
    let suspended = Taken::Counted {
        kind: Kind::Bounce,
        counted: Counted::Suspended,
    };
    assert!(taken.contains(&suspended), "{taken:?} {}", dovecot.log());
    assert_eq!(state(&app, "ada@example.net").await, "suspended");
    assert_eq!(state(&app, "bob@example.org").await, "active");
    assert_eq!(lying(&postfix.maildir()), 0, "what is counted is gone");
    assert!(collect_returned(&app.house).await.unwrap().is_empty());
    app.close().await;
}

/// BNC-12, SEC-18.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_counts_once_whatever_crashes_and_moves_to_the_folder_of_those_that_count() {
    let folder = maildir();
    let maildir = folder.path().join("mail");
    let Some(dovecot) = Dovecot::start(&maildir) else {
        return;
    };
    let configured = trusting(dovecot.starttls, "tls = \"starttls\"\ndone = \"Counted\"\n");
    let mut app = TestApp::with(&configured).await;
    app.people("events", &["ada@example.net", "bob@example.net"]).await;
    app.drop_titled("The first");
    app.send("events").await.unwrap();
    let of = |address: &str| {
        let mail = app.mails_of(address).pop().unwrap();
        let path = mail.raw.lines().find_map(|line| line.strip_prefix("Return-Path: <"));
        dsn(path.unwrap().trim_end_matches('>'))
    };
    lay_down(&maildir, "1", &of("ada@example.net"));
    lay_down(&maildir, "2", &of("bob@example.net"));
    // Counted, and then the program died before it moved the mail. The server gives lines that end in CR LF.
    take_returned(&app.house, of("ada@example.net").replace('\n', "\r\n").as_bytes())
        .await
        .unwrap();
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM bounce").await, 1);
    let taken = collect_returned(&app.house).await.unwrap();
    let counted = |counted| Taken::Counted {
        kind: Kind::Bounce,
        counted,
    };
    assert_eq!(
        taken,
        [counted(Counted::Known), counted(Counted::Suspended)],
        "{}",
        dovecot.log()
    );
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM bounce").await, 2);
    assert_eq!((lying(&maildir), lying(&maildir.join(".Counted"))), (0, 2));

    // Who is not whom we trust, or does not let us in, gets and loses nothing.
    lay_down(&maildir, "3", "Subject: hello\n\nA letter.\n");
    let port = dovecot.implicit;
    for (configured, why) in [
        (configuration(&format!("port = {port}\n")), "TLS: "),
        (trusting(port, "").replace("sesame", "wrong"), "LOGIN"),
        (trusting(port, "folder = \"Nowhere\"\n"), "folder Nowhere"),
        (trusting(dovecot.starttls, "tls = \"implicit\"\n"), "TLS"),
    ] {
        app.reconfigure(&configured).await;
        let error = format!("{:#}", collect_returned(&app.house).await.unwrap_err());
        assert!(error.contains(why), "{error}");
        assert!(!error.contains("wrong\"") && !error.contains("sesame"), "{error}");
        assert_eq!(lying(&maildir), 1);
    }
    app.close().await;
}

/// FLT-25.
#[tokio::test(flavor = "multi_thread")]
async fn news_is_taken_when_it_comes_and_a_server_that_is_away_stops_nothing_but_that() {
    let folder = maildir();
    let maildir = folder.path().join("mail");
    let Some(mut dovecot) = Dovecot::start(&maildir) else {
        return;
    };
    let mut app = TestApp::with(&trusting(dovecot.implicit, "")).await;
    app.people("events", &["ada@example.net"]).await;
    let house = app.house.clone();
    let (sender, mut taken) = tokio::sync::mpsc::unbounded_channel();
    let watching = tokio::spawn(async move {
        let told = |taken| drop(sender.send(taken));
        watch_mailbox(&house, told).await;
    });
    let patience = Duration::from_secs(30);
    lay_down(&maildir, "1", "Subject: hello\n\nA letter.\n");
    assert!(matches!(
        tokio::time::timeout(patience, taken.recv()).await.unwrap(),
        Some(Taken::Unclear(_))
    ));
    // It waits for news now, or is about to; either way it hears of the next one.
    lay_down(&maildir, "2", "Subject: hello\n\nAnother letter.\n");
    assert!(matches!(
        tokio::time::timeout(patience, taken.recv()).await.unwrap(),
        Some(Taken::Unclear(_))
    ));

    dovecot.go_away();
    let mut trouble = None;
    for _ in 0..300 {
        trouble = mailbox_trouble(&app.house).await.unwrap();
        if trouble.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let trouble = trouble.expect("written down for `status`");
    assert_eq!(trouble.since, app.now());
    // Everything else goes on.
    app.drop_titled("The first");
    app.send("events").await.unwrap();
    assert_eq!(app.mails().len(), 1);
    watching.abort();
    let _ = watching.await;

    // Once it is back, what came meanwhile is taken, and the trouble is over.
    lay_down(&maildir, "3", "Subject: hello\n\nA third letter.\n");
    dovecot.go_on();
    let house = app.house.clone();
    let (sender, mut taken) = tokio::sync::mpsc::unbounded_channel();
    let watching = tokio::spawn(async move {
        let told = |taken| drop(sender.send(taken));
        watch_mailbox(&house, told).await;
    });
    assert!(tokio::time::timeout(patience, taken.recv()).await.unwrap().is_some());
    for _ in 0..300 {
        if mailbox_trouble(&app.house).await.unwrap().is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(mailbox_trouble(&app.house).await.unwrap(), None);
    watching.abort();
    let _ = watching.await;
    app.close().await;
}

/// SEC-19, FLT-25.
#[test]
fn the_daemon_takes_bounces_and_its_log_holds_no_password_however_much_it_says() {
    let folder = maildir();
    let maildir = folder.path().join("mail");
    let Some(mut dovecot) = Dovecot::start(&maildir) else {
        return;
    };
    let place = Place::new("kind = \"file\"\npath = \"outbox\"", "");
    let config = std::fs::read_to_string(place.path("config.toml")).unwrap();
    let bounces = format!(
        "[bounces]\nkind = \"imap\"\nhost = \"localhost\"\nport = {}\nuser = \"bounces\"\npassword = \"sesame\"\nca_file = \"{}\"\n",
        dovecot.implicit,
        fixture("ca.pem").display()
    );
    place.write("config.toml", &format!("{config}\n{bounces}"));
    lay_down(&maildir, "1", "Subject: hello\n\nA letter.\n");
    let log = place.path("trace.log");
    let mut daemon = place
        .command(&["run"])
        .env("RUST_LOG", "trace")
        .stdout(std::process::Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    until("the mail is taken", || (lying(&maildir) == 0).then_some(()));
    dovecot.go_away();
    let told = until("status tells that the server is away", || {
        let said = place.done(&["status"]);
        said.contains("Bounces: the mailbox cannot be read since")
            .then_some(said)
    });
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("a mail came back"), "{log}");
    for said in [&told, &log] {
        assert!(
            !said.contains("sesame"),
            "{}",
            said.lines().find(|line| line.contains("sesame")).unwrap()
        );
    }
}
