//! A drop folder: when a file counts, which report it is, and what is held back.

use std::fs::File;
use std::time::{Duration, SystemTime};

use chrono::TimeDelta;
use rapporteur::feed::Scope;
use rapporteur::publish::{self, Refused, ReportDecision};

use crate::app::{EVENTS, REPORTS, TestApp, for_each_app, report};

const ANNA: &str = "anna@example.org";

/// Everything is one source with this backfill and one list.
fn backfill(word: &str) -> String {
    format!("{}{EVENTS}", backfill_of(word))
}

fn backfill_of(word: &str) -> String {
    REPORTS.replace("\"all\"", &format!("\"{word}\""))
}

#[tokio::test]
async fn a_file_counts_once_it_lies_still() {
    let mut app = TestApp::new().await;
    app.drop_aged("rivers.md", &report("Rivers", ""), TimeDelta::zero());
    let collected = app.collect().await;
    assert_eq!(
        (collected.new, collected.restless.as_slice()),
        (0, &["rivers.md".to_owned()][..])
    );
    // Still being written.
    app.advance(TimeDelta::seconds(1));
    app.drop_aged("rivers.md", &report("Rivers and roads", ""), TimeDelta::zero());
    assert_eq!(app.collect().await.new, 0);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(app.collect().await.new, 0);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(app.collect().await.new, 1);
    assert_eq!(app.stored(1).await.report.title, "Rivers and roads");
}

#[tokio::test]
async fn a_clock_of_another_machine_that_runs_ahead_delays_a_file_only_shortly() {
    let mut app = TestApp::new().await;
    app.drop_aged("rivers.md", &report("Rivers", ""), TimeDelta::hours(-3));
    assert_eq!(app.collect().await.new, 0);
    app.advance(TimeDelta::seconds(2));
    assert_eq!(app.collect().await.new, 1);
}

#[tokio::test]
async fn times_that_no_feed_can_write_stop_nothing() {
    let mut app = TestApp::with(&format!("{}settle = \"36500days\"\n{EVENTS}", backfill_of("36500days"))).await;
    // As far away as the file system allows.
    let long = Duration::from_secs(10_000_000_000_000);
    for (name, at) in [
        ("future.md", SystemTime::UNIX_EPOCH + long),
        ("past.md", SystemTime::UNIX_EPOCH - long),
    ] {
        let path = app.write(&format!("reports/{name}"), &report(name, ""));
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(at)
            .unwrap();
    }
    app.drop_report("signed.md", &report("Signed", "published: -200000-01-01\n"));
    app.drop_report("event.md", &report("Event", "date: +200000-01-01\n"));
    app.drop_titled("Rivers");
    app.collect().await;
    app.advance(TimeDelta::seconds(2));
    let collected = app.collect().await;
    let refused: Vec<&str> = collected.refused.iter().map(|refused| refused.path.as_str()).collect();
    assert_eq!((collected.restless.len(), refused), (0, vec!["event.md", "signed.md"]));
    app.tick().await;
    publish::publish_settled(&app.house, true).await.unwrap();
    assert_eq!(app.feed(Scope::All).await.matches("<entry>").count(), 3);
}

#[tokio::test]
async fn a_report_is_public_once_its_file_was_unchanged_for_settle() {
    let mut app = TestApp::new().await;
    app.drop_titled("Rivers");
    app.collect().await;
    app.advance(TimeDelta::minutes(9));
    assert_eq!(app.tick().await.published, 0);
    app.drop_report("rivers.md", &report("Rivers, again", ""));
    assert_eq!(app.collect().await.changed, 1);
    app.advance(TimeDelta::minutes(9));
    assert_eq!(app.tick().await.published, 0, "the change counts anew");
    app.advance(TimeDelta::minutes(1));
    assert_eq!(app.tick().await.published, 1);
    assert_eq!(app.page("/reports/rivers").await.matches("<h1").count(), 1);
}

#[tokio::test]
async fn a_renamed_file_is_the_same_report() {
    for_each_app(&backfill("all"), |mut app: TestApp| async move {
        app.people("events", &[ANNA]).await;
        app.publish(&["Rivers"]).await;
        app.send("events").await;
        app.rename("rivers.md", "waters.md");
        let collected = app.collect().await;
        assert_eq!((collected.new, collected.changed), (0, 0));
        // And goes on as such.
        app.drop_report("waters.md", &report("Waters", ""));
        assert_eq!(app.collect().await.changed, 1);
        assert_eq!(app.stored(1).await.report.title, "Waters");
        assert_eq!(app.send("events").await, None);
        app
    })
    .await;
}

#[tokio::test]
async fn a_copied_file_is_no_second_report_and_its_original_goes_on() {
    let mut app = TestApp::new().await;
    app.drop_titled("Rivers");
    app.drop_report("zz/rivers.md", &report("Rivers", ""));
    let collected = app.collect().await;
    assert_eq!((collected.new, collected.unchanged), (1, 1));
    app.drop_report("backup.md", &report("Rivers", ""));
    assert_eq!(app.collect().await.new, 0);
    // The original is edited, whatever lies beside it.
    for text in ["Rivers, mended", "Streams"] {
        app.drop_report("rivers.md", &report(text, ""));
        let collected = app.collect().await;
        assert_eq!((collected.new, collected.changed), (0, 1), "{text}");
        assert_eq!(app.stored(1).await.report.title, text);
    }
}

#[tokio::test]
async fn a_copy_that_is_written_over_is_a_new_report() {
    let mut app = TestApp::new().await;
    app.publish(&["Rivers"]).await;
    app.drop_report("template.md", &report("Rivers", ""));
    app.collect().await;
    app.drop_report("template.md", &report("Bridges", ""));
    let collected = app.collect().await;
    assert_eq!((collected.new, collected.changed), (1, 0));
    assert_eq!(app.stored(1).await.report.title, "Rivers");
    assert_eq!(app.stored(2).await.report.title, "Bridges");
}

#[tokio::test]
async fn a_file_moved_away_and_replaced_makes_two_reports() {
    // Whichever name comes first.
    for other in ["a-rivers.md", "z-rivers.md"] {
        let mut app = TestApp::new().await;
        app.drop_report("report.md", &report("Rivers", ""));
        app.collect().await;
        app.rename("report.md", other);
        app.drop_report("report.md", &report("Bridges", ""));
        let collected = app.collect().await;
        assert_eq!((collected.new, collected.changed), (1, 0), "{other}");
        assert_eq!(app.stored(1).await.report.title, "Rivers", "{other}");
        assert_eq!(app.stored(2).await.report.title, "Bridges", "{other}");
    }
}

#[tokio::test]
async fn a_removed_file_deletes_nothing_and_another_of_its_name_is_another_report() {
    let mut app = TestApp::new().await;
    app.drop_report("report.md", &report("Rivers", ""));
    app.settle().await;
    app.remove("report.md");
    let collected = app.collect().await;
    assert_eq!((collected.new, collected.changed, collected.refused.len()), (0, 0, 0));
    assert!(app.feed(Scope::All).await.contains("Rivers"));
    app.drop_report("report.md", &report("Bridges", ""));
    assert_eq!(app.collect().await.new, 1);
    assert_eq!(app.stored(1).await.report.title, "Rivers");
    // The very file comes back: nothing is new.
    app.remove("report.md");
    app.collect().await;
    app.drop_report("report.md", &report("Rivers", ""));
    let collected = app.collect().await;
    assert_eq!((collected.new, collected.changed), (0, 0));
}

#[tokio::test]
async fn a_changed_file_is_a_new_revision_whose_id_and_date_stay() {
    let mut app = TestApp::new().await;
    app.drop_titled("Rivers");
    app.settle().await;
    let before = app.stored(1).await;
    app.advance(TimeDelta::days(3));
    app.drop_report("rivers.md", &report("Rivers in flood", ""));
    assert_eq!(app.collect().await.changed, 1);
    let after = app.stored(1).await;
    assert_eq!(after.revision, 2);
    assert_eq!(
        (after.public_id, after.slug, after.dated_at),
        (before.public_id, before.slug, before.dated_at)
    );
    assert_eq!(after.updated_at, before.updated_at, "a small change is no news");
    assert_eq!(app.stored(1).await.report.title, "Rivers in flood");
}

#[tokio::test]
async fn two_files_with_the_same_id_stop_nothing() {
    let mut app = TestApp::new().await;
    app.drop_report("a.md", &report("Rivers", "id: spring\n"));
    app.drop_report("b.md", &report("Bridges", "id: spring\n"));
    app.drop_titled("Ferries");
    let collected = app.collect().await;
    assert_eq!(
        collected.new, 2,
        "the second file with the id is refused, the others are taken"
    );
    let refused = &collected.refused[0];
    assert!(
        refused.reason.contains("same `id`"),
        "{}: {}",
        refused.path,
        refused.reason
    );
    // The id carries a report through a move and an edit at once.
    let mut app = TestApp::new().await;
    app.drop_report("a.md", &report("Rivers", "id: spring\n"));
    app.collect().await;
    app.remove("a.md");
    app.drop_report("moved.md", &report("Rivers in flood", "id: spring\n"));
    let collected = app.collect().await;
    assert_eq!((collected.new, collected.changed), (0, 1));
}

#[tokio::test]
async fn refused_files_are_listed_tell_why_and_stop_nothing() {
    for_each_app(&backfill("all"), |mut app: TestApp| async move {
        app.drop_report("broken.md", "---\ntitle: Broken\ndate: someday\n---\nText.\n");
        app.drop_report("empty.md", "");
        app.drop_titled("Rivers");
        let collected = app.collect().await;
        assert_eq!((collected.new, collected.newly_refused), (1, 2));
        let paths: Vec<&str> = collected.refused.iter().map(|refused| refused.path.as_str()).collect();
        assert_eq!(paths, ["broken.md", "empty.md"]);
        assert!(
            collected.refused[0].reason.contains("line 3"),
            "{}",
            collected.refused[0].reason
        );
        // Known from now on, and still listed for whoever asks.
        let again = app.collect().await;
        assert_eq!((again.newly_refused, again.refused.len(), again.unchanged), (0, 2, 1));
        // Mended.
        app.drop_report("broken.md", &report("Mended", ""));
        let mended = app.collect().await;
        assert_eq!((mended.new, mended.refused.len()), (1, 1));
        app
    })
    .await;
}

#[tokio::test]
async fn a_published_report_outlives_a_mistake_in_its_file() {
    let mut app = TestApp::new().await;
    app.drop_titled("Rivers");
    app.settle().await;
    app.drop_report("rivers.md", "---\ntitle: Rivers\ndate: someday\n---\nText.\n");
    let collected = app.collect().await;
    assert_eq!(
        collected
            .refused
            .iter()
            .map(|Refused { path, .. }| path.as_str())
            .collect::<Vec<_>>(),
        ["rivers.md"]
    );
    assert!(app.feed(Scope::All).await.contains("Rivers"));
    app.drop_report("rivers.md", &report("Rivers", "city: Hamburg\n"));
    let collected = app.collect().await;
    assert_eq!((collected.changed, collected.refused.len()), (1, 0));
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_told_and_stops_no_other_source() {
    let other = "[sources.other]\nkind = \"folder\"\npath = \"other\"\n";
    let app = TestApp::with(&format!("{other}{REPORTS}{EVENTS}")).await;
    app.drop_titled("Rivers");
    let all = publish::collect_folders(&app.house, &mut publish::Collector::default(), &[])
        .await
        .unwrap();
    let error = all[0].error.clone().unwrap();
    assert!(
        error.contains("cannot read the folder") && error.contains("other"),
        "{error}"
    );
    assert_eq!((all[1].source.as_str(), all[1].new), ("reports", 1));
}

#[tokio::test]
async fn the_first_collection_mails_only_what_backfill_allows() {
    for (word, mailed) in [("auto", 30), ("all", 212), ("none", 0), ("10days", 10)] {
        let mut app = TestApp::with(&backfill(word)).await;
        app.people("events", &[ANNA]).await;
        let folder = app.folder.path().join("reports");
        for day in 1..=212 {
            let published = (app.now() - TimeDelta::days(day) + TimeDelta::hours(1)).format("%Y-%m-%dT%H:%M:%SZ");
            let text = report(&format!("Report {day}"), &format!("published: {published}\n"));
            std::fs::write(folder.join(format!("{day}.md")), text).unwrap();
        }
        app.advance(TimeDelta::seconds(0));
        for file in std::fs::read_dir(&folder).unwrap().flatten() {
            let open = File::options().write(true).open(file.path()).unwrap();
            open.set_modified((app.now() - TimeDelta::minutes(1)).into()).unwrap();
        }
        let collected = app.collect().await;
        assert_eq!(
            (collected.new, collected.archived, collected.held),
            (212, 212 - mailed, 0),
            "{word}"
        );
        publish::publish_settled(&app.house, true).await.unwrap();
        assert_eq!(
            app.house.store.list_public_reports().await.unwrap().len(),
            212,
            "{word}: all are in the archive"
        );
        let order = publish::by_hand(&app.house, Default::default());
        let draft = publish::draft(&app.house, "events", &order).await.unwrap();
        assert_eq!(draft.map_or(0, |draft| draft.items.len()), mailed, "{word}");
    }
}

#[tokio::test]
async fn up_to_ten_reports_of_a_first_collection_are_all_new() {
    let mut app = TestApp::with(&backfill("auto")).await;
    for number in 1..=10 {
        app.drop_report(
            &format!("{number}.md"),
            &report(&format!("Report {number}"), "published: 2020-01-01\n"),
        );
    }
    let collected = app.collect().await;
    assert_eq!((collected.new, collected.archived), (10, 0));
}

#[tokio::test]
async fn drafts_embargoes_and_lists_are_obeyed() {
    for_each_app(&backfill("all"), |mut app: TestApp| async move {
        app.people("events", &[ANNA]).await;
        app.drop_report("draft.md", &report("Draft", "draft: true\n"));
        app.drop_report("later.md", &report("Later", "publish_after: 2026-05-05T06:30:00Z\n"));
        app.drop_report("elsewhere.md", &report("Elsewhere", "lists: [other]\n"));
        app.drop_titled("Rivers");
        app.settle().await;
        assert_eq!(app.send("events").await, Some(1));
        assert_eq!(app.items("events", 1).await, ["Rivers"]);
        let feed = app.feed(Scope::All).await;
        assert!(
            !feed.contains("Draft") && !feed.contains("Later") && !feed.contains("Elsewhere"),
            "{feed}"
        );
        assert_eq!(app.page("/reports/later").await, "");
        // The embargo ends, the draft is finished.
        app.tick_at("2026-05-05 06:30").await;
        app.drop_report("draft.md", &report("Draft", ""));
        app.settle().await;
        assert_eq!(app.send("events").await, Some(2));
        assert_eq!(app.items("events", 2).await, ["Draft", "Later"]);
        let later = app.stored(app.id("Later").await).await;
        assert_eq!(later.dated_at.unwrap().to_rfc3339(), "2026-05-05T06:30:00+00:00");
        app
    })
    .await;
}

#[tokio::test]
async fn a_held_report_is_nowhere_until_it_is_released() {
    let mut app = TestApp::new().await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers", "Bridges"]).await;
    let id = app.id("Rivers").await;
    app.decide_report(id, ReportDecision::Hold).await;
    assert!(!app.feed(Scope::All).await.contains("Rivers"));
    assert_eq!(app.page("/reports/rivers").await, "");
    app.send("events").await;
    assert_eq!(app.items("events", 1).await, ["Bridges"]);
    app.decide_report(id, ReportDecision::Release).await;
    assert!(app.feed(Scope::All).await.contains("Rivers"));
    app.send("events").await;
    assert_eq!(app.items("events", 2).await, ["Rivers"]);
}

#[tokio::test]
async fn more_than_fifty_new_reports_at_once_are_held_for_review() {
    for (count, held) in [(50, 0), (51, 51)] {
        let mut app = TestApp::new().await;
        app.people("events", &[ANNA]).await;
        app.publish(&["Rivers"]).await;
        for number in 1..=count {
            app.drop_titled(&format!("Report {number}"));
        }
        let collected = app.collect().await;
        assert_eq!((collected.new, collected.held), (count, held));
        app.send("events").await;
        assert_eq!(app.items("events", 1).await.len(), 1 + count - held);
        if held > 0 {
            let id = app.id("Report 7").await;
            assert!(
                app.stored(id)
                    .await
                    .held_why
                    .unwrap()
                    .contains("51 new reports at once")
            );
            app.decide_report(id, ReportDecision::Release).await;
            app.send("events").await;
            assert_eq!(app.items("events", 2).await, ["Report 7"]);
        }
    }
}

#[tokio::test]
async fn a_flood_that_trickles_in_is_held_too() {
    for_each_app(&backfill("all"), |mut app: TestApp| async move {
        // What the first collection found is no flood, however much it is.
        for number in 1..=60 {
            app.drop_titled(&format!("Old report {number}"));
        }
        let first = app.collect().await;
        assert_eq!((first.new, first.held), (60, 0));
        let mut held = Vec::new();
        for minute in 1..=6 {
            app.advance(TimeDelta::minutes(1));
            for number in 1..=10 {
                app.drop_titled(&format!("Report {number} of minute {minute}"));
            }
            held.push(app.collect().await.held);
        }
        assert_eq!(
            held,
            [0, 0, 0, 0, 0, 10],
            "the fifty-first and its batch wait for a person"
        );
        let why = app.stored(app.id("Report 1 of minute 6").await).await.held_why;
        assert!(
            why.clone().unwrap().contains("60 new reports within an hour"),
            "{why:?}"
        );
        // Those that wait count as well, until the hour is over.
        app.advance(TimeDelta::minutes(55));
        app.drop_titled("Rivers");
        assert_eq!(app.collect().await.held, 1, "fifty are younger than an hour");
        app.advance(TimeDelta::minutes(1));
        app.drop_titled("Bridges");
        assert_eq!(app.collect().await.held, 0);
        app
    })
    .await;
}

#[tokio::test]
async fn public_ids_are_the_same_after_collecting_anew_into_an_empty_database() {
    let mut app = TestApp::new().await;
    app.drop_titled("Rivers");
    app.drop_report("talks/Brücken und Wege.md", &report("Bridges", ""));
    app.drop_report("ferries.md", &report("Ferries", "id: spring-2026\n"));
    app.settle().await;
    let ids = |reports: Vec<rapporteur::store::Stored>| {
        let mut ids: Vec<String> = reports.into_iter().map(|stored| stored.public_id).collect();
        ids.sort();
        ids
    };
    let before = ids(app.house.store.list_reports().await.unwrap());
    assert_eq!(before[0], "tag:example.org,2026:reports/rivers.md");
    app.advance(TimeDelta::days(40));
    app.lose_the_database(&backfill("all")).await;
    app.settle().await;
    assert_eq!(ids(app.house.store.list_reports().await.unwrap()), before);
}

#[tokio::test]
async fn a_sidecar_overrides_its_report_and_survives_the_next_collection() {
    let mut app = TestApp::new().await;
    app.drop_report("rivers.md", &report("Rivers", ""));
    app.drop_report("rivers.toml", "city = \"Trier\"\n");
    let collected = app.collect().await;
    assert_eq!((collected.new, collected.refused.as_slice()), (1, &[][..]));
    assert_eq!(app.stored(1).await.report.event.city.as_deref(), Some("Trier"));
    // Nothing changed: nothing is read again.
    let collected = app.collect().await;
    assert_eq!((collected.new, collected.changed, collected.unchanged), (0, 0, 1));
    // The report changes, the sidecar stays in force.
    app.drop_report("rivers.md", &report("Rivers, mended", ""));
    assert_eq!(app.collect().await.changed, 1);
    let stored = app.stored(1).await.report;
    assert_eq!(
        (stored.title.as_str(), stored.event.city.as_deref()),
        ("Rivers, mended", Some("Trier"))
    );
    // A changed sidecar is a change of the report, and so is one taken away.
    app.drop_report("rivers.toml", "city = \"Passau\"\n");
    assert_eq!(app.collect().await.changed, 1);
    assert_eq!(app.stored(1).await.report.event.city.as_deref(), Some("Passau"));
    app.remove("rivers.toml");
    assert_eq!(app.collect().await.changed, 1);
    assert_ne!(app.stored(1).await.report.event.city.as_deref(), Some("Passau"));
}

#[tokio::test]
async fn a_sidecar_without_a_report_is_refused_until_the_report_comes() {
    let mut app = TestApp::new().await;
    app.drop_report("rivers.toml", "city = \"Trier\"\n");
    let refused = app.collect().await.refused;
    assert_eq!(refused.len(), 1);
    assert!(
        refused[0].reason.contains("rivers.toml beside rivers.md"),
        "{refused:?}"
    );
    app.drop_report("rivers.md", &report("Rivers", ""));
    let collected = app.collect().await;
    assert_eq!((collected.new, collected.refused.len()), (1, 0));
    app.drop_report("rivers.toml", "citty = \"Trier\"\n");
    let refused = app.collect().await.refused;
    assert!(
        refused[0].path == "rivers.md" && refused[0].reason.contains("citty"),
        "{refused:?}"
    );
}
