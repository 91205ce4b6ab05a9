//! Addresses, names, files of people, and what a file changes on a list.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail"
)]

use std::io::Cursor;

use proptest::prelude::*;
use rapporteur::subscriber::csv::{self, FileProblem, Offer, Outcome, Reader};
use rapporteur::subscriber::sync::{Change, Known, Own, plan_sync};
use rapporteur::subscriber::{Address, AddressError, Cells, Mailbox, Name, NameError, State, masked};

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

#[test]
fn the_limits_of_an_address_are_in_octets() {
    let local = |n: usize| "a".repeat(n);
    assert!(Address::parse(&format!("{}@example.org", local(64))).is_ok());
    assert_eq!(
        Address::parse(&format!("{}@example.org", local(65))),
        Err(AddressError::LocalTooLong)
    );
    assert_eq!(
        Address::parse(&format!("{}@example.org", "ö".repeat(33))),
        Err(AddressError::LocalTooLong)
    );
    let domain = |n: usize| format!("{}.{}.{}.org", local(63), local(63), local(n));
    // 9 + 1 + 244 = 254.
    assert!(Address::parse(&format!("{}@{}.{}", local(9), domain(50), local(61))).is_ok());
    assert_eq!(
        Address::parse(&format!("{}@{}.{}", local(10), domain(50), local(61))),
        Err(AddressError::TooLong)
    );
    assert_eq!(
        Address::parse(&format!("a@{}", local(256))),
        Err(AddressError::DomainTooLong)
    );
}

#[test]
fn the_case_of_the_local_part_is_kept_and_does_not_make_two_people() {
    let one = address("Foo.Bar@Example.ORG");
    assert_eq!(one.to_string(), "Foo.Bar@Example.ORG");
    assert_eq!(one.ascii(), "Foo.Bar@example.org");
    assert_eq!(one.key(), address("foo.bar@example.org").key());
    assert_eq!(
        address("JÖRG@example.org").key(),
        address("jo\u{308}rg@example.org").key()
    );
}

#[test]
fn international_domains_become_a_labels_and_local_parts_stay() {
    let one = address("info@Bücher.example");
    assert_eq!(one.ascii(), "info@xn--bcher-kva.example");
    assert!(!one.needs_smtputf8());
    let two = address("jörg@bücher.example");
    assert_eq!(two.ascii(), "jörg@xn--bcher-kva.example");
    assert!(two.needs_smtputf8());
    assert_eq!(
        address("a@xn--bcher-kva.example").key(),
        address("A@bücher.example").key()
    );
}

/// SEC-01.
#[test]
fn nothing_that_steers_a_mail_server_is_an_address() {
    for (text, error) in [
        ("", AddressError::Empty),
        ("a@b>\r\nRCPT TO:<x@y", AddressError::Control),
        ("a@example.org\n", AddressError::Control),
        ("a\0@example.org", AddressError::Control),
        ("a\u{85}@example.org", AddressError::Control),
        (" a@example.org", AddressError::Space),
        ("a b@example.org", AddressError::Space),
        ("a\u{A0}@example.org", AddressError::Space),
        ("a\u{202E}@example.org", AddressError::Space),
        ("a\u{200B}@example.org", AddressError::Space),
        ("<a@example.org>", AddressError::Brackets),
        ("\"a b\"@example.org", AddressError::Space),
        ("\"a\"@example.org", AddressError::Quoted),
        ("a(comment)@example.org", AddressError::Quoted),
        ("a", AddressError::NoAt),
        ("a@b@example.org", AddressError::ManyAts),
        ("@example.org", AddressError::Dots),
        (".a@example.org", AddressError::Dots),
        ("a..b@example.org", AddressError::Dots),
        ("a.@example.org", AddressError::Dots),
        ("a,b@example.org", AddressError::Character),
        ("a:b@example.org", AddressError::Character),
        ("a@", AddressError::Domain),
        ("a@example..org", AddressError::Domain),
        ("a@.example.org", AddressError::Domain),
        ("a@example.org.", AddressError::Domain),
        ("a@-example.org", AddressError::Domain),
        ("a@exam_ple.org", AddressError::Domain),
        ("a@[127.0.0.1]", AddressError::Domain),
        ("a@127.0.0.1", AddressError::Domain),
        ("a@example", AddressError::DomainWithoutDot),
    ] {
        assert_eq!(Address::parse(text), Err(error), "{text:?}");
    }
    for fine in [
        "a+b@example.org",
        "o'neill@example.org",
        "a@localhost",
        "1@2.org",
        "x=y@example.org",
    ] {
        assert!(Address::parse(fine).is_ok(), "{fine}");
    }
}

#[test]
fn sample_domains_are_known_and_logs_name_nobody() {
    for text in [
        "a@example.org",
        "a@lists.EXAMPLE.com",
        "a@x.test",
        "a@no.invalid",
        "a@x.example",
        "a@localhost",
    ] {
        assert!(address(text).is_reserved(), "{text}");
    }
    for text in ["a@notexample.org", "a@example.org.uk", "a@test.org", "a@mytest.de"] {
        assert!(!address(text).is_reserved(), "{text}");
    }
    for (text, shown) in [
        ("юлия@example.org", "ю…@example.org"),
        ("\"a@b\"@example.org", "\"…@b"),
        ("nobody", "n…"),
        (" \n", "(empty)"),
    ] {
        assert_eq!(masked(text), shown);
    }
    let one = address("anna.lindqvist@example.org");
    assert_eq!(one.masked(), "a…@example.org");
    assert!(!format!("{one:?}").contains("lindqvist"));
}

/// MSG-04, MSG-06.
#[test]
fn a_name_is_one_line_and_no_address() {
    assert_eq!(Name::parse("  Anna \t Lindqvist ").unwrap().as_str(), "Anna Lindqvist");
    assert_eq!(Name::parse("Lindqvist, Anna").unwrap().as_str(), "Lindqvist, Anna");
    assert_eq!(Name::parse("Anna\u{202E}gro").unwrap().as_str(), "Annagro");
    assert_eq!(Name::parse("Team @ Institute").unwrap().as_str(), "Team @ Institute");
    for (text, error) in [
        ("", NameError::Empty),
        ("\u{202E}", NameError::Empty),
        ("Anna\r\nBcc: x", NameError::Control),
        ("Anna\n", NameError::Control),
        ("Anna\0", NameError::Control),
        ("Anna\u{2028}x", NameError::Control),
        ("bank@example.com", NameError::Address),
        ("bank＠example.com", NameError::Address),
        ("bank\u{200E}@example.com", NameError::Address),
        ("Anna <x>", NameError::Address),
    ] {
        assert_eq!(Name::parse(text), Err(error), "{text:?}");
    }
    assert!(Name::parse(&"ä".repeat(200)).is_ok());
    assert_eq!(Name::parse(&"ä".repeat(201)), Err(NameError::TooLong));
}

#[test]
fn a_mailbox_reads_what_it_prints() {
    for text in [
        "news@example.org",
        "Lindenfeld Institute <news@example.org>",
        "\"Lindqvist, Anna\" <anna@example.org>",
        "\"Anna \\\"A\\\" Berg\" <anna@example.org>",
    ] {
        assert_eq!(Mailbox::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(Mailbox::parse("<news@example.org>").unwrap().name, None);
    for wrong in [
        "News",
        "News <news>",
        "News news@example.org>",
        "\"News <news@example.org>",
        "News\r\n <a@example.org>",
    ] {
        assert!(Mailbox::parse(wrong).is_err(), "{wrong:?}");
    }
}

fn rows(text: &str) -> Vec<String> {
    let file = csv::read(text.as_bytes()).unwrap();
    file.rows.iter().map(|row| row.address.to_string()).collect()
}

#[test]
fn the_shipped_file_is_read() {
    let file = csv::read(include_bytes!("../subscribers/events.csv")).unwrap();
    assert_eq!(file.rows.len(), 6);
    assert!(file.refused.is_empty() && file.duplicates.is_empty() && file.notes.is_empty());
    assert!(file.rows.iter().all(|row| row.address.is_reserved()));
    let chiara = &file.rows[2];
    assert_eq!((chiara.line, chiara.record), (4, 3));
    assert_eq!(chiara.cells.topics.as_deref().unwrap(), ["economy", "climate"]);
    assert_eq!(chiara.cells.cadence.as_deref(), Some("daily"));
}

#[test]
fn only_addresses_are_needed() {
    let file = csv::read(b"email\na@example.org\n\nb@example.org\n").unwrap();
    assert_eq!(file.rows.len(), 2);
    assert_eq!(file.rows[1].line, 4);
    assert_eq!(file.rows[0].cells, Cells::default());
    let file = csv::read(b"\n\nemail,name\n\n\na@example.org,A\n\nb@example.org,\"B\n\n\"").unwrap();
    assert_eq!((file.rows[0].line, file.refused[0].line), (6, 8));
}

#[test]
fn files_come_in_the_form_of_many_programs() {
    let want = ["a@example.org", "b@example.org"];
    assert_eq!(rows("E-Mail;Name\r\na@example.org;Anna\r\nb@example.org;Bo\r\n"), want);
    assert_eq!(rows("EMAIL\tName\na@example.org\tAnna\nb@example.org\tBo"), want);
    assert_eq!(
        rows("\u{FEFF}email,name\ra@example.org,\"Lindqvist, Anna\"\rb@example.org,\"\"\"Bo\"\" Berg\"\r"),
        want
    );
    assert_eq!(
        rows("name , Address \nAnna, a@example.org \n\"Bo\",\"b@example.org\"\n,,\n"),
        want
    );
    let text = "email,name\na@example.org,Jörg\nb@example.org,Éva\n";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let marked: Vec<u8> = [0xFF, 0xFE].into_iter().chain(little.iter().copied()).collect();
    for bytes in [&little, &big, &latin, &marked] {
        let file = csv::read(bytes).unwrap();
        assert_eq!(file.rows[0].cells.name.as_deref(), Some("Jörg"));
        assert_eq!(file.rows[1].cells.name.as_deref(), Some("Éva"));
    }
    assert_eq!(csv::read(&latin).unwrap().notes.len(), 1, "a guess is told");
}

#[test]
fn a_line_number_is_that_of_the_editor() {
    let file = csv::read(b"email,name\r\na@example.org,\"An\r\nna\"\r\nb@example.org,Bo\r\n").unwrap();
    assert_eq!((file.refused[0].line, file.refused[0].record), (2, 1));
    assert_eq!((file.rows[0].line, file.rows[0].record), (4, 2));
}

#[test]
fn a_refused_row_is_told_with_line_and_reason_and_the_others_go_in() {
    let cell = "x".repeat(5000);
    let text = format!(
        "email,name,language,color\n\
         a@example.org,Anna,en,red\n\
         anna.example.org,Anna,en,red\n\
         b@example.org,\"Bo\nBcc: x@example.org\",en,red\n\
         c@example.org,Carl,english,red\n\
         \"d@example.org\nRCPT TO:<x@example.org>\",Dora,,\n\
         e@example.org,{cell},,\n\
         f@example.org,Fritz,en,red,more\n\
         g@example.org,g@example.org,,\n\
         ,Nobody,,\n\
         h@example.org\n"
    );
    let file = csv::read(text.as_bytes()).unwrap();
    let refused: Vec<String> = file
        .refused
        .iter()
        .map(|one| format!("{} {}: {}", one.line, one.text, one.reason))
        .collect();
    assert_eq!(
        refused,
        [
            "3 a…: the address has no @",
            "4 b…@example.org: the name contains a line break or control character",
            "6 c…@example.org: language \"english\" is no language tag; write such as en or de",
            "7 d…@example.org: the address contains a line break or control character",
            "9 e…@example.org: a cell of 5000 bytes; at most 4096 are read",
            "10 f…@example.org: 5 cells where the header has 4; put quotation marks around cells that hold the delimiter",
            "11 g…@example.org: the name contains an address",
            "12 (empty): no address",
        ]
    );
    assert_eq!(file.rows.len(), 2);
    assert_eq!(file.notes, ["column `color` is not read"]);
    assert_eq!(file.refused[1].key.as_deref(), Some("b@example.org"));
}

#[test]
fn the_first_of_two_rows_for_one_person_counts() {
    let bytes = b"email,name\nAnna@example.org,Anna\nanna@EXAMPLE.org,Other\n";
    let outcomes: Vec<Outcome> = Reader::new(Cursor::new(bytes))
        .unwrap()
        .map(|record| record.unwrap().outcome)
        .collect();
    let Outcome::Duplicate(duplicate) = &outcomes[1] else {
        panic!("{outcomes:?}")
    };
    assert_eq!((duplicate.line, duplicate.record, duplicate.first_line), (3, 2, 2));
    assert_eq!(csv::read(bytes).unwrap().rows[0].cells.name.as_deref(), Some("Anna"));
}

#[test]
fn a_file_that_says_nothing_is_told_from_one_without_people() {
    let problem = |bytes: &[u8]| csv::read(bytes).unwrap_err();
    assert_eq!(problem(b""), FileProblem::Empty);
    assert_eq!(problem(b"\xEF\xBB\xBF \r\n"), FileProblem::Empty);
    assert_eq!(problem(b"email,name\n"), FileProblem::HeaderOnly);
    assert_eq!(problem(b"email,name\n,,\n"), FileProblem::HeaderOnly);
    assert!(matches!(problem(b"PK\x03\x04rest"), FileProblem::NotText(_)));
    assert!(matches!(
        problem(b"email\na@example.org\n\0\x01\x02"),
        FileProblem::NotText(_)
    ));
    assert!(matches!(
        problem(b"name,city\nAnna,Bonn\n"),
        FileProblem::NoEmailColumn { line: 1, .. }
    ));
    assert_eq!(problem(b"a@example.org\nb@example.org\n"), FileProblem::NoHeader);
    assert_eq!(
        problem(b"email,mail\na@example.org,\n"),
        FileProblem::TwoColumns {
            line: 1,
            column: "email"
        }
    );
}

#[test]
fn a_half_saved_file_is_noticed() {
    for text in [
        "email,name\na@example.org,\"Anna\nb@example.org,Bo\n",
        "email,name\na@example.org,Anna\nb@example.org",
        "email,name\na@example.org,Anna\nb@exam",
        "email\na@example.org\nb@exam",
        "email,name\na@example.org,Anna\nb@example.org,\"B",
    ] {
        let problem = csv::read(text.as_bytes()).unwrap_err();
        assert!(matches!(problem, FileProblem::HalfSaved(_)), "{text}: {problem}");
    }
    assert_eq!(
        rows("email,name\na@example.org,Anna\nb@example.org,Bo").len(),
        2,
        "no line end alone proves nothing"
    );
    assert_eq!(rows("email\na@example.org").len(), 1);
}

#[test]
fn ten_megabytes_in_a_cell_cost_one_row() {
    let text = format!(
        "email,name\na@example.org,{}\nb@example.org,Bo\n",
        "x".repeat(10_000_000)
    );
    let file = csv::read(text.as_bytes()).unwrap();
    assert_eq!((file.rows.len(), file.refused.len()), (1, 1));
}

#[test]
fn cells_must_name_what_the_list_offers() {
    let text = "email,topics,cadence\n\
                a@example.org,Climate; economy,weekly\n\
                b@example.org,football,weekly\n\
                c@example.org,,hourly\n\
                d@example.org,,\n";
    let mut file = csv::read(text.replace(',', "\t").as_bytes()).unwrap();
    let topics = [("climate", "Climate"), ("econ", "Economy")];
    file.hold_to(Offer {
        topics: &topics,
        cadences: &["weekly", "daily"],
    });
    assert_eq!(file.rows[0].cells.topics.as_deref().unwrap(), ["climate", "econ"]);
    assert_eq!(file.rows.len(), 2);
    assert_eq!(
        file.refused[0].reason,
        "topic \"football\" is not one of the list's: climate, econ"
    );
    assert_eq!(
        file.refused[1].reason,
        "cadence \"hourly\" is not one of the list's: weekly, daily"
    );
}

/// SEC-17.
#[test]
fn an_exported_cell_is_no_formula() {
    for start in ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'="] {
        assert_eq!(csv::quote(&format!("{start}1+1")), format!("\"'{start}1+1\""));
    }
    assert_eq!(csv::quote("a \"b\""), "\"a \"\"b\"\"\"");
    assert_eq!(csv::quote("1=1"), "\"1=1\"");
}

fn known(id: i64, key: &str, state: State) -> Known {
    Known {
        id,
        key: key.to_owned(),
        state,
        put_by_file: true,
        cells: Some(Cells::default()),
        own: Own::default(),
    }
}

fn file(text: &str) -> csv::File {
    csv::read(text.as_bytes()).unwrap()
}

#[test]
fn a_row_added_subscribes_and_a_row_removed_unsubscribes_whom_the_file_put_there() {
    let mut by_web = known(2, "b@example.org", State::Active);
    by_web.put_by_file = false;
    let list = [
        known(1, "a@example.org", State::Active),
        by_web,
        known(3, "c@example.org", State::Active),
    ];
    let plan = plan_sync(&file("email\nc@example.org\nNew@example.org\n"), &list);
    assert_eq!(plan.subscribe.len(), 1);
    assert_eq!(plan.subscribe[0].address.to_string(), "New@example.org");
    assert_eq!(plan.remove, [1]);
    assert_eq!(plan.guard, None);
    assert!(plan.update.is_empty());
}

#[test]
fn only_who_was_removed_comes_back_by_the_file() {
    let list = [
        known(1, "a@example.org", State::Removed),
        known(2, "b@example.org", State::Left),
        known(3, "c@example.org", State::Suppressed),
        known(4, "d@example.org", State::Erased),
    ];
    let all = file("email,name\nA@example.org,Anna\nb@example.org,\nc@example.org,\nd@example.org,\n");
    let plan = plan_sync(&all, &list);
    assert!(plan.subscribe.is_empty() && plan.remove.is_empty());
    assert_eq!(plan.returning.len(), 1);
    assert_eq!(plan.returning[0].id, 1);
    assert_eq!(plan.returning[0].update.changes, [Change::Name("Anna".into())]);
    assert_eq!(plan.refused_left.len(), 3);
}

#[test]
fn a_mistake_in_a_row_takes_nobody_off_the_list() {
    let list = [
        known(1, "a@example.org", State::Active),
        known(2, "b@example.org", State::Active),
    ];
    let plan = plan_sync(&file("email,language\na@example.org,english\nb@example.org,\n"), &list);
    assert!(plan.remove.is_empty());
}

#[test]
fn a_cell_speaks_when_it_changes_and_the_person_outweighs_it() {
    let seen = Cells {
        name: Some("Anna".into()),
        language: Some("en".into()),
        topics: Some(vec!["climate".into()]),
        cadence: Some("weekly".into()),
    };
    let mut person = known(1, "a@example.org", State::Active);
    person.cells = Some(seen.clone());
    let header = "email,name,language,topics,cadence\n";
    let same = file(&format!("{header}a@example.org,Anna,en,climate,weekly\n"));
    assert!(plan_sync(&same, &[person.clone()]).is_empty());

    let changed = file(&format!("{header}a@example.org,Anna Berg,de,,daily\n"));
    person.own = Own {
        language: true,
        cadence: true,
        ..Own::default()
    };
    let plan = plan_sync(&changed, &[person.clone()]);
    assert_eq!(plan.update.len(), 1);
    assert_eq!(
        plan.update[0].changes,
        [Change::Name("Anna Berg".into()), Change::Topics(vec![])]
    );
    assert_eq!(
        plan.update[0].seen.language.as_deref(),
        Some("de"),
        "seen, though not obeyed"
    );

    // Once seen, it stays quiet: had the person's choice been lifted since, the old cell would not come back.
    person.cells = Some(plan.update[0].seen.clone());
    person.own = Own::default();
    assert!(plan_sync(&changed, &[person.clone()]).is_empty());

    let fewer_columns = file("email,name\na@example.org,Anna Berg\n");
    assert!(
        plan_sync(&fewer_columns, &[person]).is_empty(),
        "a column that is gone says nothing"
    );
}

#[test]
fn cells_apply_when_a_person_is_first_seen_in_the_file() {
    let mut person = known(1, "a@example.org", State::Active);
    (person.put_by_file, person.cells) = (false, None);
    person.own.language = true;
    let plan = plan_sync(
        &file("email,name,language,cadence\na@example.org,Anna,de,\n"),
        &[person],
    );
    assert_eq!(plan.update[0].changes, [Change::Name("Anna".into())]);
}

#[test]
fn a_file_that_drops_many_people_is_asked_back() {
    let list: Vec<Known> = (0..100)
        .map(|n| known(n, &format!("p{n}@example.org"), State::Active))
        .collect();
    let keeping = |range: std::ops::Range<i64>| {
        let rows: String = range.map(|n| format!("p{n}@example.org\n")).collect();
        plan_sync(&file(&format!("email\n{rows}")), &list)
    };
    assert_eq!(keeping(10..100).guard, None, "a tenth");
    assert_eq!(
        keeping(11..100).guard.as_deref(),
        Some("the file would drop 11 of 100 people")
    );
    let few = &list[..8];
    let plan = |text: &str| plan_sync(&file(text), few);
    assert_eq!(
        plan("email\np0@example.org\np1@example.org\np2@example.org\n").guard,
        None,
        "five"
    );
    assert!(plan("email\np0@example.org\np1@example.org\n").guard.is_some(), "six");
    assert!(
        plan_sync(&file("email\nnobody\n"), &list[..2]).guard.is_some(),
        "no usable row"
    );
    assert_eq!(
        plan_sync(&csv::File::default(), few).remove.len(),
        8,
        "what `--yes` would do"
    );
}

proptest! {
    #[test]
    fn an_accepted_address_steers_nothing(text in "\\PC{0,12}[\\r\\n\\t <>\"@.]{0,2}\\PC{0,6}@[a-z.<> \\r\\n]{1,12}") {
        if let Ok(address) = Address::parse(&text) {
            for form in [address.to_string(), address.ascii(), address.key(), address.masked()] {
                prop_assert!(!form.chars().any(|c| c.is_control() || c.is_whitespace() || "<>\"(),;:\\".contains(c)), "{form:?}");
                prop_assert_eq!(form.matches('@').count(), 1);
            }
        }
    }

    #[test]
    fn an_address_reads_what_it_prints(
        local in "[A-Za-z0-9äéЖ+'_-]{1,12}(\\.[a-z0-9=]{1,8})?",
        domain in "[A-Za-z0-9äß]{1,12}\\.(org|de|EXAMPLE)",
    ) {
        let text = format!("{local}@{domain}");
        let one = Address::parse(&text).unwrap();
        prop_assert_eq!(one.to_string(), &text[..]);
        prop_assert_eq!(&Address::parse(&one.to_string()).unwrap(), &one);
        let sent = Address::parse(&one.ascii()).unwrap();
        prop_assert_eq!(sent.key(), one.key());
        prop_assert_eq!(Address::parse(&text.to_uppercase().replace("SS", "ß")).unwrap().key().is_empty(), false);
    }

    #[test]
    fn a_mailbox_with_any_name_reads_what_it_prints(name in "\\PC{1,40}") {
        if let Ok(name) = Name::parse(&name) {
            let one = Mailbox { name: Some(name), address: address("a@example.org") };
            prop_assert_eq!(Mailbox::parse(&one.to_string()).unwrap(), one);
        }
    }

    #[test]
    fn an_export_is_read_back_the_same(
        name in "[=+@'\"＝,;| -]{0,4}\\PC{0,30}",
        topics in proptest::collection::btree_set("[=+a-z'\"][a-z ,]{0,6}[a-z]", 0..3),
        local in "[=+'-]?[a-z]{1,8}",
    ) {
        let name = Name::parse(&name).map(|name| name.as_str().to_owned()).unwrap_or_default();
        let cells = Cells {
            name: Some(name),
            language: Some("de".into()),
            topics: Some(topics.into_iter().collect()),
            cadence: Some("weekly".into()),
        };
        let address = address(&format!("{local}@example.org"));
        let text = csv::write([(&address, &cells)]);
        let file = csv::read(text.as_bytes()).unwrap();
        prop_assert_eq!(file.rows.len(), 1, "{} {:?}", text, file);
        prop_assert_eq!(&file.rows[0].address, &address);
        prop_assert_eq!(&file.rows[0].cells, &cells);
    }

    #[test]
    fn no_bytes_make_the_reader_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = csv::read(&bytes);
        let _ = csv::read(&[b"email,name\n", &bytes[..]].concat());
    }
}
