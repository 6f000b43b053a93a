-- Gives the newest row of the old key ($1) the new key ($3), if it has the version that was seen ($2;
-- NULL: any version), and writes the other columns. Older rows of the key are removed. The row keeps
-- its id, because the application's tables may refer to it. Counts the rows that have the new key, and
-- answers whether another writer had a row of the key at that moment: it waits for no row.
-- The old key is then known as replaced until $4. It leads to the row until $5 (NULL: never), together
-- with the earlier keys that still lead to it. Without $5 no earlier key leads to it any more.
-- Why not modified_on <= $2: a peer whose clock is behind writes a newer version with an earlier
-- time. This would undo that version. So versions are compared by equality only.
-- Why $2 twice: the first comparison is with the snapshot, which may have a newer duplicate. The
-- second is with the locked row, which a writer may have changed since the snapshot.
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
    SELECT id FROM http_sessions WHERE key = $1 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
),
is_busy AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM http_sessions
                    WHERE key = $1 AND id NOT IN (SELECT id FROM locked))
           AND NOT pg_catalog.row_security_active('http_sessions'::pg_catalog.regclass) AS is_busy
),
seen AS MATERIALIZED (
    SELECT newest.id
      FROM newest, is_busy
     WHERE NOT is_busy
       AND ($2::timestamptz IS NULL OR newest.modified_on = $2)
),
older AS (
    DELETE FROM http_sessions AS row
     USING seen
     WHERE row.key = $1
       AND row.id <> seen.id
),
renamed AS (
    UPDATE http_sessions AS row
       SET key = $3, id_unconfirmed = $5::timestamptz IS NOT NULL,
           -- The group ends as it does in update.sql.
           grace_group = CASE WHEN $5 IS NOT NULL
                              THEN coalesce(CASE WHEN row.saved_on = row.modified_on
                                                  AND row.owner IS NOT DISTINCT FROM $13
                                                 THEN row.grace_group END,
                                            $10) END,
           data = $6, created_on = $7, modified_on = $8, expires_on = $9,
           save_token = $10, saved_on = $11, max_age = $12, owner = $13, label = $14, handle = $15,
           saved_expires_on = CASE WHEN $11::timestamptz IS NOT NULL THEN $9::timestamptz END
      FROM seen
     WHERE row.id = seen.id
       AND row.key = $1
       AND ($2 IS NULL OR row.modified_on = $2)
    RETURNING row.id, row.grace_group
),
retired AS (
    UPDATE http_sessions_ids
       SET until = greatest(until, $4), grace_until = NULL
     WHERE $5 IS NULL
       AND key <> $1
       AND session_id IN (SELECT id FROM renamed)
),
remembered AS (
    INSERT INTO http_sessions_ids (key, session_id, until, grace_until, grace_group)
    SELECT $1, id, $4, $5, grace_group FROM renamed
    ON CONFLICT (key) DO UPDATE
       SET session_id = excluded.session_id, until = excluded.until,
           grace_until = excluded.grace_until, grace_group = excluded.grace_group
)
SELECT (SELECT count(*) FROM renamed), (SELECT is_busy FROM is_busy)
