//! Reports that say the same in several languages: each person gets one of them.

use rapporteur::publish::{self, fetcher};

use crate::app::{EVENTS, REPORTS, TestApp, for_each_app};
use crate::webhost::{Reply, WebHost};

const ENGLISH: &str =
    "---\ntitle: Who owns a river?\nlanguage: en\ndate: 2026-05-01\n---\n\nWhat was said of rivers.\n";
const GERMAN: &str = "---\ntitle: Wem gehört ein Fluss?\nlanguage: de\ndate: 2026-05-01\ntranslation_of: rivers.md\n---\n\n\
                      Was über Flüsse gesagt wurde.\n";

fn in_two_languages() -> String {
    format!(
        "{REPORTS}{}",
        EVENTS.replacen("title = ", "languages = [\"en\", \"de\"]\ntitle = ", 1)
    )
}

async fn people(app: &TestApp) {
    let rows = [
        "email,language",
        "ada@example.org,en",
        "bert@example.org,de",
        "cleo@example.org,fr",
    ];
    app.write("subscribers/events.csv", &format!("{}\n", rows.join("\n")));
    publish::sync(&app.house, "events", true).await.unwrap();
}

#[tokio::test]
async fn each_person_gets_one_translation_in_their_own_language_if_there_is_one() {
    for_each_app(&in_two_languages(), |mut app: TestApp| async move {
        people(&app).await;
        app.drop_report("fluesse.md", GERMAN);
        app.drop_report("rivers.md", ENGLISH);
        app.collect().await;
        publish::publish_settled(&app.house, true).await.unwrap();
        app.send("events").await.unwrap();
        let titles = ["Who owns a river?", "Wem gehört ein Fluss?"];
        assert_eq!(app.told("ada@example.org", &titles), ["Who owns a river?"]);
        assert_eq!(app.told("bert@example.org", &titles), ["Wem gehört ein Fluss?"]);
        assert_eq!(
            app.told("cleo@example.org", &titles),
            ["Who owns a river?"],
            "the list's first language"
        );
        assert_eq!(app.send("events").await, None, "the other one is not new to anybody");

        let page = app.page("/reports/who-owns-a-river").await;
        assert!(
            page.contains("hreflang=\"de\" lang=\"de\">Wem gehört ein Fluss?"),
            "{page}"
        );
        let edition = app.page("/editions/events/1").await;
        assert!(
            edition.contains("Who owns a river?") && !edition.contains("Wem gehört"),
            "{edition}"
        );
        app
    })
    .await;
}

#[tokio::test]
async fn a_translation_that_comes_later_is_news_only_to_who_has_not_read_the_report() {
    for_each_app(&in_two_languages(), |mut app: TestApp| async move {
        people(&app).await;
        app.drop_report("rivers.md", ENGLISH);
        app.collect().await;
        publish::publish_settled(&app.house, true).await.unwrap();
        app.send("events").await.unwrap();
        app.drop_report("fluesse.md", GERMAN);
        app.collect().await;
        publish::publish_settled(&app.house, true).await.unwrap();
        assert_eq!(app.send("events").await, None);
        app
    })
    .await;
}

#[tokio::test]
async fn a_report_stands_alone_without_its_translation_until_that_comes() {
    let mut app = TestApp::with(&in_two_languages()).await;
    app.drop_report("fluesse.md", GERMAN);
    app.collect().await;
    app.drop_report("bridges.md", &ENGLISH.replace("river", "bridge"));
    app.collect().await;
    app.drop_report("rivers.md", ENGLISH);
    app.collect().await;
    let (german, other, english) = (app.stored(1).await, app.stored(2).await, app.stored(3).await);
    assert_eq!((german.work, other.work, english.work), (1, 2, 1));
}

#[tokio::test]
async fn pages_name_their_translations_and_two_sources_tell_of_one_event() {
    let host = WebHost::start().await;
    let source = |name: &str, path: &str| {
        format!(
            "[sources.{name}]\nkind = \"pages\"\npages = [\"{}\"]\nsettle = \"0s\"\nbackfill = \"all\"\nrobots = false\n",
            host.url(path)
        )
    };
    let configuration = format!(
        "[fetch]\ninternal_hosts = [\"127.0.0.1\"]\n{REPORTS}{}{}{}{}{EVENTS}",
        source("en", "/en/rivers"),
        source("de", "/de/fluesse"),
        source("fr", "/fr/fleuves"),
        source("es", "/es/puentes")
    );
    let page = |language: &str, title: &str, link: &str, text: &str| {
        Reply::ok(format!(
            "<html lang={language}><head>{link}</head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
        ))
        .with("Content-Type", "text/html; charset=utf-8")
    };
    let link = format!(
        "<link rel=alternate hreflang=en href=\"{}\"><link rel=alternate hreflang=x-default href=\"/x\">",
        host.url("/en/rivers")
    );
    let event = "<script type=\"application/ld+json\">{\"@type\":\"Event\",\"startDate\":\"2026-05-01T18:30:00+02:00\",\
                 \"location\":{\"@type\":\"Place\",\"address\":{\"addressLocality\":\"Wien\"}}}</script>";
    host.at(
        "/en/rivers",
        page("en", "Who owns a river at all?", event, "What was said of rivers."),
    );
    host.at(
        "/de/fluesse",
        page(
            "de",
            "Wem gehört ein Fluss?",
            &link,
            "Der runde Tisch über Flüsse fand am 3. Mai 2026 statt.",
        ),
    );
    host.at(
        "/fr/fleuves",
        page(
            "fr",
            "À qui appartient un fleuve ?",
            event,
            "Ce qui a été dit des fleuves.",
        ),
    );
    let other_hour = event.replace("18:30", "10:00");
    host.at(
        "/es/puentes",
        page(
            "es",
            "¿A quién pertenece un puente?",
            &other_hour,
            "Lo que se dijo de los puentes.",
        ),
    );
    let app = TestApp::with(&configuration).await;
    let asked = fetcher(&app.house.config).unwrap();
    for name in ["en", "de", "fr", "es"] {
        let all = publish::collect_web(&app.house, &asked, &[name.to_owned()], false)
            .await
            .unwrap();
        assert_eq!((all[0].new, &all[0].error), (1, &None), "{name}: {all:?}");
    }
    let works: Vec<i64> = app
        .house
        .store
        .list_reports()
        .await
        .unwrap()
        .iter()
        .rev()
        .map(|one| one.work)
        .collect();
    assert_eq!(works, [1, 1, 1, 4]);
}
