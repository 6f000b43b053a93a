-- Replaces the newest row of the key ($1) if it has the version that was seen ($2), as update.sql does,
-- but waits for no row. Answers whether the row was written, and whether another writer had it at that
-- moment.
-- Where row-level security is active, a policy may keep this role from locking a row that it sees. So
-- rows that could not be locked are changed all the same there, and the statement may wait for them.
WITH newest AS MATERIALIZED (
    SELECT id, modified_on
      FROM http_sessions
     WHERE key = $1
     ORDER BY modified_on DESC NULLS LAST, id DESC
     LIMIT 1
),
locked AS MATERIALIZED (
    SELECT id
      FROM http_sessions
     WHERE key = $1
       AND modified_on = $2
       AND id = (SELECT id FROM newest)
       FOR NO KEY UPDATE SKIP LOCKED
),
free AS MATERIALIZED (
    SELECT id FROM locked
     UNION
    SELECT id FROM newest WHERE modified_on = $2 AND pg_catalog.row_security_active('http_sessions'::pg_catalog.regclass)
),
saved AS (
    UPDATE http_sessions
       SET data = $3, created_on = LEAST(created_on, $4), modified_on = $5, expires_on = $6,
           save_token = $7, saved_on = $8, max_age = $9, owner = $10, label = $11, handle = $12,
           saved_expires_on = CASE WHEN $8::timestamptz IS NOT NULL THEN $6::timestamptz END,
           grace_group = CASE WHEN saved_on = modified_on AND owner IS NOT DISTINCT FROM $10
                              THEN grace_group END
     WHERE key = $1
       AND modified_on = $2
       AND id = (SELECT id FROM free)
    RETURNING id
)
SELECT EXISTS (SELECT FROM saved) AS is_saved,
       EXISTS (SELECT FROM newest WHERE modified_on = $2)
           AND NOT EXISTS (SELECT FROM free) AS is_busy
