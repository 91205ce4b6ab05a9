//! Postfix that wants encryption and a password, which Dovecot checks: a digest for two hundred people.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use tempfile::TempDir;

use super::{Kept, by_person};
use crate::delivery::tls::fixture;
use crate::feeds::others::{installed, wanted};
use crate::postfix::Postfix;
use crate::process::{Place, until};

const PEOPLE: usize = 200;

/// Nothing but what says whether a password is right.
const DOVECOT: &str = "
base_dir = FOLDER/run
state_dir = FOLDER/state
log_path = FOLDER/dovecot.log
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
passdb {
  driver = passwd-file
  args = FOLDER/users
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}
service auth {
  unix_listener FOLDER/auth {
    mode = 0666
  }
}
";

/// Who may send: `ada`, with the password `sesame`.
struct Dovecot {
    folder: TempDir,
    _kept: Kept,
}

impl Dovecot {
    fn start() -> Option<Dovecot> {
        if !wanted("dovecot", installed("dovecot")) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["run", "state"] {
            std::fs::create_dir(path.join(name)).unwrap();
        }
        std::fs::write(path.join("users"), "ada:{PLAIN}sesame\n").unwrap();
        let text = DOVECOT.replace("FOLDER", path.to_str().unwrap());
        std::fs::write(path.join("dovecot.conf"), text).unwrap();
        let kept = Kept::start("exec dovecot -F -c \"$1/dovecot.conf\"", path, 0);
        until("Dovecot listens", || path.join("auth").exists().then_some(()));
        Some(Dovecot { folder, _kept: kept })
    }
}

fn postfix(dovecot: &Dovecot) -> Option<Postfix> {
    let socket = dovecot.folder.path().join("auth");
    let main = format!(
        "smtpd_tls_cert_file = {}\nsmtpd_tls_key_file = {}\nsmtpd_tls_security_level = encrypt\n\
         smtpd_tls_auth_only = yes\nsmtpd_tls_received_header = yes\nsmtpd_sasl_auth_enable = yes\n\
         smtpd_sasl_type = dovecot\nsmtpd_sasl_path = {}\nsmtpd_sasl_authenticated_header = yes\nmynetworks =\n\
         smtpd_client_restrictions = permit_sasl_authenticated, reject\n",
        fixture("localhost.pem").display(),
        fixture("localhost.key").display(),
        socket.display(),
    );
    // The files of the project may be closed to the user that Postfix changes to, who asks for them early enough.
    Postfix::start_with(&["example.org"], &main, "tlsmgr unix - - n 1000? 1 tlsmgr\n")
}

fn place(postfix: &Postfix, password: &str) -> Place {
    let relay = format!(
        "kind = \"smtp\"\nhost = \"localhost\"\nport = {}\ntls = \"starttls\"\nca_file = \"{}\"\n\
         user = \"ada\"\npassword_file = \"password\"\nsessions = 4\n",
        postfix.port,
        fixture("ca.pem").display()
    );
    let place = Place::new(&relay, "");
    place.write("password", password);
    let made = Command::new("chmod").arg("600").arg(place.path("password")).status();
    assert!(made.unwrap().success());
    place.put_people(PEOPLE);
    place
}

#[tokio::test(flavor = "multi_thread")]
async fn postfix_behind_a_password_takes_a_digest_for_two_hundred_over_tls() {
    let Some(dovecot) = Dovecot::start() else { return };
    let Some(postfix) = postfix(&dovecot) else { return };
    let place = place(&postfix, "sesame");
    place.done(&["send", "events", "--yes"]);
    assert_eq!(
        place.states(),
        ("finished".to_owned(), format!("sent {PEOPLE}")),
        "{}",
        postfix.log()
    );
    postfix.wait_until_quiet().await;

    let mails = postfix.laid_down();
    let to = |mail: &String| {
        let mut lines = mail.lines();
        lines.find_map(|line| line.strip_prefix("X-Original-To: ").map(str::to_owned))
    };
    let reached = by_person(mails.iter().filter_map(to));
    assert_eq!(
        (reached.len(), mails.len()),
        (PEOPLE, PEOPLE),
        "nobody left out, nobody twice"
    );
    for mail in &mails {
        assert!(mail.contains("using TLSv1."), "{mail}");
        assert!(mail.contains("Authenticated sender: ada"), "{mail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postfix_gets_nothing_with_a_wrong_password_and_all_of_it_with_the_right_one() {
    let Some(dovecot) = Dovecot::start() else { return };
    let Some(postfix) = postfix(&dovecot) else { return };
    let place = place(&postfix, "wrong");
    let ran = place.run(&["send", "events", "--yes"]);
    assert!(ran.err.contains("AUTH: 535") && !ran.err.contains("wrong\""), "{ran:?}");
    assert_eq!(place.states().1, format!("pending {PEOPLE}"));
    place.write("password", "sesame");
    place.done(&["resume", "main"]);
    place.done(&["send", "events", "--yes"]);
    assert_eq!(place.states().1, format!("sent {PEOPLE}"));
    postfix.wait_until_quiet().await;
    assert_eq!(postfix.laid_down().len(), PEOPLE);
}
