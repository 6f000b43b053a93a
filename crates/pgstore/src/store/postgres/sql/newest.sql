-- Asked after a statement that changed no row of the key ($1): whether the key has a row, which
-- version the newest one has, and whether row-level security may hide rows from this role.
WITH newest AS MATERIALIZED (
    SELECT modified_on
      FROM http_sessions
     WHERE key = $1
     ORDER BY modified_on DESC NULLS LAST, id DESC
     LIMIT 1
)
SELECT EXISTS (SELECT FROM newest) AS has_row,
       (SELECT modified_on FROM newest) AS modified_on,
       pg_catalog.row_security_active('http_sessions'::pg_catalog.regclass) AS may_hide_rows
