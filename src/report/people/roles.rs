//! The words that name a role or a profession, in five languages.
//!
//! In: a word as the text writes it. Out: whether it names a role. The surprising thing: no list of professions is ever
//! whole, so a word is known by its end too: by a role that it ends with ("Projektleiterin"), and by endings such as
//! "-ologist", less the words and given names that only look so.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::words::holds;

/// The last words of a role, in lower case; a word ends with one of these ("Projektleiterin").
const ROLES: &str = "expert experts scientist researcher fellow professor director head chair chairman chairwoman \
    chairperson president minister ambassador counselor counsellor analyst scholar historian economist journalist \
    editor lecturer adviser advisor secretary chancellor rector dean officer manager deputy senator mayor commissioner \
    representative spokesperson spokesman spokeswoman coordinator specialist founder author diplomat consul attaché \
    academic philosopher sociologist moderator activist lawyer judge engineer consultant leader envoy partner linguist \
    physicist geographer ecologist hydrologist biologist chemist geologist statistician climatologist urbanist planner \
    architect curator host chef ceo cto mp colonel writer direktor direktorin leiter leiterin professorin forscher \
    forscherin wissenschaftler wissenschaftlerin experte expertin historiker historikerin ministerin botschafter \
    botschafterin präsident präsidentin vorsitzende vorsitzender referent referentin journalistin ökonom ökonomin \
    sprecher sprecherin analystin berater beraterin mitarbeiter mitarbeiterin moderatorin geschäftsführer \
    geschäftsführerin soziologe soziologin planerin geografin beauftragte beauftragter ingenieurin architektin \
    redakteur redakteurin эксперт директор профессор руководитель глава политолог историк экономист посол министр \
    президент председатель сотрудник заведующий заведующая советник аналитик журналист депутат исследователь декан \
    ректор directeur directrice professeur professeure chercheur chercheuse président présidente ministre ambassadeur \
    ambassadrice politologue historien historienne économiste journaliste analyste responsable conseiller conseillère \
    experto experta directora profesor profesora investigador investigadora presidente presidenta ministro ministra \
    embajador embajadora politólogo politóloga historiador historiadora economista periodista analista jefe jefa \
    consejero consejera";

/// More roles, as they stand before or behind a name.
const MORE_ROLES: &str = "keynote solicitor barrister farmer treasurer warden interpreter critic grower counsel \
    captain poet novelist teacher nurse doctor midwife pharmacist surgeon pastor priest bishop student candidate \
    agronomist trustee rapporteur registrar archivist librarian translator composer musician artist photographer \
    filmmaker actor publisher reporter columnist broadcaster councillor alderman magistrate inspector rower fisherman \
    carpenter keeper geneticist astronomer mathematician anthropologist archaeologist psychologist theologian botanist \
    zoologist chief vice-chair vice-president co-founder cofounder member delegate veteran guest archivar archivarin \
    rechtler rechtlerin pfleger pflegerin kundler kundlerin arbeiter arbeiterin landesrätin landesrat nationalrat \
    stadtrat bürgermeister bürgermeisterin betriebsrat betriebsrätin pfarrer pfarrerin brigadier doktorand doktorandin \
    dirigent rechtsanwalt rechtsanwältin richter richterin anwalt anwältin schriftsteller schriftstellerin toxikologe \
    hydrologin landwirt landwirtin staatssekretär konsul generalkonsul lektor lektorin autor autorin verleger \
    verlegerin händler fischer fotograf fotografin arzt ärztin hebamme lehrer lehrerin studentin künstler künstlerin \
    gesprächsleiter gesprächsleiterin avocat avocate philosophe géographe romancier romancière doctorant doctorante \
    océanographe architecte conservateur conservatrice juriste magistrat traducteur traductrice actuaire \
    agroéconomiste modérateur modératrice médiateur auteur auteure autrice écrivain écrivaine maire sénateur sénatrice \
    préfet négociant essayiste ingénieur ingénieure coordonnatrice coordonnateur coordinateur coordinatrice titulaire \
    rédacteur rédactrice délégué déléguée cheffe chargé chargée secrétaire trésorier trésorière fondateur fondatrice \
    cofondateur cofondatrice étudiant étudiante médecin infirmier infirmière éleveur éleveuse agriculteur agricultrice \
    porte-parole linguiste sociologue anthropologue biologiste climatologue hydrologue urbaniste cartographe \
    archiviste bibliothécaire maître coordinadora coordinador ingeniera ingeniero catedrático catedrática técnico \
    técnica gerente abogado abogada arquitecto arquitecta cronista latinista vulcanólogo vulcanóloga geoquímico \
    geoquímica geógrafo geógrafa sociólogo socióloga antropólogo antropóloga agroclimatólogo agroclimatóloga curador \
    curadora maestro maestra estudiante alcalde alcaldesa asesor asesora activista jurista secretario secretaria \
    dirigente concejal concejala escritor escritora актриса актёр прозаик поэт поэтесса режиссёр драматург композитор \
    художник художница писатель писательница скрипач пианист концертмейстер хормейстер переводчик переводчица \
    программист куратор модератор хранитель агроном фермер краевед лектор юрист адвокат нотариус врач учитель \
    учительница инженер технолог строитель демограф landrat rat novelista poeta médico médica enfermera docente \
    rectora decano decana editora filósofo filósofa biólogo bióloga geólogo geóloga hidrólogo hidróloga lingüista \
    doctorando doctoranda moderador moderadora relator relatora portavoz vocero vocera capitán pescador pescadora \
    agricultor agricultora comisario comisaria fundador fundadora conservador conservadora bibliotecario bibliotecaria \
    archivero archivera exconcejala exministro доцент аспирант аспирантка архитектор капитан капитан-наставник \
    академик доктор социолог антрополог гляциолог географ геолог биолог филолог лингвист философ редактор издатель \
    автор ведущий хранительница мэр губернатор сенатор подполковник полковник генерал музеевед искусствовед археолог \
    этнограф эколог гидролог климатолог математик физик химик психолог культуролог востоковед кинокритик фотограф \
    предприниматель менеджер координатор секретарь проректор соосновательница сооснователь основатель основательница \
    представитель представительница владелец директриса магистрант студент студентка руководительница заместитель \
    помощник консультант начальник ювелир";

/// Whether a word names a role. Long German compounds count by their ending.
pub(in crate::report) fn is_role(word: &str) -> bool {
    let word = word.trim_matches([',', '(', ')', '“', '”', '"']).to_lowercase();
    let word = ["l’", "l'", "d’", "d'"]
        .iter()
        .find_map(|article| word.strip_prefix(article))
        .unwrap_or(&word);
    static ROLE_WORDS: LazyLock<HashSet<&str>> =
        LazyLock::new(|| ROLES.split_whitespace().chain(MORE_ROLES.split_whitespace()).collect());
    let is_known = |word: &str| ROLE_WORDS.contains(word);
    if is_known(word) || word.strip_suffix('s').is_some_and(is_known) {
        return true;
    }
    if has_ending_of_role(word) {
        return true;
    }
    // "Projektleiterin": the end of a longer word, by at least three letters.
    word.char_indices()
        .skip(3)
        .take_while(|(at, _)| word.get(*at..).is_some_and(|end| end.chars().count() >= 6))
        .any(|(at, _)| is_known(&word[at..]))
}

/// Endings that make the name of a profession in one of the languages: no list of them is ever whole.
fn has_ending_of_role(word: &str) -> bool {
    static ENDINGS: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let languages = [
            // en
            "ologist ographer iatrist ician icist wright keeper maker monger",
            // de
            "loge login graf grafin iker ikerin istin entin antin orin eurin iererin macher macherin meister meisterin \
                beamter beamtin abgeordnete abgeordneter förster försterin schafter schafterin händler händlerin arbeiter \
                arbeiterin wirt wirtin",
            // fr
            "logue graphe nome culteur cultrice ateur atrice iteur itrice iste icien icienne queur queuse",
            // es
            "ólogo óloga ógrafo ógrafa ónomo ónoma ista ador adora icultor icultora",
            // ru
            "олог граф вед ист тель тельница атор итор щик чик щица чица истка мейкер менеджер",
        ];
        languages
            .iter()
            .flat_map(|endings| endings.split_whitespace())
            .collect()
    });
    /// Words with such endings that are no one.
    const NO_ROLES: &str = "dialogue catalogue analogue prologue épilogue monologue autonome existe triste revista \
        entrevista conquista autopista paragraphe télégraphe показатель двигатель параграф телеграф ordinateur \
        computador ordenador mirador";
    /// Given names end so too.
    const NAMES: &str = "baptiste bautista batista calliste kristin christin konstantin constantin valentin quentin \
        florentin clementin salvador amador salvadora evangelista";
    word.chars().count() >= 6
        && !holds(NO_ROLES, word)
        && !NAMES.split_whitespace().any(|name| word.ends_with(name))
        && ENDINGS.iter().any(|ending| word.ends_with(ending))
}
