//! The archive and all feeds as files, for a web server that runs no program.
//!
//! In: the app. Out: a folder. Surprising: a report that is gone has its page written over, because an export into the
//! same folder must not leave it standing.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::pages::{Paging, pages};
use super::{App, Error};
use crate::feed::Format;

/// Writes everything that can be read without us; returns how many files. Feeds that lie there already must have the same
/// ids, unless `anew`.
pub async fn export(app: &Arc<App>, folder: &Path, anew: bool) -> Result<usize, Error> {
    app.refresh().await?;
    let snapshot = app.snapshot();
    let languages = app.languages();
    let language = languages.first().map_or("en", String::as_str);
    let now = app.clock.now();
    let mut files: Vec<(String, Vec<u8>)> = vec![(app.style_name.clone(), app.style.text().to_vec())];
    for (path, document) in &snapshot.feeds {
        files.push((format!("feeds/{path}"), document.text().to_vec()));
    }
    for link in &snapshot.feed_links {
        // The one behind the last is the feed itself, so that no link leads nowhere.
        let last = link.archives + usize::from(link.archives > 0);
        for (number, format) in (1..=last).flat_map(|number| Format::ALL.map(|format| (number, format))) {
            let path = format!("{}/archive/{number}.{}", link.path, format.suffix());
            if let Some(document) = snapshot.older(&path, &app.config, &app.templates, now)? {
                files.push((format!("feeds/{path}"), document.text().to_vec()));
            }
        }
    }
    files.push(("feeds/index.html".to_owned(), app.feeds_page(language)?.into_bytes()));
    files.push(("robots.txt".to_owned(), app.robots().into_bytes()));
    files.push(("sitemap.xml".to_owned(), app.sitemap(&snapshot).into_bytes()));
    let parts = (1..).map_while(|number| Some((number, app.sitemap_part(&snapshot, number)?)));
    files.extend(parts.map(|(number, part)| (format!("sitemap/{number}.xml"), part.into_bytes())));
    for (name, picture) in &snapshot.pictures {
        // A picture's name holds its hash: what lies there is the same.
        let name = format!("pictures/{name}");
        if !place(folder, &name)?.exists()
            && let Some(bytes) = app.store.find_picture(&picture.hash).await?
        {
            files.push((name, bytes));
        }
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
    if !anew {
        refuse_other_ids(folder, &files)?;
    }
    for (name, bytes) in &files {
        write(&place(folder, name)?, bytes)?;
    }
    Ok(files.len())
}

/// Readers know an item by its id: one that has another in the feed that lies there would be new to them.
fn refuse_other_ids(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<(), Error> {
    let is_feed = |name: &str| name.starts_with("feeds/") && name.ends_with(".json");
    let feeds: Vec<_> = files.iter().filter(|(name, _)| is_feed(name)).collect();
    let mut known: HashMap<String, String> = HashMap::new();
    for (name, _) in &feeds {
        let before = std::fs::read(place(folder, name)?).unwrap_or_default();
        for item in items(&before) {
            known.insert(item.url, item.id);
        }
    }
    let mut moved: BTreeMap<String, String> = BTreeMap::new();
    for (_, bytes) in feeds {
        let now = items(bytes).into_iter();
        let other = now.filter(|item| known.get(&item.url).is_some_and(|id| *id != item.id));
        moved.extend(other.map(|item| (item.id, item.title)));
    }
    match moved.values().next() {
        None => Ok(()),
        Some(example) => Err(Error::OtherIds {
            folder: folder.to_owned(),
            items: moved.len(),
            example: example.clone(),
        }),
    }
}

#[derive(serde::Deserialize)]
struct Item {
    id: String,
    url: String,
    title: String,
}

/// The items of a JSON feed; none if it is no such feed.
fn items(bytes: &[u8]) -> Vec<Item> {
    #[derive(serde::Deserialize)]
    struct Feed {
        items: Vec<Item>,
    }
    serde_json::from_slice::<Feed>(bytes).map_or_else(|_| Vec::new(), |feed| feed.items)
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
