//! The sink as a process of its own, whose log is the judge when the program under test is killed.
//!
//! The test binary runs itself with `RAPPORTEUR_TEST_SINK=FOLDER`. The sink writes its port to `FOLDER/port` and one
//! line for each mail it accepts to `FOLDER/log`, before it answers: milliseconds since 1970, recipient and Message-ID
//! parted by tabs. `RAPPORTEUR_TEST_SINK_WAIT_MS` makes it wait before each answer to a final dot. It ends when its
//! standard input is closed, that is, with the process that started it.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use crate::sink::{Act, At, Offer, Sink};

const FOLDER: &str = "RAPPORTEUR_TEST_SINK";
const WAIT: &str = "RAPPORTEUR_TEST_SINK_WAIT_MS";

/// A sink in another process; it ends when dropped.
pub struct SinkProcess {
    pub port: u16,
    folder: PathBuf,
    child: Child,
}

/// A line of the sink's log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Logged {
    pub ms: u128,
    pub recipient: String,
    pub message_id: String,
}

impl SinkProcess {
    #[expect(
        clippy::zombie_processes,
        reason = "waited for when it is dropped; a sink that does not start ends the test"
    )]
    pub fn start(folder: &Path, wait: Duration) -> SinkProcess {
        std::fs::create_dir_all(folder).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sink_process::serves_when_asked_to", "--nocapture"])
            .env(FOLDER, folder)
            .env(WAIT, wait.as_millis().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let port_file = folder.join("port");
        for _ in 0..200 {
            if let Ok(port) = std::fs::read_to_string(&port_file).unwrap_or_default().trim().parse() {
                return SinkProcess {
                    port,
                    folder: folder.to_owned(),
                    child,
                };
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("the sink process did not start");
    }

    /// What was accepted so far, in order. A line that is being written is not there yet.
    pub fn log(&self) -> Vec<Logged> {
        let text = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        whole
            .lines()
            .map(|line| {
                let mut parts = line.split('\t');
                let mut part = || parts.next().unwrap().to_owned();
                Logged {
                    ms: part().parse().unwrap(),
                    recipient: part(),
                    message_id: part(),
                }
            })
            .collect()
    }
}

impl Drop for SinkProcess {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Not a test unless it is asked to be the sink.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serves_when_asked_to() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let wait = std::env::var(WAIT)
        .unwrap_or_default()
        .parse()
        .map_or(Duration::ZERO, Duration::from_millis);
    let log = Mutex::new(
        File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"))
            .unwrap(),
    );
    let plan = move |moment: &crate::sink::Moment| match moment.at {
        At::Dot if !wait.is_zero() => Act::Wait(wait),
        _ => Act::Go,
    };
    let sink = Sink::listening("127.0.0.1:0", Offer::default(), plan, move |mail| {
        let message_id = mail.header("Message-ID").unwrap_or_default();
        let line = format!("{}\t{}\t{message_id}\n", mail.at_ms, mail.recipient);
        log.lock().unwrap().write_all(line.as_bytes()).unwrap();
    })
    .await;
    // Under another name first: whoever waits for the file never reads half a number.
    std::fs::write(folder.join("port.part"), sink.address.port().to_string()).unwrap();
    std::fs::rename(folder.join("port.part"), folder.join("port")).unwrap();
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_sink_in_another_process_logs_what_it_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let sink = SinkProcess::start(folder.path(), Duration::ZERO);
    let said = tokio::task::spawn_blocking({
        let port = sink.port;
        move || {
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
            let mail = "Message-ID: <1@example.org>\r\n\r\nText\r\n.\r\n";
            let envelope = "EHLO me\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n";
            write!(stream, "{envelope}{mail}QUIT\r\n").unwrap();
            let mut said = String::new();
            stream.read_to_string(&mut said).unwrap();
            said
        }
    })
    .await
    .unwrap();
    assert!(said.contains("queued"), "{said}");
    let log = sink.log();
    assert_eq!(log.len(), 1);
    assert_eq!(
        (log[0].recipient.as_str(), log[0].message_id.as_str()),
        ("b@example.org", "<1@example.org>")
    );
}
