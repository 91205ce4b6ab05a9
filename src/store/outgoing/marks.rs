//! The marks of delivery: what was answered, and what may be handed over next, in one transaction.
//!
//! [`Store::record_turn`] is the heart of honest delivery: the answers of the messages before and the handoffs of the
//! messages after become durable together. The handoff is one UPDATE that carries all guards; a row it does not return
//! must not get its final dot, and only then is it asked why.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Row};

use super::{CHUNK, LEFT, later, padded, places, skip};
use crate::config::InDoubt;
use crate::store::{Result, Store, Tx};

/// What became of a claimed row.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Sent,
    Deferred {
        next_at: DateTime<Utc>,
        reason: &'static str,
    },
    Failed {
        reason: &'static str,
    },
    /// The recipient's domain does not believe that the mail is ours: our fault, so that all its mails wait (BULK-03).
    Unbelieved {
        domain: String,
    },
    /// The final dot went out and no answer came back.
    InDoubt {
        policy: InDoubt,
        resend_at: DateTime<Utc>,
    },
    /// Nothing was said about it: back to pending, as if never claimed.
    Released,
}

/// The end of one attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    pub id: i64,
    pub claim: Arc<str>,
    pub outcome: Outcome,
    /// The relay's words.
    pub reply: String,
}

/// A row that asks to be handed over.
#[derive(Clone, Debug, PartialEq)]
pub struct Handoff {
    pub id: i64,
    pub claim: Arc<str>,
}

/// What a turn of the ledger brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// Rows whose handoff is durable: these, and no others, may get their final dot.
    pub allowed: HashSet<i64>,
    /// Rows skipped because the person left at the last moment.
    pub left: u64,
    /// Answers that came too late: another has taken the row since, or judged it.
    pub lost: Vec<i64>,
}

impl Store {
    /// Makes answers and handoffs durable together, and says which handoffs are allowed.
    pub async fn record_turn(&self, settled: &[Settled], handoffs: &[Handoff], lease: Duration) -> Result<Turn> {
        let now = self.now().await?;
        let mut tx = self.begin().await?;
        let mut turn = Turn::default();
        let (sent, others): (Vec<&Settled>, Vec<&Settled>) =
            settled.iter().partition(|settled| settled.outcome == Outcome::Sent);
        for sent in sent.chunks(CHUNK) {
            let recorded = record_sent(&mut tx, sent, now).await?;
            turn.lost.extend(
                sent.iter()
                    .map(|settled| settled.id)
                    .filter(|id| !recorded.contains(id)),
            );
        }
        for settled in others {
            if !record_other(&mut tx, settled, now).await? {
                turn.lost.push(settled.id);
            }
        }
        for handoffs in handoffs.chunks(CHUNK) {
            let allowed = mark_handoffs(&mut tx, handoffs, now, lease).await?;
            let refused: Vec<&Handoff> = handoffs
                .iter()
                .filter(|handoff| !allowed.contains(&handoff.id))
                .collect();
            turn.allowed.extend(allowed);
            turn.left += release_refused(&mut tx, &refused, self.locked(), now).await?;
        }
        tx.commit().await?;
        Ok(turn)
    }

    /// Prolongs the leases of the claims that are still at work.
    pub async fn renew_leases(&self, claims: &[Arc<str>], lease: Duration) -> Result<u64> {
        let now = self.now().await?;
        let mut renewed = 0;
        for claims in claims.chunks(CHUNK) {
            let sql = format!(
                "UPDATE outgoing SET lease_until = $1
                 WHERE state IN ('claimed', 'handoff', 'in-doubt') AND state <> 'in-doubt' AND lease_until > $2
                   AND claim IN ({})",
                places(3, claims.len())
            );
            let mut update = sqlx::query(AssertSqlSafe(sql))
                .bind(later(now, lease))
                .bind(now.timestamp_millis());
            for claim in claims {
                update = update.bind(&**claim);
            }
            renewed += update.execute(&self.write).await?.rows_affected();
        }
        Ok(renewed)
    }
}

/// The texts of one statement for 1, 2, 4 and so on up to [`CHUNK`] rows (see [`padded`]), each made once.
struct Texts {
    made: [OnceLock<Arc<str>>; CHUNK.ilog2() as usize + 1],
    make: fn(usize) -> String,
}

impl Texts {
    const fn new(make: fn(usize) -> String) -> Texts {
        Texts {
            made: [const { OnceLock::new() }; CHUNK.ilog2() as usize + 1],
            make,
        }
    }

    fn of(&self, rows: usize) -> Arc<str> {
        let made = || Arc::from((self.make)(rows));
        match self
            .made
            .get(rows.max(1).ilog2() as usize)
            .filter(|_| rows.is_power_of_two())
        {
            Some(text) => text.get_or_init(made).clone(),
            None => made(),
        }
    }
}

/// All accepted messages in one statement: sqlx pays by the statement, not by the row. An answer that comes after the
/// lease ended still settles the doubt, as long as nobody else has taken the row.
async fn record_sent(tx: &mut Tx, sent: &[&Settled], now: DateTime<Utc>) -> Result<HashSet<i64>> {
    static SQL: Texts = Texts::new(|rows| {
        let (mut ids, mut replies, mut claims) = (Vec::new(), String::new(), String::new());
        for place in 0..rows {
            let (id, reply, claim) = (place * 3 + 2, place * 3 + 3, place * 3 + 4);
            ids.push(format!("${id}"));
            replies.push_str(&format!(" WHEN ${id} THEN ${reply}"));
            claims.push_str(&format!(" WHEN ${id} THEN ${claim}"));
        }
        format!(
            "UPDATE outgoing SET state = 'sent', reason = NULL, reply = CASE id{replies} END, answered_at = $1,
                 attempts = attempts + 1, first_tried_at = COALESCE(first_tried_at, handoff_at), claim = NULL,
                 lease_until = NULL
             WHERE id IN ({}) AND state IN ('handoff', 'in-doubt') AND claim = CASE id{claims} END",
            ids.join(", ")
        )
    });
    let sent = padded(sent);
    let sql = SQL.of(sent.len());
    let mut update = sqlx::query(AssertSqlSafe(sql)).bind(now.timestamp_millis());
    for settled in &sent {
        update = update.bind(settled.id).bind(&settled.reply).bind(&*settled.claim);
    }
    let all: HashSet<i64> = sent.iter().map(|settled| settled.id).collect();
    let done = update.execute(&mut **tx).await?.rows_affected();
    if done == all.len() as u64 {
        return Ok(all);
    }
    // Rarely: somebody else has taken some of the rows. Asking which is dearer than counting.
    let sql = format!(
        "SELECT id FROM outgoing WHERE state = 'sent' AND answered_at = $1 AND id IN ({})",
        places(2, all.len())
    );
    ids_of(sql, now, &all, tx).await
}

async fn ids_of(sql: String, now: DateTime<Utc>, ids: &HashSet<i64>, tx: &mut Tx) -> Result<HashSet<i64>> {
    let select = sqlx::query(AssertSqlSafe(sql)).bind(now.timestamp_millis());
    let select = ids.iter().fold(select, |select, id| select.bind(*id));
    let rows = select.fetch_all(&mut **tx).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// One row that was not simply accepted. False: the claim is no longer ours.
async fn record_other(tx: &mut Tx, settled: &Settled, at: DateTime<Utc>) -> Result<bool> {
    let now = at.timestamp_millis();
    let (state, reason, next_at) = match &settled.outcome {
        Outcome::Released => {
            let done = sqlx::query(
                "UPDATE outgoing SET state = 'pending', claim = NULL, lease_until = NULL, handoff_at = NULL
                 WHERE id = $1 AND claim = $2 AND state IN ('claimed', 'handoff')",
            )
            .bind(settled.id)
            .bind(&*settled.claim)
            .execute(&mut **tx)
            .await?;
            return Ok(done.rows_affected() == 1);
        }
        Outcome::InDoubt { policy, resend_at } => {
            return mark_in_doubt(tx, settled, *policy, *resend_at, now).await;
        }
        Outcome::Sent => ("sent", None, None),
        Outcome::Unbelieved { .. } => ("deferred", Some(super::DOMAIN_PAUSED), Some(super::domain::PARKED)),
        Outcome::Deferred { next_at, reason } => ("deferred", Some(*reason), Some(next_at.timestamp_millis())),
        Outcome::Failed { reason } => ("failed", Some(*reason), None),
    };
    let done = sqlx::query(
        "UPDATE outgoing SET state = $1, reason = $2, next_at = COALESCE($3, next_at), reply = $4, answered_at = $5,
             attempts = attempts + 1, first_tried_at = COALESCE(first_tried_at, $5), claim = NULL, lease_until = NULL
         WHERE id = $6 AND claim = $7 AND state IN ('claimed', 'handoff', 'in-doubt')",
    )
    .bind(state)
    .bind(reason)
    .bind(next_at)
    .bind(&settled.reply)
    .bind(now)
    .bind(settled.id)
    .bind(&*settled.claim)
    .execute(&mut **tx)
    .await?;
    if let Outcome::Unbelieved { domain } = &settled.outcome {
        super::domain::pause_domain(tx, domain, &settled.reply, at).await?;
    }
    Ok(done.rows_affected() == 1)
}

/// The claim stays on the row, so that an answer which comes after all may still settle it.
async fn mark_in_doubt(
    tx: &mut Tx,
    settled: &Settled,
    policy: InDoubt,
    resend_at: DateTime<Utc>,
    now: i64,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE outgoing SET state = 'in-doubt', doubts = doubts + 1, next_at = $1, reply = $2, answered_at = $3,
             reason = CASE WHEN $4 = 'hold' THEN 'hold' WHEN doubts = 0 THEN 'resend' ELSE 'settled' END,
             attempts = attempts + 1, first_tried_at = COALESCE(first_tried_at, handoff_at), lease_until = NULL
         WHERE id = $5 AND claim = $6 AND state = 'handoff'",
    )
    .bind(resend_at.timestamp_millis())
    .bind(&settled.reply)
    .bind(now)
    .bind(super::recovery::word(policy))
    .bind(settled.id)
    .bind(&*settled.claim)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The guard (REL-04, LST-07): claim and lease ours, edition being sent, nothing paused, person still there.
async fn mark_handoffs(tx: &mut Tx, handoffs: &[Handoff], now: DateTime<Utc>, lease: Duration) -> Result<HashSet<i64>> {
    static SQL: Texts = Texts::new(|rows| {
        let (mut ids, mut claims) = (Vec::new(), String::new());
        for place in 0..rows {
            let (id, claim) = (place * 2 + 3, place * 2 + 4);
            ids.push(format!("${id}"));
            claims.push_str(&format!(" WHEN ${id} THEN ${claim}"));
        }
        format!(
            "UPDATE outgoing SET state = 'handoff', handoff_at = $1, lease_until = $2
             WHERE id IN ({}) AND state = 'claimed' AND claim = CASE id{claims} END AND lease_until > $1
               AND NOT EXISTS (SELECT 1 FROM pause WHERE scope IN ('everything', 'relay ' || outgoing.relay)
                                                     AND (until IS NULL OR until > $1))
               AND (edition_id IS NULL OR EXISTS (
                   SELECT 1 FROM edition e
                   JOIN subscription s ON s.list = e.list AND s.subscriber_id = outgoing.subscriber_id
                   JOIN subscriber p ON p.id = s.subscriber_id
                   WHERE e.id = outgoing.edition_id AND e.state = 'sending' AND s.state = 'active' AND p.state = 'active'
                     AND NOT EXISTS (SELECT 1 FROM pause WHERE scope = 'list ' || e.list
                                                           AND (until IS NULL OR until > $1))))",
            ids.join(", ")
        )
    });
    let handoffs = padded(handoffs);
    let sql = SQL.of(handoffs.len());
    let mut update = sqlx::query(AssertSqlSafe(sql))
        .bind(now.timestamp_millis())
        .bind(later(now, lease));
    for handoff in &handoffs {
        update = update.bind(handoff.id).bind(&*handoff.claim);
    }
    let all: HashSet<i64> = handoffs.iter().map(|handoff| handoff.id).collect();
    let done = update.execute(&mut **tx).await?.rows_affected();
    if done == all.len() as u64 {
        return Ok(all);
    }
    let sql = format!(
        "SELECT id, claim FROM outgoing WHERE state = 'handoff' AND handoff_at = $1 AND id IN ({})",
        places(2, all.len())
    );
    let select = sqlx::query(AssertSqlSafe(sql)).bind(now.timestamp_millis());
    let select = all.iter().fold(select, |select, id| select.bind(*id));
    let mut allowed = HashSet::new();
    for row in select.fetch_all(&mut **tx).await? {
        let (id, claim): (i64, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
        let is_ours = |handoff: &&&Handoff| handoff.id == id && Some(&*handoff.claim) == claim.as_deref();
        allowed.extend(handoffs.iter().find(is_ours).map(|handoff| handoff.id));
    }
    Ok(allowed)
}

/// Refused rows that are still ours: the person left (skipped), or something was stopped or paused (pending again).
/// A row whose claim was lost belongs to somebody else and is not touched; `for_update` keeps it ours until the commit.
async fn release_refused(
    tx: &mut Tx,
    refused: &[&Handoff],
    for_update: &'static str,
    now: DateTime<Utc>,
) -> Result<u64> {
    if refused.is_empty() {
        return Ok(0);
    }
    let (mut ids, mut claims) = (Vec::new(), String::new());
    for place in 0..refused.len() {
        let (id, claim) = (place * 2 + 1, place * 2 + 2);
        ids.push(format!("${id}"));
        claims.push_str(&format!(" WHEN ${id} THEN ${claim}"));
    }
    let sql = format!(
        "SELECT o.id, CASE WHEN o.edition_id IS NULL OR EXISTS (
             SELECT 1 FROM edition e
             JOIN subscription s ON s.list = e.list AND s.subscriber_id = o.subscriber_id
             JOIN subscriber p ON p.id = s.subscriber_id
             WHERE e.id = o.edition_id AND s.state = 'active' AND p.state = 'active') THEN 1 ELSE 0 END AS wanted
         FROM outgoing o
         WHERE o.id IN ({}) AND o.state = 'claimed' AND o.claim = CASE o.id{claims} END{for_update}",
        ids.join(", ")
    );
    let mut select = sqlx::query(AssertSqlSafe(sql));
    for handoff in refused {
        select = select.bind(handoff.id).bind(&*handoff.claim);
    }
    let (mut left, mut back) = (Vec::new(), Vec::new());
    for row in select.fetch_all(&mut **tx).await? {
        let id: i64 = row.try_get("id")?;
        if row.try_get::<i64, _>("wanted")? == 1 {
            back.push(id)
        } else {
            left.push(id)
        }
    }
    skip(tx, &left, LEFT, now).await?;
    if !back.is_empty() {
        let sql = format!(
            "UPDATE outgoing SET state = 'pending', claim = NULL, lease_until = NULL WHERE id IN ({})",
            places(1, back.len())
        );
        let mut update = sqlx::query(AssertSqlSafe(sql));
        for id in back {
            update = update.bind(id);
        }
        update.execute(&mut **tx).await?;
    }
    Ok(left.len() as u64)
}
