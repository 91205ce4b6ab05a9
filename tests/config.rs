//! `config.toml`: what ships is true, and every mistake is named with its line and its cure.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail"
)]

use std::path::Path;

use rapporteur::config::{Backfill, Cadence, Config, Error, Lines, Tls};
use secrecy::ExposeSecret;

const SHIPPED: &str = include_str!("../config.toml");

/// A configuration that is right, to be made wrong.
const RIGHT: &str = r#"[institute]
name = "Lindenfeld Institute"
tag_authority = "example.org,2026"

[relays.outbox]
kind = "file"
path = "outbox"

[sources.reports]
kind = "folder"
path = "reports"

[lists.events]
title = "Events"
from = "Lindenfeld Institute <news@example.org>"

[lists.events.cadences]
weekly = { cron = "0 8 * * MON", zone = "Europe/Berlin" }
"#;

fn parse_with(text: &str, env: &[(&str, &str)]) -> Result<Config, Error> {
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse(text, Path::new("config.toml"), env)
}

fn parse(text: &str) -> Result<Config, Error> {
    parse_with(text, &[])
}

/// All problems of the right configuration after one change.
fn problems(from: &str, to: &str) -> String {
    assert!(RIGHT.contains(from), "{from}");
    parse(&RIGHT.replacen(from, to, 1))
        .expect_err("this should be refused")
        .to_string()
}

#[test]
fn what_ships_is_right_and_holds_no_secret() {
    let config = parse(SHIPPED).unwrap();
    assert_eq!(config.institute.name, "Lindenfeld Institute");
    assert_eq!(config.sources["reports"].backfill, Backfill::All);
    let list = config.list("events").unwrap();
    assert_eq!(list.default_cadence(), Some("weekly"));
    assert_eq!(config.relay_of(list).unwrap().0, "outbox");
    assert_eq!(list.languages(&config.institute), ["en"]);
    assert!(config.relays["outbox"].password().unwrap().is_none());
}

#[test]
fn what_the_comments_give_as_defaults_are_the_defaults() {
    let is_key = |rest: &&str| {
        rest.split(' ')
            .next()
            .is_some_and(|key| key.contains('_') || key.len() > 2)
    };
    let mut shown = 0;
    let uncommented: Vec<&str> = SHIPPED
        .lines()
        .map(|line| match line.strip_prefix("# ").filter(is_key) {
            Some(setting)
                if setting
                    .split_once(" = ")
                    .is_some_and(|(key, _)| !key.contains([' ', '`'])) =>
            {
                shown += 1;
                setting
            }
            _ => line,
        })
        .collect();
    assert!(shown > 20, "{shown}");
    let mut all = parse(&uncommented.join("\n")).unwrap();
    let mut plain = parse(SHIPPED).unwrap();
    assert_eq!(all.store.url.expose_secret(), plain.store.url.expose_secret());
    (all.lines, plain.lines) = (Lines::default(), Lines::default());
    assert_eq!(format!("{all:#?}"), format!("{plain:#?}"));
}

#[test]
fn the_examples_in_the_comments_are_right() {
    let mut text = SHIPPED.replace("\n#> ", "\n");
    // The relay to use is named by an example too.
    text = text.replace("relay = \"outbox\"", "relay = \"main\"");
    let config = parse(&text).unwrap();
    let (name, relay) = config.relay_of(config.list("events").unwrap()).unwrap();
    assert_eq!((name, relay.tls(), relay.port()), ("main", Tls::Implicit, 465));
}

#[test]
fn every_key_stands_in_the_shipped_file() {
    for (section, more) in [
        ("[institute]", ""),
        ("[store]", ""),
        ("[web]", ""),
        ("[feeds]", ""),
        ("[delivery]", ""),
        ("[delivery.breaker]", ""),
        ("[alerts]", ""),
        ("[personal]", ""),
        ("[relays.outbox]", ""),
        ("[relays.outbox.timeouts]", ""),
        ("[sources.reports]", ""),
        ("[lists.events]", ""),
        ("", ""),
    ] {
        let text = match section {
            "" => format!("qqqqqqqqqqqq = 1\n{SHIPPED}"),
            section => SHIPPED.replacen(
                &format!("\n{section}\n"),
                &format!("\n{section}\nqqqqqqqqqqqq = 1\n{more}"),
                1,
            ),
        };
        let error = parse(&text).unwrap_err().to_string();
        let (_, known) = error.split_once("known here: ").unwrap_or_else(|| panic!("{error}"));
        for key in known.trim().split(", ") {
            let there = [
                format!("{key} = "),
                format!("[{key}"),
                format!(".{key}]"),
                format!("`{key}`"),
            ];
            assert!(there.iter().any(|form| SHIPPED.contains(form)), "{key} of {section}");
        }
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_likely_one() {
    assert_eq!(
        problems("title = \"Events\"", "title = \"Events\"\ntitel = \"Events\""),
        "config.toml line 15: unknown key `titel` in [lists.events]; did you mean `title`?"
    );
    assert_eq!(
        problems("[sources.reports]", "[source.reports]\n[sources.reports]"),
        "config.toml line 9: unknown key `source` at the top; did you mean `sources`?"
    );
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let text = RIGHT
        .replace("name = \"Lindenfeld Institute\"", "nme = \"Lindenfeld Institute\"")
        .replace("kind = \"file\"", "kind = \"fiel\"\nsessions = \"four\"")
        .replace("0 8 * * MON", "0 25 * * MON")
        .replace("<news@example.org>", "<news@example..org>");
    let error = parse(&text).unwrap_err();
    let told: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "config.toml line 1: `name` is missing in [institute]",
            "config.toml line 2: unknown key `nme` in [institute]; did you mean `name`?",
            "config.toml line 6: `relays.outbox.kind` is \"fiel\"; it takes one of \"file\", \"catcher\", \"smtp\"; did you mean `file`?",
            "config.toml line 7: `relays.outbox.sessions` takes a whole number, not string \"four\"",
            "config.toml line 16: `lists.events.from` is \"Lindenfeld Institute <news@example..org>\": the domain after the @ is not a valid name",
            "config.toml line 19: `lists.events.cadences.weekly.cron`: cron expression \"0 25 * * MON\": hour \"25\": 25 is not between 0 and 23",
        ]
    );
}

#[test]
fn each_mistake_has_its_sentence() {
    for (from, to, part) in [
        (
            "Europe/Berlin",
            "Europe/Berln",
            "line 18: `lists.events.cadences.weekly.zone`: \"Europe/Berln\" is no IANA time zone; did you mean `Europe/Berlin`?",
        ),
        ("weekly = {", "manual = {", "the word `manual` is taken"),
        (
            "weekly = { cron = \"0 8 * * MON\", zone = \"Europe/Berlin\" }",
            "weekly = \"imediate\"",
            "takes \"immediate\" or { cron",
        ),
        (
            "weekly = {",
            "reply_to = \"a@example.org\"\nweekly = {",
            "line 18: `reply_to` is a key of the list; move it above the line [lists.events.cadences]",
        ),
        (
            ", zone = \"Europe/Berlin\"",
            "",
            "line 18: `zone` is missing in [lists.events.cadences.weekly]",
        ),
        (
            "[lists.events]",
            "[lists.Events]\ntitle = \"x\"\nfrom = \"a@example.org\"\n[lists.events]",
            "line 13: the name `Events` may have only a-z",
        ),
        (
            "[lists.events]",
            "[lists.all]\ntitle = \"x\"\nfrom = \"a@example.org\"\n[lists.events]",
            "the name `all` is taken by the address of other feeds (/feeds/all)",
        ),
        (
            "[lists.events]",
            "[lists.lang]\ntitle = \"x\"\nfrom = \"a@example.org\"\n[lists.events]",
            "the name `lang` is taken by the address of other feeds (/feeds/lang)",
        ),
        (
            "[lists.events]",
            "[lists.topic]\ntitle = \"x\"\nfrom = \"a@example.org\"\n[lists.events]",
            "the name `topic` is taken by the address of other feeds (/feeds/topic)",
        ),
        (
            "title = \"Events\"",
            "title = \"Events\\r\\nBcc: x\"",
            "line 14: `lists.events.title` holds a line break",
        ),
        (
            "title = \"Events\"",
            "title = \"Events\"\nrelay = \"outbx\"",
            "line 15: `lists.events.relay`: there is no relay `outbx`; did you mean `outbox`?",
        ),
        (
            "[sources.reports]",
            "[sources.site]\nkind = \"pages\"\n\n[sources.reports]",
            "write either `url` in [sources.site]",
        ),
        (
            "[sources.reports]",
            "[sources.site]\nkind = \"pages\"\nurl = \"https://example.org/events\"\npages = [\"https://example.org/a\"]\n[sources.reports]",
            "write either `url` in [sources.site]",
        ),
        (
            "[sources.reports]",
            "[sources.site]\nkind = \"pages\"\nurl = \"https://example.org/events\"\nlinks = \"main >\"\n[sources.reports]",
            "`main >` is no CSS selector",
        ),
        (
            "[sources.reports]",
            "[sources.site]\nkind = \"pages\"\nurl = \"https://example.org/events\"\nunder = \"events\"\n[sources.reports]",
            "`sources.site.under` is",
        ),
        (
            "[sources.reports]",
            "[sources.site]\nkind = \"pages\"\nurl = \"https://example.org/events\"\n[sources.site.select]\nheadline = \"h1\"\n[sources.reports]",
            "`headline` is no field that can be selected",
        ),
        (
            "[sources.reports]",
            "[sources.site]\nkind = \"pages\"\nurl = \"https://example.org/events\"\n[sources.site.select]\ntitle = \"h1[\"\n[sources.reports]",
            "`h1[` is no CSS selector",
        ),
        (
            "[sources.reports]",
            "[sources.site]\nkind = \"pages\"\nurl = \"https://example.org/events\"\ninterval = \"32d\"\n[sources.reports]",
            "longer than 31 days",
        ),
        (
            "[sources.reports]",
            "[sources.site]\nkind = \"pages\"\nurl = \"https://example.org/events\"\nfull_text = \"page\"\n[sources.reports]",
            "`full_text` means nothing to a source of kind pages",
        ),
        (
            "[sources.reports]",
            "[sources.site]\nkind = \"pages\"\npages = [\"ftp://example.org/a\"]\n[sources.reports]",
            "must begin with https:// or http://",
        ),
        (
            "title = \"Events\"",
            "title = \"Events\"\nsources = [\"report\"]",
            "there is no source `report`; did you mean `reports`?",
        ),
        (
            "title = \"Events\"",
            "title = \"Events\"\ndefault_cadence = \"daily\"",
            "there is no cadence `daily`; there are weekly",
        ),
        (
            "title = \"Events\"",
            "title = \"Events\"\nreply_to = \"news at example.org\"",
            "`lists.events.reply_to` is",
        ),
        (
            "title = \"Events\"",
            "title = \"Events\"\nbounce_address = \"x\"",
            "`lists.events.bounce_address` is \"x\": the address has no @",
        ),
        (
            "title = \"Events\"",
            "title = \"Events\"\npreview_to = [\"a@b c\"]",
            "`lists.events.preview_to` is",
        ),
        (
            "title = \"Events\"",
            "title = \"Events\"\nlanguages = [\"english\"]",
            "no language tag",
        ),
        (
            "title = \"Events\"",
            "title = \"Events\"\nlanguages = [\"EN\"]",
            "has \"EN\"; write \"en\"",
        ),
        (
            "title = \"Events\"",
            "title = \"Events\"\ntopics = { climate = \"Climate\", klima = \"climate\" }",
            "stands twice in [lists.events.topics]",
        ),
        (
            "title = \"Events\"",
            "title = \"Events\"\npreview_before = \"2 hrs or so\"",
            "line 15: `lists.events.preview_before`",
        ),
        (
            "title = \"Events\"",
            "title = \"Events\"\nbackfill = \"some\"",
            "write \"auto\", \"all\", \"none\" or a time",
        ),
        (
            "title = \"Events\"",
            "",
            "line 13: `title` is missing in [lists.events]",
        ),
        (
            "tag_authority = \"example.org,2026\"",
            "",
            "`tag_authority` is missing in [institute]",
        ),
        ("example.org,2026", "example.org", "the date is missing"),
        ("example.org,2026", "Example.org,2026", "lower case"),
        ("example.org,2026", "example.org,2026-13", "the date is not"),
        ("example.org,2026", "example_org,2026", "there is no domain"),
        ("path = \"outbox\"", "", "`path` is missing in [relays.outbox]"),
        (
            "path = \"outbox\"",
            "path = \"outbox\"\nhost = \"mail.example.org\"",
            "did you mean kind = \"smtp\"?",
        ),
        (
            "kind = \"file\"\npath = \"outbox\"",
            "kind = \"smtp\"",
            "`host` is missing in [relays.outbox]",
        ),
        (
            "kind = \"file\"\npath = \"outbox\"",
            "kind = \"smtp\"\nhost = \"m\"\nuser = \"u\"",
            "`password_file` is missing",
        ),
        (
            "kind = \"file\"\npath = \"outbox\"",
            "kind = \"smtp\"\nhost = \"m\"\ntimeouts = { dot = \"1h\" }",
            "`delivery.lease` must be longer",
        ),
        (
            "[relays.outbox]",
            "[relays.other]\nkind = \"file\"\npath = \"x\"\n[relays.outbox]",
            "`relay` is missing in [lists.events]; there are several: other, outbox",
        ),
        (
            "[relays.outbox]",
            "[store]\nurl = \"mysql://x\"\n[relays.outbox]",
            "line 6: `store.url` must begin with",
        ),
        (
            "[relays.outbox]",
            "[web]\nlisten = \"8080\"\n[relays.outbox]",
            "`web.listen` is \"8080\"",
        ),
        (
            "[relays.outbox]",
            "[web]\npublic_url = \"news.example.org\"\n[relays.outbox]",
            "`web.public_url` is no URL",
        ),
        ("title = \"Events\"", "title = \"Events", "line 14: not valid TOML"),
        (
            "title = \"Events\"",
            "title = \"Events\"\ntitle = \"Events\"",
            "line 15: not valid TOML",
        ),
        ("[institute]", "", "section [institute] is missing"),
    ] {
        let told = problems(from, to);
        assert!(told.contains(part), "{to}\n  told: {told}\n  want: {part}");
    }
}

#[test]
fn the_environment_wins_over_the_file_and_takes_the_type_of_the_key() {
    let text = RIGHT.replace(
        "kind = \"file\"\npath = \"outbox\"",
        "kind = \"smtp\"\nhost = \"mail.example.org\"\nuser = \"1234\"",
    );
    let config = parse_with(
        &text,
        &[
            ("RAPPORTEUR__RELAYS__OUTBOX__PASSWORD", "12345"),
            ("RAPPORTEUR__RELAYS__OUTBOX__PORT", "2525"),
            ("RAPPORTEUR__RELAYS__OUTBOX__TIMEOUTS__DOT", "5min"),
            ("RAPPORTEUR__WEB__ALLOW_INSECURE_LINKS", "true"),
            ("RAPPORTEUR__STORE__URL", "postgres://rapporteur@localhost/people"),
            ("RAPPORTEUR__STORE__PASSWORD", "p@ss/word"),
            ("RAPPORTEUR__LISTS__EVENTS__LANGUAGES", "[\"en\", \"de\"]"),
            ("RAPPORTEUR_LOG", "debug"),
            ("HOME", "/nowhere"),
        ],
    )
    .unwrap();
    let relay = &config.relays["outbox"];
    assert_eq!(relay.password().unwrap().unwrap().expose_secret(), "12345");
    assert_eq!((relay.port(), relay.tls()), (2525, Tls::Starttls));
    assert!(config.web.allow_insecure_links);
    assert_eq!(config.lists["events"].languages, ["en", "de"]);
    assert_eq!(
        config.store_url().unwrap().expose_secret(),
        "postgres://rapporteur:p%40ss%2Fword@localhost/people"
    );
    let printed = format!("{config:?}");
    for secret in ["12345", "p@ss", "postgres://"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn an_error_about_a_variable_names_it_and_hides_its_value() {
    for (name, value) in [
        ("RAPPORTEUR__RELAYS__OUTBOX__SESSIONS", "hunter2"),
        ("RAPPORTEUR__RELAYS__OUTBOX__SESSIONS", "[\"hunter2\"]"),
        ("RAPPORTEUR__RELAYS__OUTBOX__KIND", "hunter2"),
        ("RAPPORTEUR__RELAYS__OUTBOX__PASSWRD", "hunter2"),
        ("RAPPORTEUR__STORE__URL", "hunter2"),
        ("RAPPORTEUR__STORE__URL__PASSWORD", "hunter2"),
        ("RAPPORTEUR__LISTS__EVENTS__FROM", "hunter2"),
        ("RAPPORTEUR__LISTS__EVENTS__BACKFILL", "hunter2"),
        ("RAPPORTEUR__PASSWORD", "hunter2"),
        ("RAPPORTEUR__WEB__LISTEN", "hunter2"),
    ] {
        // A table cannot lie below text that stands in the file.
        let text = RIGHT.replace("[relays.outbox]", "[store]\nurl = \"sqlite:x.db\"\n[relays.outbox]");
        let error = parse_with(&text, &[(name, value)]).unwrap_err().to_string();
        assert!(error.contains(name) && !error.contains("hunter2"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_shown() {
    let told = problems("[relays.outbox]", "[store]\npassword = 4711\n[relays.outbox]");
    assert!(
        told.contains("`store.password` takes text in quotation marks") && !told.contains("4711"),
        "{told}"
    );
    let smtp = "kind = \"smtp\"\nhost = \"m\"\nuser = \"u\"\npassword = \"hunter2\"";
    let told = problems("kind = \"file\"\npath = \"outbox\"", smtp);
    assert!(
        told.contains("RAPPORTEUR__RELAYS__OUTBOX__PASSWORD") && !told.contains("hunter2"),
        "{told}"
    );
}

#[test]
fn a_password_comes_from_its_file_without_the_line_end() {
    let folder = tempfile::tempdir().unwrap();
    let smtp = "kind = \"smtp\"\nhost = \"m\"\nuser = \"u\"\npassword_file = \"relay-password\"";
    let text = RIGHT.replace("kind = \"file\"\npath = \"outbox\"", smtp);
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    let config = Config::load(&path, std::iter::empty()).unwrap();
    let relay = &config.relays["outbox"];
    let error = relay.password().unwrap_err().to_string();
    assert!(error.contains("relay-password: the password cannot be read"), "{error}");
    std::fs::write(folder.path().join("relay-password"), "geheim \r\n").unwrap();
    assert_eq!(relay.password().unwrap().unwrap().expose_secret(), "geheim ");
    assert_eq!(config.sqlite_path().unwrap(), folder.path().join("rapporteur.db"));
    assert_eq!(config.path(Path::new("reports")), folder.path().join("reports"));
}

#[test]
fn a_missing_file_leads_to_init() {
    let error = Config::load(Path::new("nowhere/config.toml"), std::iter::empty())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("nowhere/config.toml") && error.contains("rapporteur init"),
        "{error}"
    );
}

#[test]
fn a_list_that_is_not_there_is_met_with_the_likely_one() {
    let config = parse(RIGHT).unwrap();
    let error = config.list("event").unwrap_err().to_string();
    assert_eq!(error, "config.toml: there is no list `event`; did you mean `events`?");
}

#[test]
fn what_is_missing_before_sending_is_told_with_its_line() {
    let config = parse(RIGHT).unwrap();
    let told = |config: &Config| -> Vec<String> {
        let advice = config.problems_before_sending(config.list("events").unwrap());
        advice.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        told(&config),
        [
            "`postal_address` missing, config.toml line 1",
            "`reply_to` missing, config.toml line 13",
            "`bounce_address` missing, config.toml line 13",
            "`basis` missing (why these people may be mailed), config.toml line 13",
            "`from` is a sample address, config.toml line 15",
            "`public_url` is not a public https address, config.toml",
        ]
    );
    let ready = RIGHT
        .replace("[relays.outbox]", "postal_address = \"12 Example Street\"\n[web]\npublic_url = \"https://news.lindenfeld.org/\"\n[relays.outbox]")
        .replace("title = \"Events\"", "title = \"Events\"\nreply_to = \"No-Reply@lindenfeld.org\"\nbounce_address = \"b@lindenfeld.org\"\nbasis = \"You asked.\"")
        .replace("news@example.org", "news@lindenfeld.org");
    let config = parse(&ready).unwrap();
    assert_eq!(config.web.public_url, "https://news.lindenfeld.org");
    assert_eq!(
        told(&config),
        ["`reply_to` is a mailbox nobody reads, config.toml line 18"]
    );
}

#[test]
fn a_real_relay_wants_links_that_readers_can_open() {
    let smtp = RIGHT.replace(
        "kind = \"file\"\npath = \"outbox\"",
        "kind = \"smtp\"\nhost = \"mail.example.org\"\ntls = \"none\"",
    );
    let links = |text: &str| {
        let config = parse(text).unwrap();
        config.insecure_links(config.list("events").unwrap())
    };
    let web = |more: &str| smtp.replace("[sources.reports]", &format!("[web]\n{more}\n[sources.reports]"));
    assert!(
        links(&smtp)
            .unwrap()
            .starts_with("unsubscribe links would lead to http://127.0.0.1:8080, which only this machine can open")
    );
    assert!(
        links(&web("public_url = \"http://news.example.org\""))
            .unwrap()
            .contains("not https")
    );
    assert!(links(&web("public_url = \"https://localhost:8443\"")).is_some());
    assert!(links(&web("public_url = \"https://[::1]\"")).is_some());
    assert_eq!(links(&web("public_url = \"https://news.example.org\"")), None);
    assert_eq!(links(&web("allow_insecure_links = true")), None);
    assert_eq!(links(RIGHT), None, "a folder takes anything");
    let warnings = parse(&smtp).unwrap().warnings();
    assert_eq!(
        warnings[0].to_string(),
        "`tls = \"none\"`: mails and password go unencrypted, config.toml line 8"
    );
    assert!(
        warnings[1]
            .to_string()
            .starts_with("nobody signs the mails of this list")
    );
    assert_eq!(warnings.len(), 2);
    let by_relay = smtp.replace("tls = \"none\"", "tls = \"none\"\ndkim = \"relay\"");
    assert_eq!(parse(&by_relay).unwrap().warnings().len(), 1);
}

#[test]
fn unencrypted_is_the_default_only_on_this_machine() {
    for (host, more, tls, port) in [
        ("localhost", "", Tls::None, 25),
        ("127.0.0.1", "port = 2525", Tls::None, 2525),
        ("::1", "", Tls::None, 25),
        ("127.0.0.1", "port = 465", Tls::Implicit, 465),
        ("mail.example.org", "", Tls::Implicit, 465),
        ("mail.example.org", "port = 25", Tls::Starttls, 25),
        ("mail.example.org", "tls = \"starttls\"", Tls::Starttls, 587),
        ("mail.example.org", "tls = \"none\"", Tls::None, 25),
    ] {
        let smtp = format!("kind = \"smtp\"\nhost = \"{host}\"\n{more}");
        let config = parse(&RIGHT.replace("kind = \"file\"\npath = \"outbox\"", &smtp)).unwrap();
        let relay = &config.relays["outbox"];
        assert_eq!((relay.tls(), relay.port()), (tls, port), "{host} {more}");
    }
}

#[test]
fn times_that_no_calendar_holds_are_refused() {
    let endless = "99999999days";
    let list = "from = \"Lindenfeld Institute <news@example.org>\"";
    for (from, key, value, name) in [
        ("path = \"reports\"", "settle", endless, "sources.reports.settle"),
        ("path = \"reports\"", "backfill", endless, "sources.reports.backfill"),
        (list, "backfill", endless, "lists.events.backfill"),
        (list, "missed_grace", endless, "lists.events.missed_grace"),
        (list, "preview_before", endless, "lists.events.preview_before"),
        (
            "path = \"outbox\"",
            "timeouts.dot",
            endless,
            "relays.outbox.timeouts.dot",
        ),
    ] {
        let said = problems(from, &format!("{from}\n{key} = \"{value}\""));
        assert!(said.contains(&format!("`{name}` is longer than 100 years")), "{said}");
        assert!(said.contains("line "), "{said}");
    }
    for key in ["lease", "resend_after", "expire_after"] {
        let said = problems(
            "[sources.reports]",
            &format!("[delivery]\n{key} = \"{endless}\"\n[sources.reports]"),
        );
        assert!(
            said.contains(&format!("`delivery.{key}` is longer than 100 years")),
            "{said}"
        );
    }
    let (from, to) = ("path = \"reports\"", "path = \"reports\"\nbackfill = \"36500days\"");
    assert!(parse(&RIGHT.replace(from, to)).is_ok());
}

#[test]
fn a_cadence_knows_its_times() {
    let config = parse(SHIPPED).unwrap();
    let cadences = &config.lists["events"].cadences;
    assert_eq!(cadences["immediate"], Cadence::Immediate);
    assert!(cadences["immediate"].times().is_none());
    let (cron, zone) = cadences["weekly"].times().unwrap();
    assert_eq!((cron.as_str(), zone), ("0 8 * * MON", chrono_tz::Europe::Berlin));
}
