//! What has been kept long enough goes, once a day and when staff ask (PRIV-12).

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::House;
use crate::store::{Cutoffs, Purged};

/// Deletes what is too old by `[retention]`, or only counts it.
pub async fn purge(house: &House, is_trial: bool) -> anyhow::Result<Vec<Purged>> {
    let cutoffs = cutoffs(house);
    Ok(match is_trial {
        true => house.store.count_old(&cutoffs).await?,
        false => house.store.purge(&cutoffs).await?,
    })
}

/// The same, if nobody has done it for a day. Returns what went.
pub async fn purge_daily(house: &House) -> anyhow::Result<Vec<Purged>> {
    if !house.store.begin_daily_purge(house.now()).await? {
        return Ok(Vec::new());
    }
    let mut purged = purge(house, false).await?;
    purged.retain(|purged| purged.rows > 0);
    Ok(purged)
}

fn cutoffs(house: &House) -> Cutoffs {
    let retention = &house.config.retention;
    let now = house.now();
    let before = |time: Duration| -> Option<DateTime<Utc>> {
        // A zero keeps it for ever.
        let time = TimeDelta::from_std(time)
            .ok()
            .filter(|time| *time > TimeDelta::zero())?;
        now.checked_sub_signed(time)
    };
    Cutoffs {
        answers: before(retention.answers),
        personal: before(retention.personal),
        unclear: before(retention.unclear),
        bounces: before(retention.bounces),
        alerts: before(retention.alerts),
        notes: before(retention.notes),
    }
}
