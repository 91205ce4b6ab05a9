mod config;
mod people;
mod schedule;
