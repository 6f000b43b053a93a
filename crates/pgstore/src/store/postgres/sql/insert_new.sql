-- Writes the first row of an opaque session unless its key ($1) has one. The row's number ($12) follows
-- from the key, so the primary key keeps two statements of one key from writing two rows.
INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on,
                           save_token, saved_on, max_age, owner, label, handle,
                           saved_expires_on, id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
        CASE WHEN $7::timestamptz IS NOT NULL THEN $5::timestamptz END, $12)
ON CONFLICT DO NOTHING
RETURNING id IS NOT NULL
