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

#[test]
fn the_only_city_of_the_first_sentences_is_that_of_the_event() {
    city("Forty rowers from all over looked at the weir in Trier.", Some("Trier"));
    city("Forty rowers from Paris looked at weirs in Trier and in Bonn.", None);
}

#[test]
fn a_name_beside_a_building_and_a_country_is_a_city() {
    city(
        "The workshop was held at the Mill House in Altmoor, Canada, on 3 June 2024.",
        Some("Altmoor"),
    );
    city("The workshop was held at the Mill House in Canada.", None);
}

#[test]
fn an_event_on_the_net_was_in_no_city() {
    city(
        "The webinar took place on 3 June 2024. Forty rowers looked at the weir in Trier.",
        None,
    );
}

#[test]
fn the_first_building_beside_a_known_city_is_the_venue() {
    let report = paragraph("Forty rowers looked at the weir. All sat in the Mill House in Trier.");
    assert_eq!(report.event.venue.as_deref(), Some("Mill House"));
    assert_eq!(report.event.city.as_deref(), Some("Trier"));
}
