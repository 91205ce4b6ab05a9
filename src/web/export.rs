//! The archive and all feeds as files, for a web server that runs no program.
//!
//! In: the app. Out: a folder. Surprising: a report that is gone has its page written over, because an export into the
//! same folder must not leave it standing.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::pages::{Paging, pages};
use super::{App, Error};

/// Writes everything that can be read without us; returns how many files.
pub async fn export(app: &Arc<App>, folder: &Path) -> Result<usize, Error> {
    app.refresh().await?;
    let snapshot = app.snapshot();
    let languages = app.languages();
    let language = languages.first().map_or("en", String::as_str);
    let now = app.clock.now();
    let mut files: Vec<(String, Vec<u8>)> = vec![(app.style_name.clone(), app.style.text().to_vec())];
    for (path, document) in &snapshot.feeds {
        files.push((format!("feeds/{path}"), document.text().to_vec()));
    }
    for page in 1..=pages(&snapshot) {
        let name = match page {
            1 => "index.html".to_owned(),
            page => format!("page-{page}.html"),
        };
        let html = app.home_page(&snapshot, page, Paging::File, language)?;
        files.push((name, html.into_bytes()));
    }
    for edition in &snapshot.editions {
        if let Some(page) = app.edition_page(&edition.list, edition.number, language).await? {
            let name = format!("editions/{}/{}/index.html", edition.list, edition.number);
            files.push((name, page.html.into_bytes()));
        }
    }
    for stored in app.store.list_reports().await? {
        let name = format!("reports/{}/index.html", stored.slug);
        if stored.is_public(now) && crate::edition::is_open(&app.config, &stored) {
            files.push((name, app.report_page(&stored, language)?.into_bytes()));
        } else if place(folder, &name)?.exists() {
            files.push((name, app.gone_page(language)?.into_bytes()));
        }
    }
    for (name, bytes) in &files {
        write(&place(folder, name)?, bytes)?;
    }
    Ok(files.len())
}

/// Where a file goes; a name from the store never leads out of the folder.
fn place(folder: &Path, name: &str) -> Result<PathBuf, Error> {
    let inside = Path::new(name)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    match inside {
        true => Ok(folder.join(name)),
        false => Err(Error::UnsafePath(name.to_owned())),
    }
}

/// Whole or not at all: a web server may be reading.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let fail = |error| Error::Write {
        path: path.to_owned(),
        error,
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(fail)?;
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    std::fs::write(&part, bytes).map_err(fail)?;
    std::fs::rename(&part, path).map_err(fail)
}
