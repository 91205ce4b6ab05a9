//! DKIM: what the sink received is held against dkimpy, a program that is not ours (AUTH-01 to AUTH-06, AUTH-08).

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rapporteur::config::{Config, Signer};
use rapporteur::delivery::sign::{Algorithm, Key, KeyError};

use crate::app::{EVENTS, REPORTS, TestApp};
use crate::commands::Place;
use crate::feeds::others::{run, wanted};
use crate::sink::Sink;

/// Reads every mail of a folder. Each has two signatures, both true over the bytes as they are and false over others.
const VERIFY: &str = r#"
import sys, pathlib, re, dkim
folder = pathlib.Path(sys.argv[1])
records = dict(line.split("\t") for line in (folder / "records").read_text().splitlines())
ask = lambda name, timeout=5: records.get(name.decode().rstrip("."), "").encode() or None
def true(mail, index):
    try:
        return dkim.DKIM(mail).verify(idx=index, dnsfunc=ask)
    except dkim.DKIMException:
        return False
wanted = "from to subject date message-id reply-to mime-version content-type list-id list-unsubscribe list-unsubscribe-post feedback-id auto-submitted".split()
count = 0
for path in sorted(folder.glob("*.eml")):
    mail = path.read_bytes()
    head = mail.split(b"\r\n\r\n", 1)[0].decode()
    signatures = re.findall(r"^DKIM-Signature:((?:.|\r\n[ \t])*?)(?=\r\n\S)", head, re.M)
    assert len(signatures) == 2, (path, len(signatures))
    for index, signature in enumerate(signatures):
        assert true(mail, index), (path, index, signature)
        tags = dict(tag.strip().split("=", 1) for tag in signature.replace("\r\n", "").split(";") if tag.strip())
        signed = [name.strip().lower() for name in tags["h"].split(":")]
        assert set(wanted) <= set(signed), signed
        assert all(signed.count(name) == 2 for name in ["from", "subject", "content-type", "list-unsubscribe", "list-unsubscribe-post"]), signed
        assert tags["c"] == "relaxed/relaxed" and "l" not in tags and tags["d"] == "example.org", tags
        assert tags["a"] in ("rsa-sha256", "ed25519-sha256"), tags
    if count == 0:
        for forged in (b"From: Eve <eve@example.net>\r\n" + mail, b"List-Unsubscribe: <https://example.net>\r\n" + mail,
                       b"Subject: Other\r\n" + mail, mail.replace(b"</html>", b"<p>more</p></html>"), mail + b"more\r\n"):
            assert not true(forged, 0) and not true(forged, 1)
    count += 1
assert count == int(sys.argv[2]), count
"#;

fn dkimpy() -> bool {
    wanted("dkimpy with PyNaCl", run("python3", &["-c", "import dkim, nacl"], "").0)
}

/// A key in a file that only its owner reads, and its record.
fn key(folder: &Path, name: &str, algorithm: Algorithm) -> String {
    let path = folder.join(name);
    fs::write(&path, Key::generate(algorithm).unwrap()).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    Key::load(&path).unwrap().record().unwrap()
}

/// A section with an RSA and an Ed25519 key; the records, one a line.
fn section(folder: &Path) -> (String, String) {
    let rsa = key(folder, "r.pem", Algorithm::Rsa);
    let short = key(folder, "e.pem", Algorithm::Ed25519);
    let section = format!(
        "[dkim.\"example.org\"]\nkeys = {{ r1 = \"{0}/r.pem\", e1 = \"{0}/e.pem\" }}\n",
        folder.display()
    );
    let records = format!("r1._domainkey.example.org\t{rsa}\ne1._domainkey.example.org\t{short}\n");
    (section, records)
}

/// Lines that begin with dots, a link of 900 characters, lines of blanks at the end, letters of many scripts.
fn odd_report() -> String {
    format!(
        "Über Flüsse, реки и 河川\n\nEin Absatz.\n\n.ein Punkt\n\n..zwei Punkte\n\n.\n\nhttps://example.org/{}\n\n \n\t\n \n",
        "a".repeat(900)
    )
}

#[tokio::test]
async fn a_thousand_mails_are_verified_by_dkimpy() {
    if !dkimpy() {
        return;
    }
    const PEOPLE: usize = 1000;
    let folder = tempfile::tempdir().unwrap();
    let (section, records) = section(folder.path());
    let sink = Sink::start().await;
    let mut app = TestApp::with_relay(&format!("{REPORTS}{EVENTS}{section}"), sink.address.port()).await;
    let people: Vec<String> = (0..PEOPLE)
        .map(|n| format!("p{n}@example.org,Ílya Łukasz-{n} Ö.,,,"))
        .collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    app.people("events", &people).await;
    app.drop_report("rivers.md", &odd_report());
    app.collect().await;
    app.send("events").await;
    let mails = sink.mails();
    assert_eq!(mails.len(), PEOPLE);
    for (n, mail) in mails.iter().enumerate() {
        fs::write(folder.path().join(format!("{n}.eml")), &mail.bytes).unwrap();
    }
    fs::write(folder.path().join("records"), records).unwrap();
    let mails = folder.path().display().to_string();
    let (good, said) = run("python3", &["-c", VERIFY, &mails, &PEOPLE.to_string()], "");
    assert!(good, "{said}");
}

#[tokio::test]
async fn a_test_send_is_signed_as_its_list_says_unless_personal_mail_is_signed_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let (section, _) = section(folder.path());
    for (by_list, personal, signatures) in [
        ("\"relay\"", "", 0),
        ("\"ours\"", "", 2),
        ("\"ours\"", "[personal]\ndkim = \"relay\"\n", 0),
        ("\"relay\"", "[personal]\ndkim = \"ours\"\n", 2),
    ] {
        let sink = Sink::start().await;
        let list = EVENTS.replace("approval =", &format!("dkim = {by_list}\napproval ="));
        let mut app = TestApp::with_relay(&format!("{REPORTS}{list}{section}{personal}"), sink.address.port()).await;
        app.publish(&["Rivers"]).await;
        let order = rapporteur::publish::by_hand(&app.house, std::collections::BTreeMap::new());
        let staff = [rapporteur::subscriber::Address::parse("staff@example.org").unwrap()];
        rapporteur::publish::test_send(&app.house, "events", &order, &staff)
            .await
            .unwrap();
        app.deliver().await;
        let text = sink.mails()[0].text();
        assert_eq!(
            text.matches("DKIM-Signature:").count(),
            signatures,
            "{by_list} {personal}"
        );
    }
}

#[tokio::test]
async fn a_relay_that_signs_gets_mails_unsigned_unless_the_list_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let (section, _) = section(folder.path());
    for (by_list, signatures) in [("\"relay\"", 0), ("\"ours\"", 2)] {
        let sink = Sink::start().await;
        let list = EVENTS.replace("approval =", &format!("dkim = {by_list}\napproval ="));
        let mut app = TestApp::with_relay(&format!("{REPORTS}{list}{section}"), sink.address.port()).await;
        app.people("events", &["ada@example.org"]).await;
        app.publish(&["Rivers"]).await;
        app.send("events").await;
        let found = sink.mails()[0].text().matches("DKIM-Signature:").count();
        assert_eq!(found, signatures, "{by_list}");
    }
}

#[test]
fn a_sender_without_a_key_of_its_domain_is_a_wrong_configuration() {
    let place = Place::begun();
    let config = fs::read_to_string(place.path("config.toml")).unwrap();
    place.write(
        "config.toml",
        &format!("{config}\n[dkim.\"example.net\"]\nkeys = {{ r1 = \"keys/r1.pem\" }}\n"),
    );
    place.run("check").refused(
        2,
        "no key signs for example.org, the domain of `lists.events.from`; there are keys for example.net",
    );
}

#[test]
fn a_list_is_signed_for_by_the_keys_of_its_domain() {
    let config: Config = toml::from_str(
        "[institute]\nname = \"I\"\ntag_authority = \"example.org,2026\"\n[dkim.\"example.org\"]\nkeys = { r = \"r.pem\" }\n\
         [relays.a]\nkind = \"smtp\"\n[relays.b]\nkind = \"smtp\"\ndkim = \"relay\"\n",
    )
    .unwrap();
    let (a, b) = (&config.relays["a"], &config.relays["b"]);
    assert_eq!(
        config.signer(None, a, "news.example.org"),
        Signer::Domain("example.org")
    );
    assert_eq!(config.signer(None, a, "example.net"), Signer::Nobody);
    assert_eq!(config.signer(None, b, "example.org"), Signer::Relay);
}

#[test]
fn a_key_that_others_may_read_or_that_is_weak_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    key(folder.path(), "r.pem", Algorithm::Rsa);
    let path = folder.path().join("r.pem");
    for mode in [0o640, 0o604] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert!(matches!(Key::load(&path), Err(KeyError::Open { mode: found, .. }) if found == mode));
    }
    let weak = folder.path().join("weak.pem");
    fs::write(&weak, include_str!("fixtures/weak-key.pem")).unwrap();
    fs::set_permissions(&weak, Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(
        Key::load(&weak),
        Err(KeyError::Weak { bits: 1024, .. } | KeyError::NoKey { .. })
    ));
    for text in [
        "",
        "not a key",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ] {
        fs::write(&weak, text).unwrap();
        assert!(matches!(Key::load(&weak), Err(KeyError::NoKey { .. })), "{text}");
    }
}

#[test]
fn a_new_key_is_private_shown_once_and_never_written_over() {
    let place = Place::begun();
    let made = place.run("dkim new example.org --selector r1").done();
    made.says("r1._domainkey.example.org. TXT ( \"v=DKIM1; k=rsa; p=MII")
        .says("[dkim.\"example.org\"]")
        .says("keys = { r1 = \"keys/example.org-r1.pem\" }");
    let path = place.path("keys/example.org-r1.pem");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&path).unwrap();
    place
        .run("dkim new example.org --selector r1")
        .refused(1, "is there already");
    assert_eq!(fs::read(&path).unwrap(), before);
    place.run("dkim new example --selector r1").refused(2, "is no domain");
    place
        .run("dkim new example.org --selector r_1")
        .refused(2, "is no selector");

    place.run("dkim new example.org --selector e1 --ed25519").done();
    let config = fs::read_to_string(place.path("config.toml")).unwrap();
    place.write(
        "config.toml",
        &format!(
            "{config}\n[dkim.\"example.org\"]\nkeys = {{ r1 = \"keys/example.org-r1.pem\", e1 = \"keys/example.org-e1.pem\" }}\n"
        ),
    );
    place
        .run("check")
        .done()
        .says("Key r1 signs for example.org (RSA, 2048 bits).")
        .says("Key e1 signs for example.org (Ed25519).");
    let records = place.run("dkim records").done();
    records.says("r1._domainkey.example.org. TXT").says("k=ed25519");
    for line in records.out.lines() {
        assert!(line.split('"').all(|part| part.len() <= 255), "{line}");
    }
}
