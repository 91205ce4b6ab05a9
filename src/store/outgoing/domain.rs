//! Recipient domains: one that does not believe us pauses, and one with a rate is given its mails in turns.
//!
//! In: rows that are due, within the transaction of a claim. Out: those that may go; the others are moved out of the way
//! once, so that no later claim walks through them: of a paused domain until somebody resumes it, of one with a rate to
//! the turn of each. The surprising thing: turns are booked, so that a million mails of one domain do not all come back
//! a moment later.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{AssertSqlSafe, Row};

use super::super::alert::{self, Trouble};
use super::{CHUNK, Claimed, RAPPORTEUR, places};
use crate::clock::from_millis;
use crate::config::{DomainRates, Rate};
use crate::store::{Result, Store, Tx};
use crate::subscriber::Mailbox;

/// Of mails to a paused domain.
pub const DOMAIN_PAUSED: &str = "domain paused";
/// The last day of the year 9999: not before somebody says so. An index names it too.
pub(super) const PARKED: i64 = 253_402_214_400_000;

/// The domain of an address in lower case and ASCII.
pub(super) fn domain_of(recipient: &str) -> Option<String> {
    Some(Mailbox::parse(recipient).ok()?.address.ascii_domain().to_lowercase())
}

/// The pause of a domain, in `pause` and in `alert`.
fn scope_of(domain: &str) -> String {
    format!("domain {domain}")
}

/// A domain refused a mail because it does not believe that it is ours: it pauses until a person resumes it (BULK-03).
pub(super) async fn pause_domain(tx: &mut Tx, domain: &str, reply: &str, now: DateTime<Utc>) -> Result<()> {
    let (scope, why) = (scope_of(domain), super::progress::kind_of(reply));
    let done = sqlx::query(
        "INSERT INTO pause (scope, who, why, since) VALUES ($1, $2, $3, $4) ON CONFLICT (scope) DO NOTHING",
    )
    .bind(&scope)
    .bind(RAPPORTEUR)
    .bind(&why)
    .bind(now.timestamp_millis())
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 {
        alert::raise(tx, Trouble::DomainPaused, domain, &why, now).await?;
    }
    Ok(())
}

/// Puts rows aside until the pause of their domain ends.
pub(super) async fn park(tx: &mut Tx, ids: &[i64]) -> Result<()> {
    for ids in ids.chunks(CHUNK) {
        let sql = format!(
            "UPDATE outgoing SET state = 'deferred', reason = '{DOMAIN_PAUSED}', next_at = {PARKED}, claim = NULL,
                 lease_until = NULL
             WHERE id IN ({})",
            places(1, ids.len())
        );
        let mut update = sqlx::query(AssertSqlSafe(sql));
        for id in ids {
            update = update.bind(*id);
        }
        update.execute(&mut **tx).await?;
    }
    Ok(())
}

/// Brings all rows back that are put aside; a claim puts those away again whose domain still pauses. The time for which
/// they are tried begins anew: nobody has tried them meanwhile.
pub(in crate::store) async fn unpark(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64> {
    let sql = format!(
        "UPDATE outgoing SET reason = NULL, next_at = $1, first_tried_at = NULL
             WHERE next_at = {PARKED} AND state = 'deferred'"
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(now.timestamp_millis())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected())
}

/// Rows that may go now, and how many were put back.
pub(super) struct Rationed {
    pub rows: Vec<Claimed>,
    pub put_back: u64,
}

impl Store {
    /// Rows that were put aside by a claim that did not yet know of a resume.
    pub async fn bring_back_parked(&self) -> Result<u64> {
        let now = self.now().await?;
        let sql = format!("SELECT id FROM outgoing WHERE next_at = {PARKED} LIMIT 1");
        let row = sqlx::query(AssertSqlSafe(sql)).fetch_optional(&self.read).await?;
        if row.is_none() {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        let pauses = sqlx::query("SELECT scope FROM pause WHERE scope LIKE 'domain %' LIMIT 1")
            .fetch_optional(&mut *tx)
            .await?;
        let back = match pauses {
            Some(_) => 0,
            None => unpark(&mut tx, now).await?,
        };
        tx.commit().await?;
        Ok(back)
    }

    /// Of rows that are due, those whose domain may be given them now. Personal mail goes at once, and is counted.
    pub(super) async fn ration(
        &self,
        tx: &mut Tx,
        rows: Vec<Claimed>,
        rates: &DomainRates,
        now: DateTime<Utc>,
    ) -> Result<Rationed> {
        // In the order of their names, so that two workers never wait for each other's buckets.
        let mut of_domain: BTreeMap<String, (Rate, Vec<Claimed>)> = BTreeMap::new();
        let mut rationed = Rationed {
            rows: Vec::new(),
            put_back: 0,
        };
        for row in rows {
            let limit = domain_of(&row.recipient).and_then(|domain| Some((rates.of(&domain)?, domain)));
            match limit {
                Some((rate, domain)) => of_domain.entry(domain).or_insert((rate, Vec::new())).1.push(row),
                None => rationed.rows.push(row),
            }
        }
        let mut back: Vec<(i64, i64)> = Vec::new();
        for (domain, (rate, rows)) in of_domain {
            let bucket = scope_of(&domain);
            let mut free = self.allow(tx, &bucket, &[rate], now).await?.mails;
            let (mut given, mut waiting) = (0, Vec::new());
            for row in rows {
                if row.edition_id.is_none() || free > 0 {
                    free = free.saturating_sub(1);
                    given += 1;
                    rationed.rows.push(row);
                } else {
                    waiting.push(row.id);
                }
            }
            self.spend(tx, &bucket, given).await?;
            let instants = self.book(tx, &bucket, rate, waiting.len(), now).await?;
            back.extend(waiting.into_iter().zip(instants));
        }
        rationed.rows.sort_by_key(|row| row.edition_id.is_some());
        rationed.put_back = back.len() as u64;
        put_back(tx, &back).await?;
        Ok(rationed)
    }

    /// The turns of so many mails, behind those that are booked.
    async fn book(&self, tx: &mut Tx, bucket: &str, rate: Rate, mails: usize, now: DateTime<Utc>) -> Result<Vec<i64>> {
        if mails == 0 {
            return Ok(Vec::new());
        }
        // What was booked for an edition that has been cancelled since is free.
        let booked: Option<i64> = sqlx::query(
            "SELECT booked_until FROM bucket WHERE scope = $1 AND EXISTS (
                 SELECT 1 FROM outgoing o JOIN edition e ON e.id = o.edition_id
                 WHERE e.state = 'sending' AND o.state IN ('pending', 'deferred') AND o.next_at > $2
                   AND o.next_at <= bucket.booked_until) LIMIT 1",
        )
        .bind(bucket)
        .bind(now.timestamp_millis())
        .fetch_optional(&mut **tx)
        .await?
        .map(|row| row.try_get(0))
        .transpose()?
        .flatten();
        let first = booked.map_or(now, from_millis).max(now);
        let turn = |place: usize| {
            let after = super::allowance::interval(rate).mul_f64(place as f64);
            (first + TimeDelta::from_std(after).unwrap_or(TimeDelta::MAX)).timestamp_millis()
        };
        let turns: Vec<i64> = (1..=mails).map(turn).collect();
        sqlx::query("UPDATE bucket SET booked_until = $2 WHERE scope = $1")
            .bind(bucket)
            .bind(turn(mails))
            .execute(&mut **tx)
            .await?;
        Ok(turns)
    }

    /// When the next mail that was put back has its turn, if any has.
    pub(super) async fn next_turn(
        &self,
        tx: &mut Tx,
        relay: &str,
        editions: &[(i64, String)],
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>> {
        let row = sqlx::query("SELECT CAST(MAX(booked_until) AS BIGINT) FROM bucket WHERE scope LIKE 'domain %'")
            .fetch_one(&mut **tx)
            .await?;
        let Some(last) = row
            .try_get::<Option<i64>, _>(0)?
            .filter(|last| *last > now.timestamp_millis())
        else {
            return Ok(None);
        };
        let mut next: Option<i64> = None;
        for (edition, _) in editions {
            let row = sqlx::query(
                "SELECT CAST(MIN(next_at) AS BIGINT) FROM outgoing
                 WHERE relay = $1 AND edition_id = $2 AND state IN ('pending', 'deferred') AND next_at > $3",
            )
            .bind(relay)
            .bind(*edition)
            .bind(now.timestamp_millis())
            .fetch_one(&mut **tx)
            .await?;
            next = next.into_iter().chain(row.try_get::<Option<i64>, _>(0)?).min();
        }
        Ok(next.filter(|at| *at <= last).map(from_millis))
    }
}

/// Each row waits for its own turn.
async fn put_back(tx: &mut Tx, rows: &[(i64, i64)]) -> Result<()> {
    for rows in rows.chunks(CHUNK) {
        let (mut ids, mut turns) = (Vec::new(), String::new());
        for place in 0..rows.len() {
            let (id, at) = (place * 2 + 1, place * 2 + 2);
            ids.push(format!("${id}"));
            turns.push_str(&format!(" WHEN ${id} THEN ${at}"));
        }
        let sql = format!(
            "UPDATE outgoing SET next_at = CASE id{turns} END WHERE id IN ({})",
            ids.join(", ")
        );
        let mut update = sqlx::query(AssertSqlSafe(sql));
        for (id, at) in rows {
            update = update.bind(*id).bind(*at);
        }
        update.execute(&mut **tx).await?;
    }
    Ok(())
}
