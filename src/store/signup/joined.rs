//! A confirmed request becomes subscriptions, with the record of what was agreed to (PRIV-02).
//!
//! Whoever confirms has the mailbox: that brings back who had left, was removed or whose mails bounced. It
//! does not bring back whoever called our mail unwanted; staff talk with them. Nobody gets old editions (rule 12).

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::{Signup, Wish};
use crate::store::people::record_consent;
use crate::store::{Result, Store, Subscriber, Tx, to_json};

/// What the consent record says of people who confirmed.
const DOUBLE_OPT_IN: &str = "double opt-in";

impl Store {
    /// The person of an address; none: we never heard of them.
    pub async fn find_subscriber_by_key(&self, address_key: &str) -> Result<Option<Subscriber>> {
        let row = sqlx::query("SELECT id FROM subscriber WHERE address_key = $1")
            .bind(address_key)
            .fetch_optional(&self.read)
            .await?;
        match row {
            Some(row) => self.find_subscriber(row.try_get(0)?).await,
            None => Ok(None),
        }
    }

    /// Puts the person of a request onto these lists of it. None: they are suppressed, and nothing is done.
    pub async fn join(
        &self,
        tx: &mut Tx,
        signup: &Signup,
        wishes: &[&Wish],
        now: DateTime<Utc>,
    ) -> Result<Option<i64>> {
        let before = sqlx::query("SELECT id, state FROM subscriber WHERE address_key = $1")
            .bind(&signup.address_key)
            .fetch_optional(&mut **tx)
            .await?;
        let state: Option<String> = before.map(|row| row.try_get("state")).transpose()?;
        if state.as_deref() == Some("suppressed") {
            return Ok(None);
        }
        let subscriber: i64 = sqlx::query(
            "INSERT INTO subscriber (address, address_key, name, language, state, created_at) \
             VALUES ($1, $2, $3, $4, 'active', $5) ON CONFLICT (address_key) DO UPDATE SET address = $1, state = 'active', \
             name = COALESCE($3, subscriber.name), language = COALESCE($4, subscriber.language) RETURNING id",
        )
        .bind(&signup.address)
        .bind(&signup.address_key)
        .bind(signup.name.as_deref())
        .bind(signup.language.as_deref())
        .bind(now.timestamp_millis())
        .fetch_one(&mut **tx)
        .await?
        .try_get(0)?;
        if state.as_deref() == Some("suspended") {
            // The mailbox works: what failed before does not count any more.
            sqlx::query("UPDATE bounce SET fault = NULL WHERE subscriber_id = $1")
                .bind(subscriber)
                .execute(&mut **tx)
                .await?;
            record_consent(tx, subscriber, "*", "resumed", DOUBLE_OPT_IN, None, now).await?;
        }
        for wish in wishes {
            start_subscription(tx, subscriber, (signup, wish), now).await?;
            record_agreement(tx, subscriber, wish, now).await?;
        }
        Ok(Some(subscriber))
    }
}

async fn start_subscription(
    tx: &mut Tx,
    subscriber: i64,
    (signup, wish): (&Signup, &Wish),
    now: DateTime<Utc>,
) -> Result<()> {
    // What they set themselves, no file sets otherwise.
    let own = [
        ("cadence", wish.cadence.is_some()),
        ("topics", !wish.topics.is_empty()),
        ("name", signup.name.is_some()),
        ("language", signup.language.is_some()),
    ];
    let chosen: Vec<&str> = own
        .iter()
        .filter(|(_, is_own)| *is_own)
        .map(|(field, _)| *field)
        .collect();
    // As in `people.rs`: before a list's first edition nobody has missed anything.
    sqlx::query(
        "INSERT INTO subscription (list, subscriber_id, state, cadence, topics, chosen, since_report, started_at) \
         SELECT $1, $2, 'active', $3, $4, $5, \
         CASE WHEN EXISTS (SELECT 1 FROM list WHERE name = $1 AND last_number > 0) \
         THEN (SELECT COALESCE(MAX(id), 0) FROM report) ELSE 0 END, $6 \
         ON CONFLICT (list, subscriber_id) DO UPDATE SET state = 'active', cadence = $3, topics = $4, chosen = $5, \
         by_file = 0, since_report = (SELECT COALESCE(MAX(id), 0) FROM report), started_at = $6, ended_at = NULL, \
         owed_since = NULL, paused_until = NULL WHERE subscription.state <> 'active'",
    )
    .bind(&wish.list)
    .bind(subscriber)
    .bind(wish.cadence.as_deref())
    .bind(to_json("topics", &wish.topics)?)
    .bind(to_json("chosen", &chosen)?)
    .bind(now.timestamp_millis())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn record_agreement(tx: &mut Tx, subscriber: i64, wish: &Wish, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "INSERT INTO consent (subscriber_id, list, what, how, asked_at, form, wording, language, network, at) \
         VALUES ($1, $2, 'subscribed', $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(subscriber)
    .bind(&wish.list)
    .bind(DOUBLE_OPT_IN)
    .bind(wish.asked_at)
    .bind(&wish.form)
    .bind(&wish.wording)
    .bind(&wish.language)
    .bind(wish.network.as_deref())
    .bind(now.timestamp_millis())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
