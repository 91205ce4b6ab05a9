//! Rules 11, 14, 15 and 16: lists, cadences, filters and databases that come, change and go.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Barrier;

use chrono::TimeDelta;
use rapporteur::clock::{Clock, from_millis};
use rapporteur::delivery::lock::StoreLock;
use rapporteur::feed::Scope;
use rapporteur::publish;
use rapporteur::store::Store;
use tokio::runtime::Builder;

use super::{ANNA, BRUNO, TWO_LISTS};
use crate::app::{EVENTS, REPORTS, TestApp, report};
use crate::database::{MORNING, postgres};

/// A list with this backfill, and a cadence or two.
fn list(name: &str, backfill: &str, more: &str) -> String {
    format!(
        "[lists.{name}]\ntitle = \"{name}\"\nfrom = \"{name}@example.org\"\napproval = \"none\"\nbackfill = \"{backfill}\"\n\
         {more}cadences.weekly = {{ cron = \"0 8 * * MON\", zone = \"Europe/Berlin\" }}\n"
    )
}

/// Twelve reports, three of them of the last month.
async fn drop_twelve(app: &mut TestApp) {
    for number in 1..=12 {
        let published = if number <= 9 { "2026-01-05" } else { "2026-04-28" };
        app.drop_report(
            &format!("{number}.md"),
            &report(&format!("Report {number}"), &format!("published: {published}\n")),
        );
    }
    app.settle().await;
}

#[tokio::test]
async fn a_new_list_takes_old_reports_only_within_its_backfill() {
    for (backfill, taken) in [("all", 12), ("auto", 3), ("60days", 3), ("none", 0)] {
        let mut app = TestApp::with(REPORTS).await;
        drop_twelve(&mut app).await;
        app.reconfigure(&format!("{REPORTS}{}", list("events", backfill, "")))
            .await;
        app.people("events", &[ANNA]).await;
        app.publish(&["Rivers"]).await;
        app.tick_at("2026-05-11 06:00").await;
        app.deliver().await;
        assert_eq!(app.items("events", 1).await.len(), taken + 1, "{backfill}");
        assert_eq!(app.send("events").await, None, "{backfill}: known by hand too");
    }
}

#[tokio::test]
async fn a_new_cadence_takes_old_reports_only_within_the_lists_backfill() {
    let mut app = TestApp::with(&format!("{REPORTS}{}", list("events", "none", ""))).await;
    app.people("events", &[BRUNO]).await;
    app.publish(&["Rivers"]).await;
    app.send("events").await;
    let daily = "cadences.daily = { cron = \"0 8 * * *\", zone = \"Europe/Berlin\" }\n";
    app.reconfigure(&format!("{REPORTS}{}", list("events", "none", daily)))
        .await;
    let known = "SELECT COUNT(*) FROM ledger WHERE cadence = 'daily' AND edition_id IS NULL";
    assert_eq!(
        app.count("SELECT COUNT(*) FROM ledger WHERE cadence = 'daily'").await,
        1
    );
    assert_eq!(app.count(known).await, 1);
    app.publish(&["Bridges"]).await;
    app.people("events", &[BRUNO, &format!("{ANNA},,,,daily")]).await;
    app.publish(&["Ferries"]).await;
    app.tick_at("2026-05-05 06:00").await;
    app.deliver().await;
    assert_eq!(app.items("events", 2).await, ["Bridges", "Ferries"]);
    assert_eq!(app.told(ANNA, &["Rivers", "Bridges", "Ferries"]), ["Ferries"]);
}

#[tokio::test]
async fn a_wider_filter_takes_old_reports_only_within_the_lists_backfill() {
    let other = "[sources.other]\nkind = \"folder\"\npath = \"other\"\n";
    let narrow = list("events", "none", "sources = [\"other\"]\n");
    let mut app = TestApp::with(REPORTS).await;
    std::fs::create_dir_all(app.folder.path().join("other")).unwrap();
    app.reconfigure(&format!("{REPORTS}{other}{narrow}")).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    app.reconfigure(&format!("{REPORTS}{other}{}", list("events", "none", "")))
        .await;
    app.publish(&["Bridges"]).await;
    app.tick_at("2026-05-11 06:00").await;
    app.deliver().await;
    assert_eq!(app.items("events", 1).await, ["Bridges"]);
}

#[tokio::test]
async fn a_list_that_left_the_configuration_sends_nothing_and_its_pages_stay() {
    let mut app = TestApp::with(&format!("{REPORTS}{TWO_LISTS}").replace("\"none\"", "\"required\"")).await;
    app.people("events", &[ANNA]).await;
    app.people("talks", &[BRUNO]).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-11 06:00").await;
    app.run("UPDATE edition SET approved_at = 1 WHERE list = 'talks'").await;
    app.reconfigure(&format!("{REPORTS}{}", list("events", "all", "")))
        .await;
    let ticked = app.tick_at("2026-05-11 07:00").await;
    assert!(ticked.released.is_empty(), "{:?}", ticked.released);
    app.run("UPDATE edition SET state = 'sending', released_at = 1 WHERE list = 'talks'")
        .await;
    app.deliver().await;
    assert!(app.mails().is_empty());
    app.leave_open();
    assert_eq!(app.items("talks", 1).await, ["Rivers"]);
    // It comes back, and may go on.
    app.reconfigure(&format!("{REPORTS}{TWO_LISTS}")).await;
    app.deliver().await;
    assert_eq!(app.mails_of(BRUNO).len(), 1);
}

#[tokio::test]
async fn a_cadence_that_comes_back_fires_nothing_for_the_time_it_was_away() {
    let mut app = TestApp::with(&format!("{REPORTS}{EVENTS}")).await;
    app.people("events", &[&format!("{ANNA},,,,daily")]).await;
    app.reconfigure(&format!("{REPORTS}{}", list("events", "none", "")))
        .await;
    app.publish(&["Rivers"]).await;
    app.at("2026-05-06 07:00");
    let back = format!("{REPORTS}{EVENTS}").replace("backfill = \"all\"\ncad", "backfill = \"none\"\ncad");
    app.reconfigure(&back).await;
    assert!(app.tick().await.sealed.is_empty());
    assert!(app.slots("events", "daily").await.is_empty());
    app.publish(&["Bridges"]).await;
    app.tick_at("2026-05-07 06:00").await;
    app.deliver().await;
    assert_eq!(app.items("events", 1).await, ["Bridges"]);
}

#[tokio::test]
async fn a_list_that_is_not_public_has_no_feed_and_no_archive() {
    let quiet = list("internal", "all", "public = false\n");
    let mut app = TestApp::with(&format!("{REPORTS}{TWO_LISTS}{quiet}")).await;
    app.people("internal", &[ANNA]).await;
    app.drop_report("inside.md", &report("Inside", "lists: [internal]\n"));
    app.publish(&["Rivers"]).await;
    app.send("internal").await;
    assert_eq!(app.told(ANNA, &["Inside", "Rivers"]), ["Inside", "Rivers"]);
    assert_eq!(app.page("/feeds/internal.atom").await, "");
    assert_eq!(app.page("/editions/internal/1").await, "");
    assert_eq!(app.page("/reports/inside").await, "");
    let all = app.feed(Scope::All).await;
    assert!(all.contains("Rivers") && !all.contains("Inside"), "{all}");
    assert!(app.page("/feeds/events.atom").await.contains("Rivers"));
}

#[tokio::test]
async fn reports_are_public_at_once_and_approval_gates_mail_only() {
    let mut app = TestApp::with(&format!("{REPORTS}{EVENTS}").replace("\"none\"", "\"required\"")).await;
    app.people("events", &[ANNA]).await;
    app.drop_titled("Rivers");
    app.settle().await;
    app.advance(TimeDelta::minutes(1));
    assert!(app.feed(Scope::List("events".into())).await.contains("Rivers"));
    app.tick_at("2026-05-11 06:00").await;
    app.deliver().await;
    assert!(app.mails().is_empty());
}

#[tokio::test]
async fn a_restored_database_starts_paused_and_what_is_new_in_it_can_be_known() {
    let configuration = format!("{REPORTS}{}", list("events", "all", ""));
    let mut app = TestApp::with(&configuration).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    // The file beside the database counted more openings than the database: it is an older copy.
    let database = app.house.database_file().unwrap();
    let beside = format!("{}.host", database.display());
    let host = std::fs::read_to_string(&beside).unwrap();
    let machine = host.split(' ').next().unwrap();
    std::fs::write(&beside, format!("{machine} 999\n")).unwrap();
    let house = app.another_house(&configuration).await;
    let pauses = house.store.list_pauses().await.unwrap();
    assert_eq!(pauses.len(), 1);
    assert_eq!(
        (pauses[0].scope.as_str(), pauses[0].who.as_str()),
        ("everything", publish::COPIED)
    );
    assert_eq!(publish::know_new_reports(&house).await.unwrap(), 1);
    house.store.unpause("everything").await.unwrap();
    assert_eq!(app.send("events").await, None);
    // Opened again it is where it was.
    let again = app.another_house(&configuration).await;
    assert!(again.store.list_pauses().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_folder_copied_whole_starts_paused() {
    let configuration = format!("{REPORTS}{}", list("events", "all", ""));
    let app = TestApp::with(&configuration).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let house = app.copied_house(&elsewhere, &configuration).await;
    assert_eq!(house.store.list_pauses().await.unwrap().len(), 1);
    house.store.close().await;
}

#[tokio::test]
async fn a_postgresql_database_made_anew_from_a_backup_starts_paused() {
    let Some(server) = postgres() else {
        println!("skipped: PostgreSQL is not here");
        return;
    };
    let configuration = format!("{REPORTS}{}", list("events", "all", ""));
    let url = server.fresh_database().await;
    let app = TestApp::on_postgres(url.clone(), &configuration).await;
    app.house.store.close().await;
    app.sql.close().await;
    server.replace_with_copy(&url).await;
    let house = app.another_house(&configuration).await;
    assert_eq!(house.store.list_pauses().await.unwrap().len(), 1);
    house.store.close().await;
}

#[tokio::test]
async fn whoever_a_changed_configuration_moves_to_another_cadence_is_owed_what_the_old_one_had_not_brought() {
    let cadences = |default: &str, weekly: &str| {
        format!(
            "{REPORTS}[lists.events]\ntitle = \"Events\"\nfrom = \"events@example.org\"\napproval = \"none\"\n{default}\
             cadences.daily = {{ cron = \"0 8 * * *\", zone = \"Europe/Berlin\" }}\n{weekly}"
        )
    };
    let weekly = "cadences.weekly = { cron = \"0 8 * * MON\", zone = \"Europe/Berlin\" }\n";
    let by_default = "default_cadence = \"weekly\"\n";
    for (before, anna, after) in [
        // Her own cadence goes.
        (cadences("", weekly), format!("{ANNA},,,,weekly"), cadences("", "")),
        // The default is another now.
        (cadences(by_default, weekly), ANNA.to_owned(), cadences("", weekly)),
    ] {
        let mut app = TestApp::with(&before).await;
        let bruno = format!("{BRUNO},,,,daily");
        app.people("events", &[&anna, &bruno]).await;
        app.publish(&["Rivers"]).await;
        app.tick_at("2026-05-05 06:00").await;
        app.deliver().await;
        assert!(app.mails_of(ANNA).is_empty());
        app.reconfigure(&after).await;
        app.publish(&["Bridges"]).await;
        app.tick_at("2026-05-06 06:00").await;
        app.deliver().await;
        assert_eq!(app.told(ANNA, &["Rivers", "Bridges"]), ["Rivers", "Bridges"]);
        assert_eq!(app.mails_of(BRUNO).len(), 2);
    }
}

#[tokio::test]
async fn files_with_addresses_or_secrets_are_for_their_owner_alone() {
    let app = TestApp::new().await;
    let database = app.folder.path().join("test.db");
    let lock = StoreLock::take(&database, app.now()).unwrap();
    let beside = |ending: &str| app.folder.path().join(format!("test.db{ending}"));
    for path in ["", "-wal", "-shm", ".host", ".lock"].map(beside) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert_eq!(mode(&app.folder.path().join("secret.key")), 0o600);

    // Whoever lets a group read them knows why.
    drop(lock);
    for path in ["", ".host", ".lock"].map(beside) {
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    }
    app.another_house(&format!("{REPORTS}{EVENTS}"))
        .await
        .store
        .close()
        .await;
    StoreLock::take(&database, app.now()).unwrap();
    for path in ["", ".host", ".lock"].map(beside) {
        assert_eq!(mode(&path), 0o640, "{}", path.display());
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn whoever_opens_a_new_database_at_the_same_moment_has_a_store_that_works() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let start = Barrier::new(4);
        let open = || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            start.wait();
            runtime.block_on(async {
                let clock = Clock::fixed(from_millis(MORNING));
                let store = Store::open(&url.clone().into(), clock).await.unwrap();
                assert_eq!(store.settle_fact("epoch", "1").await.unwrap(), "1");
                store.close().await;
            });
        };
        std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(open))));
    }
}
