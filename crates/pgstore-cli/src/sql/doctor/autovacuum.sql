-- Whether the server never vacuums by itself.
SELECT 'autovacuum is off: dead rows stay, and the table grows with each save',
       'autovacuum = on in postgresql.conf'
 WHERE pg_catalog.current_setting('autovacuum') = 'off'
