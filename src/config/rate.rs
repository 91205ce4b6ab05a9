//! How much a relay may be given: rates, quiet hours, and a plan for its first days.
//!
//! In: `rate`, `quiet` and `ramp` of a section `[relays.NAME]`, and `[delivery.domains]`. Out: at any instant the rates that hold, and whether
//! only personal mail goes. Pure; the buckets that count stand in the store, since all workers share them.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use indexmap::IndexMap;
use serde::Deserialize;

use super::Relay;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Units of a rate, and what they are called.
const SPANS: [(&str, u64); 11] = [
    ("s", 1),
    ("sec", 1),
    ("second", 1),
    ("m", 60),
    ("min", 60),
    ("minute", 60),
    ("h", 3600),
    ("hour", 3600),
    ("d", 86_400),
    ("day", 86_400),
    ("week", 604_800),
];

/// So many mails in such a time: "500/min".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Rate {
    pub count: u32,
    pub span: Duration,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rate, String> {
        let wrong =
            || format!("\"{text}\" is no rate; write one such as \"10/s\", \"500/min\", \"2000/h\" or \"20000/day\"");
        let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
        let count: u32 = count.trim().parse().map_err(|_| wrong())?;
        let unit = unit.trim().to_lowercase();
        let (_, seconds) = SPANS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        if count == 0 {
            return Err(format!(
                "\"{text}\" lets nothing through; `rapporteur pause relay NAME` does that"
            ));
        }
        Ok(Rate {
            count,
            span: Duration::from_secs(*seconds),
        })
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Rate, String> {
        text.parse()
    }
}

/// How much recipient domains may be given, by all relays and workers together: `"example.org" = "20/s"`; `"*"` is each
/// other domain.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct DomainRates(pub IndexMap<String, Rate>);

impl DomainRates {
    /// `domain` in lower case and ASCII.
    pub fn of(&self, domain: &str) -> Option<Rate> {
        self.0.get(domain).or_else(|| self.0.get("*")).copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Hours in which only personal mail goes out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    #[serde(deserialize_with = "hour")]
    pub from: NaiveTime,
    /// Before `from`: on the next day.
    #[serde(deserialize_with = "hour")]
    pub to: NaiveTime,
    #[serde(deserialize_with = "super::list::zone")]
    pub zone: Tz,
}

/// A sender that nobody knows yet begins with few mails a day (BULK-07).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// The first day, in UTC: "2026-12-01".
    pub from: NaiveDate,
    /// Mails on the first day.
    pub first: u32,
    /// Each day as many times more as the day before.
    #[serde(default = "default_growth")]
    pub growth: f64,
}

fn default_growth() -> f64 {
    1.5
}

fn hour<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<NaiveTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    NaiveTime::parse_from_str(&text, "%H:%M")
        .map_err(|_| serde::de::Error::custom(format!("\"{text}\" is no hour; write one such as \"22:00\"")))
}

impl Relay {
    /// The rates that hold now; of two over the same time the smaller.
    pub fn rates(&self, now: DateTime<Utc>) -> Vec<Rate> {
        let mut rates: Vec<Rate> = Vec::new();
        let ramp = self.ramp.as_ref().and_then(|ramp| ramp.rate(now));
        for rate in self.rate.iter().copied().chain(ramp) {
            match rates.iter_mut().find(|known| known.span == rate.span) {
                Some(known) => known.count = known.count.min(rate.count),
                None => rates.push(rate),
            }
        }
        rates
    }

    /// When its quiet hours end, if they are now.
    pub fn quiet_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let quiet = self.quiet.as_ref()?;
        let local = now.with_timezone(&quiet.zone);
        let (day, time) = (local.date_naive(), local.time());
        let is_over_midnight = quiet.to <= quiet.from;
        let is_quiet = match is_over_midnight {
            true => time >= quiet.from || time < quiet.to,
            false => time >= quiet.from && time < quiet.to,
        };
        let end = match is_over_midnight && time >= quiet.from {
            true => day.checked_add_days(Days::new(1))?,
            false => day,
        };
        // An hour that the change of clocks leaves out does not come: then look again in an hour.
        let end = quiet.zone.from_local_datetime(&end.and_time(quiet.to)).latest();
        is_quiet.then(|| end.map_or(now + chrono::TimeDelta::hours(1), |end| end.to_utc()))
    }
}

impl Ramp {
    /// None once it lets more through than anybody sends.
    fn rate(&self, now: DateTime<Utc>) -> Option<Rate> {
        const NO_LIMIT: f64 = 10_000_000.0;
        let day = (now.date_naive() - self.from).num_days().max(0);
        let count = f64::from(self.first) * self.growth.max(1.0).powi(i32::try_from(day).unwrap_or(i32::MAX));
        (count < NO_LIMIT).then_some(Rate {
            // Whole mails; the bound above keeps it within the type.
            count: (count as u32).max(1),
            span: DAY,
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    fn relay(more: &str) -> Relay {
        toml::from_str(&format!("kind = \"smtp\"\n{more}")).unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_rate_is_a_number_and_a_time() {
        let rate = |count, seconds| Rate {
            count,
            span: Duration::from_secs(seconds),
        };
        assert_eq!("500/min".parse(), Ok(rate(500, 60)));
        assert_eq!(" 10 / s".parse(), Ok(rate(10, 1)));
        for wrong in ["500", "many/min", "0/min", "5/fortnight", "-1/s"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_plan_for_the_first_days_grows_day_by_day_and_ends() {
        let relay =
            relay("rate = [\"500/min\", \"300/day\"]\nramp = { from = \"2026-12-01\", first = 100, growth = 2.0 }");
        let day = |text: &str| {
            relay
                .rates(at(text))
                .iter()
                .find(|rate| rate.span == DAY)
                .map(|rate| rate.count)
        };
        assert_eq!(
            day("2026-11-20T12:00:00Z"),
            Some(100),
            "before its first day it is as on that day"
        );
        assert_eq!(day("2026-12-01T12:00:00Z"), Some(100));
        assert_eq!(day("2026-12-02T12:00:00Z"), Some(200));
        assert_eq!(day("2027-12-02T12:00:00Z"), Some(300), "the relay's own limit stays");
    }

    #[test]
    fn quiet_hours_go_over_midnight_in_their_own_zone() {
        let relay = relay("quiet = { from = \"22:00\", to = \"07:00\", zone = \"Europe/Berlin\" }");
        assert_eq!(relay.quiet_until(at("2026-12-01T20:59:00Z")), None);
        let end = Some(at("2026-12-02T06:00:00Z"));
        assert_eq!(relay.quiet_until(at("2026-12-01T21:00:00Z")), end);
        assert_eq!(relay.quiet_until(at("2026-12-02T05:59:00Z")), end);
        assert_eq!(relay.quiet_until(at("2026-12-02T06:00:00Z")), None);
    }
}
