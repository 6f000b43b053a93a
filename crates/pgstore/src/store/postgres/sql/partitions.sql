-- The partitions of the table $1, each level after the one above it, and the part of the index $2 (a
-- name) that each has. A part is named after its partition and the index's column $3.
-- level, partition as SQL, whether it has rows itself, the part's name as SQL with and without a schema,
-- the index above it as SQL, whether the part is valid (NULL: there is none), whether it is attached.
WITH parts AS (
    SELECT tree.level, tree.relid, tree.isleaf, n.nspname,
           left(c.relname, 60 - length($3::text)) || '_' || $3 AS part, tree.parentrelid
      FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) AS tree
      JOIN pg_catalog.pg_class AS c ON c.oid = tree.relid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
)
SELECT parts.relid::pg_catalog.regclass::text AS partition,
       parts.isleaf,
       format('%I', parts.part) AS part,
       format('%I.%I', parts.nspname, parts.part) AS part_with_schema,
       CASE WHEN parts.level = 1
            THEN format('%I.%I', above.nspname, $2::text)
            ELSE format('%I.%I', above.nspname, above.part) END AS above,
       i.indisvalid,
       EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhrelid = i.indexrelid) AS is_attached
  FROM parts
  JOIN parts AS above ON above.relid = parts.parentrelid
  LEFT JOIN pg_catalog.pg_index AS i
    ON i.indrelid = parts.relid
   AND i.indexrelid = pg_catalog.to_regclass(format('%I.%I', parts.nspname, parts.part))
 WHERE parts.level > 0
 ORDER BY parts.level, partition
