//! Topics of a report that states none, by the keywords of `config.toml`.
//!
//! In: a report with title and text, and the table of topics. Out: the topics one of whose keywords stands in it. The
//! surprising thing: keywords are whole words, case aside. A language that declines its words needs each form, because
//! a stem would find "port" in "report".

use super::Report;
use super::prose::opening;

/// What a report is about is said within so much text.
const LOOK_AT: usize = 200_000;

pub(super) fn enter(report: &mut Report, table: &[(String, Vec<String>)]) {
    if table.is_empty() || !report.topics.is_empty() || report.provenance.contains_key("topics") {
        return;
    }
    let text = folded(&format!("{}\n{}", report.title, opening(&report.body_text, LOOK_AT)));
    let mut found = Vec::new();
    for (topic, keywords) in table {
        let keyword = keywords.iter().find(|keyword| {
            let folded = folded(keyword);
            folded.len() > 2 && text.contains(&folded)
        });
        if let Some(keyword) = keyword {
            found.push(format!("{topic}: {keyword}"));
            report.topics.push(topic.clone());
        }
    }
    if !found.is_empty() {
        report.note("topics", "keywords of config.toml", &found.join(", "));
    }
}

/// Words in lower case, a blank before, between and behind them.
fn folded(text: &str) -> String {
    let spaced: String = text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    format!(" {} ", spaced.split_whitespace().collect::<Vec<_>>().join(" "))
}
