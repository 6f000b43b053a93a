-- What is there of the table named $1 (a name as in FROM): one row, from the catalogue alone, so
-- that a role that may create nothing can ask. An index counts by what it leads with, not by its
-- name; one that is still being built or failed (CONCURRENTLY) does not count.
SELECT tab IS NOT NULL AS "table",
       ARRAY(
           SELECT wanted.name::text
             FROM (VALUES ('id', NULL),
                          ('key', 'bytea'),
                          ('data', 'bytea'),
                          ('created_on', 'timestamp with time zone'),
                          ('modified_on', 'timestamp with time zone'),
                          ('expires_on', 'timestamp with time zone')) AS wanted (name, type)
            WHERE NOT EXISTS (
                SELECT
                  FROM pg_catalog.pg_attribute AS a
                 WHERE a.attrelid = tab
                   AND a.attname = wanted.name
                   AND (wanted.type IS NULL OR a.atttypid = wanted.type::pg_catalog.regtype)
                   AND NOT a.attisdropped)) AS missing_columns,
       ARRAY(
           SELECT wanted.name::text
             FROM (VALUES ('key'), ('expires_on')) AS wanted (name)
            WHERE NOT EXISTS (
                SELECT
                  FROM pg_catalog.pg_index AS i
                  JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                 WHERE i.indrelid = tab
                   AND a.attname = wanted.name
                   AND i.indisvalid
                   AND i.indpred IS NULL)) AS missing_indexes
  -- By way of pg_class, since to_regclass alone sees what is younger than the statement's
  -- snapshot: a table whose columns are not visible yet.
  FROM (SELECT max(oid) AS tab FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1))
       AS found
