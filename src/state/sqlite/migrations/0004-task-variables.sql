CREATE TABLE task_variable (
  sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
  id            TEXT NOT NULL UNIQUE,
  task_id       TEXT NOT NULL REFERENCES task (id) ON DELETE CASCADE,
  name          TEXT NOT NULL,
  placeholder   TEXT NOT NULL,
  description   TEXT,
  type          TEXT NOT NULL CHECK (type IN ('PRIVATE_CONSTANT', 'PUBLIC_CONSTANT', 'DYNAMIC')),
  data_type     TEXT NOT NULL CHECK (data_type IN ('DATE', 'DOUBLE', 'INT', 'STRING')),
  value         TEXT,
  default_value TEXT,
  greatest_of   TEXT CHECK (json_valid(greatest_of)),
  UNIQUE (task_id, placeholder),
  CHECK ((type = 'DYNAMIC') = (greatest_of IS NOT NULL))
) STRICT;

CREATE TABLE extraction_configuration (
  task_id                 TEXT PRIMARY KEY REFERENCES task (id) ON DELETE CASCADE,
  ignore_metadata_changes INTEGER NOT NULL CHECK (ignore_metadata_changes IN (0, 1)),
  extra                   TEXT NOT NULL CHECK (json_valid(extra))
) STRICT;
