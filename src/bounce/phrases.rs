//! The words by which mail servers say that a mail was not delivered, in the languages they speak.
//!
//! Patterns, each with what it means. They are looked for in a subject, a line or a paragraph; none is enough by itself.

use std::sync::LazyLock;

use regex::Regex;

use crate::report::prose::pattern;

macro_rules! phrases {
    ($($(#[$about:meta])* $name:ident = [$($part:literal),+ $(,)?];)+) => {
        $($(#[$about])*
        pub(super) static $name: LazyLock<Regex> = LazyLock::new(|| {
            pattern(&format!("(?im){}", [$($part),+].join("|")))
        });)+
    };
}

phrases! {
    /// A subject of a bounce.
    SUBJECT = [
        r"undeliver(?:able|ed)|undelivered|non-?delivery|not deliver(?:ed|able)|non[- ]?deliverable|unable to deliver",
        r"deliver[yi]\S* (?:status )?(?:notification|report|failure|failed|problem|error|has failed|unsuccessful|incomplete|warning|status)",
        r"deliver[yi]\S* (?:is )?(?:delayed|delay)|delayed mail|message (?:has been )?delayed|has not yet been delivered",
        r"(?:mail|message|e-?mail)\b.{0,40}(?:delivery )?(?:failed|failure|could not be delivered|cannot be delivered|was not delivered|returned|rejected|bounced)",
        r"failed (?:mail|message|delivery)|(?:permanent|fatal) (?:delivery )?(?:failure|error)|failure (?:notice|delivery)|returned mail|returned to sender|return(?:ing)? (?:message )?to sender|returned message",
        r"could ?n[o']t be delivered|mail (?:system )?error|error (?:sending|during) |processing error|nameserver error report|user unknown|unknown user|address not found|mail delivery|bounced? (?:mail|message)|automatically rejected",
        r"unzustellbar|nicht zustellbar|nicht zugestellt|zustellung\S* (?:fehl|nicht|verz)|fehler bei der (?:zustellung|nachricht)|unerreichbar|zustellfehler|verzögerte",
        r"non remis|non délivré|échec (?:de|d'|dans)|non distribué|pas pu être (?:remis|délivré|distribué)|retour de message|undelivrable",
        r"no (?:se ha )?(?:podido |pudo )?entrega(?:do|r|ble)|devuelto|error de entrega|no entregado|falha n[ao] entrega|não (?:foi )?entreg|mensagem devolvida|mancat[ao] (?:recapito|consegna)|impossibile (?:recapitare|consegnare)|non recapitabil",
        r"не ?доставлен|недоставлен|не может быть доставлен|возврат|ошибка доставки|onbestelbaar|niet (?:bezorgd|afgeleverd)|nedoručiteln|niedostarczon|ikke leveret|kunde inte levereras|配信|配送不能|エラー通知|送信エラー|退信|无法(?:投递|送达|传送)|传输错误|郵件",
    ];

    /// Says in words that a mail did not arrive.
    FAILED = [
        r"(?:could|can) ?n(?:o|')t be (?:(?:successfully )?delivered|reached|sent|processed|found)|cannot be delivered|couldn't be delivered|undeliver(?:able|ed)|not able to deliver|wasn't able to deliver|unable to (?:deliver|reach|be delivered|transfer)|could not deliver|was(?: not|n't) (?:\S+ )?deliver|not (?:been )?deliver(?:ed|able)|not have been delivered|non-?delivery|delivery (?:to|of)\b.{0,60}(?:failed|aborted|unsuccessful|delayed)|delivery\b.{0,20}(?:failed|failure|has failed|problem|error|attempts)|delevery",
        r"failed (?:to be delivered|permanently|delivery|recipient|address)|addresses? failed|address\S* (?:had|has|with) (?:permanent|fatal|delivery|transient)|permanent (?:fatal )?(?:delivery )?error|fatal (?:delivery )?error|did not (?:reach|receive)|didn't reach|not reach\b.{0,60}(?:recipient|intended)|has been (?:returned|rejected|removed from the)|was (?:returned|rejected|automatically rejected|not accepted)|being returned|automatically rejected|encountered (?:an error|delivery problems)|failed because|an error (?:has )?occurred while|error was detected|there was a problem|there's a problem|rejected (?:by|your)|returned to (?:you|sender)|no valid recipients|giving up|given up|message not delivered|deliver[yi]\S* failure|bounced",
        r"not (?:yet )?been delivered|not yet received|(?:has|have) been (?:delayed|postponed)|still being retried|will be retried|user unknown|unknown user|no such user|invalid final delivery|does not like recipient|mailbox (?:is )?(?:full|unavailable)|said: 5\d\d|error:? 5\d\d|did not exactly match",
        r"nicht (?:\S+ ){0,3}(?:zugestellt|zustellen|ausgeliefert|erreicht|gesendet|übermittelt)|unzustellbar|zustellung\b.{0,40}(?:fehlgeschlagen|gescheitert|nicht|verzögert)|fehler bei der|konnte nicht|existiert nicht",
        r"(?:n'a|n'ont|n´a) (?:pas|pu)\b.{0,30}(?:être|etre|remis|délivr|delivr|distribu)|pas (?:pu )?(?:être |etre )?(?:délivré|delivre|remis|distribué|acheminé)|échec de la (?:remise|livraison)|n'a pas été remis|impossible de (?:remettre|délivrer|distribuer)|destinataire\b.{0,20}inconnu",
        r"no (?:se )?(?:ha |han )?(?:podido|pudo|puede|fue) (?:ser )?entrega|no (?:pudo|ha podido) ser|não (?:pode|pôde|foi)\b.{0,20}(?:entreg|enviad)|nao pode ser|impossibile (?:recapitare|consegnare)|non (?:è|e') stat[oa] (?:recapitat|consegnat|possibile)|non può essere consegnat",
        r"не (?:может|могут|было|удалось|был)\b.{0,30}доставл|не доставлен|доставить\b.{0,40}не удалось|не удалось доставить|недоставлен|无法(?:投递|送达|传送|发送)|未能(?:送达|投递)|无法到达|配信できません|送信できません|送信に失敗|failure reasons?|届けられません|niet (?:worden )?(?:bezorgd|afgeleverd)|nie (?:została|można) dostarcz",
    ];

    /// The server goes on trying.
    DELAYED = [
        r"not (?:yet )?been delivered (?:to|because|after)|has not yet been|not yet (?:been )?(?:delivered|received)|(?:has|have|was|were) (?:been )?(?:temporarily )?(?:delayed|postponed|deferred)|still being retried|will (?:be )?(?:re-?tried|retry)|(?:will )?(?:continue|keep)(?: to)? (?:try|attempt)|attempts? (?:to deliver\b.{0,40})?will (?:be )?(?:continue|made|repeated)|will (?:try|attempt) again|warning (?:message )?only|just a warning|only a notification about a delay|is delayed|message delayed|delivery (?:is )?delayed|delivery status notification \(delay\)|mail delivery delayed",
        r"could not be delivered for (?:more than )?\d|noch nicht zugestellt|wird weiter(?:hin)? versucht|verzöger|weitere zustellversuche|n'a pas encore|sera (?:de nouveau |à nouveau )?(?:tenté|réessay)|retardée?\b|todavía no|se (?:seguirá|volverá a) intent|ha sido (?:retrasado|aplazado)|ainda não|será tentad|non (?:è|e') ancora|verrà ritent|задерж|повторн\S+ попыт|будет повтор|попытки доставки (?:будут|продолж)",
    ];

    /// The server has given up, whatever else it says.
    GIVEN_UP = [
        r"permanent(?:ly)? (?:fatal )?(?:delivery )?(?:error|failure|failed)|failed permanently|i've given up|have given up|has given up|not going to try again|giving up on|permanent fatal|returned to sender|has been removed from the",
        r"no further (?:delivery )?attempts|was aborted|endgültig|keine weiteren|définitif|no se (?:realizarán|harán) más|постоянная ошибка",
    ];

    /// From here on stands the returned mail, or what else is not about recipients.
    RETURNED = [
        r"^[\s>*=|#-]*(?:this is a copy of|here is a copy of|a copy of the original|below (?:this|the next) line|below is a copy|copy of (?:the|your) (?:original )?message)",
        r"^[\s>*=|#:-]*(?:the |your )?(?:header of the |headers of the |text of the |first \d+ lines of (?:the|your) )?(?:original|returned|unsent|undelivered|source|rejected|failed|old) (?:message|mail|e-?mail|message headers?|mail headers?)\b[^@.]{0,40}(?:follow|below|attached|:\s*$|-\s*$|\|\s*$|$)",
        r"^[\s>*=|#-]*(?:included|enclosed|attached) is (?:a|the) (?:copy|header)|the header of the original|header of the source mail|start of (?:the )?returned message|returned mail follows|message (?:text|header|headers|body) follows?|message headers? follow|original message (?:details|headers|as received)|your message reads|forwarded message\s*-|the first \d+ lines of|(?:header|top) (?:and|\d+) .{0,20}lines of the message|unsent message below|message body suppressed|summary of the undelivered message|attachment is a copy",
        r"^[\s>*=|#-]*(?:[uU]rsprüngliche (?:nachricht|kopfzeilen|nachrichtenkopfzeilen)|originalnachricht|kopie der (?:ursprünglichen )?nachricht|der header der|message (?:d'origine|original)|en-têtes (?:du|de) message|copie du message|mensaje original|copia del mensaje|encabezados de mensaje|mensagem original|cabeçalhos|messaggio originale|intestazioni|исходн\S+ (?:сообщени|письм)|копия (?:вашего )?(?:письма|сообщения)|заголовки)",
        r"^-{2,}.{0,8}(?:附件|下面|以下)",
    ];

    /// What the server did with pleasure.
    DELIVERED = [
        r"success(?:ful|fully)\b.{0,40}(?:deliver|relay|sent|transfer)|(?:was|were|has been|have been) (?:successfully )?(?:delivered|relayed|expanded)\b|delivery (?:was )?successful|successful (?:mail )?delivery|successful delivery notification|erfolgreich (?:zugestellt|übermittelt)|remis avec succès|entregado correctamente|return receipt|успешно доставлен",
    ];

    /// The address that follows is one to write to, to ask, or ours.
    CONTACT = [
        r"contact|assistance|questions?\b|support|please (?:e-?mail|send|write|visit|forward|use|note)|(?:mail|message|e-?mail) from|mail from:?|sent by|from:|sender|reply[ -]to|postmaster at|administrator|on behalf|wenden sie sich|absender|von:|instead|new (?:e-?mail )?address|neue (?:e-?mail-?)?adresse|nouvelle adresse|subject:|betreff:|message-id|reported to|expéditeur|remitente|mittente|отправител|cc:|ehlo|helo\b|return-path|forwarded to|is lastname",
    ];
}
