//! The words by which a sentence shows who speaks, and those that make a capitalised word no part of a name.
//!
//! In: the text before or behind a name, or a word. Out: whether it shows that somebody speaks, or was not there, or is
//! a house, a form of address, or no name. The surprising thing: the past tense of any verb behind a name counts as
//! well as the verbs of speaking. Who acts in a report was there.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::report::prose::pattern;

/// Verbs of speaking and of leading an event, in the forms reports use.
const VERBS: &str = r"noted|notes|said|says|added|argued|argues|concluded|asked|stressed|emphasi[sz]ed|pointed|explained
|remarked|observed|stated|suggested|warned|underlined|underscored|highlighted|concurred|agreed|disagreed|answered
|replied|responded|commented|recalled|outlined|presented|spoke|opened|moderated|chaired|welcomed|described|reported
|discussed|delivered|gave|closed|called|believes|told|mentioned|wondered|claimed|admitted|insisted|predicted|cautioned
|introduced|summed|summari[sz]ed|countered|acknowledged|urged|proposed|reminded|shared|maintained|estimated|led|lectured
|traced|followed|put|compared|showed|sounded|set\ out|took|talked|defended|demonstrated|analy[sz]ed|examined|addressed
|spent|began|made|wants|wanted|brought|read|hosted|was\ (?:our\ guest|one\ of|in\ conversation)
|sagte|sagt|erklärte|erläuterte|betonte|meinte|fügte|ergänzte|warnte|unterstrich|hob|wies|berichtete|eröffnete
|moderierte|stellte|fragte|antwortete|entgegnete|forderte|sprach|schloss|plädierte|argumentierte|verwies|bemerkte|führte
|mahnte|leitete|begrüßte|kritisierte|erinnerte|fasste|schilderte|hielt|beschrieb|nannte|zeigte|legte|rechnete|zog
|zweifelte|brachte|bemühte|widersprach|referierte|referiert|las|skizzierte|verglich|nickte
|отмети(?:л|ла)|заяви(?:л|ла)|подчеркну(?:л|ла)|сказа(?:л|ла)|добави(?:л|ла)|сообщи(?:л|ла)|указа(?:л|ла)
|рассказа(?:л|ла)|рассказыва(?:л|ла)|напомни(?:л|ла)|считает|выступи(?:л|ла)|спроси(?:л|ла)|ответи(?:л|ла)
|объясни(?:л|ла)|поясни(?:л|ла)|предупреди(?:л|ла)|открыл|открыла|предложи(?:л|ла)|показа(?:л|ла)|представи(?:л|ла)
|сравни(?:л|ла)|говори(?:л|ла|ли)|заметил|заметила|возрази(?:л|ла)|возража(?:л|ла)|поддержа(?:л|ла)|разобра(?:л|ла)
|пообещал|пообещала|прочитал|прочитала|прочл?а?|вёл|вел|вела|ведёт|ведет|присоединил(?:ся|ась)|участвова(?:л|ла|ли)
|отказал(?:ся|ась)|произн(?:ёс|есла)|начал|начала|призна(?:л|ла|лся|лась)|обрати(?:л|ла)|привел|привела|привёл|переводит
|оппонирова(?:л|ла)|заспорил|заспорила|сослал(?:ся|ась)
|a(?:vait)?\ (?:(?:\p{L}+|d[’']\p{L}+)\ ){0,2}(?:noté|déclaré|souligné|affirmé|ajouté|expliqué|rappelé|indiqué|estimé
|précisé|conclu|présenté|demandé|ouvert|animé|répondu|comparé|détaillé|dressé|lu|montré|raconté|regretté|défendu|proposé
|suggéré|commenté|plaidé|remarqué|observé|évoqué|mis\ en\ garde|prévenu|insisté|exposé|analysé|décrit|résumé|retracé
|débattu|réagi|répliqué|lancé|clos|introduit|modéré|pris\ la\ parole|abordé|dû)
|ont\ (?:débattu|présenté|discuté|échangé|répondu|rappelé)|souligne|explique|estime|animait|présentait|modérait
|s[’']est\ (?:attachée?|interrogée?|inquiétée?|félicitée?|penchée?)
|señaló|afirmó|dijo|subrayó|destacó|añadió|explicó|indicó|aseguró|concluyó|preguntó|advirtió|presentó|recordó|inauguró
|moderó|respondió|sostuvo|declaró|comparó|habló|contó|expuso|matizó|resumió|contestó|replicó|intervino|abrió|cerró
|condujo|comentó|dictó|leyó|aportó|puso|tomó\ la\ palabra|participó|hizo|defendió|propuso|analizó|planteó|relató|mostró
|describió|lamentó|insistió|ofició|pronunciará|arrancó|coincidió|bromeó|siguió|acompañaron|participaron|hablaron
|debatieron";

/// Behind a name: "Anna Weber also noted". A blank, at most two words such as "also", then the verb.
pub(super) static SPEAKS_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?ix)^(?:,\ (?:who|die|der|qui|que|который|которая)\ [^.;]{{3,160}},)?,?\s+(?:(?:also|then|further|finally
        |however|later|again|therefore|in\ turn|for\ (?:his|her)\ part|has|had|who|on\ (?:his|her)\ part|auch|dann|zudem
        |также|затем|потом|который|которая|tambien|también|luego|por\ su\ parte|aussi|lui
        |en\ revanche),?\s+){{0,2}}(?:{VERBS})\b"
    ))
});

/// Before a name: "betonte Anna Weber", "…”, said Anna Weber", "Abrió la mesa Nélida Ocaranza", "Вёл разговор".
pub(super) static SPEAKS_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?ix)(?:[,”“»\x22]\s*[—–-]?\s*(?:{VERBS})|\b(?:sagte|erklärte|erläuterte|betonte|meinte|ergänzte|warnte
        |unterstrich|berichtete|eröffnete|moderierte|fragte|antwortete|forderte|sprach|begrüßte|hielt|referierte
        |referiert|zeigte|führt|führte|leitete|moderiert|widersprach|entgegnete|machte|zog|las|schilderte
        |(?:отмети|заяви|подчеркну|сказа|добави|сообщи|напомни|выступи|объясни|поясни|рассказа|рассказыва|говори
        |представи|показа|предложи|возрази|возража|поддержа|прочита|нача|откры|оппонирова|участвова)(?:л|ла|ли)|заспорил
        |заспорила|считает|в(?:ё|е)л|вела|вед(?:ё|е)т|произн(?:ёс|есла)|прочла|переводит|взял|взяла|согласил(?:ся|ась)
        |señaló|afirmó|dijo|subrayó|destacó|añadió|explicó|indicó|advirtió|abrió|cerró|moderó|condujo|intervino|presentó
        |comentó|contestó|respondió|replicó|puso|habló|hablaron|siguió|tomó\ la\ palabra|recibió|participaron|participó
        |acompañaron|estuvieron|dictó|pronunciará|ofrecerá|fue|leyó
        |a\ (?:(?:\p{{L}}+|d[’']\p{{L}}+)\ ){{0,2}}(?:noté|déclaré|souligné|affirmé|ajouté|expliqué|estimé|commenté
        |proposé|suggéré|répondu|demandé|rappelé|prévenu|entendu|résumé)(?:\ d[’']entrée(?:\ de\ jeu)?)?|modérait
        |animait|présentait|conduits?))\s+(?P<prefix>[^,.;:!?“”„»«()]{{0,120}})$"
    ))
});

/// Before a name: "keynote speech was given by", "moderated by", "a question from", "according to".
pub(super) static LEADS_TO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)(?:\b(?:given|delivered|moderated|chaired|opened|presented|hosted|led|closed|introduced
        |facilitated)\ (?:in\ \p{L}+\ )?by
        |\b(?:keynotes?|speech|lecture|talk|address|remarks|presentation|introduction)\ (?:\p{L}+\ ){0,2}by
        |\b(?:questions?|remarks?|comments?|objections?)\ (?:from|by|of|(?:raised|asked|put|posed)\ by)
        |\baccording\ to|\basked\ by|\b(?:answer|answering|replying|responding|reply|response)\ to|\bconversation\ with
        |\bhanded\ over\ to|\bsat|\bvoice\ [^.;,]{0,30}\bwas\ that\ of|\bfollowed\ by|\bin\ discussion\ with
        |\bcountering\ (?:her|him|them),
        |\b(?:geleitet|moderiert|eröffnet|gehalten)(?:\ wurden?\ [^.;]{0,60})?\ von|\bunter\ der\ leitung\ von
        |\ben\ manos\ de|\bübergab(?:en)?\ (?:er\ |sie\ )?an|\bgehörte|\bangereist\ war(?:en)?|\bkam(?:en)?\ von
        |\beröffnet\ wurde\ [^.;]{0,60}\ von|\b(?:vortrag|keynote|frage|fragen|einwand|moderation|leitung
        |begrüßung)\ (?:von|durch|lag\ bei|hatte|übernahm)|\b(?:nach\ ansicht|laut)(?:\ von)?
        |\b(?:\p{L}*referent|\p{L}*moderator|\p{L}*redner|gast|gesprächspartner|gastgeber)(?:in|innen|en)?\ (?:war|waren
        |ist|sind)|\b(?:im\ )?gespräch\ mit|\bprogramm\ mit
        |\bpar|\bselon|\b(?:passer|passé|donner|donné)\ la\ parole\ à|\ben\ compagnie\ de|\baux\ côtés\ de|\bc[’']est\ à
        |\brevenait\ à|\bconférence\ (?:inaugurale\ )?de|\bdevait\ donner|\b(?:по\ словам|по\ мнению|вопрос\p{L}*)
        |\ble\ siguió|\btocó\ [^.;]{0,30}\ba|\bvenido|\b(?:según|moderad[oa]\ por|a\ cargo\ de|por\ cuenta\ de|para)
        |\b(?:лекци|доклад|выступлени)\p{L}*|\bбесед\p{L}+\ с|\bс\ участием
        |\bслово\ (?:взял|взяла|дали|получил|получила)
        |\bмодератором\ (?:выступил|выступила|был|была|стал|стала|должна\ была\ стать|должен\ был\ стать))
        \s+(?P<prefix>[^,.;:!?“”„»«()]{0,120})$",
    )
});

/// A sentence that lists who spoke: every name behind these words is one of them.
pub(super) static LISTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)\b(?:(?:confirmed\ |invited\ |our\ |the\ )?(?:speakers|panel(?:l)?ists|discussants|lecturers
        |others)\ (?:are|were|include[ds]?|will\ be)
        |es\ (?:sprachen|sprechen|diskutierten|referieren)|auf\ dem\ podium\ (?:saßen|sitzen|diskutierten)
        |referent(?:en|innen)\ (?:sind|waren)|mit\ dabei\ waren
        |sont\ intervenus|interviendront|sont\ intervenues|participaient|ont\ participé|prendront\ la\ parole
        |participaron|iban\ a\ participar|participarán|intervinieron|intervendrán|estuvieron
        |участвовали|участвуют|участвовать\ согласились|выступили|выступят|спикеры|докладчики|говорили)\b",
    )
});

/// Whether the words around a name say that its bearer was not there: dead, absent, or quoted from elsewhere.
pub(super) fn is_elsewhere(before: &str, after: &str) -> bool {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?ix)(?:\b(?:the\ late|late\ sir|in\ memory\ of|named\ after|writing\ in|works?\ of|portrait\ of
            |asked\ for\ comment|message\ from|draft\ by|verstorbene[nrs]?|von\ der\ verstorbenen|lebenswerk
            |buch\ de[sr]
            |feue?|défunte?|message\ de|les\ travaux\ d\p{L}*|trabajos\ (?:\p{L}+\ )?de|memoria\ de|silencio\ por
            |cit[óo]\ (?:más\ de\ una\ vez\ )?a|entregó\ a|capítulo\ dedicado\ a
            |quot(?:ed|ing)|references?\ to|study\ that|reviewing\ [^.;]{0,40}|gutachten\ de[sr]
            |(?:\p{L}*schrift|studie|aufsatz|these)\ (?:von|de[sr])|составил|cit(?:ed|ing)|remark\ by|words\ of
            |(?:book|novel|essay|pamphlet|poem)\ (?:by|of)|greetings?\ from|session\ with|zitierte[nr]?
            |berief\ [^.;]{0,20}\bauf|interview\ von|wort\ de[sr]|(?:klassiker|buch|satz|roman)\ von|grüß?s?s?e\ von
            |entschuldigen\ ließ\ sich
            |citant|citait|a\ cité|(?:livre|ouvrage|roman|thèse)\ [^.;:!?]{0,30}\bd(?:e|[’'])
            |(?:rapport|mémoire|étude|lettre)\ [^.;:!?]{0,40}\bpar|l[’']absence\ de|on\ attendait|tient\ de
            |libro\ [^.;:!?]{0,40}\bde|releer\ a|opinión\ de|referencias?\ a|informe\ que|libro\ que
            |no\ pud(?:o|ieron)\ [^.;:!?]{0,40}|estaba\ prevista|excusó\ a
            |строк\p{L}+|по\ выражению|который\ подготовил\p{L}?|слова|стих\p{L}+|рассказал[аи]?\ об?|сослал\p{L}+\ на
            |ссылаясь\ на|процитировал[аи]?|не\ состоялось
            |памяти|покойн\p{L}+|книгу|имени|цитат\p{L}+|вспоминали|дневник\p{L}*)\b[^.;:!?]{0,60}
            |\b(?:faltó|extrañó)\ [^.;]{0,30})$",
        )
    });
    static AFTER: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?ix)^(?:\s(?:habe|sei|werde|könne|müsse)\b|,?\ (?:cuyo|cuya)\ [^.,]{0,30}
            |,?\ (?:whose|dont|in\ dessen|in\ deren)\ [^.,]{0,30}\b(?:book|pamphlet|essay|novel|buch|roman|livre|ouvrage
            |libro|novela)\b|\s*\((?:\*|†|geb\.\ |born\ )?\d{4}\s*(?:[-–—]|\))
            |[^.!?]{0,80}\b(?:could\ not\ (?:attend|come|be\ there)|was\ unable\ to|did\ not\ (?:attend|come)
            |not\ present|absent|sent\ (?:a|his|her)\ (?:written\ )?(?:letter|greeting|message|paper)
            |did\ not\ take\ place|had\ been\ expected|sent\ (?:his|her|their)\ apologies
            |nicht\ anwesend|lie(?:ß|ss)\ sich\ entschuldigen|absagen\ musste|musste\ (?:\p{L}+\ )?absagen|verhindert
            |nicht\ (?:kommen|teilnehmen)
            |n[’']a\ pas\ pu|avait\ fait\ parvenir|s[’']était\ fait\ représenter|se\ désister|souffrante?\b|excusée?\b
            |retenue?\ à|aujourd[’']hui\ (?:disparu|décédé)e?|mort\ en|morte\ en|interrogée?\b[^.]{0,40}\bpresse
            |a\ été\ citée?
            |no\ pudo|no\ llegó|excusó\ su|declinó|no\ asistió|perdió\ (?:su|el)\ vuelo|fallecid[oa]|envió\ una\ carta
            |que\ no\ estaba
            |не\ приш(?:ёл|ла)|не\ оказал\p{L}+|не\ сумел[а]?|на\ больничн\p{L}+|не\ состоял\p{L}+|не\ смог(?:ла)?
            |не\ приехал[а]?|не\ сумевш\p{L}+|отклонил[а]?|прислал[а]?\ (?:доклад|письмо|привет\p{L}*)|скончал\p{L}+
            |умер(?:ла)?)\b
            |,\s(?:[^.,]{0,40},\s)?(?:who|que|qui|der|die|который|которая|dont)\b[^.]{0,50}\b1[5-8]\d\d\b
            |[^.,]{0,30}\b(?:en|in|um|в)\ 1[5-9]\d\d)",
        )
    });
    BEFORE.is_match(before) || AFTER.is_match(after)
}

/// A line that lists the speakers: "Speakers: ...".
pub(super) static LISTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\W*(?:speakers?|panel(?:l?ists)?|discussants?|with|moderat(?:or|ion)|chair|keynote|referent(?:en|innen)|referent\*innen|mit|podium|vortragende|es sprechen|докладчики|участники|спикеры|модератор|intervenants?|ponentes?|con)\s*[:：]\s*(?P<people>.+)$",
    )
});

/// Whether a list of words parted by blanks holds a word.
pub(super) fn holds(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|one| one == word)
}

/// Whether a word names a kind of institution: then the name is no person's.
pub(in crate::report) fn is_institution(word: &str) -> bool {
    const STEMS: &str = "institut universit ministr ministerium department academy akademie cent council embassy \
        botschaft bank foundation stiftung association verband agency agentur union committee commission kommission \
        company group office parliament bundestag government regierung college school hochschule laborator observator \
        organi federation forum network netzwerk society gesellschaft fund court party partei programme program \
        chamber house club museum library fakult facult zentrum verein rat amt behörde институт университет \
        министерств академи центр посольств фонд совет комитет комисси партия союз агентств université académie centre \
        conseil ambassade fondation fundación universidad instituto academia centro consejo embajada ministerio \
        division bureau project news times corporation archiv cátedra cámara colegio casa instituts observatoire \
        barreau hôpital lycée mairie société revue réseau atelier collectif école taller museo mutual trust tribunal \
        gericht hafen dienst kolleg лаборатори музей школ клуб фирм компани группа кафедр библиотек consortium \
        konsortium publisher radio books marine zeitung zeitschrift mission service syndicat cooperativa laboratorio \
        hospital shire unit guild press consulting rail oficina revista red authority editorial verlag éditions \
        издательств forschungsstelle chaire lehrstuhl cercle ayuntamiento dépôt agence dirección bistum";
    /// Short stems that are the beginning of names too count as whole words only.
    const WHOLE: &str = "radio books marine rat amt cent bank fund club house court party group news times union red \
        casa unit press rail trust shire mission service museo hafen école группа";
    static KINDS: LazyLock<Vec<(&str, bool)>> = LazyLock::new(|| {
        let whole: HashSet<&str> = WHOLE.split_whitespace().collect();
        STEMS
            .split_whitespace()
            .map(|stem| (stem, whole.contains(stem)))
            .collect()
    });
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let word = ["l’", "l'", "d’", "d'"]
        .iter()
        .find_map(|article| word.strip_prefix(article))
        .unwrap_or(&word)
        .to_owned();
    // German compounds, with the ending of the genitive or without: "Ruhrkollegs", "Hilfsdienst".
    let bare = word.strip_suffix('s').unwrap_or(&word);
    let is_compound = [
        "kolleg",
        "gericht",
        "dienst",
        "verein",
        "archiv",
        "verband",
        "netzwerk",
        "hochschule",
        "kammer",
        "bibliothek",
    ]
    .iter()
    .any(|house| bare.len() > house.len() && bare.ends_with(house));
    is_compound
        || matches!(word.as_str(), "center" | "centers" | "ngo" | "dpt")
        || word.ends_with("institute")
        || word.ends_with("universität")
        || KINDS.iter().any(|(stem, is_whole)| match is_whole {
            true => word == *stem,
            false => word.starts_with(stem) || (stem.chars().count() >= 7 && word.ends_with(stem)),
        })
}

/// Capitalised words at the start of a sentence, and words of a name of something else.
pub(super) fn is_no_name(word: &str) -> bool {
    const WORDS: &str = "the a an this that these those in on at to for from by with after before while when as but \
        and or if so he she they it we you i many most some all another other others our his her their its one two \
        three both each every several few yesterday today tomorrow then however also meanwhile later finally here \
        there according participants speakers experts central north south east west northern southern eastern western \
        middle asia europe africa america eurasia federation republic kingdom states united european international \
        national federal soviet second first third new old great dear further question questions discussion asian \
        african american russian german french chinese kazakh british english spanish turkish iranian world multiple \
        round table conference people monday tuesday wednesday thursday friday saturday sunday january february march \
        april june july august september october november december der die das ein eine im am bei zum zur nach vor mit \
        auch dabei danach zuvor dann sie er es wir ihre seine viele alle teilnehmer teilnehmende deutsche europäische \
        в на по это он она они как участники эксперты le la les un une il elle ils selon el los las una ellos según \
        opening closing street river sea lake mountain den durch wenn zwei drei затем потом также после para pour venu \
        dans sur avec con por son ihm ihr ouvrant lecture lectures room rooms works hotel projekt project rencontres \
        encuentro barrio calle avenida plaza teatro palacio théâtre place rue café salle pavillon haus saal hall dos \
        tres deux trois enfin entre face schloss uhr werkshaus zunfthaus kunsthaus journal review gazette c’est c'est \
        qu’est für auf diese dieser diesen dieses diesem jener jede jeder zwölf vier fünf sechs sieben acht neun zehn \
        rund etwa desde hasta hacia depuis pendant après avant chez sans über unter hinter neben zwischen gegen ohne \
        um welt revier klein groß bericht tagungsbericht nachruf alte alter alten neue neuer neuen kleine kleinen";
    static NO_NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| WORDS.split_whitespace().collect());
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    NO_NAMES.contains(word.as_str())
}

/// Forms of address that are neither name nor role.
pub(in crate::report) fn is_address(word: &str) -> bool {
    const WORDS: &str = "mr mrs ms miss dr dr.-ing herr frau herrn sir lady господин госпожа г-н г-жа m mme mlle señor \
        señora sr sra don doña phd maître docteur mag univ.-prof pd prof sa son excellence дядя ing dipl.-ing judge \
        reverend rev lic dra dre pr pre me mgr mtro mtra univ maestro maestra кандидат доктор doctor mzee";
    static ADDRESSES: LazyLock<HashSet<&str>> = LazyLock::new(|| WORDS.split_whitespace().collect());
    ADDRESSES.contains(word.trim_end_matches('.').to_lowercase().as_str())
}
