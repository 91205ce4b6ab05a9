//! Whether an event took place, is to come or was cancelled, and whether it was held online.
//!
//! In: the title, the head lines, the sentences that tell of the event, its day and the day of publication. Out: the
//! status and the attendance with rule and words. The surprising thing: a cancelled speaker cancels no event, and one
//! person on a screen makes no event an online one.

use std::sync::LazyLock;

use chrono::NaiveDate;
use regex::Regex;

use super::Status;
use super::event;
use super::prose::{pattern, sentences};

/// A badge or a notice is a line no longer than this.
const NOTICE: usize = 200;

/// Words that tell of an event that is to come.
static FUTURE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:invites? you|will (?:take place|be held|host|speak|discuss)|join us|confirmed speakers|lädt\b.{0,80}\bein|findet\b.{0,120}\bstatt|wird\b.{0,80}\b(?:stattfinden|sprechen)|referiert|aura lieu|se tiendra|interviendront|s[’']adressera|tendrá lugar|se celebrará|la cita será|participarán|состоится|расскажет|sera le grand témoin|is planned for|пройдёт|пройдет|приглашаем)\b",
    )
});

/// Whether a sentence tells of an event that is to come.
pub(super) fn tells_of_future(sentence: &str) -> bool {
    FUTURE.is_match(sentence)
}

pub(super) struct Told {
    pub(super) status: Status,
    pub(super) rule: &'static str,
    pub(super) words: String,
}

/// What the text says, the surest first.
pub(super) fn find(
    title: &str,
    lines: &[&str],
    paragraphs: &[&str],
    start: Option<NaiveDate>,
    published: Option<NaiveDate>,
) -> Option<Told> {
    static CANCELLED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)\b(?:cancell?ed|called off|will not take place|abgesagt|entfällt|entfallen|fällt (?:leider )?aus|annulée?|annulation|n[’']aura pas lieu|cancelad[oa]|suspendid[oa]|se suspende|dejar sin efecto|отменяется|отмен[её]н[аоы]?|не состоится)\b",
        )
    });
    static UPCOMING: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)^\W*(?:upcoming|announcement|ankündigung|vorschau|à venir|annonce|próximamente|anuncio|анонс|скоро)\W*$",
        )
    });
    let told = |status, rule, words: &str| {
        Some(Told {
            status,
            rule,
            words: words.to_owned(),
        })
    };
    if CANCELLED.is_match(title) {
        return told(Status::Cancelled, "word in the title", title);
    }
    let head: Vec<&str> = lines.iter().take(8).flat_map(|text| text.lines()).collect();
    let early = paragraphs.iter().take(4).flat_map(|text| sentences(text));
    let notice = head
        .iter()
        .flat_map(|line| sentences(line))
        .chain(early.clone())
        .filter(|line| {
            line.chars().count() <= NOTICE * 2 && event::names_event(line) && !event::is_of_another_event(line)
        });
    for line in notice {
        // "The minister, who was invited to the seminar, had cancelled" has its own subject.
        if let Some(word) = CANCELLED.find(line)
            && !line[..word.start()].contains(", who")
        {
            return told(Status::Cancelled, "sentence that says it is cancelled", line);
        }
    }
    if let Some(line) = head.iter().find(|line| UPCOMING.is_match(line)) {
        return told(Status::Announced, "line above the text", line);
    }
    if let (Some(start), Some(published)) = (start, published)
        && published < start
    {
        return told(
            Status::Announced,
            "published before the day of the event",
            &published.to_string(),
        );
    }
    let is_future =
        |line: &&str| FUTURE.is_match(line) && event::names_event(line) && !event::is_of_another_event(line);
    let is_past = start
        .zip(published)
        .is_some_and(|(start, published)| published >= start);
    let future = early.clone().find(is_future);
    let past = early.clone().find(|sentence| event::tells_of_past(sentence));
    match (future, past) {
        (Some(line), None) if !is_past => told(Status::Announced, "sentence that looks ahead", line),
        (_, Some(line)) => told(Status::Held, "sentence that says what took place", line),
        _ if is_past => told(
            Status::Held,
            "published after the day of the event",
            &published.map(|day| day.to_string()).unwrap_or_default(),
        ),
        _ => None,
    }
}

/// The words that say that the event was held online, or online as well.
pub(super) fn online(title: &str, lines: &[&str], telling: &[&str], paragraphs: &[&str]) -> Option<String> {
    static ONLINE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)\b(?:online|webinars?|live ?stream(?:ed)?|streamed|logged in|by video conference|via zoom|webinaires?|en ligne|visioconférence|connectées? depuis|videokonferenz|zugeschaltet|im internet übertragen|en línea|webinarios?|transmisión en vivo|transmitió|se conectaron|онлайн|вебинар\p{L}*|трансляци\p{L}+|подключений|подключились)\b",
        )
    });
    /// One person on a screen, a recording, a denial.
    static NOT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)\b(?:recording|available online|read online|register online|aufzeichnung|enregistrement|grabación|запись|без трансляции|не транслир\p{L}+|not streamed|joined (?:online|by)|war\b.{0,60}zugeschaltet|intervino por|присоединил\p{L}+|par liaison|anmeldung online|online anmelden|online-anmeldung|inscription en ligne|mise? en ligne|inscripción en línea)\b",
        )
    });
    let head = lines
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| line.chars().count() <= 160)
        .take(30);
    let count = paragraphs
        .iter()
        .flat_map(|text| sentences(text))
        .filter(|sentence| {
            // "Se conectaron 312 personas", "еще сто девять подключились": an audience.
            static AUDIENCE: LazyLock<Regex> =
                LazyLock::new(|| pattern(r"(?i)\b(?:se conectaron|logged in|connectées? depuis|подключились|подключений|zugeschaltet|conectadas a la|streamed)\b"));
            AUDIENCE.is_match(sentence)
        });
    std::iter::once(title)
        .chain(head)
        .chain(telling.iter().copied())
        .chain(count)
        .find(|line| {
            ONLINE.is_match(line)
                && !NOT.is_match(line)
                && !event::is_of_another_event(line)
                && !event::is_elsewhen(line)
        })
        .map(str::to_owned)
}
