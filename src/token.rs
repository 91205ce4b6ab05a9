//! The secret behind unsubscribe links: makes and checks their tokens.
//!
//! A token names a list and a subscriber and carries a keyed fingerprint of both and of its purpose, so that nobody can
//! make one for another person, and nothing in the address says who it belongs to.

/// The token of test sends: leads to a page that says so.
const INERT: &str = "test";

#[derive(Clone)]
pub struct Secret {
    key: [u8; 32],
}

impl Secret {
    pub fn new(key: [u8; 32]) -> Secret {
        Secret { key }
    }

    pub fn unsubscribe(&self, list: &str, subscriber: i64) -> String {
        format!("{subscriber}.{list}.{}", self.mark(list, subscriber).to_hex())
    }

    /// List and subscriber, if the token is ours.
    pub fn verify_unsubscribe(&self, token: &str) -> Option<(String, i64)> {
        let (subscriber, rest) = token.split_once('.')?;
        let (list, mark) = rest.rsplit_once('.')?;
        let subscriber: i64 = subscriber.parse().ok()?;
        // blake3 compares in constant time.
        (self.mark(list, subscriber) == blake3::Hash::from_hex(mark).ok()?).then(|| (list.to_owned(), subscriber))
    }

    pub fn is_inert(&self, token: &str) -> bool {
        token == INERT
    }

    fn mark(&self, list: &str, subscriber: i64) -> blake3::Hash {
        blake3::keyed_hash(&self.key, format!("unsubscribe\0{list}\0{subscriber}").as_bytes())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}
