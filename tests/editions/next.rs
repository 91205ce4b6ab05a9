//! The editor's hand: `next/events.md` serves the next sealing, once.

use rapporteur::publish;

use super::{ANNA, BRUNO, TWO_LISTS};
use crate::app::{REPORTS, TestApp};

#[tokio::test]
async fn the_editors_words_are_used_by_the_next_sealing_kept_and_put_away() {
    let mut app = TestApp::with(&format!("{REPORTS}{TWO_LISTS}")).await;
    app.people("events", &[ANNA, &format!("{BRUNO},,de,,")]).await;
    app.publish(&["Rivers", "Bridges", "Ferries"]).await;
    let id = app.id("Rivers").await;
    app.write(
        "next/events.md",
        &format!("---\nsubject: Water in May\norder: [ferries, {id}]\nwithout: [bridges]\n---\nDear *readers*, good morning.\n"),
    );
    app.write(
        "next/events.de.md",
        "+++\nsubject = \"Wasser im Mai\"\nwithout = [\"bridges\"]\n+++\nGuten Morgen.\n",
    );
    assert_eq!(app.tick_at("2026-05-11 06:00").await.sealed, ["events/1"]);
    app.deliver().await;
    let anna = &app.mails_of(ANNA)[0];
    assert_eq!(anna.subject, "Water in May");
    assert!(anna.text.contains("good morning"), "{}", anna.text);
    assert!(anna.html.contains("<em>readers</em>"), "{}", anna.html);
    let (ferries, rivers) = (anna.text.find("Ferries").unwrap(), anna.text.find("Rivers").unwrap());
    assert!(ferries < rivers);
    assert!(!anna.text.contains("Bridges"));
    let bruno = &app.mails_of(BRUNO)[0];
    assert_eq!(bruno.subject, "Wasser im Mai");
    assert!(
        bruno.text.contains("Guten Morgen") && !bruno.text.contains("Bridges"),
        "{}",
        bruno.text
    );
    // Kept with the edition, and the files have served.
    assert!(app.edition("events", 1).await.settings.contains("Water in May"));
    let next = app.folder.path().join("next");
    assert!(!next.join("events.md").exists() && !next.join("events.de.md").exists());
    assert!(next.join("used/1-events.md").exists() && next.join("used/1-events.de.md").exists());
    app.tick_at("2026-05-18 06:00").await;
    app.deliver().await;
    let second = &app.mails_of(ANNA)[1];
    assert!(
        second.text.contains("Bridges") && !second.text.contains("good morning"),
        "{}",
        second.text
    );
}

#[tokio::test]
async fn an_empty_slot_leaves_the_editors_words_for_the_next() {
    let mut app = TestApp::with(&format!("{REPORTS}{TWO_LISTS}")).await;
    app.people("events", &[ANNA]).await;
    app.write("next/events.md", "Good morning.\n");
    app.tick_at("2026-05-11 06:00").await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-18 06:00").await;
    app.deliver().await;
    assert!(app.mails_of(ANNA)[0].text.contains("Good morning"));
}

#[tokio::test]
async fn a_mistake_in_the_editors_file_stops_that_lists_sealing_and_nothing_else() {
    let mut app = TestApp::with(&format!("{REPORTS}{TWO_LISTS}")).await;
    app.people("events", &[ANNA]).await;
    app.people("talks", &[BRUNO]).await;
    app.publish(&["Rivers"]).await;
    let file = app.write("next/events.md", "---\nsubjekt: Water\n---\n");
    app.at("2026-05-11 06:00");
    let ticked = publish::tick(&app.house).await.unwrap();
    assert_eq!(ticked.sealed, ["talks/1"]);
    assert_eq!(ticked.released, ["talks/1"]);
    assert_eq!(ticked.errors.len(), 1, "{:?}", ticked.errors);
    let error = &ticked.errors[0];
    assert!(
        error.contains("next/events.md") && error.contains("`subjekt` is not known here"),
        "{error}"
    );
    // Mended, the slot is made up for.
    std::fs::write(file, "---\nsubject: Water\n---\n").unwrap();
    assert_eq!(app.tick_at("2026-05-11 06:30").await.sealed, ["events/1"]);
    app.deliver().await;
    assert_eq!(app.mails_of(ANNA)[0].subject, "Water");
}
