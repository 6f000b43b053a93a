-- What is there of the table named $1 (a name as in FROM): one row, from the catalogue alone, so
-- that a role that may create nothing can ask. $2 and $3 are the columns wanted and their types
-- (NULL: any); $4, $5 and $6 the indexes wanted, the column each leads with, and whether it may be
-- partial. An index counts by what it leads with, not by its name; one that is still being built
-- or failed (CONCURRENTLY) does not count.
SELECT tab IS NOT NULL AS "table",
       ARRAY(
           SELECT wanted.name
             FROM unnest($2::text[], $3::text[]) AS wanted (name, type)
            WHERE NOT EXISTS (
                SELECT
                  FROM pg_catalog.pg_attribute AS a
                 WHERE a.attrelid = tab
                   AND a.attname = wanted.name
                   AND (wanted.type IS NULL OR a.atttypid = wanted.type::pg_catalog.regtype)
                   AND NOT a.attisdropped)) AS missing_columns,
       ARRAY(
           SELECT wanted.name
             FROM unnest($4::text[], $5::text[], $6::bool[]) AS wanted (name, leads_with, partial)
            WHERE NOT EXISTS (
                SELECT
                  FROM pg_catalog.pg_index AS i
                  JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                 WHERE i.indrelid = tab
                   AND a.attname = wanted.leads_with
                   AND i.indisvalid
                   AND (i.indpred IS NULL OR wanted.partial))) AS missing_indexes
  -- By way of pg_class, since to_regclass alone sees what is younger than the statement's
  -- snapshot: a table whose columns are not visible yet.
  FROM (SELECT max(oid) AS tab FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1))
       AS found
