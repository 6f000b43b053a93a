-- Removes every row of the key ($1) if the newest row has the version that was seen ($2): in the
-- snapshot, and again once the row is locked (see rename.sql). Counts the newest row if it was
-- removed.
WITH newest AS MATERIALIZED (
    SELECT id, modified_on
      FROM http_sessions
     WHERE key = $1
     ORDER BY modified_on DESC NULLS LAST, id DESC
     LIMIT 1
),
removed AS (
    DELETE FROM http_sessions AS row
     USING newest
     WHERE row.key = $1
       AND newest.modified_on = $2
       AND (row.id <> newest.id OR row.modified_on = $2)
    RETURNING row.id
)
SELECT count(*) FROM removed JOIN newest ON newest.id = removed.id
