//! aiosmtpd, a server in Python that takes addresses beyond ASCII; Python's own strict parser reads what it took.

use std::process::Command;

use super::{Kept, by_person, free_port, wait_for};
use crate::feeds::others::{run, wanted};
use crate::process::Place;

/// Takes everything, and lays each mail down with the line of its recipient on top.
const SERVER: &str = r#"
import asyncio, sys
from pathlib import Path
from aiosmtpd.smtp import SMTP

class Handler:
    count = 0
    async def handle_DATA(self, server, session, envelope):
        Handler.count += 1
        assert len(envelope.rcpt_tos) == 1, envelope.rcpt_tos
        content = (envelope.rcpt_tos[0] + "\n").encode() + envelope.content
        part = Path(sys.argv[1]) / f"{Handler.count:04}.part"
        part.write_bytes(content)
        part.rename(part.with_suffix(".eml"))
        return "250 2.0.0 Ok"

async def main():
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(Handler(), enable_SMTPUTF8=True, decode_data=False, hostname="aiosmtpd.test")
    server = await loop.create_server(make, "127.0.0.1", int(sys.argv[2]))
    await server.serve_forever()

asyncio.run(main())
"#;

/// Reads every mail; prints for whom each was.
const JUDGE: &str = r#"
import email, sys
from email import policy
from pathlib import Path

strict = policy.strict.clone(linesep="\r\n", utf8=True)
reached = []
for path in sorted(Path(sys.argv[1]).glob("*.eml")):
    recipient, content = path.read_bytes().split(b"\n", 1)
    recipient = recipient.decode()
    # The parser of bytes knows no header beyond ASCII (RFC 6532), and only addresses beyond ASCII need one.
    if recipient.isascii():
        message = email.message_from_bytes(content, policy=strict)
    else:
        message = email.message_from_string(content.decode(), policy=strict)
    assert not message.defects, (path, message.defects)
    for name, value in message.items():
        # Python calls each local part beyond ASCII a defect, where RFC 6532 allows it.
        defects = [d for d in getattr(value, "defects", ()) if type(d).__name__ != "NonASCIILocalPartDefect"]
        assert not defects, (path, name, defects)
    assert [a.addr_spec for a in message["to"].addresses] == [recipient], (path, message["to"])
    kinds = []
    for part in message.walk():
        assert not part.defects, (path, part.defects)
        kinds.append(part.get_content_type())
        if not part.is_multipart():
            assert "shared river basins" in " ".join(part.get_content().split()), path
    assert kinds == ["multipart/alternative", "text/plain", "text/html"], (path, kinds)
    reached.append(recipient)
Path(sys.argv[1], "reached").write_text("\n".join(reached))
"#;

const PEOPLE: usize = 200;

#[test]
fn two_hundred_mails_through_aiosmtpd_are_read_by_python_without_a_defect() {
    let found = Command::new("python3").args(["-c", "import aiosmtpd"]).output();
    if !wanted("aiosmtpd", found.is_ok_and(|output| output.status.success())) {
        return;
    }
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    std::fs::write(folder.path().join("server.py"), SERVER).unwrap();
    let _server = Kept::start("exec python3 \"$1/server.py\" \"$1\" \"$2\"", folder.path(), port);
    wait_for(port, &folder.path().join("log"));

    let relay = format!("kind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nsessions = 4\n");
    let place = Place::new(&relay, "");
    let people: Vec<String> = (1..=PEOPLE)
        .map(|person| match person % 10 {
            0 => format!("jörg{person}@example.org"),
            1 => format!("p{person}@bücher.example"),
            _ => format!("p{person}@example.org"),
        })
        .collect();
    let names = ["Zoë Muster", "\"Muster, Ada\"", "Иван Пример", "", "O'Example"];
    let rows: String = people
        .iter()
        .zip(names.iter().cycle())
        .zip(["en", "de"].iter().cycle())
        .map(|((address, name), language)| format!("{address},{name},{language}\n"))
        .collect();
    place.write("subscribers/events.csv", &format!("email,name,language\n{rows}"));
    place.done(&["send", "events", "--yes"]);
    let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert_eq!(
        place.states(),
        ("finished".to_owned(), format!("sent {PEOPLE}")),
        "{}",
        log()
    );

    let path = folder.path().to_str().unwrap();
    let (good, said) = run("python3", &["-X", "utf8", "-c", JUDGE, path], "");
    assert!(good, "{said}");
    let reached = std::fs::read_to_string(folder.path().join("reached")).unwrap();
    let reached = by_person(reached.lines().map(str::to_owned));
    assert_eq!(reached.len(), PEOPLE, "nobody left out");
    assert!(reached.values().all(|mails| *mails == 1), "nobody twice: {reached:?}");
    for address in &people {
        let address = address.replace("bücher.example", "xn--bcher-kva.example");
        assert!(reached.contains_key(&address), "{address}");
    }
}
