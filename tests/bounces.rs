//! What comes back: real shapes of bounces, complaints and answers, and what only looks like one of them.

use rapporteur::bounce::{self, Kind};

/// `kind recipient status`, one for each finding.
fn read(mail: &str) -> Vec<String> {
    let reading = bounce::read(mail.as_bytes());
    let findings = reading.findings.iter().map(|finding| {
        let status = finding.status.map_or("-".to_owned(), |status| status.to_string());
        let recipient = finding.recipient.as_deref().unwrap_or("-");
        format!("{} {recipient} {status}", finding.kind.as_str())
    });
    findings.collect()
}

/// A notification with a part for machines.
fn report(from: &str, subject: &str, words: &str, fields: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: {from}\nTo: bounces@news.example.org\nSubject: {subject}\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b0undary\"\n\n\
         --b0undary\nContent-Type: text/plain; charset=utf-8\n\n{words}\n\
         --b0undary\nContent-Type: message/delivery-status\n\n{fields}\n\
         --b0undary\nContent-Type: text/rfc822-headers\n\nTo: other@example.net\nSubject: The digest\n\n--b0undary--\n"
    )
}

#[test]
fn notifications_with_a_part_for_machines_name_each_recipient() {
    let postfix = report(
        "MAILER-DAEMON@mx.example.com (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.example.com.\n\n<ada@example.org>: host mail.example.org[192.0.2.7] said: 550\n    5.1.1 <ada@example.org>: Recipient address rejected: User unknown (in reply to RCPT TO command)",
        "Reporting-MTA: dns; mx.example.com\nX-Postfix-Queue-ID: 4F00D\nArrival-Date: Mon, 11 May 2026 08:00:00 +0200 (CEST)\n\nFinal-Recipient: rfc822; ada@example.org\nOriginal-Recipient: rfc822;ada@example.org\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; mail.example.org\nDiagnostic-Code: smtp; 550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown\n",
    );
    assert_eq!(read(&postfix), ["bounce ada@example.org 5.1.1"]);
    assert!(bounce::read(postfix.as_bytes()).findings[0].is_hard());
    let exim = report(
        "Mail Delivery System <Mailer-Daemon@mail.example.net>",
        "Mail delivery failed: returning message to sender",
        "A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.",
        "Reporting-MTA: dns; mail.example.net\n\nAction: failed\nFinal-Recipient: rfc822;bea@example.org\nStatus: 5.0.0\nRemote-MTA: dns; mx.example.org\nDiagnostic-Code: smtp; 552 5.2.2 The mailbox is over quota\n",
    );
    assert_eq!(read(&exim), ["bounce bea@example.org 5.2.2"]);
    let exchange = report(
        "postmaster@example.org",
        "Undeliverable: The digest",
        "Delivery has failed to these recipients or groups:\n\nEve (eve@example.org)\nYour message couldn't be delivered.",
        "Reporting-MTA: dns;AM0PR01.example.org\nReceived-From-MTA: dns;mail.example.com\nArrival-Date: Mon, 11 May 2026 06:00:00 +0000\n\nFinal-Recipient: rfc822;eve@example.org\nAction: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\nX-Display-Name: Eve\n",
    );
    assert_eq!(read(&exchange), ["bounce eve@example.org 5.1.10"]);
    let gmail = report(
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        "** Message blocked **\n\nYour message to flo@example.org has been blocked.",
        "Reporting-MTA: dns; googlemail.com\nArrival-Date: Mon, 11 May 2026 06:00:00 -0700 (PDT)\n\nFinal-Recipient: rfc822; flo@example.org\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550-5.7.1 Our system has detected that this message is likely\n 550-5.7.1 unsolicited mail. - gsmtp\n",
    );
    assert_eq!(read(&gmail), ["bounce flo@example.org 5.7.1"]);
}

#[test]
fn one_report_may_be_late_for_one_and_final_for_another_and_good_for_a_third() {
    let mail = report(
        "MAILER-DAEMON@mx.example.com",
        "Delivery report",
        "Some of it arrived.",
        "Reporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; late@example.org\nAction: delayed\nStatus: 4.4.1\n\nFinal-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1\n\nFinal-Recipient: rfc822; there@example.org\nAction: relayed\nStatus: 2.0.0\n\nFinal-Recipient: utf-8; j\\x{F6}rg@example.org\nAction: failed\nStatus: 5.1.2\n",
    );
    assert_eq!(
        read(&mail),
        [
            "delay late@example.org 4.4.1",
            "bounce gone@example.org 5.1.1",
            "none there@example.org 2.0.0",
            "bounce jörg@example.org 5.1.2"
        ]
    );
}

/// A notice without structure.
fn notice(from: &str, subject: &str, words: &str) -> String {
    format!("From: {from}\nTo: bounces@news.example.org\nSubject: {subject}\n\n{words}\n")
}

const COPY: &str = "\n--- Below this line is a copy of the message.\n\nReturn-Path: <bounces@news.example.org>\nTo: <nobody@example.net>\nFrom: Institute <news@example.org>\n\n<not.this@example.net>:\nThe digest\n";

#[test]
fn notices_in_words_name_the_recipient_too() {
    for (from, subject, words, expected) in [
        (
            "MAILER-DAEMON@mail.example.com",
            "failure notice",
            "Hi. This is the qmail-send program at mail.example.com.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<ada@example.org>:\nSorry, no mailbox here by that name. (#5.1.1)\n",
            "bounce ada@example.org 5.1.1",
        ),
        (
            "Mail Delivery Subsystem <MAILER-DAEMON@sm.example.com>",
            "Returned mail: see transcript for details",
            "The original message was received at Mon, 11 May 2026 08:00:00 +0200\nfrom news.example.org [192.0.2.1]\n\n   ----- The following addresses had permanent fatal errors -----\n<ada@example.org>\n    (reason: 550 5.1.1 <ada@example.org>... User unknown)\n\n   ----- Transcript of session follows -----\n... while talking to mx.example.org.:\n>>> DATA\n<<< 550 5.1.1 <ada@example.org>... User unknown\n550 5.1.1 <ada@example.org>... User unknown\n",
            "bounce ada@example.org 5.1.1",
        ),
        (
            "Mail Delivery System <Mailer-Daemon@mx.example.com>",
            "Mail delivery failed: returning message to sender",
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  ada@example.org\n    SMTP error from remote mail server after RCPT TO:<ada@example.org>:\n    host mx.example.org [192.0.2.7]: 550 Unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n\nTo: nobody@example.net\n",
            "bounce ada@example.org 5.1.1",
        ),
        (
            "System Administrator <postmaster@exch.example.com>",
            "Undeliverable: The digest",
            "Your message\n\n  To:      news@example.net\n  Subject: The digest\n  Sent:    Mon, 11 May 2026 08:00:00 +0200\n\ndid not reach the following recipient(s):\n\nada@example.org on Mon, 11 May 2026 08:00:05 +0200\n    The recipient name is not recognized\n\tThe MTS-ID of the original message is: c=us;a= ;p=Example\n",
            "bounce ada@example.org 5.1.1",
        ),
        (
            "postmaster@domino.example.com",
            "DELIVERY FAILURE: User ada (ada@example.org) not listed in Domino Directory",
            "Your message\n\n  Subject: The digest\n\nwas not delivered to:\n\n  ada@example.org\n\nbecause:\n\n  User ada (ada@example.org) not listed in Domino Directory\n",
            "bounce ada@example.org 5.1.1",
        ),
        (
            "Mail Delivery System <mailer-daemon@post.example.com>",
            "Unzustellbare Nachricht",
            "Diese Nachricht wurde automatisch erzeugt.\n\nIhre Nachricht konnte folgenden Empfängern nicht zugestellt werden:\n\n  ada@example.org\n    Das Postfach des Empfängers ist voll.\n",
            "bounce ada@example.org 5.2.2",
        ),
        (
            "MAILER-DAEMON@smtp.example.fr",
            "Message non remis",
            "Votre message n'a pas pu être remis au destinataire suivant :\n\n<ada@example.org>: utilisateur inconnu\n",
            "bounce ada@example.org 5.1.1",
        ),
        (
            "Mail Delivery System <Mailer-Daemon@mx.example.ru>",
            "Ваше сообщение не доставлено",
            "К сожалению, Ваше письмо не может быть доставлено:\n\n  ada@example.org\n    такого пользователя нет\n",
            "bounce ada@example.org 5.1.1",
        ),
        (
            "Mail Delivery System <Mailer-Daemon@mx.example.com>",
            "Warning: message 1abc delayed 24 hours",
            "A message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the queue on mx.example.com.\n\nThe address to which the message has not yet been delivered is:\n\n  ada@example.org\n\nDelivery attempts will continue for some time. Eventually the mail delivery software will give up,\nand when that happens, the message will be returned to you.\n",
            "delay ada@example.org 4.0.0",
        ),
        (
            "MAILER-DAEMON@aol.example",
            "Mail Delivery Problem",
            "Your mail to the following recipients could not be delivered:\n\tscreenname\n",
            "bounce screenname@aol.example 5.0.0",
        ),
    ] {
        let mail = notice(from, subject, &format!("{words}{COPY}"));
        assert_eq!(read(&mail), [expected], "{subject}");
    }
}

#[test]
fn what_is_about_a_bounce_or_by_a_machine_for_other_reasons_is_none() {
    let quoted = "Hello,\n\nthis came back, what shall I do?\n\nOn Monday the Mail Delivery System wrote:\n> A message that you sent could not be delivered to one or more of its recipients.\n> The following address failed:\n>   ada@example.org\n>     550 5.1.1 user unknown\n";
    for (from, subject, headers, words, expected) in [
        (
            "Bea <bea@example.net>",
            "Re: Undelivered Mail Returned to Sender",
            "",
            quoted,
            "none - -",
        ),
        (
            "Bea <bea@example.net>",
            "Fwd: Mail delivery failed: returning message to sender",
            "",
            quoted,
            "none - -",
        ),
        (
            "Bea <bea@example.net>",
            "Undelivered Mail Returned to Sender",
            "References: <1@example.org>\nIn-Reply-To: <1@example.org>\n",
            quoted,
            "none - -",
        ),
        (
            "Bea <bea@example.net>",
            "[admins] failure notice",
            "List-Id: admins <admins.example.net>\nList-Post: <mailto:admins@example.net>\n",
            quoted,
            "none - -",
        ),
        (
            "Bea <bea@example.net>",
            "Your letter",
            "",
            "I could not reach ada@example.org, my mail was not delivered.\n",
            "none - -",
        ),
        (
            "Bea <bea@example.net>",
            "Out of office: The digest",
            "Return-Path: <>\n",
            "I am away. Mails to bea@example.net are not delivered; write to cem@example.net.\n",
            "autoreply bea@example.net -",
        ),
        (
            "Bea <bea@example.net>",
            "The digest",
            "Auto-Submitted: auto-replied (vacation)\n",
            "My mailbox is full, this could not be delivered to bea@example.net.\n",
            "autoreply bea@example.net -",
        ),
        (
            "Bea <bea@example.net>",
            "Abwesenheitsnotiz",
            "Precedence: auto_reply\n",
            "Ich bin im Urlaub.\n",
            "autoreply bea@example.net -",
        ),
        (
            "Bea <bea@example.net>",
            "Automatische Antwort: Unzustellbar",
            "",
            "Ich lese das später.\n",
            "autoreply bea@example.net -",
        ),
        (
            "Mail System <postmaster@example.net>",
            "Successful Mail Delivery Report",
            "",
            "Your message was successfully delivered to\n\n<ada@example.org>\n",
            "none - -",
        ),
        (
            "Postmaster <postmaster@example.net>",
            "Maintenance on Friday",
            "",
            "The server is down on Friday. Questions: helpdesk@example.net\n",
            "none - -",
        ),
    ] {
        let mail = format!("From: {from}\nTo: bounces@news.example.org\nSubject: {subject}\n{headers}\n{words}");
        assert_eq!(read(&mail), [expected], "{subject}");
    }
}

#[test]
fn a_bounce_that_a_person_passes_on_is_none() {
    let inner = report(
        "MAILER-DAEMON@mx.example.com",
        "Undelivered Mail Returned to Sender",
        "It could not be delivered.",
        "Reporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; ada@example.org\nAction: failed\nStatus: 5.1.1\n",
    );
    let mail = format!(
        "From: Bea <bea@example.net>\nTo: bounces@news.example.org\nSubject: Fwd: Undelivered Mail Returned to Sender\nContent-Type: multipart/mixed; boundary=outer\n\n--outer\nContent-Type: text/plain\n\nLook at this.\n--outer\nContent-Type: message/rfc822\n\n{inner}\n--outer--\n"
    );
    assert_eq!(read(&mail), ["none - -"]);
}

/// A complaint in the form of RFC 5965.
fn complaint(fields: &str, returned: &str) -> String {
    format!(
        "From: <feedback@isp.example>\nTo: abuse@news.example.org\nSubject: FW: The digest\nContent-Type: multipart/report; report-type=feedback-report; boundary=\"arf\"\n\n--arf\nContent-Type: text/plain\n\nThis is an email abuse report.\n--arf\nContent-Type: message/feedback-report\n\n{fields}\n--arf\nContent-Type: message/rfc822\n\n{returned}\n\nThe digest\n--arf--\n"
    )
}

#[test]
fn complaints_are_read_even_when_the_address_is_blacked_out() {
    let fields = "Feedback-Type: abuse\nUser-Agent: Feedback/1.0\nVersion: 1\n";
    let named = complaint(
        &format!("{fields}Original-Rcpt-To: <ada@example.org>\n"),
        "Subject: The digest",
    );
    assert_eq!(read(&named), ["complaint ada@example.org -"]);
    let redacted = complaint(
        fields,
        "Return-Path: <b+1.abc@news.example.org>\nTo: [redacted]\nList-Unsubscribe: <https://news.example.org/unsubscribe/abc>",
    );
    assert_eq!(read(&redacted), ["complaint - -"]);
    let returned = bounce::read(redacted.as_bytes()).original;
    assert_eq!(returned.return_paths, ["<b+1.abc@news.example.org>"]);
    assert_eq!(returned.unsubscribe, ["<https://news.example.org/unsubscribe/abc>"]);
    let praised = complaint(
        "Feedback-Type: not-spam\nUser-Agent: Feedback/1.0\nVersion: 1\n",
        "To: ada@example.org",
    );
    assert_eq!(read(&praised), ["none ada@example.org -"]);
    let nameless = complaint("Feedback-Type: abuse\nVersion: 1\n", "To: ada@example.org");
    assert!(!read(&nameless)[0].starts_with("complaint"), "{:?}", read(&nameless));
}

#[test]
fn a_mail_nested_without_end_is_read_within_limits() {
    let mut bomb = String::from("From: MAILER-DAEMON@example.com\nSubject: failure notice\n");
    for depth in 0..20_000 {
        bomb.push_str(&format!(
            "Content-Type: multipart/mixed; boundary=\"b{depth}\"\n\n--b{depth}\n"
        ));
    }
    bomb.push_str("Content-Type: text/plain\n\n<ada@example.org>:\nuser unknown\n");
    assert!(matches!(
        bounce::read(bomb.as_bytes()).kind(),
        Kind::None | Kind::Bounce
    ));
    let mut wide = String::from("From: MAILER-DAEMON@example.com\nContent-Type: multipart/mixed; boundary=b\n\n");
    for _ in 0..100_000 {
        wide.push_str("--b\nContent-Type: text/plain\n\nx\n");
    }
    bounce::read(wide.as_bytes());
}

proptest::proptest! {
    #[test]
    fn no_mail_whatsoever_breaks_the_reading(raw in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600), cut in 0usize..2000) {
        bounce::read(&raw);
        let whole = report("MAILER-DAEMON@mx.example.com", "failure", "<ada@example.org>: user unknown", "Final-Recipient: rfc822; ada@example.org\nAction: failed\n");
        let mut bytes = whole.into_bytes();
        let cut = cut.min(bytes.len());
        bytes.splice(cut..cut, raw);
        bounce::read(&bytes);
    }
}

/// Anybody can write to the address for bounces.
#[test]
fn a_notice_full_of_addresses_is_read_as_far_as_bounces_go() {
    let many = "a@b.example.org ".repeat(60_000);
    for mail in [
        format!(
            "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com\nSubject: Undelivered\nX-Failed-Recipients: {}\n\nIt failed.\n",
            (0..20_000).map(|n| format!("p{n}@example.org, ")).collect::<String>()
        ),
        format!("Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com\nSubject: Undelivered\n\nIt failed for {many}\n"),
        format!(
            "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com\nSubject: Undelivered\n\n{}\n",
            "p@example.org: user unknown\n".repeat(20_000)
        ),
    ] {
        let findings = bounce::read(mail.as_bytes()).findings;
        assert!(findings.len() <= 200, "{}", findings.len());
    }
}
