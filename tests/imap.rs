//! Servers of bounce mailboxes that say no, or speak nonsense: a fake one, for Dovecot does neither.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rapporteur::publish::{Taken, collect_returned};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::app::{EVENTS, REPORTS, TestApp};

const LETTER: &str = "From: ada@example.org\r\nSubject: hello\r\n\r\nA letter.\r\n";

/// How a server differs from a good one: a command, and what it answers instead; `TAG` is the command's tag.
type Twist = (&'static str, &'static str);

/// A server with two mails on a free port of loopback, which ends with the test.
async fn server(twist: Option<Twist>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let lying = Arc::new(Mutex::new(vec![1, 2]));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let mut socket = BufReader::new(socket);
            socket.write_all(b"* OK ready\r\n").await.unwrap();
            let mut line = String::new();
            while socket.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                let said = answer(line.trim_end(), &lying, twist);
                socket.write_all(said.as_bytes()).await.unwrap();
                line.clear();
            }
        }
    });
    port
}

fn answer(line: &str, lying: &Mutex<Vec<u32>>, twist: Option<Twist>) -> String {
    let (tag, command) = line.split_once(' ').unwrap();
    let done = format!("{tag} OK done\r\n");
    if let Some((_, instead)) = twist.filter(|(of, _)| command.starts_with(of)) {
        return instead.replace("TAG", tag);
    }
    let mut lying = lying.lock().unwrap();
    if command == "CAPABILITY" {
        return format!("* CAPABILITY IMAP4rev1 UIDPLUS\r\n{done}");
    }
    if command.starts_with("UID SEARCH") {
        let uids: Vec<String> = lying.iter().map(|uid| format!(" {uid}")).collect();
        return format!("* SEARCH{}\r\n{done}", uids.concat());
    }
    if let Some(uid) = command.strip_prefix("UID FETCH ") {
        let uid = uid.split(' ').next().unwrap();
        let mail = format!("X-Number: {uid}\r\n{LETTER}");
        return format!(
            "* {uid} FETCH (UID {uid} BODY[]<0> {{{}}}\r\n{mail})\r\n{done}",
            mail.len()
        );
    }
    if let Some(uids) = command.strip_prefix("UID EXPUNGE ") {
        let gone: Vec<u32> = uids.split(',').map(|uid| uid.parse().unwrap()).collect();
        lying.retain(|uid| !gone.contains(uid));
    }
    done
}

/// What became of two letters in a mailbox whose server has this twist, and how many of them were kept for staff.
async fn collect(twist: Option<Twist>) -> (Result<Vec<Taken>, String>, i64) {
    let port = server(twist).await;
    let app = TestApp::with(&format!(
        "{REPORTS}{EVENTS}[bounces]\nkind = \"imap\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
         user = \"bounces\"\npassword = \"sesame\"\n"
    ))
    .await;
    let collecting = tokio::time::timeout(Duration::from_secs(20), collect_returned(&app.house));
    let taken = collecting.await.expect("it ends").map_err(|error| format!("{error:#}"));
    let kept = app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM unclear").await;
    app.close().await;
    (taken, kept)
}

#[tokio::test]
async fn a_mailbox_without_a_twist_is_emptied() {
    let (taken, kept) = collect(None).await;
    assert_eq!((taken.unwrap().len(), kept), (2, 2));
}

/// FLT-25: a folder that only may be read is trouble, and not mails taken for ever; nor is a search that fails an empty
/// mailbox.
#[tokio::test]
async fn a_server_that_says_no_is_believed() {
    for (of, instead, why, counted) in [
        (
            "UID STORE",
            "TAG NO [READ-ONLY] only for reading\r\n",
            "STORE: only for reading",
            2,
        ),
        ("UID EXPUNGE", "TAG NO not now\r\n", "EXPUNGE: not now", 2),
        ("UID SEARCH", "TAG NO not now\r\n", "SEARCH: not now", 0),
        ("UID EXPUNGE", "TAG OK done\r\n", "they still lie there", 2),
        // One mail that cannot be read keeps nobody from the other.
        (
            "UID FETCH 1 ",
            "TAG NO of ada@example.org\r\n",
            "FETCH: a mail cannot be read: of <…>",
            1,
        ),
    ] {
        let (taken, kept) = collect(Some((of, instead))).await;
        let error = taken.unwrap_err();
        assert!(error.ends_with(why), "{of}: {error}");
        assert_eq!(kept, counted, "{of}");
    }
}

/// SEC-19.
#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_repeated() {
    for instead in [
        "* 1 FETCH (UID 1 BODY[]<0> my secret letter by ada@example.org)\r\nTAG OK done\r\n",
        "my secret letter by ada@example.org\r\n",
    ] {
        let (taken, _) = collect(Some(("UID FETCH", instead))).await;
        let error = taken.unwrap_err();
        assert!(error.ends_with("FETCH: an answer that cannot be read"), "{error}");
    }
    let long = "TAG NO word\r\n".replace("word", &"word ".repeat(200));
    let (taken, _) = collect(Some(("UID SEARCH", long.leak()))).await;
    assert!(taken.unwrap_err().len() < 250);
}
