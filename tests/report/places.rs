//! The city of the event.

use super::paragraph;

#[track_caller]
fn city(sentence: &str, expected: Option<&str>) {
    assert_eq!(paragraph(sentence).event.city.as_deref(), expected, "{sentence}");
}

#[test]
fn a_city_beside_place_words_is_read() {
    city(
        "The institute hosted a round table on Asian trade at its office in Moscow.",
        Some("Moscow"),
    );
    city("The workshop was held in Altmoor on 3 June 2024.", Some("Altmoor"));
    city(
        "The workshop took place in Frankfurt am Main.",
        Some("Frankfurt am Main"),
    );
    city("Die Tagung fand in Wien statt.", Some("Wien"));
    city("Le colloque s’est tenu à Genève le 3 mai 2023.", Some("Genève"));
    city("La conferencia tuvo lugar en Madrid.", Some("Madrid"));
    city("В Москве прошёл круглый стол.", Some("Москва"));
}

#[test]
fn a_country_is_no_city() {
    city("The workshop was held in Kazakhstan.", None);
    city("A conference on prices in Central Asia was held in English.", None);
    city("The workshop was held in May.", None);
    city("The workshop was held in Room 12.", None);
}

#[test]
fn a_city_talked_about_is_not_the_city_of_the_event() {
    city("A mayor spoke. Much later the price of bread in Paris rose.", None);
}

#[test]
fn a_country_beside_the_city_is_read() {
    let report = paragraph("The forum took place in Tallinn, Estonia, on 3 June 2024.");
    assert_eq!(report.event.country.as_deref(), Some("Estonia"));
    assert_eq!(paragraph("The forum took place in Tallinn.").event.country, None);
}
