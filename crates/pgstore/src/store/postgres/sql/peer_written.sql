-- Rows that another program wrote last: at most $2, from the $3 candidates after the number $1, and
-- where those end. A candidate is a row whose expires_on is not the one that this library wrote last:
-- Go sets it at each save. The index http_sessions_peer_written_idx has the candidates, so other rows
-- are not read. Its columns change only together with expires_on, which is indexed anyway, so saves
-- that keep it stay HOT. $3 bounds the time of a batch whose candidates this library wrote, before it
-- knew of the column. The bound of the second part is a subquery, not a lateral reference, which
-- distributed servers refuse.
WITH scanned AS MATERIALIZED (
    SELECT count(*) AS rows, max(id) AS last
      FROM (SELECT id
              FROM http_sessions
             WHERE id > $1
               AND saved_expires_on IS DISTINCT FROM expires_on
             ORDER BY id
             LIMIT $3) AS ids
)
SELECT found.data, found.created_on, found.modified_on, found.expires_on,
       found.save_token, found.max_age, found.owner, found.label, found.handle, found.key, found.id,
       scanned.rows, scanned.last
  FROM scanned
  LEFT JOIN (
      SELECT data, created_on, modified_on, expires_on,
             NULL::bigint AS save_token, max_age, owner, label, handle, key, id
        FROM http_sessions
       WHERE id > $1
         AND id <= (SELECT last FROM scanned)
         AND saved_expires_on IS DISTINCT FROM expires_on
         AND saved_on IS DISTINCT FROM modified_on
       ORDER BY id
       LIMIT $2
  ) AS found ON true
 ORDER BY found.id
