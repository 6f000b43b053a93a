-- The number of the server process that executes this, and the port at the other end of its connection:
-- NULL for a socket in the file system.
SELECT pg_catalog.pg_backend_pid(), pg_catalog.inet_client_port()
