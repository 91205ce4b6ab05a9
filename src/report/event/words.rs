//! The words that tie a date to an event, and those that make it another date.

use std::sync::LazyLock;

use regex::Regex;

use crate::report::prose::pattern;

/// What happened, as far as a verb says it: the surest tie between a date and an event.
pub(super) static HAPPENED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)\b(?:(?:co-?)?host(?:ed|s|ing)?|held|t(?:ook|akes?)\ place|taking\ place|conven(?:ed?|es)|gather(?:ed|s)?
        |m(?:et|eets?)|br(?:ought|ings?)\ together|organi[sz]e[ds]?|opened|invite[ds]?|welcome[ds]?|join\ us|spoke|presented|discussed|our\ guests?
        |fand(?:en)?|findet|finden|statt\w*|veranstalte\w*|lud(?:en)?|lädt|eingeladen|trafen|diskutiert\w*|kamen|tagte\w*|getagt\ wurde|berieten|beraten|ausgerichtet|zu\ Gast
        |прош(?:[её]л|ла|ло|ли)|проходил\p{L}*|состоя\p{L}+|пройд[её]т|пров[её]л\p{L}*|организова\p{L}+|собра\p{L}+|приня\p{L}+|начал(?:ся|ась|ось|ись)
        |встретил(?:ся|ась|ись)|представил\p{L}*|обсудил\p{L}*|работал[аио]?|выехал\p{L}*|приютил\p{L}*
        |(?:s[’']est|se\ sont)\ (?:tenue?s?|déroulée?s?|ouverte?s?|réunie?s?)|se\ (?:tiendra|tiendront)|a\ eu\ lieu|aura\ lieu
        |a\ (?:organisé|accueilli|réuni|reçu|rassemblé|présenté)|devait|devaient
        |tuvo\ lugar|tuvieron\ lugar|tendrá\ lugar|(?:se\ )?celebr(?:ó|aron|ará|ado)|se\ (?:realiz|desarroll|traslad)\p{L}+|se\ llevó\ a\ cabo|organiz(?:ó|aron)|acogió
        |reunió|transmitió|presentó|recevait|vorgestellt\ wurde|dictó|impartió|ocupó|convocó|será)\b",
    )
});

/// A kind of event: ties a date to it in a sentence without such a verb.
pub(super) static KIND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)\b(?:round[\ -]?tables?|conference|workshop|seminar|lecture|forum|symposium|meeting|summit|panel|webinar|colloquium|event|congress
        |book\ launch|reading|talk|hearing|debate
        |\p{L}*(?:konferenz|tagung|vortrag|rundtisch|podiumsdiskussion|veranstaltung|gespräch|kongress|vorlesung|werkstatt|lesung|fachtag|exkursion|abend)|runde[rn]?\ tisch\p{L}*
        |конференци\p{L}+|семинар\p{L}*|кругл\p{L}+\ стол\p{L}*|форум\p{L}*|лекци\p{L}+|встреч\p{L}+|мероприяти\p{L}+|вебинар\p{L}*|симпозиум\p{L}*|презентаци\p{L}+
        |дискусси\p{L}+|мастерск\p{L}+|чтени\p{L}+|школ\p{L}+|лектори\p{L}+
        |conférence|séminaire|table\ ronde|colloque|atelier|rencontres?|journée|webinaire|débat|séance|soirée
        |conferencia|seminario|mesa\ redonda|taller|jornadas?|coloquio|congreso|encuentro|webinario|cita|sesión|ciclo|acto)\b",
    )
});

/// Words before a date that make it another date.
pub(super) static OTHER_DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)\b(?:published|posted|updated?|modified|printed|since|born|died|founded|established|adopted|signed|ratified|elected|launched
        |enacted|passed|as\ of|until|before|after|by|dated|deadline|starting|(?:register|registration|apply)(?:\ by|\ until)?|following
        |veröffentlicht|aktualisiert|eingestellt|seit|geboren|gestorben|gegründet|unterzeichnet|verabschiedet|stand|bis(?:\ zum)?|nach(?:\ dem)?|vor(?:\ dem)?
        |anmeldung\ bis|anmeldeschluss(?:\ (?:ist|war))?
        |опубликован\p{L}*|обновлен\p{L}*|основан\p{L}*|подписан\p{L}*|родил\p{L}+|до|после|не\ позднее
        |publiée?|mise?\ à\ jour|depuis|née?|fondée?|signée?|avant|après|jusqu[’']au|au\ plus\ tard
        |publicad[oa]|actualizad[oa]|desde|nacid[oa]|fundad[oa]|firmad[oa]|hasta|antes|después|a\ más\ tardar)
        (?:\s+(?:in|on|am|im|le|el|the|vom|von|den|der|dem|del|de|du|lunes|martes|miércoles|jueves|viernes|sábado|domingo))*[\s:,]*$",
    )
});

/// Words of a clause by which its date is that of another event: the next, the last, one that was put off.
pub(super) static ELSEWHEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)\b(?:next|previous|earlier|upcoming|originally|initially|first\ (?:called|planned|scheduled|announced)|had\ been\ (?:planned|scheduled|held)
        |postponed\ from|registration|deadline|recording|available|abstracts|will\ be\ published
        |(?:über)?nächste[nrsm]?|vorige[nrsm]?|frühere[nrsm]?|ursprünglich|eigentlich|zuvor|rückschau|anmeldung\p{L}*|anmeldeschluss|abgabe|ersatztermin
        |prochaine?s?|précédente?s?|initialement|s[’']était\ tenue?|avait\ eu\ lieu|inscriptions?|rappel|remboursement|date\ limite
        |próxim[oa]s?|siguientes?|anterior|inicialmente|inscripci\p{L}+|plazo|edición\ anterior|devolverán|resúmenes
        |следующ\p{L}+|прошл(?:ая|ый|ое|ую)|предыдущ\p{L}+|очередн\p{L}+|ближайш\p{L}+|регистраци\p{L}+|приём\p{L}*|при[её]ма|рукописи|вернём|записаться|похож\p{L}+|первоначально)\b",
    )
});

/// The same right behind the date.
pub(super) static ELSEWHEN_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)^[^.;]{0,40}\b(?:planned|geplant|prévue?|previst[oa]|anunciad[oa]|намечен\p{L}*|запланирован\p{L}*|put\ off|postponed|stattfinden\ sollen)\b",
    )
});

/// A sentence that says when the event began or how long it took.
pub(super) static BEGINS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)\b(?:beg(?:an|ins|inning)|start(?:ed|s|ing)|dauerte|begann|beginnt|beginn|commen(?:cé|çait|ce|cera)|début|empezó|empezaron|empezará|comenzó|comenzaron|comienza|arrancó|partió
        |el\ acto\ fue|начал(?:ась|ся|ось|ись|и)|начало|в\ эфир\ вышли|длил(?:ась|ся))\b",
    )
});

/// A sentence that says how an event of several days was opened: its hour is that of the first day.
pub(super) static OPENS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)\b(?:doors\ opened|was\ opened|opened\ (?:on|at|with)|eröffne\w*|begrüßung|ouvert(?:e|es|s|ure)?|bienvenue|inaugur\p{L}+|bienvenida|откры(?:л|лся|лась|лось|лись|тие))\b",
    )
});

/// A sentence that says when an event was over.
pub(super) static ENDS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)\b(?:(?:ended|closed|finished|concluded|came\ to\ an\ end)\ at|endete\w*|ging\w*\b.{0,40}\bzu\ Ende|(?:a|ont)\ pris\ fin|s[’']est\ (?:achevée?|terminée?|conclue?)|terminó|finalizó|concluyó
        |завершил(?:ся|ась|ось|ись)|закончил(?:ся|ась|ось|ись))\b",
    )
});

/// Who writes so below a dateline was there on that day.
pub(super) static TODAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:today|tonight|this (?:morning|evening|afternoon)|heute|ce (?:matin|soir)|cet après-midi|aujourd[’']hui|hoy|esta (?:mañana|tarde|noche)|сегодня)\b",
    )
});
pub(super) static YESTERDAY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b(?:yesterday|last night|gestern|hier|ayer|anoche|вчера)\b"));

/// "BERLIN, 3 June 2026 — ": a dateline before the first sentence.
pub(super) static DATELINE_END: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s*(?:\([^)]{1,30}\)\s*)?[—–:-]|^\s*\.\s*[—–-]"));

/// Words of a report that state when it was published.
pub(super) static PUBLISHED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\W*(?:published|posted|date of publication|veröffentlicht|erschienen|eingestellt|online seit|опубликовано|дата публикации|publiée?|mise? en ligne|publicad[oa])\s*(?:on|am|le|el)?\s*[:：]?\s*(?:\p{L}{4,12},?\s*)?$",
    )
});

/// A line that a site puts above a post: when it was posted, how often it was seen, how long it takes to read.
pub(super) static POSTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:views?|min(?:utes?)? read|reading time|comments?|aufrufe|lesezeit|kommentare?|vues|min de lecture|commentaires?|visitas|lectura|comentarios?|просмотр\p{L}*|комментари\p{L}+|мин(?:ут\p{L}*)? чтения)\b",
    )
});

/// A line of a post besides its day: who wrote it, as sites put it there.
pub(super) static BYLINE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:^|[|·•—–\s/])(?:(?:by|von|par|por)\s+(?:(?-i:\p{Lu})\p{L}+|equipo|the|die|la|el)|(?:text|texte|texto|autor(?:in)?|author|auteure?|автор|текст)\s*:|redaktion|redacción|rédaction|редакция|newsroom)",
    )
});

/// Words that count another day from this one.
pub(super) static DAY_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)\b(?:the day before|la veille|am vortag|tags zuvor|la víspera|el día anterior|накануне)\b")
});

/// What only another event is called: the next one, the session before.
pub(super) static NEXT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:\b(?:the|our)\s+next|^next|\bnext (?:lecture|talk|meeting|workshop|seminar|event|session|year|month)|\b(?:die|das|der) nächste\w*|^nächste\w*|letzte Sitzung\s*:|\b(?:la|le) prochaine?|^prochaine?|\b(?:la|el) (?:próxim[oa]|siguiente)|^próxim[oa]|^следующ\p{L}+|\bнапоминаем\b|\bнамечен\p{L}* на\b|\breprendra\b|\bcontinues on\b|\bse reanudará\b|\bwird\b.{0,40}\bfortgesetzt\b|\bwe remind\b|\brappelons\b|\brecordamos\b|\bследующ\p{L}+ (?:встреч|лекц|семинар|эфир|заседан)\p{L}*|\bпродолжится\b|\bpour le prochain)",
    )
});

/// Verbs of holding an event in the past.
pub(super) static PAST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)\b(?:(?:was|were)\ (?:held|hosted|organi[sz]ed|moderated|opened|the\ (?:first|second|third)|our\ guest)|hosted|held\ (?:a|an|its)|took\ place|brought\ together|convened|gathered|met\ (?:in|at)|presented|spoke|discussed|logged\ in
        |fand(?:en)?\b.{0,120}\bstatt|stattfand|veranstaltete|trafen|tagte|diskutierte\p{L}*|eröffnet\ wurde|war\b.{0,60}\bzu\ Gast|gefüllt\ war|eingeladen\ hatte
        |прош(?:[её]л|ла|ло|ли)|состоял(?:ся|ась|ось|ись)|пров[её]л[аи]?|собрал[аи]?|начал(?:ся|ась|ось|ись)|встретил(?:ся|ась|ись)|обсудили|рассказал[а]?
        |(?:s[’']est|se\ sont)\ (?:tenue?s?|déroulée?s?|ouverte?s?|réunie?s?)|a\ eu\ lieu|a\ (?:réuni|organisé|accueilli|présenté|rappelé)
        |tuvo\ lugar|tuvieron\ lugar|se\ (?:celebró|realizó|desarrolló|trasladó)|organiz(?:ó|aron)|reunió|presentó|transmitió|dictó)\b",
    )
});
