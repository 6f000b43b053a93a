-- Removes sessions of an owner ($1), at most 1000 after the number $6: all, or the one with the handle
-- $3, or all but the key $4 and the handle $5 (NULL: no condition). Unless the column owner is the truth
-- ($2), rows that another program has written since the last save are spared.
-- "seen" counts the rows in the statement's snapshot. A row that was seen and not removed was
-- removed or renamed before it could be locked. A rename writes a new row, which the snapshot does
-- not show. So the caller repeats this until "seen" is 0.
-- All rows of a key are removed: an older one that stayed would be the session again.
-- "last" is where the next batch begins; NULL after the last one.
WITH theirs AS MATERIALIZED (
    SELECT id, key
      FROM http_sessions
     WHERE owner = $1
       AND id > $6
       AND ($2 OR saved_on = modified_on)
       AND ($3::text IS NULL OR handle = $3)
       AND ($4::bytea IS NULL OR key IS DISTINCT FROM $4)
       AND ($5::text IS NULL OR handle IS DISTINCT FROM $5)
     ORDER BY id
     LIMIT 1000
),
-- A part of its own, not a subquery of the last SELECT: a distributed server runs the parts in their
-- order, and would count what is left after the DELETE there.
seen AS MATERIALIZED (
    SELECT count(*) AS rows FROM http_sessions WHERE key IN (SELECT key FROM theirs)
),
removed AS (
    DELETE FROM http_sessions AS row
     USING theirs
     WHERE row.key = theirs.key
       AND (row.id <> theirs.id
            OR row.owner = $1 AND ($2 OR row.saved_on = row.modified_on))
    RETURNING row.id
)
SELECT seen.rows AS seen, (SELECT count(*) FROM removed) AS removed,
       pg_catalog.row_security_active('http_sessions'::pg_catalog.regclass) AS may_hide_rows,
       (SELECT CASE WHEN count(*) = 1000 THEN max(id)::bigint END FROM theirs) AS last
  FROM seen
