-- Who is signed in at the page. Neither the session's id nor its key is in it: the id by its hash alone.
CREATE TABLE page_session (
  hash      BLOB PRIMARY KEY,
  key_id    TEXT NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
  opened_at INTEGER NOT NULL,
  used_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX page_session_of_key ON page_session (key_id);
CREATE INDEX page_session_by_use ON page_session (used_at);
