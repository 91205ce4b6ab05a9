//! One binary for all integration tests, in the order of the sentence in `lib.rs`.

mod config;
mod people;
mod mail;
mod feeds;
mod pages;
mod site;
mod schedule;
