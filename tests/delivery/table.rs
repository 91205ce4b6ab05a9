//! What can go wrong around a send, by number, and the tests that prove what is promised for it.

use crate::proven::{Proof, assert_proven};

/// FLT-15, FLT-16 and FLT-24 to FLT-26 speak of sources, bounces, hubs and pages.
const NUMBERS: [u8; 21] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 17, 18, 19, 20, 21, 22, 23,
];

const TABLE: &[Proof] = &[
    // The relay is down, before or during a send.
    (
        "FLT-01",
        &[
            "a_relay_that_is_not_there_rests_longer_each_time",
            "a_relay_that_goes_down_in_the_midst_gets_the_rest_by_itself_when_it_is_back",
            "rows_wait_for_a_relay_that_is_down_and_go_out_when_it_is_back",
            "a_daemon_whose_relay_is_down_goes_on_serving",
        ],
    ),
    // 421 at each stage.
    (
        "FLT-02",
        &["a_relay_that_closes_with_421_at_any_stage_marks_nobody_and_gets_each_mail_once_later"],
    ),
    // 4xx at each stage, greylisting.
    (
        "FLT-03",
        &[
            "a_relay_that_says_later_at_any_stage_gets_each_mail_once_later",
            "a_greylisted_mail_arrives_at_the_first_try_after_its_five_minutes",
            "a_deferred_mail_arrives_later_as_the_same_mail",
            "smtp_sink_that_puts_everybody_off_fails_nobody",
        ],
    ),
    // 5xx about a person, 5xx about us.
    (
        "FLT-04",
        &[
            "who_is_refused_for_good_has_failed_with_a_reason_and_is_not_tried_again",
            "a_relay_that_says_never_before_anybody_is_named_rests_and_gets_each_mail_once_later",
            "a_refusal_concerns_the_row_it_was_given_for",
            "a_relay_that_refuses_us_rests_and_nobody_is_marked",
            "an_address_that_postfix_does_not_know_fails_for_good",
        ],
    ),
    // The answer to the dot takes nine minutes.
    (
        "FLT-05",
        &["an_answer_nine_minutes_after_the_dot_counts_and_nobody_else_sends_the_mail_meanwhile"],
    ),
    // The line breaks within a message, and after its dot.
    (
        "FLT-06",
        &[
            "a_line_that_breaks_within_a_message_costs_a_second_try_and_no_second_copy",
            "a_message_cut_in_its_midst_was_not_handed_over",
            "a_lost_connection_is_judged_by_the_final_dot",
        ],
    ),
    // The answer to the dot is lost on the way.
    (
        "FLT-07",
        &[
            "a_hundred_answers_lost_on_the_way_are_a_hundred_mails_in_doubt",
            "a_mail_in_doubt_is_sent_once_more_as_the_same_mail_if_the_list_says_resend",
            "a_mail_in_doubt_waits_for_staff_if_the_list_says_hold",
        ],
    ),
    // Encryption that is stripped, cut, expired, or another's.
    (
        "FLT-08",
        &[
            "somebody_on_the_line_who_strips_or_cuts_encryption_hears_no_mail",
            "without_a_sound_certificate_nothing_is_sent_and_the_fault_says_why",
            "words_slipped_in_before_the_handshake_are_thrown_away",
        ],
    ),
    // The password stops working.
    (
        "FLT-09",
        &[
            "a_password_that_stops_working_in_the_midst_stops_the_relay_and_the_right_one_goes_on",
            "postfix_gets_nothing_with_a_wrong_password_and_all_of_it_with_the_right_one",
        ],
    ),
    // The relay limits sessions.
    (
        "FLT-10",
        &[
            "a_relay_that_closes_every_50_mails_loses_and_doubles_nothing",
            "a_relay_that_lets_five_in_and_no_more_gets_everything_once",
            "smtp_sink_that_hangs_up_refuses_and_dies_gets_everybody_once_in_the_end",
        ],
    ),
    // The disk is full.
    (
        "FLT-11",
        &[
            "a_full_disk_ends_a_send_with_a_clear_word_and_loses_nobody",
            "an_answer_that_cannot_be_written_is_not_lost",
        ],
    ),
    // The database is locked, or restarts.
    (
        "FLT-12",
        &[
            "a_database_locked_for_longer_than_we_wait_loses_and_doubles_nobody",
            "a_postgresql_that_restarts_in_the_midst_loses_nobody_and_doubles_only_what_was_in_doubt",
        ],
    ),
    // The clock is wrong, is turned, or a start falls into the minute of a slot.
    (
        "FLT-13",
        &[
            "a_clock_put_back_two_hours_after_a_slot_does_not_fire_it_again",
            "a_clock_put_forward_two_hours_over_a_slot_fires_it_once",
            "a_restart_in_the_minute_of_a_slot_makes_one_edition",
            "a_year_of_half_past_two_in_berlin_has_365_editions",
            "a_fixed_time_in_the_skipped_hour_runs_at_its_end",
            "a_fixed_time_in_the_repeated_hour_runs_the_first_time",
            "two_programs_that_trigger_one_slot_make_one_edition",
        ],
    ),
    // FLT-14: nobody was there at the time of a slot.
    (
        "FLT-14",
        &[
            "missed_slots_follow_the_lists_policy_and_lose_nothing",
            "an_edition_sealed_ahead_whose_hour_passed_long_ago_waits_for_staff",
        ],
    ),
    // A template fails for all, or a mail for one.
    (
        "FLT-17",
        &[
            "a_template_that_fails_starts_no_edition_and_is_named_and_mended_it_goes_out",
            "a_template_error_names_file_and_line",
            "one_unreadable_variant_fails_its_rows_and_stops_nobody_else",
        ],
    ),
    // The configuration has mistakes.
    (
        "FLT-18",
        &[
            "a_daemon_does_not_start_with_mistakes_and_says_where_they_are",
            "a_daemon_told_to_read_mistakes_keeps_what_it_has_and_says_so",
            "each_mistake_has_its_sentence",
        ],
    ),
    // Two daemons on one SQLite database.
    (
        "FLT-19",
        &["a_second_daemon_on_the_same_database_ends_with_a_status_of_its_own"],
    ),
    // A person leaves, is erased or is suppressed in the midst.
    (
        "FLT-20",
        &[
            "who_leaves_is_erased_or_suppressed_in_the_midst_gets_no_mail",
            "people_who_leave_in_the_midst_get_no_mail",
            "whoever_leaves_after_the_claim_and_before_the_mark_gets_no_dot",
            "leaving_wins_between_sealing_and_the_final_dot",
        ],
    ),
    // Staff edit, pause or cancel in the midst.
    (
        "FLT-21",
        &[
            "edits_in_the_midst_of_a_send_reach_nobody_of_it",
            "a_pause_in_the_midst_lets_each_session_finish_one_mail_and_resuming_goes_on_exactly",
            "what_is_paused_or_stopped_stands_still_and_goes_on_later",
            "a_stopped_edition_goes_on_where_it_stopped_or_is_cancelled_for_good",
        ],
    ),
    // The process ends: softly, hard, in the midst of making its database.
    (
        "FLT-22",
        &[
            "a_digest_to_ten_thousand_survives_kills",
            "ended_hard_in_the_midst_nothing_is_lost_and_little_is_doubled",
            "ended_softly_at_ten_random_moments_nobody_is_left_out_and_nobody_gets_it_twice",
            "sigterm_finishes_the_mails_in_hand_and_the_next_start_goes_on",
            "a_database_whose_making_was_broken_off_is_made_by_the_next_start",
        ],
    ),
    // A worker stands still for longer than its lease.
    (
        "FLT-23",
        &[
            "a_worker_that_was_frozen_writes_nothing_over_what_another_did",
            "a_lease_that_ran_out_allows_no_handoff_and_no_late_answer",
        ],
    ),
];

#[test]
fn every_fault_of_the_table_has_tests_and_they_exist() {
    assert_proven(TABLE, NUMBERS.iter().map(|number| format!("FLT-{number:02}")));
}
