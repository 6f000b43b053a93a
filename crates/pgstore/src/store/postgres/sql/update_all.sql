-- Replaces the newest row of each of several keys, as update.sql does. The parameters are arrays of one
-- length: the keys ($1), the versions that were seen ($2), and a column each. No key is given twice.
-- It waits for no row: rows that are locked by others are skipped, so it takes no part in a deadlock.
-- Answers the keys whose row was written, and as busy those whose row has the version that was seen but
-- could not be locked: another writer had it at that moment.
-- Where row-level security is active, a policy may keep this role from locking any row that it sees. So
-- if it could lock none, the rows are changed all the same there, and the statement may wait for them. It
-- holds no lock then, so it takes no part in a deadlock before it changes the first one.
WITH given AS MATERIALIZED (
    SELECT *
      FROM unnest($1::bytea[], $2::timestamptz[], $3::bytea[], $4::timestamptz[], $5::timestamptz[],
                  $6::timestamptz[], $7::bigint[], $8::timestamptz[], $9::bigint[], $10::text[],
                  $11::text[], $12::text[])
           AS given (key, seen, data, created_on, modified_on, expires_on,
                     save_token, saved_on, max_age, owner, label, handle)
),
-- The place of a row saves looking it up again. Partitions have the same places, so the key is compared,
-- too.
locked AS MATERIALIZED (
    SELECT ctid AS place, id, key, modified_on
      FROM http_sessions
     WHERE key = ANY ($1)
     ORDER BY key, id
       FOR NO KEY UPDATE SKIP LOCKED
),
free AS MATERIALIZED (
    SELECT place, id, key, modified_on FROM locked
     UNION ALL
    SELECT ctid, id, key, modified_on
      FROM http_sessions
     WHERE pg_catalog.row_security_active('http_sessions'::pg_catalog.regclass)
       AND key = ANY ($1)
       AND NOT EXISTS (SELECT FROM locked)
),
saved AS (
    UPDATE http_sessions AS row
       SET data = given.data, created_on = LEAST(row.created_on, given.created_on),
           modified_on = given.modified_on, expires_on = given.expires_on,
           save_token = given.save_token, saved_on = given.saved_on, max_age = given.max_age,
           owner = given.owner, label = given.label, handle = given.handle,
           saved_expires_on = CASE WHEN given.saved_on IS NOT NULL THEN given.expires_on END,
           grace_group = CASE WHEN row.saved_on = row.modified_on
                               AND row.owner IS NOT DISTINCT FROM given.owner
                              THEN row.grace_group END
      FROM free
      JOIN given ON given.key = free.key AND given.seen = free.modified_on
     WHERE row.ctid = free.place
       AND row.key = free.key
       AND row.modified_on = given.seen
       AND row.id = (SELECT newest.id
                       FROM http_sessions AS newest
                      WHERE newest.key = free.key
                      ORDER BY newest.modified_on DESC NULLS LAST, newest.id DESC
                      LIMIT 1)
    RETURNING row.key
),
unsaved AS MATERIALIZED (
    SELECT key, seen FROM given WHERE key NOT IN (SELECT key FROM saved)
)
SELECT key, true AS is_saved
  FROM saved
 UNION ALL
SELECT unsaved.key, false
  FROM unsaved
 CROSS JOIN LATERAL (SELECT newest.id, newest.modified_on
                       FROM http_sessions AS newest
                      WHERE newest.key = unsaved.key
                      ORDER BY newest.modified_on DESC NULLS LAST, newest.id DESC
                      LIMIT 1) AS newest
 WHERE newest.modified_on = unsaved.seen
   AND newest.id NOT IN (SELECT id FROM free)
