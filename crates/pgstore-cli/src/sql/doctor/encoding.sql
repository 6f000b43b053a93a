-- Whether the database cannot hold every owner and label.
SELECT CASE pg_catalog.current_setting('server_encoding')
            WHEN 'SQL_ASCII'
            THEN 'the encoding of the database is SQL_ASCII: owners and labels are stored unchecked'
            ELSE format('the encoding of the database is %s: a save fails whose owner or label has other '
                        'characters', pg_catalog.current_setting('server_encoding')) END,
       'CREATE DATABASE new_name ENCODING ''UTF8'' TEMPLATE template0, and move the tables there; or use '
       'only characters that the encoding has'
 WHERE pg_catalog.current_setting('server_encoding') <> 'UTF8'
