//! Those who speak in a text.

use super::{paragraph, people, text};

#[track_caller]
fn speak(sentence: &str, expected: &[&str]) {
    assert_eq!(people(&paragraph(sentence)), expected, "{sentence}");
}

#[test]
fn a_name_with_role_and_affiliation_behind_it() {
    speak(
        "Jorun Halvorsen, Counsellor at the Embassy of Norland to Austria, noted that gauges are public.",
        &["Jorun Halvorsen | Counsellor | Embassy of Norland to Austria"],
    );
    speak(
        "Maarja Lepikson, Director of the Registry Office, said no.",
        &["Maarja Lepikson | Director | Registry Office"],
    );
    speak(
        "Maarja Lepikson, Director, Lindenfeld Institute, said no.",
        &["Maarja Lepikson | Director | Lindenfeld Institute"],
    );
    speak(
        "Maarja Lepikson (Director, Lindenfeld Institute) said no.",
        &["Maarja Lepikson | Director | Lindenfeld Institute"],
    );
    speak(
        "Ottilie Brandhuber, Head of Rivers and Lakes Department at the Institute of Water Law, said no.",
        &["Ottilie Brandhuber | Head of Rivers and Lakes Department | Institute of Water Law"],
    );
}

#[test]
fn what_tells_as_what_one_speaks_is_nobody_else() {
    speak(
        "Ada Quist, chair at Northport Rivers Guild, said no.",
        &["Ada Quist | chair | Northport Rivers Guild"],
    );
}

#[test]
fn a_role_before_the_name() {
    speak(
        "In the discussion that followed, hydrologist and flood modelling expert Marius Tellander said no.",
        &["Marius Tellander | hydrologist and flood modelling expert | -"],
    );
    speak(
        "LFI Chief Researcher Caspar Nyqvist added that it rains.",
        &["Caspar Nyqvist | Chief Researcher | LFI"],
    );
    speak(
        "Lindenfeld Institute director Caspar Nyqvist added that it rains.",
        &["Caspar Nyqvist | director | Lindenfeld Institute"],
    );
    speak(
        "Prof. Dr. Caspar Nyqvist added that it rains.",
        &["Caspar Nyqvist | - | -"],
    );
    speak(
        "To a question from water economist Ileana Dragosz regarding prices nobody replied.",
        &["Ileana Dragosz | water economist | -"],
    );
}

#[test]
fn whoever_gives_the_keynote_or_moderates_speaks() {
    speak(
        "The keynote speech was given by Ottilie Brandhuber, Head of Law at the Institute for Waters.",
        &["Ottilie Brandhuber | Head of Law | Institute for Waters"],
    );
    speak(
        "The session was moderated by journalist Rufus Obermann.",
        &["Rufus Obermann | journalist | -"],
    );
}

#[test]
fn a_verb_before_the_name() {
    speak(
        "“It rains,” said Noor van der Velde, statistician.",
        &["Noor van der Velde | statistician | -"],
    );
    speak(
        "„Es regnet“, sagte Emre Aksoylu, Referent für Grünflächen.",
        &["Emre Aksoylu | Referent für Grünflächen | -"],
    );
    speak(
        "Dabei betonte Henrike Vollmoor, Leiterin des Bereichs Klima am Lindenfeld-Institut, die Folgen.",
        &["Henrike Vollmoor | Leiterin des Bereichs Klima | Lindenfeld-Institut"],
    );
    speak(
        "Семинар открыли, как отметил Иван Берёзкин, директор.",
        &["Иван Берёзкин | директор | -"],
    );
}

#[test]
fn a_later_surname_is_nobody_new() {
    speak(
        "Marius Tellander said yes. Tellander added no. Later Tellander concluded.",
        &["Marius Tellander | - | -"],
    );
    speak("Tellander said yes.", &[]);
}

#[test]
fn institutions_and_places_are_no_people() {
    speak(
        "The Lindenfeld Institute noted a rise. Saudi Arabia said no. New York added more.",
        &[],
    );
    speak(
        "Central Asia noted growth, and the Northern Water Commission concluded. The European Union stressed it.",
        &[],
    );
    speak(
        "Deutsche Bank erklärte nichts, und die Freie Universität Berlin betonte alles.",
        &[],
    );
}

#[test]
fn a_name_that_does_not_speak_is_left_out() {
    speak(
        "The street is named after Clara Wieland. A portrait of Georg Altmann hangs there.",
        &[],
    );
}

#[test]
fn speakers_in_a_list_are_read() {
    speak(
        "Speakers: Ilse Marquardt-Boateng (Lawyer, Northport Advice Office); Silvan Achterberg (Heating engineer)",
        &[
            "Ilse Marquardt-Boateng | Lawyer | Northport Advice Office",
            "Silvan Achterberg | Heating engineer | -",
        ],
    );
}

#[test]
fn in_a_list_of_speakers_an_unknown_profession_is_one() {
    let report = text(
        "A talk\n\nThe talk took place on 3 June 2024. There spoke:\n\n- Ada Quist, weir painter\n- Bo Orr (Altmoor Institute)\n- Cai Dunn – «The weir as a door»\n",
    );
    assert_eq!(
        people(&report),
        [
            "Ada Quist | weir painter | -",
            "Bo Orr | - | Altmoor Institute",
            "Cai Dunn | - | -",
        ]
    );
}

#[test]
fn a_line_with_a_bullet_alone_is_no_list_of_speakers() {
    let report = text("A talk\n\nThe talk took place on 3 June 2024.\n\n- Ada Quist, weir painter\n");
    assert_eq!(people(&report), Vec::<String>::new());
}

#[test]
fn an_article_shows_that_the_noun_behind_it_is_a_profession() {
    speak(
        "Die Wehrmalerin Zoe Quist sagte nein.",
        &["Zoe Quist | Wehrmalerin | -"],
    );
    speak(
        "Die Runde sprach mit dem Glockengießer Bo Orr.",
        &["Bo Orr | Glockengießer | -"],
    );
    speak("Die Alte Mühle sagte nein.", &[]);
}

#[test]
fn the_house_behind_a_name_is_no_part_of_it() {
    speak(
        "Ada Quist von der Universität Altmoor sagte nein.",
        &["Ada Quist | - | Universität Altmoor"],
    );
    speak(
        "Bo Orr vom Deich-Institut sagte nein.",
        &["Bo Orr | - | Deich-Institut"],
    );
    speak(
        "Ada Quist of the Weir Museum said no.",
        &["Ada Quist | - | Weir Museum"],
    );
}

#[test]
fn a_patronymic_shows_the_case_of_a_name() {
    speak(
        "Вопрос задали после лекции Анны Петровны Лесновой. Лекцию начала Анна Петровна Леснова, гидролог.",
        &["Анна Петровна Леснова | гидролог | -"],
    );
    speak(
        "По словам Андрея Петровича Орлова, река обмелела. Андрей Орлов добавил, что ждать нечего.",
        &["Андрей Петрович Орлов | - | -"],
    );
}

#[test]
fn what_stands_before_a_russian_name_only_once_is_no_part_of_it() {
    speak(
        "Ведунья Дарья Велемир прочитала стихи. Дарья Велемир ответила. Потом Дарья Велемир добавила ещё.",
        &["Дарья Велемир | ведунья | -"],
    );
}

#[test]
fn a_title_in_quotation_marks_is_nobody() {
    speak("At the talk “Old Weirs” said more than words.", &[]);
    speak("„Stille Wasser“ sagte allen etwas.", &[]);
    speak("«Тихие Воды» рассказала о многом.", &[]);
    speak("The novel Bo Orr told us much.", &[]);
}

#[test]
fn whoever_speaks_at_the_next_event_did_not_speak_at_this_one() {
    speak(
        "The talk took place on 3 June 2024. Ada Quist spoke. The next talk will be given by Bo Orr. Then Cai Dunn will moderate.",
        &["Ada Quist | - | -"],
    );
    speak(
        "Der Vortrag fand am 3. Juni 2024 statt. Ada Quist sprach. Nächste Woche spricht die Malerin Zoe Orr.",
        &["Ada Quist | - | -"],
    );
}

#[test]
fn the_excused_and_the_quoted_did_not_speak() {
    speak(
        "Ada Quist spoke. The mayor Bo Orr sent her apologies.",
        &["Ada Quist | - | -"],
    );
    speak(
        "Ada Quist sagte ja. Der Bürgermeister Bo Orr ließ sich entschuldigen.",
        &["Ada Quist | - | -"],
    );
    speak(
        "Ada Quist a répondu. Le maire Bo Orr, excusé, a souri.",
        &["Ada Quist | - | -"],
    );
    speak(
        "Ada Quist habló. El alcalde Bo Orr excusó su ausencia.",
        &["Ada Quist | - | -"],
    );
    speak("Ada Quist spoke, quoting the historian Bo Orr.", &["Ada Quist | - | -"]);
    speak(
        "Ada Quist sprach und zitierte die Dichterin Zoe Orr.",
        &["Ada Quist | - | -"],
    );
}

#[test]
fn the_director_of_the_institute_is_one_of_the_house_that_held_the_event() {
    speak(
        "On 3 June 2024 the Altmoor Institute hosted a talk. Ada Quist, Director of the Institute, said no.",
        &["Ada Quist | Director | Altmoor Institute"],
    );
    speak(
        "Am 3. Juni 2024 lud das Altmoor-Institut zum Vortrag. Ada Quist, Institutsleiterin, sagte nein.",
        &["Ada Quist | Institutsleiterin | Altmoor-Institut"],
    );
    speak(
        "On 3 June 2024 the Altmoor Institute hosted a talk. Ada Quist, Director of the Museum, said no.",
        &["Ada Quist | Director | Museum"],
    );
}

#[test]
fn a_short_name_of_a_house_means_the_one_that_the_text_spells_out() {
    speak(
        "The Altmoor Institute for Rivers (AIR) sat there. Ada Quist, researcher at AIR, said no.",
        &["Ada Quist | researcher | Altmoor Institute for Rivers"],
    );
}

#[test]
fn a_clause_about_somebody_tells_the_role_and_the_house() {
    speak(
        "Ada Quist, who directs the weirs at the Altmoor Institute, said no.",
        &["Ada Quist | director | Altmoor Institute"],
    );
}

#[test]
fn a_role_before_a_comma_begins_with_its_article() {
    speak(
        "Respondió su secretaria de actas, Ada Quist.",
        &["Ada Quist | secretaria de actas | -"],
    );
}

#[test]
fn whoever_is_only_talked_about_was_not_there() {
    speak(
        "Ada Quist hated offices, and Bo Quist lived nearby. Ada Quist again. Quist and Quist.",
        &[],
    );
}

#[test]
fn a_retired_rank_belongs_to_the_role() {
    speak(
        "Es sprach Brigadier a. D. Bo Orr über Wehre.",
        &["Bo Orr | Brigadier a. D. | -"],
    );
}

#[test]
fn whoever_stands_at_an_hour_of_the_programme_speaks_then() {
    let report = text("A talk\n\nThe talk took place on 3 June 2024.\n\n- 10.00 «Of old weirs»: Ada Quist\n");
    assert_eq!(people(&report), ["Ada Quist | - | -"]);
}

#[test]
fn a_surname_that_two_bear_means_neither() {
    speak(
        "A letter lay beside the mayor Ada Quist and the teacher Bo Quist. Quist said no.",
        &["Ada Quist | mayor | -", "Bo Quist | teacher | -"],
    );
    speak("A book by Ada Quist lay beside one by Bo Quist. Quist said no.", &[]);
}

#[test]
fn capitals_within_the_name_of_a_house_are_nobody() {
    speak(
        "The Institute for Old Weirs said no. The Centre of Quiet Waters added more.",
        &[],
    );
    speak("El Instituto Litoral de Estudios Fluviales señaló todo.", &[]);
}

#[test]
fn a_house_in_brackets_behind_the_role_is_the_affiliation() {
    speak(
        "Ada Quist, a doctoral student (Altmoor University), said no.",
        &["Ada Quist | doctoral student | Altmoor University"],
    );
}
