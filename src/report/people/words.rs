//! The words by which a sentence shows who speaks, and as what.

use std::sync::LazyLock;

use regex::Regex;

use crate::report::prose::pattern;

/// Verbs of speaking and of leading an event, in the forms reports use.
const VERBS: &str = r"noted|notes|said|says|added|argued|argues|concluded|asked|stressed|emphasi[sz]ed|pointed|explained|remarked|observed|stated|suggested|warned|underlined|underscored|highlighted|concurred|agreed|disagreed|answered|replied|responded|commented|recalled|outlined|presented|spoke|opened|moderated|chaired|welcomed|described|reported|discussed|delivered|gave|closed|called|believes|told|mentioned|wondered|claimed|admitted|insisted|predicted|cautioned|introduced|summed|summari[sz]ed|countered|acknowledged|urged|proposed|reminded|spoke|shared|maintained|estimated|led
|sagte|sagt|erklärte|erläuterte|betonte|meinte|fügte|ergänzte|warnte|unterstrich|hob|wies|berichtete|eröffnete|moderierte|stellte|fragte|antwortete|entgegnete|forderte|sprach|schloss|plädierte|argumentierte|verwies|bemerkte|führte|mahnte|leitete|begrüßte|kritisierte|erinnerte|fasste|schilderte|hielt|beschrieb|nannte|zeigte
|отмети(?:л|ла)|заяви(?:л|ла)|подчеркну(?:л|ла)|сказа(?:л|ла)|добави(?:л|ла)|сообщи(?:л|ла)|указа(?:л|ла)|рассказа(?:л|ла)|напомни(?:л|ла)|считает|выступи(?:л|ла)|спроси(?:л|ла)|ответи(?:л|ла)|объясни(?:л|ла)|поясни(?:л|ла)|предупреди(?:л|ла)|открыл|открыла
|a\ (?:noté|déclaré|souligné|affirmé|ajouté|expliqué|rappelé|indiqué|estimé|précisé|conclu|présenté|demandé|ouvert|animé|répondu)|souligne|explique|estime
|señaló|afirmó|dijo|subrayó|destacó|añadió|explicó|indicó|aseguró|concluyó|preguntó|advirtió|presentó|recordó|inauguró|moderó|respondió|sostuvo|declaró";

/// Behind a name: "Anna Weber also noted". A blank, at most two words such as "also", then the verb.
pub(super) static SPEAKS_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?ix)^,?\s+(?:(?:also|then|further|finally|however|later|again|therefore|in\ turn|for\ (?:his|her)\ part|has|had|who|auch|dann|zudem|также|затем|tambien|también|aussi),?\s+){{0,2}}(?:{VERBS})\b"
    ))
});

/// Before a name: "betonte Anna Weber", "…”, said Anna Weber".
pub(super) static SPEAKS_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?ix)(?:[,”“»\x22]\s*[—–-]?\s*(?:{VERBS})|\b(?:sagte|erklärte|erläuterte|betonte|meinte|ergänzte|warnte|unterstrich|berichtete|eröffnete|moderierte|fragte|antwortete|forderte|sprach|begrüßte|hielt|(?:отмети|заяви|подчеркну|сказа|добави|сообщи|напомни|выступи|объясни|поясни)(?:л|ла)|считает|señaló|afirmó|dijo|subrayó|destacó|añadió|explicó|indicó|advirtió|a\ (?:déclaré|souligné|affirmé|ajouté|expliqué|estimé)))\s+(?P<prefix>[^,.;:!?“”„»«()]{{0,120}})$"
    ))
});

/// Before a name: "keynote speech was given by", "moderated by", "a question from", "according to".
pub(super) static LEADS_TO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)(?:\b(?:given|delivered|moderated|chaired|opened|presented|hosted|led|closed|introduced|facilitated)\ (?:in\ \p{L}+\ )?by
        |\b(?:keynotes?|speech|lecture|talk|address|remarks|presentation|introduction)\ (?:\p{L}+\ ){0,2}by
        |\b(?:questions?|remarks?|comments?|objections?)\ (?:from|by|of|(?:raised|asked|put|posed)\ by)
        |\baccording\ to|\basked\ by|\b(?:answer|answering|replying|responding|reply|response)\ to
        |\b(?:geleitet|moderiert|eröffnet|gehalten)\ von|\b(?:vortrag|keynote|frage|fragen|einwand|moderation|leitung)\ (?:von|durch)|\b(?:nach\ ansicht|laut)(?:\ von)?
        |\bpar|\b(?:по\ словам|по\ мнению|вопрос\p{L}*)|\b(?:según|moderad[oa]\ por|a\ cargo\ de))
        \s+(?P<prefix>[^,.;:!?“”„»«()]{0,120})$",
    )
});

/// A line that lists the speakers: "Speakers: ...".
pub(super) static LISTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\W*(?:speakers?|panel(?:l?ists)?|discussants?|with|moderat(?:or|ion)|chair|keynote|referent(?:en|innen)|referent\*innen|mit|podium|vortragende|es sprechen|докладчики|участники|спикеры|модератор|intervenants?|ponentes?|con)\s*[:：]\s*(?P<people>.+)$",
    )
});

/// The last words of a role, in lower case; a word ends with one of these ("Projektleiterin").
const ROLES: &str = "expert experts scientist researcher fellow professor prof. director head chair chairman chairwoman \
        chairperson president minister ambassador counselor counsellor analyst scholar historian economist \
        journalist editor lecturer adviser advisor secretary chancellor rector dean officer manager deputy senator \
        mayor commissioner representative spokesperson spokesman spokeswoman coordinator specialist founder author \
        diplomat consul attaché academic philosopher sociologist moderator activist lawyer judge engineer consultant \
        leader envoy partner linguist physicist geographer ecologist hydrologist biologist chemist geologist \
        statistician climatologist urbanist planner architect curator host chef ceo cto mp colonel writer direktor \
        direktorin leiter leiterin professorin forscher forscherin wissenschaftler wissenschaftlerin experte \
        expertin historiker historikerin ministerin botschafter botschafterin präsident präsidentin vorsitzende \
        vorsitzender referent referentin journalistin ökonom ökonomin sprecher sprecherin analystin berater \
        beraterin mitarbeiter mitarbeiterin moderatorin geschäftsführer geschäftsführerin soziologe soziologin \
        planerin geografin beauftragte beauftragter ingenieurin architektin redakteur redakteurin эксперт директор \
        профессор руководитель глава политолог историк экономист посол министр президент председатель сотрудник \
        заведующий заведующая советник аналитик журналист депутат исследователь декан ректор experte directeur \
        directrice professeur professeure chercheur chercheuse président présidente ministre ambassadeur \
        ambassadrice politologue historien historienne économiste journaliste analyste responsable conseiller \
        conseillère experto experta directora profesor profesora investigador investigadora presidente presidenta \
        ministro ministra embajador embajadora politólogo politóloga historiador historiadora economista periodista \
        analista jefe jefa consejero consejera";

/// Whether a word names a role. Long German compounds count by their ending.
pub(super) fn is_role(word: &str) -> bool {
    let word = word.trim_matches([',', '(', ')', '“', '”', '"']).to_lowercase();
    ROLES.split(' ').any(|role| {
        word == role
            || (role.len() >= 6 && word.len() > role.len() && word.ends_with(role))
            || word.strip_suffix('s').is_some_and(|one| one == role)
    })
}

/// Whether a word names a kind of institution: then the name is no person's.
pub(super) fn is_institution(word: &str) -> bool {
    const STEMS: &str = "institut universit ministr ministerium department academy akademie cent council embassy botschaft bank \
        foundation stiftung association verband agency agentur union committee commission kommission company group \
        office parliament bundestag government regierung college school hochschule laborator observator organi \
        federation forum network netzwerk society gesellschaft fund court party partei programme program chamber \
        house club museum library fakult facult zentrum verein rat amt behörde институт университет министерств \
        академи центр посольств фонд совет комитет комисси партия союз агентств université académie centre conseil \
        ambassade fondation fundación universidad instituto academia centro consejo embajada ministerio division \
        bureau project news times corporation";
    /// Short stems that are the beginning of names too count as whole words only.
    const WHOLE: &str = "rat amt cent bank fund club house court party group news times union";
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    matches!(
        word.as_str(),
        "center" | "centre" | "centers" | "centres" | "ngo" | "dpt"
    ) || STEMS
        .split(' ')
        .any(|stem| match WHOLE.split(' ').any(|whole| whole == stem) {
            true => word == stem,
            false => word.starts_with(stem) || (stem.len() >= 7 && word.ends_with(stem)),
        })
        || (word.ends_with("institut") || word.ends_with("institute") || word.ends_with("universität"))
}

/// Capitalised words at the start of a sentence, and words of a name of something else.
pub(super) fn is_no_name(word: &str) -> bool {
    const WORDS: &str = "the a an this that these those in on at to for from by with after before while when as but and or if so he \
        she they it we you i many most some all another other others our his her their its one two three both each \
        every several few yesterday today tomorrow then however also meanwhile later finally here there according \
        participants speakers experts central north south east west northern southern eastern western middle asia \
        europe africa america eurasia federation republic kingdom states united european international national \
        federal soviet second first third new old great dear further question questions discussion asian african \
        american russian german french chinese kazakh british english spanish turkish iranian world multiple round \
        table conference people monday tuesday wednesday thursday friday saturday sunday january february march \
        april june july august september october november december der die das ein eine in im am bei zum zur nach \
        vor mit auch dabei danach zuvor dann so sie er es wir ihre seine viele alle teilnehmer teilnehmende deutsche \
        europäische в на по это он она они как участники эксперты le la les un une il elle ils selon el los las una \
        ellos según opening closing street river sea lake mountain";
    WORDS
        .split(' ')
        .any(|one| one == word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
}

/// Forms of address that are neither name nor role.
pub(in crate::report) fn is_address(word: &str) -> bool {
    const WORDS: &str = "mr mrs ms miss dr dr.-ing herr frau herrn sir lady господин госпожа г-н г-жа m mme mlle señor señora sr sra \
        don doña phd";
    WORDS
        .split(' ')
        .any(|one| one == word.trim_end_matches('.').to_lowercase())
}
