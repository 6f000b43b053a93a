-- Whether the server is a standby, which takes no writes.
SELECT 'the server is a standby: no session can be saved or ended here',
       'connect to the primary: put target_session_attrs=read-write and all hosts into the connection string'
 WHERE pg_catalog.pg_is_in_recovery()
