//! Whether a domain can receive mail (RFC 5321 section 5.1).
//!
//! In: a domain, who names it, and answers. Out: findings. The surprising thing: a domain without MX receives mail at
//! its own address, and one that wants none says so by an MX without a name (RFC 7505).

use super::{Answers, Finding, legible};

/// Servers that are looked at: one that works is enough.
const MOST_SERVERS: usize = 10;

/// Judges a domain that mail will go to; `what` says where it stands, such as "`reply_to` of list events".
pub fn judge(domain: &str, what: &str, answers: &mut Answers) -> Vec<Finding> {
    let about = format!("{domain}, the domain of {what},");
    let broken = |text: &str| vec![Finding::Broken(format!("{about} {text}"))];
    let servers = match answers.mx(domain) {
        Ok(servers) => servers,
        Err(silence) => return vec![Finding::silence(&format!("whether {domain} receives mail"), &silence)],
    };
    if !servers.is_empty() && servers.iter().all(|(_, name)| name.is_empty()) {
        return broken("takes no mail, and says so (null MX); set an address under a domain that does");
    }
    let names: Vec<&str> = match servers.is_empty() {
        true => vec![domain],
        false => servers
            .iter()
            .map(|(_, name)| name.as_str())
            .filter(|name| !name.is_empty())
            .take(MOST_SERVERS)
            .collect(),
    };
    let mut silent = None;
    let mut reached = Vec::new();
    for name in &names {
        match answers.addresses(name) {
            Ok(addresses) if addresses.is_empty() => {}
            Ok(_) => reached.push(legible(name)),
            Err(silence) => silent = Some(silence),
        }
    }
    match (reached.as_slice(), silent) {
        ([], Some(silence)) => vec![Finding::silence(&format!("whether {domain} receives mail"), &silence)],
        ([], None) if servers.is_empty() => {
            broken("has neither mail server (MX) nor address; mails to it come back, and receivers may refuse ours")
        }
        ([], None) => broken(&format!(
            "names mail servers that have no address ({}); mails to it come back",
            names.iter().map(|name| legible(name)).collect::<Vec<_>>().join(", ")
        )),
        (reached, _) => vec![Finding::Fact(format!(
            "Mail to {domain} goes to {}.",
            reached.join(", ")
        ))],
    }
}
