-- The rights that this role lacks, on the table, on that of earlier IDs and on the sequence. The CASE
-- keeps the question for a sequence's rights from other relations.
WITH wanted AS (
    SELECT 1 AS place, relid, privilege, has_table_privilege(relid, privilege) AS is_held
      FROM (VALUES (pg_catalog.to_regclass('http_sessions')::oid),
                   (pg_catalog.to_regclass('http_sessions_ids')::oid)) AS tables (relid)
     CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS privileges (privilege)
     WHERE relid IS NOT NULL
     UNION ALL
    SELECT 2, d.refobjid, 'USAGE',
           CASE WHEN s.relkind = 'S' THEN has_sequence_privilege(s.oid, 'USAGE') END
      FROM pg_catalog.pg_attrdef AS def
      JOIN pg_catalog.pg_attribute AS a
        ON a.attrelid = def.adrelid AND a.attnum = def.adnum AND a.attname = 'id'
      JOIN pg_catalog.pg_depend AS d
        ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = def.oid
       AND d.refclassid = 'pg_catalog.pg_class'::regclass
      JOIN pg_catalog.pg_class AS s ON s.oid = d.refobjid
     WHERE def.adrelid = pg_catalog.to_regclass('http_sessions')
)
SELECT format('the user %I lacks %s on %s', current_user, string_agg(privilege, ', '),
              relid::regclass),
       format('GRANT %s ON %s%s TO %I', string_agg(privilege, ', '),
              CASE place WHEN 2 THEN 'SEQUENCE ' ELSE '' END, relid::regclass, current_user)
  FROM wanted
 WHERE is_held IS FALSE
 GROUP BY place, relid
 ORDER BY place, relid
