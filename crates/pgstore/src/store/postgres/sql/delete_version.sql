-- Every row of the key ($1) goes, if the newest row's version is the one that was seen ($2): in the
-- snapshot, and once it is locked (see rename.sql). It says whether the newest row went.
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
