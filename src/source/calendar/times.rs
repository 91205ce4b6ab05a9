//! Times of a calendar: days, times of a zone, and times that state none.
//!
//! In: values such as `20260504` or `20260504T183000Z`, and what names their zone. Out: a [`Moment`].

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::lines::Source;
use super::zones;
use crate::report::When;

/// Dates outside these years are slips of the pen.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2200;

/// A day, or a time of a day in a zone, which may be unknown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Moment {
    Day(NaiveDate),
    Time(NaiveDateTime, Option<Tz>),
}

impl Moment {
    pub(super) fn date(self) -> NaiveDate {
        match self {
            Moment::Day(day) => day,
            Moment::Time(time, _) => time.date(),
        }
    }

    /// Its day where another moment is: an exception may be stated in UTC, the series in a zone.
    pub(super) fn date_beside(self, other: Moment) -> NaiveDate {
        match (self, other.zone()) {
            (Moment::Time(..), Some(zone)) => self.instant().with_timezone(&zone).date_naive(),
            _ => self.date(),
        }
    }

    pub(super) fn zone(self) -> Option<Tz> {
        match self {
            Moment::Day(_) => None,
            Moment::Time(_, zone) => zone,
        }
    }

    pub(super) fn when(self) -> When {
        When {
            date: self.date(),
            time: match self {
                Moment::Day(_) => None,
                Moment::Time(time, _) => Some(time.time()),
            },
        }
    }

    /// In UTC; a day by its beginning, a time whose zone nobody knows as if it were UTC.
    pub(super) fn instant(self) -> DateTime<Utc> {
        match self {
            Moment::Day(day) => day.and_time(NaiveTime::MIN).and_utc(),
            Moment::Time(time, Some(zone)) => match zone.from_local_datetime(&time).earliest() {
                Some(instant) => instant.to_utc(),
                None => time.and_utc(),
            },
            Moment::Time(time, None) => time.and_utc(),
        }
    }

    /// The first instant it may mean, wherever one is.
    pub(super) fn earliest(self) -> DateTime<Utc> {
        self.instant() - TimeDelta::hours(if self.zone().is_some() { 0 } else { 14 })
    }

    /// The last one.
    pub(super) fn latest(self) -> DateTime<Utc> {
        match self {
            Moment::Day(_) => self.instant() + TimeDelta::hours(36),
            Moment::Time(_, None) => self.instant() + TimeDelta::hours(12),
            Moment::Time(_, Some(_)) => self.instant(),
        }
    }

    /// Whether both name one occurrence: a day stands for any time of it.
    pub(super) fn is_same(self, other: Moment) -> bool {
        match (self, other) {
            (Moment::Time(..), Moment::Time(..)) => self.instant() == other.instant(),
            _ => self.date() == other.date(),
        }
    }

    /// As long after this as a time is after another.
    pub(super) fn plus(self, length: TimeDelta) -> Option<Moment> {
        match self {
            Moment::Day(day) => Some(Moment::Day(day.checked_add_signed(length)?)),
            Moment::Time(time, None) => Some(Moment::Time(time.checked_add_signed(length)?, None)),
            Moment::Time(_, Some(zone)) => {
                let instant = self.instant().checked_add_signed(length)?;
                Some(Moment::Time(instant.with_timezone(&zone).naive_local(), Some(zone)))
            }
        }
    }

    pub(super) fn day_before(self) -> Option<Moment> {
        Some(Moment::Day(self.date().checked_sub_days(Days::new(1))?))
    }
}

/// What names of zones mean in this calendar.
#[derive(Debug)]
pub(super) struct Zones {
    /// Of times that state none.
    floating: Option<Tz>,
    /// In which instants in UTC are told: the calendar's own, else the source's.
    own: Option<Tz>,
    described: HashMap<String, Tz>,
    unknown: RefCell<BTreeSet<String>>,
}

impl Zones {
    pub(super) fn new(source: &Source<'_>, floating: Option<Tz>) -> Zones {
        let value = |lines: &[&str], name: &str| {
            let line = lines.iter().find(|line| {
                line.get(..name.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(name))
                    && line.get(name.len()..).is_some_and(|rest| rest.starts_with([':', ';']))
            });
            line.and_then(|line| line.split_once(':'))
                .map(|(_, value)| value.trim().to_owned())
        };
        let described = source.zones.iter().filter_map(|lines| {
            let name = value(lines, "TZID")?;
            let place = value(lines, "X-LIC-LOCATION")?;
            Some((name, zones::find(&place)?))
        });
        Zones {
            floating,
            own: value(&source.head, "X-WR-TIMEZONE")
                .and_then(|name| zones::find(&name))
                .or(floating),
            described: described.collect(),
            unknown: RefCell::default(),
        }
    }

    fn find(&self, name: &str) -> Option<Tz> {
        let known = zones::find(name).or_else(|| self.described.get(name).copied());
        if known.is_none() {
            self.unknown.borrow_mut().insert(name.chars().take(60).collect());
        }
        known.or(self.floating)
    }

    /// Names nobody knows.
    pub(super) fn notes(&self) -> Option<String> {
        let unknown = self.unknown.borrow();
        let names: Vec<&str> = unknown.iter().take(5).map(String::as_str).collect();
        (!names.is_empty()).then(|| {
            format!(
                "time zones that are not known: {}; their times are taken as those that state none",
                names.join(", ")
            )
        })
    }

    /// A value of DTSTART and its like. None: it is none, or centuries off.
    pub(super) fn moment(&self, value: &str, zone: Option<&str>) -> Option<Moment> {
        let value = value.trim();
        let day = |text: &str| {
            NaiveDate::parse_from_str(text, "%Y%m%d")
                .ok()
                .filter(|day| YEARS.contains(&day.year()))
        };
        let Some((date, time)) = value.split_once(['T', 't']) else {
            return (value.len() == 8).then(|| day(value).map(Moment::Day))?;
        };
        let (time, is_utc) = match time.strip_suffix(['Z', 'z']) {
            Some(time) => (time, true),
            None => (time, false),
        };
        let time = NaiveTime::parse_from_str(time, "%H%M%S")
            .or_else(|_| NaiveTime::parse_from_str(time, "%H%M"))
            .ok()?;
        let local = day(date)?.and_time(time);
        Some(match (is_utc, zone) {
            (true, _) => match self.own {
                Some(own) => Moment::Time(local.and_utc().with_timezone(&own).naive_local(), Some(own)),
                None => Moment::Time(local, Some(Tz::UTC)),
            },
            (false, Some(name)) => Moment::Time(local, self.find(name)),
            (false, None) => Moment::Time(local, self.floating),
        })
    }
}

/// `PT1H30M`, `P1D`, `P2W` (RFC 5545 section 3.3.6). Backwards or longer than a year is none.
pub(super) fn duration(value: &str) -> Option<TimeDelta> {
    let mut seconds: i64 = 0;
    let mut digits = String::new();
    for char in value
        .trim()
        .strip_prefix(['P', 'p'])
        .or_else(|| value.trim().strip_prefix("+P"))?
        .chars()
    {
        let unit = match char.to_ascii_uppercase() {
            '0'..='9' if digits.len() < 9 => {
                digits.push(char);
                continue;
            }
            'T' if digits.is_empty() => continue,
            'W' => 7 * 86_400,
            'D' => 86_400,
            'H' => 3_600,
            'M' => 60,
            'S' => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(digits.parse::<i64>().ok()?.checked_mul(unit)?)?;
        digits.clear();
    }
    (digits.is_empty() && seconds > 0 && seconds <= 366 * 86_400).then(|| TimeDelta::seconds(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_the_standard_has_them() {
        for (text, seconds) in [
            ("PT1H30M", Some(5_400)),
            ("P1D", Some(86_400)),
            ("P2W", Some(1_209_600)),
            ("+P1DT12H", Some(129_600)),
            ("-PT1H", None),
            ("PT", None),
            ("P99999999999W", None),
            ("1H", None),
        ] {
            assert_eq!(duration(text).map(|length| length.num_seconds()), seconds, "{text}");
        }
    }
}
