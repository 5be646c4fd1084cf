-- Teams far away that this server relays to. A pool of one has the id that the team itself gave it.
CREATE TABLE team (
  sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
  id            TEXT NOT NULL UNIQUE,
  name          TEXT NOT NULL UNIQUE,
  url           TEXT NOT NULL,
  -- What is no secret of its credentials.
  credentials   TEXT NOT NULL CHECK (json_type(credentials) = 'object'),
  sealed_secret TEXT NOT NULL,
  probes        TEXT NOT NULL CHECK (json_type(probes) = 'array'),
  created_at    INTEGER NOT NULL
) STRICT;

ALTER TABLE pool ADD COLUMN team_id TEXT REFERENCES team (id) ON DELETE CASCADE;
CREATE INDEX pool_of_team ON pool (team_id);

-- The latest stop of each job there that was asked for here. `closed_at`: nothing of it is to be watched any more.
CREATE TABLE relayed_stop (
  pool_id      TEXT NOT NULL REFERENCES pool (id) ON DELETE CASCADE,
  job_id       TEXT NOT NULL,
  -- As the team tells it; where it tells none, what else tells this run from the next one.
  execution_id TEXT NOT NULL,
  requested_at INTEGER NOT NULL,
  key_name     TEXT NOT NULL,
  because      TEXT,
  callers      INTEGER NOT NULL,
  closed_at    INTEGER,
  PRIMARY KEY (pool_id, job_id, execution_id)
) STRICT;
CREATE INDEX relayed_stop_of_execution ON relayed_stop (execution_id);

-- What ran in a relayed pool when the hold was laid: a hold touches nothing that runs already.
CREATE TABLE relayed_spared (
  hold_id      TEXT NOT NULL REFERENCES hold (id) ON DELETE CASCADE,
  execution_id TEXT NOT NULL,
  PRIMARY KEY (hold_id, execution_id)
) STRICT;
