-- The session with the handle $1, unless it has expired at $2. A row whose times are NULL is
-- returned, so that it is reported as undecodable.
SELECT data, created_on, modified_on, expires_on,
       CASE WHEN saved_on = modified_on THEN save_token END AS save_token, max_age, owner, label, handle, key
  FROM http_sessions AS row
 WHERE handle = $1
   AND (expires_on > $2 OR expires_on <= modified_on) IS NOT FALSE
   AND id = (SELECT newest.id
               FROM http_sessions AS newest
              WHERE newest.key = row.key
              ORDER BY newest.modified_on DESC NULLS LAST, newest.id DESC
              LIMIT 1)
 ORDER BY modified_on DESC NULLS LAST, id DESC
 LIMIT 1
