//! The keys of front matter in other languages, and those by which a generator of web sites is known.

/// Each key with the words that mean it; the key itself comes first.
const KEYS: &str = "
title titel titre título titulo заголовок
language sprache langue idioma язык
date datum fecha дата
event veranstaltung événement evenement evento событие
start beginn début debut inicio начало
end ende fin конец
place ort lieu lugar sede место
city stadt ville ciudad город
country land pays país pais страна
venue veranstaltungsort salle sala площадка
series reihe série serie ciclo цикл
speakers vortragende referenten intervenants ponentes докладчики
topics themen schlagworte thèmes themes temas темы
summary zusammenfassung résumé resume resumen
author autor autorin auteur autrice autora автор
organiser organizer organisers organizers veranstalter organisateur organizador organizadores организатор
location
timezone zeitzone
related
";

/// The key in the words of the manual: lower case, `_` for `-`, other languages' words translated.
pub(super) fn in_english(key: &str) -> String {
    let key = key.trim().to_lowercase().replace('-', "_");
    let line = KEYS.lines().find(|line| line.split(' ').any(|word| word == key));
    line.and_then(|line| line.split(' ').next()).map_or(key, str::to_owned)
}

/// Keys of Jekyll, Hugo and their kin, which our own front matter does not have.
pub(super) fn is_of_generator(key: &str) -> bool {
    matches!(
        key,
        "layout" | "slug" | "categories" | "lastmod" | "permalink" | "rubrique" | "rubrik" | "weight" | "aliases"
    )
}

/// The day of the event stands in a table of its own, so a date outside of it is another day.
pub(super) fn is_start_within_event(key: &str) -> bool {
    matches!(
        key,
        "event.start" | "event.date" | "event.from" | "event_start" | "event_date"
    )
}
