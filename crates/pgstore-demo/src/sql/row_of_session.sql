-- The row of one session, by its public handle. Its key is the secret ID: only a fingerprint leaves the database.
SELECT
    id::text AS id,
    octet_length(key) AS key_bytes,
    left(encode(sha256(key), 'hex'), 12) AS key_fingerprint,
    octet_length(data) AS data_bytes,
    left(encode(data, 'escape'), 24) AS data_start,
    to_char(created_on AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS created_on,
    to_char(modified_on AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS modified_on,
    to_char(expires_on AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS expires_on,
    max_age,
    owner,
    label,
    pg_column_size(http_sessions.*) AS row_bytes
FROM http_sessions
WHERE handle = $1
