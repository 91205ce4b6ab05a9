//! What people choose for themselves: cadence, topics, a pause, their language.
//!
//! In: a [`Setting`] of one list. Out: the subscription, with the fields they set marked as theirs, so that no file sets
//! them otherwise. Surprising: the same setting once more changes nothing and marks nothing; and a new cadence or a pause
//! owes the person what their list publishes meanwhile (rule 3).

use chrono::{DateTime, Utc};

use sqlx::Row;

use super::people::record_consent;
use super::{Result, Store, Subscription, Tx, to_json};

/// What somebody wants of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting<'a> {
    /// None: the list's default.
    pub cadence: Option<&'a str>,
    pub topics: &'a [String],
    /// Nothing before then.
    pub paused_until: Option<DateTime<Utc>>,
    /// What "no cadence" means on this list.
    pub default_cadence: Option<&'a str>,
}

impl Store {
    /// Sets what a person wants of a list that they are on, and marks the language as theirs if they chose one; it is
    /// [`Store::set_language`] that sets it. False: nothing changed.
    pub async fn set_preferences(
        &self,
        tx: &mut Tx,
        now_is: &Subscription,
        setting: &Setting<'_>,
        language: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let had = now_is.cadence.as_deref().or(setting.default_cadence);
        let moves = had != setting.cadence.or(setting.default_cadence);
        let is_on = |until: Option<DateTime<Utc>>| until.is_some_and(|until| until > now);
        let pauses = is_on(setting.paused_until) && !is_on(now_is.paused_until);
        let mut chosen = now_is.chosen.clone();
        for (field, is_changed) in [
            ("cadence", moves),
            ("topics", now_is.topics != setting.topics),
            ("language", language.is_some()),
        ] {
            if is_changed && !chosen.iter().any(|known| known == field) {
                chosen.push(field.to_owned());
            }
        }
        let is_same = !moves
            && now_is.topics == setting.topics
            && now_is.paused_until == setting.paused_until
            && now_is.chosen == chosen;
        if is_same {
            return Ok(false);
        }
        // As in `update_subscription`: what the old cadence had not brought.
        sqlx::query(
            "UPDATE subscription SET cadence = $2, topics = $3, paused_until = $4, chosen = $5, \
             owed_since = CASE WHEN $6 = 1 THEN COALESCE(owed_since, \
             (SELECT MAX(e.sealed_at) FROM edition e WHERE e.list = subscription.list AND e.state <> 'cancelled' \
             AND e.cadence = $7), started_at) ELSE owed_since END WHERE id = $1 AND state = 'active'",
        )
        .bind(now_is.id)
        .bind(if moves {
            setting.cadence
        } else {
            now_is.cadence.as_deref()
        })
        .bind(to_json("topics", &setting.topics)?)
        .bind(setting.paused_until.map(|until| until.timestamp_millis()))
        .bind(to_json("chosen", &chosen)?)
        .bind(i64::from(moves || pauses))
        .bind(had.unwrap_or_default())
        .execute(&mut **tx)
        .await?;
        Ok(true)
    }

    /// The language that a person chose.
    pub async fn set_language(&self, tx: &mut Tx, subscriber_id: i64, language: &str) -> Result<()> {
        sqlx::query("UPDATE subscriber SET language = $2 WHERE id = $1 AND COALESCE(language, '') <> $2")
            .bind(subscriber_id)
            .bind(language)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Takes a person off a list within a transaction, by their own wish.
    pub async fn leave(
        &self,
        tx: &mut Tx,
        list: &str,
        subscriber_id: i64,
        how: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        self.end_subscription(tx, list, subscriber_id, "left", how, now).await
    }

    /// Takes back what a person left at an instant. Returns the lists. What a sealed edition would have brought they are
    /// owed.
    pub async fn undo_leaving(
        &self,
        subscriber_id: i64,
        left_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<String>> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query(
            "UPDATE subscription SET state = 'active', ended_at = NULL, owed_since = COALESCE(owed_since, \
             (SELECT MIN(r.published_at) FROM outgoing o JOIN edition e ON e.id = o.edition_id \
             JOIN variant_item v ON v.variant_id = o.variant_id JOIN report r ON r.id = v.report_id \
             WHERE o.subscriber_id = $1 AND e.list = subscription.list AND o.state = 'skipped' AND o.reason = 'left' \
             AND o.answered_at >= $2 AND e.state <> 'cancelled')) \
             WHERE subscriber_id = $1 AND state = 'left' AND ended_at = $2 RETURNING list",
        )
        .bind(subscriber_id)
        .bind(left_at.timestamp_millis())
        .fetch_all(&mut *tx)
        .await?;
        let mut lists = Vec::with_capacity(rows.len());
        for row in rows {
            let list: String = row.try_get(0)?;
            record_consent(
                &mut tx,
                subscriber_id,
                &list,
                "returned",
                "page",
                Some("taken back at once"),
                now,
            )
            .await?;
            lists.push(list);
        }
        tx.commit().await?;
        Ok(lists)
    }

    /// Keeps why somebody left, if they say so.
    pub async fn record_reason(&self, subscriber_id: i64, reason: &str, now: DateTime<Utc>) -> Result<()> {
        let mut tx = self.begin().await?;
        record_consent(&mut tx, subscriber_id, "*", "left, they say", "page", Some(reason), now).await?;
        Ok(tx.commit().await?)
    }

    /// The subscriptions of a person, on all lists.
    pub async fn list_subscriptions_of_person(&self, subscriber_id: i64) -> Result<Vec<Subscription>> {
        self.list_subscriptions_where("p.id = $1", subscriber_id).await
    }
}
