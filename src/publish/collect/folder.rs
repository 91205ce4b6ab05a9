//! Looks into drop folders.
//!
//! In: folders, and what remembers which files lie still. Out: files that are new or changed, read. The surprising part:
//! a file whose reading fails badly, by a fault of ours, costs this file only.

use url::Url;

use super::announced::collect_calendars;
use super::{Collected, Collector, Found, Look, failed, store_look};
use crate::config::{Config, Source, SourceKind};
use crate::publish::House;
use crate::report::{self, Report};
use crate::source::folder::{self, Dropped, Watch};

/// Collects the named folders and calendars that are files, or all; a source that fails is reported, and the others go on.
pub async fn collect_folders(
    house: &House,
    collector: &mut Collector,
    names: &[String],
) -> anyhow::Result<Vec<Collected>> {
    let mut all = Vec::new();
    for (name, source) in &house.config.sources {
        let Some(path) = source.path.as_ref().filter(|_| source.kind == SourceKind::Folder) else {
            continue;
        };
        if !names.is_empty() && !names.contains(name) {
            continue;
        }
        let folder = house.config.path(path);
        let watch = collector.watches.entry(name.clone()).or_default();
        all.push(match collect_folder(house, name, source, &folder, watch).await {
            Ok(collected) => collected,
            Err(error) => failed(house, name, &error).await?,
        });
    }
    all.extend(collect_calendars(house, collector, names).await?);
    Ok(all)
}

async fn collect_folder(
    house: &House,
    name: &str,
    source: &Source,
    folder: &std::path::Path,
    watch: &mut Watch,
) -> anyhow::Result<Collected> {
    let origins = house.store.list_origins(name).await?;
    let look = folder::look(folder, &origins, watch, house.now())?;
    let mut found = Vec::new();
    for dropped in look.dropped {
        found.push(read(dropped, &house.config).await);
    }
    let mut collected = Collected {
        unchanged: look.unchanged,
        restless: look.restless,
        ..Collected::of(name)
    };
    let look = Look {
        found,
        gone: look.gone,
        ..Look::default()
    };
    store_look(house, name, source, look, &mut collected).await?;
    Ok(collected)
}

/// A picture beside a file is known by its path within the folder.
fn with_paths(mut report: Report, path: &str) -> Report {
    if let Some((folder, _)) = path.rsplit_once('/') {
        for image in report.images.iter_mut().filter(|image| Url::parse(&image.url).is_err()) {
            image.url = format!("{folder}/{}", image.url);
        }
    }
    report
}

/// Reads one file on a thread of its own (REL-15).
async fn read(dropped: Dropped, config: &Config) -> Found {
    let (bytes, sidecar) = match (dropped.bytes, dropped.sidecar.transpose()) {
        (Ok(bytes), Ok(sidecar)) => (Ok(bytes), sidecar),
        (Err(reason), _) => (Err(reason), None),
        (_, Err(reason)) => (Err(format!("the .toml file beside it {reason}")), None),
    };
    let (fingerprint, report) = match bytes {
        Err(reason) => (String::new(), Err(reason)),
        Ok(bytes) => {
            // A changed sidecar is a change of the report; a report without one keeps the fingerprint of its bytes.
            let fingerprint = match &sidecar {
                None => report::fingerprint(&bytes),
                Some(stated) => report::fingerprint(&[bytes.as_slice(), &[0], stated.as_slice()].concat()),
            };
            let context = report::Context {
                published_hint: Some(dropped.written_at),
                topics: config.topics.clone().into_iter().collect(),
                sidecar,
                ..report::Context::default()
            };
            let path = dropped.path.clone();
            let reading = tokio::task::spawn_blocking(move || report::read(&path, &bytes, &context));
            let report = match reading.await {
                Ok(report) => report
                    .map(|report| with_paths(report, &dropped.path))
                    .map_err(|refusal| refusal.to_string()),
                Err(_) => Err("cannot be read: a rule of rapporteur fails on it; please report it".to_owned()),
            };
            (fingerprint, report)
        }
    };
    Found {
        place: dropped.path,
        size: dropped.size,
        modified_at: dropped.modified_at,
        fingerprint,
        report,
    }
}
