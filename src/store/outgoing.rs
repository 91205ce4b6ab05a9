//! Rows of `outgoing`: everything that goes out by SMTP, one row per recipient, and the claims on them.
//!
//! A row goes `pending -> claimed -> handoff -> sent | deferred | failed | skipped | in-doubt`. A claim is a lease under
//! a fresh token, and whoever writes later must name it: who lost the lease changes nothing. Claiming is here; read on in
//! `outgoing/allowance.rs` (what the rates of a relay let through) and `domain.rs` (domains that pause or have a rate of
//! their own), `marks.rs` (what sessions do with claimed rows), `recovery.rs` (after a crash, in doubt, failed),
//! `relay.rs` (relays that rest), `breaker.rs` and `returns.rs` (editions that stop by themselves), `progress.rs`.
//! The two databases differ in claiming, by `FOR UPDATE SKIP LOCKED`, and in the lock of a bucket.

mod allowance;
mod breaker;
mod domain;
mod marks;
mod pardon;
mod progress;
mod recovery;
mod returns;
mod relay;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::{Kind, Result, Store, Tx, from_json, to_json};
use crate::clock::from_millis;
use crate::config::{DomainRates, Rate};
use crate::edition::Sealed;
use crate::token::Link;

pub use breaker::RAPPORTEUR;
pub use domain::DOMAIN_PAUSED;
pub(super) use domain::unpark;
pub use marks::{Handoff, Outcome, Settled, Turn};
pub use progress::{Progress, kind_of};
pub use recovery::{Doubts, Recovered, Retried};
pub use returns::{DomainReturns, Returns};

/// Rows named in one statement; both databases take far more, but nothing is gained. A power of two: see [`padded`].
const CHUNK: usize = 512;

/// Why a row is skipped: the person left, was suppressed or erased.
pub const LEFT: &str = "left";
/// Why a row is skipped: the address is under a domain that is reserved for examples and tests.
pub const RESERVED: &str = "reserved";

/// Personal mail: a preview, a test send, a notice to staff, a link to confirm by.
#[derive(Clone, Debug)]
pub struct Personal {
    /// `preview`, `test`, `notice`, `confirm`, `known` or `welcome`.
    pub kind: &'static str,
    /// Smaller goes first.
    pub priority: i64,
    pub relay: String,
    pub recipient: String,
    /// Envelope sender.
    pub sender: String,
    /// The whole message, lines ended by CRLF; with a link, `mail::Prepared` as stored text.
    pub message: String,
    /// The list it is about.
    pub list: Option<String>,
    /// Where its own link leads.
    pub link: Option<Link>,
}

/// A row under our claim.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub id: i64,
    /// The claim's token: proof for every later write.
    pub claim: Arc<str>,
    pub edition_id: Option<i64>,
    pub subscriber_id: Option<i64>,
    pub variant_id: Option<i64>,
    pub recipient: String,
    pub name: Option<String>,
    /// Personal mail only.
    pub sender: Option<String>,
    /// Personal mail only.
    pub message: Option<String>,
    /// Personal mail only: the list it is about.
    pub list: Option<String>,
    /// Personal mail only: where the link in its message leads.
    pub link: Option<Link>,
    pub attempts: i64,
    pub first_tried_at: Option<DateTime<Utc>>,
}

/// What a relay asks for.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    pub relay: &'a str,
    pub most: usize,
    pub rates: &'a [Rate],
    /// How much recipient domains may be given, by all relays together.
    pub domains: Option<&'a DomainRates>,
    /// Its quiet hours end then; before that it takes personal mail alone.
    pub quiet_until: Option<DateTime<Utc>>,
}

/// What one claim brought.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    pub rows: Vec<Claimed>,
    /// Nothing more may be given to the relay before, whether more is due or not.
    pub next_at: Option<DateTime<Utc>>,
    /// Rows that were due but whose person left or cannot be mailed through this relay.
    pub skipped: u64,
    /// Rows that were due and were moved out of the way, because their domain pauses or is given no more now.
    pub put_back: u64,
}

/// What delivery needs to know of an edition; none of it changes once it is sending.
#[derive(Clone, Debug)]
pub struct Dispatch {
    pub id: i64,
    pub list: String,
    pub epoch: String,
    pub released_at: DateTime<Utc>,
    pub settings: Sealed,
}

impl Store {
    /// How many mails wait for each relay, of those still to be sent.
    pub async fn count_waiting_by_relay(&self) -> Result<Vec<(String, i64)>> {
        let rows = sqlx::query(
            "SELECT relay, COUNT(*) FROM outgoing WHERE state IN ('pending', 'deferred') GROUP BY relay ORDER BY relay",
        )
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Puts a personal mail into the queue, within the transaction that is its reason.
    pub async fn insert_personal(&self, tx: &mut Tx, mail: &Personal) -> Result<i64> {
        let now = self.now().await?.timestamp_millis();
        let row = sqlx::query(
            "INSERT INTO outgoing (kind, priority, relay, recipient, sender, message, state, next_at, list, link)
             VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, $8, $9) RETURNING id",
        )
        .bind(mail.kind)
        .bind(mail.priority)
        .bind(&mail.relay)
        .bind(&mail.recipient)
        .bind(&mail.sender)
        .bind(&mail.message)
        .bind(now)
        .bind(mail.list.as_deref())
        .bind(mail.link.as_ref().map(|link| to_json("link", link)).transpose()?)
        .fetch_one(&mut **tx)
        .await?;
        Ok(row.try_get(0)?)
    }

    /// Claims due rows of a relay under a fresh token, as many as its rates allow: personal mail first, then the editions
    /// that are being sent, each its share. `reaches` says whether the relay may be given an address at all.
    pub async fn claim_outgoing(
        &self,
        order: Order<'_>,
        claim: &Arc<str>,
        lease: Duration,
        reaches: impl Fn(&str) -> bool,
    ) -> Result<Claims> {
        let now = self.now().await?;
        let relay = order.relay;
        let mut tx = self.begin().await?;
        let Some(paused) = find_paused_domains(&mut tx, relay, self.shared(), now).await? else {
            return Ok(Claims::default());
        };
        let bucket = format!("relay {relay}");
        let allowance = self.allow(&mut tx, &bucket, order.rates, now).await?;
        let limit = order.most.min(allowance.mails);
        let mut due = self.list_due_personal(&mut tx, relay, limit, now).await?;
        let editions = match order.quiet_until {
            Some(_) => Vec::new(),
            None => list_running(&mut tx, now).await?,
        };
        for (place, edition) in editions.iter().enumerate() {
            let share = limit.saturating_sub(due.len()).div_ceil(editions.len() - place);
            if share == 0 {
                break;
            }
            due.extend(self.list_due_of_edition(&mut tx, relay, edition, share, now).await?);
        }

        let mut claims = Claims {
            next_at: order.quiet_until.or(allowance.next_at),
            ..Claims::default()
        };
        let (mut left, mut reserved, mut parked) = (Vec::new(), Vec::new(), Vec::new());
        let is_parked = |row: &Claimed| {
            !paused.is_empty()
                && row.edition_id.is_some()
                && domain::domain_of(&row.recipient).is_some_and(|domain| paused.contains(&domain))
        };
        for row in due {
            if !row.wanted {
                left.push(row.claimed.id);
            } else if is_parked(&row.claimed) {
                parked.push(row.claimed.id);
            } else if !reaches(&row.claimed.recipient) {
                reserved.push(row.claimed.id);
            } else {
                claims.rows.push(Claimed {
                    claim: claim.clone(),
                    ..row.claimed
                });
            }
        }
        claims.skipped = (left.len() + reserved.len()) as u64;
        claims.put_back = parked.len() as u64;
        domain::park(&mut tx, &parked).await?;
        if let Some(domains) = order.domains {
            let rows = std::mem::take(&mut claims.rows);
            let rationed = self.ration(&mut tx, rows, domains, now).await?;
            claims.rows = rationed.rows;
            claims.put_back += rationed.put_back;
            if claims.rows.is_empty() && claims.put_back == 0 && claims.next_at.is_none() {
                claims.next_at = self.next_turn(&mut tx, relay, &editions, now).await?;
            }
        }
        skip(&mut tx, &left, LEFT, now).await?;
        skip(&mut tx, &reserved, RESERVED, now).await?;
        for rows in claims.rows.chunks(CHUNK) {
            let rows = padded(rows);
            let sql = format!(
                "UPDATE outgoing SET state = 'claimed', claim = $1, lease_until = $2 WHERE id IN ({})",
                places(3, rows.len())
            );
            let mut update = sqlx::query(AssertSqlSafe(sql)).bind(&**claim).bind(later(now, lease));
            for row in rows {
                update = update.bind(row.id);
            }
            update.execute(&mut *tx).await?;
        }
        if !order.rates.is_empty() {
            self.spend(&mut tx, &bucket, claims.rows.len()).await?;
        }
        tx.commit().await?;
        Ok(claims)
    }

    /// Hands up to `most` due mails of a relay that rests, or takes our password no more, over to another; how many. What
    /// staff paused is not touched.
    pub async fn pass_on(&self, from: &str, to: &str, most: usize) -> Result<u64> {
        let now = self.now().await?.timestamp_millis();
        let sql = format!(
            "UPDATE outgoing SET relay = $2 WHERE id IN (
                 SELECT o.id FROM outgoing o LEFT JOIN edition e ON e.id = o.edition_id
                 WHERE o.relay = $1 AND o.state IN ('pending', 'deferred') AND o.next_at <= $3
                   AND (o.edition_id IS NULL OR (e.state = 'sending' AND e.due_at <= $3))
                   AND EXISTS (SELECT 1 FROM pause WHERE scope = $4 AND (until > $3 OR (until IS NULL AND who = 'rapporteur')))
                   AND NOT EXISTS (SELECT 1 FROM pause WHERE scope IN ('everything', 'list ' || COALESCE(e.list, ''))
                                                         AND (until IS NULL OR until > $3))
                 ORDER BY o.priority, o.next_at, o.id LIMIT $5{})",
            self.locking()
        );
        let done = sqlx::query(AssertSqlSafe(sql))
            .bind(from)
            .bind(to)
            .bind(now)
            .bind(format!("relay {from}"))
            .bind(most as i64)
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected())
    }

    async fn list_due_personal(&self, tx: &mut Tx, relay: &str, limit: usize, now: DateTime<Utc>) -> Result<Vec<Due>> {
        // Personal mail is few, so that sorting it by priority costs nothing.
        let sql = format!(
            "SELECT o.id, o.edition_id, o.subscriber_id, o.variant_id, o.recipient, NULL AS name, o.sender, o.message,
                    o.list, o.link, o.attempts, o.first_tried_at, 1 AS wanted
             FROM outgoing o
             WHERE o.relay = $1 AND o.edition_id IS NULL AND o.state IN ('pending', 'deferred') AND o.next_at <= $2
             ORDER BY o.priority, o.next_at, o.id LIMIT $3{}",
            self.locking()
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(relay)
            .bind(now.timestamp_millis())
            .bind(limit as i64)
            .fetch_all(&mut **tx)
            .await?;
        rows.iter().map(Due::read).collect()
    }

    async fn list_due_of_edition(
        &self,
        tx: &mut Tx,
        relay: &str,
        (edition, list): &(i64, String),
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>> {
        // The address is read now, not at sealing: a corrected one counts.
        let sql = format!(
            "SELECT o.id, o.edition_id, o.subscriber_id, o.variant_id, p.address AS recipient, p.name, o.sender,
                    o.message, o.list, o.link, o.attempts, o.first_tried_at,
                    CASE WHEN s.state = 'active' AND p.state = 'active' THEN 1 ELSE 0 END AS wanted
             FROM outgoing o
             LEFT JOIN subscriber p ON p.id = o.subscriber_id
             LEFT JOIN subscription s ON s.list = $1 AND s.subscriber_id = o.subscriber_id
             WHERE o.relay = $2 AND o.edition_id = $3 AND o.state IN ('pending', 'deferred') AND o.next_at <= $4
             ORDER BY o.next_at, o.id LIMIT $5{}",
            self.locking()
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(list)
            .bind(relay)
            .bind(*edition)
            .bind(now.timestamp_millis())
            .bind(limit as i64)
            .fetch_all(&mut **tx)
            .await?;
        rows.iter().map(Due::read).collect()
    }

    /// Rows that no other worker has in hand; SQLite has one writer anyway.
    fn locking(&self) -> &'static str {
        match self.kind {
            Kind::Sqlite => "",
            Kind::Postgres => " FOR UPDATE OF o SKIP LOCKED",
        }
    }

    /// Rows that others may read, and nobody changes until the commit.
    fn shared(&self) -> &'static str {
        match self.kind {
            Kind::Sqlite => "",
            Kind::Postgres => " FOR SHARE",
        }
    }

    /// Rows that no other worker changes until the commit.
    fn locked(&self) -> &'static str {
        match self.kind {
            Kind::Sqlite => "",
            Kind::Postgres => " FOR UPDATE OF o",
        }
    }

    /// What delivery needs of an edition; none if there is no such edition.
    pub async fn find_dispatch(&self, edition_id: i64) -> Result<Option<Dispatch>> {
        let row = sqlx::query(
            "SELECT list, epoch, COALESCE(released_at, due_at) AS released_at, settings FROM edition WHERE id = $1",
        )
        .bind(edition_id)
        .fetch_optional(&self.read)
        .await?;
        row.map(|row| {
            Ok(Dispatch {
                id: edition_id,
                list: row.try_get("list")?,
                epoch: row.try_get("epoch")?,
                released_at: from_millis(row.try_get("released_at")?),
                settings: from_json("settings of an edition", row.try_get("settings")?)?,
            })
        })
        .transpose()
    }

    /// A variant's mail as stored: see `mail::Prepared`.
    pub async fn find_variant_message(&self, variant_id: i64) -> Result<Option<String>> {
        let row = sqlx::query("SELECT message FROM variant WHERE id = $1")
            .bind(variant_id)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// A row's state and the relay's last answer.
    pub async fn find_outgoing(&self, id: i64) -> Result<Option<(String, Option<String>)>> {
        let row = sqlx::query("SELECT state, COALESCE(reply, reason) FROM outgoing WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
    }

    /// How many rows are due now or in hand: of editions that are being sent, and personal mail. A row in doubt is due
    /// when its list resends it.
    pub async fn count_due(&self) -> Result<u64> {
        let row = sqlx::query(
            "SELECT COUNT(*) FROM outgoing o LEFT JOIN edition e ON e.id = o.edition_id
             WHERE o.state IN ('pending', 'claimed', 'handoff', 'deferred', 'in-doubt') AND o.next_at <= $1
               AND (o.state <> 'in-doubt' OR o.reason = 'resend')
               AND (o.edition_id IS NULL OR e.state = 'sending')",
        )
        .bind(self.now().await?.timestamp_millis())
        .fetch_one(&self.read)
        .await?;
        Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default())
    }

    /// Rows of an edition by state.
    pub async fn count_states(&self, edition_id: i64) -> Result<BTreeMap<String, i64>> {
        let rows = sqlx::query(
            "SELECT state, CAST(count(*) AS BIGINT) FROM outgoing WHERE edition_id = $1 GROUP BY state ORDER BY state",
        )
        .bind(edition_id)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }
}

/// A row that is due, and whether its person still wants it.
struct Due {
    claimed: Claimed,
    wanted: bool,
}

impl Due {
    fn read(row: &AnyRow) -> Result<Due> {
        let first_tried_at: Option<i64> = row.try_get("first_tried_at")?;
        let recipient: Option<String> = row.try_get("recipient")?;
        let wanted: i64 = row.try_get("wanted")?;
        let link: Option<String> = row.try_get("link")?;
        Ok(Due {
            wanted: wanted == 1 && recipient.is_some(),
            claimed: Claimed {
                id: row.try_get("id")?,
                claim: Arc::from(""),
                edition_id: row.try_get("edition_id")?,
                subscriber_id: row.try_get("subscriber_id")?,
                variant_id: row.try_get("variant_id")?,
                recipient: recipient.unwrap_or_default(),
                name: row.try_get("name")?,
                sender: row.try_get("sender")?,
                message: row.try_get("message")?,
                list: row.try_get("list")?,
                link: link.map(|link| from_json("link", &link)).transpose()?,
                attempts: row.try_get("attempts")?,
                first_tried_at: first_tried_at.map(from_millis),
            },
        })
    }
}

/// The domains that pause, unless the relay or everything does.
/// `for_share`: nobody ends one before the commit, or what is put aside for it would lie for ever.
async fn find_paused_domains(
    tx: &mut Tx,
    relay: &str,
    for_share: &'static str,
    now: DateTime<Utc>,
) -> Result<Option<Vec<String>>> {
    let sql = format!(
        "SELECT scope FROM pause
         WHERE (scope IN ('everything', $1) OR scope LIKE 'domain %') AND (until IS NULL OR until > $2){for_share}"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(format!("relay {relay}"))
        .bind(now.timestamp_millis())
        .fetch_all(&mut **tx)
        .await?;
    let mut domains = Vec::new();
    for row in rows {
        match row.try_get::<&str, _>(0)?.strip_prefix("domain ") {
            Some(domain) => domains.push(domain.to_owned()),
            None => return Ok(None),
        }
    }
    Ok(Some(domains))
}

/// Editions that are being sent and whose list does not pause, in the order of their hour.
async fn list_running(tx: &mut Tx, now: DateTime<Utc>) -> Result<Vec<(i64, String)>> {
    let rows = sqlx::query(
        "SELECT e.id, e.list FROM edition e
         WHERE e.state = 'sending' AND e.due_at <= $1 AND NOT EXISTS (
             SELECT 1 FROM pause WHERE scope = 'list ' || e.list AND (until IS NULL OR until > $1))
           AND NOT EXISTS (SELECT 1 FROM list WHERE name = e.list AND retired_at IS NOT NULL)
         ORDER BY e.due_at, e.id",
    )
    .bind(now.timestamp_millis())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

async fn skip(tx: &mut Tx, ids: &[i64], reason: &'static str, now: DateTime<Utc>) -> Result<()> {
    for ids in ids.chunks(CHUNK) {
        let sql = format!(
            "UPDATE outgoing SET state = 'skipped', reason = $1, answered_at = $2, claim = NULL, lease_until = NULL
             WHERE id IN ({})",
            places(3, ids.len())
        );
        let mut update = sqlx::query(AssertSqlSafe(sql))
            .bind(reason)
            .bind(now.timestamp_millis());
        for id in ids {
            update = update.bind(*id);
        }
        update.execute(&mut **tx).await?;
    }
    Ok(())
}

/// The rows with the last repeated until they are a power of two: naming a row twice changes nothing, and a handful of
/// statements serve all numbers of rows, so that the database need not read a new text for each.
fn padded<T>(rows: &[T]) -> Vec<&T> {
    let mut padded: Vec<&T> = rows.iter().collect();
    if let Some(last) = rows.last() {
        padded.resize(rows.len().next_power_of_two(), last);
    }
    padded
}

/// `$3, $4, $5`
pub(super) fn places(first: usize, count: usize) -> String {
    (first..first + count)
        .map(|place| format!("${place}"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn later(now: DateTime<Utc>, by: Duration) -> i64 {
    now.timestamp_millis()
        .saturating_add(TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX).num_milliseconds())
}
