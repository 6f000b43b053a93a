-- What kind of relation $1 is, and its columns: name, type, whether a row must have a value, whether it
-- gets one by itself, whether it takes one that is given.
SELECT c.relkind::text AS kind,
       a.attname::text AS name,
       pg_catalog.format_type(a.atttypid, NULL) AS type,
       a.attnotnull,
       a.atthasdef OR a.attidentity <> '' AS has_default,
       a.attidentity = 'a' OR a.attgenerated <> '' AS is_always_generated
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.oid = pg_catalog.to_regclass($1)
 ORDER BY a.attnum
