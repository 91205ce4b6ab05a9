//! Claims, leases, marks and recovery, as the store does them.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use rapporteur::store::{Claimed, Handoff, Order, Outcome, Recovered, Settled};

use super::{HOLD, SETTINGS, row, seed, states};
use crate::database::{TestStore, for_each_database};

const LEASE: Duration = Duration::from_secs(900);
const TEN_MINUTES: Duration = Duration::from_secs(600);

fn order(most: usize) -> Order<'static> {
    Order {
        relay: "outbox",
        most,
        rates: &[],
        domains: None,
        quiet_until: None,
    }
}

async fn claim(test: &TestStore, token: &str, limit: usize) -> Vec<Claimed> {
    test.store
        .claim_outgoing(order(limit), &Arc::from(token), LEASE, |_| true)
        .await
        .unwrap()
        .rows
}

fn handoff(row: &Claimed) -> Handoff {
    Handoff {
        id: row.id,
        claim: row.claim.clone(),
    }
}

fn sent(row: &Claimed) -> Settled {
    Settled {
        id: row.id,
        claim: row.claim.clone(),
        outcome: Outcome::Sent,
        reply: format!("250 {}", row.id),
    }
}

async fn hand_over(test: &TestStore, rows: &[Claimed]) -> usize {
    let handoffs: Vec<Handoff> = rows.iter().map(handoff).collect();
    test.store
        .record_turn(&[], &handoffs, LEASE)
        .await
        .unwrap()
        .allowed
        .len()
}

#[tokio::test]
async fn a_row_is_claimed_by_one_only() {
    for_each_database(|test| async move {
        seed(&test, 50, SETTINGS).await;
        let (one, two) = tokio::join!(claim(&test, "one", 30), claim(&test, "two", 30));
        let mut ids: Vec<i64> = one.iter().chain(&two).map(|row| row.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), one.len() + two.len());
        assert_eq!(one.len() + two.len() + claim(&test, "three", 100).await.len(), 50);
        test
    })
    .await;
}

#[tokio::test]
async fn answers_and_handoffs_become_durable_together() {
    for_each_database(|test| async move {
        seed(&test, 6, SETTINGS).await;
        let rows = claim(&test, "one", 6).await;
        assert_eq!(hand_over(&test, &rows[..3]).await, 3);
        let answers: Vec<Settled> = rows[..3].iter().map(sent).collect();
        let next: Vec<Handoff> = rows[3..].iter().map(handoff).collect();
        let turn = test.store.record_turn(&answers, &next, LEASE).await.unwrap();
        assert_eq!((turn.allowed.len(), turn.left, turn.lost.len()), (3, 0, 0));
        assert_eq!(states(&test).await, "handoff 3, sent 3");
        let reply: String = sqlx::query_scalar("SELECT reply FROM outgoing WHERE id = 2")
            .fetch_one(&test.sql)
            .await
            .unwrap();
        assert_eq!(reply, "250 2");
        test
    })
    .await;
}

/// REL-04 and FLT-23: who slept longer than the lease has lost the row, and notices before the final dot.
#[tokio::test]
async fn a_lease_that_ran_out_allows_no_handoff_and_no_late_answer() {
    for_each_database(|test| async move {
        seed(&test, 2, SETTINGS).await;
        let old = claim(&test, "old", 2).await;
        assert_eq!(hand_over(&test, &old[..1]).await, 1);
        test.clock.advance(TimeDelta::minutes(16));
        assert_eq!(hand_over(&test, &old[1..]).await, 0, "the lease is over");
        let recovered = test.store.recover_expired(TEN_MINUTES).await.unwrap();
        // The refused row was still ours and went back at once.
        assert_eq!(
            recovered,
            Recovered {
                released: 0,
                in_doubt: 1
            }
        );
        let new = claim(&test, "new", 2).await;
        assert_eq!(new.len(), 1);
        assert_eq!(hand_over(&test, &old[1..]).await, 0, "somebody else has it");
        assert_eq!(hand_over(&test, &new).await, 1);
        let turn = test.store.record_turn(&[sent(&old[1])], &[], LEASE).await.unwrap();
        assert_eq!(turn.lost, [old[1].id]);
        assert_eq!(row(&test, old[1].id).await.0, "handoff");
        // But an answer for the row in doubt, which nobody has taken since, settles the doubt.
        let turn = test.store.record_turn(&[sent(&old[0])], &[], LEASE).await.unwrap();
        assert!(turn.lost.is_empty());
        assert_eq!(row(&test, old[0].id).await.0, "sent");
        test
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_is_renewed_holds() {
    for_each_database(|test| async move {
        seed(&test, 2, SETTINGS).await;
        let rows = claim(&test, "one", 2).await;
        test.clock.advance(TimeDelta::minutes(10));
        assert_eq!(
            test.store
                .renew_leases(&[Arc::from("one"), Arc::from("other")], LEASE)
                .await
                .unwrap(),
            2
        );
        test.clock.advance(TimeDelta::minutes(10));
        assert_eq!(
            test.store.recover_expired(TEN_MINUTES).await.unwrap(),
            Recovered::default()
        );
        assert_eq!(hand_over(&test, &rows).await, 2);
        test
    })
    .await;
}

/// REL-05: whoever takes the lock of the database finds what the last one left.
#[tokio::test]
async fn recovery_releases_claims_and_doubts_handoffs_by_the_lists_policy() {
    for_each_database(|test| async move {
        seed(&test, 6, SETTINGS).await;
        test.run(&format!(
            "INSERT INTO edition (id, list, number, cadence, state, sealed_at, due_at, hash, epoch, settings)
             VALUES (2, 'events', 2, 'weekly', 'sending', 0, 0, 'h', 'e1', '{HOLD}');
             UPDATE outgoing SET edition_id = 2 WHERE id > 3"
        ))
        .await;
        let rows = claim(&test, "one", 6).await;
        let handed: Vec<Claimed> = rows.iter().filter(|row| matches!(row.id, 1 | 2 | 4)).cloned().collect();
        assert_eq!(hand_over(&test, &handed).await, 3);
        let recovered = test.store.recover_all(TEN_MINUTES).await.unwrap();
        assert_eq!(
            recovered,
            Recovered {
                released: 3,
                in_doubt: 3
            }
        );
        assert_eq!(row(&test, 1).await, ("in-doubt".into(), "resend".into()));
        assert_eq!(row(&test, 3).await.0, "pending");
        assert_eq!(row(&test, 4).await, ("in-doubt".into(), "hold".into()));
        assert_eq!(test.store.resume_doubts().await.unwrap(), 0);
        test.clock.advance(TimeDelta::minutes(10));
        assert_eq!(test.store.resume_doubts().await.unwrap(), 2);
        test
    })
    .await;
}

#[tokio::test]
async fn an_edition_is_finished_when_nothing_of_it_is_open() {
    for_each_database(|test| async move {
        seed(&test, 5, SETTINGS).await;
        for (state, reason, finished) in [
            ("pending", "", false),
            ("claimed", "", false),
            ("handoff", "", false),
            ("deferred", "refused", false),
            ("in-doubt", "resend", false),
            ("in-doubt", "hold", false),
            ("in-doubt", "settled", true),
            ("failed", "refused", true),
            ("skipped", "left", true),
            ("sent", "", true),
        ] {
            test.run(&format!(
                "UPDATE edition SET state = 'sending'; UPDATE outgoing SET state = 'sent';
                 UPDATE outgoing SET state = '{state}', reason = '{reason}' WHERE id = 3"
            ))
            .await;
            let ids = test.store.finish_editions().await.unwrap();
            assert_eq!(!ids.is_empty(), finished, "{state} {reason}");
        }
        test
    })
    .await;
}

#[tokio::test]
async fn a_pause_by_a_person_outlasts_a_relays_rest() {
    for_each_database(|test| async move {
        test.run("INSERT INTO pause (scope, who, since) VALUES ('relay outbox', 'ada', 0)")
            .await;
        test.store
            .rest_relay("outbox", "connect: refused", test.clock.now())
            .await
            .unwrap();
        assert_eq!(test.store.end_rests().await.unwrap(), 0);
        test
    })
    .await;
}

/// The queries that run all day must not walk through an edition.
#[tokio::test]
async fn claiming_and_recovering_use_their_indexes() {
    let test = TestStore::sqlite().await;
    seed(&test, 10, SETTINGS).await;
    for (sql, index) in [
        (
            "SELECT o.id FROM outgoing o WHERE o.relay = 'outbox' AND o.edition_id = 1
               AND o.state IN ('pending', 'deferred') AND o.next_at <= 5 ORDER BY o.next_at, o.id LIMIT 9",
            "outgoing_due",
        ),
        (
            "SELECT id FROM outgoing WHERE state IN ('claimed', 'handoff', 'in-doubt') AND state = 'handoff'
               AND lease_until <= 5",
            "outgoing_open",
        ),
        (
            "SELECT id FROM outgoing WHERE id IN (1, 2) AND claim = CASE id WHEN 1 THEN 'a' END",
            "INTEGER PRIMARY KEY",
        ),
        (
            "SELECT COALESCE(edition_id, 0) FROM outgoing WHERE state IN ('pending', 'deferred')",
            "outgoing_due",
        ),
    ] {
        let explained = format!("EXPLAIN QUERY PLAN {sql}");
        let plan: Vec<sqlx::any::AnyRow> = sqlx::query(sqlx::AssertSqlSafe(explained))
            .fetch_all(&test.sql)
            .await
            .unwrap();
        let plan: Vec<String> = plan.iter().map(|row| sqlx::Row::get(row, "detail")).collect();
        assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE")), "{plan:?}");
        assert!(plan.iter().any(|step| step.contains(index)), "{sql}: {plan:?}");
    }
}
