-- A store of schema 1 as tocsin 0.1.0 wrote it (sqlite3 .dump): two incidents, one acknowledged with two
-- alerts that fire, one resolved; pages, a timeline, a policy. Never changed: later programs must open it.
PRAGMA page_size=16384;
PRAGMA application_id=0x746F6373;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
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
INSERT INTO meta VALUES(1,1,1,X'5b77873a719cdc4b7acb3d82f5291fe23562f5bd012443d8ffcffccf3a94cf61',1,10,1795453225687,1795453225687,3,2,6,3,0,0,-8129941405955228447,0,0,0);
CREATE TABLE source (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL
) STRICT;
INSERT INTO source VALUES(0,'alertmanager-api');
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
INSERT INTO alert VALUES(1,X'b3877c211b6fb2d42d79a2644873ef66',0,NULL,0,'{"alertname":"Down","group":"shop","severity":"critical"}','{"summary":"Down in shop"}',NULL,0,-4113043306826648611,0,0,2,0,1,1,1795453223675,1795453223676,0,0,0,0,1795453523676,300000,1795453223676,NULL,-8129941405955228447,0);
INSERT INTO alert VALUES(2,X'0e7635d1f9d3bcf249ba8824f97c27e6',0,NULL,0,'{"alertname":"Slow","group":"shop","severity":"critical"}','{"summary":"Slow in shop"}',NULL,0,-3296824858631546664,0,0,2,0,1,1,1795453223675,1795453223676,0,0,0,0,1795453523676,300000,1795453223676,NULL,-8129941405955228447,1);
INSERT INTO alert VALUES(3,X'14f9126bdf8f0b86a96d8182b4a8b5ac',0,NULL,0,'{"alertname":"Full","group":"depot","severity":"critical"}','{"summary":"Full in depot"}',NULL,0,1693700037946188458,0,0,2,0,1,2,1795453223675,1795453223676,0,0,0,0,1795453523676,300000,1795453223676,NULL,-8129941405955228447,0);
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
INSERT INTO alert_state VALUES(3,0,1,1,2,0,1,2,1795453223675,1795453223676,1795453224685,1795453224684,0,0,1795453523676,300000,1795453223676,NULL,-8129941405955228447);
CREATE TABLE alert_display (
  id INTEGER PRIMARY KEY,
  annotations TEXT NOT NULL,
  generator_url TEXT NOT NULL
) STRICT;
CREATE TABLE alert_span (
  first INTEGER PRIMARY KEY,
  live INTEGER NOT NULL
) STRICT;
INSERT INTO alert_span VALUES(1,3);
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
INSERT INTO alert_event VALUES(1,3,1795453224685,'resolved',0,NULL,1795453224684,NULL,NULL,0);
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
INSERT INTO incident VALUES(1,'acknowledged','SEV-2','','','Down',1795453223675,1795453223676,1795453223676,1795453224714,'anonymous@loopback',NULL,NULL,NULL,'triggered',0,'critical','rules/rules.yaml:4','','groups','{"group":"shop"}',X'dfb73ee00c4ed4ed338dfa1592888e2d',1,2,0,1800000,86400000,1795453223676,NULL,'default',1,1,1,NULL,0,1,'{"hook":"told"}',4);
INSERT INTO incident VALUES(2,'resolved','SEV-2','','','Full',1795453223675,1795453223676,1795453223676,NULL,'',1795453224685,1795453225685,NULL,'triggered',0,'critical','rules/rules.yaml:4','','groups','{"group":"depot"}',X'dd9b76c005d56a454dba5760827f4009',1,0,1,1800000,86400000,1795453223676,1795539625685,'default',1,1,1,NULL,0,1,'{"hook":"told"}',5);
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
INSERT INTO timeline VALUES(1,1,0,1795453223675,'source:alertmanager-api','opened','SEV-2 Down','[1]');
INSERT INTO timeline VALUES(2,1,1,1795453223675,'','escalated','escalation default, step 1, round 1',NULL);
INSERT INTO timeline VALUES(3,2,0,1795453223675,'source:alertmanager-api','opened','SEV-2 Full','[3]');
INSERT INTO timeline VALUES(4,2,3,1795453223675,'','escalated','escalation default, step 1, round 1',NULL);
INSERT INTO timeline VALUES(5,1,2,1795453223684,'','paged','incident.triggered to channel:hook',NULL);
INSERT INTO timeline VALUES(6,1,5,1795453223684,'','page_failed','channel:dead, attempt 1, refused, connect: connection refused',NULL);
INSERT INTO timeline VALUES(7,2,4,1795453223686,'','page_failed','channel:dead, attempt 1, refused, connect: connection refused',NULL);
INSERT INTO timeline VALUES(8,2,7,1795453223686,'','paged','incident.triggered to channel:hook',NULL);
INSERT INTO timeline VALUES(9,2,8,1795453224685,'','recovering','every alert has cleared',NULL);
INSERT INTO timeline VALUES(10,2,9,1795453224685,'','alerts_cleared','+1 alert cleared',NULL);
INSERT INTO timeline VALUES(11,1,6,1795453224714,'anonymous@loopback','acknowledged','on it',NULL);
INSERT INTO timeline VALUES(12,1,11,1795453224714,'','page_withdrawn','incident.triggered to channel:dead',NULL);
INSERT INTO timeline VALUES(13,1,12,1795453224725,'','paged','incident.acknowledged to channel:hook',NULL);
INSERT INTO timeline VALUES(14,2,10,1795453225684,'','resolved','',NULL);
INSERT INTO timeline VALUES(15,2,14,1795453225684,'','page_withdrawn','incident.triggered to channel:dead',NULL);
INSERT INTO timeline VALUES(16,2,15,1795453225687,'','paged','incident.resolved to channel:hook',NULL);
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
INSERT INTO incident_chain VALUES(1,13,2,0,0,0,0,0);
INSERT INTO incident_chain VALUES(2,16,3,0,0,0,0,0);
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
INSERT INTO page VALUES(1,1,'INC-1/1/incident.triggered/1/1/channel:hook','incident.triggered','hook','escalation default, step 1',1,1,1,'delivered',1795453223676,1795453223676,1,0,'');
INSERT INTO page VALUES(2,1,'INC-1/1/incident.triggered/1/1/channel:dead','incident.triggered','dead','escalation default, step 1',1,1,1,'withdrawn',1795453223676,1795453224801,1,0,'connect: connection refused');
INSERT INTO page VALUES(3,2,'INC-2/1/incident.triggered/1/1/channel:hook','incident.triggered','hook','escalation default, step 1',1,1,1,'delivered',1795453223676,1795453223676,1,0,'');
INSERT INTO page VALUES(4,2,'INC-2/1/incident.triggered/1/1/channel:dead','incident.triggered','dead','escalation default, step 1',1,1,1,'withdrawn',1795453223676,1795453224822,1,0,'connect: connection refused');
INSERT INTO page VALUES(5,1,'INC-1/1/incident.acknowledged/1/1/channel:hook','incident.acknowledged','hook','told of the trouble before',1,1,1,'delivered',1795453224714,1795453224714,1,0,'');
INSERT INTO page VALUES(6,2,'INC-2/1/incident.resolved/1/1/channel:hook','incident.resolved','hook','told of the trouble before',1,1,1,'delivered',1795453225685,1795453225685,1,0,'');
CREATE TABLE policy (
  id INTEGER PRIMARY KEY,
  rules_hash INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
INSERT INTO policy VALUES(1,-8129941405955228447,1795453223645);
CREATE TABLE policy_entry (
  policy INTEGER NOT NULL,
  position INTEGER NOT NULL,
  path TEXT NOT NULL,
  file INTEGER NOT NULL,
  PRIMARY KEY (policy, position)
) STRICT, WITHOUT ROWID;
INSERT INTO policy_entry VALUES(1,0,'rules/rules.yaml',-2855570344893569832);
CREATE TABLE policy_file (
  hash INTEGER PRIMARY KEY,         -- of the text
  text TEXT NOT NULL
) STRICT;
INSERT INTO policy_file VALUES(-2855570344893569832,replace('\nseverity:\n  default: SEV-3\n  map: {critical: SEV-2, warning: SEV-3, none: none}\n\ncorrelation:\n  - {name: groups, when: [group], by: [group]}\nescalations: {default: {steps: [{page: [channel:hook, channel:dead], wait: 1h}]}}\nincidents: {recovery: 1s}\n','\n',char(10)));
CREATE INDEX incident_open ON incident(id) WHERE state <> 'closed';
CREATE INDEX incident_closed ON incident(closed_at) WHERE closed_at IS NOT NULL;
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
CREATE INDEX page_owed ON page(id) WHERE state = 'owed';
CREATE INDEX page_incident ON page(incident);
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
COMMIT;
