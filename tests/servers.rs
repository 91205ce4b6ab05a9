//! Mail servers that are not ours take a whole digest: Postfix behind encryption and a password, Postfix with a next hop
//! that refuses some, `smtp-sink` itself, and aiosmtpd, whose mails Python then reads.
//!
//! Each is a process of its own in a temporary folder and ends with the value that stands for it, or with the tests.
//! Where one is not installed its tests are skipped and say so; `RAPPORTEUR_REQUIRE_SERVICES=1` makes that a failure.

mod aiosmtpd;
mod smtp_sink;
mod with_password;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::process::{Place, until};

/// A server that ends with this value: the shell that keeps it waits for its input to close.
pub struct Kept {
    keeper: Child,
}

impl Kept {
    /// `server` is a line of shell that replaces itself by the server; `$1` is the folder, and its log goes to `log` there.
    pub fn start(server: &str, folder: &Path, port: u16) -> Kept {
        let script = format!(
            "{{ {server}; }} >\"$1/log\" 2>&1 </dev/null &\nserver=$!\ncat >/dev/null\nkill \"$server\"\nwait \"$server\"\n"
        );
        let keeper = Command::new("sh")
            .args(["-c", &script, "sh"])
            .arg(folder)
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Kept { keeper }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

pub fn wait_for(port: u16, log: &Path) {
    until("the server listens", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).ok().map(drop)
    });
    assert!(log.exists());
}

/// Sends, as often as it takes, until nothing is open.
pub fn send_to_the_end(place: &Place) {
    until("nothing is open", || {
        place.run(&["resume", "main"]);
        place.run(&["send", "events", "--yes"]);
        (place.states().0 == "finished").then_some(())
    });
}

/// How often each person got a mail.
pub fn by_person(addresses: impl IntoIterator<Item = String>) -> BTreeMap<String, usize> {
    addresses.into_iter().fold(BTreeMap::new(), |mut counts, address| {
        *counts.entry(address).or_default() += 1;
        counts
    })
}
