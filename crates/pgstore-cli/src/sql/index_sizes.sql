-- The indexes of the table and of its partitions, the largest first.
WITH part AS (
    SELECT pg_catalog.to_regclass('http_sessions')::oid AS relid
     UNION
    SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass('http_sessions'))
)
SELECT c.relname::text AS name, pg_relation_size(c.oid) AS bytes
  FROM part
  JOIN pg_catalog.pg_index AS i ON i.indrelid = part.relid
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid AND c.relkind = 'i'
 ORDER BY bytes DESC, name
