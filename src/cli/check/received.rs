//! `check --received FILE`: whether a mail that arrived is signed as receivers want it (AUTH-01), by us or by the relay.

use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, bail};
use mail_auth::{AuthenticatedMessage, MessageAuthenticator};

use super::{Findings, dns};
use crate::authentication::signature::{Arrived, judge};

/// More than any mail of ours.
const LONGEST: u64 = 50 * 1024 * 1024;
/// Nobody signs more often; each costs a question to DNS.
const MOST_SIGNATURES: usize = 10;

pub(super) async fn check(file: &Path, server: Option<SocketAddr>, found: &mut Findings) -> anyhow::Result<()> {
    let bytes = read(file)?;
    let resolver = dns::resolver(server)?;
    let Some(mut message) = AuthenticatedMessage::parse_with_opts(&bytes, None, false) else {
        bail!("{} is no mail; save one as it arrived, headers and all", file.display());
    };
    message.dkim_headers.truncate(MOST_SIGNATURES);
    let verifier = MessageAuthenticator(resolver.clone());
    let outputs = tokio::time::timeout(dns::IN_ALL, verifier.verify_dkim(&message))
        .await
        .context("DNS gives no answer about the keys in time; see to DNS, and check again")?;
    let arrived = Arrived::read(&message, &outputs);
    for finding in dns::consult(&resolver, |answers| judge(&arrived, answers)).await {
        found.add(finding);
    }
    Ok(())
}

/// A mail with the ends of lines that it had on its way: programs that save mails often write others.
fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let failed = || format!("cannot read {}", file.display());
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .with_context(failed)?
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .with_context(failed)?;
    if bytes.len() as u64 > LONGEST {
        bail!("{} is longer than {LONGEST} bytes: no mail of ours", file.display());
    }
    // The first line of a mail in an mbox file is none of its own.
    if bytes.starts_with(b"From ") {
        let line = bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(bytes.len(), |end| end + 1);
        bytes.drain(..line);
    }
    if bytes.windows(2).any(|pair| pair == b"\r\n") {
        return Ok(bytes);
    }
    let mut whole = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => {
                whole.extend_from_slice(line);
                whole.extend_from_slice(b"\r\n");
            }
            None => whole.extend_from_slice(line),
        }
    }
    Ok(whole)
}
