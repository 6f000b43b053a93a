-- The rows of each of the keys ($1), as in load.sql. The first one of a key is its newest. Keys with
-- several rows are rare: a load that finds such a key has the older ones removed.
SELECT data, created_on, modified_on, expires_on,
       CASE WHEN saved_on = modified_on THEN save_token END AS save_token, max_age, owner, label, handle,
       id_unconfirmed, key
  FROM http_sessions
 WHERE key = ANY ($1)
 ORDER BY modified_on DESC NULLS LAST, id DESC
