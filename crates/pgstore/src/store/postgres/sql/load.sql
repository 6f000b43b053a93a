-- The newest row of the key ($1), and a second one if there are more: Go may have written several.
-- If another program has written the row since the last save, its save token is read as NULL.
SELECT data, created_on, modified_on, expires_on,
       CASE WHEN saved_on = modified_on THEN save_token END AS save_token, max_age, owner, label, handle,
       id_unconfirmed
  FROM http_sessions
 WHERE key = $1
 ORDER BY modified_on DESC NULLS LAST, id DESC
 LIMIT 2
