-- Of a stop at a team far away: when the run began by that team's word, and what was seen of its end.
ALTER TABLE relayed_stop ADD COLUMN started_at INTEGER;
ALTER TABLE relayed_stop ADD COLUMN seen TEXT CHECK (seen IS NULL OR json_type(seen) = 'object');
