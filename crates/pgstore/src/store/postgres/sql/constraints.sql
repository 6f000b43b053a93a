-- What the table $1 has that a table distributed by key cannot have, each with its kind, and its primary
-- key in either case.
WITH tab AS (SELECT pg_catalog.to_regclass($1) AS tab),
keyed AS (
    SELECT i.indexrelid
      FROM tab
      JOIN pg_catalog.pg_index AS i ON i.indrelid = tab
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = tab AND a.attnum = ANY (i.indkey)
     WHERE a.attname = 'key'
)
SELECT CASE WHEN conindid IN (SELECT indexrelid FROM keyed)
            THEN 'primary key with key' ELSE 'primary key' END AS kind,
       format('%I', conname) AS name
  FROM tab, pg_catalog.pg_constraint
 WHERE conrelid = tab
   AND contype = 'p'
 UNION ALL
SELECT 'foreign key', format('%I of %s', conname, conrelid::pg_catalog.regclass)
  FROM tab, pg_catalog.pg_constraint
 WHERE (conrelid = tab OR confrelid = tab)
   AND contype = 'f'
 UNION ALL
SELECT 'unique index', i.indexrelid::pg_catalog.regclass::text
  FROM tab
  JOIN pg_catalog.pg_index AS i ON i.indrelid = tab
 WHERE (i.indisunique OR i.indisexclusion)
   AND NOT i.indisprimary
   AND i.indexrelid NOT IN (SELECT indexrelid FROM keyed)
 UNION ALL
SELECT 'trigger', format('%I', tgname)
  FROM tab, pg_catalog.pg_trigger
 WHERE tgrelid = tab
   AND NOT tgisinternal
 UNION ALL
SELECT 'table that inherits', inhrelid::pg_catalog.regclass::text
  FROM tab, pg_catalog.pg_inherits
 WHERE inhparent = tab
