#include "store/schema.h"

namespace tocsin::store {
namespace {

// Ids ascend, so that a new row is appended: keys and other random values have no index. Columns
// may be added in a later schema; no column changes its meaning.
constexpr const char* kSchema1 = R"sql(
-- Instants are milliseconds since 1970-01-01T00:00:00Z, durations milliseconds. 64-bit hashes show
-- as signed integers.

-- One row: whose store this is and how far it got. Written by every commit.
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  schema INTEGER NOT NULL,
  min_reader INTEGER NOT NULL,      -- programs that know a lower schema must refuse this file
  secret BLOB NOT NULL,             -- identity keys derive from it
  epoch INTEGER NOT NULL,           -- grows with every owner; a former one is fenced off
  seq INTEGER NOT NULL,             -- of the last batch
  last_timeline INTEGER NOT NULL,
  last_wall INTEGER NOT NULL,
  last_alert INTEGER NOT NULL,
  last_incident INTEGER NOT NULL,
  last_page INTEGER NOT NULL,
  opened_occurrences INTEGER NOT NULL,
  late_firings INTEGER NOT NULL,
  unknown_resolves INTEGER NOT NULL,
  rules_hash INTEGER NOT NULL,
  sweep_kind INTEGER NOT NULL,
  sweep_next INTEGER NOT NULL,
  sweep_due INTEGER NOT NULL
) STRICT;

CREATE TABLE source (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL
) STRICT;

-- An alert and its first event. Never updated; what changes later is in alert_state.
CREATE TABLE alert (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,
  identity_by INTEGER NOT NULL,     -- 0 labels, 1 the sender's key
  identity_value TEXT,
  source INTEGER NOT NULL,
  labels TEXT NOT NULL,             -- JSON, as sent
  annotations TEXT,                 -- JSON
  generator_url TEXT,
  truncated INTEGER NOT NULL,
  display_hash INTEGER NOT NULL,
  state INTEGER NOT NULL,           -- 0 firing, 1 resolved
  ended_by INTEGER NOT NULL,        -- 0 nothing, 1 resolve, 2 lease, 3 person
  severity INTEGER NOT NULL,        -- 1 to 4, 5 none
  clock_skew INTEGER NOT NULL,
  occurrence INTEGER NOT NULL,      -- 0 never fired
  incident INTEGER NOT NULL,        -- what it opened or joined when it was new
  starts_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  sender_end INTEGER NOT NULL,
  last_ends_at INTEGER NOT NULL,
  lease_source INTEGER NOT NULL,
  lease_ends INTEGER,               -- NULL never
  lease_length INTEGER NOT NULL,
  lease_renewed INTEGER NOT NULL,
  more_leases TEXT,                 -- JSON: [[source,ends,length,renewed],...]
  rules_hash INTEGER NOT NULL,
  previous INTEGER NOT NULL         -- alert before it whose row has the same incident, 0 none
) STRICT;

-- Alerts that changed after their first batch, as they are now.
CREATE TABLE alert_state (
  id INTEGER PRIMARY KEY,
  forgotten INTEGER NOT NULL DEFAULT 0,  -- 1: resolved long ago, no longer in memory
  state INTEGER NOT NULL,
  ended_by INTEGER NOT NULL,
  severity INTEGER NOT NULL,
  clock_skew INTEGER NOT NULL,
  occurrence INTEGER NOT NULL,
  incident INTEGER NOT NULL,
  starts_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  sender_end INTEGER NOT NULL,
  last_ends_at INTEGER NOT NULL,
  lease_source INTEGER NOT NULL,
  lease_ends INTEGER,
  lease_length INTEGER NOT NULL,
  lease_renewed INTEGER NOT NULL,
  more_leases TEXT,
  rules_hash INTEGER NOT NULL
) STRICT;

-- Annotations and links that were taken over after the first event.
CREATE TABLE alert_display (
  id INTEGER PRIMARY KEY,
  annotations TEXT NOT NULL,
  generator_url TEXT NOT NULL
) STRICT;

-- How many of the 1024 alerts from `first` are not forgotten, so that a start need not read years.
CREATE TABLE alert_span (
  first INTEGER PRIMARY KEY,
  live INTEGER NOT NULL
) STRICT;

-- What happened to an alert after its first event.
CREATE TABLE alert_event (
  id INTEGER PRIMARY KEY,
  alert INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  source INTEGER NOT NULL,
  starts_at INTEGER,
  ends_at INTEGER,
  annotations TEXT,                 -- JSON; NULL unchanged
  generator_url TEXT,
  rules_hash INTEGER NOT NULL
) STRICT;

CREATE TABLE incident (
  id INTEGER PRIMARY KEY,
  state TEXT NOT NULL,
  severity TEXT NOT NULL,
  service TEXT NOT NULL,
  team TEXT NOT NULL,
  title TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  detected_at INTEGER NOT NULL,
  triaged_at INTEGER NOT NULL,
  acknowledged_at INTEGER,
  acknowledged_by TEXT NOT NULL,
  recovering_at INTEGER,
  resolved_at INTEGER,
  closed_at INTEGER,
  before_recovering TEXT NOT NULL,
  recovering_by_person INTEGER NOT NULL,
  severity_criterion TEXT NOT NULL,
  severity_at TEXT NOT NULL,
  runbook TEXT NOT NULL,
  key_rule TEXT NOT NULL,
  key_labels TEXT NOT NULL,         -- JSON
  key BLOB NOT NULL,
  cycle INTEGER NOT NULL,
  firing INTEGER NOT NULL,
  resolved INTEGER NOT NULL,
  window INTEGER NOT NULL,
  max_age INTEGER NOT NULL,
  last_joined INTEGER NOT NULL,
  due INTEGER,
  escalation TEXT NOT NULL,
  escalation_step INTEGER NOT NULL,
  escalation_round INTEGER NOT NULL,
  escalation_first_round INTEGER NOT NULL,
  escalation_next_at INTEGER,
  escalation_exhausted INTEGER NOT NULL,
  escalation_reached INTEGER NOT NULL,
  told TEXT NOT NULL,               -- JSON: {"channel":"told",...}
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX incident_open ON incident(id) WHERE state <> 'closed';
CREATE INDEX incident_closed ON incident(closed_at) WHERE closed_at IS NOT NULL;

-- Appended only. The entries of an incident form a chain from its newest one backwards: an index on
-- the incident would touch a page per incident in every batch, which costs more than the rows.
CREATE TABLE timeline (
  id INTEGER PRIMARY KEY,
  incident INTEGER NOT NULL,
  previous INTEGER NOT NULL,        -- entry before it of the same incident, 0 none
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  alerts TEXT                       -- JSON: ids of known alerts that joined; NULL none
) STRICT;
-- What a storm changes of an incident, kept narrow; the counts hold where their version is above
-- the incident's own (see incident_now). While very many incidents grow at once, their rows are
-- behind: alerts above last_alert, in whose row the incident is, are to be counted and chained.
CREATE TABLE incident_chain (
  id INTEGER PRIMARY KEY,           -- the incident
  last INTEGER NOT NULL,            -- its newest timeline entry
  last_alert INTEGER NOT NULL,      -- the newest alert in whose row it is
  firing INTEGER NOT NULL DEFAULT 0,
  resolved INTEGER NOT NULL DEFAULT 0,
  started_at INTEGER NOT NULL DEFAULT 0,
  last_joined INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0
) STRICT;
-- Every incident as it is now.
CREATE VIEW incident_now AS
  SELECT i.id, i.state, i.severity, i.service, i.team, i.title,
         iif(c.version > i.version, c.started_at, i.started_at) AS started_at, i.detected_at,
         i.triaged_at, i.acknowledged_at, i.acknowledged_by, i.recovering_at, i.resolved_at,
         i.closed_at, i.before_recovering, i.recovering_by_person, i.severity_criterion,
         i.severity_at, i.runbook, i.key_rule, i.key_labels, i.key, i.cycle,
         iif(c.version > i.version, c.firing, i.firing) AS firing,
         iif(c.version > i.version, c.resolved, i.resolved) AS resolved, i.window, i.max_age,
         iif(c.version > i.version, c.last_joined, i.last_joined) AS last_joined, i.due,
         i.escalation, i.escalation_step, i.escalation_round, i.escalation_first_round,
         i.escalation_next_at, i.escalation_exhausted, i.escalation_reached, i.told,
         iif(c.version > i.version, c.version, i.version) AS version
  FROM incident AS i LEFT JOIN incident_chain AS c ON c.id = i.id;

-- The ledger.
CREATE TABLE page (
  id INTEGER PRIMARY KEY,
  incident INTEGER NOT NULL,
  key TEXT NOT NULL UNIQUE,         -- of all attempts
  event TEXT NOT NULL,
  channel TEXT NOT NULL,
  reason TEXT NOT NULL,
  cycle INTEGER NOT NULL,
  step INTEGER NOT NULL,
  round INTEGER NOT NULL,
  state TEXT NOT NULL,
  created INTEGER NOT NULL,
  next_attempt INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  possible_duplicate INTEGER NOT NULL,
  last_problem TEXT NOT NULL
) STRICT;
CREATE INDEX page_owed ON page(id) WHERE state = 'owed';
CREATE INDEX page_incident ON page(incident);

-- Policies that were in force, the newest last, and the texts of their files.
CREATE TABLE policy (
  id INTEGER PRIMARY KEY,
  rules_hash INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE TABLE policy_entry (
  policy INTEGER NOT NULL,
  position INTEGER NOT NULL,
  path TEXT NOT NULL,
  file INTEGER NOT NULL,
  PRIMARY KEY (policy, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE policy_file (
  hash INTEGER PRIMARY KEY,         -- of the text
  text TEXT NOT NULL
) STRICT;

-- For people: every event of every alert, the first one included.
CREATE VIEW alert_history AS
  SELECT e.alert, e.at, strftime('%Y-%m-%dT%H:%M:%fZ', e.at / 1000.0, 'unixepoch') AS time, e.kind,
         source.name AS source, e.starts_at, e.ends_at, e.annotations, e.generator_url, e.rules_hash
  FROM (SELECT id AS alert, received_at AS at, iif(occurrence = 0, 'unknown_resolve', 'opened') AS kind,
               source, starts_at, NULL AS ends_at, annotations, generator_url, rules_hash, 0 AS n
        FROM alert
        UNION ALL
        SELECT alert, at, kind, source, starts_at, ends_at, annotations, generator_url, rules_hash, id
        FROM alert_event) AS e
  LEFT JOIN source ON source.id = e.source;

-- For people: every alert as it is now.
CREATE VIEW alert_now AS
  SELECT a.id, source.name AS source, a.labels,
         coalesce(d.annotations, a.annotations) AS annotations,
         iif(coalesce(s.state, a.state) = 0, 'firing', 'resolved') AS state,
         coalesce(s.severity, a.severity) AS severity,
         'INC-' || nullif(coalesce(s.incident, a.incident), 0) AS incident,
         coalesce(s.occurrence, a.occurrence) AS occurrence,
         strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(s.received_at, a.received_at) / 1000.0, 'unixepoch')
           AS received,
         coalesce(s.forgotten, 0) AS forgotten
  FROM alert AS a
  LEFT JOIN alert_state AS s ON s.id = a.id
  LEFT JOIN alert_display AS d ON d.id = a.id
  LEFT JOIN source ON source.id = a.source;
)sql";

constexpr const char* kSchema2 = R"sql(
-- Labels that a sender changed under a key of its own. JSON; NULL: as in the alert's row.
ALTER TABLE alert_display ADD COLUMN labels TEXT;
-- The same in the history. JSON; NULL: unchanged.
ALTER TABLE alert_event ADD COLUMN labels TEXT;
-- Bodies that could not be read, or in which alerts were refused; the newest 1,000, at most 64 MiB.
CREATE TABLE rejected_body (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  source TEXT NOT NULL,
  reason TEXT NOT NULL,             -- "malformed", "wrong_type", ...: of the first problem
  offset INTEGER NOT NULL,          -- byte where reading ended; 0 if it is not known
  refused INTEGER NOT NULL,         -- alerts; 0: the whole body cannot be read
  problems TEXT NOT NULL,           -- JSON: [{"index":0,"at":"/0/labels","problem":"..."},...]
  bytes INTEGER NOT NULL,           -- of the body as it was sent
  masked INTEGER NOT NULL,          -- 1: masking changed the body, which cannot be replayed then
  body BLOB NOT NULL                -- secrets masked; shorter than bytes if it was cut
) STRICT;
-- Actions done under an Idempotency-Key: what they were answered, for when they come again.
CREATE TABLE past_answer (
  key BLOB PRIMARY KEY,             -- of who asked and the name they gave the request
  content INTEGER NOT NULL,         -- a hash of what they asked
  fate INTEGER NOT NULL,
  incident INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
DROP VIEW alert_now;
-- For people: every alert as it is now.
CREATE VIEW alert_now AS
  SELECT a.id, source.name AS source, coalesce(d.labels, a.labels) AS labels,
         coalesce(d.annotations, a.annotations) AS annotations,
         iif(coalesce(s.state, a.state) = 0, 'firing', 'resolved') AS state,
         coalesce(s.severity, a.severity) AS severity,
         'INC-' || nullif(coalesce(s.incident, a.incident), 0) AS incident,
         coalesce(s.occurrence, a.occurrence) AS occurrence,
         strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(s.received_at, a.received_at) / 1000.0, 'unixepoch')
           AS received,
         coalesce(s.forgotten, 0) AS forgotten
  FROM alert AS a
  LEFT JOIN alert_state AS s ON s.id = a.id
  LEFT JOIN alert_display AS d ON d.id = a.id
  LEFT JOIN source ON source.id = a.source;
)sql";

constexpr const char* kSchema3 = R"sql(
-- What triage rules decided when the occurrence began. JSON such as {"labels.component":"storage",
-- "hold":"120000","hold.rule":"disk-filling"}; NULL: nothing.
ALTER TABLE alert ADD COLUMN decisions TEXT;
ALTER TABLE alert ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;     -- 1: by a rule
ALTER TABLE alert ADD COLUMN held_until INTEGER NOT NULL DEFAULT 0;  -- by a rule; 0 not held
ALTER TABLE alert_state ADD COLUMN decisions TEXT;
ALTER TABLE alert_state ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert_state ADD COLUMN held_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert_event ADD COLUMN decisions TEXT;
-- The escalation a triage rule chose for one of its alerts; '' none did.
ALTER TABLE incident ADD COLUMN rule_escalation TEXT NOT NULL DEFAULT '';
DROP VIEW incident_now;
-- Every incident as it is now.
CREATE VIEW incident_now AS
  SELECT i.id, i.state, i.severity, i.service, i.team, i.title,
         iif(c.version > i.version, c.started_at, i.started_at) AS started_at, i.detected_at,
         i.triaged_at, i.acknowledged_at, i.acknowledged_by, i.recovering_at, i.resolved_at,
         i.closed_at, i.before_recovering, i.recovering_by_person, i.severity_criterion,
         i.severity_at, i.runbook, i.key_rule, i.key_labels, i.key, i.cycle,
         iif(c.version > i.version, c.firing, i.firing) AS firing,
         iif(c.version > i.version, c.resolved, i.resolved) AS resolved, i.window, i.max_age,
         iif(c.version > i.version, c.last_joined, i.last_joined) AS last_joined, i.due,
         i.escalation, i.escalation_step, i.escalation_round, i.escalation_first_round,
         i.escalation_next_at, i.escalation_exhausted, i.escalation_reached, i.told,
         iif(c.version > i.version, c.version, i.version) AS version,
         i.rule_escalation
  FROM incident AS i LEFT JOIN incident_chain AS c ON c.id = i.id;
DROP VIEW alert_now;
-- For people: every alert as it is now.
CREATE VIEW alert_now AS
  SELECT a.id, source.name AS source, coalesce(d.labels, a.labels) AS labels,
         coalesce(d.annotations, a.annotations) AS annotations,
         iif(coalesce(s.state, a.state) = 0, 'firing', 'resolved') AS state,
         coalesce(s.severity, a.severity) AS severity,
         'INC-' || nullif(coalesce(s.incident, a.incident), 0) AS incident,
         coalesce(s.occurrence, a.occurrence) AS occurrence,
         strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(s.received_at, a.received_at) / 1000.0, 'unixepoch')
           AS received,
         coalesce(s.forgotten, 0) AS forgotten,
         iif(s.id IS NULL, a.decisions, s.decisions) AS decisions,
         iif(coalesce(s.dropped, a.dropped), 'drop', iif(coalesce(s.held_until, a.held_until), 'hold', NULL))
           AS suppressed
  FROM alert AS a
  LEFT JOIN alert_state AS s ON s.id = a.id
  LEFT JOIN alert_display AS d ON d.id = a.id
  LEFT JOIN source ON source.id = a.source;
)sql";

}  // namespace

const std::array<const char*, kSchema> kSchemaSteps = {kSchema1, kSchema2, kSchema3};

}  // namespace tocsin::store
