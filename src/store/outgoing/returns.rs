//! The breaker again, for what comes back after a mail was taken: bounces and complaints about a running edition.
//!
//! In: an edition about which something has come back. Out: it is stopped, or staff are told, if too much has (BNC-06, BULK-02). Everything
//! follows from rows, so that a bounce that comes twice counts once.

use sqlx::Row;

use super::super::alert::Trouble;
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

impl Store {
    /// Looks whether so many mails of an edition came back that it should stop. Returns its name and why.
    pub async fn trip_by_returns(&self, edition: i64, breaker: &Breaker) -> Result<Option<(String, String)>> {
        let row = sqlx::query("SELECT list, number, state FROM edition WHERE id = $1")
            .bind(edition)
            .fetch_one(&self.read)
            .await?;
        let (list, number, state): (String, i64, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
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
        if state == "sending" && (reach(complaints, STOP) || over(bounces)) {
            // What had come before staff let it go on does not stop it again.
            let since = self.resumed_at(&name).await?;
            let why = if reach(self.count_returned(edition, "complaint", since).await?, STOP) {
                Some(unwanted.clone())
            } else {
                let lately = self.count_returned(edition, "bounce", since).await?;
                over(lately).then(|| format!("{bounces} of {taken} mails came back"))
            };
            if let Some(why) = why {
                return Ok(self.stop_edition(edition, &name, &why).await?.then_some((name, why)));
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
