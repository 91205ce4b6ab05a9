//! What would make readers see old items again is refused before anything is written.
//!
//! In: the configuration. Out: nothing, or a sentence that says how many items it would be. The surprising part: the ids
//! of items are stored and cannot move, but an authority that changes gives every feed another identity, and a source
//! that is called otherwise brings the same texts as new ones.

use anyhow::ensure;

use super::House;
use crate::config::Source;

pub(super) async fn refuse_moved_ids(house: &House) -> anyhow::Result<()> {
    let (config, store) = (&house.config, &house.store);
    let authority = &config.institute.tag_authority;
    let known = store.settle_fact("tag authority", authority).await?;
    if known != *authority {
        let items = store.count_published(None).await?;
        ensure!(
            items == 0,
            "institute.tag_authority is \"{authority}\", but the feeds of this database are published under \"{known}\": \
             every feed would be another one, and readers would see {items} items again; write \"{known}\""
        );
        store.record_fact("tag authority", authority).await?;
    }
    for (name, source) in &config.sources {
        let place = format!("source at {}", place(source));
        let known = store.settle_fact(&place, name).await?;
        if known == *name {
            continue;
        }
        let items = match config.sources.contains_key(&known) {
            true => 0,
            false => store.count_published(Some(&known)).await?,
        };
        ensure!(
            items == 0,
            "[sources.{name}] lies where [sources.{known}] lay, whose name is in the ids of its reports: readers would see \
             {items} items again; call it `{known}`"
        );
        store.record_fact(&place, name).await?;
    }
    Ok(())
}

/// Where a source lies, as configured: a folder that was moved with the configuration lies where it lay.
fn place(source: &Source) -> String {
    let path = source.path.as_ref().map(|path| path.display().to_string());
    let url = source.address().map(ToString::to_string);
    path.or(url).unwrap_or_default()
}
