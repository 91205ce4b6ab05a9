//! How far an edition is: how fast it goes, how much is left, and what the relays answer.
//!
//! In: an edition. Out: a [`Progress`]. The surprising thing: answers are counted without what makes each of them
//! different (queue ids, addresses), or a million acceptances would be a million answers.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::TryStreamExt;
use sqlx::Row;

use super::super::{Result, Store};

/// The pace is that of the last so many minutes.
const LATELY: TimeDelta = TimeDelta::minutes(5);
/// Answers that are told apart while counting; further ones count as others, so that memory stays flat.
const MOST_KINDS: usize = 10_000;
/// Longer words with a digit are ids.
const ID: usize = 6;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Mails a second lately.
    pub rate: f64,
    /// Mails that are still to be sent.
    pub left: i64,
    /// When they will have gone at this pace.
    pub done_at: Option<DateTime<Utc>>,
    /// The commonest answers and how often each came.
    pub replies: Vec<(String, u64)>,
}

impl Store {
    /// `most`: how many answers to tell.
    pub async fn find_progress(&self, edition_id: i64, most: usize) -> Result<Progress> {
        let now = self.now().await?;
        let row = sqlx::query(
            "SELECT CAST(COALESCE(SUM(CASE WHEN state = 'sent' AND answered_at > $2 THEN 1 ELSE 0 END), 0) AS BIGINT),
                    CAST(COALESCE(MIN(CASE WHEN state = 'sent' AND answered_at > $2 THEN answered_at END), 0) AS BIGINT),
                    CAST(COALESCE(SUM(CASE WHEN state IN ('pending', 'claimed', 'handoff', 'deferred') THEN 1 ELSE 0 END), 0)
                         AS BIGINT)
             FROM outgoing WHERE edition_id = $1",
        )
        .bind(edition_id)
        .bind((now - LATELY).timestamp_millis())
        .fetch_one(&self.read)
        .await?;
        let (sent, first, left): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let seconds = ((now.timestamp_millis() - first) as f64 / 1000.0).max(1.0);
        let rate = if sent == 0 { 0.0 } else { sent as f64 / seconds };
        let done_at = (rate > 0.0 && left > 0)
            .then(|| now.checked_add_signed(TimeDelta::seconds((left as f64 / rate) as i64)))
            .flatten();
        Ok(Progress {
            rate,
            left,
            done_at,
            replies: self.count_replies(edition_id, most).await?,
        })
    }

    async fn count_replies(&self, edition_id: i64, most: usize) -> Result<Vec<(String, u64)>> {
        let mut counts: HashMap<String, u64> = HashMap::new();
        let mut rows = sqlx::query("SELECT reply FROM outgoing WHERE edition_id = $1 AND reply IS NOT NULL")
            .bind(edition_id)
            .fetch(&self.read);
        while let Some(row) = rows.try_next().await? {
            let kind = kind_of(row.try_get(0)?);
            // The name of a file in a Maildir says nothing that counts.
            if !kind.contains(char::is_alphanumeric) {
                continue;
            }
            let kind = match counts.len() < MOST_KINDS || counts.contains_key(&kind) {
                true => kind,
                false => "others".to_owned(),
            };
            *counts.entry(kind).or_default() += 1;
        }
        let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        counts.truncate(most);
        Ok(counts)
    }
}

/// An answer without queue ids, addresses and marks: what may be logged, counted and told (SEC-19).
pub fn kind_of(reply: &str) -> String {
    let words = reply.split_whitespace().map(|word| {
        let is_code = word.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-');
        let is_id = word.chars().count() >= ID && word.chars().any(|c| c.is_ascii_digit());
        match word {
            word if word.contains('@') => "<…>",
            _ if is_id && !is_code => "…",
            word => word,
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::kind_of;

    #[test]
    fn answers_that_differ_in_ids_and_addresses_alone_are_one() {
        assert_eq!(
            kind_of("250 2.0.0 Ok: queued as 4F3A91B2C"),
            "250 2.0.0 Ok: queued as …"
        );
        assert_eq!(kind_of("550 5.1.1 <ada@example.org>: unknown"), "550 5.1.1 <…> unknown");
        assert_eq!(kind_of("451-4.3.0 try later"), "451-4.3.0 try later");
    }
}
