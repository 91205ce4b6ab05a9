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

#[cfg(test)]
mod tests {
    use super::nominative;

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
}
