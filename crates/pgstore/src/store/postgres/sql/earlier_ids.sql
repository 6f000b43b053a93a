-- What is known of these earlier IDs ($1): how long each is known as replaced and leads to its
-- session, and the session's row, if it has one. is_newest: whether that row is the newest of its own
-- key, because Go may have written a newer one since.
-- The parts are materialized so that a distributed server can join them.
WITH earlier AS MATERIALIZED (
    SELECT key, session_id, until, grace_until, grace_group
      FROM http_sessions_ids
     WHERE key = ANY ($1)
),
session AS MATERIALIZED (
    SELECT id, data, created_on, modified_on, expires_on,
           CASE WHEN saved_on = modified_on THEN save_token END AS save_token, max_age, owner, label, handle,
           id_unconfirmed, key, grace_group,
           id = (SELECT newest.id
                   FROM http_sessions AS newest
                  WHERE newest.key = row.key
                  ORDER BY newest.modified_on DESC NULLS LAST, newest.id DESC
                  LIMIT 1) AS is_newest
      FROM http_sessions AS row
     WHERE id = ANY (ARRAY(SELECT session_id FROM earlier))
)
SELECT session.data, session.created_on, session.modified_on, session.expires_on,
       session.save_token, session.max_age, session.owner, session.label, session.handle,
       session.id_unconfirmed, session.key, earlier.key, earlier.until,
       CASE WHEN session.is_newest AND session.grace_group = earlier.grace_group
            THEN earlier.grace_until END AS grace_until
  FROM earlier
  LEFT JOIN session ON session.id = earlier.session_id
