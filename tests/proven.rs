//! What is promised by number, and the tests that prove it.
//!
//! A table names tests; a test of the table holds that each exists, so that none is lost by a new name.

use std::collections::BTreeSet;
use std::path::Path;

/// A number such as `LST-04`, and the names of tests.
pub type Proof = (&'static str, &'static [&'static str]);

/// People: consent and privacy, leaving, bounces and complaints.
const PEOPLE: &[Proof] = &[
    // Double opt-in; one mail and one reminder; who does not confirm is forgotten.
    (
        "PRIV-01",
        &[
            "somebody_joins_from_the_form_to_the_first_digest",
            "at_most_one_reminder_comes_and_its_link_is_the_same",
            "who_never_confirms_is_forgotten_after_two_weeks",
        ],
    ),
    // The record of consent.
    (
        "PRIV-02",
        &[
            "the_record_says_when_where_and_to_which_words_somebody_agreed",
            "the_network_is_kept_shortened_for_as_long_as_the_configuration_says",
        ],
    ),
    // Confirming is a POST, once, within 72 hours.
    (
        "PRIV-03",
        &[
            "a_scanner_that_follows_every_link_confirms_nothing",
            "a_link_that_was_used_is_too_old_or_never_was_leads_to_one_page",
            "pressing_twice_at_the_same_moment_subscribes_once",
        ],
    ),
    // Nothing typed stands in the confirmation.
    ("PRIV-04", &["nothing_that_a_stranger_typed_stands_in_the_mail"]),
    // The answer tells nothing.
    (
        "PRIV-05",
        &[
            "two_hundred_answers_for_each_state_are_the_same_to_the_byte",
            "taking_a_request_looks_at_no_person",
        ],
    ),
    // Limits, traps, the least time of a form.
    (
        "PRIV-06",
        &[
            "a_thousand_posts_for_one_address_make_one_mail",
            "one_address_gets_a_mail_a_day_and_three_in_thirty_days",
            "one_busy_network_or_domain_holds_up_nobody_else",
            "what_is_too_much_for_an_hour_waits_for_the_next_and_is_not_lost",
            "a_program_that_fills_in_every_field_is_thanked_and_nothing_happens",
            "a_form_that_comes_too_soon_too_late_or_from_elsewhere_asks_to_press_again",
        ],
    ),
    // Leaving: one page, one button.
    (
        "PRIV-07",
        &[
            "one_click_works_in_both_encodings_with_nothing_else_and_twice",
            "the_unsubscribe_link_opens_for_its_person_alone",
        ],
    ),
    // Erasure.
    (
        "PRIV-08",
        &[
            "who_is_erased_is_nowhere_any_more_and_does_not_come_back",
            "no_page_of_the_database_keeps_what_moved_through_it",
            "a_person_joins_chooses_leaves_returns_bounces_and_is_forgotten",
        ],
    ),
    // All data on a person.
    ("PRIV-09", &["a_person_can_have_all_that_is_known_of_them"]),
    // Import: a basis, and nobody who left.
    (
        "PRIV-10",
        &[
            "an_import_names_whom_it_skips_and_writes_down_every_refusal",
            "an_export_of_mailchimp_comes_and_its_unsubscribed_do_not",
            "staff_bring_back_whom_they_removed_and_nobody_who_left",
        ],
    ),
    // No tracking.
    ("PRIV-11", &["no_mail_tells_us_that_it_was_opened_or_followed"]),
    // Retention.
    (
        "PRIV-12",
        &[
            "what_is_old_goes_once_a_day_and_who_had_what_stays",
            "purge_counts_without_deleting_if_told",
        ],
    ),
    // List-Unsubscribe with one https address, and one-click.
    ("LST-01", &["every_header_of_list_mail_stands_once"]),
    // Not folded, not encoded.
    (
        "LST-02",
        &[
            "every_header_of_list_mail_stands_once",
            "no_message_holds_another_persons_link",
        ],
    ),
    // The POST of RFC 8058.
    (
        "LST-03",
        &["one_click_works_in_both_encodings_with_nothing_else_and_twice"],
    ),
    // Looking changes nothing.
    (
        "LST-04",
        &[
            "looking_at_a_link_changes_nothing",
            "a_scanner_that_follows_every_link_confirms_nothing",
        ],
    ),
    // Opaque tokens, bound to purpose, list and person.
    (
        "LST-05",
        &["a_wrong_token_tells_nothing", "no_message_holds_another_persons_link"],
    ),
    // They last.
    (
        "LST-06",
        &[
            "a_link_for_leaving_works_after_thirteen_months_and_under_a_new_key",
            "one_click_works_in_both_encodings_with_nothing_else_and_twice",
        ],
    ),
    // At once, also in the midst of a send.
    (
        "LST-07",
        &[
            "people_who_leave_in_the_midst_get_no_mail",
            "whoever_leaves_after_the_claim_and_before_the_mark_gets_no_dot",
        ],
    ),
    // By mail, by token and never by sender.
    ("LST-08", &["a_mail_leaves_a_list_by_its_token_and_never_by_its_sender"]),
    // A link in both bodies.
    ("LST-09", &["a_template_without_an_unsubscribe_link_is_refused"]),
    // List-Id, for ever.
    ("LST-10", &["every_header_of_list_mail_stands_once"]),
    ("LST-11", &["every_header_of_list_mail_stands_once"]),
    // One list or all, a masked address.
    ("LST-12", &["leaving_all_lists_leaves_those_no_longer_configured_too"]),
    // A sender of its own for each delivery.
    (
        "BNC-01",
        &["a_dead_address_is_suspended_at_once_and_gets_no_more_mail_until_staff_say_so"],
    ),
    // Notifications with a part for machines.
    (
        "BNC-02",
        &[
            "notifications_with_a_part_for_machines_name_each_recipient",
            "one_report_may_be_late_for_one_and_final_for_another_and_good_for_a_third",
        ],
    ),
    // Without it, only from a mail server and to our mark.
    (
        "BNC-03",
        &[
            "notices_in_words_name_the_recipient_too",
            "a_bounce_that_a_person_passes_on_is_none",
            "what_is_about_a_bounce_or_by_a_machine_for_other_reasons_is_none",
        ],
    ),
    // Automatic answers.
    (
        "BNC-04",
        &["a_complaint_takes_the_person_off_for_good_and_an_answer_by_machine_does_not"],
    ),
    // Whose fault it is.
    (
        "BNC-05",
        &[
            "a_refusal_met_while_sending_suspends_whom_the_server_does_not_know_and_nobody_else",
            "a_bounce_without_a_status_counts_by_its_words_if_they_are_plain",
            "a_daily_list_suspends_too_whom_mails_come_back_from_after_days",
        ],
    ),
    // Breakers.
    (
        "BNC-06",
        &[
            "an_edition_that_is_refused_too_often_stops_and_goes_on_where_it_stopped",
            "a_domain_that_refuses_twenty_in_a_row_stops_the_edition_though_the_share_is_small",
            "ten_thousand_bounces_at_once_stop_the_edition_and_cost_few_people_their_mails",
        ],
    ),
    // Forged, or sent again.
    (
        "BNC-07",
        &["a_bounce_that_is_forged_or_sent_again_or_late_suspends_nobody"],
    ),
    // Complaints.
    (
        "BNC-08",
        &[
            "complaints_are_read_even_when_the_address_is_blacked_out",
            "three_complaints_stop_an_edition_that_is_going_out",
            "complaints_about_an_edition_that_has_gone_out_are_told_and_so_is_its_stop",
        ],
    ),
    // What we send by ourselves says so.
    (
        "BNC-09",
        &[
            "every_header_of_list_mail_stands_once",
            "a_confirmation_is_personal_mail_marked_as_automatic_and_passes_all_rules",
        ],
    ),
    ("BNC-10", &["every_header_of_list_mail_stands_once"]),
    // Nothing that comes in is answered.
    (
        "BNC-11",
        &["nothing_that_comes_in_is_answered_even_if_two_instances_write_to_each_other"],
    ),
    // Bounded, and once.
    (
        "BNC-12",
        &[
            "a_mail_counts_once_whatever_crashes_and_moves_to_the_folder_of_those_that_count",
            "a_maildir_is_emptied_once_and_a_flood_of_forgeries_stays_small",
            "a_notice_full_of_addresses_is_read_as_far_as_bounces_go",
        ],
    ),
];

/// Each of these numbers has tests, and they exist.
pub fn assert_proven(table: &[Proof], wanted: impl Iterator<Item = String>) {
    for number in wanted {
        assert!(
            table.iter().any(|(known, _)| *known == number),
            "nothing proves {number}"
        );
    }
    let mut tests = BTreeSet::new();
    collect_tests(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"), &mut tests);
    assert!(tests.len() > 500, "{} tests", tests.len());
    for (number, names) in table {
        assert!(!names.is_empty(), "{number}");
        for name in *names {
            assert!(tests.contains(*name), "{number}: no test is called {name}");
        }
    }
}

#[test]
fn every_promise_to_people_has_tests_and_they_exist() {
    let of = |kind: &'static str| (1..=12).map(move |number| format!("{kind}-{number:02}"));
    assert_proven(PEOPLE, of("PRIV").chain(of("LST")).chain(of("BNC")));
}

/// Names of functions that stand behind `#[test]` or its like, below a folder.
fn collect_tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
                if let Some((name, _)) = function.and_then(|rest| rest.split_once('(')) {
                    if is_test {
                        found.insert(name.to_owned());
                    }
                    is_test = false;
                }
            }
        }
    }
}
