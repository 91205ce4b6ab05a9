//! Where reports come from: a folder that staff drop files into, or the web.
//!
//! In: where to look, and what is known from the last time. Out: what is there now. Nothing is decided here about
//! reports. What lies on the web comes in through `fetch.rs` alone, and `poll.rs` says when.

pub mod calendar;
pub mod feed;
pub mod fetch;
pub mod folder;
pub mod pages;
pub mod poll;
