-- The newest row of each of the keys ($1), as in load.sql, and whether the key has older ones.
SELECT DISTINCT ON (key)
       data, created_on, modified_on, expires_on,
       CASE WHEN saved_on = modified_on THEN save_token END AS save_token, max_age, owner, label, handle,
       id_unconfirmed, key,
       lead(true, 1, false) OVER newest_first AS has_older
  FROM http_sessions
 WHERE key = ANY ($1)
WINDOW newest_first AS (PARTITION BY key ORDER BY modified_on DESC NULLS LAST, id DESC)
 ORDER BY key, modified_on DESC NULLS LAST, id DESC
