-- The second one: removes every row of the old key ($1) and writes one row of the new key ($3) with
-- the same id, if the newest row has the version that was seen ($2; NULL: any version). See rename.sql.
WITH newest AS MATERIALIZED (
    SELECT id, modified_on, saved_on, owner, grace_group, save_token
      FROM http_sessions
     WHERE key = $1
     ORDER BY modified_on DESC NULLS LAST, id DESC
     LIMIT 1
),
old AS (
    DELETE FROM http_sessions AS row
     USING newest
     WHERE row.key = $1
       AND ($2::timestamptz IS NULL
            OR newest.modified_on = $2 AND (row.id <> newest.id OR row.modified_on = $2))
    RETURNING row.id
)
INSERT INTO http_sessions (id, key, id_unconfirmed, grace_group,
                           data, created_on, modified_on, expires_on,
                           save_token, saved_on, max_age, owner, label, handle,
                           saved_expires_on)
SELECT newest.id, $3::bytea, $4::timestamptz IS NOT NULL,
       CASE WHEN $4 IS NOT NULL
            THEN coalesce(CASE WHEN newest.saved_on = newest.modified_on
                                AND newest.owner IS NOT DISTINCT FROM $12
                               THEN coalesce(newest.grace_group, newest.save_token) END, $9) END,
       $5::bytea, $6::timestamptz, $7::timestamptz, $8::timestamptz,
       $9::bigint, $10::timestamptz, $11::bigint, $12::text, $13::text, $14::text,
       CASE WHEN $10::timestamptz IS NOT NULL THEN $8::timestamptz END
  FROM old
  JOIN newest ON newest.id = old.id
