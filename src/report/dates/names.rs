//! The names of months and days of the week, and the ordinals of days, in the languages of the house.

/// In the order of the year; each form in lower case, with and without accents where people leave them out.
const MONTHS: [&str; 12] = [
    "january januar jänner janvier enero января январь январе jan janv ene янв",
    "february februar feber février fevrier febrero февраля февраль феврале feb févr fév фев февр",
    "march märz maerz mars marzo марта март марте mar mrz мар",
    "april avril abril апреля апрель апреле apr avr abr апр",
    "may mai mayo мая май мае",
    "june juni juin junio июня июнь июне jun июн",
    "july juli juillet julio июля июль июле jul juil июл",
    "august août aout agosto августа август августе aug ago авг",
    "september septembre septiembre setiembre сентября сентябрь сентябре sep sept сен сент",
    "october oktober octobre octubre октября октябрь октябре oct okt окт",
    "november novembre noviembre ноября ноябрь ноябре nov ноя нояб",
    "december dezember décembre decembre diciembre декабря декабрь декабре dec dez déc dic дек",
];

/// The number of a month by its name, in any case, with or without the full stop of a short form.
pub(super) fn number(name: &str) -> Option<u32> {
    let name = name.trim_end_matches('.').to_lowercase();
    let at = MONTHS
        .iter()
        .position(|names| names.split(' ').any(|one| one == name))?;
    u32::try_from(at + 1).ok()
}

/// All names as one alternative of a pattern, the longest first, so that "june" is not read as "jun".
pub(super) fn alternatives() -> String {
    let mut names: Vec<&str> = MONTHS.iter().flat_map(|names| names.split(' ')).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.chars().count()));
    names.dedup();
    names.join("|")
}

/// In the order of the week, Monday first; full names, and the short ones that are no other word.
const WEEKDAYS: [&str; 7] = [
    "monday montag lundi lunes понедельник понедельника mon mo",
    "tuesday dienstag mardi martes вторник вторника tue tues di",
    "wednesday mittwoch mercredi miércoles miercoles среда среду среды wed mi",
    "thursday donnerstag jeudi jueves четверг четверга thu thurs do",
    "friday freitag vendredi viernes пятница пятницу пятницы fri fr",
    "saturday samstag sonnabend samedi sábado sabado суббота субботу субботы sat sa",
    "sunday sonntag dimanche domingo воскресенье воскресенья sun so",
];

/// The day of the week that stands right before or right behind a date, a comma and an article aside.
pub(super) fn weekday_beside(before: &str, after: &str) -> Option<chrono::Weekday> {
    let before = before.trim_end_matches([' ', ',', '\u{a0}']);
    let before = ["den", "dem", "the"]
        .iter()
        .find_map(|article| before.strip_suffix(article))
        .map_or(before, |rest| rest.trim_end_matches([' ', ',', '\u{a0}']));
    let last = before.rsplit([' ', '\u{a0}', '\n', '(']).next().unwrap_or_default();
    let next = after.trim_start_matches([' ', ',', '(', '\u{a0}']);
    let next = next.split([' ', ',', ')', '.', ';']).next().unwrap_or_default();
    // A short name such as "So." has its full stop; without it, it is another word.
    weekday(last, true).or_else(|| weekday(next, false))
}

/// The day of the week of a name, full or, if those are asked for, short and with its full stop.
pub(super) fn weekday(word: &str, is_short: bool) -> Option<chrono::Weekday> {
    let name = word.trim_end_matches('.').to_lowercase();
    let at = WEEKDAYS.iter().position(|names| {
        names
            .split(' ')
            .any(|one| one == name && (one.chars().count() > 4 || (is_short && word.ends_with('.')) || one == "среда"))
    })?;
    [
        chrono::Weekday::Mon,
        chrono::Weekday::Tue,
        chrono::Weekday::Wed,
        chrono::Weekday::Thu,
        chrono::Weekday::Fri,
        chrono::Weekday::Sat,
        chrono::Weekday::Sun,
    ]
    .get(at)
    .copied()
}

/// The days of a month in words, as dates hold them: "the third of May", "am dritten Mai", "третьего мая".
const ORDINALS: [&str; 31] = [
    "first ersten erster premier primero первого",
    "second zweiten zweiter второго",
    "third dritten dritter третьего",
    "fourth vierten vierter четвёртого четвертого",
    "fifth fünften fünfter пятого",
    "sixth sechsten sechster шестого",
    "seventh siebten siebenten siebter седьмого",
    "eighth achten achter восьмого",
    "ninth neunten neunter девятого",
    "tenth zehnten zehnter десятого",
    "eleventh elften elfter одиннадцатого",
    "twelfth zwölften zwölfter двенадцатого",
    "thirteenth dreizehnten тринадцатого",
    "fourteenth vierzehnten четырнадцатого",
    "fifteenth fünfzehnten пятнадцатого",
    "sixteenth sechzehnten шестнадцатого",
    "seventeenth siebzehnten семнадцатого",
    "eighteenth achtzehnten восемнадцатого",
    "nineteenth neunzehnten девятнадцатого",
    "twentieth zwanzigsten двадцатого",
    "twenty-first einundzwanzigsten двадцать+первого",
    "twenty-second zweiundzwanzigsten двадцать+второго",
    "twenty-third dreiundzwanzigsten двадцать+третьего",
    "twenty-fourth vierundzwanzigsten двадцать+четвёртого двадцать+четвертого",
    "twenty-fifth fünfundzwanzigsten двадцать+пятого",
    "twenty-sixth sechsundzwanzigsten двадцать+шестого",
    "twenty-seventh siebenundzwanzigsten двадцать+седьмого",
    "twenty-eighth achtundzwanzigsten двадцать+восьмого",
    "twenty-ninth neunundzwanzigsten двадцать+девятого",
    "thirtieth dreißigsten dreissigsten тридцатого",
    "thirty-first einunddreißigsten einunddreissigsten тридцать+первого",
];

/// The number of a day by its ordinal.
pub(super) fn ordinal(word: &str) -> Option<u32> {
    let word = word.to_lowercase().replace(' ', "+");
    let at = ORDINALS
        .iter()
        .position(|words| words.split(' ').any(|one| one == word))?;
    u32::try_from(at + 1).ok()
}

/// All ordinals as one alternative of a pattern, the longest first.
pub(super) fn ordinal_alternatives() -> String {
    let mut words: Vec<String> = ORDINALS
        .iter()
        .flat_map(|words| words.split(' '))
        .map(|word| word.replace('+', r"\s+"))
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.join("|")
}

/// The full names of the days as one alternative of a pattern.
pub(super) fn weekday_alternatives() -> String {
    let mut names: Vec<&str> = WEEKDAYS
        .iter()
        .flat_map(|names| names.split(' '))
        .filter(|name| name.chars().count() > 4)
        .collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.chars().count()));
    names.join("|")
}
