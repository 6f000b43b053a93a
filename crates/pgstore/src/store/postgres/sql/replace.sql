-- Removes every row of the old key ($1), of any version, and writes one row of the new key ($2), which
-- remembers the old one. If the old key has no row, nothing is written. For a row that cannot be
-- decoded and so has no version.
WITH old AS (
    DELETE FROM http_sessions WHERE key = $1 RETURNING id
)
INSERT INTO http_sessions (key, previous_key, previous_until, previous_grace_until,
                           data, created_on, modified_on, expires_on,
                           save_token, saved_on, max_age, owner, label, handle,
                           saved_expires_on)
SELECT $2::bytea, $1::bytea, $3::timestamptz, $4::timestamptz,
       $5::bytea, $6::timestamptz, $7::timestamptz, $8::timestamptz,
       $9::bigint, $10::timestamptz, $11::bigint, $12::text, $13::text, $14::text,
       CASE WHEN $10::timestamptz IS NOT NULL THEN $8::timestamptz END
  FROM old
 LIMIT 1
