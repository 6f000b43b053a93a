-- The first of two statements that do what rename.sql does, for a table that is distributed by its
-- key, whose key cannot change. It remembers the old key ($1) of the newest row. If move.sql then
-- finds another version, this has no effect: an ID with a row of its own is not looked up here.
-- $2: known until, $3: leads to the row until, $4: the new save token, $5: the owner.
-- A row without a group gets its own save token as its group: of rotations at the same time, all remember
-- the group that move.sql then gives to the row, whichever of them is first.
INSERT INTO http_sessions_ids (key, session_id, until, grace_until, grace_group)
SELECT $1, id, $2, $3::timestamptz,
       CASE WHEN $3 IS NOT NULL
            THEN coalesce(CASE WHEN saved_on = modified_on AND owner IS NOT DISTINCT FROM $5
                               THEN coalesce(grace_group, save_token) END, $4) END
  FROM http_sessions
 WHERE key = $1
 ORDER BY modified_on DESC NULLS LAST, id DESC
 LIMIT 1
-- If the next statement finds another version, a rotation that is under way at the same time must not
-- lose its grace time by this one. The row's group decides.
ON CONFLICT (key) DO UPDATE
   SET session_id = excluded.session_id,
       until = greatest(http_sessions_ids.until, excluded.until),
       grace_until = coalesce(excluded.grace_until, http_sessions_ids.grace_until),
       grace_group = coalesce(excluded.grace_group, http_sessions_ids.grace_group)
