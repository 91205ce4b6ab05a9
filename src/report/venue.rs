//! The house or room in which an event took place, as the text names it.
//!
//! In: a sentence, or the lines that state the place. Out: the name, with its place in the sentence. A venue is a
//! building word with a name of its own ("Haus am Wallgraben", "salle des Quatre-Moulins") behind a word of place. The
//! surprising thing: only what the language leaves no doubt about is put into the nominative ("in der Alten Post").

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::prose::{pattern, tidy};

/// Longer is no name of a house.
const LONGEST: usize = 90;

/// English, German: the building word ends the name or stands within it. French, Spanish: it begins the name.
const ENGLISH: &str = r"House|Hall|Rooms?|Library|Cent(?:re|er)|Museum|Theatre|Theater|Works|Pavilion|College|Institute|Palace|Hotel|Club|Church|Auditorium|Gallery|Castle|School|Building|Campus|Tower|Chapel|Mill|Barn|Exchange|Archives?|Lodge|Abbey|Academy|Embassy|Shelter|Inn|Warehouse|Loft|Granary|Farm|Brewery|Foundry|Station|Cellars?|Depot|Stores?|Yard|Market|Cinema|Boathouse|Observatory|Refectory|Crypt|Court|Playhouse|Guildhall|Atrium|Arena|Studios?|Stables|Cathedral|Priory|Manor|Dyehouse|Bakery|Rotunda|Conservatory|Wharf|Annexe?";
const GERMAN: &str = r"[Hh]aus|[Ss]aal|[Hh]of|[Ss]chloss|[Mm]useum|[Bb]ibliothek|[Hh]alle|[Kk]irche|[Zz]entrum|[Ii]nstitut|[Hh]ochschule|[Uu]niversität|[Tt]heater|[Vv]illa|[Ss]peicher|[Rr]emise|[Kk]okerei|[Hh]otel|[Tt]urm|[Aa]kademie|[Mm]ühle|bau|[Kk]eller|[Bb]urg|[Ff]abrik|[Ss]cheune|[Ss]chule|[Kk]olleg|[Rr]athaus|[Bb]otschaft|[Kk]apelle|[Aa]rchiv|[Pp]alais|[Pp]alas|[Oo]rangerie|[Rr]efektorium|[Aa]ula|[Bb]rauerei|[Kk]loster|[Ff]oyer|[Aa]telier|[Ss]chuppen|[Dd]epot|[Kk]ino|[Ss]cheuer|[Gg]asthof|[Gg]ewölbe|[Ss]alon|[Bb]ahnhof|[Ss]tift|[Gg]alerie|[Ww]erkstatt|[Zz]euggarten|[Ll]oft|[Ff]orum|[Pp]avillon|[Gg]utshof|[Ww]erft|[Bb]örse|[Ss]tadel";
const FRENCH: &str = r"maison|manufacture|salle|pavillon|hôtel|auditorium|siège|palais|musée|bibliothèque|théâtre|centre|université|école|institut|château|fondouk|café|halle|amphithéâtre|réfectoire|hôpital|église|médiathèque|abbaye|campus|espace|cité|ambassade|chapelle|villa|cinéma|serre|criée|domaine|grange|gare|hangar|atelier|librairie|cloître|mairie|préfecture|moulin|ferme|brasserie|caserne|faculté|lycée|entrepôt|forum|observatoire|prieuré|conservatoire|amphi|foyer|archives|couvent|rotonde|orangerie|hémicycle|auditoire|aula|cercle";
const SPANISH: &str = r"casas?|casona|teatro|aula|auditorio|biblioteca|galpón|palacio|palácio|sala|salón|museo|centro|universidad|coliseo|hotel|ateneo|sede|antiguo|antigua|convento|claustro|facultad|escuela|instituto|edificio|torre|castillo|iglesia|paraninfo|fundación|colegio|baluarte|embajada|archivo|patio|cinemateca|cine|estación|mercado|bodega|hacienda|librería|capilla|monasterio|molino|alcázar|cabildo|alcaldía|ayuntamiento|club|palacete|pabellón|hospital|quinta|estancia|sinagoga|catedral|rectorado|seminario|recinto|nave";

/// Russian buildings in the prepositional case, and what they are called.
const RUSSIAN: &[(&str, &str)] = &[
    ("доме", "дом"),
    ("зале", "зал"),
    ("библиотеке", "библиотека"),
    ("музее", "музей"),
    ("галерее", "галерея"),
    ("институте", "институт"),
    ("университете", "университет"),
    ("центре", "центр"),
    ("клубе", "клуб"),
    ("театре", "театр"),
    ("холле", "холл"),
    ("конгресс-холле", "конгресс-холл"),
    ("отеле", "отель"),
    ("гостинице", "гостиница"),
    ("усадьбе", "усадьба"),
    ("форте", "форт"),
    ("цехе", "цех"),
    ("коворкинге", "коворкинг"),
    ("школе", "школа"),
    ("дворце", "дворец"),
    ("павильоне", "павильон"),
    ("аудитории", "аудитория"),
    ("академии", "академия"),
    ("кинотеатре", "кинотеатр"),
    ("пакгаузе", "пакгауз"),
    ("особняке", "особняк"),
    ("конференц-зале", "конференц-зал"),
    ("конференц-центре", "конференц-центр"),
    ("лектории", "лекторий"),
    ("архиве", "архив"),
    ("филармонии", "филармония"),
    ("амбаре", "амбар"),
    ("манеже", "манеж"),
    ("доке", "док"),
    ("корпусе", "корпус"),
    ("флигеле", "флигель"),
    ("монастыре", "монастырь"),
    ("книжном", "книжный"),
    ("пространстве", "пространство"),
    ("мастерской", "мастерская"),
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Venue {
    pub(super) name: String,
    /// Where the name ends in the sentence.
    pub(super) end: usize,
    pub(super) words: String,
}

/// Whether a text names a building or a room.
pub(super) fn is_building(text: &str) -> bool {
    static WORD: LazyLock<Regex> = LazyLock::new(|| {
        pattern(&format!(
            r"\b(?:{ENGLISH})\b|(?:{GERMAN})\b|(?i:\b(?:{FRENCH}|{SPANISH}|зал|дом|музей|библиотека|центр|галерея|клуб|театр)\b)"
        ))
    });
    WORD.is_match(text)
}

/// Whether a word by itself is the name of a kind of building.
pub(super) fn is_kind_of_building(word: &str) -> bool {
    static WHOLE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(&format!(
            r"^(?:(?:{ENGLISH}|Quay|Street)|(?i:{FRENCH}|{SPANISH})|\p{{L}}{{4,}}(?:haus|saal|halle|hof|bau|theater|museum|palais)|[Дд]ом\p{{L}}{{0,2}}|[Зз]ал\p{{L}}?|[Мм]узе\p{{L}})$"
        ))
    });
    // Surnames and given names that are buildings too.
    const NAMES: &[&str] = &[
        "Church", "Hall", "House", "Mill", "Court", "Castle", "Abbey", "Manor", "Farm", "Villa", "Torre", "Castillo",
        "Iglesia", "Palacio", "Molino", "Foyer", "Halle", "Grange", "Gare", "Moulin", "Chapelle", "Barn", "Inn",
        "Works", "Campus", "Club", "Sala", "Casas", "Nave", "Quinta", "Lodge", "Tower", "Bau", "Store", "Stores",
    ];
    WHOLE.is_match(word) && !NAMES.contains(&word)
}

/// The first venue that one of the sentences names.
pub(super) fn find(sentences: &[&str]) -> Option<Venue> {
    sentences.iter().find_map(|sentence| all(sentence).into_iter().next())
}

/// All venues behind words of place in a sentence, in order.
pub(super) fn all(sentence: &str) -> Vec<Venue> {
    let mut found: Vec<(usize, Venue)> = Vec::new();
    for rule in [english, german, roman, russian] {
        found.extend(rule(sentence));
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, venue)| venue).collect()
}

fn venue(sentence: &str, range: Range<usize>, name: &str) -> Option<(usize, Venue)> {
    let name = tidy(name.trim_end_matches([',', '.', ' ']));
    let has_name = name.chars().any(char::is_uppercase) || name.contains('«');
    // "not at the Old Mill", "the Mill's series"
    let before = sentence[..range.start].to_lowercase();
    let mut last = before.rsplit(' ').skip(1).take(3);
    // "professor at the University of Altmoor": where somebody works.
    let clause = sentence[..range.start]
        .rsplit([',', ';', '(', ':'])
        .next()
        .unwrap_or_default();
    if name.split([' ', '-']).any(super::people::is_institution)
        && clause.split([' ', '-']).any(super::people::is_role)
        && !super::event::names_event(clause)
    {
        return None;
    }
    let is_denied = last.any(|word| matches!(word, "not" | "nicht" | "pas" | "no" | "не"));
    if is_denied || sentence[range.end..].starts_with(['’', '\'']) {
        return None;
    }
    let lead = sentence[..range.start].trim_end().rfind(' ').map_or(0, |at| at + 1);
    (has_name && name.chars().count() <= LONGEST).then(|| {
        (
            range.start,
            Venue {
                words: sentence[lead..range.end].to_owned(),
                name,
                end: range.end,
            },
        )
    })
}

/// "at the Old Rope Works", "in the Chapter Room of Bracken Hall".
fn english(sentence: &str) -> Vec<(usize, Venue)> {
    static FORM: LazyLock<Regex> = LazyLock::new(|| {
        pattern(&format!(
            r"\b(?:at|in|to|filled|packed)(?: the| our| its)?(?: new| old| former)? (?P<name>(?:(?:\p{{Lu}}[\p{{L}}’'.-]* (?:(?:of|and|for) )?){{1,5}}(?:{ENGLISH})\b(?: (?:of|at)(?: the)? (?:\p{{Lu}}[\p{{L}}’'-]* ?){{1,4}})?|(?:{ENGLISH}) (?:of|at)(?: the)? (?:\p{{Lu}}[\p{{L}}’'-]* ?){{1,4}}))"
        ))
    });
    captured(sentence, &FORM)
}

/// "im Haus am Wallgraben", "in der Alten Torfremise", "im Werkshaus „Frančiška“".
fn german(sentence: &str) -> Vec<(usize, Venue)> {
    static FORM: LazyLock<Regex> = LazyLock::new(|| {
        pattern(&format!(
            r"\b(?P<lead>[Ii]m|[Ii]n der|[Ii]n den|[Aa]m|[Aa]uf (?:dem|der)|[Aa]n der|[Ii]ns|[Ii]n d(?:as|ie)) (?P<name>(?:\p{{Lu}}\p{{Ll}}+e[ns]? )?\p{{L}}*(?:{GERMAN})\b(?: (?:am|an der|zur|zum|der|des|im|in der|vor dem) (?:ehemaligen |alten |neuen )?(?:\p{{Lu}}[\p{{L}}-]*)(?: (?:Sankt )?\p{{Lu}}[\p{{L}}-]*)?|(?: \p{{Lu}}[\p{{L}}-]+){{1,2}}| [„“»][^“”«]{{2,40}}[“”«])?)"
        ))
    });
    FORM.captures_iter(sentence)
        .filter_map(|captures| {
            let name = captures.name("name")?;
            let written = name.as_str();
            // A house without a name of its own ("im Haus", "im Institut") is none.
            let is_bare = !written.contains(' ') && written.chars().count() <= 9;
            let turned = match (captures.name("lead").map(|lead| lead.as_str()), written.split_once(' ')) {
                // The dative of the feminine shows its nominative; that of the others hides it.
                (Some("in der" | "In der" | "auf der" | "Auf der"), Some((first, rest))) if first.ends_with("en") => {
                    format!("{} {rest}", &first[..first.len() - 1])
                }
                _ => written.to_owned(),
            };
            (!is_bare).then(|| venue(sentence, name.range(), &turned))?
        })
        .collect()
}

/// "à la Maison des Ingénieurs", "salle des Quatre-Moulins", "en el Teatro de la Ceiba".
fn roman(sentence: &str) -> Vec<(usize, Venue)> {
    static FORM: LazyLock<Regex> = LazyLock::new(|| {
        pattern(&format!(
            r"\b(?:[Àà] (?:la|l[’'])|[Aa]u|[Dd]ans (?:le|la|l[’'])|[Ee]n (?:el|la|los|las)|al|a la|escenario (?:el|la)|(?:ocupó|ocuparon)[^.;]{{0,40}}? (?:el|la)) ?(?:ancien(?:ne)? )?(?P<name>(?:(?:[Gg]rande?|[Pp]etite?|[Vv]ieille|[Vv]ieux) )?(?:(?i:salón de actos|sala de conferencias|aula magna|salle de conférences?|amphithéâtre|grande salle) (?:de la|del|de l[’']|du|de) ?)?(?i:{FRENCH}|{SPANISH})(?: aux? \p{{L}}+| (?:(?:de la|de l[’'] ?|de los|de las|del|des|das|dos|du|de|d[’'])\s?)?(?:(?:hôpital|école|hôtel|palais) )?(?:\p{{Lu}}[\p{{L}}’'-]*)(?: (?:de la|de l[’']|du|de|del|das|dos)?\s?\p{{Lu}}[\p{{L}}’'-]*){{0,3}})+)"
        ))
    });
    captured(sentence, &FORM)
}

/// "в Доме купца Замятнина", "в галерее «Каскадные сады»", "в читальном зале Дома на Слудке".
fn russian(sentence: &str) -> Vec<(usize, Venue)> {
    static FORM: LazyLock<Regex> = LazyLock::new(|| {
        let nouns: Vec<&str> = RUSSIAN.iter().map(|(prepositional, _)| *prepositional).collect();
        let hosts: Vec<&str> = RUSSIAN.iter().map(|(_, nominative)| *nominative).collect();
        pattern(&format!(
            r"\b(?:[Вв]|принимал\p{{L}}?|приютил\p{{L}}?|принял\p{{L}}?|площадк\p{{L}}+ (?:стал|была?)\p{{L}}?)(?: бывш\p{{L}}+)? (?P<adjective>(?:\p{{L}}+(?:ом|ем|ой|ей) ){{0,2}})(?P<noun>(?i:{}))(?P<rest> «[^»]{{2,60}}»| № ?\d+|(?: \p{{Ll}}+)? \p{{Lu}}[\p{{L}}-]+(?: (?:на|в|у|при) \p{{Lu}}\p{{L}}+)?| (?:филармонии|университета|библиотеки|института|академии|музея|консерватории|театра|ремёсел|учёных|журналистов|книги|кино|культуры)\b|)",
            nouns.into_iter().chain(hosts).collect::<Vec<_>>().join("|")
        ))
    });
    FORM.captures_iter(sentence)
        .filter_map(|captures| {
            let (noun, rest) = (captures.name("noun")?, captures.name("rest")?);
            let lower = noun.as_str().to_lowercase();
            let (_, nominative) = RUSSIAN
                .iter()
                .find(|(prepositional, nominative)| *prepositional == lower || *nominative == lower)?;
            let adjectives: Option<Vec<String>> = captures
                .name("adjective")
                .map_or("", |words| words.as_str().trim_end())
                .split_whitespace()
                .map(in_nominative)
                .collect();
            let adjective = adjectives
                .filter(|words| !words.is_empty())
                .map(|words| words.join(" "));
            let first = adjective.as_deref().unwrap_or(noun.as_str());
            let name = match &adjective {
                Some(adjective) => format!("{adjective} {nominative}{}", rest.as_str()),
                None => capital_as(first, &format!("{nominative}{}", rest.as_str())),
            };
            // "в доме культуры": a kind of house; a capital makes it a name.
            let is_kind = !first.starts_with(char::is_uppercase)
                && !rest.as_str().contains(['«', '№'])
                && !rest.as_str().contains(char::is_uppercase);
            let start = captures.name("adjective").map_or(noun.start(), |word| word.start());
            (!is_kind).then(|| venue(sentence, start..rest.end(), &name))?
        })
        .collect()
}

/// "читальном" before a masculine noun is "читальный", "Большом" is "Большой".
fn in_nominative(adjective: &str) -> Option<String> {
    let lower = adjective.to_lowercase();
    let stem = ["ом", "ем", "ой", "ей"]
        .iter()
        .find_map(|ending| adjective.strip_suffix(ending))?;
    let ending = match lower.as_str() {
        "большом" | "морском" | "городском" | "речном" | "заводском" | "лесном" | "втором" => {
            "ой"
        }
        word if word.ends_with("ой") => "ая",
        word if word.ends_with("ей") => "яя",
        word if word.ends_with("ем") => "ий",
        word if word.ends_with("ком") || word.ends_with("гом") || word.ends_with("хом") => "ий",
        _ => "ый",
    };
    Some(format!("{stem}{ending}"))
}

/// A name with a capital first letter where another word has one.
fn capital_as(other: &str, name: &str) -> String {
    let mut letters = name.chars();
    match (other.starts_with(char::is_uppercase), letters.next()) {
        (true, Some(first)) => first.to_uppercase().chain(letters).collect(),
        _ => name.to_owned(),
    }
}

fn captured(sentence: &str, form: &Regex) -> Vec<(usize, Venue)> {
    form.captures_iter(sentence)
        .filter_map(|captures| {
            let name = captures.name("name")?;
            venue(sentence, name.range(), name.as_str())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn named(sentence: &str, expected: Option<&str>) {
        let found = find(&[sentence]).map(|venue| venue.name);
        assert_eq!(found.as_deref(), expected, "{sentence}");
    }

    #[test]
    fn houses_with_a_name_of_their_own_are_venues() {
        named("It was held at the Old Mill House in Altmoor.", Some("Old Mill House"));
        named("Sie trafen sich im Haus am Deich.", Some("Haus am Deich"));
        named("Sie lasen in der Alten Mühle.", Some("Alte Mühle"));
        named(
            "La séance s’est tenue à la Maison des Tisserands.",
            Some("Maison des Tisserands"),
        );
        named("El acto tuvo lugar en el Teatro de la Luna.", Some("Teatro de la Luna"));
        named("Семинар прошёл в библиотеке «Изба».", Some("библиотека «Изба»"));
        named(
            "Собрались в читальном зале Дома на Холме.",
            Some("читальный зал Дома на Холме"),
        );
        named(
            "They met in the Granary at Moss Farm, near Altmoor.",
            Some("Granary at Moss Farm"),
        );
        named(
            "La cita fue en el salón de actos de la Casa del Río.",
            Some("salón de actos de la Casa del Río"),
        );
        named(
            "La rencontre a eu lieu à l’ancienne Halle aux grains.",
            Some("Halle aux grains"),
        );
    }

    #[test]
    fn a_house_without_a_name_is_none() {
        named("They met in the library of a friend.", None);
        named("Sie trafen sich im Haus und im Institut.", None);
        named("Семинар прошёл в библиотеке.", None);
        named("Ada Quist, professor at the Old Mill Institute, spoke.", None);
    }
}
