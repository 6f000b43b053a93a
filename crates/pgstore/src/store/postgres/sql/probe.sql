-- Everything that a save needs, applied to no row. The server checks rights, columns and whether it
-- can write before it finds that there is nothing to do.
WITH inserted AS (
    INSERT INTO http_sessions (key, grace_group, id_unconfirmed,
                               data, created_on, modified_on, expires_on,
                               save_token, saved_on, max_age, owner, label, handle)
    SELECT key, grace_group, id_unconfirmed,
           data, created_on, modified_on, expires_on,
           save_token, saved_on, max_age, owner, label, handle
      FROM http_sessions
     WHERE false
),
updated AS (
    UPDATE http_sessions SET data = data WHERE false
),
deleted AS (
    DELETE FROM http_sessions WHERE false
)
-- An INSERT without rows does not use the sequence, so the right to it is checked here.
SELECT pg_catalog.has_sequence_privilege(
    pg_catalog.pg_get_serial_sequence('http_sessions', 'id'), 'USAGE, UPDATE') AS has_numbers
