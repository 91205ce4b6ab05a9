//! Those who speak in a text.

use super::{paragraph, people};

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
