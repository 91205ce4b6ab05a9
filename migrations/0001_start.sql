-- Written in the common subset of SQLite and PostgreSQL, with two words that `store/schema.rs` translates:
-- INTEGER PRIMARY KEY counts by itself, and INTEGER holds 64 bits on both.
-- Instants are milliseconds since 1970 in UTC. Truth values are 0 and 1. Documents are JSON text.

-- Facts about this database: the restore epoch, the host it belongs to.
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Where reports come from. `first_collected_at` is set once: only the first collection knows `backfill`.
CREATE TABLE source (
    name TEXT NOT NULL PRIMARY KEY,
    first_collected_at INTEGER,
    last_success_at INTEGER,
    -- When and where a source on the web is asked next: JSON of `source::poll::Polling`.
    polling TEXT,
    last_error TEXT,
    retired_at INTEGER
);

-- A report; its id is its place in the order of first sight. The text stands in its revisions.
CREATE TABLE report (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL CONSTRAINT report_public_id UNIQUE,
    slug TEXT NOT NULL CONSTRAINT report_slug UNIQUE,
    source TEXT NOT NULL,
    item_key TEXT NOT NULL,
    revision INTEGER NOT NULL,
    language TEXT,
    -- Canonical link, and title with date, each in the form in which two sources would agree; null: none.
    link_key TEXT,
    event_key TEXT,
    -- Bytes of the file as last read: a renamed file with the same text is the same report.
    fingerprint TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL,
    -- When the text last changed; `settle` counts from here.
    changed_at INTEGER NOT NULL,
    -- When the report became public: in feeds, pages and future editions. Null: not yet.
    published_at INTEGER,
    -- The date readers see; set once, never moved (FEED-06).
    dated_at INTEGER,
    -- Moves only for significant changes (FEED-06).
    updated_at INTEGER,
    draft INTEGER NOT NULL DEFAULT 0,
    publish_after INTEGER,
    -- JSON array of list names, or null for every list that matches.
    lists TEXT,
    held_at INTEGER,
    held_why TEXT,
    withdrawn_at INTEGER,
    -- 1: came with a source's first collection and is older than its backfill: feeds and archive only.
    archived INTEGER NOT NULL DEFAULT 0,
    -- 1: it only announces its event.
    announcement INTEGER NOT NULL DEFAULT 0,
    -- When it was published as an announcement, if its report has come since.
    announced_at INTEGER,
    -- The first of the reports that say the same in several languages; null: not looked for yet.
    work INTEGER,
    CONSTRAINT report_item UNIQUE (source, item_key)
);
CREATE INDEX report_by_dated ON report (dated_at, id);
CREATE INDEX report_by_fingerprint ON report (source, fingerprint);
CREATE INDEX report_by_link ON report (link_key);
CREATE INDEX report_by_event ON report (event_key);

CREATE TABLE revision (
    report_id INTEGER NOT NULL REFERENCES report (id),
    number INTEGER NOT NULL,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- What was corrected, in the editor's words; null: no correction.
    correction TEXT,
    PRIMARY KEY (report_id, number)
);

-- A file of a folder source, read or refused.
CREATE TABLE origin (
    source TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    report_id INTEGER REFERENCES report (id),
    refused TEXT,
    seen_at INTEGER NOT NULL,
    gone_at INTEGER,
    PRIMARY KEY (source, path)
);

-- A page that a source on the web leads to: when it is asked again, and with which validators (JSON).
CREATE TABLE visit (
    source TEXT NOT NULL,
    url TEXT NOT NULL,
    validators TEXT NOT NULL,
    -- As the sitemap said at the last visit.
    changed_at INTEGER,
    first_at INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    PRIMARY KEY (source, url)
);

-- A copy of a picture, by the hash of its bytes.
CREATE TABLE picture (
    hash TEXT NOT NULL PRIMARY KEY,
    media_type TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    size INTEGER NOT NULL,
    bytes BLOB NOT NULL
);

-- A picture that reports of a source have: which copy it is, or why there is none yet.
CREATE TABLE picture_place (
    source TEXT NOT NULL,
    url TEXT NOT NULL,
    hash TEXT REFERENCES picture (hash),
    refused TEXT,
    failures INTEGER NOT NULL,
    -- Null: not tried any more.
    next_at INTEGER,
    PRIMARY KEY (source, url)
);

CREATE TABLE list (
    name TEXT NOT NULL PRIMARY KEY,
    last_number INTEGER NOT NULL DEFAULT 0,
    -- As last configured: who reads by it and is moved to another is owed what it had not brought.
    default_cadence TEXT,
    created_at INTEGER NOT NULL,
    retired_at INTEGER
);

-- A rhythm of a list. Slots up to `decided_until` are settled, whatever became of them.
CREATE TABLE cadence (
    list TEXT NOT NULL,
    name TEXT NOT NULL,
    decided_until INTEGER NOT NULL,
    -- Cron and zone as last seen: a schedule that was moved starts counting slots anew.
    rule TEXT NOT NULL,
    -- Fingerprint of what the list matches; a change makes newly matching old reports known, not new.
    matching TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (list, name)
);

-- One line per slot: the key that lets two machines trigger a slot and make one edition (SCH-03).
CREATE TABLE slot (
    list TEXT NOT NULL,
    cadence TEXT NOT NULL,
    -- Cron: the instant. Immediate: the first report's id.
    slot INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('edition', 'empty', 'missed', 'merged', 'asked')),
    edition_id INTEGER,
    decided_at INTEGER NOT NULL,
    CONSTRAINT slot_once PRIMARY KEY (list, cadence, slot)
);

-- A report enters at most one edition of a list and cadence. No edition: known, not to be mailed.
CREATE TABLE ledger (
    list TEXT NOT NULL,
    cadence TEXT NOT NULL,
    report_id INTEGER NOT NULL REFERENCES report (id),
    matter TEXT NOT NULL,
    edition_id INTEGER,
    entered_at INTEGER NOT NULL,
    CONSTRAINT ledger_once PRIMARY KEY (list, cadence, report_id, matter)
);
CREATE INDEX ledger_by_edition ON ledger (edition_id);

CREATE TABLE subscriber (
    id INTEGER PRIMARY KEY,
    -- As given, for delivery (MSG-11). Empty: erased.
    address TEXT NOT NULL,
    -- Normalised, for uniqueness only. `erased ID` of who is erased.
    address_key TEXT NOT NULL CONSTRAINT subscriber_address UNIQUE,
    name TEXT,
    language TEXT,
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'suppressed', 'erased')),
    created_at INTEGER NOT NULL
);

-- Addresses that no list may mail, whoever asks, known by a keyed hash alone: who is erased stays away (PRIV-08).
CREATE TABLE suppression (
    -- `Secret::suppression` of the address's key.
    hash TEXT NOT NULL PRIMARY KEY,
    -- erased, complaint, staff
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
);

CREATE TABLE subscription (
    id INTEGER PRIMARY KEY,
    list TEXT NOT NULL,
    subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
    state TEXT NOT NULL CHECK (state IN ('active', 'left', 'removed')),
    -- Null: the list's default cadence.
    cadence TEXT,
    -- JSON array; empty = all topics.
    topics TEXT NOT NULL DEFAULT '[]',
    -- 1: the list's CSV put it there, and may take it away.
    by_file INTEGER NOT NULL DEFAULT 0,
    -- The CSV's cells as last applied, JSON.
    cells TEXT,
    -- JSON array of fields the person set; the file does not touch them.
    chosen TEXT NOT NULL DEFAULT '[]',
    -- Reports with a larger id are new to this person.
    since_report INTEGER NOT NULL,
    -- After a change of cadence: the next edition adds what the list published since then and the person lacks.
    owed_since INTEGER,
    -- The person wants nothing before; then they are owed what came meanwhile.
    paused_until INTEGER,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    CONSTRAINT subscription_once UNIQUE (list, subscriber_id)
);
CREATE INDEX subscription_by_subscriber ON subscription (subscriber_id);
CREATE INDEX subscription_owed ON subscription (list) WHERE owed_since IS NOT NULL;

-- Never deleted; a person erased loses the words: what a person agreed to, and when it ended (PRIV-02).
CREATE TABLE consent (
    id INTEGER PRIMARY KEY,
    subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
    list TEXT NOT NULL,
    -- subscribed, left, removed, returned, suspended, suppressed, resumed, allowed, erased
    what TEXT NOT NULL,
    -- double opt-in, file, import, command line, one-click, page, mail, bounce, complaint, or who resumed
    how TEXT NOT NULL,
    basis TEXT,
    -- Double opt-in: when and where they asked, and which words they read there, in which language.
    asked_at INTEGER,
    form TEXT,
    wording TEXT,
    language TEXT,
    -- The network they asked from, shortened; null unless `signup.keep_network` is set, and again when its time is over.
    network TEXT,
    at INTEGER NOT NULL
);
CREATE INDEX consent_by_subscriber ON consent (subscriber_id);
CREATE INDEX consent_with_network ON consent (at) WHERE network IS NOT NULL;

-- Words that people agreed to, by the hash of them: what a consent record names can be read years later.
CREATE TABLE wording (
    id TEXT NOT NULL PRIMARY KEY,
    language TEXT NOT NULL,
    text TEXT NOT NULL,
    first_at INTEGER NOT NULL
);

-- Somebody who asked to join and has not confirmed: all that is known of them stands here, and goes with the row.
CREATE TABLE signup (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL,
    address_key TEXT NOT NULL,
    name TEXT,
    -- Theirs, if they chose one.
    language TEXT,
    -- JSON array of `store::Wish`, one for each list.
    wishes TEXT NOT NULL,
    -- Stands for the network that the request came from, under a key of ours.
    network_key TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    -- When the mail with the link was made; null: the request waits for its turn.
    mailed_at INTEGER,
    reminded_at INTEGER,
    -- 1: it had its turn and counts; it waits because the address had a mail of late.
    counted INTEGER NOT NULL DEFAULT 0 CHECK (counted IN (0, 1))
);
CREATE UNIQUE INDEX signup_waiting ON signup (address_key) WHERE mailed_at IS NULL;
CREATE UNIQUE INDEX signup_mailed ON signup (address_key) WHERE mailed_at IS NOT NULL;
CREATE INDEX signup_by_network ON signup (network_key) WHERE mailed_at IS NULL;

-- What the limits count when somebody typed an address, all under keys of ours (PRIV-06): an answer, with domain and
-- network, whether it was a mail or not (PRIV-05), or a mail, with the address.
CREATE TABLE confirmation (
    id INTEGER PRIMARY KEY,
    address_key TEXT,
    domain_key TEXT,
    network_key TEXT,
    at INTEGER NOT NULL
);
CREATE INDEX confirmation_by_address ON confirmation (address_key, at);
CREATE INDEX confirmation_by_time ON confirmation (at);

CREATE TABLE edition (
    id INTEGER PRIMARY KEY,
    list TEXT NOT NULL,
    number INTEGER NOT NULL,
    -- A word of the configuration, or manual.
    cadence TEXT NOT NULL,
    -- The slot it fills; null for a send by hand.
    slot INTEGER,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'held', 'sending', 'stopped', 'cancelled', 'finished')),
    -- 1: release waits for a person's approval.
    needs_approval INTEGER NOT NULL DEFAULT 0,
    approved_at INTEGER,
    sealed_at INTEGER NOT NULL,
    -- Not released before this instant.
    due_at INTEGER NOT NULL,
    -- The Date of every mail (MSG-02).
    released_at INTEGER,
    finished_at INTEGER,
    -- Of the sealed bytes; an approval names it.
    hash TEXT NOT NULL,
    -- Restore epoch of its Message-IDs.
    epoch TEXT NOT NULL,
    -- Sender, relay, editor's hand and policies as sealed: JSON of `edition::Sealed`.
    settings TEXT NOT NULL,
    -- When a breaker stopped it for its refusals, which count against nobody then; null: it did not, or it went on.
    breaker_at INTEGER,
    -- When the relays' answers to its mails were forgotten; null: not yet.
    forgotten_at INTEGER,
    CONSTRAINT edition_number UNIQUE (list, number)
);
CREATE INDEX edition_by_state ON edition (state);

CREATE TABLE edition_item (
    edition_id INTEGER NOT NULL REFERENCES edition (id),
    report_id INTEGER NOT NULL REFERENCES report (id),
    revision INTEGER NOT NULL,
    matter TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (edition_id, report_id, matter)
);
CREATE INDEX edition_item_by_report ON edition_item (report_id);

-- The frozen bytes for one language and one set of items.
CREATE TABLE variant (
    id INTEGER PRIMARY KEY,
    edition_id INTEGER NOT NULL REFERENCES edition (id),
    language TEXT NOT NULL,
    -- The items, `report_id:matter` joined by spaces: part of the key.
    items TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- `mail::Prepared` as stored text.
    message TEXT NOT NULL,
    -- HTML for the public edition page, without holes.
    page TEXT NOT NULL,
    CONSTRAINT variant_once UNIQUE (edition_id, language, items)
);

CREATE TABLE variant_item (
    variant_id INTEGER NOT NULL REFERENCES variant (id),
    report_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    matter TEXT NOT NULL,
    PRIMARY KEY (variant_id, report_id, matter)
);
CREATE INDEX variant_item_by_report ON variant_item (report_id);

-- Everything that goes out by SMTP, one row per recipient. A row with an edition is a delivery.
CREATE TABLE outgoing (
    id INTEGER PRIMARY KEY,
    -- digest, preview, test, notice, confirm, known, welcome
    kind TEXT NOT NULL,
    -- Smaller goes first: personal mail never waits behind a digest.
    priority INTEGER NOT NULL,
    relay TEXT NOT NULL,
    edition_id INTEGER REFERENCES edition (id),
    -- Of a person and a variant. Not declared as references: a million rows at once are entered from those very tables.
    subscriber_id INTEGER,
    variant_id INTEGER,
    -- Personal mail: recipient, envelope sender and whole message. Null for deliveries.
    recipient TEXT,
    sender TEXT,
    message TEXT,
    -- Personal mail: the list it is about, if any.
    list TEXT,
    -- Personal mail: JSON of `token::Link`, where its own link leads. The token is made when the mail goes out (SEC-13).
    link TEXT,
    state TEXT NOT NULL CHECK (state IN ('pending', 'claimed', 'handoff', 'sent', 'deferred', 'failed', 'skipped', 'in-doubt')),
    reason TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- How often it was in doubt; never goes back.
    doubts INTEGER NOT NULL DEFAULT 0,
    -- Not tried before this instant.
    next_at INTEGER NOT NULL,
    first_tried_at INTEGER,
    claim TEXT,
    lease_until INTEGER,
    handoff_at INTEGER,
    -- The relay's last answer, as given.
    reply TEXT,
    answered_at INTEGER,
    CONSTRAINT delivery_once UNIQUE (edition_id, subscriber_id)
);
-- Claiming takes an edition's rows in this order, so that a held edition of a million rows is never walked through.
CREATE INDEX outgoing_due ON outgoing (relay, edition_id, next_at, id) WHERE state IN ('pending', 'deferred');
CREATE INDEX outgoing_open ON outgoing (state) WHERE state IN ('claimed', 'handoff', 'in-doubt');
-- Personal mail: what is kept of it is short-lived.
CREATE INDEX outgoing_personal ON outgoing (id) WHERE recipient IS NOT NULL;
CREATE INDEX outgoing_by_subscriber ON outgoing (subscriber_id);
-- The last answers that were no for good: what a breaker looks at. None for all answers: that would cost each mail.
CREATE INDEX outgoing_failed ON outgoing (edition_id, answered_at) WHERE state = 'failed';
-- Put aside, to the last day of the year 9999, until the pause of their recipients' domain ends.
CREATE INDEX outgoing_parked ON outgoing (id) WHERE next_at = 253402214400000;

-- What came back about a delivery: once for each kind, however often it comes.
CREATE TABLE bounce (
    id INTEGER PRIMARY KEY,
    outgoing_id INTEGER NOT NULL REFERENCES outgoing (id),
    edition_id INTEGER NOT NULL REFERENCES edition (id),
    subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
    -- bounce, delay, complaint, autoreply
    kind TEXT NOT NULL,
    -- RFC 3463, such as 5.1.1
    status TEXT,
    -- address, passing, ours; doubted: of the address, in an edition that was stopped; null: counts against nobody, or
    -- not any more
    fault TEXT,
    -- Of the mail's bytes; empty: a refusal met while sending.
    fingerprint TEXT NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT bounce_once UNIQUE (outgoing_id, kind)
);
CREATE INDEX bounce_by_subscriber ON bounce (subscriber_id);
CREATE INDEX bounce_by_edition ON bounce (edition_id, kind);

-- Mails to the bounce address that nobody could sort: the beginning of each, for staff to look at.
CREATE TABLE unclear (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL CONSTRAINT unclear_once UNIQUE,
    why TEXT NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL
);

-- How many mails a relay, or a recipient domain, may still be given, for each time over which one of its rates counts.
CREATE TABLE bucket (
    -- As in `pause`: relay NAME, domain NAME.
    scope TEXT NOT NULL,
    -- Seconds.
    span INTEGER NOT NULL,
    tokens REAL NOT NULL,
    at INTEGER NOT NULL,
    -- Mails of a domain that were put back take their turns one after the other until then.
    booked_until INTEGER,
    PRIMARY KEY (scope, span)
);

-- Who decided what, and when. Never deleted; its words may be (`retention.notes`).
CREATE TABLE decision (
    id INTEGER PRIMARY KEY,
    -- events/12, report 7, list events, everything
    subject TEXT NOT NULL,
    what TEXT NOT NULL,
    who TEXT NOT NULL,
    note TEXT,
    at INTEGER NOT NULL
);

-- What stands still: everything, list NAME, relay NAME, domain NAME, signup.
CREATE TABLE pause (
    scope TEXT NOT NULL PRIMARY KEY,
    who TEXT NOT NULL,
    why TEXT,
    since INTEGER NOT NULL,
    -- A relay rests until then and is tried again; null: until a person resumes.
    until INTEGER
);

-- What is wrong and staff should know: one row from the moment it began until it is over.
CREATE TABLE alert (
    id INTEGER PRIMARY KEY,
    -- edition events/12, relay main, domain example.org, signup page
    matter TEXT NOT NULL,
    -- edition-stopped, approval-missing, domain-paused, relay-rests, password-refused, complaints, signups
    event TEXT NOT NULL,
    -- In words that hold no address.
    why TEXT NOT NULL,
    since INTEGER NOT NULL,
    told_at INTEGER,
    over_at INTEGER,
    -- Told that it is over, or ended by staff, who know.
    over_told_at INTEGER
);
CREATE UNIQUE INDEX alert_once ON alert (matter) WHERE over_at IS NULL;

-- What is posted to `alerts.webhook`.
CREATE TABLE webhook (
    id INTEGER PRIMARY KEY,
    -- JSON.
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'failed')),
    made_at INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- Why it did not arrive.
    error TEXT
);
CREATE INDEX webhook_due ON webhook (next_at) WHERE state = 'pending';
