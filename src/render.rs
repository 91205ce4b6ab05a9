//! Templates and words: data in, text out, with no way from a template to a file, the network or the environment.
//!
//! In: the templates of `templates/`, embedded, each replaced by a file of the same name below the institute's own
//! folder. Out: rendered text. All are loaded and parsed at start; an unknown variable is an error and every error
//! names file and line. The surprising part: the suffix decides about escaping (`.html` escapes, `.txt` and `.css`
//! do not), so other suffixes are refused; and an overriding `.ftl` file is laid over ours instead of replacing it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use rust_embed::RustEmbed;
use serde::Serialize;
use tera::Tera;

use crate::report::Event;

mod dates;
mod filters;
mod line;
mod registry;
mod words;

pub use line::one_line;
pub use registry::{Entry, registry};
pub use words::{Words, direction, direction_of, isolate};

/// No page and no mail of ours comes near this; a template that writes more is stuck in a loop.
const MAX_OUTPUT: usize = 8 << 20;

/// What a template may be. Only `.html` is escaped.
const SUFFIXES: [&str; 3] = [".html", ".txt", ".css"];

/// Template folders deeper than this are not followed.
const MAX_DEPTH: usize = 8;

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Embedded;

/// What is wrong with a template, and where.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{file}, line {line}: {reason}")]
    Template { file: String, line: usize, reason: String },
    #[error("{file}, line {line}: {reason}")]
    Words { file: String, line: usize, reason: String },
    #[error("{file}: {reason}")]
    File { file: String, reason: String },
    #[error("there is no template `{0}`; templates are .html, .txt and .css files below the templates folder")]
    Missing(String),
}

/// All templates and words, ready to render. Cloning is cheap.
#[derive(Clone)]
pub struct Templates {
    tera: Arc<Tera>,
    words: Arc<Words>,
    /// Template name to the file it came from, for errors.
    origins: Arc<BTreeMap<String, String>>,
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Templates").field("origins", &self.origins).finish()
    }
}

impl Templates {
    /// Loads the embedded templates and, over them, those below `dir`. A folder that is not there overrides nothing.
    pub fn load(dir: Option<&Path>) -> Result<Self, Error> {
        let mut files: BTreeMap<String, (String, String)> = BTreeMap::new();
        let mut layers: Vec<(String, String, String)> = Vec::new();
        for name in Embedded::iter() {
            let bytes = Embedded::get(&name).map(|file| file.data).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            sort_in(
                &name,
                format!("templates/{name} (built in)"),
                text,
                &mut files,
                &mut layers,
            )?;
        }
        if let Some(dir) = dir.filter(|dir| dir.is_dir()) {
            for (name, path) in list_overrides(dir)? {
                let text = std::fs::read_to_string(&path).map_err(|error| Error::File {
                    file: path.display().to_string(),
                    reason: format!("cannot be read as UTF-8 text: {error}"),
                })?;
                sort_in(&name, path.display().to_string(), text, &mut files, &mut layers)?;
            }
        }

        let mut words = Words::default();
        for (language, origin, text) in layers {
            words.add(&language, &origin, text)?;
        }
        let words = Arc::new(words);

        let mut tera = Tera::new();
        tera.autoescape_on([".html"]);
        filters::register(&mut tera, &words);
        let origins: BTreeMap<String, String> = files
            .iter()
            .map(|(name, (origin, _))| (name.clone(), origin.clone()))
            .collect();
        tera.add_raw_templates(files.iter().map(|(name, (_, text))| (name.as_str(), text.as_str())))
            .map_err(|error| explain(&error, "", &origins))?;
        Ok(Templates {
            tera: Arc::new(tera),
            words,
            origins: Arc::new(origins),
        })
    }

    /// The built-in templates and words, by path below the templates folder: what `init` lays out to be changed.
    pub fn built_in() -> impl Iterator<Item = (String, Vec<u8>)> {
        Embedded::iter().filter_map(|name| Some((name.to_string(), Embedded::get(&name)?.data.into_owned())))
    }

    /// Renders `name` (such as `mail/digest.html`) with the fields of `context`.
    pub fn render(&self, name: &str, context: &impl Serialize) -> Result<String, Error> {
        let context = tera::Context::from_serialize(context).map_err(|error| explain(&error, name, &self.origins))?;
        let mut out = Bounded(Vec::with_capacity(16 << 10));
        self.tera
            .render_to(name, &context, &mut out)
            .map_err(|error| explain(&error, name, &self.origins))?;
        String::from_utf8(out.0).map_err(|_| Error::File {
            file: name.to_owned(),
            reason: "wrote text that is no UTF-8".into(),
        })
    }

    /// Renders every template of the registry with its samples and applies its rules. Empty = all is well.
    pub fn check(&self) -> Vec<Error> {
        let mut errors = Vec::new();
        for entry in registry() {
            for sample in (entry.samples)(self) {
                match self.render(entry.name, &sample) {
                    Err(error) => errors.push(error),
                    Ok(text) => errors.extend((entry.rules)(&text).into_iter().map(|reason| Error::File {
                        file: self.origin(entry.name),
                        reason,
                    })),
                }
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        errors.retain(|error| seen.insert(error.to_string()));
        errors
    }

    /// The file a template came from, for messages.
    pub fn origin(&self, name: &str) -> String {
        self.origins.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }

    pub fn words(&self) -> &Words {
        &self.words
    }

    /// A day as the reader's language writes it.
    pub fn day(&self, language: &str, date: NaiveDate) -> String {
        dates::day(&self.words, language, date)
    }

    /// "Moscow, 28 January 2019", or what of it is known.
    pub fn event_line(&self, language: &str, event: &Event) -> Option<String> {
        dates::event_line(&self.words, language, event)
    }
}

/// Puts one file where it belongs: `locales/{language}/*.ftl` to the words, the rest to the templates.
fn sort_in(
    name: &str,
    origin: String,
    text: String,
    files: &mut BTreeMap<String, (String, String)>,
    layers: &mut Vec<(String, String, String)>,
) -> Result<(), Error> {
    if name.ends_with(".ftl") {
        let language = name
            .strip_prefix("locales/")
            .and_then(|rest| rest.split_once('/'))
            .map(|(language, _)| language.to_owned());
        let Some(language) = language else {
            return Err(Error::File {
                file: origin,
                reason: "words belong into locales/{language}/, for instance locales/en/mail.ftl".into(),
            });
        };
        layers.push((language, origin, text));
        return Ok(());
    }
    if !SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
        return Err(Error::File {
            file: origin,
            reason: "is no template; only .html, .txt, .css and .ftl files may stand in the templates folder".into(),
        });
    }
    files.insert(name.to_owned(), (origin, text));
    Ok(())
}

/// The files below `dir` as (template name, path), sorted. Hidden files and editors' backups are passed over; a link
/// that leads out of the folder is refused.
fn list_overrides(dir: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let unreadable = |path: &Path, error: std::io::Error| Error::File {
        file: path.display().to_string(),
        reason: format!("cannot be read: {error}"),
    };
    let root = dir.canonicalize().map_err(|error| unreadable(dir, error))?;
    let mut found = Vec::new();
    let mut open = vec![(String::new(), dir.to_owned(), 0)];
    while let Some((prefix, folder, depth)) = open.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))? {
            let path = entry.map_err(|error| unreadable(&folder, error))?.path();
            let Some(file) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else {
                continue;
            };
            if file.starts_with('.') || file.ends_with('~') {
                continue;
            }
            let real = path.canonicalize().map_err(|error| unreadable(&path, error))?;
            if !real.starts_with(&root) {
                return Err(Error::File {
                    file: path.display().to_string(),
                    reason: "leads out of the templates folder; copy the file instead of linking to it".into(),
                });
            }
            let name = format!("{prefix}{file}");
            if !real.is_dir() {
                found.push((name, path));
            } else if depth < MAX_DEPTH {
                open.push((format!("{name}/"), path, depth + 1));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Tera's error as one line with the file a person can open.
fn explain(error: &tera::Error, name: &str, origins: &BTreeMap<String, String>) -> Error {
    let origin = |name: &str| origins.get(name).cloned().unwrap_or_else(|| name.to_owned());
    match error.kind() {
        tera::ErrorKind::SyntaxError(report) | tera::ErrorKind::RenderingError(report) => Error::Template {
            file: origin(report.filename()),
            line: report.span().start_line,
            reason: report.message().trim().to_owned(),
        },
        tera::ErrorKind::TemplateNotFound(missing) => Error::Missing(missing.clone()),
        tera::ErrorKind::CircularExtend { tpl, .. } | tera::ErrorKind::CircularInclude { tpl, .. } => Error::File {
            file: origin(tpl),
            reason: error.to_string(),
        },
        tera::ErrorKind::MissingParent { current, .. } => Error::File {
            file: origin(current),
            reason: error.to_string(),
        },
        _ => Error::File {
            file: if name.is_empty() {
                "templates".into()
            } else {
                origin(name)
            },
            reason: error.to_string(),
        },
    }
}

/// Output that refuses to grow without end.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT {
            return Err(std::io::Error::other("the template writes more than 8 MB"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
