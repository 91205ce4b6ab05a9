//! What happens to templates, lists and reports reaches no edition that is on its way (FLT-21), and a template that is
//! broken lets none begin (FLT-17).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use rapporteur::publish;

use super::ANNA;
use crate::app::{EVENTS, REPORTS, TestApp, report};
use crate::sink::{Act, At, Mail, Sink};

/// The mail without what is its person's own: address, ids, boundary, the way to leave, their page of choices.
fn common(mail: &Mail) -> String {
    let mut text = mail.text().replace("=\r\n", "");
    let header = |name: &str| mail.header(name).unwrap_or_default();
    let boundary = text
        .split_once("boundary=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(boundary, _)| boundary.to_owned())
        .expect("a boundary");
    let links = header("List-Unsubscribe");
    let token = links
        .split_once("/unsubscribe/")
        .and_then(|(_, rest)| rest.split_once('>'))
        .map(|(token, _)| token.to_owned())
        .expect("a way to leave");
    let page = text
        .split_once("/preferences/")
        .map(|(_, rest)| rest.chars().take_while(char::is_ascii_alphanumeric).collect())
        .expect("a page of choices");
    for own in [mail.recipient.clone(), header("Message-ID"), boundary, token, page] {
        text = text.replace(&own, "…");
    }
    text
}

#[tokio::test]
async fn edits_in_the_midst_of_a_send_reach_nobody_of_it() {
    const PEOPLE: usize = 60;
    let well = Arc::new(AtomicBool::new(false));
    let is_well = well.clone();
    let sink = Sink::with(move |moment| match moment.at {
        At::Mail if moment.accepted >= 20 && !is_well.load(Ordering::SeqCst) => Act::say("451 4.3.0 later"),
        _ => Act::Go,
    })
    .await;
    let configuration = format!("{REPORTS}{EVENTS}");
    let mut app = TestApp::with_relay(&configuration, sink.address.port()).await;
    let people: Vec<String> = (1..=PEOPLE).map(|person| format!("p{person}@example.org")).collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    app.people("events", &people).await;
    app.drop_report("rivers.md", &report("Rivers", ""));
    app.collect().await;
    app.send("events").await;
    assert_eq!(sink.mails().len(), 20);

    // Another template, another name and sender, another text of the report.
    app.write("templates/mail/digest.subject.txt", "Something else");
    let edited = configuration
        .replace("title = \"Events\"", "title = \"Evenings\"")
        .replace("Events <events@example.org>", "Evenings <evenings@example.org>");
    app.reconfigure(&edited).await;
    app.drop_report("rivers.md", &report("Rivers, corrected", ""));
    app.collect().await;
    well.store(true, Ordering::SeqCst);
    app.advance(TimeDelta::minutes(2));
    app.tick().await;
    app.deliver().await;

    let mails = sink.mails();
    let reached: BTreeSet<&str> = mails.iter().map(|mail| mail.recipient.as_str()).collect();
    assert_eq!((mails.len(), reached.len()), (PEOPLE, PEOPLE));
    let bodies: BTreeSet<String> = mails.iter().map(common).collect();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
    assert!(mails.iter().all(|mail| mail.sender == "events@example.org"));
    // The edits are in force: the next edition shows them.
    app.publish(&["Bridges"]).await;
    app.send("events").await;
    let last = sink.mails().pop().unwrap();
    assert_eq!(last.header("Subject").as_deref(), Some("Something else"));
    assert_eq!(last.sender, "evenings@example.org");
}

#[tokio::test]
async fn a_template_that_fails_starts_no_edition_and_is_named_and_mended_it_goes_out() {
    let configuration = format!("{REPORTS}{EVENTS}");
    let mut app = TestApp::with(&configuration).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    let broken = app.write("templates/mail/digest.txt", "{{ unsubscribe }}\n{{ no_such_word }}\n");
    app.reconfigure(&configuration).await;
    app.at("2026-05-11 06:00");
    let ticked = publish::tick(&app.house).await.unwrap();
    assert!(ticked.sealed.is_empty(), "{:?}", ticked.sealed);
    let errors = ticked.errors.join("\n");
    assert!(
        errors.contains("mail/digest.txt") && errors.contains("no_such_word"),
        "{errors}"
    );
    app.deliver().await;
    assert!(app.mails().is_empty());
    assert_eq!(app.count("SELECT COUNT(*) FROM edition").await, 0, "no number is taken");
    assert_eq!(app.count("SELECT COUNT(*) FROM outgoing").await, 0);

    std::fs::remove_file(broken).unwrap();
    app.reconfigure(&configuration).await;
    app.tick_at("2026-05-11 06:05").await;
    app.deliver().await;
    assert_eq!(app.mails_of(ANNA).len(), 1);
}
