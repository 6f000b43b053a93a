-- Writes every column that Go knows, and no NULL into them: Go cannot load a row with a NULL.
INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on,
                           save_token, saved_on, max_age, owner, label, handle)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
