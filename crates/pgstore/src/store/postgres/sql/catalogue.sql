-- What exists of the table $1 (a name as in FROM): one row, from the catalogue alone, so that a role
-- without the right to create can ask. $2 and $3: the wanted columns and their types (NULL: any).
-- $4 to $7: the wanted indexes, the first column of each, and whether it may and must be partial. An
-- index counts by its first column, not by its name. An invalid one does not count: it is still
-- being built, or its build failed. $8: the wanted storage parameters of an ordinary table. What is missing
-- comes in the order in which it is wanted, which a join does not keep by itself (PostgreSQL 16).
SELECT tab IS NOT NULL AS "table",
       ARRAY(
           SELECT wanted.name
             FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS wanted (name, type, place)
            WHERE NOT EXISTS (
                SELECT
                  FROM pg_catalog.pg_attribute AS a
                 WHERE a.attrelid = tab
                   AND a.attname = wanted.name
                   AND (wanted.type IS NULL OR a.atttypid = wanted.type::pg_catalog.regtype)
                   AND NOT a.attisdropped)
            ORDER BY wanted.place) AS missing_columns,
       ARRAY(
           SELECT wanted.name
             FROM unnest($4::text[], $5::text[], $6::bool[], $7::bool[])
                  WITH ORDINALITY AS wanted (name, leads_with, partial, conditional, place)
            WHERE NOT EXISTS (
                SELECT
                  FROM pg_catalog.pg_index AS i
                  JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                 WHERE i.indrelid = tab
                   AND a.attname = wanted.leads_with
                   AND i.indisvalid
                   AND (i.indpred IS NULL OR wanted.partial)
                   AND (i.indpred IS NOT NULL OR NOT wanted.conditional))
            ORDER BY wanted.place) AS missing_indexes,
       ARRAY(
           SELECT wanted.name
             FROM unnest($8::text[]) WITH ORDINALITY AS wanted (name, place)
             JOIN pg_catalog.pg_class AS c ON c.oid = tab AND c.relkind = 'r'
            WHERE NOT EXISTS (
                SELECT
                  FROM unnest(c.reloptions) AS setting
                 WHERE split_part(setting, '=', 1) = wanted.name)
            ORDER BY wanted.place) AS missing_settings,
       EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = tab AND c.relkind = 'p') AS is_partitioned
  -- The join with pg_class is needed because to_regclass alone also finds a table that is younger
  -- than the statement's snapshot, whose columns are not visible yet.
  FROM (SELECT max(oid) AS tab FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1))
       AS found
