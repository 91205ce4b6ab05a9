//! The editor's hand: `next/<list>.md`, and `next/<list>.de.md` for one language, used by the next sealing of the list.
//!
//! Front matter `subject`, `preheader`, `order`, `without`; the body is the note on top. Once sealed, the words are
//! kept with the edition and the files move to `next/used/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::{House, read_optional};
use crate::edition::Hand;

/// What the editor left for a list's next edition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hands {
    /// By language; the empty key serves all others.
    pub by_language: BTreeMap<String, Hand>,
    files: Vec<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Front {
    subject: Option<String>,
    preheader: Option<String>,
    order: Vec<Word>,
    without: Vec<Word>,
}

/// A report by id or slug.
#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    Id(i64),
    Slug(String),
}

impl From<Word> for String {
    fn from(word: Word) -> String {
        match word {
            Word::Id(id) => id.to_string(),
            Word::Slug(slug) => slug,
        }
    }
}

/// Reads what lies in `next/` for a list. A file that does not parse is an error: better no edition than one without
/// the editor's words.
pub fn read_hands(house: &House, list: &str) -> anyhow::Result<Hands> {
    let folder = house.config.root.join("next");
    let languages = house.config.list(list)?.languages(&house.config.institute).to_vec();
    let mut hands = Hands::default();
    for language in std::iter::once(String::new()).chain(languages) {
        let dot = if language.is_empty() { "" } else { "." };
        let file = folder.join(format!("{list}{dot}{language}.md"));
        if let Some(text) = read_optional(&file)? {
            let hand = parse(&text).with_context(|| format!("{}", file.display()))?;
            hands.by_language.insert(language, hand);
            hands.files.push(file);
        }
    }
    Ok(hands)
}

impl Hands {
    /// Moves the files to `next/used/`, under the edition's number, so that they serve once.
    pub fn put_away(&self, number: i64) -> anyhow::Result<()> {
        for file in &self.files {
            let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
                continue;
            };
            let used = folder.join("used");
            std::fs::create_dir_all(&used).with_context(|| format!("cannot make {}", used.display()))?;
            let to = used.join(format!("{number}-{}", name.to_string_lossy()));
            std::fs::rename(file, &to)
                .with_context(|| format!("cannot move {} to {}", file.display(), to.display()))?;
        }
        Ok(())
    }
}

/// A note of the command line: a Markdown file, with or without front matter.
pub fn read_note(path: &Path) -> anyhow::Result<Hand> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| format!("{}", path.display()))
}

/// Front matter between lines of `---` (YAML) or `+++` (TOML), then the note.
fn parse(text: &str) -> anyhow::Result<Hand> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let (front, note) = match text.split_once('\n') {
        Some(("---", rest)) => {
            let (yaml, note) = cut(rest, "---")?;
            (from_yaml(yaml)?, note)
        }
        Some(("+++", rest)) => {
            let (toml, note) = cut(rest, "+++")?;
            (toml::from_str::<Front>(toml).context("front matter")?, note)
        }
        _ => (Front::default(), text.as_str()),
    };
    let note = note.trim();
    Ok(Hand {
        subject: front.subject,
        preheader: front.preheader,
        order: front.order.into_iter().map(String::from).collect(),
        without: front.without.into_iter().map(String::from).collect(),
        note: (!note.is_empty()).then(|| note.to_owned()),
    })
}

fn cut<'a>(rest: &'a str, mark: &str) -> anyhow::Result<(&'a str, &'a str)> {
    if let Some(note) = rest.strip_prefix(mark) {
        return Ok(("", note));
    }
    rest.split_once(&format!("\n{mark}"))
        .with_context(|| format!("the front matter that begins in line 1 does not end; write a line `{mark}` after it"))
}

fn from_yaml(yaml: &str) -> anyhow::Result<Front> {
    use yaml_rust2::{Yaml, YamlLoader};
    let documents = YamlLoader::load_from_str(yaml)
        .map_err(|error| anyhow::anyhow!("line {}: {}", error.marker().line() + 1, error.info()))?;
    let mut front = Front::default();
    let Some(Yaml::Hash(keys)) = documents.into_iter().next() else {
        return Ok(front);
    };
    for (key, value) in keys {
        let key = key.as_str().unwrap_or_default().to_owned();
        let words = |value: Yaml| -> anyhow::Result<Vec<Word>> {
            let values = match value {
                Yaml::Array(values) => values,
                one => vec![one],
            };
            let word = |value: Yaml| match value {
                Yaml::Integer(id) => Ok(Word::Id(id)),
                Yaml::String(slug) => Ok(Word::Slug(slug)),
                _ => bail!("`{key}` takes report ids or slugs: {key}: [12, some-title]"),
            };
            values.into_iter().map(word).collect()
        };
        match (key.as_str(), value) {
            ("subject", Yaml::String(text)) => front.subject = Some(text),
            ("preheader", Yaml::String(text)) => front.preheader = Some(text),
            ("order", value) => front.order = words(value)?,
            ("without", value) => front.without = words(value)?,
            ("subject" | "preheader", _) => bail!("`{key}` takes a line of text; put it in quotation marks"),
            _ => bail!("`{key}` is not known here; there are subject, preheader, order and without"),
        }
    }
    Ok(front)
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "tests fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn a_note_with_front_matter_in_either_form_reads_the_same() {
        let yaml = "---\nsubject: Two evenings in May\norder: [12, a-title]\nwithout: 7\n---\n\nA *note*.\n";
        let toml = "+++\nsubject = \"Two evenings in May\"\norder = [12, \"a-title\"]\nwithout = [7]\n+++\nA *note*.\n";
        let hand = parse(yaml).expect("yaml");
        assert_eq!(hand, parse(toml).expect("toml"));
        assert_eq!(hand.order, ["12", "a-title"]);
        assert_eq!(hand.note.as_deref(), Some("A *note*."));
    }

    #[test]
    fn a_file_without_front_matter_is_all_note() {
        let hand = parse("Dear all,\n\nwelcome back.\n").expect("a note");
        assert_eq!(hand.note.as_deref(), Some("Dear all,\n\nwelcome back."));
        assert_eq!(hand.subject, None);
    }

    #[test]
    fn mistakes_in_front_matter_are_named() {
        for (text, says) in [
            ("---\nsubjekt: x\n---\n", "`subjekt` is not known here"),
            ("---\nsubject: x\n", "does not end"),
            ("---\nsubject: [x\n---\n", "line"),
            ("---\norder: [{a: 1}]\n---\n", "ids or slugs"),
        ] {
            let error = format!("{:#}", parse(text).expect_err("a mistake"));
            assert!(error.contains(says), "{error}");
        }
    }
}
