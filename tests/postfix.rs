//! Postfix, a mail server that is not ours: what we hand to it lies in a mailbox afterwards, byte for byte.
//!
//! Each [`Postfix`] is an instance of its own, with configuration, queue, log and mailboxes in a temporary folder, on a
//! free port of loopback. It takes mail for the domains it was started for and passes nothing on. It ends with the
//! value, or, when the tests are killed, with their process. It needs root and Debian's `postfix`; without them the
//! tests are skipped and say so, and `RAPPORTEUR_REQUIRE_SERVICES=1` makes that a failure.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rapporteur::mail::{Plain, plain};
use rapporteur::store::Personal;
use tempfile::TempDir;

use crate::database::TestStore;
use crate::delivery::{SETTINGS, config, deliver, seed, states};

/// The services one needs to take mail in and lay it down; no client that could carry it elsewhere.
const SERVICES: &str = "
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
showq unix n - n - - showq
";

/// Lays down each mail for our domains in one Maildir; `X-Original-To` says for whom it was.
const MAIN: &str = "
compatibility_level = 3.6
meta_directory = /etc/postfix
mail_owner = postfix
setgid_group = postdrop
queue_directory = FOLDER/queue
data_directory = FOLDER/data
maillog_file = FOLDER/log
maillog_file_prefixes = FOLDER
myhostname = postfix.test
mydestination =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = reject_unauth_destination
local_header_rewrite_clients =
default_transport = error:this server delivers to its own mailboxes alone
relay_transport = error:this server delivers to its own mailboxes alone
virtual_mailbox_domains = DOMAINS
virtual_mailbox_base = FOLDER/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
";

/// How long Postfix may take to start, or to lay down what it has.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running Postfix.
pub struct Postfix {
    pub port: u16,
    folder: TempDir,
    keeper: Child,
}

impl Postfix {
    /// One that takes mail for every address of these domains; none where it cannot run.
    pub fn start(domains: &[&str]) -> Option<Postfix> {
        Postfix::start_with(domains, "", "")
    }

    /// With more lines of `main.cf`, which win over ours, and more services; FOLDER stands for its own folder.
    pub fn start_with(domains: &[&str], main: &str, services: &str) -> Option<Postfix> {
        let missing = match () {
            () if !succeeds(Command::new("postconf").args(["-d", "mail_version"])) => "Postfix is not installed",
            () if !is_root() => "Postfix needs root",
            () => return Some(Postfix::launch(domains, main, services)),
        };
        let required = std::env::var_os("RAPPORTEUR_REQUIRE_SERVICES").is_some_and(|value| value == "1");
        assert!(!required, "RAPPORTEUR_REQUIRE_SERVICES=1, and {missing}");
        println!("skipped: {missing}");
        None
    }

    fn launch(domains: &[&str], more: &str, more_services: &str) -> Postfix {
        let folder = tempfile::Builder::new()
            .prefix("rapporteur-postfix-")
            .tempdir()
            .unwrap();
        let path = folder.path();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        for name in ["config", "queue", "data", "mail"] {
            std::fs::create_dir(path.join(name)).unwrap();
        }
        let main = format!("{MAIN}{more}")
            .replace("FOLDER", path.to_str().unwrap())
            .replace("DOMAINS", &domains.join(", "));
        std::fs::write(path.join("config/main.cf"), main).unwrap();
        let services = format!("127.0.0.1:{port} inet n - n - - smtpd{SERVICES}{more_services}");
        std::fs::write(path.join("config/master.cf"), services).unwrap();
        // Its parts run as users of their own, who have to reach their folders.
        assert!(succeeds(Command::new("chmod").arg("755").arg(path)));
        assert!(succeeds(Command::new("chown").arg("postfix").arg(path.join("data"))));
        assert!(succeeds(
            Command::new("chown").arg("65534:65534").arg(path.join("mail"))
        ));
        // The shell stops the server and removes its folder when the pipe closes, however this process went.
        let script = r#"
            postfix -c "$1/config" start
            cat >/dev/null
            postfix -c "$1/config" stop
            rm -rf "$1"
        "#;
        let mut keeper = Command::new("sh");
        keeper.args(["-c", script, "sh"]).arg(path);
        let keeper = keeper
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let postfix = Postfix { port, folder, keeper };
        for _ in 0..PATIENCE.as_millis() / 50 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return postfix;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("Postfix did not start: {}", postfix.log());
    }

    /// The relay that leads to it, as the keys of `[relays.NAME]`.
    pub fn relay(&self) -> String {
        format!(
            "kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
            self.port
        )
    }

    /// What came for an address, in the order of arrival, as it was handed in: lines ended by CRLF, without the headers
    /// that Postfix put on top.
    pub fn mails(&self, address: &str) -> Vec<Vec<u8>> {
        let folder = std::fs::read_dir(self.folder.path().join("mail/all/new"));
        let mut paths: Vec<PathBuf> = folder
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort_by_key(|path| path.metadata().unwrap().modified().unwrap());
        let mails = paths
            .iter()
            .map(|path| Laid::read(path))
            .filter(|mail| mail.address.eq_ignore_ascii_case(address));
        mails.map(|mail| mail.message).collect()
    }

    /// The folder that mails are laid down in: a Maildir.
    pub fn maildir(&self) -> PathBuf {
        self.folder.path().join("mail/all")
    }

    /// Every mail it laid down, with the headers that it put on top.
    pub fn laid_down(&self) -> Vec<String> {
        let folder = std::fs::read_dir(self.folder.path().join("mail/all/new"));
        let paths = folder.into_iter().flatten().map(|entry| entry.unwrap().path());
        paths
            .map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned())
            .collect()
    }

    /// Waits until everything it took is laid down, sent back or dropped.
    pub async fn wait_until_quiet(&self) {
        for _ in 0..PATIENCE.as_millis() / 50 {
            let mut queue = Command::new("postqueue");
            let output = queue
                .arg("-c")
                .arg(self.folder.path().join("config"))
                .arg("-j")
                .output()
                .unwrap();
            if output.status.success() && output.stdout.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("Postfix still has mail in its queue: {}", self.log());
    }

    /// What it wrote into its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let pid = std::fs::read_to_string(self.folder.path().join("queue/pid/master.pid")).unwrap_or_default();
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
        // A process that has ended and waits for its parent has no command line any more.
        let command = std::fs::read(format!("/proc/{}/cmdline", pid.trim())).unwrap_or_default();
        let alive = !pid.is_empty() && String::from_utf8_lossy(&command).contains("/master");
        assert!(
            !alive || std::thread::panicking(),
            "Postfix, process {}, did not end",
            pid.trim()
        );
    }
}

/// A file of the Maildir.
struct Laid {
    address: String,
    message: Vec<u8>,
}

impl Laid {
    /// On top stand `Return-Path`, `X-Original-To`, `Delivered-To` and one `Received`, which goes on over indented lines.
    fn read(path: &Path) -> Laid {
        let bytes = std::fs::read(path).unwrap();
        let mut address = None;
        let mut rest = bytes.as_slice();
        let mut received = false;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&rest[..end]).into_owned();
            match line.split_once(": ") {
                Some(("X-Original-To", value)) => address = Some(value.to_owned()),
                Some(("Received", _)) if !received => received = true,
                Some(("Return-Path" | "Delivered-To", _)) if !received => {}
                _ if received && line.starts_with('\t') => {}
                _ => break,
            }
            rest = &rest[end + 1..];
        }
        let mut message = Vec::new();
        for line in rest.split_inclusive(|byte| *byte == b'\n') {
            message.extend(line.strip_suffix(b"\n").unwrap_or(line));
            message.extend(b"\r\n");
        }
        Laid {
            address: address.expect("X-Original-To"),
            message,
        }
    }
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn what_we_hand_in_lies_in_the_mailbox_byte_for_byte() {
    let Some(postfix) = Postfix::start(&["example.org"]) else {
        return;
    };
    let test = TestStore::sqlite().await;
    seed(&test, 3, SETTINGS).await;
    let written = plain(&Plain {
        from: "Institute <news@example.org>",
        reply_to: None,
        to: "staff@example.org",
        name: Some("Zoë Muster"),
        language: "de",
        subject: "Grüße aus Exampleton: „Zwei Flüsse“",
        text: ".\n..\n.a line that begins with a dot\nFrom here on: plain words, and one über that is not.\n",
        html: "",
        date: test.clock.now(),
        message_id: "one@example.org",
        boundary: "boundary",
    })
    .unwrap();
    let mut tx = test.store.begin().await.unwrap();
    let mail = Personal {
        kind: "test",
        priority: 10,
        relay: "outbox".into(),
        recipient: "staff@example.org".into(),
        sender: "news@example.org".into(),
        message: written.clone(),
        list: None,
        link: None,
    };
    test.store.insert_personal(&mut tx, &mail).await.unwrap();
    tx.commit().await.unwrap();

    deliver(&test, &config(&postfix.relay())).await;
    postfix.wait_until_quiet().await;

    assert_eq!(states(&test).await, "sent 3", "{}", postfix.log());
    let arrived = postfix.mails("staff@example.org");
    assert_eq!(arrived.len(), 1, "{}", postfix.log());
    assert_eq!(String::from_utf8_lossy(&arrived[0]), written);
    let read = mail_parser::MessageParser::default().parse(&arrived[0]).unwrap();
    assert_eq!(read.subject(), Some("Grüße aus Exampleton: „Zwei Flüsse“"));
    assert!(
        read.body_text(0).unwrap().starts_with(".\r\n..\r\n.a line"),
        "{:?}",
        read.body_text(0)
    );
    for person in 1..=3 {
        let digests = postfix.mails(&format!("p{person}@example.org"));
        assert_eq!(digests.len(), 1, "{}", postfix.log());
        assert!(
            digests[0].ends_with(b"\r\n\r\nText\r\n.\r\n..two dots\r\n"),
            "{}",
            String::from_utf8_lossy(&digests[0])
        );
    }
}

#[tokio::test]
async fn an_address_that_postfix_does_not_know_fails_for_good() {
    let Some(postfix) = Postfix::start(&["example.net"]) else {
        return;
    };
    let test = TestStore::sqlite().await;
    seed(&test, 1, SETTINGS).await;
    deliver(&test, &config(&postfix.relay())).await;
    postfix.wait_until_quiet().await;
    assert_eq!(states(&test).await, "failed 1", "{}", postfix.log());
    assert!(postfix.mails("p1@example.org").is_empty());
}
