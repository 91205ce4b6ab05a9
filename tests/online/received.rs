//! A mail as it arrived: whether its signature is there, speaks for the sender, covers enough, and is true (AUTH-01).

use rapporteur::authentication::signature::{Arrived, Signature, Verdict, judge};
use rapporteur::authentication::{Answer, Answers, Finding};
use rapporteur::delivery::sign::HEADERS;

use super::Institute;
use crate::commands::Answer as Said;
use crate::dns::Dns;
use crate::sink::Sink;

/// A test send, as the manual tells it; what the relay got.
async fn sent() -> (Institute, Vec<u8>) {
    let sink = Sink::start().await;
    let relay = format!("kind = \"smtp\"\nhost = \"localhost\"\nport = {}", sink.address.port());
    let institute = Institute::new(&relay);
    institute.place.run("send events --to ada@institute.net --yes").done();
    let mail = sink.mails().pop().expect("a mail");
    (institute, mail.bytes)
}

fn received(institute: &Institute, mail: &[u8], zone: &str) -> Said {
    std::fs::write(institute.place.path("mail.eml"), mail).unwrap();
    let dns = Dns::start(zone);
    institute
        .place
        .run(&format!("check --received mail.eml --dns {}", dns.address))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_of_ours_is_signed_as_receivers_want_it_and_a_changed_one_is_not() {
    let (institute, mail) = sent().await;
    let zone = institute.zone(&[], "");
    let text = String::from_utf8(mail.clone()).unwrap();
    received(&institute, &mail, &zone)
        .done()
        .says("The signature d=institute.net s=k1 (ed25519-sha256) is true, and covers what it has to.")
        .says("only Ed25519 signs it")
        .says("Signed as receivers want it.");
    // Saved by a program with other ends of lines, or from an mbox file, and with lines of servers on its way.
    received(&institute, text.replace("\r\n", "\n").as_bytes(), &zone).done();
    let on_its_way = format!(
        "From ada Mon Jan  5 08:00:00 2026\nReceived: by mx\n{}",
        text.replace("\r\n", "\n")
    );
    received(&institute, on_its_way.as_bytes(), &zone).done();

    for (changed, words) in [
        (
            text.replacen("\r\n\r\n", "\r\n\r\nmore\r\n", 1),
            "the text is not what was signed",
        ),
        (
            text.replacen("Subject: ", "Subject: [list] ", 1),
            "the headers are not what was signed",
        ),
        (
            format!("Subject: other\r\n{text}"),
            "the headers are not what was signed",
        ),
        (
            text.replacen("DKIM-Signature:", "X-Signature:", 1),
            "the mail is not signed",
        ),
        (format!("From: eve@example.net\r\n{text}"), "the mail has 2 senders"),
        (
            text.replacen("\r\nList-Unsubscribe-Post: ", "\r\nX-Post: ", 1),
            "the mail has no List-Unsubscribe-Post",
        ),
        ("no mail".to_owned(), "is no mail"),
    ] {
        received(&institute, changed.as_bytes(), &zone).refused(1, words);
    }
    for (key, words) in [
        ("", "DNS does not have its key"),
        (
            "k1._domainkey.institute.net SERVFAIL",
            "DNS gives no answer about its key",
        ),
        (
            "k1._domainkey.institute.net TXT v=DKIM1; k=ed25519; p=",
            "its key is revoked",
        ),
    ] {
        received(&institute, &mail, &institute.zone(&["k1._domainkey"], key)).refused(1, words);
    }
    institute
        .place
        .run("check --received nothing.eml")
        .refused(1, "cannot read nothing.eml");
}

fn arrived(signatures: Vec<Signature>) -> Arrived {
    Arrived {
        from: vec!["news.institute.net".to_owned()],
        fields: HEADERS.map(str::to_owned).to_vec(),
        signatures,
        unreadable: Vec::new(),
    }
}

fn signature(domain: &str) -> Signature {
    Signature {
        domain: domain.to_owned(),
        selector: "s1".to_owned(),
        algorithm: "rsa-sha256".to_owned(),
        bits: Some(2048),
        covered: HEADERS.map(str::to_lowercase).to_vec(),
        is_partial: false,
        verdict: Verdict::True,
    }
}

/// Findings where the institute has this DMARC record.
fn judged(mail: &Arrived, dmarc: &str) -> Vec<Finding> {
    let mut answers = Answers::default();
    loop {
        let found = judge(mail, &mut answers);
        let open = answers.take_open();
        if open.is_empty() {
            return found;
        }
        for question in open {
            let answer = match question.name().as_str() {
                "_dmarc.institute.net" => Answer::Txt(vec![dmarc.to_owned()]),
                "_dmarc.silent.net" => Answer::Silence("no answer in time".to_owned()),
                _ => Answer::Nothing,
            };
            answers.add(question, answer);
        }
    }
}

fn mends(found: &[Finding]) -> Vec<&str> {
    let mends = found.iter().filter_map(|finding| match finding {
        Finding::Mend(text) => Some(text.as_str()),
        _ => None,
    });
    mends.collect()
}

#[test]
fn a_signature_speaks_for_its_organisation_unless_dmarc_is_strict() {
    for (domain, dmarc, speaks) in [
        ("news.institute.net", "v=DMARC1; p=none", true),
        ("institute.net", "v=DMARC1; p=none", true),
        ("mail.institute.net", "v=DMARC1; p=none", true),
        ("institute.net", "v=DMARC1; p=none; adkim=s", false),
        ("news.institute.net", "v=DMARC1; p=none; adkim=s", true),
        ("institute.net", "", false),
        ("badinstitute.net", "v=DMARC1; p=none", false),
        ("relay.net", "v=DMARC1; p=none", false),
        ("net", "v=DMARC1; p=none", false),
    ] {
        let found = judged(&arrived(vec![signature(domain)]), dmarc);
        assert_eq!(mends(&found).is_empty(), speaks, "{domain} {dmarc}: {found:?}");
        if !speaks {
            assert!(
                mends(&found)[0].contains("no signature speaks for news.institute.net"),
                "{found:?}"
            );
        }
    }
    let found = judged(&arrived(vec![signature("silent.net")]), "v=DMARC1; p=none");
    assert!(
        mends(&found)[0].contains("DNS gives no answer about _dmarc.silent.net"),
        "{found:?}"
    );
}

#[test]
fn each_weakness_of_a_signature_is_told_and_a_good_one_beside_it_is_enough() {
    type Weaken = fn(&mut Signature);
    let weak: [(&str, Weaken); 6] = [
        ("does not cover Reply-To, List-Unsubscribe-Post", |one| {
            one.covered
                .retain(|name| name != "reply-to" && name != "list-unsubscribe-post");
        }),
        ("covers only the beginning of the text", |one| one.is_partial = true),
        ("a key of 1024 bits is too weak", |one| one.bits = Some(1024)),
        ("SHA-1 counts for nothing", |one| one.algorithm = "rsa-sha1".to_owned()),
        ("it is not true (changed)", |one| {
            one.verdict = Verdict::False("changed".to_owned())
        }),
        ("whether it is true is not known (silence)", |one| {
            one.verdict = Verdict::Unknown("silence".to_owned());
        }),
    ];
    for (words, weaken) in weak {
        let mut one = signature("institute.net");
        weaken(&mut one);
        let mail = arrived(vec![one]);
        let found = judged(&mail, "v=DMARC1; p=none");
        let mends = mends(&found);
        assert!(mends.len() == 1 && mends[0].contains(words), "{words}: {found:?}");

        let mut both = mail;
        both.signatures.push(signature("institute.net"));
        both.signatures.push(signature("relay.net"));
        let found = judged(&both, "v=DMARC1; p=none");
        let hint = |finding: &Finding| matches!(finding, Finding::Hint(text) if text.contains(words));
        assert!(
            self::mends(&found).is_empty() && found.iter().any(hint),
            "{words}: {found:?}"
        );
    }
    // What the mail does not have needs no cover.
    let mut mail = arrived(vec![signature("institute.net")]);
    mail.fields.retain(|name| name != "Feedback-ID");
    mail.signatures[0].covered.retain(|name| name != "feedback-id");
    assert!(mends(&judged(&mail, "v=DMARC1; p=none")).is_empty());
}
