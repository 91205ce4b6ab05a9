//! The dialect: POSIX crontab with names, steps and an optional field of seconds in front; the rest is refused.
//!
//! Every field becomes the plain list of its values before the `cron` crate sees it, because that crate counts weekdays
//! from Sunday = 1, asks for seconds, and wants day of month AND day of week where crontab means either.

use super::{Error, Schedule};

/// What a field may hold.
struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    /// Names for values, the first stands for `low`.
    names: &'static [&'static str],
}

const SECOND: Field = plain("second", 0, 59);
const MINUTE: Field = plain("minute", 0, 59);
const HOUR: Field = plain("hour", 0, 23);
const DAY: Field = plain("day of month", 1, 31);
const MONTH: Field = Field {
    name: "month",
    low: 1,
    high: 12,
    names: &[
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ],
};
/// 0 and 7 are both Sunday.
const WEEKDAY: Field = Field {
    name: "day of week",
    low: 0,
    high: 7,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
};

const fn plain(name: &'static str, low: u32, high: u32) -> Field {
    Field {
        name,
        low,
        high,
        names: &[],
    }
}

/// The words crontab knows for a whole expression.
const WORDS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

pub(super) fn parse(expression: &str) -> Result<Schedule, Error> {
    let refuse = |problem: String| Error {
        expression: expression.to_owned(),
        problem,
    };
    let expression = expression.trim();
    let fields = match WORDS.iter().find(|(word, _)| *word == expression) {
        Some((_, fields)) => fields,
        None if expression.starts_with('@') => {
            return Err(refuse(format!(
                "this word is not known; write five fields, or one of {}",
                WORDS.map(|(word, _)| word).join(" ")
            )));
        }
        None => expression,
    };
    let parts: Vec<&str> = fields.split_ascii_whitespace().collect();
    let (second, [minute, hour, day, month, weekday]) = match *parts {
        [minute, hour, day, month, weekday] => ("0", [minute, hour, day, month, weekday]),
        [second, minute, hour, day, month, weekday] => (second, [minute, hour, day, month, weekday]),
        _ => {
            return Err(refuse(format!(
                "it has {} fields; write five: minute, hour, day of month, month, day of week (six with seconds in front), such as \"0 8 * * MON\"",
                parts.len()
            )));
        }
    };

    let values = |field: &Field, text: &str| values(field, text).map_err(refuse);
    let seconds = values(&SECOND, second)?;
    let minutes = values(&MINUTE, minute)?;
    let hours = values(&HOUR, hour)?;
    let days = values(&DAY, day)?;
    let months = values(&MONTH, month)?;
    // The cron crate counts from Sunday = 1.
    let mut weekdays: Vec<u32> = values(&WEEKDAY, weekday)?.iter().map(|day| day % 7 + 1).collect();
    weekdays.sort_unstable();
    weekdays.dedup();

    let wall = |days: &str, weekdays: &str| {
        let text = format!(
            "{} {} {} {days} {} {weekdays}",
            list(&seconds),
            list(&minutes),
            list(&hours),
            list(&months)
        );
        text.parse::<cron::Schedule>()
            .map_err(|error| refuse(error.to_string()))
    };
    // crontab(5): if both are restricted, that is, do not begin with `*`, either may match; else both must.
    let walls = if day.starts_with('*') || weekday.starts_with('*') {
        vec![wall(&list(&days), &list(&weekdays))?]
    } else {
        vec![wall(&list(&days), "*")?, wall("*", &list(&weekdays))?]
    };
    let schedule = Schedule {
        expression: expression.to_owned(),
        walls,
        interval: hour.split(',').any(|part| part.starts_with('*')) || hours.len() == 24,
    };
    // A leap year begins the search, so that 29 February is found.
    if schedule.next_wall(chrono::DateTime::UNIX_EPOCH.naive_utc()).is_none() {
        return Err(refuse(format!(
            "it never fires: no such month has a day {}",
            list(&days)
        )));
    }
    Ok(schedule)
}

fn list(values: &[u32]) -> String {
    values.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// All values of one field, ascending and each once; or what is wrong with it.
fn values(field: &Field, text: &str) -> Result<Vec<u32>, String> {
    let mut all = Vec::new();
    for part in text.split(',') {
        all.extend(part_values(field, part, text)?);
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// One part of a field: `*`, a value, a range, each but the value with a step.
fn part_values(field: &Field, part: &str, text: &str) -> Result<impl Iterator<Item = u32> + use<>, String> {
    let Field { name, low, high, .. } = *field;
    let wrong = |why: String| format!("{name} \"{text}\": {why}");
    if part.is_empty() {
        return Err(wrong("a value is missing beside a comma".into()));
    }
    let (range, step) = match part.split_once('/') {
        None => (part, None),
        Some((range, step)) => match step.parse::<usize>() {
            Ok(step) if step > 0 && step <= (high - low) as usize => (range, Some(step)),
            _ => {
                return Err(wrong(format!(
                    "the step \"{step}\" must be a number from 1 to {}",
                    high - low
                )));
            }
        },
    };
    let (first, last) = match range.split_once('-') {
        // 7 is left out: it is Sunday again, and a step would count it as an eighth day.
        _ if range == "*" => (low, if name == WEEKDAY.name { 6 } else { high }),
        Some((first, last)) => {
            let first = value(field, first).map_err(wrong)?;
            match value(field, last).map_err(wrong)? {
                0 if name == WEEKDAY.name && first > 0 => (first, 7),
                last => (first, last),
            }
        }
        None => {
            let only = value(field, range).map_err(wrong)?;
            if step.is_some() {
                return Err(wrong(format!(
                    "a step needs a range; write \"{range}-{high}/{}\"",
                    step.unwrap_or(1)
                )));
            }
            (only, only)
        }
    };
    if first > last {
        return Err(wrong(format!(
            "the range {range} runs backwards; write it as two, parted by a comma"
        )));
    }
    Ok((first..=last).step_by(step.unwrap_or(1)))
}

fn value(field: &Field, text: &str) -> Result<u32, String> {
    if let Some(index) = field.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        return Ok(field.low + index as u32);
    }
    let Field { low, high, .. } = *field;
    // `u32::from_str` takes a plus sign, which crontab does not.
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return match text.parse() {
            Ok(number) if (low..=high).contains(&number) => Ok(number),
            _ => Err(format!("{text} is not between {low} and {high}")),
        };
    }
    if text == "?" || text.contains(['L', 'W', '#']) && field.names.is_empty() || text.contains('#') || text == "L" {
        return Err(format!(
            "\"{text}\" is not supported (nor are ?, L, W and #); write \"*\", values, ranges or steps"
        ));
    }
    let names = match field.names {
        [] => String::new(),
        names => format!(", or a name: {}", names.join(" ")),
    };
    Err(format!("\"{text}\" is not a number from {low} to {high}{names}"))
}
