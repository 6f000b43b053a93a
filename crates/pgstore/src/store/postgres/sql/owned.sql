-- The sessions of an owner ($1) that have not expired at $2: the newest row of each, among the 250 rows
-- before the number $3 that began last, and where these end. An owner may have very many sessions (a
-- robot that logs in repeatedly), and many that have expired, so the limit is on the rows read.
WITH scanned AS MATERIALIZED (
    SELECT id
      FROM http_sessions
     WHERE owner = $1
       AND id < $3
     ORDER BY id DESC
     LIMIT 250
),
-- The bound is a subquery, not a lateral reference, which distributed servers refuse.
batch AS MATERIALIZED (
    SELECT CASE WHEN count(*) = 250 THEN min(id)::bigint END AS last FROM scanned
)
SELECT found.data, found.created_on, found.modified_on, found.expires_on,
       found.save_token, found.max_age, found.owner, found.label, found.handle, found.key, found.id::bigint,
       batch.last
  FROM batch
  LEFT JOIN (
      SELECT data, created_on, modified_on, expires_on,
             CASE WHEN saved_on = modified_on THEN save_token END AS save_token,
             max_age, owner, label, handle, key, id
        FROM http_sessions AS row
       WHERE id = ANY (ARRAY(SELECT id FROM scanned))
         AND owner = $1
         AND (expires_on > $2 OR expires_on <= modified_on)
         AND id = (SELECT newest.id
                     FROM http_sessions AS newest
                    WHERE newest.key = row.key
                    ORDER BY newest.modified_on DESC NULLS LAST, newest.id DESC
                    LIMIT 1)
  ) AS found ON true
 ORDER BY found.id DESC
