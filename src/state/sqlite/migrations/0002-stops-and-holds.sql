-- An execution may also end as `declared`, and its connection is known to the queue: for holds.
-- Checks cannot be changed in place, so the table is made anew (foreign keys are off in a migration and checked at its end).

CREATE TABLE execution_next (
  sequence          INTEGER PRIMARY KEY AUTOINCREMENT,
  id                TEXT NOT NULL UNIQUE,
  pool_id           TEXT NOT NULL,
  job_id            TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  job_name          TEXT NOT NULL,
  -- The connection of its plan, for holds; null for a global job.
  data_source_id    TEXT,
  mode              TEXT NOT NULL CHECK (mode IN ('FULL', 'DELTA')),
  status            TEXT NOT NULL CHECK (status IN ('QUEUED', 'RUNNING', 'SUCCESS', 'CANCEL', 'FAIL', 'SKIPPED')),
  queued_at         INTEGER NOT NULL,
  started_at        INTEGER,
  ended_at          INTEGER,
  stop_requested_at INTEGER,
  stop_reason       TEXT CHECK (json_valid(stop_reason)),
  stop_callers      INTEGER NOT NULL DEFAULT 0,
  proof_level       TEXT CHECK (proof_level IN ('requested', 'recorded', 'worker gone', 'source idle', 'declared')),
  proof_at          INTEGER,
  proof_note        TEXT,
  source_touched    INTEGER NOT NULL DEFAULT 0 CHECK (source_touched IN (0, 1)),
  sessions          TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(sessions)),
  failure           TEXT,
  CHECK ((stop_requested_at IS NULL) = (stop_reason IS NULL)),
  CHECK ((proof_level IS NULL) = (proof_at IS NULL) AND (proof_level IS NULL) = (proof_note IS NULL)),
  -- What waits was not told to stop: a queued execution that is stopped can never be claimed.
  CHECK (status <> 'QUEUED' OR stop_requested_at IS NULL),
  -- No end without the proof that nothing of it runs at the source, or a person who answers for it.
  CHECK (status IN ('QUEUED', 'RUNNING') OR (ended_at IS NOT NULL AND coalesce(proof_level, '') IN ('source idle', 'declared')))
) STRICT;

INSERT INTO execution_next (sequence, id, pool_id, job_id, job_name, data_source_id, mode, status, queued_at, started_at,
    ended_at, stop_requested_at, stop_reason, stop_callers, proof_level, proof_at, proof_note, source_touched, sessions, failure)
  SELECT sequence, id, pool_id, job_id, job_name,
    (SELECT json_extract(plan, '$.dataSource.id') FROM run_plan WHERE execution_id = id),
    mode, status, queued_at, started_at, ended_at, stop_requested_at, stop_reason, stop_callers, proof_level, proof_at,
    proof_note, source_touched, sessions, failure
  FROM execution;
-- A sequence is never used again, not even that of a row that was deleted.
DELETE FROM sqlite_sequence WHERE name = 'execution_next';
INSERT INTO sqlite_sequence (name, seq) SELECT 'execution_next', seq FROM sqlite_sequence WHERE name = 'execution';
DROP TABLE execution;
ALTER TABLE execution_next RENAME TO execution;

CREATE INDEX execution_of_job ON execution (job_id, sequence);
CREATE UNIQUE INDEX execution_one_active_per_job ON execution (job_id) WHERE status = 'QUEUED' OR status = 'RUNNING';
CREATE INDEX execution_active ON execution (status, sequence) WHERE status = 'QUEUED' OR status = 'RUNNING';

CREATE TRIGGER execution_end_is_final BEFORE UPDATE ON execution
WHEN OLD.status NOT IN ('QUEUED', 'RUNNING')
BEGIN
  SELECT RAISE(ABORT, 'an execution that is over never changes');
END;

CREATE TRIGGER execution_order_of_life BEFORE UPDATE OF status ON execution
WHEN (OLD.status = 'RUNNING' AND NEW.status = 'QUEUED') OR (OLD.status = 'QUEUED' AND NEW.status = 'SUCCESS')
BEGIN
  SELECT RAISE(ABORT, 'an execution goes from QUEUED to RUNNING to its end');
END;

CREATE TRIGGER execution_active_stays BEFORE DELETE ON execution
WHEN OLD.status IN ('QUEUED', 'RUNNING')
BEGIN
  SELECT RAISE(ABORT, 'an execution that is not over is not deleted');
END;

CREATE TRIGGER job_latest_queued AFTER INSERT ON execution
BEGIN
  UPDATE job SET latest_execution_id = NEW.id, latest_status = NEW.status, latest_started_at = NEW.started_at
  WHERE id = NEW.job_id;
END;

CREATE TRIGGER job_latest_moved AFTER UPDATE OF status, started_at ON execution
BEGIN
  UPDATE job SET latest_status = NEW.status, latest_started_at = NEW.started_at
  WHERE id = NEW.job_id AND latest_execution_id = NEW.id;
END;

-- Everyone who asked for a stop; the execution itself keeps the first reason and the count.
CREATE TABLE stop_caller (
  sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
  execution_id TEXT NOT NULL REFERENCES execution (id) ON DELETE CASCADE,
  at           INTEGER NOT NULL,
  reason       TEXT NOT NULL CHECK (json_valid(reason))
) STRICT;
CREATE INDEX stop_caller_of_execution ON stop_caller (execution_id, sequence);
-- Of the executions before, only the first asker was kept.
INSERT INTO stop_caller (execution_id, at, reason)
  SELECT id, stop_requested_at, stop_reason FROM execution WHERE stop_reason IS NOT NULL ORDER BY sequence;

-- What was done and seen on the way to the end, for the receipt.
CREATE TABLE end_step (
  sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
  execution_id TEXT NOT NULL REFERENCES execution (id) ON DELETE CASCADE,
  at           INTEGER NOT NULL,
  step         TEXT NOT NULL,
  note         TEXT NOT NULL
) STRICT;
CREATE INDEX end_step_of_execution ON end_step (execution_id, sequence);

-- A person's word that an execution is over. `seen` is what the source said when it could be read again.
CREATE TABLE settlement (
  sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
  execution_id TEXT NOT NULL UNIQUE REFERENCES execution (id) ON DELETE CASCADE,
  pool_id      TEXT NOT NULL,
  at           INTEGER NOT NULL,
  key_name     TEXT NOT NULL,
  because      TEXT NOT NULL,
  seen         TEXT NOT NULL CHECK (seen IN ('unknown', 'busy', 'idle')),
  seen_at      INTEGER NOT NULL,
  seen_note    TEXT NOT NULL
) STRICT;
CREATE INDEX settlement_open ON settlement (pool_id, sequence) WHERE seen <> 'idle';

CREATE TRIGGER settlement_is_for_ever BEFORE UPDATE OF execution_id, at, key_name, because ON settlement
BEGIN
  SELECT RAISE(ABORT, 'what was declared never changes');
END;

-- While one is there, nothing of its scope starts.
CREATE TABLE hold (
  sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
  id         TEXT NOT NULL UNIQUE,
  pool_id    TEXT NOT NULL REFERENCES pool (id) ON DELETE CASCADE,
  scope      TEXT NOT NULL CHECK (scope IN ('pool', 'connection', 'job')),
  -- Id of the pool, connection or job.
  object_id  TEXT NOT NULL,
  key_name   TEXT NOT NULL,
  because    TEXT,
  created_at INTEGER NOT NULL,
  -- Epoch ms; null: until it is released.
  until      INTEGER,
  ended_at   INTEGER,
  ended_by   TEXT,
  CHECK ((ended_at IS NULL) = (ended_by IS NULL))
) STRICT;
CREATE INDEX hold_of_pool ON hold (pool_id, sequence);
CREATE INDEX hold_in_force ON hold (object_id) WHERE ended_at IS NULL;
CREATE INDEX hold_next_end ON hold (until) WHERE ended_at IS NULL AND until IS NOT NULL;
CREATE TRIGGER hold_of_job_gone AFTER DELETE ON job BEGIN DELETE FROM hold WHERE object_id = OLD.id; END;
CREATE TRIGGER hold_of_data_source_gone AFTER DELETE ON data_source BEGIN DELETE FROM hold WHERE object_id = OLD.id; END;

-- The key for everything is for the new verbs too.
UPDATE api_key SET grants = '[{"poolId":"*","verbs":["view","execute","cancel","hold","settle","edit","admin"]}]'
  WHERE grants = '[{"poolId":"*","verbs":["view","execute","cancel","edit","admin"]}]';
