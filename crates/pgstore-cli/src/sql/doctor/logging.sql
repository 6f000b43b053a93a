-- Whether the server's log shows the parameters of statements: session IDs are among them.
SELECT format('the server logs statements with their parameters (%s): session IDs are among them',
              string_agg(s.name || ' = ' || s.setting, ', ' ORDER BY s.name)),
       format('as a superuser: ALTER ROLE %I SET log_parameter_max_length = 0', current_user)
  FROM pg_catalog.pg_settings AS s
 WHERE pg_catalog.current_setting('log_parameter_max_length') <> '0'
   AND (s.name = 'log_statement' AND s.setting IN ('mod', 'all')
        OR s.name = 'log_min_duration_statement' AND s.setting <> '-1'
        OR s.name = 'log_min_duration_sample' AND s.setting <> '-1'
           AND pg_catalog.current_setting('log_statement_sample_rate')::float8 > 0)
HAVING count(*) > 0
