-- Ids are UUID text, times epoch milliseconds (UTC), flags 0 or 1.
-- `sequence` is the order of creation; it is never used again.

CREATE TABLE pool (
  sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  description TEXT,
  created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE data_source (
  sequence        INTEGER PRIMARY KEY AUTOINCREMENT,
  id              TEXT NOT NULL UNIQUE,
  pool_id         TEXT NOT NULL REFERENCES pool (id) ON DELETE CASCADE,
  name            TEXT NOT NULL,
  type            TEXT NOT NULL,
  configuration   TEXT NOT NULL CHECK (json_valid(configuration)),
  sealed_password TEXT NOT NULL,
  created_at      INTEGER NOT NULL,
  UNIQUE (pool_id, name),
  UNIQUE (pool_id, id)
) STRICT;

-- latest_* repeats the most recently queued execution, so that the status of a pool reads one row a job
-- however long the past is. Only the triggers below write it.
CREATE TABLE job (
  sequence            INTEGER PRIMARY KEY AUTOINCREMENT,
  id                  TEXT NOT NULL UNIQUE,
  pool_id             TEXT NOT NULL REFERENCES pool (id) ON DELETE CASCADE,
  name                TEXT NOT NULL,
  data_source_id      TEXT,
  created_at          INTEGER NOT NULL,
  latest_execution_id TEXT,
  latest_status       TEXT,
  latest_started_at   INTEGER,
  UNIQUE (pool_id, name),
  -- A connection of another pool is as good as none. Not RESTRICT: deleting a pool deletes both.
  FOREIGN KEY (pool_id, data_source_id) REFERENCES data_source (pool_id, id)
) STRICT;
CREATE INDEX job_of_pool ON job (pool_id, sequence);
CREATE INDEX job_of_data_source ON job (pool_id, data_source_id);

CREATE TABLE task (
  sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  template_id TEXT NOT NULL,
  pool_id     TEXT NOT NULL,
  job_id      TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  type        TEXT NOT NULL,
  name        TEXT NOT NULL,
  description TEXT,
  disabled    INTEGER NOT NULL CHECK (disabled IN (0, 1)),
  position    INTEGER NOT NULL CHECK (position >= 1),
  statement   TEXT,
  created_at  INTEGER NOT NULL,
  edited_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX task_of_job ON task (job_id, position);

CREATE TABLE table_extraction (
  sequence                INTEGER PRIMARY KEY AUTOINCREMENT,
  id                      TEXT NOT NULL UNIQUE,
  task_id                 TEXT NOT NULL REFERENCES task (id) ON DELETE CASCADE,
  job_id                  TEXT NOT NULL,
  table_name              TEXT NOT NULL,
  schema_name             TEXT,
  target_table_name       TEXT,
  filter                  TEXT,
  delta_filter            TEXT,
  columns                 TEXT NOT NULL CHECK (json_valid(columns)),
  use_manual_primary_keys INTEGER NOT NULL CHECK (use_manual_primary_keys IN (0, 1)),
  disabled                INTEGER NOT NULL CHECK (disabled IN (0, 1)),
  position                INTEGER NOT NULL,
  extra                   TEXT NOT NULL CHECK (json_valid(extra))
) STRICT;
CREATE INDEX table_extraction_of_task ON table_extraction (task_id, position);

CREATE TABLE execution (
  sequence          INTEGER PRIMARY KEY AUTOINCREMENT,
  id                TEXT NOT NULL UNIQUE,
  pool_id           TEXT NOT NULL,
  job_id            TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  job_name          TEXT NOT NULL,
  mode              TEXT NOT NULL CHECK (mode IN ('FULL', 'DELTA')),
  status            TEXT NOT NULL CHECK (status IN ('QUEUED', 'RUNNING', 'SUCCESS', 'CANCEL', 'FAIL', 'SKIPPED')),
  queued_at         INTEGER NOT NULL,
  started_at        INTEGER,
  ended_at          INTEGER,
  stop_requested_at INTEGER,
  stop_reason       TEXT CHECK (json_valid(stop_reason)),
  stop_callers      INTEGER NOT NULL DEFAULT 0,
  proof_level       TEXT CHECK (proof_level IN ('requested', 'recorded', 'worker gone', 'source idle')),
  proof_at          INTEGER,
  proof_note        TEXT,
  source_touched    INTEGER NOT NULL DEFAULT 0 CHECK (source_touched IN (0, 1)),
  sessions          TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(sessions)),
  failure           TEXT,
  CHECK ((stop_requested_at IS NULL) = (stop_reason IS NULL)),
  CHECK ((proof_level IS NULL) = (proof_at IS NULL) AND (proof_level IS NULL) = (proof_note IS NULL)),
  -- What waits was not told to stop: a queued execution that is stopped can never be claimed.
  CHECK (status <> 'QUEUED' OR stop_requested_at IS NULL),
  -- No end without the proof that nothing of it runs at the source.
  CHECK (status IN ('QUEUED', 'RUNNING') OR (ended_at IS NOT NULL AND proof_level IS 'source idle'))
) STRICT;
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

-- Apart from its execution: a plan may be large and never changes, an execution is small and often written.
CREATE TABLE run_plan (
  execution_id TEXT PRIMARY KEY REFERENCES execution (id) ON DELETE CASCADE,
  plan         TEXT NOT NULL CHECK (json_valid(plan))
) STRICT;

CREATE TABLE execution_item (
  sequence       INTEGER PRIMARY KEY AUTOINCREMENT,
  id             TEXT NOT NULL UNIQUE,
  execution_id   TEXT NOT NULL REFERENCES execution (id) ON DELETE CASCADE,
  pool_id        TEXT NOT NULL,
  job_id         TEXT NOT NULL,
  task_id        TEXT,
  step_id        TEXT,
  type           TEXT NOT NULL CHECK (type IN ('JOB', 'TASK', 'STEP')),
  name           TEXT NOT NULL,
  status         TEXT NOT NULL CHECK (status IN ('QUEUED', 'RUNNING', 'SUCCESS', 'CANCEL', 'FAIL', 'SKIPPED')),
  mode           TEXT NOT NULL CHECK (mode IN ('FULL', 'DELTA')),
  position       INTEGER NOT NULL,
  started_at     INTEGER,
  ended_at       INTEGER,
  rows           INTEGER,
  estimated_rows INTEGER,
  bytes          INTEGER,
  effect         TEXT CHECK (effect IN ('loaded', 'discarded', 'untouched'))
) STRICT;
CREATE INDEX execution_item_of_execution ON execution_item (execution_id, sequence);

CREATE TABLE log_line (
  sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
  execution_id TEXT NOT NULL REFERENCES execution (id) ON DELETE CASCADE,
  item_id      TEXT NOT NULL,
  level        TEXT NOT NULL CHECK (level IN ('DEBUG', 'INFO', 'WARNING', 'ERROR')),
  at           INTEGER NOT NULL,
  message      TEXT NOT NULL,
  code         TEXT,
  parameters   TEXT NOT NULL CHECK (json_valid(parameters))
) STRICT;
CREATE INDEX log_line_of_execution ON log_line (execution_id, sequence, level);
CREATE INDEX log_line_of_item ON log_line (execution_id, item_id, sequence, level);

CREATE TABLE api_key (
  sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
  id           TEXT NOT NULL UNIQUE,
  name         TEXT NOT NULL,
  prefix       TEXT NOT NULL,
  hash         BLOB NOT NULL UNIQUE,
  grants       TEXT NOT NULL CHECK (json_valid(grants)),
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER,
  revoked_at   INTEGER,
  last_used_at INTEGER
) STRICT;
