-- Whether there is a table that this role can reach. The catalogue is asked by name, because a cast to
-- regclass fails where the role may not use the schema.
WITH named AS (
    SELECT parts, parts[cardinality(parts)] AS name,
           CASE WHEN cardinality(parts) = 2 THEN parts[1] END AS schema
      FROM (SELECT pg_catalog.parse_ident('http_sessions') AS parts) AS parsed
),
found AS (
    SELECT named.*, n.oid AS schema_id, c.oid AS relid, c.relkind
      FROM named
      LEFT JOIN pg_catalog.pg_namespace AS n
        ON n.nspname = named.schema
        OR named.schema IS NULL AND n.nspname = ANY (pg_catalog.current_schemas(false))
      LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = named.name
     ORDER BY c.oid IS NULL, array_position(pg_catalog.current_schemas(false), n.nspname)
     LIMIT 1
)
SELECT CASE WHEN schema_id IS NULL AND schema IS NOT NULL
            THEN format('there is no schema %I', schema)
            WHEN schema_id IS NULL
            THEN 'the search_path names no schema that exists and that the user may use'
            WHEN NOT has_schema_privilege(schema_id, 'USAGE')
            THEN format('the user %I may not use the schema %I', current_user, schema)
            WHEN relid IS NULL
            THEN format('there is no table %s', array_to_string(parts, '.'))
            ELSE format('%s is a %s, not a table', array_to_string(parts, '.'),
                        CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                                     WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence'
                                     WHEN 'i' THEN 'index' ELSE 'relation of another kind' END) END,
       CASE WHEN schema_id IS NULL AND schema IS NOT NULL
            THEN format('CREATE SCHEMA %I', schema)
            WHEN schema_id IS NULL
            THEN 'name a schema: --table schema.table'
            WHEN NOT has_schema_privilege(schema_id, 'USAGE')
            THEN format('GRANT USAGE ON SCHEMA %I TO %I', schema, current_user)
            WHEN relid IS NULL
            THEN format('pgstore migrate --table %s', array_to_string(parts, '.'))
            ELSE 'choose another name with --table' END
  FROM found
 WHERE schema_id IS NULL
    OR NOT has_schema_privilege(schema_id, 'USAGE')
    OR relid IS NULL
    OR relkind NOT IN ('r', 'p')
