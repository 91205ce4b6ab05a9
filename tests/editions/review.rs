//! Staff decide about a waiting edition by the links of its preview.

use rapporteur::publish::Decided;

use super::ANNA;
use crate::app::{REPORTS, TestApp};

const STAFF: &str = "staff@example.org";

/// A weekly list, sealed two hours ahead, whose editions all wait.
fn weekly(approval: &str, preview_to: &str) -> String {
    format!(
        "{REPORTS}[lists.events]\ntitle = \"Events\"\nfrom = \"events@example.org\"\nbackfill = \"all\"\n\
         approval = \"{approval}\"\npreview_before = \"2h\"\npreview_to = [\"{preview_to}\"]\n\
         cadences.weekly = {{ cron = \"0 8 * * MON\", zone = \"Europe/Berlin\" }}\n"
    )
}

/// A house whose first edition is sealed and shown to staff.
async fn sealed(approval: &str) -> TestApp {
    let mut app = TestApp::with(&weekly(approval, STAFF)).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers & <bridges>"]).await;
    app.tick_at("2026-05-11 04:00").await;
    app.deliver().await;
    app
}

/// Paths of the links to decide in a preview mail, in their order.
fn links(app: &TestApp) -> Vec<String> {
    let mail = &app.mails_of(STAFF)[0];
    let in_text = mail
        .text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("https://news.example.org"));
    let found: Vec<String> = in_text
        .filter(|path| path.starts_with("/decide/"))
        .map(str::to_owned)
        .collect();
    assert!(
        found
            .iter()
            .all(|path| mail.html.contains(&format!("href=\"https://news.example.org{path}\"")))
    );
    found
}

#[tokio::test]
async fn a_preview_carries_links_by_which_its_reader_approves_or_holds() {
    let app = sealed("required").await;
    let [approve, hold] = links(&app).try_into().unwrap();
    // Whoever only looks, or scans mails, changes nothing.
    for _ in 0..3 {
        for path in [&approve, &hold] {
            let page = app.page(path).await;
            assert!(page.contains("Rivers &amp; &lt;bridges&gt;"), "{page}");
            assert!(
                page.contains("<dd>1</dd>") && page.contains("2026-05-11 06:00 UTC"),
                "{page}"
            );
            assert!(page.contains("<form method=\"post\">"));
        }
    }
    assert_eq!(app.edition("events", 1).await.state, "waiting");

    assert!(app.press(&hold).await.contains("It is held."));
    assert_eq!(app.edition("events", 1).await.state, "held");
    assert!(app.press(&hold).await.contains("Nothing was changed"));
    assert!(app.press(&approve).await.contains("It is approved."));
    app.tick_at("2026-05-11 06:00").await;
    app.deliver().await;
    assert_eq!(app.mails_of(ANNA).len(), 1);
    let decisions = app.house.store.list_decisions("events/1").await.unwrap();
    let by_link: Vec<_> = decisions
        .iter()
        .filter(|decision| decision.who == STAFF)
        .map(|one| &*one.what)
        .collect();
    assert_eq!(by_link, ["held", "approved"]);
    // It is out: neither link does anything any more.
    for path in [&approve, &hold] {
        let page = app.press(path).await;
        assert!(
            page.contains("Nothing was changed") && !page.contains("<form"),
            "{page}"
        );
    }
    assert_eq!(app.edition("events", 1).await.state, "finished");
    app.close().await;
}

#[tokio::test]
async fn an_edition_that_needs_no_approval_can_be_held() {
    let app = sealed("none").await;
    let [hold] = links(&app).try_into().unwrap();
    app.press(&hold).await;
    app.tick_at("2026-05-11 06:00").await;
    app.deliver().await;
    assert!(app.mails_of(ANNA).is_empty());
    app.decide("events", 1, Decided::Cancel).await.unwrap();
    app.close().await;
}

#[tokio::test]
async fn whoever_is_no_longer_shown_previews_decides_nothing() {
    let mut app = sealed("required").await;
    let paths = links(&app);
    app.reconfigure(&weekly("required", "other@example.org")).await;
    for path in &paths {
        assert_eq!(app.page(path).await, "");
        assert_eq!(app.press(path).await, "");
    }
    let altered = format!("{}a", paths[0]);
    assert_eq!(app.page(&altered).await, "");
    assert_eq!(app.edition("events", 1).await.state, "waiting");
    app.decide("events", 1, Decided::Cancel).await.unwrap();
    app.close().await;
}
