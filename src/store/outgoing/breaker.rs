//! The breaker of an edition: it stops by itself when too many of its mails are refused for good (BNC-06).
//!
//! In: rows that have just failed. Out: the editions that were stopped. Everything follows from rows, so that it holds
//! over restarts and for all workers together. Two surprising things: what was answered before staff last let the edition
//! go on is not looked at again, or it would stop at once; and the last answers are looked for among the neighbours of
//! the rows that failed, since an edition goes out in the order of its rows and an index of all answers would cost each
//! mail.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Row};

use super::super::alert::{self, Trouble};
use super::pardon::Pardoned;
use super::places;
use crate::config::Breaker;
use crate::store::{Decision, Result, Store, Tx};

/// Who stops an edition that no person has stopped.
pub const RAPPORTEUR: &str = "rapporteur";

/// A few refusals stop nothing, however small the edition is.
const FEW: i64 = 20;
/// So many refusals are looked at for a domain that refuses all.
const REFUSALS: i64 = 400;
/// Rows on either side of a refused one, for each answer that is looked for.
const NEIGHBOURS: i64 = 4;
/// Refused for good by a server. Other rows fail because they expire, or cannot be sent at all.
const REFUSED: &str = "o.state = 'failed' AND o.reason <> 'expired' AND o.reply LIKE '5__ %'";

impl Store {
    /// Stops the editions of rows that failed, of those whose breaker says so. Returns their names and why.
    pub async fn trip_breakers(&self, failed: &[i64], breaker: &Breaker) -> Result<Vec<(String, String)>> {
        let sql = format!(
            "SELECT e.id, e.list, e.number, CAST(MAX(o.id) AS BIGINT) FROM outgoing o JOIN edition e ON e.id = o.edition_id
             WHERE o.id IN ({}) AND e.state = 'sending' GROUP BY e.id, e.list, e.number",
            places(1, failed.len())
        );
        let mut editions = sqlx::query(AssertSqlSafe(sql));
        for id in failed {
            editions = editions.bind(*id);
        }
        let mut stopped = Vec::new();
        for row in editions.fetch_all(&self.read).await? {
            let (id, list, number): (i64, String, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let (name, near) = (format!("{list}/{number}"), row.try_get(3)?);
            // Most looks end here; only one that would stop it asks when staff last let it go on.
            if self.find_excess(id, near, 0, breaker).await?.is_none() {
                continue;
            }
            let since = self.resumed_at(&name).await?;
            if let Some((why, pardoned)) = self.find_excess(id, near, since, breaker).await?
                && let Some(why) = self.stop_edition(id, &name, &why, &pardoned).await?
            {
                stopped.push((name, why));
            }
        }
        Ok(stopped)
    }

    /// Why an edition should stop, by what was answered after an instant.
    async fn find_excess(
        &self,
        edition: i64,
        near: i64,
        since: i64,
        breaker: &Breaker,
    ) -> Result<Option<(String, Pardoned)>> {
        if let Some(why) = self.find_share(edition, near, since, breaker).await? {
            return Ok(Some((why, Pardoned::Everybody)));
        }
        let found = self.find_domain_that_refuses_all(edition, since, breaker).await?;
        Ok(found.map(|(domain, why)| (why, Pardoned::Domain(domain))))
    }

    async fn find_share(&self, edition: i64, near: i64, since: i64, breaker: &Breaker) -> Result<Option<String>> {
        let sql = format!(
            "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(refused), 0) AS BIGINT) FROM (
                 SELECT CASE WHEN {REFUSED} THEN 1 ELSE 0 END AS refused FROM outgoing o
                 WHERE +o.edition_id = $1 AND o.id BETWEEN $4 AND $5 AND o.answered_at > $2
                   AND o.state IN ('sent', 'deferred', 'failed')
                 ORDER BY o.answered_at DESC LIMIT $3) AS lately"
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(edition)
            .bind(since)
            .bind(i64::from(breaker.of))
            .bind(near - i64::from(breaker.of) * NEIGHBOURS)
            .bind(near + i64::from(breaker.of) * NEIGHBOURS)
            .fetch_one(&self.read)
            .await?;
        let (answers, refused): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let is_over = refused * 100 > answers * i64::from(breaker.percent);
        let is_enough = answers >= i64::from(breaker.of) || refused >= FEW;
        Ok((breaker.percent > 0 && is_over && is_enough)
            .then(|| format!("{refused} of the last {answers} mails were refused for good")))
    }

    async fn find_domain_that_refuses_all(
        &self,
        edition: i64,
        since: i64,
        breaker: &Breaker,
    ) -> Result<Option<(String, String)>> {
        let in_a_row = usize::try_from(breaker.in_a_row).unwrap_or(usize::MAX);
        if in_a_row == 0 {
            return Ok(None);
        }
        let sql = format!(
            "SELECT p.address_key, o.answered_at, o.id FROM outgoing o JOIN subscriber p ON p.id = o.subscriber_id
             WHERE o.edition_id = $1 AND o.answered_at > $2 AND {REFUSED} ORDER BY o.answered_at DESC LIMIT $3"
        );
        let refusals = sqlx::query(AssertSqlSafe(sql))
            .bind(edition)
            .bind(since)
            .bind(REFUSALS.max(i64::from(breaker.in_a_row)))
            .fetch_all(&self.read)
            .await?;
        let mut of_domain: HashMap<String, Vec<(i64, i64)>> = HashMap::new();
        for row in refusals {
            let (address, at, id): (String, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
            of_domain.entry(domain.to_owned()).or_default().push((at, id));
        }
        for (domain, refused_at) in of_domain {
            let Some((first, _)) = refused_at.get(in_a_row - 1) else {
                continue;
            };
            let ids = refused_at.iter().take(in_a_row).map(|(_, id)| *id);
            let (from, to) = (ids.clone().min().unwrap_or_default(), ids.max().unwrap_or_default());
            // From the first of these on, one that was taken breaks the row.
            let taken = sqlx::query(
                "SELECT o.id FROM outgoing o JOIN subscriber p ON p.id = o.subscriber_id
                 WHERE +o.edition_id = $1 AND o.id BETWEEN $4 AND $5 AND o.answered_at >= $2 AND o.state = 'sent'
                   AND p.address_key LIKE $3 LIMIT 1",
            )
            .bind(edition)
            .bind(*first)
            .bind(format!("%@{domain}"))
            .bind(from)
            .bind(to)
            .fetch_optional(&self.read)
            .await?;
            if taken.is_none() {
                let why = format!("{domain} refused {in_a_row} mails in a row for good");
                return Ok(Some((domain, why)));
            }
        }
        Ok(None)
    }

    /// When somebody last let an edition go on; 0: never.
    pub(super) async fn resumed_at(&self, name: &str) -> Result<i64> {
        let row = sqlx::query(
            "SELECT CAST(COALESCE(MAX(at), 0) AS BIGINT) FROM decision WHERE subject = $1 AND what IN ('sending', 'refusals stand')",
        )
        .bind(name)
        .fetch_one(&self.read)
        .await?;
        Ok(row.try_get(0)?)
    }

    /// As `editions stop` does, and takes back whom its refusals suspended. What is not being sent any more cannot stop:
    /// then staff are told, once, if anybody is pardoned. Returns why, with how many those are; none: nothing was done.
    pub(super) async fn stop_edition(
        &self,
        id: i64,
        name: &str,
        why: &str,
        pardoned: &Pardoned,
    ) -> Result<Option<String>> {
        let now = self.now().await?;
        let since = self.resumed_at(name).await?;
        let mut tx = self.begin().await?;
        let stops = self.move_edition(&mut tx, id, &["sending"], "stopped").await?;
        if !stops && (*pardoned == Pardoned::Nobody || !has_gone_out(&mut tx, id).await?) {
            return Ok(None);
        }
        let why = match self.pardon(&mut tx, id, pardoned, since, now).await? {
            0 => why.to_owned(),
            people => format!("{why}; {people} suspensions that followed from it were taken back"),
        };
        let decision = Decision {
            subject: name.to_owned(),
            what: if stops { "stopped" } else { "refusals doubted" }.to_owned(),
            who: RAPPORTEUR.to_owned(),
            note: Some(why.clone()),
            at: now,
        };
        self.record_decision(&mut tx, &decision).await?;
        let trouble = if stops {
            Trouble::EditionStopped
        } else {
            Trouble::EditionReturned
        };
        alert::raise(&mut tx, trouble, name, &why, now).await?;
        tx.commit().await?;
        Ok(Some(why))
    }
}

/// It is no longer being sent, and its breaker has not tripped yet.
async fn has_gone_out(tx: &mut Tx, id: i64) -> Result<bool> {
    let row = sqlx::query(
        "SELECT 1 FROM edition WHERE id = $1 AND breaker_at IS NULL AND state IN ('stopped', 'finished', 'cancelled')",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.is_some())
}
