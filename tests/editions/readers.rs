//! Who is alike is sealed together, and everybody still gets what they alone would get.

use std::collections::BTreeMap;

use rapporteur::edition::What;
use rapporteur::publish;
use rapporteur::store::{Audience, NewEdition, Past, Reads};

use super::{ANNA, BRUNO, CHIARA};
use crate::app::{REPORTS, TestApp, for_each_app, report};

const THREE_LANGUAGES: &str = r#"
[lists.events]
title = "Events"
from = "events@example.org"
languages = ["en", "de", "fr"]
approval = "none"
backfill = "all"
topics = { economy = "Economy", climate = "Climate", rivers = "Rivers" }
cadences.weekly = { cron = "0 8 * * MON", zone = "Europe/Berlin" }
cadences.daily = { cron = "0 8 * * *", zone = "Europe/Berlin" }
"#;

/// Rows of people who differ in all that an edition looks at.
fn crowd(from: usize, to: usize) -> Vec<String> {
    let languages = ["en", "de", "fr", "", "it"];
    let topics = ["", "economy", "climate", "economy; rivers"];
    let cadences = ["", "daily", "weekly"];
    (from..to)
        .map(|n| {
            let (language, topics, cadence) = (languages[n % 5], topics[n % 4], cadences[n % 3]);
            format!("person{n}@example.org,Person {n},{language},{topics},{cadence}")
        })
        .collect()
}

fn drop_about(app: &TestApp, title: &str, topics: &str) {
    app.drop_report(&format!("{title}.md"), &report(title, &format!("topics: [{topics}]\n")));
}

#[tokio::test]
async fn many_people_get_together_what_each_would_get_alone() {
    for_each_app(&format!("{REPORTS}{THREE_LANGUAGES}"), |mut app: TestApp| async move {
        for (to, title, topics, what) in [
            (20, "Rivers", "rivers", What::All),
            (30, "Nothing", "", What::All),
            (45, "Ice", "climate", What::Cadence("weekly".into())),
            (60, "Prices", "economy", What::Cadence("daily".into())),
        ] {
            let rows = crowd(0, to);
            app.people("events", &rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
            drop_about(&app, title, topics);
            app.send_what("events", what, &[]).await;
        }
        // Some change their rhythm, so that they are owed what the old one had not brought.
        let mut rows = crowd(0, 60);
        for row in rows.iter_mut().skip(5).step_by(7) {
            *row = format!("{},daily", row.rsplit_once(',').unwrap().0);
        }
        app.people("events", &rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
        drop_about(&app, "Bridges", "rivers, climate");
        app.collect().await;
        publish::publish_settled(&app.house, true).await.unwrap();

        let order = publish::Order {
            what: What::Cadence("daily".into()),
            cadence: "daily".into(),
            ..publish::by_hand(&app.house, BTreeMap::new())
        };
        let draft = publish::draft(&app.house, "events", &order).await.unwrap().unwrap();
        let mut alone = BTreeMap::new();
        for n in 0..60 {
            let address = format!("person{n}@example.org");
            let id = app.subscriber(&address).await;
            if let Some(variant) = draft.of_person(&app.house, &order, id).await.unwrap() {
                let what = match variant {
                    Ok(variant) => {
                        let titles: Vec<&str> = variant.items.iter().map(|item| &*item.report.title).collect();
                        format!("{} {}", variant.language, titles.join(", "))
                    }
                    Err(skip) => skip.as_str().to_owned(),
                };
                alone.insert(address, what);
            }
        }
        let hands = publish::Hands::default();
        let number = publish::seal(&app.house, "events", &order, &hands, publish::Seen::Nothing, "staff").await.unwrap();
        let edition = app.edition("events", number.unwrap()).await;
        let rows = sqlx::query(
            "SELECT p.address, COALESCE(o.reason, v.language), o.variant_id FROM outgoing o \
             JOIN subscriber p ON p.id = o.subscriber_id LEFT JOIN variant v ON v.id = o.variant_id WHERE o.edition_id = $1",
        )
        .bind(edition.id)
        .fetch_all(&app.sql)
        .await
        .unwrap();
        let mut together = BTreeMap::new();
        for row in rows {
            use sqlx::Row;
            let (address, mut what): (String, String) = (row.get(0), row.get(1));
            if let Some(variant) = row.get::<Option<i64>, _>(2) {
                let titles = titles_of(&app, variant).await;
                what = format!("{what} {titles}");
            }
            together.insert(address, what);
        }
        let kinds: std::collections::BTreeSet<&String> = alone.values().collect();
        assert!(kinds.len() > 5, "{alone:#?}");
        assert!(kinds.iter().any(|what| what.contains("Prices")), "somebody is owed something: {alone:#?}");
        assert_eq!(together, alone);
        let gets = alone.values().filter(|what| what.contains(' ')).count();
        assert_eq!(draft.recipients(), gets as u64);
        app.deliver().await;
        app
    })
    .await;
}

/// The titles of a variant in the order of its mail.
async fn titles_of(app: &TestApp, variant: i64) -> String {
    use sqlx::Row;
    let row = sqlx::query("SELECT page FROM variant WHERE id = $1")
        .bind(variant)
        .fetch_one(&app.sql)
        .await
        .unwrap();
    let page: String = row.get(0);
    let mut found: Vec<(usize, &str)> = ["Rivers", "Prices", "Ice", "Nothing", "Bridges"]
        .into_iter()
        .filter_map(|title| Some((page.find(&format!(">{title}<"))?, title)))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, title)| title).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn whoever_changes_while_an_edition_is_sealed_is_looked_at_again() {
    for_each_app(&format!("{REPORTS}{THREE_LANGUAGES}"), |app: TestApp| async move {
        app.people("events", &[ANNA, BRUNO, CHIARA]).await;
        let store = &app.house.store;
        let audience = Audience::new("events", Reads::Everyone, &[], Past::default(), app.now());
        let groups = store.group_readers(&audience).await.unwrap();
        assert_eq!(groups.iter().map(|group| group.people).sum::<u64>(), 3);
        let bruno = app.subscriber(BRUNO).await;
        app.run(&format!(
            "UPDATE subscription SET topics = '[\"climate\"]' WHERE subscriber_id = {bruno}"
        ))
        .await;
        let mut tx = store.begin().await.unwrap();
        let settings = rapporteur::edition::Sealed::default();
        let edition = NewEdition {
            list: "events",
            number: 1,
            cadence: "manual",
            slot: None,
            needs_approval: false,
            sealed_at: app.now(),
            due_at: app.now(),
            hash: "",
            epoch: "",
            settings: &settings,
        };
        let id = store.insert_edition(&mut tx, &edition).await.unwrap();
        let decided: Vec<_> = groups
            .iter()
            .map(|group| (group, Err(rapporteur::edition::Skip::NothingNew)))
            .collect();
        store
            .insert_deliveries(&mut tx, id, "outbox", app.now(), &audience, &decided)
            .await
            .unwrap();
        let left = store.list_undecided(&mut tx, id, &audience, 10).await.unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].reader.topics, ["climate"]);
        drop(tx);
        app
    })
    .await;
}
