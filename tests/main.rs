//! All integration tests in one binary, in the order of the way data takes.

mod feeds;
mod pages;
mod site;
