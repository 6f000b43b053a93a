-- What sweep.sql does, for a distributed table, of whose rows no locks can be asked for. So it waits for
-- rows that another statement has locked. The conditions are repeated at the DELETE, which looks at the
-- latest version of a row: a session that was used meanwhile is spared.
WITH scanned AS MATERIALIZED (
    SELECT id, expires_on, modified_on
      FROM http_sessions
     WHERE expires_on < $1
       AND (expires_on, id) > ($3, $4)
     ORDER BY expires_on, id
     LIMIT $5
),
due AS MATERIALIZED (
    SELECT id FROM scanned WHERE (expires_on <= modified_on) IS NOT TRUE OR modified_on < $2
),
removed AS (
    DELETE FROM http_sessions
     WHERE id = ANY (ARRAY(SELECT id FROM due))
       AND expires_on < $1
       AND ((expires_on <= modified_on) IS NOT TRUE OR modified_on < $2)
    RETURNING id
),
last AS MATERIALIZED (
    SELECT expires_on, id FROM scanned ORDER BY expires_on DESC, id DESC LIMIT 1
)
SELECT (SELECT count(*) FROM removed) AS removed,
       (SELECT count(*) FROM scanned) AS scanned,
       (SELECT expires_on FROM last) AS expires_on,
       (SELECT id::bigint FROM last) AS id,
       (SELECT count(*) FROM due) AS due,
       (SELECT count(*) FROM due) AS locked,
       pg_catalog.row_security_active('http_sessions'::pg_catalog.regclass) AS may_hide_rows,
       (SELECT min(expires_on) FROM scanned WHERE (expires_on <= modified_on) IS NOT TRUE) AS oldest,
       (SELECT min(id)::bigint FROM due) AS first_due
