//! SPF: one test for each way in which receivers give up on a record; and records that nobody would write.

use proptest::prelude::*;
use rapporteur::authentication::{Answer, Answers, Finding, Question, spf};

use super::{FOLDER, Institute, only_problem, only_warning};

const OWN: &str = "institute.net TXT v=spf1";

#[test]
fn no_record_and_two_records_are_told() {
    let institute = Institute::new(FOLDER);
    only_problem(&institute.findings(&[OWN], ""), "institute.net has no SPF record");
    only_problem(
        &institute.findings(&[], "institute.net TXT v=spf1 mx -all"),
        "institute.net has 2 SPF records",
    );
    // One that only looks like it does not count.
    only_problem(
        &institute.findings(&[OWN], "institute.net TXT v=spf10 mx -all"),
        "institute.net has no SPF record",
    );
}

#[test]
fn ten_lookups_are_well_and_eleven_are_too_many() {
    let institute = Institute::new(FOLDER);
    let zone = |includes: usize| {
        let names = (0..includes).map(|n| format!(" include:s{n}.relay.net"));
        let records = (0..includes).map(|n| format!("\ns{n}.relay.net TXT v=spf1 a:out.relay.net -all"));
        format!("{OWN}{} -all{}", names.collect::<String>(), records.collect::<String>())
    };
    let found = institute.findings(&[OWN], &zone(5));
    assert!(found.to_string().contains("10 of 10 lookups"), "{found}");
    only_problem(&institute.findings(&[OWN], &zone(6)), "it takes 12 lookups");
    only_problem(&institute.findings(&[OWN], &zone(100)), "it takes more than 20 lookups");
}

#[test]
fn records_that_run_in_a_circle_are_told() {
    let institute = Institute::new(FOLDER);
    only_problem(
        &institute.findings(
            &["_spf.relay.net"],
            "_spf.relay.net TXT v=spf1 include:institute.net -all",
        ),
        "institute.net leads to itself",
    );
    only_problem(
        &institute.findings(&[OWN], "institute.net TXT v=spf1 redirect=Institute.net"),
        "institute.net leads to itself",
    );
}

#[test]
fn a_record_that_lets_everybody_send_is_told_however_deep_it_lies() {
    let institute = Institute::new(FOLDER);
    for (without, with, words) in [
        (
            OWN,
            "institute.net TXT v=spf1 mx +all",
            "`+all` in the record of institute.net",
        ),
        (
            OWN,
            "institute.net TXT v=spf1 mx all",
            "`+all` in the record of institute.net",
        ),
        (
            OWN,
            "institute.net TXT v=spf1 ip4:0.0.0.0/0 -all",
            "a network of all addresses",
        ),
        (
            "_spf.relay.net",
            "_spf.relay.net TXT v=spf1 redirect=b.relay.net\nb.relay.net TXT v=spf1 +all",
            "`+all` in the record of b.relay.net",
        ),
    ] {
        only_problem(&institute.findings(&[without], with), words);
    }
    // Not to be let in by it is no harm.
    let found = institute.findings(
        &[OWN],
        "institute.net TXT v=spf1 mx -include:b.relay.net -all\nb.relay.net TXT v=spf1 +all",
    );
    assert_eq!(found["ready"], true, "{found}");
}

#[test]
fn names_that_lead_nowhere_are_counted() {
    let institute = Institute::new(FOLDER);
    let found = institute.findings(
        &[OWN],
        "institute.net TXT v=spf1 a:x.institute.net mx:y.institute.net -all",
    );
    assert_eq!(found["ready"], true, "{found}");
    only_problem(
        &institute.findings(
            &[OWN],
            "institute.net TXT v=spf1 a:x.institute.net mx:y.institute.net exists:z.institute.net -all",
        ),
        "3 names lead nowhere",
    );
    only_problem(
        &institute.findings(&["_spf.relay.net"], ""),
        "`include` names _spf.relay.net, which has no SPF record",
    );
}

#[test]
fn more_than_ten_mail_servers_are_too_many() {
    let institute = Institute::new(FOLDER);
    let zone = |servers: usize| {
        let servers = (0..servers).map(|n| format!("\nmany.net MX 10 mx{n}.many.net\nmx{n}.many.net A 192.0.2.{n}"));
        format!("{OWN} mx:many.net -all{}", servers.collect::<String>())
    };
    let found = institute.findings(&[OWN], &zone(10));
    assert_eq!(found["ready"], true, "{found}");
    only_problem(
        &institute.findings(&[OWN], &zone(11)),
        "`mx` finds 11 servers for many.net",
    );
}

#[test]
fn what_receivers_cannot_read_is_shown_harmlessly() {
    let institute = Institute::new(FOLDER);
    only_problem(
        &institute.findings(&[OWN], "institute.net TXT v=spf1 ipv4:192.0.2.1 -all"),
        "`ipv4:192.0.2.1` means nothing in it",
    );
    let answer = institute
        .check(&[OWN], "institute.net TXT v=spf1 \u{1b}[2J\u{7}\u{9b}31m -all")
        .done();
    answer.says("`?[2J??31m` means nothing in it");
    assert!(
        answer.out.chars().all(|letter| letter == '\n' || !letter.is_control()),
        "{:?}",
        answer.out
    );
}

#[test]
fn a_record_that_forbids_nobody_and_ptr_deserve_a_second_look() {
    let institute = Institute::new(FOLDER);
    only_warning(
        &institute.findings(&[OWN], "institute.net TXT v=spf1 mx ?all"),
        "it forbids nobody",
    );
    only_warning(
        &institute.findings(&[OWN], "institute.net TXT v=spf1 mx"),
        "it forbids nobody",
    );
    only_warning(
        &institute.findings(&[OWN], "institute.net TXT v=spf1 ptr -all"),
        "has `ptr`",
    );
    only_warning(
        &institute.findings(&[OWN], "institute.net TXT v=spf1 -all mx"),
        "follows `all`",
    );
}

/// Every name has this record, and every other question finds nothing.
fn judge(record: &str) -> (Vec<Finding>, usize) {
    let mut answers = Answers::default();
    loop {
        let found = spf::judge("institute.net", &[], &mut answers);
        let open = answers.take_open();
        if open.is_empty() {
            return (found, answers.len());
        }
        for question in open {
            let answer = match &question {
                Question::Txt(_) => Answer::Txt(vec![record.to_owned()]),
                Question::Mx(_) => Answer::Mx((0..100).map(|n| (n, format!("mx{n}.relay.net"))).collect()),
                _ => Answer::Nothing,
            };
            answers.add(question, answer);
        }
    }
}

fn is_harmless(found: &[Finding]) -> bool {
    !found.is_empty()
        && found.iter().all(|finding| {
            let (Finding::Fact(text) | Finding::Hint(text) | Finding::Mend(text) | Finding::Broken(text)) = finding;
            text.len() < 4000 && !text.chars().any(char::is_control)
        })
}

#[test]
fn records_that_nobody_would_write_end_in_few_questions() {
    let many = |term: &str| (0..1000).map(|n| term.replace('#', &n.to_string())).collect::<String>();
    for record in [
        format!("v=spf1{}", many(" include:i#.relay.net")),
        format!("v=spf1{}", many(" mx:m#.relay.net")),
        format!("v=spf1{}", many(" a:a#.relay.net exists:e#.relay.net")),
        format!("v=spf1{}", many(" ip4:192.0.2.#")),
        format!("v=spf1 {}", "x".repeat(60_000)),
        format!("v=spf1{}", " ".repeat(60_000)),
        "v=spf1 include:%{i}.%{d}.relay.net redirect=%{d}".to_owned(),
        "v=spf1 include:\0\u{1b}]0;title\u{7} -all".to_owned(),
    ] {
        let (found, questions) = judge(&record);
        assert!(is_harmless(&found), "{found:?}");
        assert!(questions < 250, "{questions} for {}", &record[..40]);
    }
}

proptest! {
    #[test]
    fn no_record_ends_in_a_panic_or_in_commands_for_a_terminal(
        terms in prop::collection::vec(
            prop_oneof![
                "\\PC{0,12}",
                "[+?~-]?(all|a|mx|ptr|include|exists|ip4|ip6|redirect)[:=/]{0,2}[a-c%{}./0-9:\\x00-\\x1f]{0,12}",
                Just("include:a.b".to_owned()),
                Just("redirect=b.a".to_owned()),
            ],
            0..30,
        )
    ) {
        let (found, _) = judge(&format!("v=spf1 {}", terms.join(" ")));
        prop_assert!(is_harmless(&found), "{:?}", found);
    }
}
