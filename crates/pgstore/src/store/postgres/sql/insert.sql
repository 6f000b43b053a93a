-- Writes every column that Go knows, and no NULL into them: Go cannot load a row with a NULL.
-- RETURNING makes the server refuse a row that a policy of row-level security hides from this role.
INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on,
                           save_token, saved_on, max_age, owner, label, handle,
                           saved_expires_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
        CASE WHEN $7::timestamptz IS NOT NULL THEN $5::timestamptz END)
RETURNING id IS NOT NULL
