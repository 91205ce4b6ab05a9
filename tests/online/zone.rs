//! DKIM, DMARC, MX and PTR: one test for each thing that may be wrong in DNS, and for DNS that says nothing.

use std::time::Instant;

use super::{FOLDER, Institute, only_problem, only_warning, texts};
use crate::dns::Dns;

const KEY: &str = "k1._domainkey.institute.net";
const DMARC: &str = "_dmarc.institute.net";

#[test]
fn a_key_that_dns_lacks_revokes_or_has_otherwise_is_told() {
    let institute = Institute::new(FOLDER);
    let other = Institute::new(FOLDER).record;
    let ours = &institute.record;
    for (record, words) in [
        (String::new(), "DNS has no record k1._domainkey.institute.net"),
        (other.clone(), "is of another key"),
        ("v=DKIM1; k=ed25519; p=".to_owned(), "revokes the key"),
        ("v=DKIM1; k=ed25519".to_owned(), "has no key"),
        (
            ours.replace("k=ed25519", "k=rsa"),
            "says k=rsa, and the key is k=ed25519",
        ),
        (ours.replace("k=ed25519; ", ""), "says k=rsa, and the key is k=ed25519"),
        (ours.replace("DKIM1", "DKIM2"), "does not begin with v=DKIM1"),
        (ours.replacen("k=", "h=sha1; k=", 1), "does not allow sha256"),
        (ours.replacen("k=", "s=tlsrpt; k=", 1), "is not for mail"),
        ("\u{1b}[31mnonsense".to_owned(), "(\"?[31mnonsense\")"),
        (format!("{ours}\n{KEY} TXT {other}"), "DNS has 2 records"),
    ] {
        let with = match record.as_str() {
            "" => String::new(),
            record => format!("{KEY} TXT {record}"),
        };
        only_problem(&institute.findings(&[KEY], &with), words);
    }
    only_warning(
        &institute.findings(&[KEY], &format!("{KEY} TXT {}", ours.replacen("k=", "t=y:s; k=", 1))),
        "`t=y`",
    );
}

#[test]
fn a_long_key_is_read_from_all_its_strings_in_either_form() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let institute = Institute::with_key(FOLDER, "");
    assert!(institute.record.len() > 255);
    let found = institute.findings(&[], "");
    assert_eq!(found["ready"], true, "{found}");
    // Without the frame of X.509, which is 24 bytes long, and with blanks.
    let (head, key) = institute.record.split_once("p=").unwrap();
    let der = STANDARD.decode(key).unwrap();
    let bare = STANDARD.encode(&der[24..]);
    let found = institute.findings(&[KEY], &format!("{KEY} TXT {head}p={} {}", &bare[..100], &bare[100..]));
    assert_eq!(found["ready"], true, "{found}");
    let cut = STANDARD.encode(&der[60..]);
    only_problem(
        &institute.findings(&[KEY], &format!("{KEY} TXT {head}p={cut}")),
        "another key",
    );
}

#[test]
fn dmarc_has_to_be_there_once_and_to_mean_something() {
    let institute = Institute::new(FOLDER);
    for (records, words) in [
        (&[][..], "institute.net has no DMARC record"),
        (
            &["v=DMARC1; p=none", "v=DMARC1; p=reject"],
            "institute.net has 2 DMARC records",
        ),
        (&["v=DMARC1; p=all; rua=mailto:a@institute.net"], "`p=all`"),
        (&["v=DMARC1; rua=mailto:a@institute.net"], "has no `p=`"),
        (&["v=dmarc1; p=none"], "institute.net has no DMARC record"),
    ] {
        let with: Vec<String> = records.iter().map(|text| format!("{DMARC} TXT {text}")).collect();
        only_problem(&institute.findings(&[DMARC], &with.join("\n")), words);
    }
    for (record, words) in [
        (
            "v=DMARC1; p=none; pct=50; ri=3600; rua=mailto:a@institute.net",
            "`pct=` and `ri=`",
        ),
        ("v=DMARC1; p=none; rf=afrf; rua=mailto:a@institute.net", "`rf=`"),
        ("v=DMARC1; p=none", "no `rua=`"),
        ("v=DMARC1; p=none; rua=a@institute.net", "is no address"),
        ("v=DMARC1; p=reject; t=y; rua=mailto:a@institute.net", "`t=y`"),
    ] {
        only_warning(&institute.findings(&[DMARC], &format!("{DMARC} TXT {record}")), words);
    }
}

#[test]
fn a_domain_without_a_dmarc_record_has_that_of_its_organisation() {
    let institute = Institute::new(FOLDER).reconfigure("events@institute.net", "events@lists.news.institute.net");
    let found = institute.findings(&[], "");
    assert_eq!(found["ready"], true, "{found}");
    let facts = texts(&found, "facts").join("\n");
    assert!(
        facts.contains("DMARC of lists.news.institute.net: p=quarantine, by _dmarc.institute.net."),
        "{facts}"
    );
    let found = institute.findings(
        &[DMARC],
        &format!("{DMARC} TXT v=DMARC1; p=none; sp=reject; rua=mailto:a@institute.net"),
    );
    assert!(
        found.to_string().contains("sp=reject, by _dmarc.institute.net"),
        "{found}"
    );
}

#[test]
fn a_domain_that_takes_no_mail_is_broken() {
    let institute = Institute::new(FOLDER);
    for (without, with, words) in [
        (
            &["institute.net MX"][..],
            "institute.net MX 0 .",
            "takes no mail, and says so",
        ),
        (&["institute.net MX"], "", "has neither mail server (MX) nor address"),
        (
            &["mail.institute.net A"],
            "",
            "mail servers that have no address (mail.institute.net)",
        ),
    ] {
        let answer = institute.check(without, with);
        answer
            .refused(
                1,
                "not ready: institute.net, the domain of `bounce_address` of list events,",
            )
            .says(words);
    }
    // An address of its own is enough.
    let found = institute.findings(&["institute.net MX"], "institute.net AAAA 2001:db8::1");
    assert_eq!(found["ready"], true, "{found}");
}

#[test]
fn each_domain_that_is_named_is_looked_at() {
    let institute = Institute::new(FOLDER).reconfigure("office@institute.net", "office@replies.net");
    let answer = institute.check(&[], "");
    answer.refused(1, "replies.net, the domain of `reply_to` of list events, has neither");
    let institute = Institute::new(FOLDER).reconfigure("bounces@institute.net", "bounces@returns.net");
    let found = institute.findings(&[], "returns.net A 192.0.2.1");
    only_problem(&found, "returns.net has no SPF record");
    // Without one, the sender is where mails come back to.
    let institute = Institute::new(FOLDER).reconfigure("bounce_address = \"bounces@institute.net\"\n", "");
    let found = institute.findings(&["institute.net TXT v=spf1"], "");
    assert!(found.to_string().contains("institute.net has no SPF record"), "{found}");
}

#[test]
fn a_dns_server_in_trouble_is_not_taken_for_a_missing_record() {
    let institute = Institute::new(FOLDER);
    for name in [
        "institute.net",
        "_spf.relay.net",
        "out.relay.net",
        KEY,
        DMARC,
        "mail.institute.net",
    ] {
        let found = institute.findings(&[&format!("{name} ")], &format!("{name} SERVFAIL"));
        let problems = texts(&found, "problems");
        assert!(!problems.is_empty(), "{name}: {found}");
        for problem in problems {
            assert!(
                problem.contains(&format!("DNS gives no answer about {name} (")),
                "{problem}"
            );
        }
    }
}

#[test]
fn a_dns_server_that_says_nothing_ends_the_check_all_the_same() {
    let institute = Institute::new(FOLDER);
    let begin = Instant::now();
    let found = institute.findings(&[DMARC], &format!("{DMARC} SILENT"));
    only_problem(
        &found,
        "DNS gives no answer about _dmarc.institute.net (no answer in time)",
    );
    assert!(begin.elapsed().as_secs() < 30);
    // Nobody listens there.
    let closed = Dns::start("").address;
    let answer = institute.check_at(closed, "").done();
    answer
        .says("Ready to test; not to send: ")
        .says("see to DNS, and check again");
}

#[test]
fn a_relay_beyond_the_machine_should_be_in_spf_and_have_a_name() {
    let relay = "kind = \"smtp\"\nhost = \"mail.institute.net\"\ntimeouts = { connect = \"1s\" }";
    let institute = Institute::new(relay);
    let mail = "mail.institute.net A";
    let warnings = |without: &[&str], with: &str| {
        let found = institute.findings(without, with);
        let warnings = texts(&found, "warnings");
        let about = warnings.iter().filter(|text| !text.contains("subscribers/"));
        (about.cloned().collect::<Vec<_>>(), texts(&found, "facts").join("\n"))
    };
    let (none, facts) = warnings(&[], "");
    assert!(none.is_empty(), "{none:?}");
    assert!(
        facts.contains("192.0.2.25 is mail.institute.net, and that name leads back"),
        "{facts}"
    );
    let (found, _) = warnings(&["25.2.0.192"], "");
    assert!(
        found.len() == 1 && found[0].contains("192.0.2.25 has no name (PTR)"),
        "{found:?}"
    );
    let (found, _) = warnings(&["25.2.0.192"], "25.2.0.192.in-addr.arpa PTR elsewhere.net");
    assert!(
        found.len() == 1 && found[0].contains("elsewhere.net, and that name does not lead back"),
        "{found:?}"
    );
    let (found, _) = warnings(
        &[mail],
        "mail.institute.net A 203.0.113.7\n7.113.0.203.in-addr.arpa PTR mail.institute.net",
    );
    assert!(
        found.len() == 1 && found[0].contains("does not name 203.0.113.7"),
        "{found:?}"
    );
    // Within a house nobody needs a name.
    let (found, _) = warnings(&[mail], "mail.institute.net A 10.0.0.25");
    assert!(found.is_empty(), "{found:?}");
}
