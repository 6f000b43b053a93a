-- The newest row of a key ($1), and one more if there are others: a peer in Go may have left
-- several. A save token that somebody else has written over is none.
SELECT data, created_on, modified_on, expires_on,
       CASE WHEN saved_on = modified_on THEN save_token END AS save_token, max_age, owner, label, handle
  FROM http_sessions
 WHERE key = $1
 ORDER BY modified_on DESC NULLS LAST, id DESC
 LIMIT 2
