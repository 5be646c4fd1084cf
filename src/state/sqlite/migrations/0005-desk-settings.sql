CREATE TABLE desk_settings (
  pool_id                TEXT PRIMARY KEY REFERENCES pool (id) ON DELETE CASCADE,
  zone                   TEXT,
  hours_24_to_47         INTEGER NOT NULL CHECK (hours_24_to_47 IN (0, 1)),
  contact                TEXT,
  escalate_after_seconds INTEGER CHECK (escalate_after_seconds >= 0)
) STRICT;
