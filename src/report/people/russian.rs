//! Russian names of houses from the genitive into the nominative: "Ленского политехнического университета" becomes
//! "Ленский политехнический университет".
//!
//! In: words as the text declines them. Out: the nominative where the rules are sure, else the words as they are. The
//! surprising thing: only a noun of a short table is turned, and the adjectives before it follow its gender; what
//! stands behind the noun is in the genitive anyway and stays.

/// Genitive, nominative, and the gender that the adjectives follow.
const HOUSES: &[(&str, &str, char)] = &[
    ("института", "институт", 'm'),
    ("университета", "университет", 'm'),
    ("центра", "центр", 'm'),
    ("музея", "музей", 'm'),
    ("фонда", "фонд", 'm'),
    ("клуба", "клуб", 'm'),
    ("совета", "совет", 'm'),
    ("комитета", "комитет", 'm'),
    ("союза", "союз", 'm'),
    ("департамента", "департамент", 'm'),
    ("архива", "архив", 'm'),
    ("завода", "завод", 'm'),
    ("лаборатории", "лаборатория", 'f'),
    ("компании", "компания", 'f'),
    ("академии", "академия", 'f'),
    ("комиссии", "комиссия", 'f'),
    ("ассоциации", "ассоциация", 'f'),
    ("коллегии", "коллегия", 'f'),
    ("школы", "школа", 'f'),
    ("группы", "группа", 'f'),
    ("фирмы", "фирма", 'f'),
    ("библиотеки", "библиотека", 'f'),
    ("мастерской", "мастерская", 'f'),
    ("агентства", "агентство", 'n'),
    ("министерства", "министерство", 'n'),
    ("общества", "общество", 'n'),
    ("посольства", "посольство", 'n'),
];

/// The nominative of a house, or the words as they are.
pub(super) fn nominative(words: &str) -> String {
    let all: Vec<&str> = words.split(' ').collect();
    let noun = all.iter().enumerate().find_map(|(at, word)| {
        let lower = word.to_lowercase();
        HOUSES
            .iter()
            .find(|(genitive, _, _)| *genitive == lower)
            .map(|house| (at, house))
    });
    let Some((at, (_, nominative, gender))) = noun else {
        return words.to_owned();
    };
    let turned = all.iter().enumerate().map(|(index, word)| {
        if index == at {
            as_written(word, nominative)
        } else if index < at {
            adjective(word, *gender).unwrap_or_else(|| (*word).to_owned())
        } else {
            (*word).to_owned()
        }
    });
    turned.collect::<Vec<_>>().join(" ")
}

fn as_written(word: &str, nominative: &str) -> String {
    let mut letters = nominative.chars();
    match (word.starts_with(char::is_uppercase), letters.next()) {
        (true, Some(first)) => first.to_uppercase().chain(letters).collect(),
        _ => nominative.to_owned(),
    }
}

/// "Ленского" before a masculine noun is "Ленский", "Европейской" before a feminine one "Европейская".
fn adjective(word: &str, gender: char) -> Option<String> {
    let endings: &[(&str, &str)] = match gender {
        'm' => &[
            ("ского", "ский"),
            ("цкого", "цкий"),
            ("ного", "ный"),
            ("ового", "овый"),
            ("его", "ий"),
        ],
        'n' => &[("ского", "ское"), ("цкого", "цкое"), ("ного", "ное"), ("его", "ее")],
        _ => &[("ской", "ская"), ("цкой", "цкая"), ("ной", "ная"), ("ей", "яя")],
    };
    endings
        .iter()
        .find_map(|(genitive, nominative)| Some(format!("{}{nominative}", word.strip_suffix(genitive)?)))
}

/// Whether a word is in Cyrillic letters.
pub(super) fn is_cyrillic(word: &str) -> bool {
    word.chars().any(|c| ('а'..='я').contains(&c))
}

/// A full name whose patronymic shows that it is declined, in the nominative: "Генриетты Павловны Штолль" becomes
/// "Генриетта Павловна Штолль". Other names are as they are: without a patronymic no ending is sure.
pub(super) fn person(name: &str) -> String {
    /// What the patronymic ends with, what it ends with in the nominative, and then for given name and surname.
    type Turn = (
        &'static str,
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static [(&'static str, &'static str)],
    );
    const WOMAN: &[(&str, &str)] = &[
        ("ской", "ская"),
        ("цкой", "цкая"),
        ("овой", "ова"),
        ("евой", "ева"),
        ("иной", "ина"),
        ("ой", "а"),
    ];
    const TURNS: &[Turn] = &[
        (
            "вича",
            "вич",
            &[("ря", "рь"), ("вла", "вел"), ("я", "й"), ("а", "")],
            &[
                ("ского", "ский"),
                ("цкого", "цкий"),
                ("ого", "ый"),
                ("я", "ь"),
                ("а", ""),
            ],
        ),
        (
            "вичу",
            "вич",
            &[("рю", "рь"), ("влу", "вел"), ("ю", "й"), ("у", "")],
            &[
                ("скому", "ский"),
                ("цкому", "цкий"),
                ("ому", "ый"),
                ("ю", "ь"),
                ("у", ""),
            ],
        ),
        (
            "вичем",
            "вич",
            &[("рем", "рь"), ("влом", "вел"), ("ем", "й"), ("ом", "")],
            &[("ским", "ский"), ("цким", "цкий"), ("ым", ""), ("ом", "")],
        ),
        (
            "вны",
            "вна",
            &[("ии", "ия"), ("ки", "ка"), ("ги", "га"), ("и", "я"), ("ы", "а")],
            WOMAN,
        ),
        ("вне", "вна", &[("ии", "ия"), ("ье", "ья"), ("е", "а")], WOMAN),
        ("вной", "вна", &[("ией", "ия"), ("ой", "а"), ("ей", "я")], WOMAN),
    ];
    let words: Vec<&str> = name.split(' ').collect();
    let [given, patronymic, surname] = words.as_slice() else {
        return name.to_owned();
    };
    let Some((ending, nominative, given_endings, surname_endings)) =
        TURNS.iter().find(|turn| patronymic.ends_with(turn.0))
    else {
        return name.to_owned();
    };
    let turned = |word: &str, endings: &[(&str, &str)]| {
        let found = endings
            .iter()
            .find_map(|(from, to)| Some(format!("{}{to}", word.strip_suffix(from)?)));
        found.unwrap_or_else(|| word.to_owned())
    };
    format!(
        "{} {} {}",
        turned(given, given_endings),
        turned(patronymic, &[(ending, nominative)]),
        turned(surname, surname_endings)
    )
}

/// Whether a name is another, declined or without its patronymic: "Генриетте Штолль" is "Генриетта Павловна Штолль".
pub(super) fn is_same(known: &str, name: &str) -> bool {
    let ends = |name: &str| -> Option<(String, String)> {
        let (given, rest) = name.split_once(' ')?;
        Some((given.to_owned(), rest.rsplit(' ').next()?.to_owned()))
    };
    let is_form = |one: &str, other: &str| {
        let shared = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
        let longest = one.chars().count().max(other.chars().count());
        shared >= 3 && shared + 2 >= longest
    };
    let (Some(one), Some(other)) = (ends(known), ends(name)) else {
        return false;
    };
    is_cyrillic(known) && is_form(&one.0, &other.0) && is_form(&one.1, &other.1)
}

/// Whether a word is a role in another case than the nominative: "поэта", "историком".
pub(super) fn is_declined_role(word: &str) -> bool {
    const ENDINGS: &[(&str, &str)] = &[
        ("а", ""),
        ("у", ""),
        ("ом", ""),
        ("ем", ""),
        ("е", ""),
        ("я", "ь"),
        ("ю", "ь"),
        ("ы", "а"),
        ("и", "а"),
        ("ой", "а"),
        ("ей", "а"),
        ("у", "а"),
        ("е", "а"),
    ];
    is_cyrillic(word)
        && !super::is_role(word)
        && ENDINGS.iter().any(|(from, to)| {
            word.strip_suffix(from)
                .is_some_and(|stem| super::is_role(&format!("{stem}{to}")))
        })
}

#[cfg(test)]
mod tests {
    use super::{is_same, nominative, person};

    #[test]
    fn houses_are_turned_where_the_rules_are_sure() {
        assert_eq!(
            nominative("Ленского политехнического университета"),
            "Ленский политехнический университет"
        );
        assert_eq!(
            nominative("Лаборатории внутренних водных путей"),
            "Лаборатория внутренних водных путей"
        );
        assert_eq!(nominative("Европейской школы права"), "Европейская школа права");
        assert_eq!(nominative("судоходной компании «Кама»"), "судоходная компания «Кама»");
        assert_eq!(nominative("Верхнего Инна"), "Верхнего Инна");
    }

    #[test]
    fn a_patronymic_shows_the_case_of_a_name() {
        for (declined, expected) in [
            ("Генриетты Павловны Шталь", "Генриетта Павловна Шталь"),
            ("Рустама Ахметовича Полевского", "Рустам Ахметович Полевский"),
            ("Андрею Ильичу Орлову", "Андрею Ильичу Орлову"),
            ("Андрею Петровичу Орлову", "Андрей Петрович Орлов"),
            ("Анной Петровной Лесновой", "Анна Петровна Леснова"),
            ("Игоря Петровича Орлова", "Игорь Петрович Орлов"),
            ("Павлу Ильичу Орлову", "Павлу Ильичу Орлову"),
            ("Павла Петровича Орлова", "Павел Петрович Орлов"),
            ("Наталье Павловне Лесновой", "Наталья Павловна Леснова"),
            ("Анна Петровна Леснова", "Анна Петровна Леснова"),
            ("Ада Лесная", "Ада Лесная"),
        ] {
            assert_eq!(person(declined), expected);
        }
        assert!(is_same("Генриетта Павловна Шталь", "Генриетте Шталь"));
        assert!(!is_same("Анна Петровна Леснова", "Анна Лосева"));
    }
}
