//! The order in which an edition tells its reports, and the groups it tells them in. Pure.
//!
//! In: the items, today, the editor's order. Out: the same items, ordered; nothing is dropped. Upcoming events come
//! before held ones, the soonest first; held ones the newest first; undated ones last; notices of corrections after
//! all reports. The surprising part: groups appear only when they help, from six reports and two groups of two.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};

use super::Item;

/// Fewer reports than this are told without groups.
const GROUPS_FROM: usize = 6;

/// A group has at least this many reports, and there are at least this many groups.
const WORTH_A_GROUP: usize = 2;

/// Reports told together, under a heading if they have one in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The series or topic; none for reports that belong to no group.
    pub title: Option<String>,
    pub items: Vec<Item>,
}

/// Puts items in the order of the digest. `order` holds the editor's wish: slugs, row ids or the editor's own keys.
pub fn arrange(mut items: Vec<Item>, today: NaiveDate, order: &[String]) -> Vec<Item> {
    items.sort_by_cached_key(|item| (item.matter.is_correction(), wished(item, order), place(item, today)));
    items
}

fn wished(item: &Item, order: &[String]) -> usize {
    let id = item.report_id.to_string();
    let named = |wish: &String| *wish == item.slug || *wish == id || item.report.handling.id.as_ref() == Some(wish);
    order.iter().position(named).unwrap_or(usize::MAX)
}

/// Sorts by class (upcoming, held, undated), then by date, then by first sight.
type Place = (
    u8,
    Option<(NaiveDate, Option<NaiveTime>)>,
    Reverse<Option<(NaiveDate, NaiveDate)>>,
    i64,
);

fn place(item: &Item, today: NaiveDate) -> Place {
    let Some(start) = item.report.event.start else {
        return (2, None, Reverse(None), item.report_id);
    };
    if is_upcoming(item, today) {
        (0, Some((start.date, start.time)), Reverse(None), item.report_id)
    } else {
        (
            1,
            None,
            Reverse(Some((last_day(item, start.date), start.date))),
            item.report_id,
        )
    }
}

fn last_day(item: &Item, start: NaiveDate) -> NaiveDate {
    item.report.event.end.map_or(start, |end| end.date.max(start))
}

/// Whether the event is still to come or goes on: its last day is today or later.
pub fn is_upcoming(item: &Item, today: NaiveDate) -> bool {
    let start = item.report.event.start;
    start.is_some_and(|start| last_day(item, start.date) >= today)
}

/// Groups arranged reports by series, else by first topic; one group without a title if that would not help.
pub fn group(items: &[Item]) -> Vec<Group> {
    let series = |item: &Item| item.report.series.clone();
    let topic = |item: &Item| item.report.topics.first().cloned();
    if items.len() >= GROUPS_FROM
        && let Some(groups) = group_by(items, series).or_else(|| group_by(items, topic))
    {
        return groups;
    }
    vec![Group {
        title: None,
        items: items.to_vec(),
    }]
}

/// Groups in the order of their first items, what belongs to none of them last; none if fewer than two are worth it.
fn group_by(items: &[Item], key: impl Fn(&Item) -> Option<String>) -> Option<Vec<Group>> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for title in items.iter().filter_map(&key) {
        *counts.entry(title).or_default() += 1;
    }
    counts.retain(|_, count| *count >= WORTH_A_GROUP);
    if counts.len() < WORTH_A_GROUP {
        return None;
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut rest = Vec::new();
    for item in items {
        let Some(title) = key(item).filter(|title| counts.contains_key(title)) else {
            rest.push(item.clone());
            continue;
        };
        match groups.iter_mut().find(|group| group.title.as_ref() == Some(&title)) {
            Some(group) => group.items.push(item.clone()),
            None => groups.push(Group {
                title: Some(title),
                items: vec![item.clone()],
            }),
        }
    }
    if !rest.is_empty() {
        groups.push(Group {
            title: None,
            items: rest,
        });
    }
    Some(groups)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test may fail loudly")]

    use super::*;
    use crate::edition::Matter;
    use crate::report::{Event, Report, When};

    fn item(id: i64, date: Option<&str>, series: Option<&str>) -> Item {
        let start = date.map(|date| When {
            date: date.parse().expect("a date"),
            time: None,
        });
        Item {
            report_id: id,
            revision: 1,
            matter: Matter::Report,
            slug: format!("r{id}"),
            note: None,
            report: Report {
                title: format!("Report {id}"),
                series: series.map(str::to_owned),
                event: Event {
                    start,
                    ..Event::default()
                },
                ..Report::default()
            },
        }
    }

    fn ids(items: &[Item]) -> Vec<i64> {
        items.iter().map(|item| item.report_id).collect()
    }

    fn today() -> NaiveDate {
        "2026-05-04".parse().expect("a date")
    }

    #[test]
    fn upcoming_soonest_first_then_held_newest_first_then_undated() {
        let items = vec![
            item(1, None, None),
            item(2, Some("2019-01-28"), None),
            item(3, Some("2026-09-01"), None),
            item(4, Some("2026-05-01"), None),
            item(5, Some("2026-05-04"), None),
            item(6, None, None),
        ];
        assert_eq!(ids(&arrange(items, today(), &[])), [5, 3, 4, 2, 1, 6]);
    }

    #[test]
    fn the_editors_order_comes_first_and_corrections_come_last() {
        let mut correction = item(7, Some("2026-09-01"), None);
        correction.matter = Matter::Correction(2);
        let items = vec![correction, item(1, Some("2026-09-02"), None), item(2, None, None)];
        assert_eq!(
            ids(&arrange(items, today(), &["r2".into(), "nothing".into()])),
            [2, 1, 7]
        );
    }

    #[test]
    fn an_event_that_goes_on_is_upcoming() {
        let mut long = item(1, Some("2026-05-01"), None);
        long.report.event.end = Some("2026-05-09".parse().expect("a date"));
        assert!(is_upcoming(&long, today()));
    }

    #[test]
    fn groups_need_six_reports_and_two_groups_of_two() {
        let five: Vec<Item> = [Some("A"), Some("A"), Some("B"), Some("B"), None]
            .iter()
            .zip(1..)
            .map(|(series, id)| item(id, None, *series))
            .collect();
        assert_eq!(group(&five).len(), 1);

        let mut six = five.clone();
        six.push(item(6, None, Some("C")));
        let groups = group(&six);
        let told: Vec<_> = groups
            .iter()
            .map(|group| (group.title.as_deref(), ids(&group.items)))
            .collect();
        assert_eq!(
            told,
            [(Some("A"), vec![1, 2]), (Some("B"), vec![3, 4]), (None, vec![5, 6])]
        );

        for item in &mut six {
            item.report.series = Some("A".into());
        }
        assert_eq!(group(&six).len(), 1, "one group is no grouping");
    }
}
