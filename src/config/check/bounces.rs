//! The section `[bounces]`, and addresses that leave room for a mark.

use super::{Config, Problems, SHORTER, length, note};
use crate::subscriber::Address;
use crate::token::MARK;

/// Octets of a local part (RFC 5321 section 4.5.3.1).
const LOCAL: usize = 64;

pub(super) fn problems(config: &Config, found: &mut Problems) {
    let bounces = &config.bounces;
    if bounces.kind.is_some() && bounces.path.is_none() {
        note(
            found,
            &["bounces", "path"],
            "`bounces.path` is missing; write the folder that holds `new`, such as \"/var/mail/bounces\"",
        );
    }
    if bounces.failures == 0 {
        note(
            found,
            &["bounces", "failures"],
            "`bounces.failures` is 0; write at least 1, such as 5",
        );
    }
    length(found, &["bounces", "over"], bounces.over, SHORTER);
    for (name, list) in &config.lists {
        let address = list
            .bounce_address
            .as_deref()
            .and_then(|text| Address::parse(text).ok());
        let most = LOCAL - MARK - 1;
        if let Some(address) = address.filter(|address| address.local().len() > most) {
            note(
                found,
                &["lists", name, "bounce_address"],
                format!(
                    "`lists.{name}.bounce_address` has {} letters before the @; write at most {most}, since each mail's mark \
                     stands behind them",
                    address.local().len()
                ),
            );
        }
    }
}
