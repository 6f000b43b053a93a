-- Replaces the rows of several opaque sessions, as overwrite.sql does. The parameters are arrays of one
-- length: the keys ($1), and a column each. No key is given twice.
-- It waits for no row: rows that are locked by others are skipped, so it takes no part in a deadlock.
-- Answers the keys that have a row which has not expired, and whether the row was written. False: another
-- writer has it at this moment. NULL: it was locked here and is not written all the same, because it has
-- changed meanwhile or the table refuses the change.
-- Where row-level security is active, a policy may keep this role from locking any row that it sees. So
-- if it could lock none, the rows are changed all the same there, and the statement may wait for them. It
-- holds no lock then, so it takes no part in a deadlock before it changes the first one.
WITH given AS MATERIALIZED (
    SELECT *
      FROM unnest($1::bytea[], $2::bytea[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
                  $6::bigint[], $7::timestamptz[], $8::bigint[], $9::text[], $10::text[], $11::text[])
           AS given (key, data, created_on, modified_on, expires_on,
                     save_token, saved_on, max_age, owner, label, handle)
),
live AS MATERIALIZED (
    SELECT row.id, row.key
      FROM http_sessions AS row
      JOIN given ON given.key = row.key
     WHERE row.key = ANY ($1)
       AND row.expires_on > given.modified_on
),
locked AS MATERIALIZED (
    SELECT id
      FROM http_sessions
     WHERE id = ANY (ARRAY(SELECT id FROM live))
     ORDER BY key
       FOR NO KEY UPDATE SKIP LOCKED
),
free AS MATERIALIZED (
    SELECT id FROM locked
     UNION
    SELECT id FROM live WHERE pg_catalog.row_security_active('http_sessions'::pg_catalog.regclass) AND NOT EXISTS (SELECT FROM locked)
),
saved AS (
    UPDATE http_sessions AS row
       SET data = given.data, created_on = LEAST(row.created_on, given.created_on),
           modified_on = given.modified_on, expires_on = given.expires_on,
           save_token = given.save_token, saved_on = given.saved_on, max_age = given.max_age,
           owner = given.owner, label = COALESCE(row.label, given.label),
           handle = COALESCE(row.handle, given.handle),
           saved_expires_on = CASE WHEN given.saved_on IS NOT NULL THEN given.expires_on END
      FROM given
     WHERE row.id = ANY (ARRAY(SELECT id FROM free))
       AND row.key = given.key
       AND row.expires_on > given.modified_on
    RETURNING row.id
)
SELECT live.key,
       CASE WHEN live.id IN (SELECT id FROM saved) THEN true
            WHEN live.id NOT IN (SELECT id FROM free) THEN false END AS is_saved
  FROM live
