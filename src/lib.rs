//! Rapporteur carries what was said at an institute's events to the people who asked for it.
//!
//! The way data takes, and the order in which to read the modules:
//!
//! ```text
//! source -> report -> store -> edition -> render -> feed / mail -> delivery
//!           on a schedule, with a web, from a command line
//! ```
//!
//! Numbers such as `rule 7` or `SEC-08` in comments stand for promises: `docs/rules.md` says which.

pub mod clock;
pub mod config;
pub mod private;
pub mod tls;
pub mod token;

pub mod source;
pub mod report;
pub mod subscriber;
pub mod store;
pub mod edition;
pub mod render;
pub mod feed;
pub mod mail;
pub mod bounce;
pub mod delivery;
pub mod authentication;

pub mod schedule;
pub mod publish;
pub mod daemon;
pub mod web;
pub mod cli;
