-- The index named $2 on the table $1 if it is invalid: its name as SQL, and whether a session is
-- building it now (as far as this role may see).
SELECT i.indexrelid::pg_catalog.regclass::text AS index,
       EXISTS (
           SELECT
             FROM pg_catalog.pg_stat_progress_create_index AS build
            WHERE build.index_relid = i.indexrelid) AS is_being_built
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
 WHERE i.indrelid = pg_catalog.to_regclass($1)
   AND c.relname = $2
   AND NOT i.indisvalid
