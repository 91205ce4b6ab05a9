//! The breaker again, for what comes back after a mail was taken: bounces and complaints about a running edition.
//!
//! In: an edition about which something has come back. Out: it is stopped, if too much has (BNC-06, BULK-02). Everything
//! follows from rows, so that a bounce that comes twice counts once.

use sqlx::Row;

use super::super::alert::Trouble;
use crate::config::Breaker;
use crate::store::{Result, Store};

/// Complaints among mails taken, in hundredths of a percent, at which staff are told and the edition stops (BULK-02).
const WARN: i64 = 10;
const STOP: i64 = 30;
/// Fewer complaints stop nothing, however small the edition is.
const FEW_COMPLAINTS: i64 = 3;
/// Fewer bounces stop nothing.
const FEW_BOUNCES: i64 = 20;
/// Counting an edition's rows is dear: a look after so many bounces.
const BOUNCES: i64 = 10;

impl Store {
    /// Complaints about an edition, and mails of it that were taken.
    pub async fn count_complaints(&self, edition: i64) -> Result<(i64, i64)> {
        Ok((
            self.count_returned(edition, "complaint").await?,
            self.count_taken(edition).await?,
        ))
    }

    /// Looks whether so many mails of an edition came back that it should stop. Returns its name and why.
    pub async fn trip_by_returns(&self, edition: i64, breaker: &Breaker) -> Result<Option<(String, String)>> {
        let row = sqlx::query("SELECT list, number, state FROM edition WHERE id = $1")
            .bind(edition)
            .fetch_one(&self.read)
            .await?;
        let (list, number, state): (String, i64, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let name = format!("{list}/{number}");
        let complaints = self.count_returned(edition, "complaint").await?;
        let bounces = self.count_returned(edition, "bounce").await?;
        if complaints == 0 && (bounces < FEW_BOUNCES || bounces % BOUNCES != 0) {
            return Ok(None);
        }
        let taken = self.count_taken(edition).await?.max(1);
        if complaints * 10_000 > taken * WARN || complaints >= FEW_COMPLAINTS && complaints * 10_000 >= taken * STOP {
            let why = format!("{complaints} of {taken} readers called it unwanted");
            if complaints >= FEW_COMPLAINTS && complaints * 10_000 >= taken * STOP && state == "sending" {
                return Ok(self.stop_edition(edition, &name, &why).await?.then_some((name, why)));
            }
            let now = self.now().await?;
            if complaints >= FEW_COMPLAINTS {
                self.raise_alert(&format!("edition {name}"), Trouble::Complaints, &why, now)
                    .await?;
            }
        }
        let is_over = breaker.percent > 0 && bounces * 100 > taken * i64::from(breaker.percent);
        if is_over && bounces >= FEW_BOUNCES && state == "sending" {
            let why = format!("{bounces} of {taken} mails came back");
            return Ok(self.stop_edition(edition, &name, &why).await?.then_some((name, why)));
        }
        Ok(None)
    }

    async fn count_returned(&self, edition: i64, kind: &str) -> Result<i64> {
        let row = sqlx::query(
            "SELECT CAST(COUNT(*) AS BIGINT) FROM bounce WHERE edition_id = $1 AND kind = $2 AND fingerprint <> ''",
        )
        .bind(edition)
        .bind(kind)
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
