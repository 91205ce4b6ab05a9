//! DKIM signatures (RFC 6376), and the keys that make them.
//!
//! In: a finished message, its lines ended by CRLF. Out: the same message with one `DKIM-Signature` for each key of the
//! domain before it. Nothing changes the message afterwards (AUTH-06). The surprising thing: what is shown or
//! followed is listed once more than it is there, so that nobody can add a second `From` to it (AUTH-04).

use std::fmt::Write as _;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256, SigningKey};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{Canonicalization, DkimSigner, Done};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use crate::config::Config;

/// AUTH-01. What a mail does not have is listed too: then nobody can add it.
pub const HEADERS: [&str; 13] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "Auto-Submitted",
];
/// Listed once more than they are there (AUTH-04): a second one would be shown, or followed, in place of ours.
const ONCE_MORE: [&str; 5] = [
    "From",
    "Subject",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Content-Type",
];
/// AUTH-02: receivers take 1024 bit at most grudgingly.
pub const LEAST_BITS: usize = 2048;
/// A file longer than this is no key.
const LONGEST_FILE: u64 = 64 * 1024;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{path}: {error}")]
    File { path: PathBuf, error: std::io::Error },
    #[error("{path} may be read by others (mode {mode:o}); run `chmod 600 {path}`")]
    Open { path: PathBuf, mode: u32 },
    #[error("{path} holds no private key in PEM form; make one by `rapporteur dkim new DOMAIN`")]
    NoKey { path: PathBuf },
    #[error("{path}: an RSA key of {bits} bits is too weak; at least {LEAST_BITS} are needed (RFC 8301)")]
    Weak { path: PathBuf, bits: usize },
    #[error("the cryptographic library failed")]
    Library,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA of 2048 bit with SHA-256: what every receiver checks.
    Rsa,
    /// RFC 8463: short, and so far checked by some, so that it stands beside RSA (AUTH-03).
    Ed25519,
}

/// A private key.
pub enum Key {
    Rsa(Box<(RsaKey<Sha256>, RsaKeyPair)>),
    Ed25519(Box<Ed25519Key>),
}

impl Key {
    /// Reads a key that only its owner may read (AUTH-08): PKCS#8, or PKCS#1 for RSA.
    pub fn load(path: &Path) -> Result<Key, KeyError> {
        let failed = |error| KeyError::File {
            path: path.to_owned(),
            error,
        };
        let file = std::fs::File::open(path).map_err(failed)?;
        // Of the open file, so that nobody changes it between the question and the reading.
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Open {
                path: path.to_owned(),
                mode,
            });
        }
        let mut pem = Vec::new();
        file.take(LONGEST_FILE).read_to_end(&mut pem).map_err(failed)?;
        let no_key = || KeyError::NoKey { path: path.to_owned() };
        let der = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| no_key())?;
        if let PrivateKeyDer::Pkcs8(der) = &der
            && let Ok(key) = Ed25519Key::from_pkcs8_maybe_unchecked_der(der.secret_pkcs8_der())
        {
            return Ok(Key::Ed25519(Box::new(key)));
        }
        let pair = match &der {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(no_key()),
        };
        let pair = pair.map_err(|_| no_key())?;
        let bits = pair.public_modulus_len() * 8;
        if bits < LEAST_BITS {
            return Err(KeyError::Weak {
                path: path.to_owned(),
                bits,
            });
        }
        let key = RsaKey::from_key_der(der).map_err(|_| no_key())?;
        Ok(Key::Rsa(Box::new((key, pair))))
    }

    /// What it is, for people.
    pub fn kind(&self) -> String {
        match self {
            Key::Rsa(key) => format!("RSA, {} bits", key.1.public_modulus_len() * 8),
            Key::Ed25519(_) => "Ed25519".to_owned(),
        }
    }

    /// A new private key, as PEM.
    pub fn generate(algorithm: Algorithm) -> Result<String, KeyError> {
        let der = match algorithm {
            Algorithm::Rsa => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Library)?;
                pair.as_der().map_err(|_| KeyError::Library)?.as_ref().to_vec()
            }
            Algorithm::Ed25519 => {
                let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Library)?;
                pair.to_pkcs8v1().map_err(|_| KeyError::Library)?.as_ref().to_vec()
            }
        };
        let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
        let encoded = STANDARD.encode(der);
        for line in encoded.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok(pem)
    }

    /// What the TXT record below `SELECTOR._domainkey.DOMAIN` has to say (RFC 6376 section 3.6.1).
    pub fn record(&self) -> Result<String, KeyError> {
        let (kind, public) = match self {
            Key::Rsa(key) => {
                let public = key.1.public_key().as_der().map_err(|_| KeyError::Library)?;
                ("rsa", public.as_ref().to_vec())
            }
            Key::Ed25519(key) => ("ed25519", key.public_key()),
        };
        Ok(format!("v=DKIM1; k={kind}; p={}", STANDARD.encode(public)))
    }
}

/// One key at work.
enum Pen {
    Rsa(DkimSigner<RsaKey<Sha256>, Done>),
    Ed25519(DkimSigner<Ed25519Key, Done>),
}

impl Pen {
    fn new(key: Key, domain: &str, selector: &str) -> Pen {
        match key {
            Key::Rsa(key) => Pen::Rsa(signer(key.0, domain, selector)),
            Key::Ed25519(key) => Pen::Ed25519(signer(*key, domain, selector)),
        }
    }

    fn header(&self, message: &[u8]) -> Result<String, KeyError> {
        let signed = match self {
            Pen::Rsa(signer) => signer.sign(message),
            Pen::Ed25519(signer) => signer.sign(message),
        };
        Ok(signed.map_err(|_| KeyError::Library)?.to_header())
    }
}

/// AUTH-01, AUTH-02: what is signed, relaxed, the whole body.
fn signer<T: SigningKey>(key: T, domain: &str, selector: &str) -> DkimSigner<T, Done> {
    DkimSigner::from_key(key)
        .domain(domain)
        .selector(selector)
        .headers(HEADERS.into_iter().chain(ONCE_MORE))
        .header_canonicalization(Canonicalization::Relaxed)
        .body_canonicalization(Canonicalization::Relaxed)
}

/// The keys of all domains.
#[derive(Default)]
pub(super) struct Signers(IndexMap<String, Vec<Pen>>);

impl Signers {
    /// Reads every key of the configuration.
    pub(super) fn open(config: &Config) -> Result<Signers, KeyError> {
        let mut all = IndexMap::new();
        for (domain, dkim) in &config.dkim {
            let mut pens = Vec::new();
            for (selector, path) in &dkim.keys {
                pens.push(Pen::new(Key::load(&config.path(path))?, domain, selector));
            }
            all.insert(domain.clone(), pens);
        }
        Ok(Signers(all))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the signatures of a domain before a message.
    pub(super) fn sign(&self, domain: &str, message: &mut String) -> Result<(), KeyError> {
        let mut signatures = String::new();
        for pen in self.0.get(domain).into_iter().flatten() {
            // Each for itself: no signature covers another.
            let _ = write!(signatures, "{}", pen.header(message.as_bytes())?);
        }
        message.insert_str(0, &signatures);
        Ok(())
    }
}
