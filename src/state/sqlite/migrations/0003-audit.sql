-- One happening, one line of JSON; the columns behind it are read out of it and can hold nothing else.
-- hmac chains each record to the one before it, see docs/audit.md.
CREATE TABLE audit_record (
  sequence   INTEGER PRIMARY KEY CHECK (sequence >= 1),
  record     TEXT NOT NULL CHECK (json_valid(record)),
  hmac       TEXT NOT NULL CHECK (length(hmac) = 64),
  at         INTEGER NOT NULL GENERATED ALWAYS AS (json_extract(record, '$.at')) VIRTUAL,
  pool_id    TEXT GENERATED ALWAYS AS (json_extract(record, '$.ids.poolId')) VIRTUAL,
  request_id TEXT GENERATED ALWAYS AS (json_extract(record, '$.requestId')) VIRTUAL
) STRICT;
CREATE INDEX audit_record_at ON audit_record (at, sequence);
CREATE INDEX audit_record_of_pool ON audit_record (pool_id, at, sequence) WHERE pool_id IS NOT NULL;
CREATE INDEX audit_record_of_request ON audit_record (request_id) WHERE request_id IS NOT NULL;

-- Also against INSERT OR REPLACE, which deletes without asking the trigger below.
CREATE TRIGGER audit_record_follows BEFORE INSERT ON audit_record
WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM audit_record)
BEGIN
  SELECT RAISE(ABORT, 'audit records are added one after the other');
END;

CREATE TRIGGER audit_record_stays BEFORE UPDATE ON audit_record
BEGIN
  SELECT RAISE(ABORT, 'an audit record never changes');
END;

CREATE TRIGGER audit_record_is_kept BEFORE DELETE ON audit_record
BEGIN
  SELECT RAISE(ABORT, 'an audit record is never deleted');
END;

-- For the report of a shift: what ended in it, and what is open (no end yet).
CREATE INDEX execution_of_pool ON execution (pool_id, ended_at);
