-- Rows that were written last by somebody who does not know our columns: $2 at most, among the $3
-- rows after the number $1, and where those end. No index has them (it would have to change with
-- every save), so this reads the table in the order of its primary key: about 90 ms for 100 000 rows
-- of 400 bytes that are in memory. $3 keeps it within a deadline however few of them are foreign.
WITH looked_at AS MATERIALIZED (
    SELECT count(*) AS rows, max(id) AS last
      FROM (SELECT id FROM http_sessions WHERE id > $1 ORDER BY id LIMIT $3) AS ids
)
SELECT found.data, found.created_on, found.modified_on, found.expires_on,
       found.save_token, found.max_age, found.owner, found.label, found.handle, found.key, found.id,
       looked_at.rows, looked_at.last
  FROM looked_at
  LEFT JOIN LATERAL (
      SELECT data, created_on, modified_on, expires_on,
             NULL::bigint AS save_token, max_age, owner, label, handle, key, id
        FROM http_sessions
       WHERE id > $1
         AND id <= looked_at.last
         AND saved_on IS DISTINCT FROM modified_on
       ORDER BY id
       LIMIT $2
  ) AS found ON true
 ORDER BY found.id
