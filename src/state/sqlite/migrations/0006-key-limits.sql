-- What narrows a key beyond its grants; null: not narrowed, as every key before.
ALTER TABLE api_key ADD COLUMN hours     TEXT CHECK (json_type(hours) = 'object');
ALTER TABLE api_key ADD COLUMN jobs      TEXT CHECK (json_type(jobs) = 'array');
ALTER TABLE api_key ADD COLUMN addresses TEXT CHECK (json_type(addresses) = 'array');
