-- Whether row-level security hides rows from this role. A permissive policy for all rows does not.
SELECT format('row-level security hides rows of %s from the user %I', tab.relid, current_user),
       format('CREATE POLICY pgstore ON %1$s TO %2$I USING (true) WITH CHECK (true); or ALTER TABLE %1$s '
              'DISABLE ROW LEVEL SECURITY', tab.relid, current_user)
  FROM (VALUES (pg_catalog.to_regclass('http_sessions')), (pg_catalog.to_regclass('http_sessions_ids')))
       AS tab (relid)
 WHERE tab.relid IS NOT NULL
   AND pg_catalog.row_security_active(tab.relid)
   AND NOT EXISTS (
       SELECT
         FROM pg_catalog.pg_policy AS p
        WHERE p.polrelid = tab.relid
          AND p.polpermissive
          AND p.polcmd = '*'
          AND pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true'
          AND coalesce(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), 'true') = 'true'
          AND EXISTS (
              SELECT FROM unnest(p.polroles) AS role
               WHERE role = 0 OR pg_catalog.pg_has_role(role, 'USAGE')))
