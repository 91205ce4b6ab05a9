//! Two hundred sources, ten of them hostile, and twenty more on one silent host, for two hours: the others are asked on
//! time, and memory stays in the second hour what it was after the first.
//!
//! The hours are those of the program's clock, which moves on by a minute at a time once all polls of honest sources
//! have ended; those that dawdle go on dawdling by the clock of the machine, and keep their places all along. It runs in a
//! process of its own, so that what else is tested at the time does not count as memory.

use std::collections::HashMap;
use std::process::Command;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rapporteur::publish::{Collected, Polls};

use crate::app::{EVENTS, REPORTS, TestApp};
use crate::faults::{Dns, feed_of, gzip_bomb};
use crate::webhost::{Reply, WebHost};

const SOURCES: usize = 200;
const HOSTILE: usize = 10;
const CROWD: usize = 20;
/// In the process of its own.
const INSIDE: &str = "RAPPORTEUR_TEST_TWO_HOURS";
/// More than this, in MB, is no noise of the allocator.
const MOST_GROWTH: f64 = 8.0;

#[test]
fn honest_sources_are_asked_on_time_beside_hostile_ones_and_memory_stays_flat() {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(two_hours());
    }
    let name = "manysources::honest_sources_are_asked_on_time_beside_hostile_ones_and_memory_stays_flat";
    let run = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        // Else each thread keeps what it once unpacked, and chance decides how many there are.
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    let line = said.lines().find(|line| line.starts_with("two hours: ")).unwrap();
    println!("{line}");
}

/// One that never behaves, of ten kinds.
fn hostile(kind: usize, host: &WebHost) -> Reply {
    match kind {
        0 => Reply::ok(vec![b' '; 100_000]).dripping(),
        1 => Reply::silent(),
        2 => Reply::ok("").endless(),
        3 => Reply::ok(gzip_bomb()).with("Content-Encoding", "gzip"),
        4 => Reply::redirect(302, "/hostile-4"),
        5 => Reply::ok("<!doctype html><html><body>No feed</body></html>"),
        6 => Reply::new(500, ""),
        7 => Reply::new(429, "").with("Retry-After", "7200"),
        8 => Reply::redirect(302, &host.url("/feed-0")),
        _ => Reply::ok("<!DOCTYPE rss [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><rss><channel>&b;</channel></rss>"),
    }
}

async fn two_hours() {
    let host = WebHost::start().await;
    let dns = Dns::default();
    let mut sources = String::new();
    let mut names = Vec::new();
    for number in 0..SOURCES {
        let name = match number {
            number if number < HOSTILE => format!("hostile-{number}"),
            number => format!("feed-{number}"),
        };
        let site = format!("{name}.example.org");
        dns.says(&site, "127.0.0.1");
        sources += &format!(
            "[sources.{name}]\nkind = \"feed\"\nurl = \"http://{site}:{}/{name}\"\ninterval = \"15min\"\n\
             full_text = \"feed\"\nsettle = \"0s\"\n",
            host.address.port()
        );
        let reply = match number {
            number if number < HOSTILE => hostile(number, &host),
            number => feed_of(&[&format!("Meeting {number}")]),
        };
        host.at(&format!("/{name}"), reply);
        names.push(site);
    }
    // More than are asked at a time, on one host that never answers: they wait for each other and for nobody else.
    dns.says("crowd.example.org", "127.0.0.1");
    names.push("crowd.example.org".to_owned());
    for number in 0..CROWD {
        sources += &format!(
            "[sources.crowd-{number}]\nkind = \"feed\"\nurl = \"http://crowd.example.org:{}/hostile-1\"\n",
            host.address.port()
        );
    }
    let internal: Vec<&str> = names.iter().map(String::as_str).collect();
    let fetcher = dns.fetcher(&internal);
    let app = TestApp::with(&format!("{REPORTS}{sources}{EVENTS}")).await;

    let mut polls = Polls::default();
    let mut told: HashMap<String, Vec<(DateTime<Utc>, Collected)>> = HashMap::new();
    let mut early = 0.0;
    for minute in 0..120 {
        polls.begin(&app.house, &fetcher, &[], false).await;
        while polls.sources().any(|name| name.starts_with("feed-")) {
            let next = tokio::time::timeout(Duration::from_secs(30), polls.next());
            let collected = next
                .await
                .expect("honest sources do not wait for hostile ones")
                .unwrap();
            told.entry(collected.source.clone())
                .or_default()
                .push((app.now(), collected));
        }
        // A third of them have something to tell now and then.
        for number in (HOSTILE..SOURCES).filter(|number| number % 3 == 0 && number % 60 == minute) {
            let titles = [format!("Meeting {number}"), format!("Another meeting {number}")];
            host.at(
                &format!("/feed-{number}"),
                feed_of(&titles.each_ref().map(String::as_str)),
            );
        }
        if minute == 60 {
            early = resident();
        }
        app.advance(TimeDelta::minutes(1));
    }
    let late = resident();

    let mut asked = 0;
    for number in HOSTILE..SOURCES {
        let name = format!("feed-{number}");
        let polls = &told[&name];
        asked += polls.len();
        assert!((8..=9).contains(&polls.len()), "{name}: {} polls", polls.len());
        assert!(polls.iter().all(|(_, collected)| collected.error.is_none()), "{name}");
        for pair in polls.windows(2) {
            let (due, at) = (pair[0].1.next_at.unwrap(), pair[1].0);
            assert!(
                at >= due && at < due + TimeDelta::minutes(1),
                "{name}: due {due}, asked {at}"
            );
        }
        let new: usize = polls.iter().map(|(_, collected)| collected.new).sum();
        assert!(new >= 1, "{name}");
    }
    // Each was asked, is called by its name, and is asked less often than it would be.
    let dawdling: Vec<&str> = polls.sources().collect();
    for number in 0..HOSTILE {
        let name = format!("hostile-{number}");
        let state = app.house.store.find_source(&name).await.unwrap();
        let is_dawdling = dawdling.contains(&&*name);
        assert!(is_dawdling || state.last_error.is_some(), "{name}");
        assert!(is_dawdling || state.polling.failures > 0, "{name}");
        assert!(told.get(&name).map_or(0, Vec::len) <= 4, "{name} is asked less often");
    }
    println!(
        "two hours: {asked} polls of {} honest sources on time, {} of {HOSTILE} hostile ones still dawdling, \
         {early:.0} MB after one hour, {late:.0} MB at the end",
        SOURCES - HOSTILE,
        dawdling.len()
    );
    assert!(late - early < MOST_GROWTH, "{early:.0} MB grew to {late:.0} MB");
    app.close().await;
}

/// MB of memory of this process.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
