//! The names of months in the languages of the house, full and short.

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
