-- The row that replaced the key $1 (the last one if there are several), and whether it is the newest
-- of its own key: Go may have written a newer one since.
SELECT data, created_on, modified_on, expires_on,
       CASE WHEN saved_on = modified_on THEN save_token END AS save_token, max_age, owner, label, handle,
       key, previous_until, previous_grace_until,
       id = (SELECT newest.id
               FROM http_sessions AS newest
              WHERE newest.key = row.key
              ORDER BY newest.modified_on DESC NULLS LAST, newest.id DESC
              LIMIT 1) AS is_newest
  FROM http_sessions AS row
 WHERE previous_key = $1
 ORDER BY id DESC
 LIMIT 1
