-- The sessions of an owner ($1) that have not expired at $2, newest first, the newest row of each.
-- The limit is far above what a list can show. It bounds the memory that an owner with very many
-- sessions takes (a robot that logs in repeatedly).
SELECT data, created_on, modified_on, expires_on,
       CASE WHEN saved_on = modified_on THEN save_token END AS save_token, max_age, owner, label, handle, key
  FROM http_sessions AS row
 WHERE owner = $1
   AND (expires_on > $2 OR expires_on <= modified_on)
   AND id = (SELECT newest.id
               FROM http_sessions AS newest
              WHERE newest.key = row.key
              ORDER BY newest.modified_on DESC NULLS LAST, newest.id DESC
              LIMIT 1)
 ORDER BY modified_on DESC, id DESC
 LIMIT 1000
