//! Links that act for one person without a password: made from a secret, checked without a database.
//!
//! A token carries the key's id, a number (the subscriber's row, an edition), the list, and a MAC over them bound to one
//! purpose, so that a link for leaving one list opens nothing else. It holds no address, and an unsubscribe token never expires (LST-06):
//! older keys stay in the secret's file, one a line below the current one, and go on verifying.

mod link;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::private;

pub use link::Link;

/// Bytes of the key's id in front of a token.
const KEY_ID: usize = 4;
/// Bytes of a token's MAC: 128 bits (SEC-13).
const MAC: usize = 16;
/// Octets of a mark at most: 13 of the largest number, a dot, and 26 of the MAC.
pub const MARK: usize = 40;
/// Base 32 of RFC 4648 in lower case: survives quoted-printable, line ends and people who read it aloud.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// What stands in the unsubscribe link of a test mail; it opens nothing.
const INERT: &str = "test-mail";

/// What a token allows. Each purpose has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Unsubscribe,
    Approve,
    Hold,
    Bounce,
    Confirm,
    Stamp,
    Preferences,
    Undo,
}

/// What staff may decide by a link in a preview mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    Approve,
    Hold,
}

impl Choice {
    pub const ALL: [Choice; 2] = [Choice::Approve, Choice::Hold];

    fn purpose(self) -> Purpose {
        match self {
            Choice::Approve => Purpose::Approve,
            Choice::Hold => Purpose::Hold,
        }
    }
}

/// What a link in a preview mail stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    pub choice: Choice,
    pub list: String,
    pub number: i64,
    /// Whose preview it was: see [`Secret::reviewer`].
    pub reviewer: String,
}

impl Purpose {
    fn context(self) -> &'static str {
        match self {
            Purpose::Unsubscribe => "rapporteur 2026 token unsubscribe",
            Purpose::Approve => "rapporteur 2026 token approve",
            Purpose::Hold => "rapporteur 2026 token hold",
            Purpose::Bounce => "rapporteur 2026 token bounce",
            Purpose::Confirm => "rapporteur 2026 token confirm",
            Purpose::Stamp => "rapporteur 2026 token stamp",
            Purpose::Preferences => "rapporteur 2026 token preferences",
            Purpose::Undo => "rapporteur 2026 token undo",
        }
    }
}

/// Why the secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read or make the secret {path}: {error}; check store.secret_file")]
    File { path: PathBuf, error: io::Error },
    #[error("others can read the secret {0}; run: chmod 600 {0}")]
    Readable(PathBuf),
    #[error(
        "the secret {path}, line {line}, is not 64 hexadecimal digits; restore the file, or old unsubscribe links die"
    )]
    Malformed { path: PathBuf, line: usize },
    #[error("the operating system gives no random bytes")]
    Random,
}

/// The key behind the links. `Debug` does not print it.
#[derive(Clone)]
pub struct Secret {
    /// The current key first, then older ones. Never empty.
    current: [u8; 32],
    older: Vec<[u8; 32]>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// Reads the secret's file, or makes it with 32 random bytes, readable by its owner only.
    pub fn load_or_create(path: &Path) -> Result<Secret, Error> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                refuse_readable_by_others(path)?;
                Secret::parse(path, &text)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => match create(path) {
                // Another process was first: its secret counts.
                Err(Error::File { error, .. }) if error.kind() == io::ErrorKind::AlreadyExists => {
                    Secret::load_or_create(path)
                }
                made => made,
            },
            Err(error) => Err(Error::File {
                path: path.into(),
                error,
            }),
        }
    }

    /// A secret from known bytes, for tests and demonstrations.
    pub fn from_bytes(current: [u8; 32]) -> Secret {
        Secret {
            current,
            older: Vec::new(),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Secret, Error> {
        let mut keys = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(number, line)| {
                blake3::Hash::from_hex(line.trim())
                    .map(|hash| *hash.as_bytes())
                    .map_err(|_| Error::Malformed {
                        path: path.into(),
                        line: number + 1,
                    })
            });
        let current = keys.next().unwrap_or_else(|| {
            Err(Error::Malformed {
                path: path.into(),
                line: 1,
            })
        })?;
        Ok(Secret {
            current,
            older: keys.collect::<Result<_, _>>()?,
        })
    }

    /// Names of the keys, the current one first: a database remembers the one its links were made with.
    pub fn key_ids(&self) -> Vec<String> {
        std::iter::once(&self.current)
            .chain(&self.older)
            .map(|key| encode(&key_id(key)))
            .collect()
    }

    /// The token of one person's link for leaving one list.
    pub fn unsubscribe(&self, list: &str, subscriber_id: i64) -> String {
        self.token(Purpose::Unsubscribe, list, subscriber_id)
    }

    /// The list and the subscriber a token stands for; none if it is not ours, altered, or for another purpose.
    pub fn verify_unsubscribe(&self, token: &str) -> Option<(String, i64)> {
        self.verify(Purpose::Unsubscribe, token)
    }

    /// The token of a link by which the reader of a preview decides about one edition.
    pub fn ballot(&self, ballot: &Ballot) -> String {
        let about = format!("{}/{}", ballot.list, ballot.reviewer);
        self.token(ballot.choice.purpose(), &about, ballot.number)
    }

    /// What such a token stands for.
    pub fn verify_ballot(&self, token: &str) -> Option<Ballot> {
        Choice::ALL.into_iter().find_map(|choice| {
            let (about, number) = self.verify(choice.purpose(), token)?;
            let (list, reviewer) = about.split_once('/')?;
            Some(Ballot {
                choice,
                list: list.to_owned(),
                number,
                reviewer: reviewer.to_owned(),
            })
        })
    }

    /// The mark of one delivery in its envelope sender: the number and a MAC, at most [`MARK`] octets (BNC-01). The MAC is
    /// over the person, too, so that it fits no other delivery that gets the same number after a restore.
    pub fn mark(&self, delivery: i64, subscriber: i64) -> String {
        let mac = mac(&self.current, Purpose::Bounce, &subscriber.to_string(), delivery);
        format!("{}.{}", encode(short(&delivery.to_be_bytes())), encode(&mac))
    }

    /// Whether a mark is ours, for this delivery to this person.
    pub fn verify_mark(&self, mark: &str, delivery: i64, subscriber: i64) -> bool {
        let Some(given) = mark.split_once('.').and_then(|(_, given)| decode(given)) else {
            return false;
        };
        let keys = std::iter::once(&self.current).chain(&self.older);
        let expected = keys.map(|key| mac(key, Purpose::Bounce, &subscriber.to_string(), delivery));
        given.len() == MAC && expected.into_iter().any(|expected| padded(&expected) == padded(&given))
    }

    /// Stands for an address in a token, which holds none: the same for every spelling that is the same address.
    pub fn reviewer(&self, address: &str) -> String {
        let key = blake3::derive_key("rapporteur 2026 reviewer", &self.current);
        let hash = blake3::keyed_hash(&key, address.trim().to_lowercase().as_bytes());
        hash.to_hex().get(..16).unwrap_or_default().to_owned()
    }

    /// Stands for a password in the database, where it tells whether the configuration has another one now.
    pub fn fingerprint(&self, password: &str) -> String {
        let key = blake3::derive_key("rapporteur 2026 password", &self.current);
        let hash = blake3::keyed_hash(&key, password.as_bytes());
        hash.to_hex().get(..16).unwrap_or_default().to_owned()
    }

    /// What stands for an address's key in the suppression list, by each of our keys, the current one first. All are
    /// written down, and an address is on the list if any of these is: a program that has not read the newest key yet
    /// finds it too.
    pub fn suppressions(&self, address_key: &str) -> Vec<String> {
        let keys = std::iter::once(&self.current).chain(&self.older);
        keys.map(|key| {
            let key = blake3::derive_key("rapporteur 2026 suppression", key);
            blake3::keyed_hash(&key, address_key.as_bytes()).to_hex().to_string()
        })
        .collect()
    }

    fn token(&self, purpose: Purpose, about: &str, number: i64) -> String {
        let mut bytes = key_id(&self.current).to_vec();
        bytes.extend(claim(about, number));
        bytes.extend(mac(&self.current, purpose, about, number));
        encode(&bytes)
    }

    fn verify(&self, purpose: Purpose, token: &str) -> Option<(String, i64)> {
        let bytes = decode(token)?;
        let (id, rest) = bytes.split_at_checked(KEY_ID)?;
        let (claim, given) = rest.split_at_checked(rest.len().checked_sub(MAC)?)?;
        let (number, about) = claim.split_at_checked(8)?;
        let number = i64::from_be_bytes(number.try_into().ok()?);
        let about = std::str::from_utf8(about).ok()?;
        let key = std::iter::once(&self.current)
            .chain(&self.older)
            .find(|key| key_id(key) == id)?;
        let expected = mac(key, purpose, about, number);
        // `blake3::Hash` compares in constant time; its tail is zero on both sides.
        (padded(&expected) == padded(given)).then(|| (about.to_owned(), number))
    }

    /// The token in the link of a test mail: it verifies as nothing.
    pub fn inert() -> &'static str {
        INERT
    }
}

/// The delivery that a mark names, not yet verified.
pub fn delivery_of(mark: &str) -> Option<i64> {
    let bytes = decode(mark.split_once('.')?.0)?;
    let mut number = [0; 8];
    let from = number.len().checked_sub(bytes.len())?;
    number.get_mut(from..)?.copy_from_slice(&bytes);
    Some(i64::from_be_bytes(number))
}

/// Without the zeros in front.
fn short(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

fn claim(about: &str, number: i64) -> Vec<u8> {
    [&number.to_be_bytes(), about.as_bytes()].concat()
}

fn mac(key: &[u8; 32], purpose: Purpose, about: &str, number: i64) -> Vec<u8> {
    let key = blake3::derive_key(purpose.context(), key);
    let hash = blake3::keyed_hash(&key, &claim(about, number));
    hash.as_bytes().iter().take(MAC).copied().collect()
}

fn padded(mac: &[u8]) -> blake3::Hash {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(mac) {
        *to = *from;
    }
    blake3::Hash::from_bytes(bytes)
}

fn key_id(key: &[u8; 32]) -> [u8; KEY_ID] {
    let [a, b, c, d, ..] = blake3::derive_key("rapporteur 2026 token key id", key);
    [a, b, c, d]
}

fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0u32, 0);
    let mut push = |five: u32| out.push(ALPHABET.get(five as usize & 31).copied().unwrap_or(b'a') as char);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push(held >> bits);
        }
        held &= 31;
    }
    if bits > 0 {
        push(held << (5 - bits));
    }
    out
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 5 / 8);
    let (mut held, mut bits) = (0u32, 0);
    for letter in text.bytes() {
        let five = ALPHABET
            .iter()
            .position(|known| *known == letter.to_ascii_lowercase())?;
        held = (held << 5) | u32::try_from(five).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    (held == 0).then_some(out)
}

fn create(path: &Path) -> Result<Secret, Error> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|_| Error::Random)?;
    let text = format!("{}\n", blake3::Hash::from_bytes(key).to_hex());
    match private::create(path, text.as_bytes()) {
        Ok(()) => Ok(Secret::from_bytes(key)),
        Err(error) => Err(Error::File {
            path: path.into(),
            error,
        }),
    }
}

#[cfg(unix)]
fn refuse_readable_by_others(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let about = std::fs::metadata(path).map_err(|error| Error::File {
        path: path.into(),
        error,
    })?;
    if about.permissions().mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(Error::Readable(path.into()))
    }
}

#[cfg(not(unix))]
fn refuse_readable_by_others(_: &Path) -> Result<(), Error> {
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_its_list_and_person_and_nobody_else() {
        let secret = Secret::from_bytes([7; 32]);
        for (list, person) in [("events", 1), ("a-b.c", i64::MAX), ("talks", 42)] {
            let token = secret.unsubscribe(list, person);
            assert_eq!(secret.verify_unsubscribe(&token), Some((list.to_owned(), person)));
            assert!(
                token.len() < 100 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()),
                "{token}"
            );
        }
        assert_eq!(secret.verify_unsubscribe(Secret::inert()), None);
        assert_eq!(secret.verify_unsubscribe(""), None);
    }

    #[test]
    fn a_link_for_one_decision_is_none_for_another() {
        let secret = Secret::from_bytes([7; 32]);
        let ballot = Ballot {
            choice: Choice::Approve,
            list: "events".to_owned(),
            number: 12,
            reviewer: secret.reviewer("Staff@example.org "),
        };
        let token = secret.ballot(&ballot);
        assert_eq!(secret.verify_ballot(&token), Some(ballot.clone()));
        assert_eq!(ballot.reviewer, secret.reviewer("staff@example.org"));
        assert_eq!(secret.verify_unsubscribe(&token), None);
        assert_eq!(secret.verify_ballot(&secret.unsubscribe("events/x", 12)), None);
        let hold = secret.ballot(&Ballot {
            choice: Choice::Hold,
            ..ballot
        });
        assert_eq!(
            secret.verify_ballot(&hold).map(|ballot| ballot.choice),
            Some(Choice::Hold)
        );
        assert_ne!(hold, token);
    }

    #[test]
    fn a_mark_names_one_delivery_to_one_person_and_fits_into_an_address() {
        let secret = Secret::from_bytes([7; 32]);
        for delivery in [1, 31, 32, 70_000, 20_000_000_000, i64::MAX] {
            let mark = secret.mark(delivery, 5);
            assert!(mark.len() <= MARK, "{mark}");
            assert_eq!(delivery_of(&mark), Some(delivery), "{mark}");
            assert!(secret.verify_mark(&mark.to_uppercase(), delivery, 5), "{mark}");
            assert!(!secret.verify_mark(&mark, delivery, 6) && !secret.verify_mark(&mark, delivery - 1, 5));
            assert!(!Secret::from_bytes([8; 32]).verify_mark(&mark, delivery, 5));
        }
        for forged in ["", ".", "b.", "b.a", "1.x", "bb.aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert!(!secret.verify_mark(forged, 1, 5), "{forged}");
        }
    }

    #[test]
    fn an_altered_link_opens_nothing() {
        let secret = Secret::from_bytes([7; 32]);
        let token = secret.unsubscribe("events", 1);
        for place in 0..token.len() {
            let mut letters = token.clone().into_bytes();
            letters
                .iter_mut()
                .skip(place)
                .take(1)
                .for_each(|letter| *letter = if *letter == b'a' { b'b' } else { b'a' });
            assert_eq!(
                secret.verify_unsubscribe(&String::from_utf8(letters).unwrap()),
                None,
                "letter {place}"
            );
        }
        assert_eq!(Secret::from_bytes([8; 32]).verify_unsubscribe(&token), None);
    }

    #[test]
    fn an_old_link_outlives_a_new_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let token = Secret::load_or_create(&path).unwrap().unsubscribe("events", 5);
        let old = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{}\n{old}", blake3::hash(b"new").to_hex())).unwrap();
        let rotated = Secret::load_or_create(&path).unwrap();
        assert_eq!(rotated.verify_unsubscribe(&token), Some(("events".into(), 5)));
        assert_ne!(rotated.unsubscribe("events", 5), token);
    }

    #[test]
    fn whoever_makes_the_secret_at_the_same_moment_has_the_same() {
        for _ in 0..50 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("secret.key");
            let start = std::sync::Barrier::new(4);
            let ids: Vec<Vec<String>> = std::thread::scope(|scope| {
                let makers: Vec<_> = (0..4)
                    .map(|_| {
                        scope.spawn(|| {
                            start.wait();
                            Secret::load_or_create(&path).unwrap().key_ids()
                        })
                    })
                    .collect();
                makers.into_iter().map(|maker| maker.join().unwrap()).collect()
            });
            let stands = Secret::load_or_create(&path).unwrap().key_ids();
            assert!(ids.iter().all(|id| *id == stands), "{ids:?}");
        }
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        Secret::load_or_create(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Secret::load_or_create(&path), Err(Error::Readable(_))));
    }
}
