//! People choose what they get, on the page behind their own link, and every edition keeps its rules.

use axum::http::StatusCode;
use chrono::TimeDelta;
use rapporteur::subscriber::Address;
use rapporteur::token::Link;

use crate::app::{TestApp, for_each_app, report};
use crate::joining::{ANNA, Answer, Web, answer, confirm_path, lists, subscriptions};

const BEA: &str = "bea@example.org";

/// The path of a person's page.
async fn page_of(app: &TestApp, address: &str) -> String {
    let subscriber = app.subscriber(address).await;
    app.house.secret.path(&Link::Preferences { subscriber })
}

/// Presses "save" with these fields.
async fn save(web: &Web, path: &str, fields: &[(&str, &str)]) -> Answer {
    let mut all = vec![("from", "page")];
    all.extend(fields);
    web.post(path, &all).await
}

/// Sends the form of the person's page as a browser does, with `touch` done to its fields before.
async fn send_page(web: &Web, path: &str, touch: impl FnOnce(&mut Vec<(String, String)>)) -> Answer {
    send_form(web, path, &web.get(path).await.body, touch).await
}

async fn send_form(web: &Web, path: &str, page: &str, touch: impl FnOnce(&mut Vec<(String, String)>)) -> Answer {
    let mut fields = fields_of(page);
    touch(&mut fields);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    web.post(path, &fields).await
}

/// What a browser sends of a form that nobody touched: of a select without a chosen option, the first.
pub fn fields_of(page: &str) -> Vec<(String, String)> {
    let page = scraper::Html::parse_document(page);
    let select = |selector: &str| scraper::Selector::parse(selector).unwrap();
    let mut fields = Vec::new();
    for field in page.select(&select("form input, form select")) {
        let name = field.attr("name").unwrap_or_default();
        let is_tick = field.attr("type") == Some("checkbox");
        if is_tick && field.attr("checked").is_none() {
            continue;
        }
        let value = match field.value().name() {
            "select" => {
                let chosen = field.select(&select("option[selected]")).next();
                let option = chosen.or_else(|| field.select(&select("option")).next()).unwrap();
                option.attr("value").unwrap()
            }
            _ => field.attr("value").unwrap_or_default(),
        };
        fields.push((name.to_owned(), value.to_owned()));
    }
    fields
}

fn set(fields: &mut [(String, String)], name: &str, value: &str) {
    let field = fields.iter_mut().find(|(field, _)| field == name);
    value.clone_into(&mut field.unwrap_or_else(|| panic!("no {name}")).1);
}

async fn chosen(app: &TestApp, address: &str) -> (Option<String>, Vec<String>, Vec<String>) {
    let key = Address::parse(address).unwrap().key();
    let now = app.house.store.list_subscriptions_of(&key).await.unwrap().remove(0);
    (now.cadence, now.topics, now.chosen)
}

#[tokio::test]
async fn what_a_person_sets_counts_at_once_and_no_file_sets_it_otherwise() {
    for_each_app(&lists(), |app: TestApp| async move {
        let row = format!("{ANNA},Anna Weber,en,climate,weekly");
        app.people("events", &[&row, BEA]).await;
        let (web, path) = (Web::of(&app).await, page_of(&app, ANNA).await);
        let shown = web.get(&path).await;
        assert_eq!(shown.status, StatusCode::OK);
        assert!(shown.body.contains("a…@example.org"));
        assert!(
            !shown.body.contains(ANNA) && !shown.body.contains("Weber"),
            "forwarded mail tells nobody who it was for"
        );
        assert_eq!(shown.headers["cache-control"], "no-store");
        assert_eq!(shown.headers["referrer-policy"], "no-referrer");

        let fields = [
            ("lists", "events"),
            ("cadence.events", "daily"),
            ("topics.events", "economy"),
            ("language", "de"),
        ];
        for _ in 0..2 {
            let said = save(&web, &path, &fields).await;
            assert!(said.body.contains("Gespeichert."), "{}", said.body);
            let set = (
                Some("daily".into()),
                vec!["economy".into()],
                vec!["cadence".into(), "topics".into(), "language".into()],
            );
            assert_eq!(chosen(&app, ANNA).await, set);
        }
        app.people("events", &[&format!("{ANNA},Anna W.,fr,,immediate"), BEA])
            .await;
        let (cadence, topics, _) = chosen(&app, ANNA).await;
        assert_eq!(
            (cadence.as_deref(), topics),
            (Some("daily"), vec!["economy".to_owned()])
        );
        let names = "SELECT COUNT(*) FROM subscriber WHERE name = 'Anna W.' AND language = 'de'";
        assert_eq!(app.count(names).await, 1, "what she did not set, the file may");
        app
    })
    .await;
}

#[tokio::test]
async fn looking_changes_nothing_and_only_the_own_link_opens_the_page() {
    let app = TestApp::with(&lists()).await;
    app.people("events", &[ANNA, BEA]).await;
    let (web, path) = (Web::of(&app).await, page_of(&app, ANNA).await);
    let before = chosen(&app, ANNA).await;
    for method in ["GET", "HEAD"] {
        let request = axum::http::Request::builder().method(method).uri(&path);
        web.ask(request.body(axum::body::Body::empty()).unwrap()).await;
    }
    // What is no form of ours has ticked nothing, and throws nobody off.
    web.post(&path, &[]).await;
    web.post(&path, &[("List-Unsubscribe", "One-Click")]).await;
    assert_eq!(chosen(&app, ANNA).await, before);
    assert_eq!(subscriptions(&app, ANNA).await, ["events active active"]);

    let leave = app.house.secret.unsubscribe("events", app.subscriber(ANNA).await);
    let altered = format!("{}a", &path[..path.len() - 1]);
    for path in [format!("/preferences/{leave}"), altered, "/preferences/x".into()] {
        assert_eq!(web.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(
            save(&web, &path, &[("leave", "all")]).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let token = path.trim_start_matches("/preferences/");
    assert_eq!(
        web.post(&format!("/unsubscribe/{token}"), &[]).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(subscriptions(&app, ANNA).await, ["events active active"]);
    for fields in [
        &[("lists", "events"), ("cadence.events", "hourly")][..],
        &[("lists", "events"), ("topics.events", "<script>")],
        &[("lists", "events"), ("language", "\"><script>")],
        &[("lists", "events"), ("pause.events", "9999-01-01")],
        &[("lists", "events"), ("pause.events", "soon")],
    ] {
        let said = save(&web, &path, fields).await;
        assert!(said.body.contains("Please choose from what is offered.") && !said.body.contains("<script"));
        assert_eq!(chosen(&app, ANNA).await, before, "{fields:?}");
    }
    app.house.store.close().await;
    for answer in [web.get(&path).await, save(&web, &path, &[]).await] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers.contains_key("retry-after") && !answer.body.contains("Saved"));
    }
}

#[tokio::test]
async fn unticking_leaves_and_one_button_leaves_everything() {
    let app = TestApp::with(&lists()).await;
    app.people("events", &[ANNA]).await;
    app.people("lectures", &[ANNA]).await;
    app.people("staff", &[ANNA]).await;
    let (web, path) = (Web::of(&app).await, page_of(&app, ANNA).await);
    save(&web, &path, &[("lists", "lectures"), ("lists", "staff")]).await;
    let now = subscriptions(&app, ANNA).await;
    assert_eq!(
        now,
        ["events left active", "lectures active active", "staff active active"]
    );
    let said = save(
        &web,
        &path,
        &[("lists", "lectures"), ("lists", "staff"), ("leave", "all")],
    )
    .await;
    assert!(said.body.contains("You have left."), "{}", said.body);
    let now = subscriptions(&app, ANNA).await;
    assert_eq!(now, ["events left active", "lectures left active", "staff left active"]);
}

/// A mail with the link may have been forwarded: what is new needs the mailbox.
#[tokio::test]
async fn a_list_that_is_ticked_anew_begins_with_a_confirmation_by_mail() {
    let app = TestApp::with(&lists()).await;
    app.people("events", &[ANNA]).await;
    let (web, path) = (Web::of(&app).await, page_of(&app, ANNA).await);
    let staff = [("lists", "events"), ("lists", "lectures"), ("lists", "staff")];
    let said = save(&web, &path, &staff).await;
    assert!(
        said.body.contains("Please choose from what is offered."),
        "{}",
        said.body
    );
    let said = save(&web, &path, &staff[..2]).await;
    assert!(said.body.contains("begins once you confirm it"), "{}", said.body);
    assert_eq!(subscriptions(&app, ANNA).await, ["events active active"]);
    assert_eq!(answer(&app).await, 1);
    web.post(&confirm_path(&app.mails_of(ANNA)[0]), &[("lists", "lectures")])
        .await;
    assert_eq!(
        subscriptions(&app, ANNA).await,
        ["events active active", "lectures active active"]
    );
    let id = app.subscriber(ANNA).await;
    let record = app.house.store.list_consent(id).await.unwrap();
    assert_eq!(record.last().unwrap().form.as_deref(), Some("preferences"));
}

#[tokio::test]
async fn whoever_asks_for_their_link_gets_it_by_mail_and_the_page_tells_nobody() {
    let app = TestApp::with(&lists()).await;
    app.people("events", &[&format!("{ANNA},,de,,"), "left@example.org"])
        .await;
    app.leave("events", "left@example.org").await;
    let web = Web::of(&app).await;
    let ask = async |address: &str| {
        let stamp = app.house.secret.stamp(app.now() - TimeDelta::minutes(1));
        web.post("/preferences", &[("email", address), ("stamp", &stamp)]).await
    };
    let mut answers = Vec::new();
    for address in [ANNA, "left@example.org", "nobody@example.org", ANNA] {
        answers.push(ask(address).await);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(answers[0].status, StatusCode::OK);
    assert_eq!(answer(&app).await, 1, "only who has something to change");
    assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 0);
    let mail = &app.mails_of(ANNA)[0];
    assert_eq!(mail.subject, "Sie haben schon abonniert: Post von Lindenfeld Institute");
    let (_, token) = mail.text.split_once("https://news.example.org/preferences/").unwrap();
    let token: String = token.chars().take_while(char::is_ascii_alphanumeric).collect();
    assert!(web.get(&format!("/preferences/{token}")).await.body.contains("Events"));
    ask(ANNA).await;
    assert_eq!(answer(&app).await, 0, "by the same limits");
    assert_eq!(ask("no address").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

/// Rule 3, by the page instead of the file.
#[tokio::test]
async fn after_a_change_of_cadence_the_next_edition_brings_what_was_missed_once() {
    for_each_app(&lists(), |mut app: TestApp| async move {
        app.people("events", &[ANNA, &format!("{BEA},,,,daily")]).await;
        app.publish(&["Rivers"]).await;
        app.tick_at("2026-05-05 06:00").await;
        let (web, path) = (Web::of(&app).await, page_of(&app, ANNA).await);
        save(&web, &path, &[("lists", "events"), ("cadence.events", "daily")]).await;
        app.publish(&["Bridges"]).await;
        app.tick_at("2026-05-06 06:00").await;
        // Back again, and nothing comes twice.
        save(&web, &path, &[("lists", "events"), ("cadence.events", "weekly")]).await;
        app.publish(&["Ferries"]).await;
        app.tick_at("2026-05-11 06:00").await;
        app.deliver().await;
        let titles = ["Rivers", "Bridges", "Ferries"];
        assert_eq!(app.told(ANNA, &titles), titles);
        assert_eq!(app.mails_of(ANNA).len(), 2);
        app
    })
    .await;
}

#[tokio::test]
async fn during_a_pause_nothing_comes_and_afterwards_what_was_missed() {
    for_each_app(&lists(), |mut app: TestApp| async move {
        app.people("events", &[&format!("{ANNA},,,,daily"), &format!("{BEA},,,,daily")])
            .await;
        let (web, path) = (Web::of(&app).await, page_of(&app, ANNA).await);
        app.publish(&["Rivers"]).await;
        app.tick_at("2026-05-05 06:00").await;
        let fields = [
            ("lists", "events"),
            ("cadence.events", "daily"),
            ("pause.events", "2026-05-08"),
        ];
        let said = save(&web, &path, &fields).await;
        assert!(said.body.contains("value=\"2026-05-08\""), "{}", said.body);
        for (day, title) in [("06", "Bridges"), ("07", "Ferries")] {
            app.publish(&[title]).await;
            app.tick_at(&format!("2026-05-{day} 06:00")).await;
        }
        // By hand, too.
        app.publish(&["Roads"]).await;
        app.send("events").await;
        app.deliver().await;
        let titles = ["Rivers", "Bridges", "Ferries", "Roads", "Trains"];
        assert_eq!(app.told(ANNA, &titles), ["Rivers"]);
        assert_eq!(app.told(BEA, &titles), &titles[..4]);
        // The same once more prolongs nothing and owes nothing anew.
        save(&web, &path, &fields).await;
        app.publish(&["Trains"]).await;
        app.tick_at("2026-05-08 06:00").await;
        app.deliver().await;
        assert_eq!(app.told(ANNA, &titles), titles);
        assert_eq!(app.mails_of(ANNA).len(), 2);
        assert_eq!(app.told(BEA, &titles), titles);
        app
    })
    .await;
}

#[tokio::test]
async fn a_pause_gives_back_thirty_days_at_most() {
    let mut app = TestApp::with(&lists()).await;
    app.people("events", &[&format!("{ANNA},,,,daily"), &format!("{BEA},,,,daily")])
        .await;
    let (web, path) = (Web::of(&app).await, page_of(&app, ANNA).await);
    save(
        &web,
        &path,
        &[
            ("lists", "events"),
            ("cadence.events", "daily"),
            ("pause.events", "2026-06-20"),
        ],
    )
    .await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-05 06:00").await;
    app.at("2026-06-10 12:00");
    app.publish(&["Bridges"]).await;
    app.tick_at("2026-06-11 06:00").await;
    app.at("2026-06-20 12:00");
    app.publish(&["Ferries"]).await;
    app.tick_at("2026-06-21 06:00").await;
    app.deliver().await;
    assert_eq!(
        app.told(ANNA, &["Rivers", "Bridges", "Ferries"]),
        ["Bridges", "Ferries"]
    );
}

/// Rule 6, and rule 2 over two lists.
#[tokio::test]
async fn wider_topics_bring_nothing_back_and_two_lists_tell_a_report_once() {
    let mut app = TestApp::with(&lists()).await;
    app.people(
        "events",
        &[&format!("{ANNA},,,economy,daily"), &format!("{BEA},,,,daily")],
    )
    .await;
    app.people("lectures", &[&format!("{ANNA},,,,daily"), &format!("{BEA},,,,daily")])
        .await;
    let (web, path) = (Web::of(&app).await, page_of(&app, ANNA).await);
    let both = [
        ("lists", "events"),
        ("lists", "lectures"),
        ("cadence.events", "daily"),
        ("cadence.lectures", "weekly"),
    ];
    save(
        &web,
        &path,
        &[both.as_slice(), &[("topics.events", "economy")]].concat(),
    )
    .await;
    app.drop_report("frogs.md", &report("Frogs", "topics: [climate]\nlists: [events]\n"));
    app.collect().await;
    rapporteur::publish::publish_settled(&app.house, true).await.unwrap();
    app.tick_at("2026-05-05 06:00").await;
    save(&web, &path, &both).await;
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-06 06:00").await;
    save(
        &web,
        &path,
        &[
            ("lists", "events"),
            ("lists", "lectures"),
            ("cadence.events", "daily"),
            ("cadence.lectures", "daily"),
        ],
    )
    .await;
    app.publish(&["Bridges"]).await;
    app.tick_at("2026-05-07 06:00").await;
    app.tick_at("2026-05-11 06:00").await;
    app.deliver().await;
    assert_eq!(app.told(ANNA, &["Frogs", "Rivers", "Bridges"]), ["Rivers", "Bridges"]);
    let twice = app
        .mails_of(ANNA)
        .iter()
        .filter(|mail| mail.text.contains("Rivers"))
        .count();
    assert_eq!(twice, 1);
}

/// Sealed and on its way: who leaves and comes back at once misses nothing and gets nothing twice.
#[tokio::test]
async fn leaving_can_be_taken_back_for_half_an_hour_and_loses_nothing() {
    for_each_app(&lists(), |mut app: TestApp| async move {
        app.people("events", &[&format!("{ANNA},,,,daily"), &format!("{BEA},,,,daily")])
            .await;
        app.publish(&["Rivers"]).await;
        app.tick_at("2026-05-05 06:00").await;
        let web = Web::of(&app).await;
        let leave = format!(
            "/unsubscribe/{}",
            app.house.secret.unsubscribe("events", app.subscriber(ANNA).await)
        );
        let left = web.post(&leave, &[("from", "page"), ("scope", "list")]).await;
        let (_, undo) = left.body.split_once("action=\"/undo/").unwrap();
        let undo = format!("/undo/{}", undo.split('"').next().unwrap());
        app.deliver().await;
        assert_eq!(app.mails_of(ANNA).len(), 0);
        web.get(&undo).await;
        assert_eq!(
            subscriptions(&app, ANNA).await,
            ["events left active"],
            "looking changes nothing"
        );
        let said = web.post(&undo, &[("reason", "Too\r\nmany <b>mails</b>")]).await;
        assert!(said.body.contains("Thank you."), "{}", said.body);
        assert_eq!(subscriptions(&app, ANNA).await, ["events left active"]);
        app.advance(TimeDelta::minutes(29));
        assert_eq!(web.post(&undo, &[]).await.status, StatusCode::OK);
        assert_eq!(web.post(&undo, &[]).await.status, StatusCode::OK, "twice is once");
        assert_eq!(subscriptions(&app, ANNA).await, ["events active active"]);
        app.publish(&["Bridges"]).await;
        app.tick_at("2026-05-06 06:00").await;
        app.deliver().await;
        assert_eq!(app.told(ANNA, &["Rivers", "Bridges"]), ["Rivers", "Bridges"]);

        let left = web.post(&leave, &[]).await;
        let (_, undo) = left.body.split_once("action=\"/undo/").unwrap();
        let undo = format!("/undo/{}", undo.split('"').next().unwrap());
        app.advance(TimeDelta::minutes(30));
        assert_eq!(web.post(&undo, &[]).await.status, StatusCode::NOT_FOUND);
        assert_eq!(subscriptions(&app, ANNA).await, ["events left active"]);
        let record = app.house.store.list_consent(app.subscriber(ANNA).await).await.unwrap();
        assert!(
            record
                .iter()
                .any(|entry| entry.basis.as_deref() == Some("Too many <b>mails</b>"))
        );
        app
    })
    .await;
}

#[tokio::test]
async fn each_digest_has_a_link_to_its_readers_page_and_two_ways_to_leave() {
    let read = lists().replacen("approval =", "bounce_address = \"bounces@example.org\"\napproval =", 1);
    let mut app = TestApp::with(&format!("{read}[bounces]\nkind = \"maildir\"\npath = \"returned\"\n")).await;
    app.people("events", &[ANNA]).await;
    app.publish(&["Rivers"]).await;
    app.send("events").await;
    let mail = app.mails_of(ANNA).remove(0);
    let page = format!("https://news.example.org{}", page_of(&app, ANNA).await);
    assert!(mail.text.contains(&page) && mail.html.contains(&page), "{}", mail.text);
    let leave = mail
        .raw
        .lines()
        .find(|line| line.starts_with("List-Unsubscribe: "))
        .unwrap();
    let (https, by_mail) = leave.split_once(", ").unwrap();
    assert!(
        https.starts_with("List-Unsubscribe: <https://news.example.org/unsubscribe/"),
        "{leave}"
    );
    let subject = by_mail
        .strip_prefix("<mailto:bounces@example.org?subject=")
        .unwrap()
        .trim_end_matches('>');
    let sent = format!("From: <forged@example.org>\r\nTo: <bounces@example.org>\r\nSubject: {subject}\r\n\r\n");
    rapporteur::publish::take_returned(&app.house, sent.as_bytes())
        .await
        .unwrap();
    assert_eq!(subscriptions(&app, ANNA).await, ["events left active"]);
}

/// A browser sends every field: what the page cannot show or shows otherwise than it is stored is no wish.
#[tokio::test]
async fn saving_the_page_untouched_changes_nothing() {
    for_each_app(&lists(), |mut app: TestApp| async move {
        let people = [
            "one@example.org,,,climate;economy,",
            "two@example.org,,de-AT,,",
            "three@example.org,,it,,daily",
            "four@example.org,,,,weekly",
        ];
        app.people("events", &people).await;
        app.people("lectures", &["one@example.org,,,history,daily", BEA]).await;
        // Kept from a time when the list had more to offer.
        app.run("UPDATE subscription SET topics = '[\"rivers\",\"climate\"]' WHERE list = 'events' AND topics LIKE '%economy%'")
            .await;
        app.run("UPDATE subscription SET cadence = 'hourly' WHERE subscriber_id = (SELECT id FROM subscriber WHERE language = 'it')")
            .await;
        app.run("UPDATE subscription SET paused_until = 1, topics = '[\"history\"]' WHERE list = 'lectures'")
            .await;
        let web = Web::of(&app).await;
        for address in ["one", "two", "three", "four"].map(|name| format!("{name}@example.org")) {
            let before = everything(&app, &address).await;
            let path = page_of(&app, &address).await;
            let said = send_page(&web, &path, |_| ()).await;
            assert!(said.body.contains("role=\"status\""), "{}", said.body);
            assert_eq!(everything(&app, &address).await, before);
        }
        app.leave_open();
        app
    })
    .await;
}

async fn everything(app: &TestApp, address: &str) -> String {
    let key = Address::parse(address).unwrap().key();
    format!("{:#?}", app.house.store.list_subscriptions_of(&key).await.unwrap())
}

#[tokio::test]
async fn one_change_touches_nothing_else_and_not_what_changed_meanwhile() {
    let app = TestApp::with(&lists()).await;
    app.people("events", &[&format!("{ANNA},,it,climate,weekly"), BEA])
        .await;
    app.run("UPDATE subscription SET topics = '[\"rivers\",\"climate\"]'")
        .await;
    let (web, path) = (Web::of(&app).await, page_of(&app, ANNA).await);
    let page = web.get(&path).await.body;
    // Meanwhile the list's file has another cadence for her.
    app.people("events", &[&format!("{ANNA},,it,climate,daily"), BEA]).await;
    app.run("UPDATE subscription SET topics = '[\"rivers\",\"climate\"]'")
        .await;
    let economy = ("topics.events".to_owned(), "economy".to_owned());
    send_form(&web, &path, &page, |fields| fields.push(economy)).await;
    let topics = ["economy", "climate", "rivers"].map(str::to_owned).to_vec();
    assert_eq!(
        chosen(&app, ANNA).await,
        (Some("daily".into()), topics, vec!["topics".into()]),
        "in the order of the list, and what it has no more behind"
    );
    send_page(&web, &path, |fields| set(fields, "language", "de")).await;
    let (_, _, own) = chosen(&app, ANNA).await;
    assert_eq!(own, ["topics", "language"]);
    // Who left meanwhile by a mail, and saves an old page, is not asked to come back.
    app.leave("events", ANNA).await;
    send_form(&web, &path, &page, |_| ()).await;
    assert_eq!(subscriptions(&app, ANNA).await, ["events left active"]);
    assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 0);
}

/// Rule 3: each pause owes what it held back.
#[tokio::test]
async fn a_second_pause_loses_nothing_either() {
    for_each_app(&lists(), |mut app: TestApp| async move {
        app.people("events", &[&format!("{ANNA},,,,daily"), &format!("{BEA},,,,daily")])
            .await;
        let (web, path) = (Web::of(&app).await, page_of(&app, ANNA).await);
        let mut day = 5;
        let titles = ["Rivers", "Bridges", "Ferries", "Roads"];
        for two in titles.chunks(2) {
            send_page(&web, &path, |fields| {
                set(fields, "pause.events", &format!("2026-05-{:02}", day + 1))
            })
            .await;
            for title in two {
                app.publish(&[title]).await;
                app.tick_at(&format!("2026-05-{day:02} 06:00")).await;
                day += 1;
            }
            app.deliver().await;
        }
        assert_eq!(app.told(ANNA, &titles), titles);
        assert_eq!(app.mails_of(ANNA).len(), 2);
        app
    })
    .await;
}

/// Sealed on the evening before for a morning after the pause; and days begin where the list is read.
#[tokio::test]
async fn a_pause_ends_with_the_day_of_the_list_even_for_what_is_sealed_before() {
    let ahead = lists().replacen(
        "approval =",
        "preview_to = [\"staff@example.org\"]\npreview_before = \"12h\"\napproval =",
        1,
    );
    let mut app = TestApp::with(&ahead).await;
    app.people("events", &[&format!("{ANNA},,,,daily"), &format!("{BEA},,,,daily")])
        .await;
    let (web, path) = (Web::of(&app).await, page_of(&app, ANNA).await);
    let said = send_page(&web, &path, |fields| set(fields, "pause.events", "2026-05-07")).await;
    assert!(said.body.contains("value=\"2026-05-07\""), "{}", said.body);
    // Midnight in Berlin.
    let until = "SELECT COUNT(*) FROM subscription WHERE paused_until = 1778104800000";
    assert_eq!(app.count(until).await, 1);
    app.publish(&["Rivers"]).await;
    app.tick_at("2026-05-06 20:00").await;
    app.tick_at("2026-05-07 06:00").await;
    app.deliver().await;
    assert_eq!(app.told(ANNA, &["Rivers"]), ["Rivers"]);
    app.leave_open();
}

/// Whatever else the form says, and also lists that the configuration has no more.
#[tokio::test]
async fn leaving_all_is_never_refused_and_leaves_nothing_behind() {
    let mut app = TestApp::with(&lists()).await;
    for list in ["events", "lectures", "staff"] {
        app.people(list, &[ANNA, BEA]).await;
    }
    let id = app.subscriber(ANNA).await;
    app.house
        .store
        .remove("staff", id, "command line", app.now())
        .await
        .unwrap();
    let (events, _) = lists()
        .split_once("[lists.lectures]")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    app.reconfigure(&events).await;
    let (web, path) = (Web::of(&app).await, page_of(&app, ANNA).await);
    let page = web.get(&path).await.body;
    assert!(
        page.contains("formnovalidate"),
        "the browser refuses it no more than we do"
    );
    let fields = [
        ("pause.events", "soon"),
        ("lists", "events"),
        ("cadence.events", "<"),
        ("leave", "all"),
    ];
    let said = save(&web, &path, &fields).await;
    assert!(said.body.contains("You have left."), "{}", said.body);
    let now = subscriptions(&app, ANNA).await;
    assert_eq!(now, ["events left active", "lectures left active", "staff left active"]);
    // One list alone, too: what is wrong about a list that is left does not matter.
    let path = page_of(&app, BEA).await;
    save(&web, &path, &[("pause.events", "soon"), ("cadence.events", "<")]).await;
    assert_eq!(
        subscriptions(&app, BEA).await,
        ["events left active", "lectures active active", "staff active active"]
    );
}

/// The page promises a mail: it comes, if not today.
#[tokio::test]
async fn a_list_that_is_added_within_a_day_of_the_last_mail_is_asked_about_tomorrow() {
    for_each_app(&lists(), |app: TestApp| async move {
        app.people("events", &[ANNA]).await;
        let web = Web::of(&app).await;
        let stamp = app.house.secret.stamp(app.now() - TimeDelta::minutes(1));
        web.post("/preferences", &[("email", ANNA), ("stamp", &stamp)]).await;
        assert_eq!(answer(&app).await, 1);
        let path = page_of(&app, ANNA).await;
        let lectures = ("lists".to_owned(), "lectures".to_owned());
        let said = send_page(&web, &path, |fields| fields.push(lectures)).await;
        assert!(said.body.contains("begins once you confirm it"), "{}", said.body);
        for _ in 0..3 {
            assert_eq!(answer(&app).await, 0);
        }
        app.advance(TimeDelta::hours(24));
        rapporteur::publish::purge_signups(&app.house).await.unwrap();
        assert_eq!(answer(&app).await, 1);
        let mail = app.mails_of(ANNA).remove(1);
        assert_eq!(web.get(&confirm_path(&mail)).await.status, StatusCode::OK);
        app
    })
    .await;
}

#[tokio::test]
async fn a_list_is_added_together_with_the_rest_or_nothing_is_done() {
    let mut app = TestApp::with(&lists()).await;
    app.people("events", &[ANNA]).await;
    let (web, path) = (Web::of(&app).await, page_of(&app, ANNA).await);
    for number in 0..100 {
        web.subscribe(&app, &format!("p{number}@example.org"), &[("lists", "events")])
            .await;
    }
    let both = [("lists", "events"), ("lists", "lectures"), ("cadence.events", "daily")];
    let said = save(&web, &path, &both).await;
    assert_eq!(said.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(chosen(&app, ANNA).await, (None, vec![], vec![]));
    assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 100);
    app.run("DELETE FROM signup").await;
    app.pause(rapporteur::publish::SIGNUP).await;
    assert!(!web.get(&path).await.body.contains("value=\"lectures\""));
    let said = save(&web, &path, &both).await;
    assert!(
        said.body.contains("Please choose from what is offered."),
        "{}",
        said.body
    );
    assert_eq!(chosen(&app, ANNA).await, (None, vec![], vec![]));
    assert_eq!(app.count("SELECT COUNT(*) FROM signup").await, 0);
    app.resume(rapporteur::publish::SIGNUP).await;
    app.leave_open();
}

/// PRIV-02: the record names the words that stood on the page, in its language.
#[tokio::test]
async fn the_words_on_the_page_are_those_that_the_record_names() {
    let app = TestApp::with(&lists()).await;
    app.people("events", &[&format!("{ANNA},,de,,")]).await;
    let (web, path) = (Web::of(&app).await, page_of(&app, ANNA).await);
    let page = web.get(&path).await.body;
    let lectures = ("lists".to_owned(), "lectures".to_owned());
    send_form(&web, &path, &page, |fields| fields.push(lectures)).await;
    answer(&app).await;
    web.post(&confirm_path(&app.mails_of(ANNA)[0]), &[("lists", "lectures")])
        .await;
    let record = app.house.store.list_consent(app.subscriber(ANNA).await).await.unwrap();
    let said = record.last().unwrap();
    assert_eq!(said.language.as_deref(), Some("de"));
    assert!(page.contains(said.text.as_deref().unwrap()), "{page}");
}
