-- An owner's ($1) sessions go: all, or the one with the handle $3, or all but the key $4 and the
-- handle $5 (NULL: does not matter). Unless the column is the truth ($2), rows that somebody else
-- has written since our last save are spared.
-- "seen" is counted in the statement's snapshot. What it could not remove has gone by the time it
-- was locked, and may have come back under another key, which a snapshot from before does not show:
-- that is why the caller repeats this until nothing is seen.
-- With a row all of its key go: an older one that was left would be the session again.
WITH theirs AS MATERIALIZED (
    SELECT id, key
      FROM http_sessions
     WHERE owner = $1
       AND ($2 OR saved_on = modified_on)
       AND ($3::text IS NULL OR handle = $3)
       AND ($4::bytea IS NULL OR key IS DISTINCT FROM $4)
       AND ($5::text IS NULL OR handle IS DISTINCT FROM $5)
),
removed AS (
    DELETE FROM http_sessions AS row
     USING theirs
     WHERE row.key = theirs.key
       AND (row.id <> theirs.id
            OR row.owner = $1 AND ($2 OR row.saved_on = row.modified_on))
    RETURNING row.id
)
SELECT (SELECT count(*) FROM http_sessions WHERE key IN (SELECT key FROM theirs)) AS seen,
       (SELECT count(*) FROM removed) AS removed
