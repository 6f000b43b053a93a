-- While ALTER waits for a lock, everybody else waits behind it.
SET LOCAL lock_timeout = '2s'
