//! When a cadence is due: a cron expression in a time zone, as instants in UTC.
//!
//! In: the five or six fields of a cron expression ([`Schedule::parse`]), a zone and an instant. Out: the next slots.
//! Pure: it never asks for the time. The `cron` crate steps over wall-clock times only; zones are applied here, because
//! on its own it skips what falls into the skipped hour of spring and runs twice in the repeated hour of autumn.
//!
//! The surprising thing: there are two kinds of schedule. One with fixed hours follows the clock on the wall and runs
//! once a day on every day of the year. One that names every hour (`*`, `*/2`, `0-23`) is an interval and follows
//! elapsed time, so that an hour lived twice counts twice.

mod parse;

use chrono::{DateTime, Duration, FixedOffset, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Slots further back than this are not looked for: a machine that was off for longer starts afresh.
pub const LOOK_BACK: TimeDelta = Duration::days(400);

/// No zone changes its offset twice within this time, so that looking this far ahead at a time misses no change.
const ZONE_STEP: TimeDelta = Duration::hours(6);

/// Why an expression is refused: what is wrong and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cron expression \"{expression}\": {problem}")]
pub struct Error {
    pub expression: String,
    pub problem: String,
}

/// A checked cron expression. Equal when written the same.
#[derive(Clone, Debug)]
pub struct Schedule {
    expression: String,
    /// One, or two when day of month and day of week are both restricted: either may match.
    walls: Vec<cron::Schedule>,
    /// Follows elapsed time instead of the clock on the wall.
    interval: bool,
}

/// One run of a schedule, as `schedule --json` prints it beside list and cadence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Slot {
    pub utc: DateTime<Utc>,
    /// What the clock on the wall shows then.
    pub local: NaiveDateTime,
    #[serde(serialize_with = "as_text")]
    pub offset: FixedOffset,
}

impl Slot {
    pub fn at(utc: DateTime<Utc>, zone: Tz) -> Self {
        let offset = offset_at(zone, utc);
        Slot {
            utc,
            local: utc.naive_utc() + offset,
            offset,
        }
    }
}

impl Schedule {
    pub fn parse(expression: &str) -> Result<Self, Error> {
        parse::parse(expression)
    }

    /// The expression as written.
    pub fn as_str(&self) -> &str {
        &self.expression
    }

    /// The first run after `after`, never `after` itself. None only beyond the year 2100.
    pub fn next_after(&self, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.interval {
            self.next_elapsed(zone, after)
        } else {
            self.next_fixed(zone, after)
        }
    }

    /// All runs after `after`, in order.
    pub fn slots_after(&self, zone: Tz, after: DateTime<Utc>) -> impl Iterator<Item = Slot> + '_ {
        std::iter::successors(self.next_after(zone, after), move |last| self.next_after(zone, *last))
            .map(move |utc| Slot::at(utc, zone))
    }

    /// The runs that fell due: after `after` and not later than `until`, no further back than [`LOOK_BACK`].
    pub fn slots_between(
        &self,
        zone: Tz,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> impl Iterator<Item = Slot> + '_ {
        self.slots_after(zone, after.max(until - LOOK_BACK))
            .take_while(move |slot| slot.utc <= until)
    }

    /// Fixed hours: each wall-clock time stands for one instant, and the first instant after `after` is the answer.
    fn next_fixed(&self, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut wall = after.naive_utc() + offset_at(zone, after);
        loop {
            wall = self.next_wall(wall)?;
            let instant = instant_of(zone, wall);
            // Not so for times of the skipped hour, which share an instant, and for those of the repeated hour while
            // it is lived again.
            if instant > after {
                return Some(instant);
            }
        }
    }

    /// Intervals: walks from one change of the zone's offset to the next, so that each instant is looked at once.
    fn next_elapsed(&self, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut from = after;
        loop {
            let offset = offset_at(zone, from);
            let candidate = (self.next_wall(from.naive_utc() + offset)? - offset).and_utc();
            match first_change(zone, from, candidate) {
                None => return Some(candidate),
                // A run at the very instant of the change counts, hence the second before it. The wall-clock time is
                // that of the new offset.
                Some(change) => {
                    let offset = offset_at(zone, change);
                    let wall = change.naive_utc() + offset;
                    if self.next_wall(wall - Duration::seconds(1)) == Some(wall) {
                        return Some(change);
                    }
                    from = change;
                }
            }
        }
    }

    /// The next matching wall-clock time after `wall`, as if every day had 24 hours.
    fn next_wall(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let after = wall.and_utc();
        self.walls
            .iter()
            .filter_map(|schedule| schedule.after(&after).next())
            .min()
            .map(|found| found.naive_utc())
    }
}

fn offset_at(zone: Tz, instant: DateTime<Utc>) -> FixedOffset {
    zone.offset_from_utc_datetime(&instant.naive_utc()).fix()
}

/// The instant a wall-clock time stands for: the first of two, or the end of the gap it falls into.
fn instant_of(zone: Tz, wall: NaiveDateTime) -> DateTime<Utc> {
    if let Some(instant) = zone.from_local_datetime(&wall).earliest() {
        return instant.to_utc();
    }
    // In a gap. Offsets lie between -12 and +14 hours, so a day to either side is before and after it.
    let shows_earlier = |instant: DateTime<Utc>| instant.naive_utc() + offset_at(zone, instant) < wall;
    let noon = wall.and_utc();
    bisect(noon - Duration::days(1), noon + Duration::days(1), shows_earlier)
}

/// The first instant after `from`, up to and including `until`, at which another offset holds than at `from`.
fn first_change(zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let offset = offset_at(zone, from);
    let mut low = from;
    while low < until {
        let high = until.min(low + ZONE_STEP);
        if offset_at(zone, high) != offset {
            return Some(bisect(low, high, |instant| offset_at(zone, instant) == offset));
        }
        low = high;
    }
    None
}

/// The first whole second at which `before` no longer holds; it holds at `low` and not at `high`.
fn bisect(low: DateTime<Utc>, high: DateTime<Utc>, before: impl Fn(DateTime<Utc>) -> bool) -> DateTime<Utc> {
    let (mut low, mut high) = (low.timestamp(), high.timestamp());
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match DateTime::from_timestamp(middle, 0) {
            Some(instant) if before(instant) => low = middle,
            _ => high = middle,
        }
    }
    DateTime::from_timestamp(high, 0).unwrap_or(DateTime::UNIX_EPOCH)
}

fn as_text<S: serde::Serializer>(offset: &FixedOffset, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(offset)
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression
    }
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.expression)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Schedule::parse(&text).map_err(serde::de::Error::custom)
    }
}
