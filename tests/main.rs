//! One binary for all integration tests, in the order of the sentence in `lib.rs`.

mod mail;
mod feeds;
mod pages;
mod site;
