-- Removes every row of the old key ($1) and writes one row of the new key ($3), if the newest row has
-- the version that was seen ($2). The new row remembers the old key until $4; the old key leads to
-- it until $5.
-- Why not SET key = ...: that would keep duplicates, and fails if the table is distributed by key.
-- Why not modified_on <= $2: a peer whose clock is behind writes a newer version with an earlier
-- time. This would delete that version. So versions are compared by equality only.
-- Why $2 twice: the first comparison is with the snapshot, which may have a newer duplicate. The
-- second is with the locked row, which a writer may have changed since the snapshot.
WITH newest AS MATERIALIZED (
    SELECT id, modified_on
      FROM http_sessions
     WHERE key = $1
     ORDER BY modified_on DESC NULLS LAST, id DESC
     LIMIT 1
),
old AS (
    DELETE FROM http_sessions AS row
     USING newest
     WHERE row.key = $1
       AND newest.modified_on = $2
       AND (row.id <> newest.id OR row.modified_on = $2)
    RETURNING row.id
)
INSERT INTO http_sessions (key, previous_key, previous_until, previous_grace_until,
                           data, created_on, modified_on, expires_on,
                           save_token, saved_on, max_age, owner, label, handle,
                           saved_expires_on)
SELECT $3::bytea, $1::bytea, $4::timestamptz, $5::timestamptz,
       $6::bytea, $7::timestamptz, $8::timestamptz, $9::timestamptz,
       $10::bigint, $11::timestamptz, $12::bigint, $13::text, $14::text, $15::text,
       CASE WHEN $11::timestamptz IS NOT NULL THEN $9::timestamptz END
  FROM old
  JOIN newest ON newest.id = old.id
