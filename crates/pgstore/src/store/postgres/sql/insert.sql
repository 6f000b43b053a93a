-- Every column is written, none is NULL: Go cannot load a row with a NULL.
INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on)
VALUES ($1, $2, $3, $4, $5)
