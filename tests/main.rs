//! The whole program from outside, in the order of the sentence in `lib.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]
#![allow(unreachable_pub, reason = "modules of one test binary")]

mod database;
mod sink;
mod sink_process;

mod delivery;
