-- Every row of the old key ($1) goes and one row of the new key ($3) comes, if the newest row's
-- version is the one that was seen ($2). The new row remembers the old key until $4, and leads its
-- holder on until $5.
-- Not SET key = …: that leaves duplicates in place and is refused where key distributes the table.
-- Not modified_on <= $2: versions are compared by equality alone, as a peer whose clock is behind
-- leaves a newer version with an earlier time, which that would delete and not replace.
-- $2 stands here twice: once for the snapshot, where a newer duplicate may be, and once for the
-- row as it is when it is locked, which a writer may have changed since the snapshot.
WITH newest AS MATERIALIZED (
    SELECT id, modified_on
      FROM http_sessions
     WHERE key = $1
     ORDER BY modified_on DESC NULLS LAST, id DESC
     LIMIT 1
),
old AS (
    DELETE FROM http_sessions AS row
     USING newest
     WHERE row.key = $1
       AND newest.modified_on = $2
       AND (row.id <> newest.id OR row.modified_on = $2)
    RETURNING row.id
)
INSERT INTO http_sessions (key, previous_key, previous_until, previous_grace_until,
                           data, created_on, modified_on, expires_on,
                           save_token, saved_on, max_age, owner, label, handle)
SELECT $3::bytea, $1::bytea, $4::timestamptz, $5::timestamptz,
       $6::bytea, $7::timestamptz, $8::timestamptz, $9::timestamptz,
       $10::bigint, $11::timestamptz, $12::bigint, $13::text, $14::text, $15::text
  FROM old
  JOIN newest ON newest.id = old.id
