//! Progress, on standard error and only when a person looks.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `total` steps; hidden when standard error is no terminal or the person wants quiet.
pub(super) fn bar(total: u64, quiet: bool) -> ProgressBar {
    if is_hidden(quiet) {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    // A literal that does not parse leaves the default style.
    if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len} {eta}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A bar over the bytes of a file; hidden as the other one is.
pub(super) fn bytes(total: u64, quiet: bool) -> ProgressBar {
    let bar = bar(total, quiet);
    // As above.
    if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:40}] {bytes}/{total_bytes} {eta}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Words and the time that passes, for work whose steps are not known before; hidden as a bar is.
pub(super) fn spinner(words: &'static str, quiet: bool) -> ProgressBar {
    if is_hidden(quiet) {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner();
    // As above.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.set_message(words);
    spinner.enable_steady_tick(Duration::from_millis(200));
    spinner
}

fn is_hidden(quiet: bool) -> bool {
    quiet || !std::io::stderr().is_terminal()
}
