//! One binary for all integration tests, in the order of the sentence in `lib.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]
#![allow(unreachable_pub, reason = "modules of one test binary")]

// What tests stand on: databases, a DNS server, a relay that misbehaves by plan, one that is not ours, a site with pages.
mod database;
mod dns;
mod sink;
mod sink_process;
mod postfix;
mod site;
mod translations;
mod webhost;
mod app;

// What it is for: read this one first.
mod story;
mod person;
mod rules;
mod proven;

mod config;
mod folder;
mod websources;
mod calendarsource;
mod faults;
mod report;
mod fuzzing;
mod pagesource;
mod people;
mod importing;
mod forgotten;
mod pictures;
mod editions;
mod feedsource;
mod feeds;
mod words;
mod mail;
mod manysources;
mod bounces;
mod returned;
mod mailbox;
mod imap;
mod delivery;
mod joining;
mod preferences;
mod personal;
mod alerts;
mod signing;
mod schedule;
mod pages;
mod commands;
mod online;
mod browser;
mod process;
mod servers;
