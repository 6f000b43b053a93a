-- Writes several first rows, as insert.sql does, and answers the keys of those that were written. The
-- parameters are arrays of one length: the keys ($1), and a column each.
INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on,
                           save_token, saved_on, max_age, owner, label, handle,
                           saved_expires_on)
SELECT key, data, created_on, modified_on, expires_on,
       save_token, saved_on, max_age, owner, label, handle,
       CASE WHEN saved_on IS NOT NULL THEN expires_on END
  FROM unnest($1::bytea[], $2::bytea[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
              $6::bigint[], $7::timestamptz[], $8::bigint[], $9::text[], $10::text[], $11::text[])
       AS given (key, data, created_on, modified_on, expires_on,
                 save_token, saved_on, max_age, owner, label, handle)
RETURNING key
