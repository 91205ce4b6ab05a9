//! The log and the last word on standard error.

use std::io::IsTerminal;
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

/// The daemon logs what it does; other commands only what goes wrong. `RUST_LOG` overrides both.
pub(super) fn start_log(is_daemon: bool, quiet: bool) {
    let level = match (is_daemon, quiet) {
        (true, false) => "info,sqlx=warn",
        // How long a statement took is nothing a person at a terminal can act on.
        (false, false) => "warn,sqlx=error",
        (_, true) => "error",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    // Below that it says what goes over the line, passwords too (SEC-19).
    let filter = match "async_imap=info".parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A log file or the journal takes colours for text.
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}

/// Says what failed, the whole chain on one line.
pub(super) fn fail(error: &anyhow::Error, status: u8) -> ExitCode {
    eprintln!("rapporteur: {error:#}");
    ExitCode::from(status)
}
