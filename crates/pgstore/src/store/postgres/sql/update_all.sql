-- Replaces the newest row of each of several keys, as update.sql does. The parameters are arrays of one
-- length: the keys ($1), the versions that were seen ($2), and a column each. No key is given twice.
-- It waits for no row: rows that are locked by others are skipped, so it takes no part in a deadlock.
-- Answers the keys whose newest row had the version that was seen, and whether the row was written. If
-- not, another writer has it at this moment.
WITH given AS MATERIALIZED (
    SELECT *
      FROM unnest($1::bytea[], $2::timestamptz[], $3::bytea[], $4::timestamptz[], $5::timestamptz[],
                  $6::timestamptz[], $7::bigint[], $8::timestamptz[], $9::bigint[], $10::text[],
                  $11::text[], $12::text[])
           AS given (key, seen, data, created_on, modified_on, expires_on,
                     save_token, saved_on, max_age, owner, label, handle)
),
newest AS MATERIALIZED (
    SELECT DISTINCT ON (key) key, id, modified_on
      FROM http_sessions
     WHERE key = ANY ($1)
     ORDER BY key, modified_on DESC NULLS LAST, id DESC
),
seen AS MATERIALIZED (
    SELECT newest.id, newest.key
      FROM newest
      JOIN given ON given.key = newest.key AND given.seen = newest.modified_on
),
locked AS MATERIALIZED (
    SELECT id
      FROM http_sessions
     WHERE id = ANY (ARRAY(SELECT id FROM seen))
     ORDER BY key
       FOR NO KEY UPDATE SKIP LOCKED
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
      FROM given
     WHERE row.id = ANY (ARRAY(SELECT id FROM locked))
       AND row.key = given.key
       AND row.modified_on = given.seen
    RETURNING row.id
)
SELECT seen.key, seen.id IN (SELECT id FROM saved) AS is_saved
  FROM seen
