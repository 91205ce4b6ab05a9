//! Rapporteur carries what was said at an institute's events to the people who asked for it.
//!
//! The way data takes, and the order in which to read the modules:
//!
//! ```text
//! source -> report -> store -> edition -> render -> feed / mail -> delivery
//!           on a schedule, with a web, from a command line
//! ```

pub mod clock;
pub mod config;
pub mod token;

pub mod delivery;
pub mod edition;
pub mod feed;
pub mod mail;
pub mod render;
pub mod report;
pub mod source;
pub mod store;
pub mod subscriber;

pub mod cli;
pub mod daemon;
pub mod publish;
pub mod schedule;
pub mod web;
