//! Enhanced status codes (RFC 3463): read where a server states one, guessed from its words where it does not, and what
//! each means for the person (BNC-05). Pure.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;

use crate::report::prose::pattern;

/// Class, subject and detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// 2 success, 4 persistent and transient, 5 permanent.
    pub class: u16,
    pub subject: u16,
    pub detail: u16,
}

/// Whose fault it is that a mail did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// There is nobody at this address: the person is suspended at once.
    Address,
    /// Mailbox full, host away, or nothing certain: counts only when it goes on.
    Passing,
    /// Policy, content, reputation, size: ours, or the mail's, and never the person's.
    Ours,
}

impl Blame {
    /// As rows have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Blame::Address => "address",
            Blame::Passing => "passing",
            Blame::Ours => "ours",
        }
    }
}

impl Status {
    const fn new(class: u16, subject: u16, detail: u16) -> Status {
        Status { class, subject, detail }
    }

    /// Says nothing but success or not.
    pub(super) fn vague(class: u16) -> Status {
        Status::new(class, 0, 0)
    }

    pub(super) fn is_vague(self) -> bool {
        self.subject == 0 && self.detail == 0
    }

    /// `5.1.1`, and whatever stands behind it.
    pub fn parse(text: &str) -> Option<Status> {
        let word = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let word = word
            .split(|letter: char| !letter.is_ascii_digit() && letter != '.')
            .next()?;
        let mut numbers = word.split('.').map(str::parse::<u16>);
        let status = Status::new(numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
        (matches!(status.class, 2 | 4 | 5) && status.subject < 100 && status.detail < 1000).then_some(status)
    }

    /// See [`Blame`].
    pub fn blame(self) -> Blame {
        match (self.class, self.subject, self.detail) {
            (5, 1, 1 | 2 | 6 | 10) => Blame::Address,
            (_, 7, _) | (_, 6, _) | (_, 5, _) | (_, 3, 4) | (_, 2, 3) => Blame::Ours,
            // The address of the sender, which is our own.
            (_, 1, 7 | 8) => Blame::Ours,
            _ => Blame::Passing,
        }
    }

    /// The blame for a whole answer: words of policy beside a status of an address are believed, since a server that
    /// blocks us may say that nobody is there.
    pub fn blame_with(self, words: &str) -> Blame {
        match self.blame() {
            Blame::Address if REPUTATION.is_match(words) => Blame::Ours,
            blame => blame,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

static STATED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|[\s(\[#:;,<=-])([245])\.(\d{1,2})\.(\d{1,3})(?:$|[\s)\];:,>#_-]|\.\s|\.$)"));
static CODE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[\s:;(>\[])([45]\d\d)(?:$|[\s\]:;,)#-])"));
static REPUTATION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:spamhaus|spamcop|barracuda|blacklist|blocklist|block list|black list|rbl|dnsbl|reputation|unsolicited|spam)",
    )
});

/// Words and the status they stand for, the surest first. Class 5 is turned into 4 where the server goes on trying.
const WORDS: &[(u16, u16, u16, &str)] = &[
    (
        5,
        1,
        7,
        r"sender (?:address )?(?:verif|reject|invalid|unknown|not|domain)|verification failed for|verify failed|(?:bad|invalid|unknown) sender|callout",
    ),
    (
        5,
        1,
        1,
        r"user (?:is )?unknown|unknown (?:local )?(?:user|recipient|mailbox|address|account)|unknown or illegal|no such (?:local )?(?:user|mailbox|recipient|person|address|account|name|local)|(?:user|recipient|address|account|mailbox|alias|person)\b.{0,80}?(?:does not|doesn't|do not|did not) exist|mailbox (?:not found|does not exist|unknown|invalid)|(?:invalid|illegal|bad|unknown|nonexistent|non-existent) (?:recipient|mailbox|user|final delivery userid|destination mailbox|destination address|address)|(?:user|recipient|address|account|mailbox|name)s?(?: name)?(?: is| was)? not (?:be )?(?:found|recognized|recognised|known|listed|exist)|not (?:a )?(?:valid|known) (?:mailbox|user|recipient|address)|is not a valid|addressee unknown|not listed in|(?:have|has) (?:a|an|any) \S+ account|doesn't have (?:a|an)\b.{0,60}account|no mailbox here|no account by that name|no user by that name|is wrong or no longer valid|unrouteable address|undeliverable address|address (?:couldn't|could not|can ?not) be found|did not exactly match|no matches to nameserver|recipient unknown|empfänger(?:adresse)? (?:ist )?(?:unbekannt|nicht)|unbekannte[rn]? (?:empfänger|benutzer|adresse)|(?:existiert|existieren) nicht|n'existe (?:pas|plus)|(?:utilisateur|destinataire|adresse|compte)\b.{0,40}(?:inconnue?|introuvable|non recens)|no existe|(?:usuario|destinatario|usuário|destinatário) (?:desconocido|desconhecido|inexistente)|non esiste|(?:utente|destinatario) sconosciuto|não existe|(?:пользовател|адрес|ящик)\S*.{0,30}(?:не существует|не найден|отсутствует)|несуществующ|такого пользователя|does not like recipient\.?$|e-?mail account does not exist",
    ),
    (
        5,
        1,
        2,
        r"(?:host|domain|server)(?: name)?(?: could)?(?: is)? (?:not (?:be )?(?:found|resolved)|unknown)|unknown (?:host|domain|mail host)|no such (?:host|domain)|domain\b.{0,60}(?:does not|doesn't) exist|name service error|name server error|bad destination (?:mail )?(?:system|host)|null ?mx|no mx\b|could not find a gateway|unrouteable mail domain|domäne.{0,30}(?:nicht|unbekannt)|couldn't find any host|illegal host",
    ),
    (
        5,
        2,
        2,
        r"quota|(?:mailbox|mailfolder|inbox|mail ?box|account|folder|disk|storage)(?:'s)?(?: \S+)?(?: is| are)? (?:over)?(?:full|overfull|exceeded)|full mailbox|mail ?box space not enough|not enough (?:space|room|storage)|insufficient (?:disk )?space|too much mail|over (?:the |its )?(?:allowed |disk |storage )?(?:limit|quota)|storage (?:limit|allocation)|postfach\b.{0,40}voll|boîte\b.{0,40}(?:pleine|saturée)|buzón\b.{0,40}llen[oa]|casella\b.{0,40}piena|переполнен|mailbox size limit",
    ),
    (
        5,
        2,
        1,
        r"(?:account|mailbox|user|address|recipient)\b.{0,60}(?:disabled|inactive|discontinued|suspended|deactivated|locked|closed|expired|terminated|not active|no longer (?:active|available|in use|valid|accepts))|not been (?:collected|accessed|used)|deaktiviert|désactivé|desactivad[oa]|заблокирован",
    ),
    (
        5,
        3,
        4,
        r"(?:message|mail|size)\b.{0,40}(?:too (?:large|big)|exceed(?:s|ed|ing)?\b.{0,40}(?:size|limit|maximum))|message size|maximum (?:inbound |incoming |allowed )?(?:message )?size|too large|zu groß",
    ),
    (5, 4, 6, r"too many hops|mail ?loop|looping|hop count|routing loop"),
    (
        5,
        7,
        1,
        r"spam|blocked|black ?list|block ?list|blocklisted|relay(?:ing)? (?:access |is )?(?:denied|not)|unable to relay|not (?:permitted|allowed|authorized|authorised)|access denied|permission denied|prohibited|unsolicited|reputation|dmarc|\bspf\b|\bdkim\b|not accepting mail from|policy|banned|virus|content (?:rejected|filter|violation)|abuse|greylist|restricted|authentication required",
    ),
    // What servers also say of people whom they only do not want to hear from us: no fault of the address by itself.
    (
        5,
        1,
        0,
        r"(?:recipient )?address rejected|mailbox (?:is )?unavailable|no valid recipients|rejected recipient|invalid",
    ),
    (
        4,
        4,
        7,
        r"timed out|time-?out|expired|queue too long|too long|in the queue|queue period|maximum[ -](?:time|delivery attempts)|retry (?:time|limit|timeout)|(?:after|for) \d+ (?:attempts?|tries|hours|days)|\d+ attempts|removed from the mail queue",
    ),
    (
        4,
        4,
        1,
        r"not respond|did not answer|no answer|connection (?:refused|failed|reset|to)|connect to|establish an smtp connection|unreachable|not reachable|(?:server|host)\b.{0,20}(?:unavailable|busy|down)",
    ),
    (4, 2, 0, r"try (?:again|later)|temporar(?:y|ily)|greylisted|deferred"),
];

static PATTERNS: LazyLock<Vec<(Status, Regex)>> = LazyLock::new(|| {
    let made = WORDS.iter().map(|(class, subject, detail, words)| {
        (
            Status::new(*class, *subject, *detail),
            pattern(&format!("(?im){words}")),
        )
    });
    made.collect()
});

/// The status a text states; of several the first that is not vague.
pub(super) fn stated(text: &str) -> Option<Status> {
    let all = STATED.captures_iter(text).filter_map(|found| {
        let number = |group: usize| found.get(group)?.as_str().parse().ok();
        Some(Status::new(number(1)?, number(2)?, number(3)?))
    });
    let failures: Vec<Status> = all.filter(|status| status.class != 2).collect();
    failures
        .iter()
        .find(|status| !status.is_vague())
        .or(failures.first())
        .copied()
}

/// Whether a line holds the code of an SMTP reply that says no.
pub(super) fn has_code(line: &str) -> bool {
    CODE.is_match(line)
}

/// The status that words and a reply code stand for. `class`: what is known anyhow.
pub(super) fn guess(text: &str, class: u16) -> Option<Status> {
    let code = CODE
        .captures(text)
        .and_then(|found| found.get(1)?.as_str().parse::<u16>().ok());
    let worded = PATTERNS
        .iter()
        .find(|(_, words)| words.is_match(text))
        .map(|(status, _)| *status);
    let class = match (class, code) {
        (4, _) => 4,
        (_, Some(code)) => code / 100,
        (_, None) => worded.map_or(class, |status| status.class),
    };
    let status = worded.or_else(|| {
        Some(match code? {
            421 | 442 => Status::new(4, 4, 2),
            432 | 450 => Status::new(4, 2, 0),
            451 => Status::new(4, 3, 0),
            452 | 552 => Status::new(class, 2, 2),
            551 => Status::new(5, 1, 6),
            553 => Status::new(5, 1, 3),
            556 => Status::new(5, 1, 10),
            _ => Status::vague(class),
        })
    })?;
    Some(Status { class, ..status })
}

/// What an answer of an SMTP server says: its enhanced code, or what its code and words stand for.
pub fn of_reply(code: u16, text: &str) -> Status {
    let class = if code / 100 == 4 { 4 } else { 5 };
    let given = Status::parse(text).filter(|status| status.class == class && text.trim_start().starts_with(['4', '5']));
    match given {
        Some(given) if !given.is_vague() => given,
        _ => guess(&format!("{code} {text}"), class)
            .filter(|status| status.class == class)
            .unwrap_or(Status::vague(class)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_where_it_stands_and_a_version_or_address_is_none() {
        for (text, expected) in [
            ("550 5.1.1 <ada@example.org>: unknown", Some("5.1.1")),
            ("Sorry, no mailbox here by that name. (#5.1.1)", Some("5.1.1")),
            ("550-5.7.26 not authenticated", Some("5.7.26")),
            ("smtp; 550 5.0.0 host said: 550 5.2.2 full", Some("5.2.2")),
            ("host mx.example.org [5.1.1.7] version 5.6.1.2", None),
            ("250 2.0.0 Ok", None),
        ] {
            assert_eq!(
                stated(text).map(|status| status.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn words_stand_for_a_status() {
        for (text, expected) in [
            (
                "550 <ada@example.org>: Recipient address rejected: User unknown",
                "5.1.1",
            ),
            ("This user doesn't have an example.org account", "5.1.1"),
            ("Der Empfänger ist unbekannt", "5.1.1"),
            ("Domain does not exist", "5.1.2"),
            ("552 Quota violation for ada@example.org", "5.2.2"),
            ("Das Postfach ist voll", "5.2.2"),
            ("This account has been disabled or discontinued", "5.2.1"),
            ("554 Relay access denied", "5.7.1"),
            ("554 Message rejected as spam", "5.7.1"),
            ("552 message size exceeds fixed maximum", "5.3.4"),
            ("450 Greylisted, try again later", "4.7.1"),
            ("connect to mx.example.org: Connection timed out", "4.4.7"),
            ("553 who?", "5.1.3"),
        ] {
            assert_eq!(
                guess(text, 5).map(|status| status.to_string()).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        assert_eq!(guess("we are sorry", 5), None);
    }

    #[test]
    fn only_what_is_about_the_address_is_the_address_s_fault() {
        for (code, text, expected) in [
            (550, "5.1.1 unknown", Blame::Address),
            (550, "5.1.2 no such domain", Blame::Address),
            (551, "5.1.6 moved", Blame::Address),
            (556, "5.1.10 null MX", Blame::Address),
            (550, "no such user here", Blame::Address),
            (550, "5.1.1 listed by Spamhaus", Blame::Ours),
            (550, "5.7.1 blocked", Blame::Ours),
            (451, "4.7.1 try later", Blame::Ours),
            (552, "5.3.4 too big", Blame::Ours),
            (550, "5.2.1 disabled", Blame::Passing),
            (552, "5.2.2 full", Blame::Passing),
            (450, "4.2.0 later", Blame::Passing),
            (554, "no", Blame::Passing),
            (550, "5.1.7 bad sender", Blame::Ours),
            (
                550,
                "Verification failed for <bounces+1.x@example.org> Unrouteable address Sender verify failed",
                Blame::Ours,
            ),
        ] {
            assert_eq!(of_reply(code, text).blame_with(text), expected, "{code} {text}");
        }
    }
}
