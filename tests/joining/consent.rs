//! Who may come back by confirming, and what is kept of their word (PRIV-02).

use chrono::TimeDelta;
use rapporteur::publish;
use rapporteur::subscriber::Address;

use super::{ANNA, Web, answer, asked, confirm_path, lists, subscriptions};
use crate::app::{TestApp, for_each_app};

#[tokio::test]
async fn the_record_says_when_where_and_to_which_words_somebody_agreed() {
    for_each_app(&lists(), |app: TestApp| async move {
        let web = Web::of(&app).await;
        let asked_at = app.now();
        let path = asked(&app, &web).await;
        app.advance(TimeDelta::hours(2));
        web.post(&path, &[("lists", "events")]).await;
        let id = app.subscriber(ANNA).await;
        let record = app.house.store.list_consent(id).await.unwrap();
        assert_eq!(record.len(), 1);
        let said = &record[0];
        assert_eq!(
            (said.list.as_str(), said.what.as_str(), said.how.as_str()),
            ("events", "subscribed", "double opt-in")
        );
        assert_eq!((said.asked_at, said.at), (Some(asked_at), app.now()));
        assert_eq!(
            (said.form.as_deref(), said.language.as_deref()),
            (Some("page"), Some("en"))
        );
        let text = said.text.as_deref().unwrap();
        assert!(
            text.starts_with("Lindenfeld Institute uses this address to send you the newsletters"),
            "{text}"
        );
        assert!(
            web.get("/subscribe").await.body.contains(text),
            "the very words of the page"
        );
        assert_eq!(said.network, None, "kept only if the configuration says so");
        app
    })
    .await;
}

#[tokio::test]
async fn the_network_is_kept_shortened_for_as_long_as_the_configuration_says() {
    let app = TestApp::with(&format!("{}[signup]\nkeep_network = \"30days\"\n", lists())).await;
    let web = Web::of(&app).await;
    let path = asked(&app, &web).await;
    web.post(&path, &[("lists", "events")]).await;
    let id = app.subscriber(ANNA).await;
    let network = async || app.house.store.list_consent(id).await.unwrap()[0].network.clone();
    assert_eq!(network().await.as_deref(), Some("0.0.0.0/24"));
    app.advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    publish::purge_signups(&app.house).await.unwrap();
    assert!(network().await.is_some());
    app.advance(TimeDelta::seconds(1));
    publish::purge_signups(&app.house).await.unwrap();
    assert_eq!(network().await, None);
    app.forget_mails();
}

#[tokio::test]
async fn who_left_was_removed_or_suspended_comes_back_and_gets_no_old_edition() {
    for_each_app(&lists(), |mut app: TestApp| async move {
        let people = ["left@example.org", "removed@example.org", "stuck@example.org"];
        app.people("events", &people).await;
        app.leave("events", people[0]).await;
        let id = app.subscriber(people[1]).await;
        app.house
            .store
            .remove("events", id, "command line", app.now())
            .await
            .unwrap();
        app.run("UPDATE subscriber SET state = 'suspended' WHERE address = 'stuck@example.org'")
            .await;
        app.people("lectures", &["bea@example.org"]).await;
        app.publish(&["Rivers"]).await;
        app.send("lectures").await;
        app.send("events").await;
        let web = Web::of(&app).await;
        for address in people {
            web.subscribe(&app, address, &[("lists", "events")]).await;
        }
        assert_eq!(answer(&app).await, 3);
        for address in people {
            let path = confirm_path(&app.mails_of(address)[0]);
            web.post(&path, &[("lists", "events")]).await;
            assert_eq!(
                subscriptions(&app, address).await,
                ["events active active"],
                "{address}"
            );
        }
        app.publish(&["Bridges"]).await;
        app.send("events").await;
        for address in &people[..2] {
            assert_eq!(app.told(address, &["Rivers", "Bridges"]), ["Bridges"], "{address}");
        }
        app
    })
    .await;
}

/// The list's file neither takes away nor changes what a person confirmed themselves.
#[tokio::test]
async fn what_a_person_chose_outlives_the_lists_file() {
    let app = TestApp::with(&lists()).await;
    app.people("events", &[&format!("{ANNA},,,,weekly"), "bea@example.org"])
        .await;
    app.leave("events", ANNA).await;
    let web = Web::of(&app).await;
    let chosen = [
        ("lists", "events"),
        ("cadence.events", "daily"),
        ("topics.events", "economy"),
    ];
    web.subscribe(&app, ANNA, &chosen).await;
    answer(&app).await;
    web.post(&confirm_path(&app.mails_of(ANNA)[0]), &[("lists", "events")])
        .await;
    app.people("events", &[&format!("{ANNA},,,climate,immediate"), "bea@example.org"])
        .await;
    let key = Address::parse(ANNA).unwrap().key();
    let now = app.house.store.list_subscriptions_of(&key).await.unwrap().remove(0);
    assert_eq!(
        (now.cadence.as_deref(), now.topics.as_slice()),
        (Some("daily"), &["economy".to_owned()][..])
    );
    app.people("events", &["bea@example.org"]).await;
    assert_eq!(subscriptions(&app, ANNA).await, ["events active active"]);
}

#[tokio::test]
async fn who_called_our_mail_unwanted_gets_nothing_even_if_the_link_was_out() {
    let app = TestApp::with(&lists()).await;
    app.people("events", &[ANNA]).await;
    app.run("UPDATE subscriber SET state = 'suppressed'").await;
    let web = Web::of(&app).await;
    web.subscribe(&app, ANNA, &[("lists", "lectures")]).await;
    assert_eq!(answer(&app).await, 0);
    assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 0);

    app.run("UPDATE subscriber SET state = 'active'").await;
    web.subscribe(&app, ANNA, &[("lists", "lectures")]).await;
    answer(&app).await;
    let path = confirm_path(&app.mails_of(ANNA)[0]);
    app.run("UPDATE subscriber SET state = 'suppressed'").await;
    assert!(web.post(&path, &[("lists", "lectures")]).await.status.is_client_error());
    assert_eq!(subscriptions(&app, ANNA).await, ["events active suppressed"]);
}

#[tokio::test]
async fn who_is_subscribed_is_told_so_and_asked_only_for_what_is_new() {
    let app = TestApp::with(&lists()).await;
    app.people("events", &[ANNA]).await;
    let web = Web::of(&app).await;
    web.subscribe(&app, ANNA, &[("lists", "events")]).await;
    assert_eq!(answer(&app).await, 1);
    let known = &app.mails_of(ANNA)[0];
    assert_eq!(known.subject, "You are subscribed: mail from Lindenfeld Institute");
    assert!(!known.raw.contains("/confirm/"));
    web.subscribe(&app, ANNA, &[("lists", "events")]).await;
    assert_eq!(answer(&app).await, 0, "by the same limits");

    app.advance(TimeDelta::days(1));
    web.subscribe(&app, ANNA, &[("lists", "events"), ("lists", "lectures")])
        .await;
    assert_eq!(answer(&app).await, 1);
    let page = web.get(&confirm_path(&app.mails_of(ANNA)[1])).await.body;
    assert!(app.mails_of(ANNA)[1].text.contains("- Open lectures"));
    assert!(!app.mails_of(ANNA)[1].text.contains("- Events"), "{page}");
}

/// PRIV-08: the page does not bring back who asked to be forgotten, and forgets what they typed.
#[tokio::test]
async fn who_was_erased_is_forgotten_here_too_and_stays_away() {
    let mut app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let path = asked(&app, &web).await;
    let anna = Address::parse(ANNA).unwrap();
    publish::erase(&app.house, &anna, false, "staff").await.unwrap();
    assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 0);
    assert!(web.post(&path, &[("lists", "events")]).await.status.is_client_error());
    app.advance(TimeDelta::days(2));
    web.subscribe(&app, ANNA, &[("lists", "events")]).await;
    assert_eq!(answer(&app).await, 0);
    assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 0);
    app.forget_mails();
    app.leave_open();
}

/// A stranger can ask for anything in somebody's name: it is shown, and not ticked for them.
#[tokio::test]
async fn what_a_stranger_added_is_shown_and_neither_ticked_nor_confirmed_unseen() {
    for_each_app(&lists(), |app: TestApp| async move {
        let web = Web::of(&app).await;
        web.subscribe(&app, ANNA, &[("lists", "lectures")]).await;
        app.advance(TimeDelta::minutes(1));
        let own = [
            ("lists", "events"),
            ("cadence.events", "daily"),
            ("topics.events", "climate"),
            ("topics.events", "economy"),
            ("topics.events", "climate"),
        ];
        web.subscribe(&app, ANNA, &own).await;
        answer(&app).await;
        let path = confirm_path(&app.mails_of(ANNA)[0]);
        let page = web.get(&path).await.body;
        assert!(page.contains("value=\"events\" checked"), "{page}");
        assert!(page.contains("value=\"lectures\">"), "{page}");
        assert!(
            page.contains("How often: Daily") && page.contains("Topics: Economy, Climate"),
            "{page}"
        );

        // Meanwhile a stranger asks for something else.
        app.advance(TimeDelta::minutes(1));
        web.subscribe(&app, ANNA, &[("lists", "events"), ("cadence.events", "immediate")])
            .await;
        answer(&app).await;
        let fields = crate::preferences::fields_of(&page);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let said = web.post(&path, &fields).await;
        assert!(
            said.body.contains("Something else has been asked for meanwhile")
                && said.body.contains("How often: At once"),
            "{}",
            said.body
        );
        assert_eq!(subscriptions(&app, ANNA).await, [""; 0]);
        let fields = crate::preferences::fields_of(&said.body);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert!(web.post(&path, &fields).await.body.contains("You are subscribed."));
        assert_eq!(subscriptions(&app, ANNA).await, ["events active active"]);
        app
    })
    .await;
}

/// The same between the look and the button, within the transaction.
#[tokio::test]
async fn what_was_not_shown_is_not_confirmed() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let path = asked(&app, &web).await;
    let token = path.trim_start_matches("/confirm/");
    let shown = publish::find_request(&app.house, token).await.unwrap().unwrap();
    app.advance(TimeDelta::minutes(1));
    web.subscribe(&app, ANNA, &[("lists", "events"), ("cadence.events", "immediate")])
        .await;
    answer(&app).await;
    let said = publish::confirm(&app.house, &shown, &["events".to_owned()])
        .await
        .unwrap();
    assert!(matches!(said, publish::Confirmed::Changed(_)), "{said:?}");
    assert_eq!(subscriptions(&app, ANNA).await, [""; 0]);
}

#[tokio::test]
async fn a_new_request_takes_nothing_from_one_whose_link_works_no_more() {
    for_each_app(&lists(), |app: TestApp| async move {
        let web = Web::of(&app).await;
        asked(&app, &web).await;
        app.advance(TimeDelta::hours(72));
        web.subscribe(&app, ANNA, &[("lists", "lectures")]).await;
        assert_eq!(answer(&app).await, 1);
        let mail = app.mails_of(ANNA).remove(1);
        assert!(!mail.text.contains("- Events"), "{}", mail.text);
        let page = web.get(&confirm_path(&mail)).await.body;
        assert!(
            page.contains("Open lectures") && !page.contains("value=\"events\""),
            "{page}"
        );
        assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 1);
        app
    })
    .await;
}

#[tokio::test]
async fn the_record_names_the_words_that_were_shown_whatever_the_browser_asks_for_later() {
    let app = TestApp::with(&lists()).await;
    let web = Web::of(&app).await;
    let german = axum::http::Request::get("/subscribe").header("accept-language", "de");
    let page = web.ask(german.body(axum::body::Body::empty()).unwrap()).await.body;
    let fields = crate::preferences::fields_of(&page);
    let wording = fields.iter().find(|(name, _)| name == "wording").unwrap().1.as_str();
    web.subscribe(&app, ANNA, &[("lists", "events"), ("wording", wording)])
        .await;
    web.subscribe(&app, "bea@example.org", &[("lists", "events"), ("wording", "unknown")])
        .await;
    answer(&app).await;
    for (address, language) in [(ANNA, "de"), ("bea@example.org", "en")] {
        web.post(&confirm_path(&app.mails_of(address)[0]), &[("lists", "events")])
            .await;
        let record = app
            .house
            .store
            .list_consent(app.subscriber(address).await)
            .await
            .unwrap();
        assert_eq!(record[0].language.as_deref(), Some(language));
    }
}

/// PRIV-08: somebody presses the button while staff forget them.
#[tokio::test]
async fn nobody_confirms_while_they_are_forgotten() {
    for_each_app(&lists(), |app: TestApp| async move {
        let web = Web::of(&app).await;
        let path = asked(&app, &web).await;
        let token = path.trim_start_matches("/confirm/");
        let shown = publish::find_request(&app.house, token).await.unwrap().unwrap();
        let anna = Address::parse(ANNA).unwrap();
        let busy = app.house.store.begin_import().await.unwrap();
        let (erased, confirmed) = {
            let wanted = ["events".to_owned()];
            let erasing = publish::erase(&app.house, &anna, false, "staff");
            let confirming = publish::confirm(&app.house, &shown, &wanted);
            tokio::pin!(erasing, confirming);
            let moment = std::time::Duration::from_millis(100);
            assert!(tokio::time::timeout(moment, &mut erasing).await.is_err(), "it waits");
            assert!(tokio::time::timeout(moment, &mut confirming).await.is_err(), "it waits");
            drop(busy);
            tokio::join!(erasing, confirming)
        };
        // Whoever goes first: she confirms and is forgotten, or finds nothing to confirm.
        erased.unwrap();
        confirmed.unwrap();
        assert_eq!(app.house.store.find_person(&anna.key()).await.unwrap(), None);
        // The row of her mail is forgotten with her, so that the mailbox has nothing to agree with.
        std::fs::remove_dir_all(app.folder.path().join("outbox")).unwrap();
        app
    })
    .await;
}
