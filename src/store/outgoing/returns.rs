//! The breaker again, for what comes back after a mail was taken: bounces and complaints about an edition, during its sending and after.
//!
//! In: an edition about which something has come back. Out: it is stopped, or staff are told, if too much has (BNC-06, BULK-02). Everything
//! follows from rows, so that a bounce that comes twice counts once.

use std::collections::BTreeMap;

use sqlx::Row;

use super::super::alert::Trouble;
use super::pardon::Pardoned;
use crate::config::Breaker;
use crate::store::{Result, Store};

/// Complaints among mails taken, in hundredths of a percent, at which staff are told and the edition stops (BULK-02).
const WARN: i64 = 10;
const STOP: i64 = 30;
/// Fewer complaints stop nothing and alarm nobody, however small the edition is.
const FEW_COMPLAINTS: i64 = 3;
/// Fewer bounces stop nothing.
const FEW_BOUNCES: i64 = 20;
/// Counting an edition's rows is dear: a look after so many bounces.
const BOUNCES: i64 = 10;

/// Domains that are looked at: each costs a walk through the edition.
const DOMAINS: usize = 5;

/// What came back of an edition.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Returns {
    /// Mails that a relay took and that did not fail later.
    pub taken: i64,
    /// Bounces; refusals while sending are failed rows instead.
    pub bounces: i64,
    pub complaints: i64,
    /// Those with most complaints.
    pub domains: Vec<DomainReturns>,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct DomainReturns {
    pub domain: String,
    pub complaints: i64,
    pub taken: i64,
}

impl Store {
    /// How much of an edition came back, and which domains' readers complained (BULK-02).
    pub async fn find_returns(&self, edition: i64) -> Result<Returns> {
        let mut returns = Returns {
            taken: self.count_taken(edition).await?,
            bounces: self.count_returned(edition, "bounce", 0).await?,
            complaints: self.count_returned(edition, "complaint", 0).await?,
            domains: Vec::new(),
        };
        if returns.complaints == 0 {
            return Ok(returns);
        }
        let rows = sqlx::query(
            "SELECT p.address_key FROM bounce b JOIN subscriber p ON p.id = b.subscriber_id \
             WHERE b.edition_id = $1 AND b.kind = 'complaint'",
        )
        .bind(edition)
        .fetch_all(&self.read)
        .await?;
        let mut complaints: BTreeMap<String, i64> = BTreeMap::new();
        for row in rows {
            // Who is erased has no domain any more.
            if let Some((_, domain)) = row.try_get::<String, _>(0)?.rsplit_once('@') {
                *complaints.entry(domain.to_owned()).or_default() += 1;
            }
        }
        let mut complaints: Vec<(String, i64)> = complaints.into_iter().collect();
        complaints.sort_by_key(|(_, count)| -count);
        for (domain, complaints) in complaints.into_iter().take(DOMAINS) {
            let row = sqlx::query(
                "SELECT CAST(COUNT(*) AS BIGINT) FROM outgoing o JOIN subscriber p ON p.id = o.subscriber_id \
                 WHERE o.edition_id = $1 AND o.state = 'sent' AND p.address_key LIKE $2",
            )
            .bind(edition)
            .bind(format!("%@{domain}"))
            .fetch_one(&self.read)
            .await?;
            returns.domains.push(DomainReturns {
                domain,
                complaints,
                taken: row.try_get(0)?,
            });
        }
        Ok(returns)
    }

    /// Looks whether so many mails of an edition came back that it should stop. Returns its name and why.
    pub async fn trip_by_returns(&self, edition: i64, breaker: &Breaker) -> Result<Option<(String, String)>> {
        let row = sqlx::query("SELECT list, number FROM edition WHERE id = $1")
            .bind(edition)
            .fetch_one(&self.read)
            .await?;
        let (list, number): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        let name = format!("{list}/{number}");
        let complaints = self.count_returned(edition, "complaint", 0).await?;
        let bounces = self.count_returned(edition, "bounce", 0).await?;
        if complaints == 0 && (bounces < FEW_BOUNCES || bounces % BOUNCES != 0) {
            return Ok(None);
        }
        let taken = self.count_taken(edition).await?.max(1);
        let reach = |complaints, share| complaints >= FEW_COMPLAINTS && complaints * 10_000 >= taken * share;
        let unwanted = format!("{complaints} of {taken} readers called it unwanted");
        let over = |bounces| {
            breaker.percent > 0 && bounces >= FEW_BOUNCES && bounces * 100 > taken * i64::from(breaker.percent)
        };
        if reach(complaints, STOP) || over(bounces) {
            // What had come before staff let it go on does not stop it again.
            let since = self.resumed_at(&name).await?;
            let mut stops = Vec::new();
            if reach(self.count_returned(edition, "complaint", since).await?, STOP) {
                stops.push((unwanted.clone(), Pardoned::Nobody));
            }
            if over(self.count_returned(edition, "bounce", since).await?) {
                stops.push((format!("{bounces} of {taken} mails came back"), Pardoned::Everybody));
            }
            for (why, pardoned) in stops {
                if let Some(why) = self.stop_edition(edition, &name, &why, &pardoned).await? {
                    return Ok(Some((name, why)));
                }
            }
        }
        if reach(complaints, WARN) {
            let now = self.now().await?;
            self.raise_alert(Trouble::Complaints, &name, &unwanted, now).await?;
        }
        Ok(None)
    }

    async fn count_returned(&self, edition: i64, kind: &str, since: i64) -> Result<i64> {
        let row = sqlx::query(
            "SELECT CAST(COUNT(*) AS BIGINT) FROM bounce
             WHERE edition_id = $1 AND kind = $2 AND fingerprint <> '' AND at > $3",
        )
        .bind(edition)
        .bind(kind)
        .bind(since)
        .fetch_one(&self.read)
        .await?;
        Ok(row.try_get(0)?)
    }

    async fn count_taken(&self, edition: i64) -> Result<i64> {
        let row = sqlx::query("SELECT CAST(COUNT(*) AS BIGINT) FROM outgoing WHERE edition_id = $1 AND state = 'sent'")
            .bind(edition)
            .fetch_one(&self.read)
            .await?;
        Ok(row.try_get(0)?)
    }
}
