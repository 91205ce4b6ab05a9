//! Finding things in a checked configuration: lists by name, the relay of a list, lines of keys, paths, passwords.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use toml::de::DeTable;

use super::problem::{Error, did_you_mean};
use super::{Config, List, Relay};

/// At which line of the file each key and each table stands.
#[derive(Clone, Default)]
pub struct Lines(BTreeMap<Vec<String>, usize>);

/// Short, because a configuration is printed for debugging and this part tells nothing.
impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lines")
    }
}

impl Lines {
    pub(super) fn of(text: &str, tree: &DeTable<'_>) -> Self {
        let mut lines = BTreeMap::new();
        super::load::visit(tree, &mut Vec::new(), &mut |path, span, key| {
            // What came from the environment lies behind the text and has no line.
            if key && span.end <= text.len() {
                lines.insert(path.to_vec(), line_at(text, span.start));
            }
        });
        Lines(lines)
    }

    /// The line of the key, or of the innermost table around it that the file has.
    pub(super) fn nearest(&self, path: &[String]) -> Option<usize> {
        (1..=path.len())
            .rev()
            .find_map(|length| self.0.get(path.get(..length)?).copied())
    }
}

pub(super) fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

impl Config {
    pub fn list(&self, name: &str) -> Result<&List, Error> {
        self.lists.get(name).ok_or_else(|| {
            let names = || self.lists.keys().map(String::as_str);
            let cure = did_you_mean(name, names()).unwrap_or_else(|| match self.lists.is_empty() {
                true => "; it has none yet".to_owned(),
                false => format!("; it has {}", names().collect::<Vec<_>>().join(", ")),
            });
            Error::one(&self.file, format!("there is no list `{name}`{cure}"))
        })
    }

    /// The relay of a list: the one it names, or the only one there is.
    pub fn relay_of(&self, list: &List) -> Result<(&str, &Relay), Error> {
        let found = match &list.relay {
            Some(name) => self.relays.get_key_value(name),
            None if self.relays.len() == 1 => self.relays.first(),
            None => None,
        };
        found
            .map(|(name, relay)| (name.as_str(), relay))
            .ok_or_else(|| Error::one(&self.file, format!("no relay for the list \"{}\"", list.title)))
    }

    /// A path of the configuration, seen from its folder.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.root.join(path)
    }

    /// The line of a key such as `lists.events.reply_to`; names with dots are not found.
    pub fn line_of(&self, dotted_key: &str) -> Option<usize> {
        let path: Vec<String> = dotted_key.split('.').map(str::to_owned).collect();
        self.lines.0.get(&path).copied()
    }

    /// The SQLite file, absolute; None on PostgreSQL and for a database in memory.
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        let path = self.store.url.expose_secret().strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        (path != ":memory:").then(|| self.path(Path::new(path)))
    }

    /// The store's URL, ready to connect: SQLite with an absolute path, PostgreSQL with its password.
    pub fn store_url(&self) -> Result<SecretString, Error> {
        if let Some(path) = self.sqlite_path() {
            // In a URL these would end the path, or stand for another character.
            let path = path.display().to_string();
            let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
            return Ok(format!("sqlite:{path}").into());
        }
        let Some(password) = password(&self.store.password, self.store.password_file.as_deref())? else {
            return Ok(self.store.url.clone());
        };
        let unfit = || Error::one(&self.file, "`store.url` takes no password");
        let mut url = url::Url::parse(self.store.url.expose_secret()).map_err(|_| unfit())?;
        url.set_password(Some(password.expose_secret())).map_err(|()| unfit())?;
        Ok(String::from(url).into())
    }

    /// Files of passwords and certificates are read by parts that know no root.
    pub(super) fn settle_paths(&mut self) {
        let root = self.root.clone();
        let relays = self.relays.values_mut();
        let files = relays.flat_map(|relay| [&mut relay.password_file, &mut relay.ca_file]);
        let alone = [
            &mut self.store.password_file,
            &mut self.alerts.webhook_file,
            &mut self.bounces.password_file,
            &mut self.bounces.ca_file,
        ];
        for path in files.chain(alone).flatten() {
            *path = root.join(&path);
        }
        let base = self.web.public_url.trim_end_matches('/').to_owned();
        self.web.public_url = base;
    }
}

pub(super) fn password(given: &Option<SecretString>, file: Option<&Path>) -> Result<Option<SecretString>, Error> {
    if given.is_some() {
        return Ok(given.clone());
    }
    let Some(file) = file else { return Ok(None) };
    let text = std::fs::read_to_string(file).map_err(|error| {
        Error::one(
            file.display().to_string(),
            format!("the password cannot be read: {error}"),
        )
    })?;
    // Editors end a file with a line end that is not part of the password.
    let text = text.trim_end_matches(['\r', '\n']);
    match text.is_empty() {
        true => Err(Error::one(
            file.display().to_string(),
            "the file of the password is empty",
        )),
        false => Ok(Some(text.to_owned().into())),
    }
}
